// Prints any file that we write: segments, snapshots of producers, checkpoints, commit records, archive files.
#include <filesystem>
#include <iostream>
#include <memory>

#include "avro/container/container_reader.h"
#include "avro/schema.h"
#include "avro/plain_json.h"
#include "cli/commands.h"
#include "cli/internal_records.h"
#include "cli/report.h"
#include "io/file_system.h"
#include "record/batch.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{2} << 30;
constexpr std::size_t kAbortedBytes = 34;  // an entry of .txnindex

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The name without what says that a file is on its way in or out.
std::string settled_name(const std::string& path) {
  auto name = file_name(path);
  for (const std::string_view suffix : {".deleted", ".cleaned", ".swap", ".tmp"}) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  }
  return name;
}

// The topic whose segment a file is: its folder's name without the partition.
std::string topic_of(const std::string& path) {
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(path, ignored).parent_path().filename().string();
  return folder.substr(0, folder.rfind('-'));
}

std::string record_line(const record::BatchView& batch, const record::Record& record, const std::string& topic) {
  auto line = "  " + to_string(batch.base_offset() + record.offset_delta) + "  " + std::to_string(batch.base_timestamp_ms() + record.timestamp_delta_ms) + "  key ";
  if (const auto known = batch.is_control() ? std::nullopt : internal_record(topic, record.key, record.value)) {
    return line + known->key + "  value " + known->value;
  }
  record.key ? avro::text_to_json(*record.key, line) : static_cast<void>(line += "null");
  line += "  value ";
  record.value ? avro::text_to_json(*record.value, line) : static_cast<void>(line += "null");
  for (const auto& header : record.headers) {
    line += "  " + std::string(header.name) + "=";
    avro::text_to_json(header.value.value_or("null"), line);
  }
  return line;
}

int dump_segment(ByteView bytes, const std::string& topic) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto batch = record::BatchView::parse(bytes.substr(at));
    if (!batch.ok()) {
      std::cout << "at byte " << at << ": " << batch.error().message << "\n";
      return kNo;
    }
    std::cout << "batch at " << at << "  offsets " << to_string(batch->base_offset()) << " to " << to_string(batch->last_offset()) << "  records " << batch->record_count()
              << "  bytes " << batch->bytes().size() << "  codec " << static_cast<int>(batch->compression()) << "  producer " << to_string(batch->producer_id()) << " epoch "
              << to_string(batch->producer_epoch()) << " sequence " << batch->base_sequence() << (batch->is_transactional() ? "  transactional" : "") << (batch->is_control() ? "  control" : "")
              << (batch->crc_ok() ? "" : "  WRONG CRC") << "\n";
    const auto read = batch->for_each([&](const record::Record& record) {
      std::cout << record_line(*batch, record, topic) << "\n";
      return static_cast<bool>(std::cout);
    });
    if (!read.ok()) std::cout << "  " << read.error().message << "\n";
    at += batch->bytes().size();
  }
  return 0;
}

int dump_index(ByteView bytes, bool time) {
  ByteReader in(bytes);
  while (in.remaining() >= (time ? 12U : 8U)) {
    if (time) {
      const auto timestamp = in.i64();
      std::cout << "timestamp " << timestamp << "  relative offset " << in.u32() << "\n";
    } else {
      const auto offset = in.u32();
      std::cout << "relative offset " << offset << "  position " << in.u32() << "\n";
    }
  }
  return in.at_end() ? 0 : kNo;
}

int dump_aborted(ByteView bytes) {
  ByteReader in(bytes);
  while (in.remaining() >= kAbortedBytes) {
    std::cout << "version " << in.i16() << "  producer " << in.i64();
    std::cout << "  aborted offsets " << in.i64();
    std::cout << " to " << in.i64();
    std::cout << "  last stable offset " << in.i64() << "\n";
  }
  return in.at_end() ? 0 : kNo;
}

int dump_producers(ByteView bytes) {
  ByteReader in(bytes);
  const auto version = in.i16();
  (void)in.u32();
  const auto count = in.i32();
  std::cout << "version " << version << ", " << count << " producers\n";
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    const auto id = in.i64();
    const auto epoch = in.i16();
    const auto sequence = in.i32();
    const auto offset = in.i64();
    const auto delta = in.i32();
    const auto timestamp = in.i64();
    const auto coordinator = in.i32();
    std::cout << "producer " << id << " epoch " << epoch << "  last sequence " << sequence << "  last offset " << offset << "  delta " << delta << "  timestamp " << timestamp
              << "  coordinator epoch " << coordinator << "  open transaction from " << in.i64() << "\n";
  }
  return in.ok() ? 0 : kNo;
}

int dump_container(const std::string& path) {
  auto file = avro::FileSource::open(path);
  if (!file.ok()) return fail(file.error());
  auto reader = avro::ContainerReader::open(*file, path);
  if (!reader.ok()) return fail(reader.error());
  const auto schema = avro::Schema::parse(reader->schema(), {.validate_defaults = false});
  if (!schema.ok()) return fail(schema.error());
  while (std::cout) {
    const auto block = reader->next();
    if (!block.ok()) return fail(block.error());
    if (block->rows == 0) break;
    ByteReader body(block->bytes);
    for (std::int64_t i = 0; i < block->rows; ++i) {
      std::string line;
      if (const auto read = avro::to_plain_json(schema->root(), body, line); !read.ok()) return fail(read.error());
      std::cout << line << "\n";
    }
  }
  return 0;
}

int run(const std::string& path) {
  auto& files = io::real_file_system();
  const auto file = files.open(path, io::OpenMode::read);
  if (!file.ok()) return fail(file.error(), kUsage);
  const auto size = (*file)->size();
  if (!size.ok()) return fail(size.error(), kUsage);
  if (*size > kMaxFileBytes) return misuse(path + ": over 2 GiB");
  const auto bytes = files.read_file(path);
  if (!bytes.ok()) return fail(bytes.error(), kUsage);
  const auto name = settled_name(path);
  if (name.ends_with(".log")) return dump_segment(*bytes, topic_of(path));
  if (name.ends_with(".timeindex")) return dump_index(*bytes, true);
  if (name.ends_with(".index")) return dump_index(*bytes, false);
  if (name.ends_with(".snapshot")) return dump_producers(*bytes);
  if (name.ends_with(".txnindex")) return dump_aborted(*bytes);
  if (name.ends_with(".avro") || bytes->starts_with("Obj\x01")) return dump_container(path);
  if (bytes->find('\0') != std::string::npos) return misuse(path + ": no file that sluice writes");
  std::cout << *bytes;  // checkpoints, meta.properties, commit records: text already
  return 0;
}

}  // namespace

Command dump_command(const Globals&) {
  auto path = std::make_shared<std::string>();
  return {.noun = "dump",
          .verb = "",
          .help = "Prints any file that sluice writes",
          .arguments = {{"FILE", "A segment (.log), an index, a snapshot, a checkpoint, a commit record, an archive file (.avro)", path.get()}},
          .options = {},
          .run = [path] { return run(*path); }};
}

}  // namespace sluice::cli
