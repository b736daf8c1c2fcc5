#pragma once
// Tables as files of the local disk, made when they are asked for: what GET /tables/<topic>.<format> gives.
//
//   1. A version is the table at certain offsets (deliver/archive/latest/table.h), in one file that never changes.
//   2. fresh() gives the newest version when the topic has not moved since, or when it was finished less than a second
//      ago; else a new one. One build at a time for a topic and format, a few in parallel; who comes meanwhile waits for it.
//   3. A reader that asks for the size first and then for ranges must see one version: current() gives a client the one that
//      fresh() gave it, until it has not asked for a minute.
//   4. A version goes when it is nobody's current, not pinned, and not the newest, or has not been used for ten minutes. Its
//      file stays readable for the answers that are being sent. The folder is emptied at the start.
//
// Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "pipeline/log.h"
#include "pipeline/row_file.h"
#include "pipeline/schema_catalog.h"

namespace sluice::server {

struct TableVersion {
  std::string etag;             // without quotes: the end of each partition, joined by '-'
  std::vector<Offset> offsets;
  std::uint64_t rows = 0;
  std::int64_t modified_ms = 0; // wall time, when the offsets were taken
  io::FileSlice content;
};

struct TableCacheOptions {
  std::string folder;
  std::uint64_t keep_free_bytes = 0;  // below this no table is built
  int builds = 2;                     // at a time
  int waiting = 4;                    // callers that build or wait; more are sent away
  std::chrono::milliseconds fresh{1'000};
  std::chrono::milliseconds client{60'000};
  std::chrono::milliseconds unused{600'000};
};

using MakeFormat = std::function<Result<std::shared_ptr<const pipeline::RowFormat>>(const std::string& name)>;

class TableCache {
 public:
  using Version = std::shared_ptr<const TableVersion>;

  // The references outlive it; begin() before anything else.
  TableCache(TableCacheOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::FileSystem& fs,
             const io::Clock& clock, MakeFormat make_format);
  ~TableCache();
  // Empties the folder.
  [[nodiscard]] Result<void> begin();
  // Ends builds and sends callers away. Called by the destructor.
  void stop();

  // `client` is anything that tells who asks. Errors: not_found (topic), back_off (too many ask; stopping), out_of_space,
  // those of format and Table.
  [[nodiscard]] Result<Version> fresh(const std::string& topic, const std::string& format, const std::string& client);
  // None: there is none any more.
  [[nodiscard]] Version current(const std::string& topic, const std::string& format, const std::string& client);
  // By its etag, which keeps it.
  [[nodiscard]] Version pinned(const std::string& topic, const std::string& format, const std::string& etag);
  // Removes what is not needed any more; a thread of its own does that now and then.
  void sweep();

 private:
  using Key = std::pair<std::string, std::string>;  // topic, format
  struct Kept {
    Version version;
    std::string path;
    std::int64_t finished_ms = 0;  // steady, as are the others
    std::int64_t used_ms = 0;
    std::int64_t pinned_ms = INT64_MIN;
  };
  struct Client {
    std::string etag;
    std::int64_t used_ms = 0;
  };
  struct Entry {
    std::vector<Kept> versions;  // oldest first
    std::map<std::string, Client> clients;
    bool building = false;
    std::uint64_t builds = 0;
    std::optional<Error> failure;  // of the last build
  };

  [[nodiscard]] Result<std::vector<Offset>> ends(const std::string& topic);
  [[nodiscard]] bool is_fresh(const Entry& entry, const std::vector<Offset>& ends) const;
  [[nodiscard]] Version give(Entry& entry, Kept& kept, const std::string& client);
  [[nodiscard]] Result<void> build_one(const Key& key, std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Result<Kept> build(const Key& key);
  [[nodiscard]] Result<void> check_space();
  [[nodiscard]] Result<std::shared_ptr<const pipeline::RowFormat>> find_format(const std::string& name) const;
  [[nodiscard]] static Kept* find(Entry& entry, const std::string& etag);
  void sweep_entry(Entry& entry, std::int64_t now);

  const TableCacheOptions options_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  io::FileSystem& fs_;
  const io::Clock& clock_;
  const MakeFormat make_format_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::map<Key, Entry> entries_;
  int builds_ = 0;
  int waiting_ = 0;
  std::uint64_t files_ = 0;
  std::stop_source stop_;
  std::jthread sweeper_;
};

}  // namespace sluice::server
