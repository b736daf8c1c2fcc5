// Tables that come, go and change while the stream goes on.
//
// The catalog says how things are now; the stream may be far behind. So what the catalog shows as the end of a table (gone,
// renamed, its key lost) is noted with the end of WAL, and comes to pass when the stream has come there. What a table's
// columns are is told by the stream itself: a Relation message stands before the first change of each version.
//
// A new table is published; once every transaction that may have written to it before is over, it is read while the stream
// waits. Until then the stream goes on and passes its changes over. A table that somebody took out of its publication is read anew: its changes were not sent meanwhile.

#include <algorithm>

#include "base/trace.h"
#include "base/escape.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr const char* kGone = "the table was dropped, renamed or excluded; its topic stays";

bool same_columns(const Table& table, const Relation& relation) {
  return std::equal(table.columns.begin(), table.columns.end(), relation.columns.begin(), relation.columns.end(), [](const Column& column, const RelationColumn& other) {
    return column.name == other.name && column.type_oid == other.type_oid && column.typmod == other.typmod;
  });
}

// Whether the Relation's identity is the key of `table`. Under REPLICA IDENTITY FULL it does not tell.
bool same_key(const Table& table, const Relation& relation) {
  if (relation.replica_identity == 'f') return true;
  for (std::size_t i = 0; i < relation.columns.size(); ++i) {
    const bool in_key = std::find(table.key.begin(), table.key.end(), i) != table.key.end();
    if (relation.columns[i].in_key != in_key) return false;
  }
  return true;
}

std::vector<std::string> key_names(const Table& table) {
  std::vector<std::string> names;
  for (const auto index : table.key) names.push_back(escape_avro_name(table.columns[index].name));
  return names;
}

// The key of a topic, found again among columns: its names in its order. None when a column is gone.
std::optional<std::vector<std::size_t>> find_key(const std::vector<std::string>& names, const std::vector<Column>& columns) {
  std::vector<std::size_t> key;
  for (const auto& name : names) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return escape_avro_name(column.name) == name; });
    if (found == columns.end()) return std::nullopt;
    key.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return key;
}

}  // namespace

Result<void> SourceRun::poll_catalog() {
  SLUICE_RETURN_IF_ERROR(apply_ends());
  SLUICE_TRY(const auto tables, align_publications());
  SLUICE_TRY(const auto published_before, present_xmax());
  for (const auto& table : tables) {
    if (find(table.oid) != nullptr) continue;
    trace::info("capture", options_.name + ": new table " + table.full_name());
    SLUICE_RETURN_IF_ERROR(track(table, published_before));
  }
  return adopt();
}

// What follows from a change of the publications is written down before the change is made: a kill between the two must not
// make it look as if all had been well. Gives the tables that are published as they must be.
Result<std::vector<Table>> SourceRun::align_publications() {
  SLUICE_TRY(auto tables, wanted_tables());
  SLUICE_RETURN_IF_ERROR(note_ends(tables));
  for (auto& table : tables) {
    if (const auto* tracked = find(table.oid); tracked != nullptr && tracked->keyless) table.key.clear();
  }
  SLUICE_TRY(const auto before, published());
  SLUICE_RETURN_IF_ERROR(restart_missed(tables, before));
  SLUICE_RETURN_IF_ERROR(commit_log_transaction());
  SLUICE_RETURN_IF_ERROR(publish(tables));
  SLUICE_TRY(const auto published_before, present_xmax());
  published_now_.clear();
  for (const auto& table : tables) {
    published_now_.insert(table.oid);
    auto* tracked = find(table.oid);
    if (tracked != nullptr && tracked->state == TableState::snapshot && !before.rightly(table)) tracked->published_before = published_before;
  }
  return tables;
}

Result<void> SourceRun::note_ends(const std::vector<Table>& tables) {
  for (auto& [topic, tracked] : tables_) {
    if (tracked->state == TableState::dropped || tracked->ends_at != Lsn{}) continue;
    const auto there = std::find_if(tables.begin(), tables.end(), [&, &known = tracked->table](const Table& table) {
      return table.oid == known.oid && table.full_name() == known.full_name();
    });
    const bool gone = there == tables.end();
    const bool other_key = !gone && !tracked->keyless && tracked->state == TableState::streaming && key_names(*there) != key_fields(tracked->key_schema_text);
    if (!gone && !other_key) continue;
    SLUICE_TRY(tracked->ends_at, end_of_wal(*side_));
    tracked->ends_why = gone ? "" : "the key of " + there->full_name() + " was " + (there->keyless() ? "dropped" : "changed");
    SLUICE_RETURN_IF_ERROR(writer_.table_state(*tracked, clock_.wall_ms()));
  }
  return {};
}

Result<void> SourceRun::apply_ends() {
  for (auto& [topic, tracked] : tables_) {
    const bool unread = tracked->state == TableState::snapshot;
    if (tracked->ends_at == Lsn{} || (commit_end_ < tracked->ends_at && !unread)) continue;
    tracked->ends_at = Lsn{};
    if (!tracked->ends_why.empty()) {
      if (tracked->state == TableState::streaming) SLUICE_RETURN_IF_ERROR(park(*tracked, tracked->ends_why));
      continue;
    }
    tracked->state = TableState::dropped;
    tracked->note = kGone;
    by_oid_.erase(tracked->table.oid);
    SLUICE_RETURN_IF_ERROR(writer_.table_state(*tracked, clock_.wall_ms()));
    trace::info("capture", options_.name + ": " + tracked->table.full_name() + ": " + kGone);
  }
  return {};
}

// Somebody took a table out of its publication: its changes were not sent meanwhile.
Result<void> SourceRun::restart_missed(const std::vector<Table>& tables, const Published& before) {
  for (const auto& table : tables) {
    auto* tracked = find(table.oid);
    const bool missed = tracked != nullptr && tracked->state == TableState::streaming && tracked->ends_at == Lsn{} && !before.rightly(table);
    if (!missed) continue;
    if (tracked->keyless) {
      SLUICE_RETURN_IF_ERROR(park(*tracked, "the table was not in publication " + inserts_publication_name(options_) + " for a while: rows may be missing"));
      continue;
    }
    trace::warn("capture", options_.name + ": " + table.full_name() + " was not in publication " + publication_name(options_) + " for a while; it is read anew");
    SLUICE_RETURN_IF_ERROR(commit_log_transaction());
    SLUICE_TRY(const auto published_before, present_xmax());
    SLUICE_RETURN_IF_ERROR(track(table, published_before));
  }
  return {};
}

// Reads what is tracked and not yet read, while the stream waits.
Result<void> SourceRun::adopt() {
  bool any = false;
  for (auto& [topic, tracked] : tables_) {
    if (tracked->state != TableState::snapshot || tracked->ends_at != Lsn{}) continue;
    if (const auto left_out = left_out_.find(topic); left_out != left_out_.end()) tracked->note = left_out->second.note;
    SLUICE_RETURN_IF_ERROR(read_table(*tracked, ""));
    any = any || tracked->state == TableState::streaming;
    // The stream goes on with the version that it last described.
    const auto relation = relations_.find(tracked->table.oid);
    if (tracked->state != TableState::streaming || relation == relations_.end()) continue;
    SLUICE_TRY(const auto message, parse_message(relation->second));
    SLUICE_RETURN_IF_ERROR(apply_relation(*tracked, std::get<Relation>(message)));
  }
  if (any) tell("streaming");
  return commit_log_transaction();
}

Result<void> SourceRun::on_relation(const Relation& relation, ByteView raw) {
  relations_[relation.oid].assign(raw);
  auto* tracked = find(relation.oid);
  if (tracked == nullptr) return {};  // adopted at the next look at the catalog; its changes until then are in its snapshot
  tracked->relation_parked = false;
  return tracked->state == TableState::streaming ? apply_relation(*tracked, relation) : Result<void>{};
}

// A table's columns as the changes that follow have them. Those that were captured before keep their version.
Result<void> SourceRun::apply_relation(TrackedTable& tracked, const Relation& relation) {
  const bool told = relation.replica_identity != 'f' && (tracked.keyless || same_key(tracked.table, relation));
  if (tracked.encoder && told && same_columns(tracked.table, relation)) return {};
  SLUICE_TRY(auto next, described(tracked, relation));
  if (tracked.keyless) next.key.clear();
  const bool new_version = tracked.encoder != nullptr && !same_columns(tracked.table, relation);
  std::swap(tracked.table, next);
  auto prepared = prepare_version(tracked, options_.name, catalog_);
  if (!prepared.ok()) return prepared.error().code == ErrorCode::rejected ? park(tracked, prepared.error().message) : prepared;
  if (new_version) {
    trace::info("capture", options_.name + ": " + tracked.table.full_name() + " has a new version, " + std::to_string(tracked.table.columns.size()) + " columns");
  }
  return {};
}

// The table as the Relation has it: as the catalog knows it, or, when that is ahead of the stream, as the message says.
Result<Table> SourceRun::described(const TrackedTable& tracked, const Relation& relation) {
  SLUICE_TRY(auto current, postgres::read_table(*side_, relation.oid));
  Table next = tracked.table;
  if (current && same_columns(*current, relation) && (tracked.keyless || same_key(*current, relation))) {
    next = std::move(*current);
    next.schema = tracked.table.schema;
    next.name = tracked.table.name;
    return next;
  }
  std::vector<Column> columns;
  std::vector<std::size_t> identity;
  for (const auto& described : relation.columns) {
    Column column;
    const auto& known = tracked.table.columns;
    const auto same = std::find_if(known.begin(), known.end(), [&](const Column& c) { return c.name == described.name && c.type_oid == described.type_oid; });
    if (same != known.end()) column = *same;
    column.name = described.name;
    column.type_oid = described.type_oid;
    column.typmod = described.typmod;
    if (described.in_key && relation.replica_identity != 'f') identity.push_back(columns.size());
    columns.push_back(std::move(column));
  }
  SLUICE_RETURN_IF_ERROR(describe_types(*side_, columns));
  next.columns = std::move(columns);
  next.key = std::move(identity);
  // In the topic's own order of the key's columns, where they are the same ones.
  if (auto key = find_key(key_fields(tracked.key_schema_text), next.columns)) {
    auto sorted = *key;
    std::sort(sorted.begin(), sorted.end());
    if (relation.replica_identity == 'f' || sorted == next.key) next.key = std::move(*key);
  }
  return next;
}

}  // namespace sluice::capture::postgres
