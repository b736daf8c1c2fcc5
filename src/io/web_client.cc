#include "io/web_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

#include "io/web_transfer.h"

namespace sluice::io {

namespace {

constexpr std::size_t kPooledHandles = 16;

// curl asks for bytes; we have them only while the caller is in write(). In between curl is told to pause, and nothing
// runs: the transfer is driven by write() and finish() alone.
class Upload final : public WebUpload {
 public:
  Upload(const WebClientOptions& options, const WebRequest& request, std::optional<std::uint64_t> length)
      : options_(options), multi_(curl_multi_init()), handle_(curl_easy_init()), left_(length) {
    transfer_ = std::make_unique<WebTransfer>(handle_, options_);
    transfer_->prepare(request);
    curl_easy_setopt(handle_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle_, CURLOPT_READFUNCTION, &Upload::on_read);
    curl_easy_setopt(handle_, CURLOPT_READDATA, this);
    if (length) curl_easy_setopt(handle_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*length));
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
    if (!result_ && left_.value_or(0) > 0)
      return Error{ErrorCode::rejected, "fewer bytes than the length that was told"};
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
    return {ErrorCode::rejected,
            "the server answered before the body was whole: HTTP " + std::to_string((*result_)->status),
            (*result_)->body};
  }

  const WebClientOptions options_;
  CURLM* multi_;
  CURL* handle_;
  std::unique_ptr<WebTransfer> transfer_;
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
      WebTransfer transfer(handle, options_);
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
