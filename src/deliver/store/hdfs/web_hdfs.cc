#include "deliver/store/hdfs/web_hdfs.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sluice::deliver::store::hdfs {

namespace {

namespace json = boost::json;

constexpr std::size_t kPieceBytes = std::size_t{64} << 20;  // of a read: an answer is held in memory
constexpr int kDataNodesTried = 3;
constexpr std::string_view kRefused = "refused";  // WebClient's word: the connection was never made

Error not_hadoop(const std::string& what) {
  return {ErrorCode::corrupt, what + ": the answer is not WebHDFS's", "",
          "is a proxy in between, or another server at that port?"};
}

Result<json::object> object_of(const io::WebAnswer& answer, const std::string& what) {
  boost::system::error_code error;
  auto value = json::parse(answer.body, error);
  if (error || !value.is_object()) return not_hadoop(what);
  return std::move(value).as_object();
}

// The object below `names`, one in the other; null when there is none.
const json::value* below(const json::object& whole, std::initializer_list<std::string_view> names) {
  const json::object* at = &whole;
  const json::value* found = nullptr;
  for (const auto name : names) {
    found = at == nullptr ? nullptr : at->if_contains(name);
    at = found == nullptr ? nullptr : found->if_object();
  }
  return found;
}

std::optional<FileStatus> status_of(const json::value& value) {
  const auto* fields = value.if_object();
  const auto* name = fields == nullptr ? nullptr : fields->if_contains("pathSuffix");
  const auto* type = fields == nullptr ? nullptr : fields->if_contains("type");
  const auto* length = fields == nullptr ? nullptr : fields->if_contains("length");
  if (name == nullptr || type == nullptr || length == nullptr) return std::nullopt;
  if (!name->is_string() || !type->is_string() || !length->is_int64() || length->get_int64() < 0) return std::nullopt;
  return FileStatus{std::string(name->get_string()), type->get_string() == "DIRECTORY",
                    static_cast<std::uint64_t>(length->get_int64())};
}

Result<std::vector<FileStatus>> statuses_of(const json::value* list, const std::string& what) {
  if (list == nullptr || !list->is_array()) return not_hadoop(what);
  std::vector<FileStatus> out;
  for (const auto& item : list->get_array()) {
    auto status = status_of(item);
    if (!status) return not_hadoop(what);
    out.push_back(*std::move(status));
  }
  return out;
}

// {"boolean":true}; the success of newer operations has no body at all.
Result<bool> boolean_of(const io::WebAnswer& answer, const std::string& what) {
  if (answer.body.empty()) return true;
  SLUICE_TRY(const auto whole, object_of(answer, what));
  const auto* value = whole.if_contains("boolean");
  if (value == nullptr || !value->is_bool()) return not_hadoop(what);
  return value->get_bool();
}

// LISTSTATUS of a file gives that file, without a name.
void drop_the_path_itself(std::vector<FileStatus>& list) {
  std::erase_if(list, [](const FileStatus& one) { return one.name.empty(); });
}

std::string host_of(std::string_view url) {
  const auto begin = std::min(url.find("://"), url.size());
  const auto rest = url.substr(std::min(begin + 3, url.size()));
  return std::string(rest.substr(0, rest.find_first_of("/?")));
}

Operation without(Operation operation, const std::string& data_nodes) {
  if (!data_nodes.empty()) operation.parameters.emplace_back("excludedatanodes", data_nodes);
  return operation;
}

Error of_data_node(const Error& error, const Asked& asked) {
  auto out = refusal_of(error, asked).error;
  if (error.detail == kRefused && !asked.node.starts_with("HttpFS")) {
    out.hint = "the NameNode sends us there: is the DataNode running, and can it be reached by that name from here?";
  }
  return out;
}

}  // namespace

Result<void> FileUpload::write(ByteView bytes) {
  const auto written = upload_->write(bytes);
  if (written.ok()) return {};
  if (written.error().code != ErrorCode::rejected) return of_data_node(written.error(), asked_);
  const auto answer = upload_->finish();  // it has answered already: it says why
  if (!answer.ok()) return of_data_node(answer.error(), asked_);
  return refusal_of(*answer, asked_).error;
}

Result<void> FileUpload::finish() {
  const auto answer = upload_->finish();
  if (!answer.ok()) return of_data_node(answer.error(), asked_);
  if (answer->status != 201 && answer->status != 200) return refusal_of(*answer, asked_).error;
  return {};
}

Result<void> WebHdfs::make_folder(const std::string& path) {
  const auto answer = name_nodes_.ask({"PUT", "MKDIRS", path});
  if (answer.ok()) {
    SLUICE_TRY(const bool made, boolean_of(*answer, "MKDIRS of " + path));
    if (made) return {};
    return Error{ErrorCode::back_off, "MKDIRS of " + path + " at " + name_nodes_.current() + ": it did not make the folder"};
  }
  auto error = answer.error();
  if (error.code == ErrorCode::already_exists) {
    error.code = ErrorCode::rejected;
    error.hint = "a file has the folder's name: move it away, or choose another folder";
  }
  return error;
}

std::string WebHdfs::data_node(std::string_view location) const {
  return (url().gateway ? "HttpFS " : "DataNode ") + host_of(location);  // a gateway sends us to itself
}

Result<WebHdfs::DataPlace> WebHdfs::data_place(const Operation& operation) {
  SLUICE_TRY(const auto answer, name_nodes_.ask(operation));
  const auto location = answer.header("location");
  const auto what = operation.name + " of " + operation.path + " at " + name_nodes_.current();
  if (answer.status < 300 || !location) return not_hadoop(what);
  return DataPlace{std::string(*location), {operation.name, operation.path, data_node(*location)}};
}

// `refused_by`: the DataNode that did not take the connection, so that nothing was done.
Result<FileUpload> WebHdfs::begin(const Operation& operation, ByteView first, std::string& refused_by) {
  SLUICE_TRY(auto place, data_place(operation));
  const io::WebRequest request{
      "PUT", place.url, {{kNoForgery.first, kNoForgery.second}, {"Content-Type", "application/octet-stream"}}};
  auto upload = client_.upload(request, std::nullopt);
  if (!upload.ok()) return of_data_node(upload.error(), place.asked);
  FileUpload file(*std::move(upload), place.asked);
  if (const auto written = file.write(first); !written.ok()) {
    if (written.error().detail == kRefused) refused_by = host_of(place.url);
    return written.error();
  }
  return file;
}

Result<FileUpload> WebHdfs::create(const std::string& path, ByteView first) {
  // SYNC_BLOCK: else a block that is reported written may be in the DataNodes' memory only. HttpFS does not know it, and
  // has other permissions by default.
  const Operation operation{"PUT", "CREATE", path,
                            {{"overwrite", "false"}, {"createflag", "CREATE,SYNC_BLOCK"}, {"permission", "644"}}};
  std::string left_out;
  for (int i = 1;; ++i) {
    std::string refused_by;
    auto file = begin(without(operation, left_out), first, refused_by);
    if (file.ok() || refused_by.empty() || i == kDataNodesTried) return file;
    left_out += (left_out.empty() ? "" : ",") + refused_by;
  }
}

Result<bool> WebHdfs::rename(const std::string& path, const std::string& to, bool overwrite) {
  // Without an option a destination that is a folder would take the file in. HttpFS knows no options and answers as if
  // there were none.
  const auto answer =
      name_nodes_.ask({"PUT", "RENAME", path, {{"destination", to}, {"renameoptions", overwrite ? "OVERWRITE" : "NONE"}}});
  if (answer.ok()) return boolean_of(*answer, "RENAME of " + path);
  const auto code = answer.error().code;
  if (code == ErrorCode::already_exists || code == ErrorCode::not_found) return false;
  return answer.error();
}

Result<std::optional<FileStatus>> WebHdfs::status(const std::string& path) {
  const auto answer = name_nodes_.ask({"GET", "GETFILESTATUS", path});
  if (!answer.ok()) {
    if (answer.error().code == ErrorCode::not_found) return std::optional<FileStatus>();
    return answer.error();
  }
  const auto what = "GETFILESTATUS of " + path;
  SLUICE_TRY(const auto whole, object_of(*answer, what));
  const auto* fields = whole.if_contains("FileStatus");
  auto status = fields == nullptr ? std::nullopt : status_of(*fields);
  if (!status) return not_hadoop(what);
  return status;
}

// None when the server does not know the operation.
Result<std::optional<std::vector<FileStatus>>> WebHdfs::list_by_pages(const std::string& path) {
  std::vector<FileStatus> out;
  Operation operation{"GET", "LISTSTATUS_BATCH", path};
  const auto what = operation.name + " of " + path;
  while (true) {
    const auto answer = name_nodes_.ask(operation);
    if (!answer.ok() && answer.error().code == ErrorCode::rejected) return std::optional<std::vector<FileStatus>>();
    if (!answer.ok()) return answer.error();
    SLUICE_TRY(const auto whole, object_of(*answer, what));
    const auto* list = below(whole, {"DirectoryListing", "partialListing", "FileStatuses", "FileStatus"});
    SLUICE_TRY(auto page, statuses_of(list, what));
    const auto* remaining = below(whole, {"DirectoryListing", "remainingEntries"});
    std::ranges::move(page, std::back_inserter(out));
    const bool is_last = remaining == nullptr || !remaining->is_int64() || remaining->get_int64() == 0 || page.empty();
    if (is_last) return std::optional(std::move(out));
    operation.parameters = {{"startAfter", out.back().name}};
  }
}

Result<std::vector<FileStatus>> WebHdfs::list(const std::string& path) {
  // HttpFS, asked for a later page, gives the first again.
  if (!url().gateway && !no_pages_) {
    auto pages = list_by_pages(path);
    if (!pages.ok() && pages.error().code == ErrorCode::not_found) return std::vector<FileStatus>{};
    if (!pages.ok()) return std::move(pages).error();
    if (*pages) return drop_the_path_itself(**pages), **std::move(pages);
    no_pages_ = true;
  }
  const auto answer = name_nodes_.ask({"GET", "LISTSTATUS", path});
  if (!answer.ok() && answer.error().code == ErrorCode::not_found) return std::vector<FileStatus>{};
  if (!answer.ok()) return answer.error();
  const auto what = "LISTSTATUS of " + path;
  SLUICE_TRY(const auto whole, object_of(*answer, what));
  SLUICE_TRY(auto list, statuses_of(below(whole, {"FileStatuses", "FileStatus"}), what));
  drop_the_path_itself(list);
  return list;
}

Result<Bytes> WebHdfs::fetch(const Operation& operation, std::string& refused_by) {
  SLUICE_TRY(auto answer, name_nodes_.ask(operation));
  const auto location = answer.header("location");
  if (answer.status < 300 || !location) return std::move(answer.body);
  const Asked asked{operation.name, operation.path, data_node(*location)};
  auto data = client_.send({"GET", std::string(*location), {{kNoForgery.first, kNoForgery.second}}});
  if (!data.ok()) {
    if (data.error().detail == kRefused) refused_by = host_of(*location);
    return of_data_node(data.error(), asked);
  }
  if (data->status != 200) return refusal_of(*data, asked).error;
  return std::move(data->body);
}

Result<Bytes> WebHdfs::read_piece(const std::string& path, std::uint64_t offset, std::size_t size) {
  const Operation operation{"GET", "OPEN", path, {{"offset", std::to_string(offset)}, {"length", std::to_string(size)}}};
  std::string left_out;
  for (int i = 1;; ++i) {
    std::string refused_by;
    auto bytes = fetch(without(operation, left_out), refused_by);
    if (bytes.ok() && bytes->size() > size) return not_hadoop("OPEN of " + path);
    if (bytes.ok() || refused_by.empty() || i == kDataNodesTried) return bytes;
    left_out += (left_out.empty() ? "" : ",") + refused_by;
  }
}

Result<Bytes> WebHdfs::read(const std::string& path, std::uint64_t offset, std::size_t size) {
  Bytes out;
  while (out.size() < size) {
    const auto wanted = std::min(kPieceBytes, size - out.size());
    auto piece = read_piece(path, offset + out.size(), wanted);
    if (!piece.ok()) {
      if (piece.error().code == ErrorCode::not_found) return piece;
      // Beyond the end is an error there, of a kind that others share.
      const auto there = status(path);
      const bool at_end = there.ok() && *there && !(*there)->is_folder && offset + out.size() >= (*there)->length;
      if (!at_end) return piece;
      return out;
    }
    const bool is_last = piece->size() < wanted;
    out = out.empty() ? *std::move(piece) : std::move(out) + *piece;
    if (is_last) return out;
  }
  return out;
}

Result<void> WebHdfs::remove(const std::string& path) {
  const auto answer = name_nodes_.ask({"DELETE", "DELETE", path, {{"recursive", "false"}}});
  if (answer.ok() || answer.error().code == ErrorCode::not_found) return {};
  return answer.error();
}

}  // namespace sluice::deliver::store::hdfs
