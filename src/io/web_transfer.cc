#include "io/web_transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "io/clock.h"

namespace sluice::io {

namespace {

constexpr long kBufferBytes = 256L << 10;

// For messages: without user and password, and without the query, where tokens are.
std::string shown(std::string_view url) {
  auto text = std::string(url.substr(0, url.find_first_of("?#")));
  const auto scheme = text.find("://");
  const auto from = scheme == std::string::npos ? 0 : scheme + 3;
  const auto at = text.substr(from, text.find('/', from) - from).rfind('@');
  return at == std::string::npos ? text : text.erase(from, at + 1);
}

// Loopback, and the link-local address where clouds tell an instance its credentials: never by way of a proxy.
bool is_beside_us(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), &curl_url_cleanup);
  char* host = nullptr;
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  if (curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
  const std::string name = host;
  curl_free(host);
  return name == "localhost" || name == "[::1]" || name.starts_with("127.") || name.starts_with("169.254.");
}

Error of_certificate(CURLcode code, std::string message) {
  return {ErrorCode::rejected, std::move(message), curl_easy_strerror(code),
          "check the server's certificate and name; authorities of your own are given as a CA file"};
}

template <typename T>
void set(CURL* handle, CURLoption option, T value) {
  curl_easy_setopt(handle, option, value);
}

}  // namespace

struct WebTransfer::Callbacks {
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<WebTransfer*>(self);
    transfer.too_large_ = transfer.answer_.body.size() + size > transfer.options_.max_body_bytes;
    if (transfer.too_large_) return 0;
    transfer.answer_.body.append(bytes, size);
    return size;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& headers = static_cast<WebTransfer*>(self)->answer_.headers;
    std::string_view line(bytes, size);
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) headers.clear();  // of a "100 Continue" before
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ', colon + 1)));
    headers.emplace_back(std::move(name), std::string(line));
    return size;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
    auto& transfer = *static_cast<WebTransfer*>(self);
    if (down + up != transfer.moved_) transfer.now_moved();
    transfer.moved_ = down + up;
    transfer.silent_ = system_clock().steady_ms() - transfer.moved_at_ms_ > transfer.options_.idle_timeout_ms;
    return transfer.silent_ ? 1 : 0;
  }
};

static_assert(sizeof(std::array<char, CURL_ERROR_SIZE>) == 256);

WebTransfer::~WebTransfer() {
  curl_easy_reset(handle_);
  curl_slist_free_all(headers_);
}

void WebTransfer::now_moved() { moved_at_ms_ = system_clock().steady_ms(); }

void WebTransfer::prepare(const WebRequest& request) {
  what_ = request.method + " " + shown(request.url);
  set(handle_, CURLOPT_URL, request.url.c_str());
  set(handle_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (is_beside_us(request.url)) set(handle_, CURLOPT_PROXY, "");
  set_headers(request);
  set_limits();
  set(handle_, CURLOPT_WRITEFUNCTION, &Callbacks::on_body);
  set(handle_, CURLOPT_WRITEDATA, this);
  set(handle_, CURLOPT_HEADERFUNCTION, &Callbacks::on_header);
  set(handle_, CURLOPT_HEADERDATA, this);
  set(handle_, CURLOPT_XFERINFOFUNCTION, &Callbacks::on_progress);
  set(handle_, CURLOPT_XFERINFODATA, this);
  set(handle_, CURLOPT_NOPROGRESS, 0L);
  set(handle_, CURLOPT_ERRORBUFFER, reason_.data());
  now_moved();
}

void WebTransfer::set_body(const WebRequest& request) {
  if (request.method == "HEAD") return set(handle_, CURLOPT_NOBODY, 1L);
  if (request.body.empty() && request.method != "PUT" && request.method != "POST") return;
  set(handle_, CURLOPT_POST, 1L);
  set(handle_, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

void WebTransfer::set_headers(const WebRequest& request) {
  bool typed = false;
  for (const auto& [name, value] : request.headers) {
    append_header(value.empty() ? name + ";" : name + ": " + value);
    typed = typed || curl_strequal(name.c_str(), "Content-Type") != 0;
  }
  if (!typed) append_header("Content-Type:");  // else curl calls every body a form
  append_header("Expect:");                    // else it waits a second for a "100 Continue" that few servers send
  set(handle_, CURLOPT_HTTPHEADER, headers_);
}

void WebTransfer::append_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }

void WebTransfer::set_limits() {
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  set(handle_, CURLOPT_USERAGENT, "sluice");
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle_, CURLOPT_PATH_AS_IS, 1L);
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
  set(handle_, CURLOPT_BUFFERSIZE, kBufferBytes);
  set(handle_, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  set(handle_, CURLOPT_TCP_KEEPALIVE, 1L);
  if (!options_.ca_file.empty()) set(handle_, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.cert_file.empty()) set(handle_, CURLOPT_SSLCERT, options_.cert_file.c_str());
  if (!options_.key_file.empty()) set(handle_, CURLOPT_SSLKEY, options_.key_file.c_str());
}

Result<WebAnswer> WebTransfer::ended(int code) {
  if (code != CURLE_OK) return error_of(code);
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  return std::move(answer_);
}

Error WebTransfer::error_of(int code) const {
  long sent = 0;  // bytes of requests, those on a kept connection that then broke included
  curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &sent);
  if (too_large_) {
    return {ErrorCode::corrupt, what_ + ": the answer is over " + std::to_string(options_.max_body_bytes) + " bytes"};
  }
  if (silent_) {
    return {ErrorCode::back_off, what_ + ": no byte moved for " + std::to_string(options_.idle_timeout_ms) + " ms",
            sent == 0 ? "refused" : ""};
  }
  auto message = what_ + ": " + (reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(static_cast<CURLcode>(code)));
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:  // our own
      return of_certificate(static_cast<CURLcode>(code), std::move(message));
    case CURLE_URL_MALFORMAT:
      return {ErrorCode::rejected, what_ + ": this is no URL"};
    case CURLE_UNSUPPORTED_PROTOCOL:  // also an answer that begins with no HTTP
      return {sent > 0 ? ErrorCode::corrupt : ErrorCode::rejected, std::move(message)};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return {ErrorCode::corrupt, std::move(message)};
    default:
      return {ErrorCode::back_off, std::move(message), sent == 0 ? "refused" : ""};
  }
}

}  // namespace sluice::io
