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
#include <charconv>

#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kKeepAliveEveryMs = 5'000;

bool is_integer(const ColumnType& type) { return type.kind == Kind::int32 || type.kind == Kind::int64; }

// COPY's text format: fields by tab, \N is null, backslash escapes.
class CopyLine {
 public:
  void parse(std::string_view line) {
    cells_.clear();
    if (line.ends_with('\n')) line.remove_suffix(1);
    // Unescaped text is never longer than the line, so views into the buffer stay valid.
    buffer_.clear();
    buffer_.reserve(line.size());
    std::size_t at = 0;
    while (true) {
      const auto end = std::min(line.find('\t', at), line.size());
      add(line.substr(at, end - at));
      if (end == line.size()) return;
      at = end + 1;
    }
  }
  [[nodiscard]] std::span<const Cell> cells() const { return cells_; }

 private:
  void add(std::string_view field) {
    if (field == "\\N") {
      cells_.push_back({Cell::Is::null, {}});
      return;
    }
    if (field.find('\\') == std::string_view::npos) {
      cells_.push_back({Cell::Is::text, field});
      return;
    }
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
    cells_.push_back({Cell::Is::text, std::string_view(buffer_).substr(start)});
  }

  std::string buffer_;
  std::vector<Cell> cells_;
};

std::string text_at(const Rows& rows, std::size_t column) {
  return rows.empty() || column >= rows[0].size() ? std::string() : rows[0][column].value_or("");
}

}  // namespace

// Cuts a table into ranges of its first key column, if that is an integer; else it is one chunk.
Result<void> SourceRun::plan_chunks(TrackedTable& table) {
  const auto name = side_->quote_name(table.table.schema) + "." + side_->quote_name(table.table.name);
  SLUICE_TRY(const auto size, side_->query(
      "SELECT greatest(0, CASE WHEN reltuples < 0 THEN pg_relation_size(oid) / 100 ELSE reltuples END)::bigint FROM pg_class WHERE oid = $1::oid",
      {std::to_string(table.table.oid)}));
  const auto expected = std::strtoll(text_at(size, 0).c_str(), nullptr, 10);
  table.snapshot_rows_expected = static_cast<std::uint64_t>(std::max<long long>(expected, 0));
  table.chunks.assign(1, Chunk{});
  if (table.table.keyless() || !is_integer(table.table.columns[table.table.key.front()].type) || expected <= options_.chunk_rows) return {};
  const auto column = side_->quote_name(table.table.columns[table.table.key.front()].name);
  SLUICE_TRY(const auto bounds, side_->query("SELECT min(" + column + ")::bigint, max(" + column + ")::bigint FROM " + name));
  if (text_at(bounds, 0).empty()) return {};
  // Unsigned, so that the whole range of bigint has a width.
  const auto low = static_cast<std::uint64_t>(std::strtoll(text_at(bounds, 0).c_str(), nullptr, 10));
  const auto high = static_cast<std::uint64_t>(std::strtoll(text_at(bounds, 1).c_str(), nullptr, 10));
  const auto count = static_cast<std::uint64_t>((expected + options_.chunk_rows - 1) / options_.chunk_rows);
  const auto width = (high - low) / count;
  table.chunks.clear();
  std::optional<std::int64_t> from;
  for (std::uint64_t i = 1; i < count; ++i) {
    const auto edge = static_cast<std::int64_t>(low + width * i);
    if (from && edge <= *from) continue;
    table.chunks.push_back({from, edge, false, {}});
    from = edge;
  }
  table.chunks.push_back({from, std::nullopt, false, {}});
  return {};
}

Result<void> SourceRun::read_chunk(TrackedTable& table, std::size_t index, const std::string& exported, const std::stop_token& stop) {
  auto& chunk = table.chunks[index];
  const auto name = side_->quote_name(table.table.schema) + "." + side_->quote_name(table.table.name);
  std::string columns;
  for (const auto& column : table.table.columns) columns += (columns.empty() ? "" : ", ") + side_->quote_name(column.name);
  std::string where;
  if (chunk.low || chunk.high) {
    const auto key = side_->quote_name(table.table.columns[table.table.key.front()].name);
    if (chunk.low) where += " WHERE " + key + " >= " + std::to_string(*chunk.low);
    if (chunk.high) where += (where.empty() ? " WHERE " : " AND ") + key + " < " + std::to_string(*chunk.high);
  }
  SLUICE_RETURN_IF_ERROR(side_->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  if (!exported.empty()) SLUICE_RETURN_IF_ERROR(side_->query("SET TRANSACTION SNAPSHOT " + side_->quote_literal(exported)));
  SLUICE_TRY(const auto seen, side_->query("SELECT pg_current_snapshot()::text"));
  SLUICE_TRY(chunk.snapshot, Snapshot::parse(text_at(seen, 0)));
  near_xid_ = std::max(near_xid_, chunk.snapshot.xmax);
  const auto now_ms = clock_.wall_ms();
  const auto rows_before = table.rows;
  SLUICE_RETURN_IF_ERROR(writer_.begin());
  CopyLine line;
  const auto copied = side_->copy_out("COPY (SELECT " + columns + " FROM " + name + where + ") TO STDOUT", [&](std::string_view piece) -> Result<void> {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopping"};
    if (table.table.columns.empty()) {
      return writer_.snapshot_row(table, {}, now_ms);
    }
    line.parse(piece);
    SLUICE_RETURN_IF_ERROR(writer_.snapshot_row(table, line.cells(), now_ms));
    if (table.rows % 1024 == 0) {
      tell_progress(false);
      return keep_alive();
    }
    return {};
  });
  if (!copied.ok()) return copied;
  SLUICE_RETURN_IF_ERROR(side_->query("COMMIT"));
  chunk.done = true;
  return writer_.commit({{chunk_key(options_.name, table.topic, index), chunk_value(chunk.snapshot, table.rows - rows_before)}});
}

Result<void> SourceRun::read_table(TrackedTable& table, const std::string& exported, const std::stop_token& stop) {
  if (table.state != TableState::snapshot) return {};
  for (std::size_t i = 0; i < table.chunks.size(); ++i) {
    if (table.chunks[i].done) continue;
    auto read = read_chunk(table, i, exported, stop);
    if (!read.ok() && read.error().code == ErrorCode::rejected) {
      // A row that cannot be a record, or a table that is gone: this table is parked, the rest goes on.
      SLUICE_RETURN_IF_ERROR(writer_.abort());
      SLUICE_TRY(side_, PostgresConnection::open(options_));
      return park(table, read.error().message);
    }
    SLUICE_RETURN_IF_ERROR(std::move(read));
  }
  return finish_snapshot(table);
}

Result<void> SourceRun::finish_snapshot(TrackedTable& table) {
  SLUICE_TRY(const auto end, side_->query("SELECT pg_current_wal_insert_lsn()::text"));
  SLUICE_TRY(table.filter_until, parse_lsn(text_at(end, 0)));
  const auto now_ms = clock_.wall_ms();
  if (table.replaces_earlier) {
    // Chunks are not in one piece with earlier ones of another run: what is fresh is what was written since the adoption.
    table.replaces_earlier = false;
  }
  table.state = TableState::streaming;
  SLUICE_RETURN_IF_ERROR(writer_.table_state(table, now_ms));
  SLUICE_RETURN_IF_ERROR(writer_.commit({}));
  table.open_keys.clear();
  trace::info("capture", options_.name + ": " + table.table.full_name() + ": snapshot done, " + std::to_string(table.snapshot_rows) + " rows");
  tell_progress(true);
  return {};
}

Result<void> SourceRun::read_snapshots(const std::string& exported, const std::stop_token& stop) {
  tell("snapshot");
  for (auto& [topic, table] : tables_) SLUICE_RETURN_IF_ERROR(read_table(*table, exported, stop));
  return {};
}

Result<void> SourceRun::keep_alive() {
  if (!stream_ || server_end_ == Lsn{0} || clock_.steady_ms() - status_sent_ms_ < kKeepAliveEveryMs) return {};
  status_sent_ms_ = clock_.steady_ms();
  return stream_->send_status(durable_, false);
}

}  // namespace sluice::capture::postgres
