#pragma once
// How commands speak: tables for people, errors with what to do, exit statuses; and whom they speak to.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "client/client.h"
#include "io/http_client.h"

namespace sluice::cli {

// Columns as wide as they need be; a column whose cells are all numbers is flushed right.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<std::string>> rows_;
};

// The exit status of a client command that failed so.
[[nodiscard]] int exit_status(ErrorCode code);
// Says the error on standard error, and gives the exit status of a client command: 1 there is no such thing, 2 wrong
// usage or not in this version, 3 not reachable, 4 refused.
[[nodiscard]] int fail(const Error& error);
// The same with a status of the caller's: a file or a configuration that is wrong is 2, whatever the error's code.
[[nodiscard]] int fail(const Error& error, int status);
// An error of usage, for fail(): its status is 2.
[[nodiscard]] inline Error wrong_usage(std::string message, std::string hint = {}) {
  return {ErrorCode::unsupported, std::move(message), "", std::move(hint)};
}
// Wrong usage: "sluice: message", the hint; gives 2.
[[nodiscard]] int misuse(const std::string& message, const std::string& hint = "");

// Asks on the terminal; true at once with --yes. Off a terminal, without --yes: false, and says so.
[[nodiscard]] bool confirmed(const Globals& globals, const std::string& question);

[[nodiscard]] Result<std::unique_ptr<client::Client>> connect_broker(const Globals& globals);
// An error of a connection, with what to do about it.
[[nodiscard]] Error unreachable(Error error);
// A client of the registry or the admin listener at `url`. SLUICE_CA, SLUICE_CERT and SLUICE_KEY name files of an authority to
// trust and of one's own certificate. Errors: those of parse_http_url().
[[nodiscard]] Result<io::HttpClient> http_client(const std::string& url, std::int64_t timeout_ms = 30'000);
// The URL without user and password, for messages.
[[nodiscard]] std::string shown(const std::string& url);
// GETs JSON. Errors: as HttpClient's, and those of the answer's status with its message.
[[nodiscard]] Result<std::string> get_json(const std::string& base, const std::string& target, std::int64_t timeout_ms = 30'000);
// Makes a request without a body of the admin listener, which may take long. Errors as get_json()'s.
[[nodiscard]] Result<std::string> ask(const std::string& base, const std::string& method, const std::string& target);
// An answer whose status is no success, as an Error: its JSON's "message", "detail" and "hint", or its text. `what`, if not
// empty, stands before it.
[[nodiscard]] Error error_of(const io::HttpResponse& answer, const std::string& what);

// "2026-11-24 13:04:11.123", UTC.
[[nodiscard]] std::string time_text(std::int64_t ms);
// "2026-11-24T13:04:11Z", with or without fraction and zone (UTC is meant without), or a date; or milliseconds.
[[nodiscard]] Result<std::int64_t> parse_time(const std::string& text);

}  // namespace sluice::cli
