// How a publish ends rightly whatever happens on the way:
//
// 1. RENAME from the temporary to the name. A success is a success.
// 2. A refusal, and an answer that never came, are told apart by what is there now, the temporary and the name:
//
//      temporary  name     then
//      yes        yes      name_is_taken: no RENAME that is still on its way can succeed any more
//      no         yes      before: this call's RENAME, or an earlier one
//      no         no       not_found
//      yes        no       not done: the error is told, and the caller tries again; a refusal without one means that the
//                          name's folder is gone, so it is made and the RENAME tried once more
#include "deliver/store/hdfs/hdfs_store.h"

#include <chrono>
#include <thread>

#include "deliver/store/hdfs/hdfs_writer.h"
#include "deliver/store/hdfs/web_hdfs.h"
#include "pipeline/object_name.h"

namespace sluice::deliver::store::hdfs {

using pipeline::Published;

namespace {

// While a name is replaced by way of HttpFS it is not there for the time of two requests.
constexpr int kLooksForReplaced = 5;
constexpr auto kReplacePause = std::chrono::milliseconds(20);

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What is at both ends of a RENAME, after it.
struct Ends {
  bool temporary = false;
  bool name = false;
  bool folder = false;  // the name is a folder's

  [[nodiscard]] bool is_done() const { return !temporary && name && !folder; }
};

Result<Ends> look(WebHdfs& hdfs, const std::string& from, const std::string& to) {
  SLUICE_TRY(const auto source, hdfs.status(from));
  SLUICE_TRY(const auto target, hdfs.status(to));
  return Ends{source.has_value(), target.has_value(), target && target->is_folder};
}

Error not_done(const std::string& from, const std::string& to) {
  return {ErrorCode::back_off, "RENAME of " + from + " to " + to + ": it was refused without a reason", "",
          "it is tried again"};
}

}  // namespace

HdfsStore::HdfsStore(std::unique_ptr<io::WebClient> client, std::unique_ptr<WebHdfs> hdfs)
    : client_(std::move(client)), hdfs_(std::move(hdfs)) {}
HdfsStore::~HdfsStore() = default;

Result<std::unique_ptr<HdfsStore>> HdfsStore::open(std::string_view url, io::WebClientOptions options) {
  SLUICE_TRY(const auto parsed, parse_hdfs_url(url));
  options.ca_file = parsed.ca_file;
  SLUICE_TRY(auto client, io::WebClient::create(std::move(options)));
  return open(url, std::move(client));
}

Result<std::unique_ptr<HdfsStore>> HdfsStore::open(std::string_view url, std::unique_ptr<io::WebClient> client) {
  SLUICE_TRY(auto parsed, parse_hdfs_url(url));
  auto hdfs = std::make_unique<WebHdfs>(*client, std::move(parsed));
  return std::unique_ptr<HdfsStore>(new HdfsStore(std::move(client), std::move(hdfs)));
}

std::string HdfsStore::where() const { return hdfs_->url().where(); }

std::string HdfsStore::path(const std::string& name) const {
  const auto& root = hdfs_->url().root;
  return name.empty() && !root.empty() ? root : root + "/" + name;
}

Error HdfsStore::not_found(const std::string& name) const {
  return {ErrorCode::not_found, "there is no object " + where() + "/" + name};
}

Result<void> HdfsStore::ensure_folder_of(const std::string& path) {
  const auto folder = folder_of(path);
  {
    const std::lock_guard lock(mutex_);
    if (folder.empty() || folders_.contains(folder)) return {};
  }
  SLUICE_RETURN_IF_ERROR(hdfs_->make_folder(folder));
  const std::lock_guard lock(mutex_);
  folders_.insert(folder);
  return {};
}

void HdfsStore::forget_folders() {
  const std::lock_guard lock(mutex_);
  folders_.clear();
}

Result<std::unique_ptr<pipeline::StoreWriter>> HdfsStore::create(const std::string& temporary, const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(temporary));
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(path(temporary)));
  return std::unique_ptr<pipeline::StoreWriter>(std::make_unique<HdfsWriter>(*hdfs_, path(temporary), temporary));
}

Result<std::optional<Published>> HdfsStore::publish_once(const std::string& from, const std::string& to) {
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(to));
  if (hdfs_->url().gateway) {  // its RENAME would move the file into a folder of that name
    SLUICE_TRY(const auto target, hdfs_->status(to));
    if (target && target->is_folder) return std::optional(Published::name_is_taken);
  }
  const auto renamed = hdfs_->rename(from, to, false);
  if (renamed.ok() && *renamed) return std::optional(Published::now);
  const auto ends = look(*hdfs_, from, to);
  if (!ends.ok()) return renamed.ok() ? ends.error() : renamed.error();
  if (ends->is_done()) return std::optional(Published::before);
  if (ends->temporary && ends->name) return std::optional(Published::name_is_taken);
  if (!ends->temporary) return Error{ErrorCode::not_found, "neither " + from + " nor " + to + " is there", where()};
  if (!renamed.ok()) return renamed.error();
  return std::optional<Published>();
}

Result<Published> HdfsStore::publish(const std::string& id, const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(id));
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  for (int i = 0; i < 2; ++i) {
    SLUICE_TRY(const auto published, publish_once(path(id), path(name)));
    if (published) return *published;
    forget_folders();
  }
  return not_done(path(id), path(name));
}

Result<void> HdfsStore::write(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_TRY(const auto writer, create(temporary, name));
  SLUICE_RETURN_IF_ERROR(writer->append(bytes));
  SLUICE_TRY(const auto id, writer->finish());
  return {};
}

Result<Published> HdfsStore::put(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_RETURN_IF_ERROR(write(temporary, name, bytes));
  auto published = publish(temporary, name);
  if (published.ok() && *published == Published::name_is_taken) SLUICE_RETURN_IF_ERROR(discard(temporary));
  return published;
}

// Between the two requests the name is not there. A crash in between leaves it so until the next replace(); what it would
// have become is still there as a temporary.
Result<bool> HdfsStore::remove_and_rename(const std::string& from, const std::string& to) {
  SLUICE_TRY(const auto ends, look(*hdfs_, from, to));
  if (!ends.temporary || ends.folder) return false;  // a RENAME that arrived twice is refused the second time
  SLUICE_RETURN_IF_ERROR(hdfs_->remove(to));
  return hdfs_->rename(from, to, true);
}

Result<bool> HdfsStore::replace_once(const std::string& from, const std::string& to) {
  SLUICE_RETURN_IF_ERROR(ensure_folder_of(to));
  auto renamed = hdfs_->rename(from, to, true);
  if (renamed.ok() && !*renamed && hdfs_->url().gateway) renamed = remove_and_rename(from, to);
  if (renamed.ok() && *renamed) return true;
  const auto ends = look(*hdfs_, from, to);
  if (ends.ok() && ends->is_done()) return true;
  if (!renamed.ok()) return renamed.error();
  if (!ends.ok()) return ends.error();
  if (ends->folder) {
    return Error{ErrorCode::rejected, "RENAME of " + from + " to " + to + ": a folder has that name", where()};
  }
  return false;
}

Result<void> HdfsStore::replace(const std::string& temporary, const std::string& name, ByteView bytes) {
  SLUICE_RETURN_IF_ERROR(write(temporary, name, bytes));
  for (int i = 0; i < 2; ++i) {
    SLUICE_TRY(const bool replaced, replace_once(path(temporary), path(name)));
    if (replaced) return {};
    forget_folders();
  }
  return not_done(path(temporary), path(name));
}

Result<Bytes> HdfsStore::read(const std::string& name, std::uint64_t offset, std::size_t size) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  for (int looks = 1;; ++looks) {
    auto bytes = size == 0 ? this->size(name).transform([](std::uint64_t) { return Bytes(); })
                           : hdfs_->read(path(name), offset, size);
    if (bytes.ok() || bytes.error().code != ErrorCode::not_found) return bytes;
    if (!hdfs_->url().gateway || looks == kLooksForReplaced) return not_found(name);
    std::this_thread::sleep_for(kReplacePause);
  }
}

Result<std::uint64_t> HdfsStore::size(const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  SLUICE_TRY(const auto status, hdfs_->status(path(name)));
  if (!status || status->is_folder) return not_found(name);
  return status->length;
}

Result<std::vector<pipeline::StoreEntry>> HdfsStore::list(const std::string& folder) {
  if (!folder.empty()) SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(folder));
  SLUICE_TRY(auto statuses, hdfs_->list(path(folder)));
  std::vector<pipeline::StoreEntry> out;
  for (auto& status : statuses) out.push_back({std::move(status.name), status.is_folder});
  return out;
}

Result<std::vector<pipeline::Leftover>> HdfsStore::leftovers(const std::string& temporaries, const std::string& /*names*/) {
  SLUICE_TRY(auto entries, list(temporaries));
  std::vector<pipeline::Leftover> out;
  for (auto& entry : entries) {
    if (!entry.is_folder) out.push_back({temporaries + "/" + entry.name, std::move(entry.name)});
  }
  return out;
}

Result<void> HdfsStore::remove(const std::string& name) {
  SLUICE_RETURN_IF_ERROR(pipeline::check_object_name(name));
  return hdfs_->remove(path(name));
}

}  // namespace sluice::deliver::store::hdfs
