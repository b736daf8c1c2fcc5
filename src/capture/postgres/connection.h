#pragma once
// A connection to PostgreSQL. The only header of the module that others see no libpq behind.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "capture/postgres/source.h"

namespace sluice::capture::postgres {

using Rows = std::vector<std::vector<std::optional<std::string>>>;

class PostgresConnection {
 public:
  // Every connection has UTF8, UTC and the output styles that the text of values depends on. `replication` speaks the
  // replication protocol. Errors: back_off (not reachable, starting up, too many clients); rejected (password, unknown
  // database or user), with the server's words.
  [[nodiscard]] static Result<std::unique_ptr<PostgresConnection>> open(const SourceOptions& options, bool replication = false);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // While a call below waits for the server, `pulse` runs ten times a second. When it gives an error, the statement is
  // cancelled and the call gives that error; the connection is then of no more use.
  void set_pulse(std::function<Result<void>()> pulse);

  // Runs one statement, with text parameters $1… Errors: retry when the connection broke; else rejected, with SQLSTATE in detail.
  [[nodiscard]] Result<Rows> query(const std::string& sql, const std::vector<std::string>& parameters = {});
  // Runs COPY … TO STDOUT and gives each piece as it comes (text format: one line a piece). After
  // an error of `piece` the connection is of no more use.
  [[nodiscard]] Result<void> copy_out(const std::string& sql, const std::function<Result<void>(std::string_view)>& piece);

  // Replication: START_REPLICATION, then next() and send_status().
  [[nodiscard]] Result<void> start_streaming(const std::string& command);
  // One CopyData message, valid until the next call; none when there is none within `wait_ms`. Errors: retry.
  [[nodiscard]] Result<std::optional<ByteView>> next(int wait_ms);
  [[nodiscard]] Result<void> send_status(Lsn durable, bool reply_requested);

  [[nodiscard]] int server_version() const;  // 150018
  [[nodiscard]] std::string quote_name(std::string_view name) const;
  [[nodiscard]] std::string quote_literal(std::string_view text) const;

 private:
  [[nodiscard]] Result<void> wait_for_server();

  struct State;
  explicit PostgresConnection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "0/16B3748" as a number. Errors: corrupt.
[[nodiscard]] Result<Lsn> parse_lsn(std::string_view text);

// Where WAL ends now, as the end of the record before it: what a stream reaches when nothing more is written.
[[nodiscard]] Result<Lsn> end_of_wal(PostgresConnection& connection);

}  // namespace sluice::capture::postgres
