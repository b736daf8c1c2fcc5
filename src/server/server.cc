// The order of building, and of tearing down backwards:
//
//   0. certificates and users, which are only files: what is wrong there is told before anything is opened
//   1. the data directory and the node over it (recovery), and its thread of sync rounds
//   2. the log port, the schema registry over it, the configured topics
//   3. sources and sinks as objects: preflight tells what a database lacks before anything is made there, and the
//      sinks' holds are set before housekeeping may clean
//   4. the listeners: Kafka, registry, admin
//   5. housekeeping; sources, sinks and views under the supervisor
#include "server/server.h"

#include <utility>

#include "pipeline/schema_use.h"
#include "registry/languages.h"
#include "server/server_parts.h"
#include "server/temporary_folder.h"

namespace sluice::server {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kListenerDrainMs = 1'000;

}  // namespace

extern const char* const kVersionCommit;  // made by the build

std::string version_number() { return SLUICE_VERSION; }
std::string version_commit() { return kVersionCommit; }
std::string version_text() {
  const auto commit = version_commit();
  return version_number() + (commit.empty() ? "" : " (" + commit + ")");
}

Server::Parts::~Parts() { static_cast<void>(stop(milliseconds(0))); }

Result<void> Server::Parts::start() {
  SLUICE_RETURN_IF_ERROR(load_security());
  SLUICE_RETURN_IF_ERROR(start_log());
  SLUICE_TRY(registry, registry::Registry::open(*log, registry_options()));
  SLUICE_RETURN_IF_ERROR(check_topics(config.topics));
  SLUICE_RETURN_IF_ERROR(make_topics(config.topics));
  SLUICE_RETURN_IF_ERROR(make_sources());
  SLUICE_RETURN_IF_ERROR(make_sinks());
  SLUICE_RETURN_IF_ERROR(start_listeners());
  threads->start_housekeeping();
  run_stages();
  SLUICE_RETURN_IF_ERROR(start_views());
  state = "serving";
  return {};
}

registry::RegistryOptions Server::Parts::registry_options() const {
  return {.languages = registry::all_languages(),
          .default_level = config.compatibility,
          .incompatible = static_cast<registry::Code>(config.incompatible_code),
          .may_hold = [this](const std::string& topic, SchemaId id) {
            // What else stands in a topic whose records are not checked is not known: any record counts.
            const bool checked = node->schema_rules_of(topic).any();
            return pipeline::may_hold(*log, topic, checked ? std::optional(id) : std::nullopt).value_or(true);
          }};
}

Result<void> Server::Parts::start_log() {
  if (config.ephemeral) {
    SLUICE_TRY(config.data, make_temporary_folder("sluice-ephemeral"));
  }
  node::NodeOptions options;
  options.data = config.data;
  options.keep_free_bytes = config.keep_free_bytes;
  auto opened = node::Node::open(io::real_file_system(), io::system_clock(), std::move(options));
  if (!opened.ok()) {
    auto error = std::move(opened).error();
    if (error.hint.empty()) error.hint = "the log lives in " + config.data + ": take another folder with --data";
    return error;
  }
  node = *std::move(opened);
  threads = std::make_unique<NodeThreads>(*node);
  log = std::make_unique<node::EmbeddedLog>(*node);
  return {};
}

std::vector<TopicStatus> Server::Parts::topics() const {
  std::vector<TopicStatus> topics;
  for (const auto& info : node->topics()) {
    TopicStatus topic{.name = info.name, .partitions = info.partitions};
    for (std::int32_t partition = 0; partition < info.partitions; ++partition) {
      if (const auto range = log->range(info.name, partition); range.ok()) {
        topic.start += range->start.value;
        topic.end += range->last_stable.value;
      }
    }
    topics.push_back(std::move(topic));
  }
  return topics;
}

Farewell Server::Parts::stop(milliseconds deadline) {
  Farewell farewell;
  if (!node) return farewell;
  state = "draining";
  if (supervisor) farewell.unfinished = supervisor->stop(deadline);
  if (tables) tables->stop();
  if (collect_server) collect_server->stop(kListenerDrainMs);
  if (admin) admin->stop(kListenerDrainMs);
  if (registry_server) registry_server->stop(kListenerDrainMs);
  if (kafka) kafka->stop(kListenerDrainMs);
  for (const auto& source : sources) {
    const auto told = source->status();
    const auto slot = told.facts.find("slot");
    if (slot != told.facts.end()) farewell.slots.push_back({source->config().name, slot->second, told.position});
  }
  supervisor.reset();
  views_run = false;
  views.reset();
  sinks.clear();
  sources.clear();
  collect_server.reset();
  collector.reset();
  admin.reset();
  tables.reset();
  registry_server.reset();
  kafka.reset();
  broker.reset();
  record_schemas.reset();
  registry.reset();
  threads->stop();
  log.reset();
  if (const auto closed = node->close(); !closed.ok()) {
    farewell.unfinished.push_back("the log: " + closed.error().text());
  }
  node.reset();
  if (config.ephemeral) static_cast<void>(io::real_file_system().remove_all(config.data));
  return farewell;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Config config, Environment environment) {
  std::unique_ptr<Server> server(new Server(std::make_unique<Parts>(std::move(config), std::move(environment))));
  SLUICE_RETURN_IF_ERROR(server->parts_->start());
  return server;
}

ServerStatus Server::status() const { return parts_->status(); }
Result<VerifyReport> Server::verify(const std::string& name) { return parts_->verify(name); }
Result<Reloaded> Server::reload(Config config) { return parts_->reload(std::move(config)); }
Farewell Server::stop(std::chrono::milliseconds deadline) { return parts_->stop(deadline); }

}  // namespace sluice::server
