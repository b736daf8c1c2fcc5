// How it is kept.
//
//   - An Inode has two contents: `seen`, what readers get, and `durable`, what the disk has for sure; and the set of pages in
//     which they may differ because of writes since the last sync. A failed sync empties that set without copying: the pages
//     are "clean", and wrong.
//   - A folder has its names as seen, and a list of changes that are not durable yet, in order. sync_directory() empties the
//     list; crash() takes a prefix of it as done and undoes the rest.
//   - crash() draws for each unsynced page: old, new, or torn at a sector; then what is durable is all there is.

#include "io/simulated_disk.h"

#include <algorithm>
#include <atomic>
#include <optional>

namespace sluice::io {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kSectorBytes = 512;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Error missing(const std::string& path) { return {ErrorCode::not_found, path + ": no such file or folder"}; }
Error there(const std::string& path) { return {ErrorCode::already_exists, path + ": is there already"}; }
Error broken(const std::string& path, const char* what) { return {ErrorCode::back_off, path + ": simulated failure of a " + what}; }

}  // namespace

struct SimulatedDisk::Inode {
  Bytes seen, durable;
  std::set<std::size_t> unsynced;  // pages
  bool resized = false;            // the length differs from the durable one
  std::uint64_t last_write_at = 0;
};

// One change of a folder: `name` pointed to `before`, and points to `after` (none: no such name).
struct SimulatedDisk::Names {
  struct Change {
    std::string path;
    std::shared_ptr<Inode> before, after;
  };
  std::vector<Change> undurable;
};

struct SimulatedDisk::State {
  explicit State(std::uint64_t seed) : random(seed) {}

  mutable std::mutex mutex;
  std::mt19937_64 random;
  std::map<std::string, std::shared_ptr<Inode>> files;
  std::set<std::string> folders{".", "/", ""};
  std::map<std::string, Names> names;  // by folder
  DiskFaults faults;
  DiskCounts counts;
  int failing_syncs = 0;
  std::uint64_t capacity = UINT64_MAX;
  std::uint64_t epoch = 0;  // of handles

  bool chance(double p) { return p > 0 && std::uniform_real_distribution<double>(0, 1)(random) < p; }
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random() % n; }

  bool sync_fails() {
    ++counts.syncs;
    const bool fails = failing_syncs > 0 || chance(faults.sync_failure);
    if (failing_syncs > 0) --failing_syncs;
    if (fails) ++counts.failed_syncs;
    return fails;
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, inode] : files) bytes += inode->seen.size();
    return bytes;
  }

  void change(const std::string& path, std::shared_ptr<Inode> after) {
    auto before = files.contains(path) ? files[path] : nullptr;
    names[parent_of(path)].undurable.push_back({path, before, after});
    if (after) {
      files[path] = std::move(after);
    } else {
      files.erase(path);
    }
  }

  static void copy_page(Inode& inode, std::size_t page, std::size_t from, std::size_t to) {
    const auto begin = page * kPageBytes + from;
    const auto end = std::min(page * kPageBytes + to, inode.seen.size());
    if (begin >= end) return;
    if (inode.durable.size() < end) inode.durable.resize(end, '\0');
    std::copy(inode.seen.begin() + static_cast<std::ptrdiff_t>(begin), inode.seen.begin() + static_cast<std::ptrdiff_t>(end),
              inode.durable.begin() + static_cast<std::ptrdiff_t>(begin));
  }

  static void make_durable(Inode& inode) {
    // Only what was written since the last sync: a page that a failed sync called clean stays wrong.
    for (const auto page : inode.unsynced) copy_page(inode, page, 0, kPageBytes);
    inode.unsynced.clear();
    inode.durable.resize(inode.seen.size(), '\0');
    inode.resized = false;
  }

  void fail_sync(Inode& inode) {
    for (const auto page : inode.unsynced) {
      if (chance(0.5)) copy_page(inode, page, 0, kPageBytes);
    }
    inode.unsynced.clear();
  }

  void crash_inode(Inode& inode) {
    const auto durable_size = inode.durable.size();
    for (const auto page : inode.unsynced) {
      const auto luck = below(3);
      if (luck == 0) ++counts.lost_pages;
      if (luck == 1) copy_page(inode, page, 0, kPageBytes);
      if (luck == 2) {
        ++counts.torn_pages;
        copy_page(inode, page, 0, kSectorBytes * below(kPageBytes / kSectorBytes));
      }
    }
    auto size = durable_size;
    if (inode.seen.size() > durable_size) size += below(inode.seen.size() - durable_size + 1);
    if (inode.seen.size() < durable_size && chance(0.5)) size = inode.seen.size();
    inode.durable.resize(size, '\0');
    inode.unsynced.clear();
    inode.resized = false;
    inode.seen = inode.durable;
  }

  void crash_names() {
    for (auto& [folder, changes] : names) {
      const auto kept = below(changes.undurable.size() + 1);
      while (changes.undurable.size() > kept) {
        auto& last = changes.undurable.back();
        ++counts.lost_names;
        if (last.before) {
          files[last.path] = last.before;
        } else {
          files.erase(last.path);
        }
        changes.undurable.pop_back();
      }
      changes.undurable.clear();
    }
  }
};

class SimulatedDisk::Handle final : public File {
 public:
  Handle(SimulatedDisk::State& state, std::shared_ptr<Inode> inode, std::string path, bool writable)
      : state_(state), inode_(std::move(inode)), path_(std::move(path)), epoch_(state.epoch), writable_(writable) {}

  [[nodiscard]] const std::string& path() const override { return path_; }

  [[nodiscard]] Result<std::uint64_t> size() const override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    return inode_->seen.size();
  }

  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) const override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    if (state_.chance(state_.faults.read_failure)) {
      ++state_.counts.failed_reads;
      return broken(path_, "read");
    }
    if (offset >= inode_->seen.size()) return std::size_t{0};
    const auto size = std::min<std::size_t>(out.size(), inode_->seen.size() - offset);
    std::copy_n(inode_->seen.data() + offset, size, out.data());
    return size;
  }

  [[nodiscard]] Result<void> write_at(std::uint64_t offset, std::span<const ByteView> parts) override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    if (!writable_) return broken(path_, "write to a file opened for reading");
    Bytes bytes;
    for (const auto part : parts) bytes += part;
    const bool fails = state_.chance(state_.faults.write_failure);
    const auto end = std::max<std::uint64_t>(inode_->seen.size(), offset + bytes.size());
    const auto grows = end - inode_->seen.size();
    const auto used = state_.used();
    const bool full = grows > 0 && used + grows > state_.capacity;
    if (fails || full) bytes.resize(state_.below(full && !fails ? std::min<std::uint64_t>(bytes.size(), state_.capacity > used ? state_.capacity - used : 0) + 1 : bytes.size() + 1));
    put(offset, bytes);
    if (fails) {
      ++state_.counts.failed_writes;
      return broken(path_, "write");
    }
    if (full) return Error{ErrorCode::out_of_space, path_ + ": no space left on the simulated disk"};
    return {};
  }

  [[nodiscard]] Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    const auto old = inode_->seen.size();
    inode_->seen.resize(size, '\0');
    for (auto page = std::min<std::uint64_t>(old, size) / kPageBytes; page * kPageBytes < size; ++page) inode_->unsynced.insert(page);
    inode_->resized = true;
    return {};
  }

  [[nodiscard]] Result<void> sync() override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    if (state_.sync_fails()) {
      state_.fail_sync(*inode_);
      return broken(path_, "sync");
    }
    State::make_durable(*inode_);
    return {};
  }

 private:
  [[nodiscard]] Result<void> alive() const {
    if (epoch_ != state_.epoch) return broken(path_, "handle from before the crash");
    return {};
  }

  void put(std::uint64_t offset, const Bytes& bytes) {
    if (bytes.empty()) return;
    if (inode_->seen.size() < offset + bytes.size()) inode_->seen.resize(offset + bytes.size(), '\0');
    std::copy(bytes.begin(), bytes.end(), inode_->seen.begin() + static_cast<std::ptrdiff_t>(offset));
    for (auto page = offset / kPageBytes; page * kPageBytes < offset + bytes.size(); ++page) inode_->unsynced.insert(page);
    inode_->last_write_at = offset;
  }

  SimulatedDisk::State& state_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  std::uint64_t epoch_;
  bool writable_;
};

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::crash() {
  const std::lock_guard lock(state_->mutex);
  ++state_->counts.crashes;
  ++state_->epoch;
  state_->crash_names();
  std::set<Inode*> done;
  for (auto& [path, inode] : state_->files) {
    if (done.insert(inode.get()).second) state_->crash_inode(*inode);
  }
}

void SimulatedDisk::kill_process() {
  const std::lock_guard lock(state_->mutex);
  ++state_->epoch;
}

void SimulatedDisk::set_faults(DiskFaults faults) {
  const std::lock_guard lock(state_->mutex);
  state_->faults = faults;
}

void SimulatedDisk::fail_next_syncs(int count) {
  const std::lock_guard lock(state_->mutex);
  state_->failing_syncs = count;
}

void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

void SimulatedDisk::tear_last_write(const std::string& path, std::uint64_t keep_bytes) {
  const std::lock_guard lock(state_->mutex);
  auto& inode = *state_->files.at(path);
  inode.seen.resize(std::min<std::uint64_t>(inode.seen.size(), inode.last_write_at + keep_bytes));
  inode.durable = inode.seen;
  inode.unsynced.clear();
}

void SimulatedDisk::flip_bit(const std::string& path, std::uint64_t byte) {
  const std::lock_guard lock(state_->mutex);
  auto& inode = *state_->files.at(path);
  inode.seen[byte] = static_cast<char>(inode.seen[byte] ^ 1);
  if (byte < inode.durable.size()) inode.durable[byte] = inode.seen[byte];
}

Bytes SimulatedDisk::durable_bytes(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->files.find(path);
  if (found == state_->files.end()) return {};
  const auto& changes = state_->names[parent_of(path)].undurable;
  const bool undurable = std::any_of(changes.begin(), changes.end(), [&](const auto& change) { return change.path == path && !change.before; });
  return undurable ? Bytes{} : found->second->durable;
}

DiskCounts SimulatedDisk::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

Result<std::shared_ptr<File>> SimulatedDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(state_->mutex);
  auto found = state_->files.find(path);
  if (found == state_->files.end() && (mode == OpenMode::read || mode == OpenMode::read_write)) return missing(path);
  if (found != state_->files.end() && mode == OpenMode::create_new) return there(path);
  if (found == state_->files.end()) {
    if (!state_->folders.contains(parent_of(path))) return missing(parent_of(path));
    state_->change(path, std::make_shared<Inode>());
    found = state_->files.find(path);
  }
  return std::shared_ptr<File>(std::make_shared<Handle>(*state_, found->second, path, mode != OpenMode::read));
}

Result<void> SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->files.find(from); found != state_->files.end()) {
    const auto inode = found->second;
    state_->change(to, inode);
    state_->change(from, nullptr);
    return {};
  }
  if (!state_->folders.contains(from)) return missing(from);
  // A folder with all that is in it: durable at once, which is kinder than a disk, and enough for what we do with it.
  std::map<std::string, std::shared_ptr<Inode>> files;
  for (auto& [path, inode] : state_->files) files[path.starts_with(from + "/") ? to + path.substr(from.size()) : path] = inode;
  state_->files = std::move(files);
  std::set<std::string> folders;
  for (const auto& path : state_->folders) folders.insert(path == from || path.starts_with(from + "/") ? to + path.substr(from.size()) : path);
  state_->folders = std::move(folders);
  state_->names.erase(from);
  return {};
}

Result<void> SimulatedDisk::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->files.find(from);
  if (found == state_->files.end()) return missing(from);
  if (state_->files.contains(to)) return there(to);
  state_->change(to, found->second);
  return {};
}

Result<void> SimulatedDisk::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->files.contains(path)) return missing(path);
  state_->change(path, nullptr);
  return {};
}

Result<void> SimulatedDisk::remove_all(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const auto below = [&](const std::string& other) { return other == path || other.starts_with(path + "/"); };
  std::erase_if(state_->files, [&](const auto& item) { return below(item.first); });
  std::erase_if(state_->folders, below);
  std::erase_if(state_->names, [&](const auto& item) { return below(item.first); });
  return {};
}

Result<void> SimulatedDisk::create_directories(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  for (auto folder = trimmed(path); !state_->folders.contains(folder); folder = parent_of(folder)) state_->folders.insert(folder);
  return {};
}

Result<std::vector<DirectoryEntry>> SimulatedDisk::list(const std::string& given) {
  const std::lock_guard lock(state_->mutex);
  const auto path = trimmed(given);
  if (!state_->folders.contains(path)) return missing(path);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, inode] : state_->files) {
    if (parent_of(name) == path) entries.push_back({name.substr(path.size() + 1), false});
  }
  for (const auto& folder : state_->folders) {
    if (folder.size() > path.size() + 1 && parent_of(folder) == path) entries.push_back({folder.substr(path.size() + 1), true});
  }
  return entries;
}

Result<bool> SimulatedDisk::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->files.contains(path) || state_->folders.contains(trimmed(path));
}

Result<void> SimulatedDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (state_->sync_fails()) return broken(path, "sync of a folder");
  state_->names[trimmed(path)].undurable.clear();
  return {};
}

Result<void> SimulatedDisk::sync_all(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const bool fails = state_->sync_fails();
  for (auto& [name, inode] : state_->files) {
    if (fails) {
      state_->fail_sync(*inode);
    } else {
      State::make_durable(*inode);
    }
  }
  if (fails) return broken(path, "sync of the file system");
  state_->names.clear();
  return {};
}

Result<std::uint64_t> SimulatedDisk::free_bytes(const std::string&) {
  const std::lock_guard lock(state_->mutex);
  const auto used = state_->used();
  return used < state_->capacity ? state_->capacity - used : 0;
}

}  // namespace sluice::io
