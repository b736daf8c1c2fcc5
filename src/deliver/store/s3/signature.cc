// 1. The canonical request: method, path, sorted query, sorted headers, the names of these, the payload's digest.
// 2. The string to sign: algorithm, time, scope (day/region/service), digest of 1.
// 3. A key of the day, derived from the secret by HMAC over each part of the scope.
// 4. The signature: HMAC of 2 under 3, in the Authorization header.
#include "deliver/store/s3/signature.h"

#include <algorithm>
#include <ctime>

#include "io/digest.h"
#include "io/http.h"

namespace sluice::deliver::store::s3 {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string utc(std::int64_t now_ms, const char* format) {
  const auto seconds = static_cast<std::time_t>(now_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[32];
  return {buffer, std::strftime(buffer, sizeof buffer, format, &parts)};
}

std::string encoded_path(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    out += io::percent_encode(path.substr(at, slash - at));
    if (slash < path.size()) out += '/';
    at = slash + 1;
  }
  return out;
}

std::string encoded_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(io::percent_encode(name), io::percent_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  return out;
}

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string payload_digest(const PlainRequest& request) {
  if (request.https && request.body.size() > kSignedBodyBytes) return "UNSIGNED-PAYLOAD";
  return hex(io::sha256(request.body));
}

Bytes key_of_day(const Credentials& credentials, const std::string& day, const std::string& region) {
  const auto of_day = io::hmac_sha256("AWS4" + credentials.secret_key, day);
  return io::hmac_sha256(io::hmac_sha256(io::hmac_sha256(of_day, region), "s3"), "aws4_request");
}

}  // namespace

io::WebRequest sign(const PlainRequest& request, const Credentials& credentials, const std::string& region,
                    std::int64_t now_ms) {
  const auto time = utc(now_ms, "%Y%m%dT%H%M%SZ");
  const auto scope = time.substr(0, 8) + "/" + region + "/s3/aws4_request";
  const auto path = encoded_path(request.path);
  const auto query = encoded_query(request.query);
  const auto payload = payload_digest(request);

  auto headers = request.headers;
  headers.emplace_back("x-amz-content-sha256", payload);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty()) headers.emplace_back("x-amz-security-token", credentials.session_token);
  Pairs sorted{{"host", request.host}};
  for (const auto& [name, value] : headers) sorted.emplace_back(lower(name), value);
  std::sort(sorted.begin(), sorted.end());
  std::string lines, names;
  for (const auto& [name, value] : sorted) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }

  const auto canonical = request.method + "\n" + path + "\n" + query + "\n" + lines + "\n" + names + "\n" + payload;
  const auto to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(io::sha256(canonical));
  const auto signature = hex(io::hmac_sha256(key_of_day(credentials, time.substr(0, 8), region), to_sign));
  headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                                            ",SignedHeaders=" + names + ",Signature=" + signature);
  return {.method = request.method,
          .url = (request.https ? "https://" : "http://") + request.host + path + (query.empty() ? "" : "?" + query),
          .headers = std::move(headers),
          .body = request.body};
}

}  // namespace sluice::deliver::store::s3
