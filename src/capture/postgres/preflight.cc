#include "capture/postgres/preflight.h"

#include <algorithm>

#include "base/escape.h"
#include "capture/postgres/audit.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/tracked_table.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::size_t kNameBytes = 63;

std::string lower_escaped(const std::string& name) {
  std::string out;
  for (const char c : escape_topic_part(name)) {
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == '-' || c == '.' ? '_' : c;
  }
  return out;
}

std::string first(const Rows& rows) { return rows.empty() || rows[0].empty() ? std::string() : rows[0][0].value_or(""); }

class Checker {
 public:
  Checker(const SourceOptions& options, PostgresConnection& connection) : options_(options), connection_(connection) {}

  Result<Preflight> run() {
    SLUICE_RETURN_IF_ERROR(check_server());
    SLUICE_RETURN_IF_ERROR(check_slot());
    SLUICE_RETURN_IF_ERROR(check_rights());
    SLUICE_RETURN_IF_ERROR(check_tables());
    return std::move(found_);
  }

 private:
  void block(std::string what, std::string fix) { found_.findings.push_back({true, std::move(what), std::move(fix)}); }
  void note(std::string what, std::string fix = {}) { found_.findings.push_back({false, std::move(what), std::move(fix)}); }

  Result<void> check_server() {
    SLUICE_TRY(const auto version, connection_.query("SHOW server_version"));
    found_.server = "PostgreSQL " + first(version);
    if (connection_.server_version() < 130000) block(found_.server + " is too old", "PostgreSQL 13 to 18 can be captured");
    SLUICE_TRY(const auto level, connection_.query("SHOW wal_level"));
    if (first(level) != "logical") {
      block("wal_level is " + first(level) + ", not logical", "ALTER SYSTEM SET wal_level = logical;  -- then restart PostgreSQL");
    }
    SLUICE_TRY(const auto recovery, connection_.query("SELECT pg_is_in_recovery()"));
    if (first(recovery) == "t") block("the server is a standby", "capture from the primary");
    return {};
  }

  Result<void> check_slot() {
    SLUICE_TRY(const auto slot, slot_name(options_));
    SLUICE_TRY(const auto own, connection_.query("SELECT active FROM pg_replication_slots WHERE slot_name = $1", {slot}));
    SLUICE_TRY(const auto slots, connection_.query("SELECT count(*) < current_setting('max_replication_slots')::int FROM pg_replication_slots"));
    if (own.empty() && first(slots) != "t") {
      block("no replication slot is free", "ALTER SYSTEM SET max_replication_slots = <more>;  -- then restart; or drop one that nobody uses");
    }
    SLUICE_TRY(const auto senders, connection_.query("SELECT count(*) < current_setting('max_wal_senders')::int FROM pg_stat_replication"));
    if (first(senders) != "t") block("no WAL sender is free", "ALTER SYSTEM SET max_wal_senders = <more>;  -- then restart");
    SLUICE_TRY(const auto keep, connection_.query("SELECT current_setting('max_slot_wal_keep_size')"));
    found_.slot_cost = first(keep) == "-1"
                           ? "while sluice does not run, slot " + slot + " makes PostgreSQL keep all WAL written since: watch the disk, or drop it with 'sluice source delete " + options_.name + "'"
                           : "while sluice does not run, slot " + slot + " makes PostgreSQL keep up to " + first(keep) + " of WAL; past that the slot is lost and the source must be captured anew";
    return {};
  }

  Result<void> check_rights() {
    SLUICE_TRY(const auto role, connection_.query("SELECT rolsuper, rolreplication, rolname FROM pg_roles WHERE rolname = current_user"));
    if (role.empty()) return {};
    superuser_ = role[0][0] == "t";
    user_ = role[0][2].value_or("");
    if (!superuser_ && role[0][1] != "t") {
      block("user " + user_ + " may not replicate", "ALTER ROLE " + connection_.quote_name(user_) + " REPLICATION;");
    }
    return {};
  }

  Result<void> check_tables() {
    SLUICE_TRY(const auto tables, read_tables(connection_, options_));
    if (tables.empty()) note("no table matches yet; those that appear later are captured");
    for (const auto& table : tables) {
      const auto topic = topic_name(options_.name, table);
      if (!topic.ok()) {
        note(topic.error().message + "; it is not captured", topic.error().hint);
        continue;
      }
      found_.tables.push_back(table.full_name());
      const auto name = connection_.quote_name(table.schema) + "." + connection_.quote_name(table.name);
      if (table.keyless()) {
        found_.keyless.push_back(table.full_name());
        note("table " + table.full_name() + " has no key: inserts are captured, updates and deletes are not",
             "ALTER TABLE " + name + " ADD PRIMARY KEY (…);");
      }
      SLUICE_TRY(const auto rights, connection_.query(
          "SELECT has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'), pg_has_role(c.relowner, 'USAGE'), "
          "EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid AND p.pubname = $2) FROM pg_class c WHERE c.oid = $1::oid",
          {std::to_string(table.oid), table.keyless() ? inserts_publication_name(options_) : publication_name(options_)}));
      if (rights.empty()) continue;
      if (rights[0][0] != "t") {
        block("user " + user_ + " may not read table " + table.full_name(),
              "GRANT USAGE ON SCHEMA " + connection_.quote_name(table.schema) + " TO " + connection_.quote_name(user_) + "; GRANT SELECT ON " + name + " TO " + connection_.quote_name(user_) + ";");
      }
      if (!superuser_ && rights[0][1] != "t" && rights[0][2] != "t") {
        block("user " + user_ + " does not own table " + table.full_name() + " and cannot publish it",
              "as its owner or a superuser: the publications that 'sluice check --grants' prints");
      }
    }
    return {};
  }

  const SourceOptions& options_;
  PostgresConnection& connection_;
  Preflight found_;
  bool superuser_ = false;
  std::string user_;
};

}  // namespace

Result<std::string> slot_name(const SourceOptions& options) {
  const auto name = options.slot.empty() ? "sluice_" + lower_escaped(options.name) : options.slot;
  const bool fine = std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (name.size() > kNameBytes || !fine) {
    return Error{ErrorCode::rejected, "replication slot '" + name + "': PostgreSQL takes at most 63 of a-z, 0-9 and _", "", "give the source a shorter name, or name the slot with --slot"};
  }
  return name;
}

std::string publication_name(const SourceOptions& options) {
  return options.publication.empty() ? "sluice_" + lower_escaped(options.name) : options.publication;
}

std::string inserts_publication_name(const SourceOptions& options) { return publication_name(options) + "_inserts"; }

bool Preflight::ok() const {
  return std::none_of(findings.begin(), findings.end(), [](const auto& finding) { return finding.blocking; });
}

std::string Preflight::text() const {
  std::string text = server + ", " + std::to_string(tables.size()) + " tables to capture\n";
  for (const auto& finding : findings) {
    text += std::string(finding.blocking ? "  missing  " : "  note     ") + finding.what + "\n";
    if (!finding.fix.empty()) text += "             " + finding.fix + "\n";
  }
  return text + "  slot     " + slot_cost + "\n";
}

Result<Preflight> preflight(const SourceOptions& options) {
  SLUICE_TRY(const auto connection, PostgresConnection::open(options));
  return Checker(options, *connection).run();
}

Result<std::string> grants(const SourceOptions& options) {
  SLUICE_TRY(const auto connection, PostgresConnection::open(options));
  SLUICE_TRY(const auto role, connection->query("SELECT current_user"));
  const auto user = connection->quote_name(first(role));
  SLUICE_TRY(const auto tables, read_tables(*connection, options));
  std::string keyed, keyless, schemas, names;
  for (const auto& table : tables) {
    const auto schema = connection->quote_name(table.schema);
    const auto name = sql_name(*connection, table);
    const auto source = sql_source(*connection, table);
    (table.keyless() ? keyless : keyed) += ((table.keyless() ? keyless : keyed).empty() ? "" : ", ") + source;
    names += (names.empty() ? "" : ", ") + name;
    if (schemas.find(schema) == std::string::npos) schemas += (schemas.empty() ? "" : ", ") + schema;
  }
  std::string sql = "ALTER ROLE " + user + " REPLICATION;\n";
  if (!schemas.empty()) sql += "GRANT USAGE ON SCHEMA " + schemas + " TO " + user + ";\nGRANT SELECT ON " + names + " TO " + user + ";\n";
  sql += "CREATE PUBLICATION " + connection->quote_name(publication_name(options)) + (keyed.empty() ? "" : " FOR TABLE " + keyed) + " WITH (publish_via_partition_root = true);\n";
  sql += "CREATE PUBLICATION " + connection->quote_name(inserts_publication_name(options)) + (keyless.empty() ? "" : " FOR TABLE " + keyless) +
         " WITH (publish = 'insert, truncate', publish_via_partition_root = true);\n";
  return sql;
}

Result<std::vector<std::string>> drop_source(const SourceOptions& options) {
  SLUICE_TRY(const auto slot, slot_name(options));
  SLUICE_TRY(const auto connection, PostgresConnection::open(options));
  std::vector<std::string> removed;
  SLUICE_TRY(const auto there, connection->query("SELECT active, active_pid, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots WHERE slot_name = $1", {slot}));
  if (!there.empty() && there[0][0] == "t") {
    return Error{ErrorCode::rejected, "replication slot " + slot + " is in use (PostgreSQL process " + there[0][1].value_or("?") + ")", "", "stop the sluice that captures this source, then try again"};
  }
  if (!there.empty()) {
    SLUICE_TRY(const auto dropped, connection->query("SELECT pg_drop_replication_slot($1)", {slot}));
    static_cast<void>(dropped);
    removed.push_back("replication slot " + slot + " (it kept " + there[0][2].value_or("0") + " bytes of WAL)");
  }
  for (const auto& publication : {publication_name(options), inserts_publication_name(options)}) {
    SLUICE_TRY(const auto known, connection->query("SELECT 1 FROM pg_publication WHERE pubname = $1", {publication}));
    if (known.empty()) continue;
    SLUICE_TRY(const auto dropped, connection->query("DROP PUBLICATION " + connection->quote_name(publication)));
    static_cast<void>(dropped);
    removed.push_back("publication " + publication);
  }
  return removed;
}

Result<std::optional<std::uint64_t>> slot_retained_bytes(const SourceOptions& options) {
  SLUICE_TRY(const auto slot, slot_name(options));
  SLUICE_TRY(const auto connection, PostgresConnection::open(options));
  SLUICE_TRY(const auto rows, connection->query("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = $1", {slot}));
  if (rows.empty() || !rows[0][0]) return std::optional<std::uint64_t>{};
  return std::optional<std::uint64_t>(std::strtoull(rows[0][0]->c_str(), nullptr, 10));
}

Result<Audit> audit(const SourceOptions& options, pipeline::Log& log) {
  SLUICE_TRY(const auto tracked, pipeline::read_table(log, std::string(pipeline::kTablesTopic)));
  SLUICE_TRY(const auto connection, PostgresConnection::open(options));
  SLUICE_TRY(const auto begun, connection->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  static_cast<void>(begun);
  SLUICE_TRY(const auto snapshot, connection->query("SELECT pg_current_snapshot()::text"));
  Audit result;
  SLUICE_TRY(result.snapshot, Snapshot::parse(first(snapshot)));
  SLUICE_TRY(result.end_of_wal, end_of_wal(*connection));
  SLUICE_TRY(const auto tables, read_tables(*connection, options));
  for (const auto& table : tables) {
    auto topic = topic_name(options.name, table);
    if (!topic.ok()) continue;  // not captured
    AuditedTable audited{*std::move(topic), table.schema, table.name, table.keyless(), {}};
    if (const auto found = tracked.find(audited.topic); found != tracked.end()) {
      SLUICE_TRY(const auto known, parse_tracked_table(audited.topic, found->second));
      audited.keyless = known->keyless;
    }
    SLUICE_TRY(const auto readable, connection->query("SELECT has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT') FROM pg_class WHERE oid = $1::oid",
                                                      {std::to_string(table.oid)}));
    if (first(readable) == "t") {
      SLUICE_TRY(const auto rows, connection->query("SELECT count(*) FROM " + sql_source(*connection, table)));
      audited.rows = std::strtoull(first(rows).c_str(), nullptr, 10);
    }
    result.tables.push_back(std::move(audited));
  }
  return result;
}

}  // namespace sluice::capture::postgres
