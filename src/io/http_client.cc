#include "io/http_client.h"

#include "io/http_auth.h"
#include "io/web_client.h"

namespace sluice::io {
namespace {

Error no_url(std::string_view text) {
  const auto at = text.rfind('@');  // what stands before may be a password
  return {ErrorCode::rejected, "'" + std::string(text.substr(at == std::string_view::npos ? 0 : at + 1)) + "' is not a URL", "",
          "write http://HOST:PORT, https://HOST:PORT or https://USER:PASSWORD@HOST:PORT"};
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text) {
  const auto whole = text;
  HttpUrl url;
  url.tls = text.starts_with("https://");
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!url.tls && !text.starts_with("http://")) return no_url(whole);
    text.remove_prefix(scheme + 3);
  }
  const auto slash = std::min(text.find('/'), text.size());
  auto host = text.substr(0, slash);
  url.prefix = text.substr(slash);
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  if (const auto at = host.rfind('@'); at != std::string_view::npos) {
    const auto colon = std::min(host.find(':'), at);
    url.user = percent_decode(host.substr(0, colon));
    url.password = percent_decode(host.substr(std::min(colon + 1, at), at - std::min(colon + 1, at)));
    host.remove_prefix(at + 1);
  }
  if (host.empty()) return no_url(whole);
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');  // of "[::1]": colons before it are the address's
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  auto address = parse_address(has_port ? std::string(host) : std::string(host) + (url.tls ? ":443" : ":80"));
  if (!address.ok()) return no_url(whole);
  url.address = std::move(address).value();
  return url;
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) const {
  WebClientOptions options;
  options.connect_timeout_ms = options_.connect_timeout_ms;
  options.idle_timeout_ms = options_.timeout_ms;
  options.max_body_bytes = options_.max_body_bytes;
  options.ca_file = options_.ca_file;
  options.cert_file = options_.cert_file;
  options.key_file = options_.key_file;
  SLUICE_TRY(const auto client, WebClient::create(std::move(options)));
  WebRequest web{.method = request.method, .url = url_.text() + request.target, .headers = request.headers, .body = request.body};
  if (!url_.user.empty()) web.headers.emplace_back("Authorization", basic_authorization({url_.user, url_.password}));
  SLUICE_TRY(auto got, client->send(web));
  HttpResponse answer{.status = got.status, .content_type = std::string(got.header("content-type").value_or("")), .body = std::move(got.body), .headers = {}};
  answer.headers = std::move(got.headers);
  return answer;
}

Result<HttpResponse> HttpClient::get(const std::string& target) const { return send({"GET", target, {}, {}}); }

Result<HttpResponse> HttpClient::post(const std::string& target, std::string body, const std::string& content_type) const {
  return send({"POST", target, {{"Content-Type", content_type}}, std::move(body)});
}

}  // namespace sluice::io
