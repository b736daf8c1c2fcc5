// Snapshot by visibility.
//
//   1. Every chunk of a table is read under some snapshot S of PostgreSQL, and S is recorded with it, in the log transaction
//      that holds its rows. In a first life all chunks share the exported one; a chunk read after a kill has its own.
//   2. Only when the last chunk is durable does the stream begin. A change of transaction T to a key is
//        - in the rows of the key's chunk already, if that chunk's S can see T: drop it;
//        - newer than those rows, if S cannot: emit it.
//      A change of key is two changes, each judged by its own chunk.
//   3. Past the end of WAL as it was after the last S, every T is newer than all of them: the test is over.
//
// Why not compare LSNs: a commit record may lie before a watermark while its transaction is still invisible to the
// SELECT that follows the watermark (with synchronous replication, for seconds). The row read is then older than the
// change, and the change would be dropped.

#include <algorithm>

#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr double kSampleRows = 2'000;  // for each chunk; in whole pages, and too few of them may be none
constexpr std::uint64_t kPulseRows = 1024;

bool same_shape(const Table& a, const Table& b) {
  return a.storage == b.storage && a.key == b.key && std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(), [](const Column& x, const Column& y) {
    return x.name == y.name && x.type_oid == y.type_oid && x.typmod == y.typmod;
  });
}

// COPY's text format: fields by tab, \N is null, backslash escapes.
class CopyLine {
 public:
  // Errors: corrupt, when the line has not as many fields.
  Result<std::span<const Cell>> parse(std::string_view line, std::size_t columns) {
    cells_.resize(columns);
    if (line.ends_with('\n')) line.remove_suffix(1);
    // Unescaped text is never longer than the line, so views into the buffer stay valid.
    buffer_.clear();
    const bool escapes = line.find('\\') != std::string_view::npos;
    if (escapes) buffer_.reserve(line.size());
    std::size_t at = 0;
    for (auto& cell : cells_) {
      if (at > line.size()) return Error{ErrorCode::corrupt, "PostgreSQL: a COPY line with too few fields"};
      const auto end = std::min(line.find('\t', at), line.size());
      cell = {Cell::Is::text, line.substr(at, end - at)};
      if (escapes) unescape(cell);
      at = end + 1;
    }
    if (columns > 0 && at <= line.size()) return Error{ErrorCode::corrupt, "PostgreSQL: a COPY line with too many fields"};
    return std::span<const Cell>(cells_);
  }

 private:
  void unescape(Cell& cell) {
    const auto field = cell.text;
    if (field == "\\N") {
      cell = {Cell::Is::null, {}};
      return;
    }
    if (field.find('\\') == std::string_view::npos) return;
    const auto start = buffer_.size();
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] != '\\' || i + 1 == field.size()) {
        buffer_ += field[i];
        continue;
      }
      switch (const char c = field[++i]) {
        case 'b': buffer_ += '\b'; break;
        case 'f': buffer_ += '\f'; break;
        case 'n': buffer_ += '\n'; break;
        case 'r': buffer_ += '\r'; break;
        case 't': buffer_ += '\t'; break;
        case 'v': buffer_ += '\v'; break;
        default: buffer_ += c;
      }
    }
    cell.text = std::string_view(buffer_).substr(start);
  }

  std::string buffer_;
  std::vector<Cell> cells_;
};

}  // namespace

// Cuts a table into ranges of its first key column, of about as many rows each, by a sample of it. A table without a key, or
// with one whose order we cannot compute, is one chunk.
Result<void> SourceRun::plan_chunks(TrackedTable& table) {
  SLUICE_TRY(const auto size, side_->query(
      "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION ALL SELECT h.inhrelid FROM tree t JOIN pg_inherits h ON h.inhparent = t.oid WHERE $2) "
      "SELECT sum(CASE WHEN c.reltuples <= 0 THEN pg_relation_size(c.oid) / 100 ELSE c.reltuples END)::bigint FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'r'",
      {std::to_string(table.table.oid), table.table.partitioned ? "t" : "f"}));
  const auto expected = std::strtoll(text_at(size, 0).c_str(), nullptr, 10);
  table.snapshot_rows_expected = static_cast<std::uint64_t>(std::max<long long>(expected, 0));
  table.chunks.assign(1, Chunk{});
  if (table.table.keyless() || expected <= options_.chunk_rows) return {};
  const auto& column = table.table.columns[table.table.key.front()];
  if (!column.ordered) return {};
  const auto count = (expected + options_.chunk_rows - 1) / options_.chunk_rows;
  const auto percent = std::min(100.0, 100.0 * kSampleRows * static_cast<double>(count) / static_cast<double>(expected));
  const auto edges = side_->query("SELECT DISTINCT ON (part) format('%s', place) FROM (SELECT place, ntile(" + std::to_string(count) +
                                  ") OVER (ORDER BY place) AS part FROM (SELECT " + side_->quote_name(column.name) + " AS place FROM " +
                                  sql_source(*side_, table.table) + " TABLESAMPLE SYSTEM (" + std::to_string(percent) + ")) s) p ORDER BY part, place");
  if (!edges.ok()) return edges.error().code == ErrorCode::rejected ? Result<void>{} : Result<void>(edges.error());
  std::optional<KeyPlace> last;
  for (std::size_t i = 1; i < edges->size(); ++i) {
    const auto text = (*edges)[i][0].value_or("");
    auto place = key_place(column.type, text);
    if (!place || (last && *place <= *last)) continue;
    table.chunks.back().high = text;
    table.chunks.push_back({text, std::nullopt, false, {}});
    last = std::move(place);
  }
  return {};
}

// Opens the transaction in which a chunk is read, and knows the table as it is there. The lock comes before the snapshot: a
// rewrite of the table between them would show no rows at all. For the same reason a table that was rewritten since the
// exported snapshot, or whose columns are others, is not read under it: then gives false, and there is no transaction.
Result<bool> SourceRun::begin_chunk(TrackedTable& table, const std::string& exported) {
  SLUICE_RETURN_IF_ERROR(side_->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  if (!exported.empty()) SLUICE_RETURN_IF_ERROR(side_->query("SET TRANSACTION SNAPSHOT " + side_->quote_literal(exported)));
  SLUICE_RETURN_IF_ERROR(side_->query("LOCK TABLE " + sql_source(*side_, table.table) + " IN ACCESS SHARE MODE"));
  SLUICE_TRY(auto current, postgres::read_table(exported.empty() ? *side_ : *catalog_side_, table.table.oid));
  const bool gone = !current || current->full_name() != table.table.full_name();
  if (gone) return Error{ErrorCode::not_found, "the table was dropped or renamed"};
  if (table.keyless) current->key.clear();
  if (!exported.empty() && !same_shape(*current, table.table)) {
    SLUICE_RETURN_IF_ERROR(side_->query("ROLLBACK"));
    return false;
  }
  if (!table.encoder || !same_shape(*current, table.table)) {
    std::swap(table.table, *current);
    auto prepared = prepare_version(table, options_.name, catalog_);
    if (!prepared.ok()) return std::move(prepared).error();
  }
  SLUICE_TRY(const auto seen, side_->query("SELECT pg_current_snapshot()::text"));
  SLUICE_TRY(auto snapshot, Snapshot::parse(text_at(seen, 0)));
  near_xid_ = std::max(near_xid_, snapshot.xmax);
  chunk_snapshot_ = std::move(snapshot);
  return true;
}

Result<void> SourceRun::copy_chunk(TrackedTable& table, const Chunk& chunk) {
  std::string columns;
  for (const auto& column : table.table.columns) columns += (columns.empty() ? "" : ", ") + side_->quote_name(column.name);
  std::string where;
  if (chunk.low || chunk.high) {
    const auto key = side_->quote_name(table.table.columns[table.table.key.front()].name);
    if (chunk.low) where += " WHERE " + key + " >= " + side_->quote_literal(*chunk.low);
    if (chunk.high) where += (where.empty() ? " WHERE " : " AND ") + key + " < " + side_->quote_literal(*chunk.high);
  }
  const auto now_ms = clock_.wall_ms();
  CopyLine line;
  std::uint64_t rows = 0;
  return side_->copy_out("COPY (SELECT " + columns + " FROM " + sql_source(*side_, table.table) + where + ") TO STDOUT", [&](std::string_view piece) -> Result<void> {
    SLUICE_TRY(const auto cells, line.parse(piece, table.table.columns.size()));
    SLUICE_RETURN_IF_ERROR(writer_.snapshot_row(table, cells, now_ms));
    return ++rows % kPulseRows == 0 ? pulse() : Result<void>{};
  });
}

Result<void> SourceRun::read_chunk(TrackedTable& table, std::size_t index) {
  auto& chunk = table.chunks[index];
  const auto rows_before = table.count->appended.all;
  SLUICE_RETURN_IF_ERROR(writer_.begin());
  SLUICE_RETURN_IF_ERROR(copy_chunk(table, chunk));
  SLUICE_RETURN_IF_ERROR(side_->query("COMMIT"));
  SLUICE_RETURN_IF_ERROR(writer_.commit({{chunk_key(options_.name, table.topic, index), chunk_value(chunk_snapshot_, table.count->appended.all - rows_before)}}));
  chunk.snapshot = chunk_snapshot_;
  chunk.done = true;
  return {};
}

// A transaction that began before the table was published may have written to it before: those changes are in no stream. And
// a transaction that the stream has brought already may still be invisible, as it waits for a synchronous standby.
Result<bool> SourceRun::older_are_over(TrackedTable& table) {
  if (table.begun() || (table.published_before == 0 && table.passed_over.empty())) return true;
  SLUICE_TRY(const auto rows, side_->query("SELECT pg_current_snapshot()::text"));
  SLUICE_TRY(const auto now, Snapshot::parse(text_at(rows, 0)));
  std::erase_if(table.passed_over, [&](std::uint64_t xid) { return now.sees(xid); });
  if (now.xmin >= table.published_before && table.passed_over.empty()) return true;
  table.note = "waits for transactions that began before it was published";
  return false;
}

Result<void> SourceRun::read_chunks(TrackedTable& table, const std::string& exported) {
  auto under = exported;
  for (std::size_t i = 0; i < table.chunks.size(); ++i) {
    if (table.chunks[i].done) continue;
    SLUICE_TRY(const bool begun, begin_chunk(table, under));
    if (!begun) {  // from here on as it is now
      trace::info("capture", options_.name + ": " + table.table.full_name() + " was altered since the slot was made");
      under.clear();
      SLUICE_TRY(const bool again, begin_chunk(table, under));
      SLUICE_CHECK(again);
    }
    SLUICE_RETURN_IF_ERROR(read_chunk(table, i));
  }
  return {};
}

// A row that cannot be a record parks the table. What PostgreSQL refuses (a right, a table that is gone) leaves it unread, to
// be tried again at the next look at the catalog, and so does a wait for older transactions: the stream goes on meanwhile.
Result<void> SourceRun::read_table(TrackedTable& table, const std::string& exported) {
  if (table.state != TableState::snapshot || !published_now_.contains(table.table.oid)) return {};
  SLUICE_TRY(const bool ready, older_are_over(table));
  if (!ready) return {};
  auto read = read_chunks(table, exported);
  if (read.ok()) return finish_snapshot(table);
  const auto& error = read.error();
  const bool refused = error.code == ErrorCode::not_found || (error.code == ErrorCode::rejected && error.detail.starts_with("SQLSTATE"));
  if (!refused && error.code != ErrorCode::rejected && error.code != ErrorCode::corrupt) return read;
  SLUICE_RETURN_IF_ERROR(writer_.abort());
  SLUICE_TRY(side_, connect());
  if (refused) return leave_unread(table, error.message);
  SLUICE_RETURN_IF_ERROR(park(table, error.message));
  return writer_.commit({});
}

// The stream passes its changes over from now on: what was read of it already counts no more.
Result<void> SourceRun::leave_unread(TrackedTable& table, const std::string& why) {
  if (table.note != why) trace::warn("capture", options_.name + ": " + table.table.full_name() + " cannot be read: " + why);
  table.note = why;
  std::vector<pipeline::PositionUpdate> updates;
  if (table.begun()) {
    SLUICE_TRY(const auto range, log_.range(table.topic, 0));
    table.fresh_from = range.last_stable;
    for (std::size_t i = 0; i < table.chunks.size(); ++i) updates.push_back({chunk_key(options_.name, table.topic, i), std::nullopt});
    for (auto& chunk : table.chunks) chunk.done = false;
  }
  if (table.published_before == 0 || !updates.empty()) {
    SLUICE_TRY(table.published_before, present_xmax());
    SLUICE_RETURN_IF_ERROR(writer_.table_state(table, clock_.wall_ms()));
    SLUICE_RETURN_IF_ERROR(writer_.commit(updates));
  }
  return {};
}

Result<void> SourceRun::finish_snapshot(TrackedTable& table) {
  SLUICE_TRY(table.filter_until, end_of_wal(*side_));
  const auto now_ms = clock_.wall_ms();
  if (table.fresh_from) SLUICE_RETURN_IF_ERROR(writer_.remove_stale(table, *table.fresh_from, now_ms, [this] { return pulse(); }));
  table.fresh_from.reset();
  table.published_before = 0;
  table.state = TableState::streaming;
  if (!table.keyless) table.note.clear();
  SLUICE_RETURN_IF_ERROR(writer_.table_state(table, now_ms));
  SLUICE_RETURN_IF_ERROR(writer_.commit({}));
  trace::info("capture", options_.name + ": " + table.table.full_name() + ": snapshot done, " + std::to_string(table.count->appended.of_snapshot) + " rows");
  tell_progress(true);
  return {};
}

Result<void> SourceRun::read_snapshots(const std::string& exported) {
  tell("snapshot");
  for (auto& [topic, table] : tables_) SLUICE_RETURN_IF_ERROR(read_table(*table, exported));
  return {};
}

}  // namespace sluice::capture::postgres
