#pragma once
// Writes changes into the open log transaction: headers, tombstones, dead letters, parked messages.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/postgres/pgoutput.h"
#include "capture/postgres/tracked_table.h"
#include "pipeline/log.h"

namespace sluice::capture::postgres {

// The source transaction that a change belongs to.
struct TransactionContext {
  Lsn commit_lsn;
  std::int64_t commit_time_us = 0;
  std::uint64_t xid = 0;   // 64 bits
  std::uint64_t seq = 0;   // of the next change
};

class ChangeWriter {
 public:
  ChangeWriter(std::string source, pipeline::Log& log) : source_(std::move(source)), log_(log) {}

  // Fences earlier writers of the source.
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> begin();  // no effect when open
  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] Result<void> commit(const std::vector<pipeline::PositionUpdate>& positions);
  [[nodiscard]] Result<void> abort();

  [[nodiscard]] Result<void> snapshot_row(TrackedTable& to, std::span<const Cell> row, std::int64_t now_ms);
  [[nodiscard]] Result<void> insert(TrackedTable& to, std::span<const Cell> row, TransactionContext& in);
  [[nodiscard]] Result<void> update(TrackedTable& to, const Update& change, TransactionContext& in);
  [[nodiscard]] Result<void> remove(TrackedTable& to, std::span<const Cell> old, TransactionContext& in);
  // A tombstone for each live record that the topic has, those of the open transaction included, where `concerns` says so.
  [[nodiscard]] Result<void> truncate(TrackedTable& to, TransactionContext& in, const std::function<bool(ByteView key)>& concerns);
  // Tombstones for keys that the topic has below `before` and not from there on. Needs no open transaction.
  [[nodiscard]] Result<void> remove_stale(TrackedTable& to, Offset before, std::int64_t now_ms);
  [[nodiscard]] Result<void> park(TrackedTable& to, ByteView message, TransactionContext& in);
  // The table's state, into __sluice_tables.
  [[nodiscard]] Result<void> table_state(const TrackedTable& table, std::int64_t now_ms);
  [[nodiscard]] Result<void> ensure_topics(const TrackedTable& table);

 private:
  [[nodiscard]] Result<void> append(TrackedTable& to, std::optional<ByteView> key, std::optional<ByteView> value, char op,
                                    TransactionContext* in, std::int64_t timestamp_ms,
                                    std::span<const pipeline::Header> more = {});
  [[nodiscard]] Result<void> dead_letter(const TrackedTable& from, const pipeline::NewRecord& record, const Error& why);
  [[nodiscard]] Result<void> note_unchanged(TrackedTable& to, std::int64_t now_ms);

  std::string source_;
  pipeline::Log& log_;
  std::unique_ptr<pipeline::Producer> producer_;
  bool open_ = false;
  std::size_t bytes_ = 0;
  Bytes key_, value_, old_key_;
};

}  // namespace sluice::capture::postgres
