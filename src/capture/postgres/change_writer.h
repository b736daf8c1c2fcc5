#pragma once
// Writes changes into the open log transaction: headers, tombstones, dead letters, parked messages.

#include <map>
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
  // The new side alone of an update that moved a row: its old key is in no chunk that was read.
  [[nodiscard]] Result<void> move_in(TrackedTable& to, const Update& change, TransactionContext& in);
  [[nodiscard]] Result<void> remove(TrackedTable& to, std::span<const Cell> old, TransactionContext& in);
  // A tombstone for each live record that the topic has, those of the open transaction included, where `concerns` says so.
  // Live is judged in blocks of keys: of very large topics some keys get a tombstone that had one already. `pulse` runs now
  // and then.
  [[nodiscard]] Result<void> truncate(TrackedTable& to, TransactionContext& in, const std::function<bool(ByteView key)>& concerns,
                                      const std::function<Result<void>()>& pulse);
  // Tombstones, in the open transaction, for keys that the topic has below `fresh` and not from there on.
  [[nodiscard]] Result<void> remove_stale(TrackedTable& to, Offset fresh, std::int64_t now_ms, const std::function<Result<void>()>& pulse);
  // `relation` describes the message's table; it is written once before the first.
  [[nodiscard]] Result<void> park(TrackedTable& to, ByteView relation, ByteView message, TransactionContext& in);
  // The table's state, into __sluice_tables.
  [[nodiscard]] Result<void> table_state(const TrackedTable& table, std::int64_t now_ms);
  [[nodiscard]] Result<void> ensure_topics(const TrackedTable& table);

 private:
  struct Origin {  // what the headers say
    char op = 'r';
    TransactionContext* in = nullptr;  // none: from a snapshot
    std::int64_t timestamp_ms = 0;
  };
  [[nodiscard]] Result<void> append(TrackedTable& to, std::optional<ByteView> key, std::optional<ByteView> value, const Origin& origin,
                                    std::span<const pipeline::Header> more = {});
  [[nodiscard]] Result<void> row(TrackedTable& to, std::span<const Cell> cells, const Origin& origin, ByteView old_key);
  [[nodiscard]] Result<void> dead_letter(const std::string& topic, const pipeline::NewRecord& record, const Error& why);
  [[nodiscard]] RowCount::Rows& rows_of(const TrackedTable& to);
  void forget_counts();
  [[nodiscard]] Result<void> note_unchanged(TrackedTable& to, std::int64_t now_ms);

  std::string source_;
  pipeline::Log& log_;
  std::unique_ptr<pipeline::Producer> producer_;
  bool open_ = false;
  std::size_t bytes_ = 0;
  std::map<std::string, std::shared_ptr<RowCount>> counts_;  // of the topics written to in the open log transaction
  const RowCount* last_count_ = nullptr;                     // most rows go where the last one went
  Bytes key_, value_, old_key_;
};

}  // namespace sluice::capture::postgres
