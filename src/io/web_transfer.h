#pragma once
// One request with libcurl: what it is told, and what it tells. Inside of io only; a handle is curl's CURL*, whose
// header stays in .cc files.

#include <array>
#include <cstdint>
#include <string>

#include "io/web_client.h"

struct curl_slist;

namespace sluice::io {

class WebTransfer {
 public:
  // `handle` is used until destruction, which resets it; its connections are kept. Both must outlive the transfer.
  WebTransfer(void* handle, const WebClientOptions& options) : handle_(handle), options_(options) {}
  WebTransfer(const WebTransfer&) = delete;
  WebTransfer& operator=(const WebTransfer&) = delete;
  ~WebTransfer();

  // All but the body.
  void prepare(const WebRequest& request);
  // Content-Length stands there for an empty body too, as PUT and POST want it.
  void set_body(const WebRequest& request);
  // The wait for the next byte begins anew.
  void now_moved();
  // Precondition: curl has ended the transfer with this CURLcode.
  [[nodiscard]] Result<WebAnswer> ended(int code);

 private:
  struct Callbacks;

  void set_headers(const WebRequest& request);
  void append_header(const std::string& line);
  void set_limits();
  [[nodiscard]] Error error_of(int code) const;

  void* handle_;
  const WebClientOptions& options_;
  std::string what_;  // "PUT http://host/path"
  curl_slist* headers_ = nullptr;
  WebAnswer answer_;
  std::array<char, 256> reason_{};  // in curl's words
  std::int64_t moved_ = 0;
  std::int64_t moved_at_ms_ = 0;
  bool silent_ = false;
  bool too_large_ = false;
};

}  // namespace sluice::io
