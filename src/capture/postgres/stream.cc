// The stream.
//
//   1. Whole source transactions are appended, in their order, under one open log transaction. It is closed at the end of a
//      source transaction: when nothing more has arrived, after a moment, or at a size. The position goes with it.
//   2. What PostgreSQL is told as flushed is the end of the last source transaction whose log transaction is durable.
//   3. When nothing is outstanding, a keepalive's end of WAL is a position too: recorded at most every 10 s, so that
//      quiet tables pin no WAL.
//   4. Between source transactions, once a second, the catalog is looked at (catalog_watch.cc).

#include <algorithm>
#include <chrono>

#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::size_t kLogTransactionBytes = std::size_t{4} << 20;
constexpr std::int64_t kLogTransactionUs = 2'000;
constexpr std::int64_t kIdlePositionEveryMs = 10'000;
constexpr std::uint64_t kRowsCountedAgain = 50'000;
constexpr std::int64_t kCatalogEveryMs = 1'000;
constexpr std::int64_t kStatusEveryMs = 1'000;
constexpr std::int64_t kKeepAliveEveryMs = 5'000;
constexpr int kWaitMs = 50;
constexpr int kMessagesAtOnce = 100;  // between two looks at clock and stop

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Result<void> SourceRun::stream() {
  const auto command = "START_REPLICATION SLOT " + stream_->quote_name(slot_) + " LOGICAL " + lsn_text(position_.end_lsn) +
                       " (proto_version '1', publication_names " +
                       stream_->quote_literal(stream_->quote_name(publication_name(options_)) + "," + stream_->quote_name(inserts_publication_name(options_))) + ")";
  SLUICE_RETURN_IF_ERROR(stream_->start_streaming(command));
  durable_ = commit_end_ = server_end_ = position_.end_lsn;
  shared_.captured_until = durable_.value;
  tell("streaming");
  while (!stop_.stop_requested()) {
    const auto now = clock_.steady_ms();
    if (!in_transaction_ && now - polled_ms_ >= kCatalogEveryMs) {
      polled_ms_ = now;
      SLUICE_RETURN_IF_ERROR(commit_log_transaction());
      SLUICE_RETURN_IF_ERROR(store_counts(kRowsCountedAgain));
      SLUICE_RETURN_IF_ERROR(poll_catalog());
    }
    SLUICE_RETURN_IF_ERROR(receive());
    if (now - status_sent_ms_ >= kStatusEveryMs) {
      status_sent_ms_ = now;
      SLUICE_RETURN_IF_ERROR(stream_->send_status(durable_, true));
    }
    tell_progress(false);
  }
  // What is open in the middle of a source transaction, which may still take long, comes again.
  SLUICE_RETURN_IF_ERROR(in_transaction_ ? writer_.abort() : commit_log_transaction());
  SLUICE_RETURN_IF_ERROR(store_counts(1));
  return stream_->send_status(durable_, false);
}

// Writes down how many rows the topics have, where it was last said more than `behind` rows ago: so much, and no more, is
// counted again at the next start.
Result<void> SourceRun::store_counts(std::uint64_t behind) {
  bool any = false;
  for (const auto& [topic, table] : tables_) {
    if (table->count->committed.all - table->count->stored < behind) continue;
    SLUICE_RETURN_IF_ERROR(writer_.table_state(*table, clock_.wall_ms()));
    any = true;
  }
  return any ? writer_.commit({}) : Result<void>{};
}

// Some messages, or none after a wait: then what is whole is committed.
Result<void> SourceRun::receive() {
  for (int i = 0; i < kMessagesAtOnce; ++i) {
    const bool wait = i == 0 && (in_transaction_ || !writer_.is_open());
    SLUICE_TRY(const auto message, stream_->next(wait ? kWaitMs : 0));
    if (!message || message->empty()) return in_transaction_ ? Result<void>{} : commit_log_transaction();
    SLUICE_RETURN_IF_ERROR(message->front() == 'w' ? on_data(*message) : on_keepalive(*message));
  }
  return {};
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
  position_.end_lsn = commit_end_;
  if (commit_time_us_ != 0) {  // a source transaction was read
    position_.commit_lsn = context_.commit_lsn;
    position_.xid = static_cast<std::uint32_t>(context_.xid);
    position_.commit_time_us = commit_time_us_;
  }
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
  SLUICE_TRY(auto parsed, parse_message(raw));
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

bool SourceRun::sees(const TrackedTable& table, std::span<const Cell> row) const {
  return context_.commit_lsn < table.filter_until && table.chunk_of(row).snapshot.sees(context_.xid);
}

Result<void> SourceRun::on_change(Message& message, ByteView raw) {
  const auto to = [&](Oid oid) -> Result<void> {
    auto* table = find(oid);
    if (table == nullptr || table->state == TableState::dropped) return {};
    if (table->state == TableState::snapshot) {
      if (table->passed_over.empty() || table->passed_over.back() != context_.xid) table->passed_over.push_back(context_.xid);
      return {};
    }
    if (table->state == TableState::parked) return writer_.park(*table, relations_[oid], raw, context_);
    auto applied = apply(*table, message);
    if (!applied.ok() && (applied.error().code == ErrorCode::rejected || applied.error().code == ErrorCode::corrupt)) {
      SLUICE_RETURN_IF_ERROR(park(*table, applied.error().message));
      return writer_.park(*table, relations_[oid], raw, context_);
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

Result<void> SourceRun::apply(TrackedTable& table, Message& message) {
  if (!table.encoder) return Error{ErrorCode::corrupt, "PostgreSQL: a change of " + table.table.full_name() + " before its Relation"};
  if (const auto* insert = std::get_if<Insert>(&message)) {
    return sees(table, insert->row) ? Result<void>{} : writer_.insert(table, insert->row, context_);
  }
  if (auto* update = std::get_if<Update>(&message)) return apply_update(table, *update);
  if (const auto* removal = std::get_if<Delete>(&message)) {
    return sees(table, removal->old) ? Result<void>{} : writer_.remove(table, removal->old, context_);
  }
  const auto concerns = [&](ByteView key) {
    return context_.commit_lsn >= table.filter_until || !table.chunk_of_key(key).snapshot.sees(context_.xid);
  };
  return writer_.truncate(table, context_, concerns, [this] { return pulse(); });
}

Result<void> SourceRun::apply_update(TrackedTable& table, Update& update) {
  // The old side has a toasted value that the new one only names: a key column's, or with REPLICA IDENTITY FULL any.
  for (std::size_t i = 0; i < std::min(update.old.size(), update.row.size()); ++i) {
    const auto& old = update.old[i];
    const bool known = old.is == Cell::Is::text || (old.is == Cell::Is::null && !update.old_is_key);
    if (update.row[i].is == Cell::Is::unchanged && known) update.row[i] = old;
  }
  const bool seen = sees(table, update.row);
  if (update.old.empty() || sees(table, update.old) == seen) return seen ? Result<void>{} : writer_.update(table, update, context_);
  // A row that moved from one chunk to another, and only one of them was read after that: each side by itself.
  return seen ? writer_.remove(table, update.old, context_) : writer_.move_in(table, update, context_);
}

Result<void> SourceRun::keep_alive() {
  if (!stream_ || server_end_ == Lsn{0} || clock_.steady_ms() - status_sent_ms_ < kKeepAliveEveryMs) return {};
  status_sent_ms_ = clock_.steady_ms();
  return stream_->send_status(durable_, false);
}

}  // namespace sluice::capture::postgres
