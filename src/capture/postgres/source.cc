// The life of a source: identity, slot, publications, tables; then snapshot (snapshot.cc) and stream (stream.cc).

#include "capture/postgres/source.h"

#include <algorithm>

#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kTellEveryMs = 100;

std::string text_at(const Rows& rows, std::size_t column) {
  return rows.empty() || column >= rows[0].size() ? std::string() : rows[0][column].value_or("");
}

Error gap(const SourceOptions& options, const std::string& what, const Position& position) {
  Error error{ErrorCode::rejected, "cannot capture " + options.name + ": " + what};
  error.detail = "last durable position " + lsn_text(position.end_lsn) + "; changes after it may be lost; nothing was captured over the gap";
  error.hint = "sluice source delete " + options.name + ", then add it under a new name";
  return error;
}

}  // namespace

Result<void> SourceRun::run(const std::stop_token& stop) {
  tell("starting");
  SLUICE_TRY(slot_, slot_name(options_));
  SLUICE_TRY(side_, PostgresConnection::open(options_));
  SLUICE_TRY(stream_, PostgresConnection::open(options_, true));
  SLUICE_RETURN_IF_ERROR(writer_.open());
  SLUICE_RETURN_IF_ERROR(load());
  SLUICE_TRY(const auto snapshot, side_->query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"));
  near_xid_ = std::strtoull(text_at(snapshot, 0).c_str(), nullptr, 10);
  SLUICE_RETURN_IF_ERROR(known_ && !position_.creating ? next_life() : first_life());
  if (stop.stop_requested()) return {};
  SLUICE_RETURN_IF_ERROR(read_snapshots("", stop));  // what an earlier life left unread
  return stream(stop);
}

Result<void> SourceRun::load() {
  SLUICE_TRY(const auto positions, pipeline::read_table(log_, std::string(pipeline::kPositionsTopic)));
  if (const auto found = positions.find(position_key(options_.name)); found != positions.end()) {
    SLUICE_TRY(position_, Position::parse(found->second));
    known_ = true;
  }
  SLUICE_TRY(const auto stored, pipeline::read_table(log_, std::string(pipeline::kTablesTopic)));
  std::vector<StoredTable> tables;
  const auto prefix = escape_topic_part(options_.name) + ".";
  for (const auto& [topic, json] : stored) {
    if (!topic.starts_with(prefix)) continue;
    SLUICE_TRY(auto table, parse_stored_table(topic, json));
    tables.push_back(std::move(table));
  }
  return join_tables(std::move(tables), positions);
}

Result<void> SourceRun::join_tables(std::vector<StoredTable> stored, const std::map<std::string, std::string>& positions) {
  for (auto& known : stored) {
    auto tracked = std::make_unique<TrackedTable>();
    tracked->topic = known.topic;
    tracked->table.oid = known.oid;
    tracked->table.schema = known.schema;
    tracked->table.name = known.name;
    tracked->state = known.state;
    tracked->note = known.note;
    tracked->key_schema_text = known.key_schema_text;
    tracked->chunks = std::move(known.chunks);
    tracked->filter_until = known.filter_until;
    tracked->has_unchanged = known.has_unchanged;
    tracked->replaces_earlier = known.replaces_earlier;
    tracked->rows = known.rows;
    tracked->snapshot_rows = known.snapshot_rows;
    for (std::size_t i = 0; i < tracked->chunks.size(); ++i) {
      const auto found = positions.find(chunk_key(options_.name, known.topic, i));
      if (found == positions.end()) continue;
      SLUICE_TRY(tracked->chunks[i].snapshot, parse_chunk_value(found->second));
      tracked->chunks[i].done = true;
    }
    if (tracked->has_unchanged) {
      SLUICE_TRY(const auto range, log_.range(tracked->topic, 0));
      SLUICE_RETURN_IF_ERROR(log_.hold("unchanged", tracked->topic, 0, range.start));
    }
    if (tracked->state != TableState::dropped) by_oid_[known.oid] = tracked.get();
    tables_[known.topic] = std::move(tracked);
  }
  return {};
}

TrackedTable* SourceRun::find(Oid oid) {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : found->second;
}

// --- the slot

Result<void> SourceRun::first_life() {
  SLUICE_TRY(const auto identity, identify(*stream_));
  SLUICE_TRY(const auto there, side_->query("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1", {slot_}));
  if (!there.empty() && !position_.creating) {
    return Error{ErrorCode::rejected, "cannot capture " + options_.name + ": replication slot \"" + slot_ + "\" exists, and this data directory knows nothing of it",
                 "it belongs to another sluice, or to a data directory that is gone", "sluice source delete " + options_.name + " --from URL removes it; or choose another --name"};
  }
  if (!there.empty()) SLUICE_RETURN_IF_ERROR(side_->query("SELECT pg_drop_replication_slot($1)", {slot_}));  // of a start that was killed
  position_ = {identity.system_identifier, identity.timeline, slot_, true, Lsn{0}, Lsn{0}, 0, 0};
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  SLUICE_RETURN_IF_ERROR(ensure_publications());
  SLUICE_TRY(auto tables, read_tables(*side_, options_));
  SLUICE_RETURN_IF_ERROR(publish_tables(tables));

  const auto options = stream_->server_version() >= 150000 ? " LOGICAL pgoutput (SNAPSHOT 'export')" : " LOGICAL pgoutput EXPORT_SNAPSHOT";
  SLUICE_TRY(const auto made, stream_->query("CREATE_REPLICATION_SLOT " + stream_->quote_name(slot_) + options));
  SLUICE_TRY(position_.end_lsn, parse_lsn(text_at(made, 1)));
  position_.commit_lsn = position_.end_lsn;
  position_.creating = false;
  const auto exported = text_at(made, 2);

  // The tables as the snapshot has them, which is what its rows look like.
  SLUICE_RETURN_IF_ERROR(side_->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  SLUICE_RETURN_IF_ERROR(side_->query("SET TRANSACTION SNAPSHOT " + side_->quote_literal(exported)));
  SLUICE_TRY(tables, read_tables(*side_, options_));
  for (auto& table : tables) SLUICE_RETURN_IF_ERROR(track(std::move(table), clock_.wall_ms()));
  SLUICE_RETURN_IF_ERROR(side_->query("COMMIT"));
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  trace::info("capture", options_.name + ": slot " + slot_ + " made at " + lsn_text(position_.end_lsn) + ", " + std::to_string(tables_.size()) + " tables");
  return read_snapshots(exported, stop_);
}

Result<void> SourceRun::check_timeline(const ServerIdentity& identity) {
  if (identity.system_identifier != position_.system_identifier) {
    return gap(options_, "another database cluster answers at this address (system identifier " + identity.system_identifier + ", it was " + position_.system_identifier + ")", position_);
  }
  if (identity.timeline == position_.timeline) return {};
  if (identity.timeline < position_.timeline) return gap(options_, "the server went back to timeline " + std::to_string(identity.timeline), position_);
  SLUICE_TRY(const auto history, stream_->query("TIMELINE_HISTORY " + std::to_string(identity.timeline)));
  // Lines "<timeline>\t<LSN where it was left>\t<reason>".
  const auto text = text_at(history, 1);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    const auto tab = line.find('\t');
    if (tab == std::string::npos || std::atoi(line.c_str()) != position_.timeline) continue;
    SLUICE_TRY(const auto left, parse_lsn(line.substr(tab + 1)));
    if (left < position_.end_lsn) return gap(options_, "timeline " + std::to_string(identity.timeline) + " left ours at " + lsn_text(left) + ", before what was captured", position_);
  }
  position_.timeline = identity.timeline;
  return {};
}

Result<void> SourceRun::next_life() {
  SLUICE_TRY(const auto identity, identify(*stream_));
  SLUICE_RETURN_IF_ERROR(check_timeline(identity));
  SLUICE_TRY(const auto slot, side_->query("SELECT confirmed_flush_lsn::text, coalesce(wal_status, '') FROM pg_replication_slots WHERE slot_name = $1", {slot_}));
  if (slot.empty()) return gap(options_, "replication slot \"" + slot_ + "\" is gone", position_);
  if (text_at(slot, 1) == "lost") return gap(options_, "PostgreSQL has removed WAL that slot \"" + slot_ + "\" needs (max_slot_wal_keep_size)", position_);
  SLUICE_TRY(const auto confirmed, parse_lsn(text_at(slot, 0)));
  if (confirmed > position_.end_lsn) {
    return gap(options_, "this data directory is older than slot \"" + slot_ + "\", which was confirmed up to " + lsn_text(confirmed), position_);
  }
  SLUICE_RETURN_IF_ERROR(ensure_publications());
  SLUICE_TRY(auto tables, read_tables(*side_, options_));
  for (auto& table : tables) {
    auto* tracked = find(table.oid);
    if (tracked == nullptr || tracked->table.full_name() != table.full_name()) continue;  // new: adopted when streaming
    tracked->table = std::move(table);
    if (tracked->state == TableState::parked) continue;
    SLUICE_RETURN_IF_ERROR(writer_.ensure_topics(*tracked));
    auto prepared = prepare_version(*tracked, options_.name, catalog_);
    if (prepared.ok()) continue;
    if (prepared.error().code != ErrorCode::rejected) return prepared;
    SLUICE_RETURN_IF_ERROR(park(*tracked, prepared.error().message));
  }
  for (auto& [topic, tracked] : tables_) {  // gone while we were away
    if (tracked->encoder || tracked->state == TableState::parked || tracked->state == TableState::dropped) continue;
    tracked->state = TableState::dropped;
    tracked->note = "the table was dropped or renamed; its topic stays";
    by_oid_.erase(tracked->table.oid);
    SLUICE_RETURN_IF_ERROR(writer_.table_state(*tracked, clock_.wall_ms()));
  }
  if (writer_.is_open()) SLUICE_RETURN_IF_ERROR(writer_.commit({}));
  return {};
}

// --- publications and tables

Result<void> SourceRun::ensure_publications() {
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

// Brings the publications in line with the tables: an UPDATE of a table without a key must never fail because of us.
Result<void> SourceRun::publish_tables(const std::vector<Table>& tables) {
  SLUICE_TRY(const auto published, side_->query(
      "SELECT p.pubname, r.prrelid::text FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname IN ($1, $2)",
      {publication_name(options_), inserts_publication_name(options_)}));
  const auto is_published = [&](const std::string& publication, Oid oid) {
    return std::any_of(published.begin(), published.end(), [&](const auto& row) { return row[0] == publication && row[1] == std::to_string(oid); });
  };
  for (const auto& table : tables) {
    const auto name = side_->quote_name(table.schema) + "." + side_->quote_name(table.name);
    const auto& right = table.keyless() ? inserts_publication_name(options_) : publication_name(options_);
    const auto& wrong = table.keyless() ? publication_name(options_) : inserts_publication_name(options_);
    for (const auto& [publication, verb, needed] : {std::tuple{wrong, " DROP TABLE ", is_published(wrong, table.oid)}, std::tuple{right, " ADD TABLE ", !is_published(right, table.oid)}}) {
      if (!needed) continue;
      auto altered = side_->query("ALTER PUBLICATION " + side_->quote_name(publication) + verb + name);
      if (altered.ok()) continue;
      auto error = std::move(altered).error();
      if (error.code != ErrorCode::rejected) return error;
      trace::warn("capture", options_.name + ": " + error.message + "; let the owner run: ALTER PUBLICATION " + side_->quote_name(publication) + verb + name + ";");
    }
  }
  return {};
}

Result<void> SourceRun::track(Table table, std::int64_t now_ms) {
  SLUICE_TRY(const auto topic, topic_name(options_.name, table));
  auto tracked = std::make_unique<TrackedTable>();
  tracked->topic = topic;
  tracked->table = std::move(table);
  if (const auto earlier = tables_.find(topic); earlier != tables_.end()) {  // another life of a dropped table
    tracked->replaces_earlier = true;
    tracked->rows = earlier->second->rows;
    tracked->has_unchanged = earlier->second->has_unchanged;
    tracked->key_schema_text = earlier->second->key_schema_text;
    by_oid_.erase(earlier->second->table.oid);
    for (std::size_t i = 0; i < earlier->second->chunks.size(); ++i) {
      SLUICE_RETURN_IF_ERROR(writer_.commit({{chunk_key(options_.name, topic, i), std::nullopt}}));
    }
  }
  SLUICE_RETURN_IF_ERROR(writer_.ensure_topics(*tracked));
  SLUICE_RETURN_IF_ERROR(plan_chunks(*tracked));
  auto* kept = tracked.get();
  by_oid_[kept->table.oid] = kept;
  tables_[topic] = std::move(tracked);
  if (kept->table.keyless()) kept->note = "no key: updates and deletes are not captured";
  auto prepared = prepare_version(*kept, options_.name, catalog_);
  if (!prepared.ok()) {
    if (prepared.error().code != ErrorCode::rejected) return prepared;
    SLUICE_RETURN_IF_ERROR(park(*kept, prepared.error().message));
  }
  SLUICE_RETURN_IF_ERROR(writer_.table_state(*kept, now_ms));
  return writer_.commit({});
}

Result<void> SourceRun::park(TrackedTable& table, const std::string& why) {
  table.state = TableState::parked;
  table.note = why;
  trace::warn("capture", options_.name + ": " + table.table.full_name() + " is parked: " + why + "; its changes go to " + std::string(pipeline::kParkedTopicPrefix) + table.topic);
  SLUICE_RETURN_IF_ERROR(writer_.table_state(table, clock_.wall_ms()));
  tell_progress(true);
  return {};
}

// --- telling

void SourceRun::tell(const std::string& state) {
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.status.state = state;
    shared_.status.error.clear();
    shared_.status.hint.clear();
  }
  tell_progress(true);
}

void SourceRun::tell_progress(bool force) {
  const auto now = clock_.steady_ms();
  if (!force && now - told_ms_ < kTellEveryMs) return;
  told_ms_ = now;
  std::vector<pipeline::StageItem> items;
  std::uint64_t rows = 0;
  for (const auto& [topic, table] : tables_) {
    items.push_back({topic, std::string(to_string(table->state)), table->note, table->rows, table->snapshot_rows, table->snapshot_rows_expected});
    rows += table->rows;
  }
  if (rows_before_ == 0) rows_before_ = rows + 1;
  const std::lock_guard lock(shared_.mutex);
  auto& status = shared_.status;
  status.items = std::move(items);
  status.position = lsn_text(position_.end_lsn);
  const auto captured = Lsn{shared_.captured_until.load()};
  status.lag_bytes = server_end_ > captured ? server_end_.value - captured.value : 0;
  status.lag_seconds = writer_.is_open() && context_.commit_time_us > 0 ? std::max(0.0, static_cast<double>(clock_.wall_ms()) / 1e3 - static_cast<double>(context_.commit_time_us) / 1e6) : 0;
  status.rows_total = rows - (rows_before_ - 1);
  status.facts = {{"slot", slot_}, {"publication", publication_name(options_)}};
}

Result<bool> has_position(pipeline::Log& log, const std::string& source) {
  SLUICE_TRY(const auto position, pipeline::read_position(log, position_key(source)));
  return position.has_value();
}

// --- the stage

struct PostgresSource::State {
  SourceOptions options;
  pipeline::Log& log;
  pipeline::SchemaCatalog& catalog;
  io::Clock& clock;
  SourceRun::Shared shared;

  State(SourceOptions o, pipeline::Log& l, pipeline::SchemaCatalog& s, io::Clock& c) : options(std::move(o)), log(l), catalog(s), clock(c) {}
};

PostgresSource::PostgresSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
PostgresSource::~PostgresSource() = default;

Result<std::unique_ptr<PostgresSource>> PostgresSource::create(SourceOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog, io::Clock& clock) {
  SLUICE_RETURN_IF_ERROR(slot_name(options));
  auto state = std::make_unique<State>(std::move(options), log, catalog, clock);
  state->shared.status.kind = "source";
  state->shared.status.name = state->options.name;
  state->shared.status.state = "starting";
  return std::unique_ptr<PostgresSource>(new PostgresSource(std::move(state)));
}

Result<void> PostgresSource::run(std::stop_token stop) {
  SourceRun run(state_->options, state_->log, state_->catalog, state_->clock, state_->shared);
  auto outcome = run.run(stop);
  const std::lock_guard lock(state_->shared.mutex);
  auto& status = state_->shared.status;
  if (outcome.ok() || stop.stop_requested()) {
    status.state = "stopped";
    return {};
  }
  const bool again = outcome.error().code == ErrorCode::retry || outcome.error().code == ErrorCode::back_off;
  status.state = again ? "waiting" : "failed";
  status.error = outcome.error().message;
  status.hint = outcome.error().hint;
  return outcome;
}

pipeline::StageStatus PostgresSource::status() const {
  const std::lock_guard lock(state_->shared.mutex);
  return state_->shared.status;
}

Lsn PostgresSource::captured_until() const { return Lsn{state_->shared.captured_until.load()}; }

}  // namespace sluice::capture::postgres
