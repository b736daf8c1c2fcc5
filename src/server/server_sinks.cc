// What a person does with a sink while the server runs: pause, resume, rewind, forget, by the admin listener; and a new
// configuration, which adds, changes and removes sinks while the others go on.
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "base/trace.h"
#include "server/server_parts.h"
#include "server/sink_pauses.h"

namespace sluice::server {
namespace {

namespace json = boost::json;
using deliver::archive::RewindRequest;
using deliver::archive::Rewound;

constexpr std::chrono::seconds kDrainLimit{10};

Error no_such_sink(const std::string& name) {
  return {ErrorCode::not_found, "there is no sink " + name, "", "sluice sink list shows what is there"};
}

io::HttpResponse answer(json::object body) {
  return {.status = 200, .content_type = "application/json", .body = json::serialize(body) + "\n", .headers = {}};
}

io::HttpResponse refusal(const Error& error) {
  const int status = error.code == ErrorCode::not_found  ? 404
                     : error.code == ErrorCode::rejected ? 409
                     : error.code == ErrorCode::back_off ? 503
                                                         : 500;
  const json::object body{{"message", error.message}, {"detail", error.detail}, {"hint", error.hint}};
  return {.status = status, .content_type = "application/json", .body = json::serialize(body) + "\n", .headers = {}};
}

template <typename T>
Result<T> number_of(const std::string& name, const std::string& text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= 0) return value;
  return Error{ErrorCode::rejected, name + "=" + text + ": not a number"};
}

Result<RewindRequest> rewind_request(const io::HttpRequest& http) {
  RewindRequest request;
  request.topic = http.query("topic").value_or("");
  request.knowingly = http.query("knowingly").has_value();
  const auto offset = http.query("offset").value_or("beginning");
  if (offset != "beginning") {
    SLUICE_TRY(request.at.value, number_of<std::int64_t>("offset", offset));
  }
  if (const auto partition = http.query("partition")) {
    SLUICE_TRY(request.partition, number_of<std::int32_t>("partition", *partition));
  }
  return request;
}

json::array to_json(const std::vector<Rewound>& rewound) {
  json::array partitions;
  for (const auto& each : rewound) {
    partitions.push_back(json::object{{"partition", each.partition}, {"from", each.from.value}, {"to", each.to.value},
                                      {"files", each.files}, {"rows", each.rows}});
  }
  return partitions;
}

}  // namespace

std::vector<std::shared_ptr<SinkParts>> Server::Parts::all_sinks() const {
  const std::lock_guard lock(sinks_mutex);
  return sinks;
}

std::shared_ptr<SinkParts> Server::Parts::find_sink(const std::string& name) const {
  const auto all = all_sinks();
  const auto found = std::ranges::find(all, name, [](const auto& sink) { return sink->config.name; });
  return found == all.end() ? nullptr : *found;
}

Result<void> Server::Parts::pause_sink(const std::string& name, bool paused) {
  const std::lock_guard lock(operations_mutex);
  const auto found = find_sink(name);
  if (!found) return no_such_sink(name);
  // The record first: a pause that was told is one that a kill does not end.
  SLUICE_RETURN_IF_ERROR(remember_pause(*log, name, paused));
  found->pause(paused);
  trace::info("server", "sink " + name + (paused ? " is paused" : " is resumed"));
  return {};
}

Result<void> Server::Parts::forget_sink(const std::string& name) {
  const std::lock_guard lock(operations_mutex);
  if (find_sink(name)) {
    return Error{ErrorCode::rejected, "sink " + name + " is in the configuration of the running server", "",
                 "take it out of the file and send the server SIGHUP; then delete it"};
  }
  return remember_pause(*log, name, false);
}

Result<std::vector<Rewound>> Server::Parts::rewind_sink(const std::string& name, const RewindRequest& request) {
  const auto found = find_sink(name);
  if (!found) return no_such_sink(name);
  if (!found->sink) {
    return Error{ErrorCode::rejected, "sink " + name + " is of mode latest: it has no chain that could go back", "",
                 "its next version is written whole anyway"};
  }
  // It may take long, and the other sinks are not to wait for it.
  const auto set_rewinding = [&](bool to) {
    const std::lock_guard lock(operations_mutex);
    return (!found->ending || !to) && std::exchange(found->rewinding, to) != to;
  };
  if (!set_rewinding(true)) {
    return Error{ErrorCode::rejected, "sink " + name + " is being rewound or replaced", "", "try again in a moment"};
  }
  auto rewound = found->sink->rewind(request);
  static_cast<void>(set_rewinding(false));
  return rewound;
}

// POST /sinks/NAME/pause, …/resume, …/rewind?topic=T&offset=N; DELETE /sinks/NAME.
io::HttpResponse Server::Parts::answer_sink(const io::HttpRequest& http) {
  const auto path = http.path();
  const auto name = path.size() > 1 ? path[1] : "";
  const auto verb = path.size() == 3 && http.method == "POST"     ? path[2]
                    : path.size() == 2 && http.method == "DELETE" ? "delete"
                                                                  : "";
  if (verb == "rewind") {
    const auto rewound = rewind_request(http).and_then([&](const RewindRequest& request) { return rewind_sink(name, request); });
    return rewound.ok() ? answer({{"name", name}, {"partitions", to_json(*rewound)}}) : refusal(rewound.error());
  }
  Result<void> done = Error{ErrorCode::not_found, "POST /sinks/NAME/pause, resume or rewind, and DELETE /sinks/NAME, are what there is"};
  if (verb == "pause" || verb == "resume") done = pause_sink(name, verb == "pause");
  if (verb == "delete") done = forget_sink(name);
  return done.ok() ? answer({{"name", name}}) : refusal(done.error());
}

// Lets go of what is held for `name` in topics that `topics` does not name.
void Server::Parts::drop_holds(const std::string& name, const std::vector<std::string>& topics) {
  for (const auto& info : node->topics()) {
    if (deliver::archive::topic_matches(topics, info.name)) continue;
    for (std::int32_t partition = 0; partition < info.partitions; ++partition) {
      static_cast<void>(log->hold(name, info.name, partition, std::nullopt).ok());  // a topic that is gone holds nothing
    }
  }
}

bool Server::Parts::end_sink(SinkParts& sink, Reloaded& told) {
  if (sink.rewinding) return told.unfinished.push_back(sink.config.name), false;
  sink.ending = true;
  if (supervisor->end(sink.stage(), kDrainLimit)) return true;
  told.unfinished.push_back(sink.config.name);
  return false;
}

void Server::Parts::remove_sink(const std::shared_ptr<SinkParts>& old, Reloaded& told) {
  if (!end_sink(*old, told)) return;
  drop_holds(old->config.name, {});
  node->limit_hold(old->config.name, 0);
  told.removed.push_back(old->config.name);
  const std::lock_guard lock(sinks_mutex);
  std::erase(sinks, old);
}

Result<void> Server::Parts::put_sink(std::shared_ptr<SinkParts> made, Reloaded& told) {
  const auto name = made->config.name;
  const auto old = find_sink(name);
  if (old && !end_sink(*old, told)) return {};
  SLUICE_RETURN_IF_ERROR(hold_for(*made));
  drop_holds(name, made->config.globs());
  {
    const std::lock_guard lock(sinks_mutex);
    if (old) std::erase(sinks, old);
    sinks.push_back(made);
  }
  supervisor->start(made->stage(), "sink " + name);
  (old ? told.changed : told.started).push_back(name);
  return {};
}

Result<Reloaded> Server::Parts::reload(Config next) {
  const std::lock_guard lock(operations_mutex);
  SLUICE_RETURN_IF_ERROR(check_reload(config, next));
  // Everything that can be refused is, before anything is touched.
  std::vector<std::shared_ptr<SinkParts>> made;
  for (const auto& sink : next.sinks) {
    const auto old = find_sink(sink.name);
    if (old && old->config == sink && !old->ending) continue;
    SLUICE_TRY(auto parts, make_sink(sink));
    made.push_back(std::move(parts));
  }
  SLUICE_RETURN_IF_ERROR(check_topics(next.topics));
  SLUICE_RETURN_IF_ERROR(reload_security(next));
  SLUICE_RETURN_IF_ERROR(make_topics(next.topics));
  Reloaded told;
  for (const auto& old : all_sinks()) {
    if (std::ranges::find(next.sinks, old->config.name, &SinkConfig::name) == next.sinks.end()) remove_sink(old, told);
  }
  for (auto& sink : made) SLUICE_RETURN_IF_ERROR(put_sink(std::move(sink), told));
  config.topics = std::move(next.topics);
  config.sinks = std::move(next.sinks);
  config.views = std::move(next.views);
  if (views) configure_views();
  return told;
}

}  // namespace sluice::server
