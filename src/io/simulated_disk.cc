// How it is kept.
//
//   - A file has two contents: `seen`, what readers get, and `durable`, what the disk has for sure; and the set of pages in
//     which they may differ because of writes since the last sync. A failed sync empties that set without copying: the pages
//     are "clean", and wrong.
//   - A folder has its names as seen, and a list of changes that are not durable yet, in order. sync_directory() empties the
//     list; crash() keeps a prefix of it and undoes the rest. Folders are names in their parents like files, so that a
//     folder that was lost takes all that is in it along.
//   - crash() draws for each unsynced page: old, new, or torn at a sector; then what is durable is all there is.

#include "io/simulated_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "base/check.h"

namespace sluice::io {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kSectorBytes = 512;

Error missing(const std::string& path) { return {ErrorCode::not_found, path + ": no such file or folder"}; }
Error there(const std::string& path) { return {ErrorCode::already_exists, path + ": is there already"}; }
Error broken(const std::string& path, const char* what) { return {ErrorCode::back_off, path + ": simulated failure of a " + what}; }

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at && path.substr(at, end - at) != ".") parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

struct SimulatedDisk::Inode {
  using Pointer = std::shared_ptr<Inode>;
  // Names that change together, or not at all: each pointed to `before`, and points to `after` (none: no such name).
  struct Change {
    struct Name {
      std::string name;
      Pointer before, after;
    };
    std::vector<Name> names;
  };

  Inode(bool folder, std::uint64_t in_order) : is_folder(folder), order(in_order) {}

  const bool is_folder;
  const std::uint64_t order;  // of making: faults are drawn in it, so that random names change nothing
  // of a folder
  std::map<std::string, Pointer> names;
  std::vector<Change> undurable;
  // of a file
  Bytes seen, durable;
  std::set<std::size_t> unsynced;  // pages
  std::uint64_t last_write_at = 0;

  [[nodiscard]] Pointer find(const std::string& name) const {
    const auto found = names.find(name);
    return found == names.end() ? nullptr : found->second;
  }
  // As it would be if nothing undurable had come to the disk.
  [[nodiscard]] Pointer find_durable(const std::string& name) const {
    for (const auto& change : undurable) {
      for (const auto& part : change.names) {
        if (part.name == name) return part.before;
      }
    }
    return find(name);
  }
  void point(const std::string& name, Pointer to) {
    if (to) {
      names[name] = std::move(to);
    } else {
      names.erase(name);
    }
  }
  void change(std::vector<std::pair<std::string, Pointer>> to) {
    Change made;
    for (auto& [name, after] : to) {
      made.names.push_back({name, find(name), after});
      point(name, std::move(after));
    }
    undurable.push_back(std::move(made));
  }

  void resize(std::uint64_t size) {
    // What a hole or a growth makes zero was written as much as anything else.
    for (auto page = std::min<std::uint64_t>(seen.size(), size) / kPageBytes; page * kPageBytes < size; ++page) unsynced.insert(page);
    seen.resize(size, '\0');
  }
  void put(std::uint64_t offset, ByteView bytes) {
    if (bytes.empty()) return;
    if (seen.size() < offset + bytes.size()) resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), seen.begin() + static_cast<std::ptrdiff_t>(offset));
    for (auto page = offset / kPageBytes; page * kPageBytes < offset + bytes.size(); ++page) unsynced.insert(page);
    last_write_at = offset;
  }
  // Brings the bytes [from, to) of a page to the disk.
  void copy_page(std::size_t page, std::size_t from, std::size_t to) {
    const auto begin = page * kPageBytes + from;
    const auto end = std::min(page * kPageBytes + to, seen.size());
    if (begin >= end) return;
    if (durable.size() < end) durable.resize(end, '\0');
    std::copy(seen.begin() + static_cast<std::ptrdiff_t>(begin), seen.begin() + static_cast<std::ptrdiff_t>(end),
              durable.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  void make_durable() {
    // Only what was written since the last sync: a page that a failed sync called clean stays wrong.
    for (const auto page : unsynced) copy_page(page, 0, kPageBytes);
    unsynced.clear();
    durable.resize(seen.size(), '\0');
  }
};

struct SimulatedDisk::State {
  explicit State(std::uint64_t seed) : random(seed) {}

  mutable std::mutex mutex;
  std::mt19937_64 random;
  std::uint64_t inodes = 0;
  const std::shared_ptr<Inode> root = make_inode(true);
  DiskFaults faults;
  DiskCounts counts;
  int failing_syncs = 0;
  std::uint64_t capacity = UINT64_MAX;
  std::uint64_t epoch = 0;  // of handles

  std::shared_ptr<Inode> make_inode(bool folder) { return std::make_shared<Inode>(folder, inodes++); }
  bool chance(double p) { return p > 0 && std::uniform_real_distribution<double>(0, 1)(random) < p; }
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random() % n; }

  [[nodiscard]] std::shared_ptr<Inode> find(const std::vector<std::string>& parts, bool durable = false) const {
    auto at = root;
    for (const auto& part : parts) {
      if (!at || !at->is_folder) return nullptr;
      at = durable ? at->find_durable(part) : at->find(part);
    }
    return at;
  }
  [[nodiscard]] std::shared_ptr<Inode> find(const std::string& path) const { return find(parts_of(path)); }

  // The folder that a name is in, and the name in it.
  struct Place {
    std::shared_ptr<Inode> folder;
    std::string name;
    [[nodiscard]] std::shared_ptr<Inode> inode() const { return folder->find(name); }
  };
  [[nodiscard]] Result<Place> place(const std::string& path) const {
    auto parts = parts_of(path);
    if (parts.empty()) return there(path);
    auto name = std::move(parts.back());
    parts.pop_back();
    auto folder = find(parts);
    if (!folder || !folder->is_folder) return missing(path);
    return Place{std::move(folder), std::move(name)};
  }

  // All that has a name, in the order of making; `visit` may change names.
  template <typename Visit>
  void for_each_inode(Visit visit) const {
    std::map<std::uint64_t, std::shared_ptr<Inode>> all;
    std::vector<std::shared_ptr<Inode>> open{root};
    while (!open.empty()) {
      const auto inode = std::move(open.back());
      open.pop_back();
      if (!all.emplace(inode->order, inode).second) continue;
      for (const auto& [name, child] : inode->names) open.push_back(child);
    }
    for (const auto& [order, inode] : all) visit(*inode);
  }

  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for_each_inode([&](const Inode& inode) { bytes += inode.seen.size(); });
    return bytes;
  }
  [[nodiscard]] std::uint64_t free() const {
    const auto taken = used();
    return taken < capacity ? capacity - taken : 0;
  }

  bool sync_fails() {
    ++counts.syncs;
    const bool fails = failing_syncs > 0 || chance(faults.sync_failure);
    if (failing_syncs > 0) --failing_syncs;
    if (fails) ++counts.failed_syncs;
    return fails;
  }

  void fail_sync(Inode& inode) {
    for (const auto page : inode.unsynced) {
      if (chance(0.5)) inode.copy_page(page, 0, kPageBytes);
    }
    inode.unsynced.clear();
  }

  void crash_file(Inode& inode) {
    const auto old_size = inode.durable.size();
    for (const auto page : inode.unsynced) {
      const auto luck = below(3);
      if (luck == 0) ++counts.lost_pages;
      if (luck == 1) inode.copy_page(page, 0, kPageBytes);
      if (luck == 2) {
        ++counts.torn_pages;
        inode.copy_page(page, 0, kSectorBytes * below(kPageBytes / kSectorBytes));
      }
    }
    const auto new_size = inode.seen.size();
    auto size = old_size;
    if (new_size > old_size) {
      const auto luck = below(3);
      size += luck == 0 ? 0 : luck == 1 ? new_size - old_size : below(new_size - old_size + 1);
    }
    if (new_size < old_size && chance(0.5)) size = new_size;
    inode.durable.resize(size, '\0');
    inode.unsynced.clear();
    inode.seen = inode.durable;
  }

  void crash_folder(Inode& folder) {
    const auto kept = below(folder.undurable.size() + 1);
    while (folder.undurable.size() > kept) {
      ++counts.lost_names;
      auto& names = folder.undurable.back().names;
      for (auto it = names.rbegin(); it != names.rend(); ++it) folder.point(it->name, it->before);
      folder.undurable.pop_back();
    }
    folder.undurable.clear();
  }

  void crash_names(Inode& folder) {
    crash_folder(folder);
    for (const auto& child : children(folder)) {
      if (child.inode->is_folder) crash_names(*child.inode);
    }
  }

  struct Child {
    std::string name;
    std::shared_ptr<Inode> inode;
  };
  // In the order of making.
  static std::vector<Child> children(const Inode& folder) {
    std::vector<Child> all;
    for (const auto& [name, inode] : folder.names) all.push_back({name, inode});
    std::sort(all.begin(), all.end(), [](const Child& a, const Child& b) { return a.inode->order < b.inode->order; });
    return all;
  }

  void remove_below(Inode& folder) {
    for (const auto& child : children(folder)) {
      if (child.inode->is_folder) remove_below(*child.inode);
      folder.change({{child.name, nullptr}});
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
    SLUICE_RETURN_IF_ERROR(alive_for_writes());
    Bytes bytes;
    for (const auto part : parts) bytes += part;
    if (state_.chance(state_.faults.write_failure)) {
      ++state_.counts.failed_writes;
      inode_->put(offset, ByteView(bytes).substr(0, state_.below(bytes.size() + 1)));
      return broken(path_, "write");
    }
    const auto end = offset + bytes.size();
    if (const auto room = room_for(end); room < end) {
      ++state_.counts.full_writes;
      inode_->put(offset, ByteView(bytes).substr(0, state_.below(room > offset ? room - offset + 1 : 0)));
      return Error{ErrorCode::out_of_space, path_ + ": no space left on the simulated disk"};
    }
    inode_->put(offset, bytes);
    return {};
  }

  [[nodiscard]] Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive_for_writes());
    inode_->resize(size);
    return {};
  }

  [[nodiscard]] Result<void> sync() override {
    const std::lock_guard lock(state_.mutex);
    SLUICE_RETURN_IF_ERROR(alive());
    if (state_.sync_fails()) {
      state_.fail_sync(*inode_);
      return broken(path_, "sync");
    }
    inode_->make_durable();
    return {};
  }

 private:
  [[nodiscard]] Result<void> alive() const {
    if (epoch_ != state_.epoch) return broken(path_, "handle from before the crash");
    return {};
  }
  [[nodiscard]] Result<void> alive_for_writes() const {
    SLUICE_RETURN_IF_ERROR(alive());
    if (!writable_) return broken(path_, "write to a file opened for reading");
    return {};
  }
  // How long the file may become, when it should reach `end`.
  [[nodiscard]] std::uint64_t room_for(std::uint64_t end) const {
    if (state_.capacity == UINT64_MAX || end <= inode_->seen.size()) return end;
    return std::min(end, inode_->seen.size() + state_.free());
  }

  SimulatedDisk::State& state_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  std::uint64_t epoch_;
  bool writable_;
};

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
SimulatedDisk::~SimulatedDisk() = default;

// --- faults

void SimulatedDisk::crash() {
  const std::lock_guard lock(state_->mutex);
  ++state_->counts.crashes;
  ++state_->epoch;
  state_->crash_names(*state_->root);
  state_->for_each_inode([&](Inode& inode) {
    if (!inode.is_folder) state_->crash_file(inode);
  });
}

void SimulatedDisk::kill_process() {
  const std::lock_guard lock(state_->mutex);
  ++state_->counts.kills;
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
  const auto inode = state_->find(path);
  SLUICE_CHECK(inode && !inode->is_folder);
  inode->seen.resize(std::min<std::uint64_t>(inode->seen.size(), inode->last_write_at + keep_bytes));
  inode->durable = inode->seen;
  inode->unsynced.clear();
}

void SimulatedDisk::flip_bit(const std::string& path, std::uint64_t byte) {
  const std::lock_guard lock(state_->mutex);
  const auto inode = state_->find(path);
  SLUICE_CHECK(inode && byte < inode->seen.size());
  inode->seen[byte] = static_cast<char>(inode->seen[byte] ^ 1);
  if (byte < inode->durable.size()) inode->durable[byte] = inode->seen[byte];
}

Bytes SimulatedDisk::durable_bytes(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto inode = state_->find(parts_of(path), true);
  return inode ? inode->durable : Bytes{};
}

DiskCounts SimulatedDisk::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

// --- names

Result<std::shared_ptr<File>> SimulatedDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(state_->mutex);
  SLUICE_TRY(const auto place, state_->place(path));
  auto inode = place.inode();
  if (inode && mode == OpenMode::create_new) return there(path);
  if (inode && inode->is_folder) return broken(path, "open of a folder as a file");
  if (!inode) {
    if (mode == OpenMode::read || mode == OpenMode::read_write) return missing(path);
    inode = state_->make_inode(false);
    place.folder->change({{place.name, inode}});
  }
  return std::shared_ptr<File>(std::make_shared<Handle>(*state_, inode, path, mode != OpenMode::read));
}

Result<void> SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  SLUICE_TRY(const auto old, state_->place(from));
  SLUICE_TRY(const auto fresh, state_->place(to));
  const auto inode = old.inode();
  if (!inode) return missing(from);
  if (const auto replaced = fresh.inode(); replaced && (replaced->is_folder || inode->is_folder)) return there(to);
  if (old.folder == fresh.folder) {
    if (old.name != fresh.name) old.folder->change({{fresh.name, inode}, {old.name, nullptr}});
    return {};
  }
  fresh.folder->change({{fresh.name, inode}});
  old.folder->change({{old.name, nullptr}});
  return {};
}

Result<void> SimulatedDisk::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  const auto inode = state_->find(from);
  SLUICE_TRY(const auto fresh, state_->place(to));
  if (!inode || inode->is_folder) return missing(from);
  if (fresh.inode()) return there(to);
  fresh.folder->change({{fresh.name, inode}});
  return {};
}

Result<void> SimulatedDisk::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  SLUICE_TRY(const auto place, state_->place(path));
  const auto inode = place.inode();
  if (!inode) return missing(path);
  if (inode->is_folder && !inode->names.empty()) return broken(path, "removal of a folder that is not empty");
  place.folder->change({{place.name, nullptr}});
  return {};
}

Result<void> SimulatedDisk::remove_all(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const auto place = state_->place(path);
  if (!place.ok() || !place->inode()) return {};
  const auto inode = place->inode();
  if (inode->is_folder) state_->remove_below(*inode);
  place->folder->change({{place->name, nullptr}});
  return {};
}

Result<void> SimulatedDisk::create_directories(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  auto at = state_->root;
  for (const auto& part : parts_of(path)) {
    auto next = at->find(part);
    if (!next) {
      next = state_->make_inode(true);
      at->change({{part, next}});
    }
    if (!next->is_folder) return there(path);
    at = next;
  }
  return {};
}

Result<std::vector<DirectoryEntry>> SimulatedDisk::list(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const auto folder = state_->find(path);
  if (!folder || !folder->is_folder) return missing(path);
  std::vector<DirectoryEntry> entries;
  for (const auto& child : State::children(*folder)) entries.push_back({child.name, child.inode->is_folder});
  return entries;
}

Result<bool> SimulatedDisk::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->find(path) != nullptr;
}

Result<void> SimulatedDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  const auto folder = state_->find(path);
  if (!folder || !folder->is_folder) return missing(path);
  if (state_->sync_fails()) return broken(path, "sync of a folder");
  folder->undurable.clear();
  return {};
}

Result<void> SimulatedDisk::sync_all(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->find(path)) return missing(path);
  const bool fails = state_->sync_fails();
  state_->for_each_inode([&](Inode& inode) {
    if (fails) {
      state_->fail_sync(inode);
    } else {
      inode.make_durable();
      inode.undurable.clear();
    }
  });
  if (fails) return broken(path, "sync of the file system");
  return {};
}

Result<std::uint64_t> SimulatedDisk::free_bytes(const std::string&) {
  const std::lock_guard lock(state_->mutex);
  return state_->free();
}

}  // namespace sluice::io
