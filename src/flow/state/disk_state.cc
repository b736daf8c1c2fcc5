// RocksDB below an overlay of our own.
//
// Its journal is off: a batch is one WriteBatch, which lies in one memtable whole, and memtables become files in their order. So
// what a killed process leaves is all batches up to some one, and `applied`, which is written with each batch below the empty key,
// tells which.

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>

#include "flow/state/overlay.h"
#include "flow/state/rocks.h"
#include "flow/state/state.h"

namespace sluice::flow {

namespace {

// Its comparisons take no null, even of nothing.
rocksdb::Slice slice(ByteView bytes) { return bytes.empty() ? rocksdb::Slice() : rocksdb::Slice(bytes.data(), bytes.size()); }
ByteView view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

// Half of the memory is for blocks that were read, a quarter for the overlay, an eighth each for the memtable being filled and the
// one being written. Indexes and filters are cut into blocks themselves, which data blocks do not push out: whole, a filter of a
// megabyte was read again for a single key (six tenths of the time of a state that is four times its memory).
rocksdb::Options options_for(std::size_t memory_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(memory_bytes / 2, -1, false, 0.5);
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.format_version = 5;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = std::max<std::size_t>(memory_bytes / 8, std::size_t{1} << 20);
  options.max_write_buffer_number = 2;
  options.memtable_whole_key_filtering = true;  // most of what is asked is not in a memtable
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.level_compaction_dynamic_level_bytes = true;  // a level above the last has a tenth of it: what is overridden does not stay
  options.target_file_size_base = std::size_t{32} << 20;
  options.compression = rocksdb::kLZ4Compression;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.info_log_level = rocksdb::ERROR_LEVEL;
  options.keep_log_file_num = 1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

// The first key behind all that begin with `prefix`: an iterator that knows it does not walk through what was erased there.
Bytes end_of(ByteView prefix) {
  Bytes end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return Bytes(64, '\xff');
  ++end.back();
  return end;
}

// The database's keys from the first that is not before `prefix` and `from`, as long as they begin with `prefix`.
class Cursor {
 public:
  Cursor(rocksdb::Iterator& at, ByteView prefix, ByteView from) : at_(at), prefix_(prefix) {
    at_.Seek(slice(std::max(prefix, from)));
    if (at_.Valid() && at_.key().empty()) at_.Next();
  }
  [[nodiscard]] bool valid() const { return at_.Valid() && at_.key().starts_with(slice(prefix_)); }
  [[nodiscard]] ByteView key() const { return view(at_.key()); }
  [[nodiscard]] ByteView value() const { return view(at_.value()); }
  void next() { at_.Next(); }

 private:
  rocksdb::Iterator& at_;
  ByteView prefix_;
};

class DiskSnapshot : public Snapshot {
 public:
  DiskSnapshot(Database database, std::string folder)
      : database_(std::move(database)), folder_(std::move(folder)), snapshot_(database_->GetSnapshot()) {
    read_.snapshot = snapshot_;
  }
  DiskSnapshot(const DiskSnapshot&) = delete;
  DiskSnapshot& operator=(const DiskSnapshot&) = delete;
  ~DiskSnapshot() override { database_->ReleaseSnapshot(snapshot_); }

  Result<std::optional<Bytes>> get(ByteView key) const override {
    Bytes value;
    const auto status = database_->Get(read_, slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>{};
    if (!status.ok()) return error_of(status, folder_);
    return std::optional<Bytes>{std::move(value)};
  }
  Result<void> scan(ByteView prefix, ByteView from, const State::Visit& visit) const override {
    const Bytes end = end_of(prefix);
    const rocksdb::Slice bound = slice(end);
    auto read = read_;
    read.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(read));
    for (Cursor cursor(*at, prefix, from); cursor.valid(); cursor.next()) {
      if (!visit(cursor.key(), cursor.value())) break;
    }
    if (!at->status().ok()) return error_of(at->status(), folder_);
    return {};
  }

 private:
  Database database_;
  std::string folder_;
  const rocksdb::Snapshot* snapshot_;
  rocksdb::ReadOptions read_;
};

class RocksState : public DiskState {
 public:
  RocksState(Database database, std::string folder, std::size_t memory_bytes, std::string applied)
      : database_(std::move(database)), folder_(std::move(folder)), memory_bytes_(memory_bytes), overlay_(memory_bytes / 4), applied_(std::move(applied)) {}

  Result<std::optional<ByteView>> find(ByteView key) override {
    const Overlay::Entry* entry = overlay_.find(key);
    if (entry == nullptr) {
      value_.Reset();
      const auto status = database_->Get(rocksdb::ReadOptions(), database_->DefaultColumnFamily(), slice(key), &value_);
      if (!status.ok() && !status.IsNotFound()) return error_of(status, folder_);
      entry = overlay_.remember(key, status.ok() ? std::optional(view(value_)) : std::nullopt);
    }
    if (!entry->present) return std::optional<ByteView>{};
    return std::optional<ByteView>{entry->value};
  }
  void put(ByteView key, ByteView value) override { overlay_.change(key, value); }
  void erase(ByteView key) override { overlay_.change(key, std::nullopt); }
  void load(ByteView key, std::optional<ByteView> value) override {
    if (overlay_.find(key) != nullptr) return overlay_.change(key, value);
    // Fails only where a size is set that a batch may not pass: none is.
    SLUICE_CHECK((value ? batch_.Put(slice(key), slice(*value)) : batch_.Delete(slice(key))).ok());
  }
  Result<void> scan(ByteView prefix, ByteView from, const Visit& visit) override;

  void changes(const std::function<void(ByteView, std::optional<ByteView>)>& visit) override {
    for (const Overlay::Node* const node : overlay_.changes()) {
      visit(node->first, node->second.present ? std::optional<ByteView>(node->second.value) : std::nullopt);
    }
  }
  std::size_t batch_bytes() const override { return overlay_.changed_bytes() + (batch_.Count() == 0 ? 0 : batch_.GetDataSize()); }
  Result<void> commit(const std::string& applied) override;
  void rollback() override {
    overlay_.rolled_back();
    batch_.Clear();
  }
  Result<std::unique_ptr<Filling>> fill() override {
    return flow::fill(database_, folder_, memory_bytes_, [this](const std::string& applied) {
      applied_ = applied;
      overlay_ = Overlay(memory_bytes_ / 4);  // what was asked before is otherwise now
      iterator_.reset();
    });
  }
  const std::string& applied() const override { return applied_; }
  Result<void> flush() override {
    const auto status = database_->Flush(rocksdb::FlushOptions());
    if (!status.ok()) return error_of(status, folder_);
    return {};
  }
  std::unique_ptr<Snapshot> snapshot() const override { return std::make_unique<DiskSnapshot>(database_, folder_); }
  std::uint64_t disk_bytes() const override {
    std::uint64_t bytes = 0;
    return database_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes) ? bytes : 0;
  }

 private:
  Database database_;
  std::string folder_;
  std::size_t memory_bytes_;
  Overlay overlay_;
  std::string applied_;
  rocksdb::WriteBatch batch_;  // what is loaded; at commit, all
  Bytes end_;                  // of the scan
  rocksdb::Slice bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;  // of what is committed: it serves all scans of a batch
  rocksdb::PinnableSlice value_;
};

Result<void> RocksState::scan(ByteView prefix, ByteView from, const Visit& visit) {
  end_ = end_of(prefix);
  bound_ = slice(end_);  // the iterator looks at it when it seeks
  if (!iterator_) {
    rocksdb::ReadOptions read;
    read.iterate_upper_bound = &bound_;
    iterator_.reset(database_->NewIterator(read));
  }
  Cursor disk(*iterator_, prefix, from);
  const auto& changes = overlay_.ordered();
  auto changed = changes.lower_bound(std::max(prefix, from));
  while (true) {
    const bool has_change = changed != changes.end() && ByteView((*changed)->first).starts_with(prefix);
    const bool has_disk = disk.valid();
    if (!has_change && !has_disk) break;
    const int order = !has_change ? 1 : !has_disk ? -1 : ByteView((*changed)->first).compare(disk.key());
    if (order > 0) {
      if (!visit(disk.key(), disk.value())) break;
      disk.next();
      continue;
    }
    const auto& [key, entry] = **changed;
    if (entry.present && !visit(key, entry.value)) break;
    if (order == 0) disk.next();
    ++changed;
  }
  if (!iterator_->status().ok()) return error_of(iterator_->status(), folder_);
  return {};
}

Result<void> RocksState::commit(const std::string& applied) {
  rocksdb::Status status;
  batch_.SetSavePoint();
  changes([&](ByteView key, std::optional<ByteView> value) {
    if (!status.ok()) return;
    status = value ? batch_.Put(slice(key), slice(*value)) : batch_.Delete(slice(key));
  });
  if (status.ok()) status = batch_.Put(slice(kAppliedKey), applied);
  rocksdb::WriteOptions write;
  write.disableWAL = true;
  if (status.ok()) status = database_->Write(write, &batch_);
  if (!status.ok()) {
    static_cast<void>(batch_.RollbackToSavePoint());
    return error_of(status, folder_);
  }
  batch_.Clear();
  overlay_.committed();
  iterator_.reset();
  applied_ = applied;
  return {};
}

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& folder) {
  Error error{ErrorCode::retry, "state in " + folder + ": " + status.ToString()};
  if (status.IsNoSpace()) {
    error.code = ErrorCode::out_of_space;
    error.hint = "free space on its disk";
  } else if (status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound()) {
    error.code = ErrorCode::corrupt;
    error.hint = "remove the folder: the state is restored from the log";
  } else if (status.IsIOError() && status.ToString().find("lock ") != std::string::npos) {
    error.code = ErrorCode::rejected;
    error.hint = "another process has this folder: stop it, or give this one another folder";
  }
  return error;
}

Result<std::unique_ptr<DiskState>> DiskState::open(const std::string& folder, std::size_t memory_bytes) {
  std::error_code left;
  std::filesystem::remove_all(filling_folder(folder), left);
  rocksdb::DB* opened = nullptr;
  auto status = rocksdb::DB::Open(options_for(memory_bytes), folder, &opened);
  if (!status.ok()) return error_of(status, folder);
  Database database(opened);
  std::string applied;
  status = database->Get(rocksdb::ReadOptions(), slice(kAppliedKey), &applied);
  if (!status.ok() && !status.IsNotFound()) return error_of(status, folder);
  return std::make_unique<RocksState>(std::move(database), folder, memory_bytes, std::move(applied));
}

}  // namespace sluice::flow
