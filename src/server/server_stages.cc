// Sources and sinks: made out of the configuration, run under the supervisor, verified.
#include <algorithm>
#include <utility>

#include "base/trace.h"
#include "capture/postgres/audit.h"
#include "capture/postgres/preflight.h"
#include "server/server_parts.h"
#include "server/places.h"
#include "server/sink_pauses.h"

namespace sluice::server {
namespace {

SourceAudit audit_of(const capture::postgres::Audit& counted, const pipeline::StageStatus& status) {
  SourceAudit audit;
  audit.snapshot = {counted.snapshot.xmin, counted.snapshot.xmax, counted.snapshot.in_progress};
  audit.end_of_wal = counted.end_of_wal;
  for (const auto& table : counted.tables) {
    SourceTable out{table.topic, table.table, table.keyless, table.rows, ""};
    for (const auto& item : status.items) {
      if (item.name == table.topic && (item.state == "parked" || item.state == "refused")) out.note = item.state + ": " + item.note;
    }
    audit.tables.push_back(std::move(out));
  }
  return audit;
}

}  // namespace

// What a database lacks is told before anything is made there. A source that was captured before is another matter: its
// streams are served whatever has become of its database, and it waits, or tells in the status what it needs.
Result<void> Server::Parts::make_sources() {
  for (const auto& source : config.sources) {
    auto stage = std::make_unique<SourceStage>(source, environment, *log, *registry, io::system_clock());
    auto ready = check_source(*stage);
    if (!ready.ok()) {
      SLUICE_TRY(const bool known, capture::postgres::has_position(*log, source.name));
      if (!known) return ready;
      trace::warn("capture", ready.error().text() + "; what was captured before is served, and the source tries again");
    }
    SLUICE_RETURN_IF_ERROR(capture::postgres::set_holds(source.name, *log));
    sources.push_back(std::move(stage));
  }
  return {};
}

Result<void> Server::Parts::check_source(const SourceStage& stage) const {
  const auto& name = stage.config().name;
  SLUICE_TRY(const auto options, stage.options());
  auto found = capture::postgres::preflight(options);
  if (!found.ok()) return std::move(found).error().in("source " + name);
  if (!found->ok()) {
    return Error{ErrorCode::rejected, "source " + name + ": the database is not ready to be captured", found->text(),
                 "run 'sluice check' after the changes"};
  }
  trace::info("capture", name + ": " + found->server + ", " + std::to_string(found->tables.size()) + " tables; " + found->slot_cost);
  return {};
}

namespace {

// Whether a sink takes a column of this name; null: all.
deliver::archive::ColumnChoice column_choice(const SinkTopic& topic) {
  if (topic.columns_include.empty() && topic.columns_exclude.empty()) return nullptr;
  return [include = topic.columns_include, exclude = topic.columns_exclude](std::string_view name) {
    const std::vector<std::string> all{"*"};
    return deliver::archive::name_matches(include.empty() ? all : include, name) && !deliver::archive::name_matches(exclude, name);
  };
}

std::vector<deliver::archive::TopicRule> topic_rules(const SinkConfig& sink) {
  std::vector<deliver::archive::TopicRule> rules;
  for (const auto& topic : sink.topics) {
    rules.push_back({.glob = topic.glob, .partition_by = topic.partition_by, .columns = column_choice(topic), .where = topic.where});
  }
  return rules;
}

Result<deliver::archive::SinkOptions> sink_options(const SinkConfig& sink, const std::string& data) {
  deliver::archive::SinkOptions options;
  options.name = sink.name;
  options.topics = topic_rules(sink);
  SLUICE_TRY(options.format, make_format(sink.format, sink.codec));
  if (sink.roll_bytes > 0) options.roll_bytes = sink.roll_bytes;
  if (sink.roll_rows > 0) options.roll_rows = sink.roll_rows;
  if (sink.roll_after_ms > 0) options.roll_after = std::chrono::milliseconds(sink.roll_after_ms);
  options.grace = std::chrono::milliseconds(sink.roll_late_ms);
  options.memory_bytes = sink.memory_bytes;
  options.spill_folder = data + "/spill/" + sink.name;
  return options;
}

}  // namespace

Result<void> Server::Parts::make_latest_sink(SinkParts& parts) const {
  const auto& sink = parts.config;
  deliver::archive::LatestOptions options;
  options.name = sink.name;
  options.topics = topic_rules(sink);
  SLUICE_TRY(options.format, make_format(sink.format, sink.codec));
  options.every = std::chrono::milliseconds(sink.every_ms);
  if (sink.roll_bytes > 0) options.roll_bytes = sink.roll_bytes;
  options.scratch_folder = config.data + "/spill/" + sink.name;
  parts.latest = std::make_unique<deliver::archive::LatestSink>(std::move(options), *log, *registry, *parts.store,
                                                                io::real_file_system(), io::system_clock());
  return {};
}

// Touches nothing outside of the process.
Result<std::shared_ptr<SinkParts>> Server::Parts::make_sink(const SinkConfig& sink) {
  auto parts = std::make_shared<SinkParts>();
  parts->config = sink;
  SLUICE_TRY(parts->store, open_place(sink.to));
  if (sink.latest) {
    SLUICE_RETURN_IF_ERROR(make_latest_sink(*parts));
  } else {
    SLUICE_TRY(auto options, sink_options(sink, config.data));
    parts->sink = std::make_unique<deliver::archive::Sink>(std::move(options), *log, *registry, *parts->store,
                                                           io::real_file_system(), io::system_clock());
  }
  SLUICE_TRY(const bool paused, is_paused(*log, sink.name));
  if (paused) parts->pause(true);
  return parts;
}

Result<void> Server::Parts::hold_for(SinkParts& sink) {
  if (!sink.sink) return {};  // a sink of mode latest holds nothing
  node->limit_hold(sink.config.name, sink.config.hold_bytes);
  return sink.sink->set_holds();
}

Result<void> Server::Parts::make_sinks() {
  for (const auto& sink : config.sinks) {
    SLUICE_TRY(auto parts, make_sink(sink));
    SLUICE_RETURN_IF_ERROR(hold_for(*parts));
    sinks.push_back(std::move(parts));
  }
  return {};
}

void Server::Parts::run_stages() {
  supervisor = std::make_unique<pipeline::Supervisor>();
  for (auto& source : sources) supervisor->start(*source, "source " + source->config().name);
  for (auto& sink : sinks) supervisor->start(sink->stage(), "sink " + sink->config.name);
  stages_run = true;
}

VerifySource Server::Parts::verify_source(SourceStage& source) {
  VerifySource out;
  out.name = source.config().name;
  out.audit = [&source, this]() -> Result<SourceAudit> {
    SLUICE_TRY(const auto options, source.options());
    SLUICE_TRY(const auto counted, capture::postgres::audit(options, *log));
    return audit_of(counted, source.status());
  };
  out.wait_until_captured = [&source](Lsn end, std::chrono::milliseconds wait) {
    return wait_for_lsn([&source] { return source.captured_until(); }, end, wait);
  };
  return out;
}

Result<VerifyReport> Server::Parts::verify(const std::string& name) {
  const auto is_source = [&name](const auto& source) { return source->config().name == name; };
  const auto is_sink = [&name](const auto& sink) { return sink->config.name == name; };
  const auto its_sinks = all_sinks();  // they live until this has returned
  const bool one_source = std::ranges::any_of(sources, is_source);
  const bool one_sink = !one_source && std::ranges::any_of(its_sinks, is_sink);
  if (!name.empty() && !one_source && !one_sink) {
    return Error{ErrorCode::not_found, "there is no source or sink " + name, "", "sluice status lists what is there"};
  }
  const std::lock_guard lock(verify_mutex);
  VerifyRequest request;
  request.log = log.get();
  for (auto& source : sources) {
    if (!one_source || is_source(source)) request.sources.push_back(verify_source(*source));
  }
  for (const auto& sink : its_sinks) {
    if (!one_sink || is_sink(sink)) {
      request.sinks.push_back(
          {sink->config.name, sink->sink.get(), sink->store.get(), sink->config.globs(), sink->latest.get()});
    }
  }
  return server::verify(request);
}

}  // namespace sluice::server
