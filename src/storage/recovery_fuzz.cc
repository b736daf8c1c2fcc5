// The files of a partition as outside bytes. The input is a flag byte, then for each file a length of two bytes and so many
// bytes: the log of a segment, its three indexes, a producer snapshot, the epochs, and a checkpoint. With a flag the batches'
// and the snapshot's CRCs are made to fit, so that what lies behind them is reached. Opening ends, with a partition that
// reads and takes appends, or with an error.

#include <cstdlib>

#include "base/crc32c.h"
#include "io/clock.h"
#include "io/simulated_disk.h"
#include "record/batch.h"
#include "storage/log_directory.h"
#include "storage/partition.h"
#include "storage/segment.h"

namespace sluice::storage {
namespace {

constexpr const char* kFolder = "log/t-0";

struct Files {
  std::uint8_t flags = 0;
  Bytes log, index, timeindex, txnindex, snapshot, epochs, checkpoint;
};

Files split(ByteReader in) {
  Files files;
  files.flags = in.u8();
  for (auto* const file : {&files.log, &files.index, &files.timeindex, &files.txnindex, &files.snapshot, &files.epochs, &files.checkpoint}) {
    const auto size = std::min<std::size_t>(in.u16(), in.remaining());
    *file = in.view(size);
  }
  return files;
}

void mend_crcs(Files& files) {
  for (std::size_t at = 0; at + record::kBatchHeaderBytes <= files.log.size();) {
    const auto total = record::BatchView::total_bytes(ByteView(files.log).substr(at));
    if (total < record::kBatchHeaderBytes || at + total > files.log.size()) break;
    store_be<std::uint32_t>(files.log.data() + at + 17, crc32c(ByteView(files.log).substr(at + 21, total - 21)));
    at += total;
  }
  if (files.snapshot.size() > 6) store_be<std::uint32_t>(files.snapshot.data() + 2, crc32c(ByteView(files.snapshot).substr(6)));
}

void write(io::SimulatedDisk& disk, const std::string& name, ByteView bytes) {
  if (bytes.empty()) return;
  const auto file = disk.open(name, io::OpenMode::create);
  if (!file.ok() || !(*file)->write_at(0, bytes).ok()) std::abort();
}

void use(Partition& partition) {
  const auto end = partition.log_end();
  static_cast<void>(partition.read_bytes({partition.log_start(), end}).ok());
  static_cast<void>(partition.find_timestamp(1, end).ok());
  static_cast<void>(partition.find_max_timestamp(end).ok());
  static_cast<void>(partition.aborted_transactions(partition.log_start(), end).size());
  static_cast<void>(partition.end_of_epoch(LeaderEpoch{1}));
  record::BatchBuilder builder({});
  builder.add(1, "key", "value");
  auto batch = builder.finish();
  const auto appended = partition.append(batch);
  if (appended.ok() && !partition.read_bytes({appended->first_offset, partition.log_end()}).ok()) std::abort();
  static_cast<void>(partition.roll().ok());
  static_cast<void>(partition.compact(1).ok());
  static_cast<void>(partition.close().ok());
}

}  // namespace
}  // namespace sluice::storage

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  using namespace sluice;           // NOLINT: the fuzzer's entry must be global
  using namespace sluice::storage;  // NOLINT
  auto files = split(ByteReader({reinterpret_cast<const char*>(data), size}));
  if ((files.flags & 1U) != 0) mend_crcs(files);
  io::SimulatedDisk disk{1};
  io::ManualClock clock;
  if (!disk.create_directories(kFolder).ok() || !write_topic_id(disk, kFolder, Uuid{}).ok()) std::abort();
  const std::string base = std::string(kFolder) + "/00000000000000000000";
  write(disk, base + ".log", files.log);
  write(disk, base + ".index", files.index);
  write(disk, base + ".timeindex", files.timeindex);
  write(disk, base + ".txnindex", files.txnindex);
  write(disk, base + ".snapshot", files.snapshot);
  write(disk, std::string(kFolder) + "/leader-epoch-checkpoint", files.epochs);
  write(disk, "log/checkpoint", files.checkpoint);
  write(disk, "log/meta.properties", files.checkpoint);
  static_cast<void>(read_checkpoint(disk, "log/checkpoint").ok());
  static_cast<void>(read_meta_properties(disk, "log").ok());

  PartitionOptions options;
  options.cleanup_compact = (files.flags & 2U) != 0;
  options.index_interval_bytes = 64;
  const OpenState state{(files.flags & 4U) != 0, Offset{(files.flags >> 4U) & 15U}, Offset{(files.flags >> 3U) & 1U}, Offset{0}};
  const auto partition = Partition::open(disk, clock, kFolder, options, state);
  if (partition.ok()) use(**partition);
  return 0;
}
