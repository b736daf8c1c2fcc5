#pragma once
// Asks the NameNodes of one HDFS: with the user or token that the URL says, and the one that is active.
//
// A standby, one that is not ready, and one that does not answer cost a try of the next; the one that answered is asked
// first from then on. Every operation of WebHDFS that we use may arrive twice: what a repeated RENAME or DELETE answers
// is read by hdfs_store.cc with that in mind. A token that is not accepted is read from its file again, once a call.

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deliver/store/hdfs/hdfs_url.h"
#include "deliver/store/hdfs/refusal.h"
#include "io/web_client.h"

namespace sluice::deliver::store::hdfs {

struct Operation {
  std::string method;  // "PUT"
  std::string name;    // "RENAME"
  std::string path;    // complete, in HDFS, not encoded
  std::vector<std::pair<std::string, std::string>> parameters = {};
};

// The header that servers with protection against cross-site forgery want in every request.
inline constexpr std::pair<const char*, const char*> kNoForgery = {"X-XSRF-HEADER", "sluice"};

class NameNodes {
 public:
  // `client` must outlive it.
  NameNodes(io::WebClient& client, HdfsUrl url);

  // The answer, when it is a success or a redirect. Thread-safe.
  [[nodiscard]] Result<io::WebAnswer> ask(const Operation& operation);

  // For messages: "NameNode nn:9870", "HttpFS gateway:14000".
  [[nodiscard]] std::string current() const { return name_of(current_); }
  [[nodiscard]] const HdfsUrl& url() const { return url_; }

 private:
  // What became of one request to one node; `error` has no value after a success.
  struct Outcome {
    io::WebAnswer answer;
    std::optional<Refusal> refusal;
  };

  [[nodiscard]] std::string name_of(std::size_t node) const;
  [[nodiscard]] Result<std::string> url_at(std::size_t node, const Operation& operation);
  [[nodiscard]] Outcome ask_at(std::size_t node, const Operation& operation);
  [[nodiscard]] Outcome ask_once(std::size_t node, const Operation& operation);
  [[nodiscard]] Result<std::string> token();
  // Whether there is another token now than the one that was used.
  [[nodiscard]] bool read_token_again();

  io::WebClient& client_;
  const HdfsUrl url_;
  std::atomic<std::size_t> current_ = 0;
  std::mutex mutex_;
  std::string token_;  // guarded by mutex_; empty before it was read
};

}  // namespace sluice::deliver::store::hdfs
