// The stream.
//
//   1. Whole source transactions are appended, in their order, under one open log transaction. It is closed at the end of a
//      source transaction: when nothing more has arrived, after a moment, or at a size. The position goes with it.
//   2. What PostgreSQL is told as flushed is the end of the last source transaction whose log transaction is durable.
//   3. When nothing is outstanding, a keepalive's end of WAL is a position too: recorded at most every 10 s, so that
//      quiet tables pin no WAL.
//   4. Between source transactions, once a second, the catalog is looked at: new tables are published and read, tables that
//      lost their key move to the publication for inserts, dropped ones are marked.

#include <algorithm>
#include <chrono>

#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::size_t kLogTransactionBytes = std::size_t{4} << 20;
constexpr std::int64_t kLogTransactionUs = 2'000;
constexpr std::int64_t kIdlePositionEveryMs = 10'000;
constexpr std::int64_t kCatalogEveryMs = 1'000;
constexpr std::int64_t kStatusEveryMs = 1'000;
constexpr int kWaitMs = 50;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string text_at(const Rows& rows, std::size_t column) {
  return rows.empty() || column >= rows[0].size() ? std::string() : rows[0][column].value_or("");
}

bool same_columns(const Table& table, const Relation& relation) {
  return std::equal(table.columns.begin(), table.columns.end(), relation.columns.begin(), relation.columns.end(), [](const Column& column, const RelationColumn& other) {
    return column.name == other.name && column.type_oid == other.type_oid && column.typmod == other.typmod;
  });
}

}  // namespace

Result<void> SourceRun::stream(const std::stop_token& stop) {
  stop_ = stop;
  const auto command = "START_REPLICATION SLOT " + stream_->quote_name(slot_) + " LOGICAL " + lsn_text(position_.end_lsn) +
                       " (proto_version '1', publication_names " +
                       stream_->quote_literal(stream_->quote_name(publication_name(options_)) + "," + stream_->quote_name(inserts_publication_name(options_))) + ")";
  SLUICE_RETURN_IF_ERROR(stream_->start_streaming(command));
  durable_ = commit_end_ = server_end_ = position_.end_lsn;
  shared_.captured_until = durable_.value;
  tell("streaming");
  while (true) {
    const bool at_boundary = !in_transaction_;
    if (at_boundary && stop.stop_requested()) break;
    if (at_boundary && clock_.steady_ms() - polled_ms_ >= kCatalogEveryMs) {
      polled_ms_ = clock_.steady_ms();
      SLUICE_RETURN_IF_ERROR(commit_log_transaction());
      SLUICE_RETURN_IF_ERROR(poll_catalog());
    }
    SLUICE_TRY(const auto message, stream_->next(writer_.is_open() && at_boundary ? 0 : kWaitMs));
    if (message && !message->empty()) {
      SLUICE_RETURN_IF_ERROR(message->front() == 'w' ? on_data(*message) : on_keepalive(*message));
    } else if (at_boundary) {
      SLUICE_RETURN_IF_ERROR(commit_log_transaction());
    } else if (stop.stop_requested()) {
      break;  // in the middle of a transaction that may still take long: it comes again
    }
    const auto now = clock_.steady_ms();
    if (now - status_sent_ms_ >= kStatusEveryMs) {
      status_sent_ms_ = now;
      SLUICE_RETURN_IF_ERROR(stream_->send_status(durable_, true));
    }
    tell_progress(false);
  }
  if (in_transaction_) return writer_.abort();
  SLUICE_RETURN_IF_ERROR(commit_log_transaction());
  return stream_->send_status(durable_, false);
}

Result<void> SourceRun::on_keepalive(ByteView message) {
  ByteReader in(message);
  in.skip(1);
  const Lsn end{in.u64()};
  (void)in.i64();
  const bool reply = in.u8() == 1;
  if (!in.ok()) return Error{ErrorCode::corrupt, "PostgreSQL: a keepalive that is cut"};
  server_end_ = std::max(server_end_, end);
  if (!in_transaction_ && !writer_.is_open()) {
    commit_end_ = std::max(commit_end_, end);
    shared_.captured_until = commit_end_.value;
    SLUICE_RETURN_IF_ERROR(record_idle_position(clock_.steady_ms()));
  }
  if (!reply) return {};
  status_sent_ms_ = clock_.steady_ms();
  return stream_->send_status(durable_, false);
}

Result<void> SourceRun::record_idle_position(std::int64_t now_ms) {
  if (commit_end_ <= durable_ || now_ms - idle_recorded_ms_ < kIdlePositionEveryMs) return {};
  idle_recorded_ms_ = now_ms;
  position_.end_lsn = commit_end_;
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  durable_ = commit_end_;
  return {};
}

Result<void> SourceRun::commit_log_transaction() {
  if (!writer_.is_open()) return {};
  const auto begin = steady_us();
  position_.commit_lsn = context_.commit_lsn;
  position_.end_lsn = commit_end_;
  position_.xid = static_cast<std::uint32_t>(context_.xid);
  position_.commit_time_us = commit_time_us_;
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  last_commit_took_us_ = steady_us() - begin;
  durable_ = commit_end_;
  idle_recorded_ms_ = clock_.steady_ms();
  shared_.captured_until = durable_.value;
  for (auto& [topic, table] : tables_) table->open_keys.clear();
  return {};
}

Result<void> SourceRun::on_data(ByteView message) {
  ByteReader in(message);
  in.skip(1);
  (void)in.u64();  // start of this data
  server_end_ = std::max(server_end_, Lsn{in.u64()});
  (void)in.i64();
  if (!in.ok()) return Error{ErrorCode::corrupt, "PostgreSQL: a message of the stream that is cut"};
  const auto raw = in.rest();
  SLUICE_TRY(const auto parsed, parse_message(raw));
  if (const auto* begin = std::get_if<Begin>(&parsed)) {
    in_transaction_ = true;
    skipping_ = begin->commit_lsn < position_.end_lsn;
    near_xid_ = widen_xid(begin->xid, near_xid_);
    context_ = {begin->commit_lsn, begin->commit_time_us, near_xid_, 0};
    if (!writer_.is_open()) log_transaction_since_us_ = steady_us();
    return {};
  }
  if (const auto* commit = std::get_if<Commit>(&parsed)) {
    in_transaction_ = false;
    if (skipping_) return {};
    commit_end_ = commit->end_lsn;
    commit_time_us_ = commit->commit_time_us;
    const auto open_us = steady_us() - log_transaction_since_us_;
    // A commit takes some rounds of the disk; under load they are spread over a few milliseconds of changes.
    const bool due = open_us >= std::max(kLogTransactionUs, 4 * last_commit_took_us_) || writer_.bytes() >= kLogTransactionBytes;
    return writer_.is_open() && due ? commit_log_transaction() : Result<void>{};
  }
  if (const auto* relation = std::get_if<Relation>(&parsed)) return on_relation(*relation, raw);
  return skipping_ ? Result<void>{} : on_change(parsed, raw);
}

// A table's columns as the changes that follow have them. Those that were captured before keep their version.
Result<void> SourceRun::on_relation(const Relation& relation, ByteView raw) {
  auto* tracked = find(relation.oid);
  if (tracked == nullptr) return {};  // adopted at the next look at the catalog; its changes until then are in its snapshot
  tracked->relation.assign(raw);
  tracked->relation_parked = false;
  if (tracked->state == TableState::parked || tracked->state == TableState::dropped) return {};
  if (same_columns(tracked->table, relation)) return {};
  SLUICE_TRY(auto current, postgres::read_table(*side_, relation.oid));
  Table next = tracked->table;
  if (current && same_columns(*current, relation)) {
    next = std::move(*current);
    next.schema = tracked->table.schema;
    next.name = tracked->table.name;
  } else {  // the catalog is ahead of the stream: what the message says, and types by their ids
    std::vector<Column> columns;
    next.key.clear();
    for (const auto& described : relation.columns) {
      Column column;
      column.name = described.name;
      column.type_oid = described.type_oid;
      column.typmod = described.typmod;
      const auto& known = tracked->table.columns;
      const auto same = std::find_if(known.begin(), known.end(), [&](const Column& c) { return c.name == described.name && c.type_oid == described.type_oid; });
      if (same != known.end()) column.comment = same->comment, column.not_null = same->not_null, column.enum_symbols = same->enum_symbols;
      if (described.in_key && relation.replica_identity != 'f') next.key.push_back(columns.size());
      columns.push_back(std::move(column));
    }
    SLUICE_RETURN_IF_ERROR(describe_types(*side_, columns));
    next.columns = std::move(columns);
    if (relation.replica_identity == 'f') {
      for (const auto index : tracked->table.key) {
        const auto& name = tracked->table.columns[index].name;
        for (std::size_t i = 0; i < next.columns.size(); ++i) {
          if (next.columns[i].name == name) next.key.push_back(i);
        }
      }
    }
  }
  std::swap(tracked->table, next);
  auto prepared = prepare_version(*tracked, options_.name, catalog_);
  if (prepared.ok()) {
    trace::info("capture", options_.name + ": " + tracked->table.full_name() + " has a new version, " + std::to_string(tracked->table.columns.size()) + " columns");
    return {};
  }
  if (prepared.error().code != ErrorCode::rejected) return prepared;
  return park(*tracked, prepared.error().message);
}

bool SourceRun::sees(const TrackedTable& table, std::span<const Cell> row) const {
  return context_.commit_lsn < table.filter_until && table.chunk_of(row).snapshot.sees(context_.xid);
}

Result<void> SourceRun::on_change(const Message& message, ByteView raw) {
  const auto to = [&](Oid oid) -> Result<void> {
    auto* table = find(oid);
    if (table == nullptr || table->state == TableState::dropped || table->state == TableState::snapshot) return {};
    if (table->state == TableState::parked) return writer_.park(*table, raw, context_);
    auto applied = apply(*table, message);
    if (!applied.ok() && (applied.error().code == ErrorCode::rejected || applied.error().code == ErrorCode::corrupt)) {
      SLUICE_RETURN_IF_ERROR(park(*table, applied.error().message));
      return writer_.park(*table, raw, context_);
    }
    return applied;
  };
  if (const auto* insert = std::get_if<Insert>(&message)) return to(insert->oid);
  if (const auto* update = std::get_if<Update>(&message)) return to(update->oid);
  if (const auto* removal = std::get_if<Delete>(&message)) return to(removal->oid);
  if (const auto* truncate = std::get_if<Truncate>(&message)) {
    for (const auto oid : truncate->oids) SLUICE_RETURN_IF_ERROR(to(oid));
  }
  return {};
}

Result<void> SourceRun::apply(TrackedTable& table, const Message& message) {
  if (const auto* insert = std::get_if<Insert>(&message)) {
    return sees(table, insert->row) ? Result<void>{} : writer_.insert(table, insert->row, context_);
  }
  if (const auto* update = std::get_if<Update>(&message)) {
    const bool old_seen = !update->old.empty() && sees(table, update->old);
    if (!update->old.empty() && old_seen != sees(table, update->row)) {
      // A row that moved from one chunk to another, and only one of them was read after that: each side by itself.
      if (old_seen) return writer_.insert(table, update->row, context_);
      return writer_.remove(table, update->old, context_);
    }
    return sees(table, update->row) ? Result<void>{} : writer_.update(table, *update, context_);
  }
  if (const auto* removal = std::get_if<Delete>(&message)) {
    return sees(table, removal->old) ? Result<void>{} : writer_.remove(table, removal->old, context_);
  }
  return writer_.truncate(table, context_, [&](ByteView key) {
    return context_.commit_lsn >= table.filter_until || !table.chunk_of_key(key).snapshot.sees(context_.xid);
  });
}

// --- the catalog

Result<void> SourceRun::poll_catalog() {
  SLUICE_TRY(auto tables, read_tables(*side_, options_));
  for (auto& [topic, tracked] : tables_) {
    if (tracked->state == TableState::dropped) continue;
    const auto there = std::find_if(tables.begin(), tables.end(), [&, &known = tracked->table](const Table& table) {
      return table.oid == known.oid && table.full_name() == known.full_name();
    });
    if (there == tables.end()) {
      tracked->state = TableState::dropped;
      tracked->note = "the table was dropped or renamed; its topic stays";
      by_oid_.erase(tracked->table.oid);
      SLUICE_RETURN_IF_ERROR(writer_.table_state(*tracked, clock_.wall_ms()));
      trace::info("capture", options_.name + ": " + tracked->table.full_name() + " was dropped or renamed; its topic stays");
      continue;
    }
    const bool lost_key = there->keyless() && !tracked->key_schema_text.empty();
    if (lost_key && tracked->state == TableState::streaming) {
      SLUICE_RETURN_IF_ERROR(park(*tracked, "the key of " + tracked->table.full_name() + " was dropped"));
    }
  }
  SLUICE_RETURN_IF_ERROR(publish_tables(tables));
  SLUICE_RETURN_IF_ERROR(commit_log_transaction());
  for (auto& table : tables) {
    if (find(table.oid) == nullptr) SLUICE_RETURN_IF_ERROR(adopt(std::move(table), stop_));
  }
  return {};
}

// A table that appeared while streaming: it is published already; once every transaction that began before is over, it is
// read, while the stream waits.
Result<void> SourceRun::adopt(Table table, const std::stop_token& stop) {
  trace::info("capture", options_.name + ": new table " + table.full_name());
  const auto oid = table.oid;
  SLUICE_RETURN_IF_ERROR(track(std::move(table), clock_.wall_ms()));
  auto* tracked = find(oid);
  if (tracked == nullptr || tracked->state == TableState::parked) return {};
  SLUICE_TRY(const auto published, side_->query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"));
  while (!stop.stop_requested()) {
    SLUICE_TRY(const auto over, side_->query("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8", {text_at(published, 0)}));
    if (text_at(over, 0) == "t") break;
    SLUICE_RETURN_IF_ERROR(keep_alive());
    SLUICE_RETURN_IF_ERROR(side_->query("SELECT pg_sleep(0.05)"));
  }
  if (stop.stop_requested()) return {};
  SLUICE_TRY(const auto before, log_.range(tracked->topic, 0));
  const bool replaces = tracked->replaces_earlier;
  SLUICE_RETURN_IF_ERROR(read_table(*tracked, "", stop));
  if (replaces && tracked->state == TableState::streaming) {
    SLUICE_RETURN_IF_ERROR(writer_.remove_stale(*tracked, before.last_stable, clock_.wall_ms()));
    if (writer_.is_open()) SLUICE_RETURN_IF_ERROR(writer_.commit({}));
    tracked->open_keys.clear();
  }
  tell("streaming");
  return {};
}

}  // namespace sluice::capture::postgres
