#include "deliver/store/s3/s3_probe.h"

#include <random>

#include "deliver/store/s3/s3_xml.h"

namespace sluice::deliver::store::s3 {

namespace {

std::string new_key(const S3Address& address) {
  std::random_device random;
  std::string bytes(16, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return address.prefix + "_sluice-probe-" + hex(bytes);
}

// Precondition: the object is there. What a sensible server answers is 412.
Result<void> must_be_refused(S3Client& client, const S3Request& request) {
  SLUICE_TRY(const auto answer, client.send(request));
  if (answer.web.status == 412 || answer.says("PreconditionFailed")) return {};
  if (!answer.good()) return client.error_of(request, answer);
  return Error{
      .code = ErrorCode::rejected,
      .message =
          client.address().text() + ": this server overwrites in spite of If-None-Match (" + request.method + ")",
      .hint = "nothing can be written exactly once there: use a server, or a version, that heeds conditional writes"};
}

Result<void> prove(S3Client& client, const std::string& key) {
  const S3Request put{.method = "PUT", .key = key, .headers = {{"if-none-match", "*"}}};
  SLUICE_TRY(const auto made, client.send(put));
  if (!made.good() && made.web.status != 412)
    return client.error_of(put, made);  // 412: sent twice, as its answer was lost
  SLUICE_RETURN_IF_ERROR(must_be_refused(client, put));
  SLUICE_TRY(const auto begun, client.ask({.method = "POST", .key = key, .query = {{"uploads", ""}}}));
  SLUICE_TRY(const auto upload, parse_upload_id(begun.body));
  SLUICE_TRY(
      const auto part,
      client.ask({.method = "PUT", .key = key, .query = {{"partNumber", "1"}, {"uploadId", upload}}, .body = "x"}));
  const auto body = completion_of({{1, std::string(part.header("etag").value_or("")), 1}});
  const auto refused =
      must_be_refused(client, {.method = "POST",
                               .key = key,
                               .query = {{"uploadId", upload}},
                               .headers = {{"content-type", "application/xml"}, {"if-none-match", "*"}},
                               .body = body});
  const auto aborted = client.ask({.method = "DELETE", .key = key, .query = {{"uploadId", upload}}});
  if (!refused.ok() || aborted.ok() || aborted.error().code == ErrorCode::not_found) return refused;
  return aborted.error();
}

}  // namespace

bool is_amazon(const S3Address& address) {
  return address.host.ends_with(".amazonaws.com") || address.host.ends_with(".amazonaws.com.cn");
}

Result<void> prove_conditions(S3Client& client) {
  const auto key = new_key(client.address());
  auto proved = prove(client, key);
  const auto removed = client.ask({.method = "DELETE", .key = key});
  if (proved.ok() && !removed.ok() && removed.error().code != ErrorCode::not_found) return removed.error();
  return proved;
}

}  // namespace sluice::deliver::store::s3
