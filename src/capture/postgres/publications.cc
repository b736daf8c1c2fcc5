// The two publications. A table with a key stands in the one, with all its changes; a table without stands in the other, with
// inserts and truncates only: in the first, the application's UPDATE of it would fail.

#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr const char* kLockWait = "SET LOCAL lock_timeout = '1s'";

bool waited_for_lock(const Error& error) { return error.detail == "SQLSTATE 55P03"; }

}  // namespace

Result<void> SourceRun::make_publications() {
  const std::pair<std::string, std::string> wanted[] = {
      {publication_name(options_), "publish_via_partition_root = true"},
      {inserts_publication_name(options_), "publish = 'insert, truncate', publish_via_partition_root = true"}};
  for (const auto& [name, with] : wanted) {
    SLUICE_TRY(const auto there, side_->query("SELECT 1 FROM pg_publication WHERE pubname = $1", {name}));
    if (!there.empty()) continue;
    auto made = side_->query("CREATE PUBLICATION " + side_->quote_name(name) + " WITH (" + with + ")");
    if (made.ok()) continue;
    auto error = std::move(made).error();
    error.hint = "let its owner or a superuser run what 'sluice check --grants' prints";
    return error;
  }
  return {};
}

// A publication that is gone is not made again: PostgreSQL sent nothing, or will refuse to, for the time without it.
Result<void> SourceRun::check_publications() {
  for (const auto& name : {publication_name(options_), inserts_publication_name(options_)}) {
    SLUICE_TRY(const auto there, side_->query("SELECT 1 FROM pg_publication WHERE pubname = $1", {name}));
    if (there.empty()) return gap(options_, "publication \"" + name + "\" is gone", position_);
  }
  return {};
}

// Read from the tables of the catalog, so that it is true of the transaction's snapshot.
Result<SourceRun::Published> SourceRun::published() {
  const auto changes = publication_name(options_);
  SLUICE_TRY(const auto rows, side_->query(
      "SELECT p.pubname, r.prrelid::text FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname IN ($1, $2)",
      {changes, inserts_publication_name(options_)}));
  Published published;
  for (const auto& row : rows) (row[0] == changes ? published.changes : published.inserts).insert(static_cast<Oid>(std::stoul(*row[1])));
  return published;
}

Result<void> SourceRun::publish(std::vector<Table>& tables) {
  SLUICE_TRY(const auto before, published());
  std::vector<Table> done;
  for (auto& table : tables) {
    const bool also_elsewhere = (table.keyless() ? before.changes : before.inserts).contains(table.oid);
    if (!also_elsewhere && before.rightly(table)) {
      done.push_back(std::move(table));
      continue;
    }
    const bool missing = !before.rightly(table);
    auto published = publish_table(table, also_elsewhere, missing);
    if (published.ok()) {
      done.push_back(std::move(table));
      continue;
    }
    auto error = std::move(published).error();
    if (waited_for_lock(error)) continue;  // at the next look
    if (error.code != ErrorCode::rejected) return error;
    const auto& right = table.keyless() ? inserts_publication_name(options_) : publication_name(options_);
    error.hint = "let its owner run: ALTER PUBLICATION " + side_->quote_name(right) + " ADD TABLE " + sql_source(*side_, table) + ";";
    leave_out(table, error);
  }
  tables = std::move(done);
  return {};
}

// In one transaction: between two, a change would be in neither publication.
Result<void> SourceRun::publish_table(const Table& table, bool elsewhere, bool missing) {
  const auto name = sql_source(*side_, table);
  auto wrong = side_->quote_name(publication_name(options_));
  auto right = side_->quote_name(inserts_publication_name(options_));
  if (!table.keyless()) std::swap(wrong, right);
  const auto change = [&]() -> Result<void> {
    SLUICE_RETURN_IF_ERROR(side_->query(kLockWait));
    if (elsewhere) SLUICE_RETURN_IF_ERROR(side_->query("ALTER PUBLICATION " + wrong + " DROP TABLE " + name));
    if (missing) SLUICE_RETURN_IF_ERROR(side_->query("ALTER PUBLICATION " + right + " ADD TABLE " + name));
    return {};
  };
  SLUICE_RETURN_IF_ERROR(side_->query("BEGIN"));
  auto changed = change();
  if (!changed.ok() && (changed.error().code == ErrorCode::retry || changed.error().code == ErrorCode::cancelled)) return changed;
  SLUICE_RETURN_IF_ERROR(side_->query(changed.ok() ? "COMMIT" : "ROLLBACK"));
  return changed;
}

}  // namespace sluice::capture::postgres
