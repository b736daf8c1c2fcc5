#include "server/table_cache.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/trace.h"
#include "deliver/archive/latest/table.h"
#include "deliver/archive/latest/table_files.h"
#include "deliver/store/local/local_store.h"

namespace sluice::server {
namespace {

constexpr std::size_t kPartitionsInTag = 16;
constexpr auto kSweepEvery = std::chrono::seconds(10);

std::string tag_of(const std::vector<Offset>& offsets) {
  std::string text;
  std::int64_t sum = 0;
  for (const auto offset : offsets) {
    text += (text.empty() ? "" : "-") + to_string(offset);
    sum += offset.value;
  }
  return offsets.size() <= kPartitionsInTag ? text : std::to_string(sum) + "-" + std::to_string(crc32c(text));
}

Error stopping() { return {.code = ErrorCode::back_off, .message = "the server is stopping"}; }

}  // namespace

TableCache::TableCache(TableCacheOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::FileSystem& fs,
                       const io::Clock& clock, MakeFormat make_format)
    : options_(std::move(options)), log_(log), catalog_(catalog), fs_(fs), clock_(clock), make_format_(std::move(make_format)) {}

TableCache::~TableCache() {
  stop();
  static_cast<void>(fs_.remove_all(options_.folder).ok());
}

Result<void> TableCache::begin() {
  SLUICE_RETURN_IF_ERROR(fs_.remove_all(options_.folder));
  sweeper_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kSweepEvery, [&] { return stop.stop_requested() || stop_.stop_requested(); });
      }
      if (stop_.stop_requested()) return;
      sweep();
    }
  });
  return {};
}

void TableCache::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_.request_stop();
    changed_.notify_all();
  }
  if (sweeper_.joinable()) sweeper_.join();
}

Result<std::vector<Offset>> TableCache::ends(const std::string& topic) {
  SLUICE_TRY(const auto described, log_.describe(topic));
  std::vector<Offset> out;
  for (std::int32_t i = 0; i < described.partitions; ++i) {
    SLUICE_TRY(const auto range, log_.range(topic, i));
    out.push_back(range.last_stable);
  }
  return out;
}

bool TableCache::is_fresh(const Entry& entry, const std::vector<Offset>& ends) const {
  if (entry.versions.empty()) return false;
  const auto& newest = entry.versions.back();
  if (clock_.steady_ms() - newest.finished_ms < options_.fresh.count()) return true;
  const auto& has = newest.version->offsets;
  return std::ranges::equal(has, ends, [](Offset a, Offset b) { return a >= b; });
}

TableCache::Version TableCache::give(Entry& entry, Kept& kept, const std::string& client) {
  kept.used_ms = clock_.steady_ms();
  entry.clients[client] = {kept.version->etag, kept.used_ms};
  return kept.version;
}

Result<TableCache::Version> TableCache::fresh(const std::string& topic, const std::string& format, const std::string& client) {
  SLUICE_TRY(const auto now, ends(topic));
  const Key key(topic, format);
  std::unique_lock lock(mutex_);
  auto& entry = entries_[key];
  if (is_fresh(entry, now)) return give(entry, entry.versions.back(), client);
  if (waiting_ >= options_.waiting) {
    return Error{.code = ErrorCode::back_off, .message = std::to_string(waiting_) + " requests wait for tables that are being made"};
  }
  ++waiting_;
  Result<void> made;
  if (entry.building) {
    const auto before = entry.builds;
    changed_.wait(lock, [&] { return entry.builds != before || stop_.stop_requested(); });
    if (entry.failure) made = *entry.failure;
  } else {
    made = build_one(key, lock);
  }
  --waiting_;
  if (stop_.stop_requested()) return stopping();
  if (!made.ok()) return std::move(made).error();
  return give(entry, entry.versions.back(), client);
}

// Entries are never removed: `entry` stays where it is while the lock is not held.
Result<void> TableCache::build_one(const Key& key, std::unique_lock<std::mutex>& lock) {
  auto& entry = entries_[key];
  entry.building = true;
  changed_.wait(lock, [&] { return builds_ < options_.builds || stop_.stop_requested(); });
  ++builds_;
  lock.unlock();
  auto built = stop_.stop_requested() ? Result<Kept>(stopping()) : build(key);
  lock.lock();
  --builds_;
  entry.building = false;
  ++entry.builds;
  entry.failure.reset();
  if (built.ok()) entry.versions.push_back(*std::move(built));
  else entry.failure = built.error();
  changed_.notify_all();
  return entry.failure ? Result<void>(*entry.failure) : Result<void>{};
}

Result<void> TableCache::check_space() {
  SLUICE_RETURN_IF_ERROR(fs_.create_directories(options_.folder));
  SLUICE_TRY(const auto free, fs_.free_bytes(options_.folder));
  if (free >= options_.keep_free_bytes) return {};
  return Error{.code = ErrorCode::out_of_space,
               .message = "the disk of " + options_.folder + " is full: " + std::to_string(free / 1'000'000) + " MB are free",
               .hint = "log.keep_free says how much must be"};
}

// A format that is not there is no missing table.
Result<std::shared_ptr<const pipeline::RowFormat>> TableCache::find_format(const std::string& name) const {
  auto format = make_format_(name);
  if (format.ok()) return format;
  auto error = std::move(format).error();
  error.code = ErrorCode::unsupported;
  return error;
}

Result<TableCache::Kept> TableCache::build(const Key& key) {
  const auto& [topic, name] = key;
  SLUICE_TRY(const auto format, find_format(name));
  SLUICE_RETURN_IF_ERROR(check_space());
  const auto stop = stop_.get_token();
  auto version = std::make_shared<TableVersion>();
  version->modified_ms = clock_.wall_ms();
  SLUICE_TRY(const auto table, deliver::archive::Table::read({log_, catalog_, fs_},
                                                             {.topic = topic, .scratch_folder = options_.folder}, stop));
  deliver::store::local::LocalStore store(fs_, options_.folder);
  std::string file;
  {
    const std::lock_guard lock(mutex_);
    file = std::to_string(files_++) + "." + name;
  }
  std::vector<deliver::archive::TableFile> files;
  const auto begin = [&](std::size_t) { return store.create(file, file); };
  SLUICE_RETURN_IF_ERROR(write_table(*table, *format, UINT64_MAX, begin, files, stop));
  if (table->unreadable() > 0) {
    trace::warn("tables", topic + ": " + std::to_string(table->unreadable()) + " records cannot be rows; the first is " +
                              table->why_unreadable());
  }
  const auto path = options_.folder + "/" + file;
  SLUICE_TRY(const auto open, fs_.open(path, io::OpenMode::read));
  version->offsets = table->ends();
  version->etag = tag_of(version->offsets);
  version->rows = files.front().rows;
  version->content = {open, 0, files.front().bytes};
  const auto now = clock_.steady_ms();
  return Kept{.version = std::move(version), .path = path, .finished_ms = now, .used_ms = now};
}

TableCache::Kept* TableCache::find(Entry& entry, const std::string& etag) {
  const auto found = std::ranges::find_if(entry.versions, [&](const Kept& kept) { return kept.version->etag == etag; });
  return found == entry.versions.end() ? nullptr : &*found;
}

TableCache::Version TableCache::current(const std::string& topic, const std::string& format, const std::string& client) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find({topic, format});
  if (entry == entries_.end()) return nullptr;
  const auto known = entry->second.clients.find(client);
  if (known == entry->second.clients.end() || clock_.steady_ms() - known->second.used_ms > options_.client.count()) return nullptr;
  auto* kept = find(entry->second, known->second.etag);
  return kept == nullptr ? nullptr : give(entry->second, *kept, client);
}

TableCache::Version TableCache::pinned(const std::string& topic, const std::string& format, const std::string& etag) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find({topic, format});
  auto* kept = entry == entries_.end() ? nullptr : find(entry->second, etag);
  if (kept == nullptr) return nullptr;
  kept->used_ms = kept->pinned_ms = clock_.steady_ms();
  return kept->version;
}

void TableCache::sweep() {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady_ms();
  for (auto& [key, entry] : entries_) sweep_entry(entry, now);
}

void TableCache::sweep_entry(Entry& entry, std::int64_t now) {
  std::erase_if(entry.clients, [&](const auto& client) { return now - client.second.used_ms > options_.client.count(); });
  if (entry.versions.empty()) return;
  const auto newest = entry.versions.back().version;
  std::erase_if(entry.versions, [&](const Kept& kept) {
    const bool wanted = kept.version == newest || kept.pinned_ms != INT64_MIN;
    if (wanted && now - kept.used_ms <= options_.unused.count()) return false;
    if (std::ranges::any_of(entry.clients, [&](const auto& client) { return client.second.etag == kept.version->etag; })) return false;
    static_cast<void>(fs_.remove(kept.path).ok());
    return true;
  });
}

}  // namespace sluice::server
