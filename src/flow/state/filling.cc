// A state made at once: the changes are sorted (sorter.h), written into table files of RocksDB's as the lowest level has them, each key once,
// and then all files, with applied() in the first, become the database's by one record of its manifest.

#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>

#include <filesystem>

#include "flow/state/rocks.h"
#include "flow/state/sorter.h"

namespace sluice::flow {

namespace {

constexpr std::uint64_t kTableBytes = std::uint64_t{32} << 20;

rocksdb::Slice slice(ByteView bytes) { return {bytes.data(), bytes.size()}; }

// Table files, one after the other, of keys in order.
class Tables {
 public:
  Tables(const Database& database, std::string folder)
      : folder_(std::move(folder)), writer_(rocksdb::EnvOptions(), database->GetOptions(), nullptr, false) {}

  [[nodiscard]] rocksdb::Status put(ByteView key, ByteView value) {
    if (!open_) {
      paths_.push_back(folder_ + "/" + std::to_string(paths_.size()) + ".sst");
      if (auto status = writer_.Open(paths_.back()); !status.ok()) return status;
      open_ = true;
    }
    return writer_.Put(slice(key), slice(value));
  }
  [[nodiscard]] Result<void> put_all(ByteView frames) {
    rocksdb::Status status;
    for (ByteReader in(frames); status.ok() && !in.at_end();) {
      const auto frame = take_frame(in);
      status = put(frame.key, *frame.value);
    }
    if (status.ok() && open_ && writer_.FileSize() >= kTableBytes) status = finish();
    if (!status.ok()) return error_of(status, folder_);
    return {};
  }
  // On disk, durably.
  [[nodiscard]] rocksdb::Status finish() {
    if (!std::exchange(open_, false)) return {};
    return writer_.Finish();
  }
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::string folder_;
  rocksdb::SstFileWriter writer_;
  bool open_ = false;
  std::vector<std::string> paths_;
};

// Gone with this object; else the next open() removes it.
struct TemporaryFolder {
  explicit TemporaryFolder(std::string folder) : path(std::move(folder)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  const std::string path;
};

class TableFilling final : public Filling {
 public:
  TableFilling(Database database, std::string folder, std::size_t memory_bytes, Filled filled)
      : database_(std::move(database)), folder_(std::move(folder)), filled_(std::move(filled)), sorter_(folder_.path, memory_bytes, workers_) {}

  Result<void> add(ByteView key, std::optional<ByteView> value) override { return sorter_.add({key, value}); }
  Result<void> finish(const std::string& applied, const std::function<bool(double)>& go_on) override {
    Tables tables(database_, folder_.path);
    if (const auto status = tables.put(kAppliedKey, applied); !status.ok()) return error_of(status, folder_.path);
    SLUICE_RETURN_IF_ERROR(sorter_.merge([&](ByteView frames) { return tables.put_all(frames); }, go_on));
    auto status = tables.finish();
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    ingest.write_global_seqno = false;
    if (status.ok()) status = database_->IngestExternalFile(tables.paths(), ingest);
    if (!status.ok()) return error_of(status, folder_.path);
    filled_(applied);
    return {};
  }

 private:
  Database database_;
  TemporaryFolder folder_;
  Filled filled_;
  io::Workers workers_{1};
  Sorter sorter_;
};

}  // namespace

std::string filling_folder(const std::string& folder) { return folder + "/filling"; }

Result<std::unique_ptr<Filling>> fill(Database database, const std::string& folder, std::size_t memory_bytes, Filled filled) {
  SLUICE_RETURN_IF_ERROR(io::real_file_system().create_directories(filling_folder(folder)));
  return std::unique_ptr<Filling>(std::make_unique<TableFilling>(std::move(database), filling_folder(folder), memory_bytes, std::move(filled)));
}

}  // namespace sluice::flow
