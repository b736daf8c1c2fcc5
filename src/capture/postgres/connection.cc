#include "capture/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "io/clock.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kPostgresEpochUs = 946'684'800'000'000;
constexpr int kPulseMs = 100;
constexpr const char* kOptions =
    "-c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c extra_float_digits=3 -c bytea_output=hex "
    "-c lc_monetary=C -c search_path=pg_catalog -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 "
    "-c lock_timeout=0";

std::string trimmed(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

struct BufferDeleter {
  void operator()(char* buffer) const { PQfreemem(buffer); }
};

struct CancelDeleter {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

bool refused_for_good(const std::string& message) {
  for (const auto* words : {"password authentication failed", "no password supplied", "does not exist", "no pg_hba.conf entry", "role \"", "permission denied"}) {
    if (message.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

struct PostgresConnection::State {
  PGconn* connection = nullptr;
  std::function<Result<void>()> pulse;
  std::unique_ptr<char, BufferDeleter> message;

  ~State() { PQfinish(connection); }
  [[nodiscard]] Error failure(const PGresult* result) const {
    const auto text = trimmed(result != nullptr ? PQresultErrorMessage(result) : PQerrorMessage(connection));
    if (PQstatus(connection) != CONNECTION_OK) return {ErrorCode::retry, "PostgreSQL: the connection is lost: " + text};
    const auto* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
    const std::string code = state == nullptr ? "" : state;
    const bool passing = code.starts_with("57P") || code.starts_with("53") || code == "40001" || code == "55006" || code == "55P03";
    return {passing ? ErrorCode::back_off : ErrorCode::rejected, "PostgreSQL: " + text, code.empty() ? "" : "SQLSTATE " + code};
  }
};

PostgresConnection::PostgresConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const SourceOptions& options, bool replication) {
  std::vector<const char*> keys{"dbname"};
  std::vector<const char*> values{options.url.c_str()};
  const auto add = [&](const char* key, const char* value) {
    keys.push_back(key);
    values.push_back(value);
  };
  if (!options.password.empty()) add("password", options.password.c_str());
  if (replication) add("replication", "database");
  add("options", kOptions);
  add("client_encoding", "UTF8");
  add("fallback_application_name", "sluice");
  if (options.url.find("connect_timeout") == std::string::npos) add("connect_timeout", "10");
  add("keepalives_idle", "10");
  keys.push_back(nullptr);
  values.push_back(nullptr);
  auto state = std::make_unique<State>();
  state->connection = PQconnectdbParams(keys.data(), values.data(), 1);
  if (PQstatus(state->connection) != CONNECTION_OK) {
    const auto text = trimmed(PQerrorMessage(state->connection));
    const bool final = refused_for_good(text);
    return Error{final ? ErrorCode::rejected : ErrorCode::back_off, "cannot connect to PostgreSQL: " + text, "",
                 final ? "check user, password and database of the URL, and pg_hba.conf" : "is the server running, and does it accept connections?"};
  }
  return std::unique_ptr<PostgresConnection>(new PostgresConnection(std::move(state)));
}

void PostgresConnection::set_pulse(std::function<Result<void>()> pulse) { state_->pulse = std::move(pulse); }

// Until the server has sent something.
Result<void> PostgresConnection::wait_for_server() {
  while (true) {
    pollfd wait{PQsocket(state_->connection), POLLIN, 0};
    const int ready = ::poll(&wait, 1, kPulseMs);
    if (ready > 0) return PQconsumeInput(state_->connection) == 1 ? Result<void>{} : state_->failure(nullptr);
    if (ready < 0 && errno != EINTR) return Error{ErrorCode::retry, std::string("PostgreSQL: cannot wait for the server: ") + std::strerror(errno)};
    if (!state_->pulse) continue;
    auto goes_on = state_->pulse();
    if (goes_on.ok()) continue;
    const std::unique_ptr<PGcancel, CancelDeleter> cancel(PQgetCancel(state_->connection));
    char why[256];
    if (cancel) static_cast<void>(PQcancel(cancel.get(), why, sizeof why));
    return goes_on;
  }
}

Result<Rows> PostgresConnection::query(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  const int sent = parameters.empty() ? PQsendQuery(state_->connection, sql.c_str())
                                      : PQsendQueryParams(state_->connection, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0);
  if (sent != 1) return state_->failure(nullptr);
  ResultPtr result;
  while (true) {
    while (PQisBusy(state_->connection) == 1) SLUICE_RETURN_IF_ERROR(wait_for_server());
    ResultPtr next(PQgetResult(state_->connection));
    if (!next) break;
    result = std::move(next);
  }
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return state_->failure(result.get());
  Rows rows(static_cast<std::size_t>(PQntuples(result.get())));
  const int columns = PQnfields(result.get());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result.get(), static_cast<int>(row), column) != 0) {
        rows[row].emplace_back(std::nullopt);
      } else {
        rows[row].emplace_back(std::string(PQgetvalue(result.get(), static_cast<int>(row), column),
                                           static_cast<std::size_t>(PQgetlength(result.get(), static_cast<int>(row), column))));
      }
    }
  }
  return rows;
}

Result<void> PostgresConnection::copy_out(const std::string& sql, const std::function<Result<void>(std::string_view)>& piece) {
  const ResultPtr begun(PQexec(state_->connection, sql.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) return state_->failure(begun.get());
  while (true) {
    char* buffer = nullptr;
    const int size = PQgetCopyData(state_->connection, &buffer, 1);
    const std::unique_ptr<char, BufferDeleter> owned(buffer);
    if (size == 0) {
      SLUICE_RETURN_IF_ERROR(wait_for_server());
      continue;
    }
    if (size < 0) break;
    SLUICE_RETURN_IF_ERROR(piece({buffer, static_cast<std::size_t>(size)}));
  }
  const ResultPtr ended(PQgetResult(state_->connection));
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return state_->failure(ended.get());
  while (const ResultPtr rest{PQgetResult(state_->connection)}) {
  }
  return {};
}

Result<void> PostgresConnection::start_streaming(const std::string& command) {
  const ResultPtr begun(PQexec(state_->connection, command.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_BOTH) return state_->failure(begun.get());
  return {};
}

Result<std::optional<ByteView>> PostgresConnection::next(int wait_ms) {
  state_->message.reset();
  char* buffer = nullptr;
  auto size = PQgetCopyData(state_->connection, &buffer, 1);
  if (size == 0) {
    pollfd wait{PQsocket(state_->connection), POLLIN, 0};
    if (wait_ms > 0 && ::poll(&wait, 1, wait_ms) < 0 && errno != EINTR) {
      return Error{ErrorCode::retry, std::string("PostgreSQL: cannot wait for the stream: ") + std::strerror(errno)};
    }
    if (PQconsumeInput(state_->connection) == 0) return state_->failure(nullptr);
    size = PQgetCopyData(state_->connection, &buffer, 1);
  }
  if (size == 0) return std::optional<ByteView>{};
  if (size < 0) {
    const ResultPtr ended(PQgetResult(state_->connection));
    auto error = state_->failure(ended.get());
    if (error.message == "PostgreSQL: ") error.message = "PostgreSQL: the stream ended";
    error.code = ErrorCode::retry;
    return error;
  }
  state_->message.reset(buffer);
  return std::optional<ByteView>(ByteView{buffer, static_cast<std::size_t>(size)});
}

Result<void> PostgresConnection::send_status(Lsn durable, bool reply_requested) {
  Bytes message;
  ByteWriter writer(message);
  writer.u8('r');
  for (int i = 0; i < 3; ++i) writer.u64(durable.value);  // written, flushed, applied
  writer.i64(io::system_clock().wall_ms() * 1000 - kPostgresEpochUs);
  writer.u8(reply_requested ? 1 : 0);
  if (PQputCopyData(state_->connection, message.data(), static_cast<int>(message.size())) != 1 || PQflush(state_->connection) < 0) {
    return state_->failure(nullptr);
  }
  return {};
}

int PostgresConnection::server_version() const { return PQserverVersion(state_->connection); }

std::string PostgresConnection::quote_name(std::string_view name) const {
  const std::unique_ptr<char, BufferDeleter> quoted(PQescapeIdentifier(state_->connection, name.data(), name.size()));
  return quoted.get();
}

std::string PostgresConnection::quote_literal(std::string_view text) const {
  const std::unique_ptr<char, BufferDeleter> quoted(PQescapeLiteral(state_->connection, text.data(), text.size()));
  return quoted.get();
}

Result<Lsn> end_of_wal(PostgresConnection& connection) {
  SLUICE_TRY(const auto rows, connection.query("SELECT pg_current_wal_insert_lsn()::text"));
  if (rows.empty()) return Error{ErrorCode::corrupt, "PostgreSQL: no end of WAL"};
  SLUICE_TRY(const auto lsn, parse_lsn(rows[0][0].value_or("")));
  // Where the next record would begin: after the head of a page, when the last record filled the page before.
  constexpr std::uint64_t kPage = 8192, kPageHead = 24, kSegment = std::uint64_t{16} << 20, kSegmentHead = 40;
  if (lsn.value % kSegment == kSegmentHead) return Lsn{lsn.value - kSegmentHead};
  return lsn.value % kPage == kPageHead ? Lsn{lsn.value - kPageHead} : lsn;
}

Result<Lsn> parse_lsn(std::string_view text) {
  unsigned high = 0;
  unsigned low = 0;
  if (std::sscanf(std::string(text).c_str(), "%X/%X", &high, &low) != 2) {
    return Error{ErrorCode::corrupt, "'" + std::string(text) + "' is no LSN"};
  }
  return Lsn{(std::uint64_t{high} << 32) | low};
}

}  // namespace sluice::capture::postgres
