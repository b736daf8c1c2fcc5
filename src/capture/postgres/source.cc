// The life of a source: identity, slot, publications, tables; then snapshot (snapshot.cc) and stream (stream.cc).

#include "capture/postgres/source.h"

#include <algorithm>

#include "base/escape.h"
#include "base/trace.h"
#include "capture/postgres/source_state.h"

namespace sluice::capture::postgres {
namespace {

constexpr std::int64_t kTellEveryMs = 100;

}  // namespace

std::string text_at(const Rows& rows, std::size_t column) {
  return rows.empty() || column >= rows[0].size() ? std::string() : rows[0][column].value_or("");
}

Error gap(const SourceOptions& options, const std::string& what, const Position& position) {
  Error error{ErrorCode::rejected, "cannot capture " + options.name + ": " + what};
  error.detail = "last durable position " + lsn_text(position.end_lsn) + "; changes after it may be lost; nothing was captured over the gap";
  error.hint = "sluice source delete " + options.name + ", then add it under a new name";
  return error;
}

Result<void> SourceRun::run(const std::stop_token& stop) {
  stop_ = stop;
  tell("starting");
  SLUICE_TRY(slot_, slot_name(options_));
  SLUICE_RETURN_IF_ERROR(writer_.open());
  SLUICE_RETURN_IF_ERROR(load());
  SLUICE_TRY(side_, connect());
  SLUICE_TRY(stream_, connect(true));
  SLUICE_TRY(near_xid_, present_xmax());
  SLUICE_RETURN_IF_ERROR(known_ && !position_.creating ? next_life() : first_life());
  if (stop.stop_requested()) return {};
  SLUICE_RETURN_IF_ERROR(read_snapshots(""));  // what an earlier life left unread
  return stream();
}

// A server that refuses us now may be mended by a person while we wait: a password, a rule of pg_hba.conf, a role.
Result<std::unique_ptr<PostgresConnection>> SourceRun::connect(bool replication) {
  auto connection = PostgresConnection::open(options_, replication);
  if (!connection.ok()) {
    auto error = std::move(connection).error();
    error.code = ErrorCode::back_off;
    return error;
  }
  (*connection)->set_pulse([this] { return pulse(); });
  return connection;
}

// What goes on while something else takes long.
Result<void> SourceRun::pulse() {
  if (stop_.stop_requested()) return Error{ErrorCode::cancelled, "stopping"};
  tell_progress(false);
  return keep_alive();
}

// No transaction from this id on has begun.
Result<std::uint64_t> SourceRun::present_xmax() {
  SLUICE_TRY(const auto rows, side_->query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"));
  return std::strtoull(text_at(rows, 0).c_str(), nullptr, 10);
}

Result<void> SourceRun::load() {
  SLUICE_TRY(const auto positions, pipeline::read_table(log_, std::string(pipeline::kPositionsTopic)));
  if (const auto found = positions.find(position_key(options_.name)); found != positions.end()) {
    SLUICE_TRY(position_, Position::parse(found->second));
    known_ = true;
  }
  SLUICE_TRY(const auto stored, pipeline::read_table(log_, std::string(pipeline::kTablesTopic)));
  const auto prefix = escape_topic_part(options_.name) + ".";
  for (const auto& [topic, json] : stored) {
    if (!topic.starts_with(prefix)) continue;
    SLUICE_TRY(auto tracked, parse_tracked_table(topic, json));
    SLUICE_RETURN_IF_ERROR(recount(log_, topic, *tracked->count));
    for (std::size_t i = 0; i < tracked->chunks.size(); ++i) {
      const auto found = positions.find(chunk_key(options_.name, topic, i));
      if (found == positions.end()) continue;
      SLUICE_TRY(tracked->chunks[i].snapshot, parse_chunk_value(found->second));
      tracked->chunks[i].done = true;
    }
    if (tracked->state != TableState::dropped) by_oid_[tracked->table.oid] = tracked.get();
    tables_[topic] = std::move(tracked);
  }
  return set_holds(options_.name, log_);
}

TrackedTable* SourceRun::find(Oid oid) {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : found->second;
}

// --- the slot

Result<void> SourceRun::first_life() {
  SLUICE_TRY(const auto identity, identify(*stream_));
  SLUICE_TRY(const auto there, side_->query("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1", {slot_}));
  if (!there.empty() && (!position_.creating || position_.system_identifier != identity.system_identifier)) {
    return Error{ErrorCode::rejected, "cannot capture " + options_.name + ": replication slot \"" + slot_ + "\" exists, and this data directory knows nothing of it",
                 "it belongs to another sluice, or to a data directory that is gone", "sluice source delete " + options_.name + " --from URL removes it; or choose another --name"};
  }
  if (!there.empty()) SLUICE_RETURN_IF_ERROR(side_->query("SELECT pg_drop_replication_slot($1)", {slot_}));  // of a start that was killed
  position_ = {identity.system_identifier, identity.timeline, slot_, true, Lsn{0}, Lsn{0}, 0, 0};
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  SLUICE_RETURN_IF_ERROR(make_publications());
  SLUICE_TRY(auto tables, wanted_tables());
  SLUICE_RETURN_IF_ERROR(publish(tables));
  return make_slot();
}

// The tables as the exported snapshot has them, which is what its rows look like, and of those the ones that were published
// as they had to be from the slot's first moment; the others are adopted when streaming.
Result<void> SourceRun::make_slot() {
  const auto options = stream_->server_version() >= 150000 ? " LOGICAL pgoutput (SNAPSHOT 'export')" : " LOGICAL pgoutput EXPORT_SNAPSHOT";
  SLUICE_TRY(const auto made, stream_->query("CREATE_REPLICATION_SLOT " + stream_->quote_name(slot_) + options));
  SLUICE_TRY(position_.end_lsn, parse_lsn(text_at(made, 1)));
  position_.commit_lsn = position_.end_lsn;
  position_.creating = false;
  const auto exported = text_at(made, 2);
  SLUICE_RETURN_IF_ERROR(side_->query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  SLUICE_RETURN_IF_ERROR(side_->query("SET TRANSACTION SNAPSHOT " + side_->quote_literal(exported)));
  SLUICE_TRY(auto tables, read_tables(*side_, options_));
  SLUICE_TRY(const auto before, published());
  SLUICE_RETURN_IF_ERROR(side_->query("COMMIT"));
  for (auto& table : tables) {
    if (!before.rightly(table)) continue;
    published_now_.insert(table.oid);
    SLUICE_RETURN_IF_ERROR(track(std::move(table), 0));
  }
  SLUICE_RETURN_IF_ERROR(writer_.commit({{position_key(options_.name), position_.json()}}));
  trace::info("capture", options_.name + ": slot " + slot_ + " made at " + lsn_text(position_.end_lsn) + ", " + std::to_string(tables_.size()) + " tables");
  SLUICE_TRY(catalog_side_, connect());
  auto read = read_snapshots(exported);
  catalog_side_.reset();
  return read;
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
  bool known = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    const auto tab = line.find('\t');
    if (tab == std::string::npos || std::atoi(line.c_str()) != position_.timeline) continue;
    SLUICE_TRY(const auto left, parse_lsn(line.substr(tab + 1)));
    known = true;
    if (left < position_.end_lsn) return gap(options_, "timeline " + std::to_string(identity.timeline) + " left ours at " + lsn_text(left) + ", before what was captured", position_);
  }
  if (!known) return gap(options_, "timeline " + std::to_string(identity.timeline) + " did not come from ours, " + std::to_string(position_.timeline), position_);
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
  SLUICE_RETURN_IF_ERROR(check_publications());
  durable_ = commit_end_ = position_.end_lsn;
  SLUICE_TRY(const auto tables, align_publications());
  for (auto& [topic, table] : tables_) {
    // An earlier run may have passed over changes of transactions that are invisible still.
    if (table->published_before == 0 || table->begun()) continue;
    SLUICE_TRY(table->published_before, present_xmax());
  }
  return {};
}

// --- tables

// Begins the life of a table, or another one of its topic.
Result<void> SourceRun::track(Table table, std::uint64_t published_before) {
  SLUICE_TRY(const auto topic, topic_name(options_.name, table));
  auto tracked = std::make_unique<TrackedTable>();
  tracked->topic = topic;
  tracked->keyless = table.keyless();
  tracked->published_before = published_before;
  std::vector<pipeline::PositionUpdate> updates;
  if (const auto earlier = tables_.find(topic); earlier != tables_.end()) {
    SLUICE_TRY(const auto range, log_.range(topic, 0));
    tracked->fresh_from = range.last_stable;
    tracked->keyless = earlier->second->keyless;
    tracked->count = earlier->second->count;
    tracked->count->appended.of_snapshot = tracked->count->committed.of_snapshot = 0;
    tracked->has_unchanged = earlier->second->has_unchanged;
    tracked->key_schema_text = earlier->second->key_schema_text;
    by_oid_.erase(earlier->second->table.oid);
    for (std::size_t i = 0; i < earlier->second->chunks.size(); ++i) updates.push_back({chunk_key(options_.name, topic, i), std::nullopt});
  }
  tracked->table = std::move(table);
  SLUICE_RETURN_IF_ERROR(writer_.ensure_topics(*tracked));
  SLUICE_RETURN_IF_ERROR(plan_chunks(*tracked));
  auto& kept = *(tables_[topic] = std::move(tracked));
  by_oid_[kept.table.oid] = &kept;
  left_out_.erase(topic);
  if (kept.keyless) {
    kept.note = kept.table.keyless() ? "no key: updates and deletes are not captured"
                                     : "no key when it was first captured: updates and deletes are not captured";
    kept.table.key.clear();
  }
  auto prepared = prepare_version(kept, options_.name, catalog_);
  if (!prepared.ok()) {
    if (prepared.error().code != ErrorCode::rejected) return prepared;
    SLUICE_RETURN_IF_ERROR(park(kept, prepared.error().message));
  }
  SLUICE_RETURN_IF_ERROR(writer_.table_state(kept, clock_.wall_ms()));
  return writer_.commit(updates);
}

// The tables that match, less those whose topic could have no name.
Result<std::vector<Table>> SourceRun::wanted_tables() {
  SLUICE_TRY(auto tables, read_tables(*side_, options_));
  std::erase_if(tables, [&](const Table& table) {
    const auto topic = topic_name(options_.name, table);
    if (!topic.ok()) leave_out(table, topic.error());
    return !topic.ok();
  });
  return tables;
}

// Told once, and shown in the status.
void SourceRun::leave_out(const Table& table, const Error& why) {
  const auto topic = topic_name(options_.name, table);
  const auto name = topic.ok() ? *topic : options_.name + "." + table.full_name();
  auto note = why.message + (why.hint.empty() ? "" : "; " + why.hint);
  auto& item = left_out_[name];
  if (item.note == note) return;
  trace::warn("capture", options_.name + ": " + table.full_name() + " is not captured: " + note);
  item.name = name;
  item.state = "refused";
  item.note = std::move(note);
}

Result<void> SourceRun::park(TrackedTable& table, const std::string& why) {
  table.state = TableState::parked;
  table.note = why;
  trace::warn("capture", options_.name + ": " + table.table.full_name() + " is parked: " + why + "; its changes go to " + parked_topic_name(table.topic));
  SLUICE_RETURN_IF_ERROR(writer_.table_state(table, clock_.wall_ms()));
  tell_progress(true);
  return {};
}

// --- telling

void SourceRun::tell(const std::string& state) {
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.status.state = state;
    if (state != "starting") {  // what ended the last try is told until one has got further
      shared_.status.error.clear();
      shared_.status.hint.clear();
    }
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
    items.push_back({topic, std::string(to_string(table->state)), table->note, table->count->appended.all, table->count->appended.of_snapshot, table->snapshot_rows_expected});
    rows += table->count->appended.all;
  }
  for (const auto& [topic, item] : left_out_) {
    if (!tables_.contains(topic)) items.push_back(item);
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

Result<void> set_holds(const std::string& source, pipeline::Log& log) {
  const auto stored = pipeline::read_table(log, std::string(pipeline::kTablesTopic));
  if (!stored.ok()) return stored.error().code == ErrorCode::not_found ? Result<void>{} : Result<void>(stored.error());
  for (const auto& [topic, json] : *stored) {
    if (!topic.starts_with(escape_topic_part(source) + ".")) continue;
    SLUICE_TRY(const auto tracked, parse_tracked_table(topic, json));
    if (!tracked->has_unchanged) continue;
    SLUICE_TRY(const auto range, log.range(topic, 0));
    SLUICE_RETURN_IF_ERROR(log.hold("unchanged", topic, 0, range.start));
  }
  return {};
}

Lsn PostgresSource::captured_until() const { return Lsn{state_->shared.captured_until.load()}; }

}  // namespace sluice::capture::postgres
