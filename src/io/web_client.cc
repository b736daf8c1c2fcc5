#include "io/web_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>

#include "io/clock.h"

namespace sluice::io {

namespace {

constexpr std::size_t kPooledHandles = 16;
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

// One request on a handle of its own: what curl is told, and what it tells.
class Transfer {
 public:
  Transfer(CURL* handle, const WebClientOptions& options) : handle_(handle), options_(options) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_easy_reset(handle_);  // the connection is kept
    curl_slist_free_all(headers_);
  }

  [[nodiscard]] CURL* handle() const { return handle_; }
  [[nodiscard]] WebAnswer& answer() { return answer_; }
  void now_moved() { moved_at_ms_ = system_clock().steady_ms(); }

  void prepare(const WebRequest& request) {
    what_ = request.method + " " + shown(request.url);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (is_beside_us(request.url)) set(CURLOPT_PROXY, "");
    set_headers(request);
    set_limits();
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_ERRORBUFFER, reason_.data());
    now_moved();
  }

  // Content-Length stands there for an empty body too, as PUT and POST want it.
  void set_body(const WebRequest& request) {
    if (request.method == "HEAD") return set(CURLOPT_NOBODY, 1L);
    if (request.body.empty() && request.method != "PUT" && request.method != "POST") return;
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }

  template <typename T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(handle_, option, value);
  }

  // Precondition: curl has ended the transfer with `code`.
  [[nodiscard]] Result<WebAnswer> ended(CURLcode code) {
    if (code != CURLE_OK) return error_of(code);
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    return std::move(answer_);
  }

 private:
  void set_headers(const WebRequest& request) {
    bool typed = false;
    for (const auto& [name, value] : request.headers) {
      append_header(value.empty() ? name + ";" : name + ": " + value);
      typed = typed || curl_strequal(name.c_str(), "Content-Type") != 0;
    }
    if (!typed) append_header("Content-Type:");  // else curl calls every body a form
    append_header("Expect:");                    // else it waits a second for a "100 Continue" that few servers send
    set(CURLOPT_HTTPHEADER, headers_);
  }

  void append_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }

  void set_limits() {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "sluice");
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
    set(CURLOPT_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  }

  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.too_large_ = transfer.answer_.body.size() + size > transfer.options_.max_body_bytes;
    if (transfer.too_large_) return 0;
    transfer.answer_.body.append(bytes, size);
    return size;
  }

  static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) {
    auto& headers = static_cast<Transfer*>(self)->answer_.headers;
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
    auto& transfer = *static_cast<Transfer*>(self);
    if (down + up != transfer.moved_) transfer.now_moved();
    transfer.moved_ = down + up;
    transfer.silent_ = system_clock().steady_ms() - transfer.moved_at_ms_ > transfer.options_.idle_timeout_ms;
    return transfer.silent_ ? 1 : 0;
  }

  [[nodiscard]] Error error_of(CURLcode code) const {
    long sent = 0;  // bytes of requests, those on a kept connection that then broke included
    curl_easy_getinfo(handle_, CURLINFO_REQUEST_SIZE, &sent);
    if (too_large_) {
      return {ErrorCode::corrupt, what_ + ": the answer is over " + std::to_string(options_.max_body_bytes) + " bytes"};
    }
    if (silent_) {
      return {ErrorCode::back_off, what_ + ": no byte moved for " + std::to_string(options_.idle_timeout_ms) + " ms",
              sent == 0 ? "refused" : ""};
    }
    auto message = what_ + ": " + (reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code));
    switch (code) {
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_ISSUER_ERROR: return of_certificate(code, std::move(message));
      case CURLE_URL_MALFORMAT: return {ErrorCode::rejected, what_ + ": this is no URL"};
      case CURLE_UNSUPPORTED_PROTOCOL:  // also an answer that begins with no HTTP
        return {sent > 0 ? ErrorCode::corrupt : ErrorCode::rejected, std::move(message)};
      case CURLE_WEIRD_SERVER_REPLY:
      case CURLE_BAD_CONTENT_ENCODING: return {ErrorCode::corrupt, std::move(message)};
      default: return {ErrorCode::back_off, std::move(message), sent == 0 ? "refused" : ""};
    }
  }

  CURL* handle_;
  const WebClientOptions& options_;
  std::string what_;
  curl_slist* headers_ = nullptr;
  WebAnswer answer_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  curl_off_t moved_ = 0;
  std::int64_t moved_at_ms_ = 0;
  bool silent_ = false;
  bool too_large_ = false;
};

// curl asks for bytes; we have them only while the caller is in write(). In between curl is told to pause, and nothing
// runs: the transfer is driven by write() and finish() alone.
class Upload final : public WebUpload {
 public:
  Upload(const WebClientOptions& options, const WebRequest& request, std::optional<std::uint64_t> length)
      : options_(options), multi_(curl_multi_init()), handle_(curl_easy_init()), left_(length) {
    transfer_ = std::make_unique<Transfer>(handle_, options_);
    transfer_->prepare(request);
    transfer_->set(CURLOPT_UPLOAD, 1L);
    transfer_->set(CURLOPT_READFUNCTION, &Upload::on_read);
    transfer_->set(CURLOPT_READDATA, this);
    if (length) transfer_->set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
    curl_multi_add_handle(multi_, handle_);
  }
  ~Upload() override {
    curl_multi_remove_handle(multi_, handle_);  // cuts the connection of a transfer that has not ended
    transfer_.reset();
    curl_easy_cleanup(handle_);
    curl_multi_cleanup(multi_);
  }

  Result<void> write(ByteView bytes) override {
    if (left_ && bytes.size() > *left_) return Error{ErrorCode::rejected, "more bytes than the length that was told"};
    if (left_) *left_ -= bytes.size();
    pending_ = bytes;
    resume();
    while (!pending_.empty() && !result_) pump();
    if (!std::exchange(pending_, {}).empty() || result_) return already_ended();
    return {};
  }

  Result<WebAnswer> finish() override {
    if (!result_ && left_.value_or(0) > 0) return Error{ErrorCode::rejected, "fewer bytes than the length that was told"};
    finished_ = true;
    resume();
    while (!result_) pump();
    return std::move(*result_);
  }

 private:
  static std::size_t on_read(char* to, std::size_t, std::size_t size, void* self) {
    auto& upload = *static_cast<Upload*>(self);
    const auto taken = std::min(size, upload.pending_.size());
    if (taken == 0 && !upload.finished_) {
      upload.paused_ = true;
      return CURL_READFUNC_PAUSE;
    }
    upload.pending_.copy(to, taken);
    upload.pending_.remove_prefix(taken);
    return taken;
  }

  void resume() {
    transfer_->now_moved();
    if (std::exchange(paused_, false)) curl_easy_pause(handle_, CURLPAUSE_CONT);
  }

  void pump() {
    int running = 0, left = 0;
    curl_multi_perform(multi_, &running);
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) result_ = transfer_->ended(message->data.result);
    }
    if (!result_ && (!pending_.empty() || finished_)) curl_multi_poll(multi_, nullptr, 0, 500, nullptr);
  }

  [[nodiscard]] Error already_ended() const {
    if (!result_->ok()) return result_->error();
    return {ErrorCode::rejected, "the server answered before the body was whole: HTTP " + std::to_string((*result_)->status),
            (*result_)->body};
  }

  const WebClientOptions options_;
  CURLM* multi_;
  CURL* handle_;
  std::unique_ptr<Transfer> transfer_;
  std::optional<std::uint64_t> left_;  // of the length that was told
  ByteView pending_;
  bool paused_ = false;
  bool finished_ = false;
  std::optional<Result<WebAnswer>> result_;
};

// Each handle keeps its connections; a thread takes one for the time of a request.
class Client final : public WebClient {
 public:
  explicit Client(WebClientOptions options) : options_(std::move(options)) {}
  ~Client() override {
    for (auto* handle : idle_) curl_easy_cleanup(handle);
  }

  Result<WebAnswer> send(const WebRequest& request) override {
    auto* handle = take();
    auto answer = [&] {
      Transfer transfer(handle, options_);
      transfer.prepare(request);
      transfer.set_body(request);
      return transfer.ended(curl_easy_perform(handle));
    }();
    give_back(handle);
    return answer;
  }

  Result<std::unique_ptr<WebUpload>> upload(const WebRequest& request, std::optional<std::uint64_t> length) override {
    return std::unique_ptr<WebUpload>(std::make_unique<Upload>(options_, request, length));
  }

 private:
  CURL* take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return curl_easy_init();
    auto* handle = idle_.back();  // the last used: its connection is the least likely to have been closed
    idle_.pop_back();
    return handle;
  }
  void give_back(CURL* handle) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kPooledHandles) return idle_.push_back(handle);
    curl_easy_cleanup(handle);
  }

  const WebClientOptions options_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;  // guarded by mutex_
};

}  // namespace

std::optional<std::string_view> WebAnswer::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return std::nullopt;
}

Result<std::unique_ptr<WebClient>> WebClient::create(WebClientOptions options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a process, as curl wants it
  if (started != CURLE_OK) return Error{ErrorCode::back_off, std::string("curl: ") + curl_easy_strerror(started)};
  return std::unique_ptr<WebClient>(std::make_unique<Client>(std::move(options)));
}

}  // namespace sluice::io
