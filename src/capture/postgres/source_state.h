#pragma once
// What the parts of a running source share. Private to the module; on the source's thread, but for `shared`.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "capture/postgres/catalog.h"
#include "capture/postgres/change_writer.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/source.h"
#include "capture/postgres/tracked_table.h"

namespace sluice::capture::postgres {

// Captured changes would lie over a gap: what to do, and where we were.
[[nodiscard]] Error gap(const SourceOptions& options, const std::string& what, const Position& position);

// The first row's column; empty when there is none.
[[nodiscard]] std::string text_at(const Rows& rows, std::size_t column);

// One run of a source, from its durable position to its end.
class SourceRun {
 public:
  struct Shared {  // with the status, from any thread
    mutable std::mutex mutex;
    pipeline::StageStatus status;
    std::atomic<std::uint64_t> captured_until{0};
  };

  SourceRun(const SourceOptions& options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::Clock& clock, Shared& shared)
      : options_(options), log_(log), catalog_(catalog), clock_(clock), shared_(shared), writer_(options.name, log) {}

  [[nodiscard]] Result<void> run(const std::stop_token& stop);

 private:
  // source.cc: from nothing, or from a position, to a source that can stream.
  [[nodiscard]] Result<std::unique_ptr<PostgresConnection>> connect(bool replication = false);
  [[nodiscard]] Result<void> pulse();
  [[nodiscard]] Result<std::uint64_t> present_xmax();
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> first_life();
  [[nodiscard]] Result<void> make_slot();
  [[nodiscard]] Result<void> next_life();
  [[nodiscard]] Result<void> check_timeline(const ServerIdentity& identity);
  [[nodiscard]] Result<void> track(Table table, std::uint64_t published_before);
  void tell(const std::string& state);
  void tell_progress(bool force);
  [[nodiscard]] TrackedTable* find(Oid oid);
  [[nodiscard]] Result<void> park(TrackedTable& table, const std::string& why);
  void leave_out(const Table& table, const Error& why);

  // publications.cc
  struct Published {
    std::set<Oid> changes, inserts;  // tables in the one and in the other publication
    [[nodiscard]] bool rightly(const Table& table) const { return (table.keyless() ? inserts : changes).contains(table.oid); }
  };
  [[nodiscard]] Result<void> make_publications();
  [[nodiscard]] Result<void> check_publications();
  [[nodiscard]] Result<Published> published();
  // Moves and adds tables; those that it may not are left out of `tables`.
  [[nodiscard]] Result<void> publish(std::vector<Table>& tables);
  [[nodiscard]] Result<void> publish_table(const Table& table, bool elsewhere, bool missing);

  // snapshot.cc
  [[nodiscard]] Result<void> plan_chunks(TrackedTable& table);
  [[nodiscard]] Result<void> read_snapshots(const std::string& exported);
  [[nodiscard]] Result<void> read_table(TrackedTable& table, const std::string& exported);
  [[nodiscard]] Result<void> read_chunk(TrackedTable& table, std::size_t chunk);
  [[nodiscard]] Result<bool> begin_chunk(TrackedTable& table, const std::string& exported);
  [[nodiscard]] Result<void> copy_chunk(TrackedTable& table, const Chunk& chunk);
  [[nodiscard]] Result<void> read_chunks(TrackedTable& table, const std::string& exported);
  [[nodiscard]] Result<bool> older_are_over(TrackedTable& table);
  [[nodiscard]] Result<void> leave_unread(TrackedTable& table, const std::string& why);
  [[nodiscard]] Result<void> finish_snapshot(TrackedTable& table);

  // stream.cc
  [[nodiscard]] Result<void> stream();
  [[nodiscard]] Result<void> receive();
  [[nodiscard]] Result<void> on_data(ByteView message);
  [[nodiscard]] Result<void> on_keepalive(ByteView message);
  [[nodiscard]] Result<void> on_change(Message& message, ByteView raw);
  [[nodiscard]] Result<void> apply(TrackedTable& table, Message& message);
  [[nodiscard]] Result<void> apply_update(TrackedTable& table, Update& update);
  [[nodiscard]] Result<void> commit_log_transaction();
  [[nodiscard]] Result<void> store_counts(std::uint64_t behind);
  [[nodiscard]] Result<void> record_idle_position(std::int64_t now_ms);
  [[nodiscard]] Result<void> keep_alive();
  [[nodiscard]] bool sees(const TrackedTable& table, std::span<const Cell> row) const;

  // catalog_watch.cc: tables that come, go and change.
  [[nodiscard]] Result<void> poll_catalog();
  [[nodiscard]] Result<std::vector<Table>> wanted_tables();
  [[nodiscard]] Result<std::vector<Table>> align_publications();
  [[nodiscard]] Result<void> restart_missed(const std::vector<Table>& tables, const Published& before);
  [[nodiscard]] Result<void> note_ends(const std::vector<Table>& tables);
  [[nodiscard]] Result<void> apply_ends();
  [[nodiscard]] Result<void> adopt();
  [[nodiscard]] Result<void> on_relation(const Relation& relation, ByteView raw);
  [[nodiscard]] Result<void> apply_relation(TrackedTable& table, const Relation& relation);
  [[nodiscard]] Result<Table> described(const TrackedTable& table, const Relation& relation);

  const SourceOptions& options_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  io::Clock& clock_;
  Shared& shared_;
  ChangeWriter writer_;

  std::unique_ptr<PostgresConnection> side_;     // catalog, publications, COPY
  std::unique_ptr<PostgresConnection> catalog_side_;  // the present catalog, while side_ is in the exported snapshot
  std::unique_ptr<PostgresConnection> stream_;  // replication
  std::string slot_;
  Position position_;
  bool known_ = false;  // there is a position
  std::map<std::string, std::unique_ptr<TrackedTable>> tables_;  // by topic
  std::map<Oid, TrackedTable*> by_oid_;

  std::map<std::string, pipeline::StageItem> left_out_;   // tables that match and are not captured, with the reason
  std::set<Oid> published_now_;                           // as they must be, at the last look
  std::map<Oid, Bytes> relations_;                        // the newest Relation of each table, raw
  std::stop_token stop_;
  Snapshot chunk_snapshot_;                               // of the chunk that is being read

  // the stream
  bool in_transaction_ = false;   // between Begin and Commit
  bool skipping_ = false;         // a transaction that is in the log already
  TransactionContext context_;
  Lsn commit_end_;                // of the last whole source transaction that was read
  std::int64_t commit_time_us_ = 0;
  std::uint64_t near_xid_ = 0;    // a 64-bit id near the present ones
  Lsn server_end_;
  Lsn durable_;
  std::int64_t log_transaction_since_us_ = 0;
  std::int64_t last_commit_took_us_ = 0;
  std::int64_t polled_ms_ = 0, status_sent_ms_ = 0, idle_recorded_ms_ = 0, told_ms_ = 0;
  std::uint64_t rows_before_ = 0;
};

}  // namespace sluice::capture::postgres
