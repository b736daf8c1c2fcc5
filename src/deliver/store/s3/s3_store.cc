#include "deliver/store/s3/s3_store.h"

#include <algorithm>
#include <charconv>

#include "deliver/store/s3/s3_probe.h"
#include "deliver/store/s3/s3_writer.h"

namespace sluice::deliver::store::s3 {

using pipeline::Published;

namespace {

constexpr std::size_t kKeyBytes = 1024;

// No part begins with a dot or is empty. A control character does not survive XML.
bool can_be_a_name(const std::string& name) {
  bool part_begins = true;
  for (const char c : name) {
    if ((part_begins && (c == '/' || c == '.')) || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    part_begins = c == '/';
  }
  return !part_begins;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

Error not_there(const std::string& what) { return {.code = ErrorCode::not_found, .message = what + " is not there"}; }

}  // namespace

Result<std::unique_ptr<S3Store>> S3Store::create(S3Address address, S3Options options) {
  SLUICE_TRY(auto client, S3Client::create(std::move(address), options.client));
  return std::unique_ptr<S3Store>(new S3Store(std::move(client), std::move(options)));
}

S3Store::S3Store(std::unique_ptr<S3Client> client, S3Options options)
    : client_(std::move(client)), options_(std::move(options)) {}

Result<std::string> S3Store::key_of(const std::string& name) const {
  auto key = client_->address().prefix + name;
  if (can_be_a_name(name) && key.size() <= kKeyBytes) return key;
  return Error{.code = ErrorCode::rejected,
               .message = "\"" + name + "\" cannot be the name of an object in " + where()};
}

Result<std::unique_ptr<pipeline::StoreWriter>> S3Store::create(const std::string&, const std::string& name) {
  SLUICE_TRY(auto key, key_of(name));
  SLUICE_TRY(const auto answer, client_->ask({.method = "POST", .key = key, .query = {{"uploads", ""}}}));
  SLUICE_TRY(auto upload, parse_upload_id(answer.body));
  return std::unique_ptr<pipeline::StoreWriter>(
      std::make_unique<S3Writer>(*client_, workers_, std::move(key), UploadId{std::move(upload), name}, options_.part_bytes));
}

Result<std::vector<Part>> S3Store::parts_of(const std::string& key, const std::string& upload) {
  std::vector<Part> parts;
  std::string marker;
  while (true) {
    S3Request request{
        .method = "GET", .key = key, .query = {{"uploadId", upload}, {"max-parts", std::to_string(options_.page)}}};
    if (!marker.empty()) request.query.emplace_back("part-number-marker", marker);
    SLUICE_TRY(const auto answer, client_->ask(request));
    SLUICE_TRY(auto page, parse_parts(answer.body));
    std::move(page.parts.begin(), page.parts.end(), std::back_inserter(parts));
    if (!page.next) return parts;
    if (*page.next == marker)
      return Error{.code = ErrorCode::corrupt, .message = where() + ": a listing that does not end"};
    marker = *page.next;
  }
}

// 1. The parts of the upload. There is none such: it was completed or discarded, and the name says which.
// 2. Complete it, if the name is free. Refused, or an answer that was lost: ask again from 1, so that an upload which
// is
//    gone by now reads as what it is. (Amazon may answer 412 to the repetition of a completion that it did.)
Result<Published> S3Store::publish(const std::string& id, const std::string& name) {
  SLUICE_TRY(const auto key, key_of(name));
  SLUICE_TRY(const auto mine, UploadId::parse(id));
  if (mine.name != name) {
    return Error{.code = ErrorCode::rejected, .message = "the upload for " + mine.name + " cannot become " + name};
  }
  SLUICE_RETURN_IF_ERROR(ensure_conditions_are_heeded());
  const auto parts = parts_of(key, mine.upload);
  if (!parts.ok()) return parts.error().code == ErrorCode::not_found ? after_lost_upload(name) : parts.error();
  const auto body = completion_of(*parts);
  const S3Request request{.method = "POST",
                          .key = key,
                          .query = {{"uploadId", mine.upload}},
                          .headers = {{"content-type", "application/xml"}, {"if-none-match", "*"}},
                          .body = body};
  SLUICE_TRY(const auto answer, client_->send(request));
  if (answer.web.status == 412 || answer.says("PreconditionFailed")) {
    const auto still = parts_of(key, mine.upload);
    if (still.ok()) return Published::name_is_taken;
    return still.error().code == ErrorCode::not_found ? after_lost_upload(name) : still.error();
  }
  if (answer.says("NoSuchUpload")) return after_lost_upload(name);
  if (!answer.good()) return client_->error_of(request, answer);
  return Published::now;
}

Result<Published> S3Store::after_lost_upload(const std::string& name) {
  const auto there = size(name);
  if (there.ok()) return Published::before;
  return there.error().code == ErrorCode::not_found ? not_there("neither the upload nor " + where() + "/" + name)
                                                    : there.error();
}

Result<void> S3Store::ensure_conditions_are_heeded() {
  if (conditions_are_heeded_ || is_amazon(client_->address())) return {};
  SLUICE_RETURN_IF_ERROR(prove_conditions(*client_));
  conditions_are_heeded_ = true;
  return {};
}

Result<Published> S3Store::put(const std::string&, const std::string& name, ByteView bytes) {
  SLUICE_TRY(const auto key, key_of(name));
  SLUICE_RETURN_IF_ERROR(ensure_conditions_are_heeded());
  const S3Request request{.method = "PUT", .key = key, .headers = {{"if-none-match", "*"}}, .body = bytes};
  SLUICE_TRY(const auto answer, client_->send(request));
  if (answer.web.status == 412) return Published::name_is_taken;
  if (!answer.good()) return client_->error_of(request, answer);
  return Published::now;
}

Result<void> S3Store::replace(const std::string&, const std::string& name, ByteView bytes) {
  SLUICE_TRY(const auto key, key_of(name));
  SLUICE_RETURN_IF_ERROR(client_->ask({.method = "PUT", .key = key, .body = bytes}));
  return {};
}

Result<Bytes> S3Store::read(const std::string& name, std::uint64_t offset, std::size_t size) {
  SLUICE_TRY(const auto key, key_of(name));
  const auto last = offset + std::max<std::size_t>(size, 1) - 1;
  const S3Request request{.method = "GET",
                          .key = key,
                          .headers = {{"range", "bytes=" + std::to_string(offset) + "-" + std::to_string(last)}}};
  SLUICE_TRY(auto answer, client_->send(request));
  if (answer.web.status == 416) return Bytes();  // behind the end
  if (!answer.good()) return client_->error_of(request, answer);
  auto& body = answer.web.body;
  if (answer.web.status == 200)
    body.erase(0, std::min<std::uint64_t>(offset, body.size()));  // the server knows no ranges
  body.resize(std::min(body.size(), size));
  return std::move(body);
}

Result<std::uint64_t> S3Store::size(const std::string& name) {
  SLUICE_TRY(const auto key, key_of(name));
  const auto answer = client_->ask({.method = "HEAD", .key = key});
  if (!answer.ok()) {
    // A HEAD has no body to say whether it is the object or the whole bucket that is not there.
    if (answer.error().code == ErrorCode::not_found) SLUICE_RETURN_IF_ERROR(read(name, 0, 1));
    return answer.error();
  }
  const auto text = answer->header("content-length").value_or("");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Error{.code = ErrorCode::corrupt, .message = where() + "/" + name + ": an answer without a length"};
  }
  return bytes;
}

Result<std::uint64_t> S3Store::temporary_size(const std::string& id) {
  SLUICE_TRY(const auto upload, UploadId::parse(id));
  SLUICE_TRY(const auto key, key_of(upload.name));
  SLUICE_TRY(const auto parts, parts_of(key, upload.upload));
  std::uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part.size;
  return bytes;
}

Result<std::vector<pipeline::StoreEntry>> S3Store::list(const std::string& folder) {
  if (!folder.empty()) SLUICE_RETURN_IF_ERROR(key_of(folder));
  const auto prefix = client_->address().prefix + folder + (folder.empty() ? "" : "/");
  std::vector<pipeline::StoreEntry> out;
  std::string token;
  while (true) {
    S3Request request{
        .method = "GET",
        .query = {
            {"list-type", "2"}, {"prefix", prefix}, {"delimiter", "/"}, {"max-keys", std::to_string(options_.page)}}};
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    SLUICE_TRY(const auto answer, client_->ask(request));
    SLUICE_TRY(const auto page, parse_objects(answer.body));
    const auto add = [&](std::string key, bool is_folder) {
      if (is_folder && key.ends_with('/')) key.pop_back();
      if (key.size() > prefix.size() && key.starts_with(prefix)) out.push_back({key.substr(prefix.size()), is_folder});
    };
    for (const auto& key : page.keys) add(key, false);
    for (const auto& key : page.prefixes) add(key, true);
    if (!page.next) return out;
    if (*page.next == token)
      return Error{.code = ErrorCode::corrupt, .message = where() + ": a listing that does not end"};
    token = *page.next;
  }
}

Result<std::vector<pipeline::Leftover>> S3Store::leftovers(const std::string&, const std::string& names) {
  const auto& root = client_->address().prefix;
  std::vector<pipeline::Leftover> out;
  UploadPage::Upload marker;
  while (true) {
    S3Request request{
        .method = "GET",
        .query = {{"uploads", ""}, {"prefix", root + names}, {"max-uploads", std::to_string(options_.page)}}};
    if (!marker.key.empty()) request.query.emplace_back("key-marker", marker.key);
    if (!marker.id.empty()) request.query.emplace_back("upload-id-marker", marker.id);
    SLUICE_TRY(const auto answer, client_->ask(request));
    SLUICE_TRY(const auto page, parse_uploads(answer.body));
    for (const auto& one : page.uploads) {
      if (!one.key.starts_with(root + names) || !can_be_a_name(one.key.substr(root.size()))) continue;  // not ours
      const auto name = one.key.substr(root.size());
      out.push_back({UploadId{one.id, name}.text(), last_part(name)});
    }
    if (!page.next) return out;
    if (page.next->key == marker.key && page.next->id == marker.id) {
      return Error{.code = ErrorCode::corrupt, .message = where() + ": a listing that does not end"};
    }
    marker = *page.next;
  }
}

Result<void> S3Store::remove(const std::string& name) {
  SLUICE_TRY(const auto key, key_of(name));
  const auto removed = client_->ask({.method = "DELETE", .key = key});
  if (removed.ok() || removed.error().code == ErrorCode::not_found) return {};
  return removed.error();
}

Result<void> S3Store::discard(const std::string& id) {
  SLUICE_TRY(const auto upload, UploadId::parse(id));
  SLUICE_TRY(const auto key, key_of(upload.name));
  const auto ended = client_->ask({.method = "DELETE", .key = key, .query = {{"uploadId", upload.upload}}});
  if (ended.ok() || ended.error().code == ErrorCode::not_found) return {};
  return ended.error();
}

}  // namespace sluice::deliver::store::s3
