#include "deliver/store/local/local_store.h"

#include <algorithm>
#include <span>
#include <vector>

#include "pipeline/object_name.h"

namespace sluice::deliver::store::local {

namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Discards the file unless it was finished.
class LocalWriter final : public pipeline::StoreWriter {
 public:
  LocalWriter(io::FileSystem& fs, std::shared_ptr<io::File> file, std::string path, std::string id)
      : fs_(fs), file_(std::move(file)), path_(std::move(path)), id_(std::move(id)) {}
  ~LocalWriter() override {
    if (finished_) return;
    file_.reset();
    static_cast<void>(fs_.remove(path_).ok());
  }

  Result<void> append(ByteView bytes) override {
    SLUICE_RETURN_IF_ERROR(file_->write_at(size_, bytes));
    size_ += bytes.size();
    return {};
  }
  Result<std::string> finish() override {
    SLUICE_RETURN_IF_ERROR(file_->sync());
    SLUICE_RETURN_IF_ERROR(fs_.sync_directory(folder_of(path_)));
    finished_ = true;
    return id_;
  }

 private:
  io::FileSystem& fs_;
  std::shared_ptr<io::File> file_;
  std::string path_;
  std::string id_;
  std::uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace

LocalStore::LocalStore(io::FileSystem& fs, std::string root)
    : fs_(fs), root_(root.substr(0, std::max<std::size_t>(1, root.find_last_not_of('/') + 1))) {}
LocalStore::~LocalStore() = default;

std::string LocalStore::path(const std::string& name) const { return name.empty() ? root_ : root_ + "/" + name; }

Result<void> LocalStore::ensure_folder_of(const std::string& name) {
  std::vector<std::string> folders;  // from the innermost outwards
  const std::lock_guard lock(mutex_);
  for (auto folder = folder_of(path(name)); folder.size() >= root_.size(); folder = folder_of(folder)) {
    if (durable_folders_.contains(folder)) break;
    folders.push_back(folder);
  }
  if (folders.empty()) return {};
  if (folders.back() == root_) {  // its parents may be missing, too
    for (auto folder = folder_of(root_);; folder = folder_of(folder)) {
      SLUICE_TRY(const bool there, fs_.exists(folder));
      if (there || folder == folder_of(folder)) break;
      folders.push_back(folder);
    }
  }
  SLUICE_RETURN_IF_ERROR(fs_.create_directories(folders.front()));
  for (const auto& folder : folders) SLUICE_RETURN_IF_ERROR(fs_.sync_directory(folder_of(folder)));
  durable_folders_.insert(folders.begin(), folders.end());
  return {};
}

Result<std::unique_ptr<pipeline::StoreWriter>> LocalStore::create(const std::string& temporary,
                                                                     const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(temporary));
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(temporary));
  auto file = fs_.open(path(temporary), io::OpenMode::create_new);
  if (!file.ok()) {
    if (file.error().code == ErrorCode::not_found) {  // somebody removed a folder: make it again at the next try
      const std::lock_guard lock(mutex_);
      durable_folders_.clear();
    }
    return std::move(file).error();
  }
  return std::unique_ptr<pipeline::StoreWriter>(
      std::make_unique<LocalWriter>(fs_, *std::move(file), path(temporary), temporary));
}

Result<pipeline::Published> LocalStore::publish(const std::string& id, const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(id));
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(name));
  auto outcome = pipeline::Published::now;
  if (auto linked = fs_.link(path(id), path(name)); !linked.ok()) {
    if (linked.error().code == ErrorCode::already_exists) {
      SLUICE_TRY(const bool waits, fs_.exists(path(id)));
      outcome = waits ? pipeline::Published::name_is_taken : pipeline::Published::before;
    } else if (linked.error().code == ErrorCode::not_found) {
      SLUICE_TRY(const bool there, fs_.exists(path(name)));
      if (!there) return std::move(linked).error();
      outcome = pipeline::Published::before;
    } else {
      return std::move(linked).error();
    }
  }
  SLUICE_RETURN_IF_ERROR(fs_.sync_directory(folder_of(path(name))));
  if (outcome == pipeline::Published::now) SLUICE_RETURN_IF_ERROR(remove(id));
  return outcome;
}

Result<void> LocalStore::write_temporary(const std::string& temporary, ByteView bytes) {
  SLUICE_TRY(const auto writer, create(temporary, temporary));
  SLUICE_RETURN_IF_ERROR(writer->append(bytes));
  SLUICE_RETURN_IF_ERROR(writer->finish());
  return {};
}

Result<pipeline::Published> LocalStore::put(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_RETURN_IF_ERROR(write_temporary(temporary, bytes));
  SLUICE_TRY(const auto published, publish(temporary, name));
  if (published == pipeline::Published::name_is_taken) SLUICE_RETURN_IF_ERROR(remove(temporary));
  return published;
}

Result<void> LocalStore::replace(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_RETURN_IF_ERROR(write_temporary(temporary, bytes));
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(name));
  SLUICE_RETURN_IF_ERROR(fs_.rename(path(temporary), path(name)));
  return fs_.sync_directory(folder_of(path(name)));
}

Result<Bytes> LocalStore::read(const std::string& name, std::uint64_t offset, std::size_t size) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_TRY(const auto file, fs_.open(path(name), io::OpenMode::read));
  SLUICE_TRY(const auto total, file->size());
  Bytes out(static_cast<std::size_t>(std::min<std::uint64_t>(size, total - std::min(offset, total))), '\0');
  SLUICE_TRY(const auto got, file->read_at(offset, std::span<char>(out.data(), out.size())));
  out.resize(got);
  return out;
}

Result<std::uint64_t> LocalStore::size(const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_TRY(const auto file, fs_.open(path(name), io::OpenMode::read));
  return file->size();
}

Result<std::vector<pipeline::StoreEntry>> LocalStore::list(const std::string& folder) {
  if (!folder.empty()) SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(folder));
  auto entries = fs_.list(path(folder));
  if (!entries.ok()) {
    if (entries.error().code == ErrorCode::not_found) return std::vector<pipeline::StoreEntry>{};
    return std::move(entries).error();
  }
  std::vector<pipeline::StoreEntry> out;
  for (auto& entry : *entries) out.push_back({std::move(entry.name), entry.is_directory});
  return out;
}

Result<std::vector<pipeline::Leftover>> LocalStore::leftovers(const std::string& temporaries,
                                                              const std::string& /*names*/) {
  SLUICE_TRY(const auto entries, list(temporaries));
  std::vector<pipeline::Leftover> out;
  for (const auto& entry : entries) {
    if (!entry.is_folder) out.push_back({temporaries + "/" + entry.name, entry.name});
  }
  return out;
}

Result<void> LocalStore::remove(const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  auto removed = fs_.remove(path(name));
  if (removed.ok() || removed.error().code == ErrorCode::not_found) return {};
  const auto inside = fs_.list(path(name));  // fails where it is no folder
  if (!inside.ok() || !inside->empty()) return removed;
  {
    const std::lock_guard lock(mutex_);
    durable_folders_.erase(path(name));
  }
  return fs_.remove_all(path(name));
}

}  // namespace sluice::deliver::store::local
