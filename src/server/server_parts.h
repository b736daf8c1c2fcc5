#pragma once
// What a Server is made of; private to server*.cc. Members are in the order of building: destruction goes backwards.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "collect/collector.h"
#include "deliver/archive/latest/latest_sink.h"
#include "deliver/archive/sink.h"
#include "flow/views.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/http_server.h"
#include "io/tcp_server.h"
#include "node/embedded_log.h"
#include "node/node.h"
#include "pipeline/store.h"
#include "pipeline/supervisor.h"
#include "registry/registry.h"
#include "server/node_threads.h"
#include "server/record_schemas.h"
#include "server/security.h"
#include "server/server.h"
#include "server/source_stage.h"
#include "server/table_cache.h"

namespace sluice::server {

// Shared with whoever looks at it while a reload takes it out.
struct SinkParts {
  SinkConfig config;
  std::unique_ptr<pipeline::Store> store;
  std::unique_ptr<deliver::archive::Sink> sink;          // mode changes
  std::unique_ptr<deliver::archive::LatestSink> latest;  // mode latest
  // Guarded by operations_mutex.
  bool ending = false;     // it was asked to
  bool rewinding = false;  // and must not be replaced

  void pause(bool paused) const {
    if (latest) return paused ? latest->pause() : latest->resume();
    paused ? sink->pause() : sink->resume();
  }
  [[nodiscard]] pipeline::Stage& stage() const { return latest ? static_cast<pipeline::Stage&>(*latest) : *sink; }
};

struct Server::Parts {
  Parts(Config c, Environment e) : config(std::move(c)), environment(std::move(e)) {}
  ~Parts();

  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<VerifyReport> verify(const std::string& name);
  [[nodiscard]] Farewell stop(std::chrono::milliseconds deadline);
  [[nodiscard]] ServerStatus status() const;

  // server.cc
  [[nodiscard]] Result<void> start_log();
  [[nodiscard]] registry::RegistryOptions registry_options() const;
  [[nodiscard]] std::vector<TopicStatus> topics() const;
  // server_topics.cc
  [[nodiscard]] Result<void> check_topics(const std::vector<TopicConfig>& topics);
  [[nodiscard]] Result<void> make_topics(const std::vector<TopicConfig>& topics);
  // server_listeners.cc
  [[nodiscard]] Result<void> start_listeners();
  [[nodiscard]] std::vector<io::Listener> listeners_of(const std::vector<ListenConfig>& listen) const;
  [[nodiscard]] Result<void> start_http(std::unique_ptr<io::HttpServer>& server, const std::string& name,
                                        const std::vector<ListenConfig>& listen, io::HttpHandler handler);
  [[nodiscard]] Result<void> load_security();
  [[nodiscard]] Result<void> reload_security(const Config& next);
  [[nodiscard]] GuardOptions guard_of(const std::vector<ListenConfig>& listen) const;
  [[nodiscard]] Result<void> start_collector();
  [[nodiscard]] io::HttpResponse answer_verify(const io::HttpRequest& http);
  // server_sinks.cc
  [[nodiscard]] std::vector<std::shared_ptr<SinkParts>> all_sinks() const;
  [[nodiscard]] std::shared_ptr<SinkParts> find_sink(const std::string& name) const;
  [[nodiscard]] Result<void> pause_sink(const std::string& name, bool paused);
  [[nodiscard]] Result<void> forget_sink(const std::string& name);
  [[nodiscard]] Result<std::vector<deliver::archive::Rewound>> rewind_sink(const std::string& name,
                                                                           const deliver::archive::RewindRequest& request);
  [[nodiscard]] io::HttpResponse answer_sink(const io::HttpRequest& http);
  void drop_holds(const std::string& name, const std::vector<std::string>& topics);
  [[nodiscard]] bool end_sink(SinkParts& sink, Reloaded& told);
  void remove_sink(const std::shared_ptr<SinkParts>& old, Reloaded& told);
  [[nodiscard]] Result<void> put_sink(std::shared_ptr<SinkParts> made, Reloaded& told);
  [[nodiscard]] Result<Reloaded> reload(Config next);
  // server_views.cc
  [[nodiscard]] Result<void> start_views();
  void configure_views();
  [[nodiscard]] io::HttpResponse answer_views(const io::HttpRequest& http);
  // server_stages.cc
  [[nodiscard]] Result<std::shared_ptr<SinkParts>> make_sink(const SinkConfig& sink);
  [[nodiscard]] Result<void> hold_for(SinkParts& sink);
  [[nodiscard]] Result<void> make_sinks();
  [[nodiscard]] Result<void> make_latest_sink(SinkParts& parts) const;
  [[nodiscard]] Result<void> make_sources();
  [[nodiscard]] Result<void> check_source(const SourceStage& stage) const;
  void run_stages();
  [[nodiscard]] VerifySource verify_source(SourceStage& source);

  Config config;
  const Environment environment;
  const std::int64_t started_ms = io::system_clock().steady_ms();
  std::atomic<const char*> state{"starting"};
  std::atomic<bool> stages_run{false};  // the supervisor's status may be asked for only then
  std::atomic<bool> views_run{false};   // so may `views`
  std::mutex verify_mutex;              // one verification at a time
  std::mutex operations_mutex;          // one change of sinks at a time; before sinks_mutex
  mutable std::mutex sinks_mutex;

  Identities identities;
  mutable std::mutex rules_mutex;
  std::shared_ptr<const AccessRules> rules;  // guarded by rules_mutex

  std::unique_ptr<node::Node> node;
  std::unique_ptr<NodeThreads> threads;
  std::unique_ptr<pipeline::Log> log;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<RecordSchemas> record_schemas;
  std::unique_ptr<broker::Broker> broker;
  std::unique_ptr<io::TcpServer> kafka;
  std::unique_ptr<io::HttpServer> registry_server;
  std::unique_ptr<TableCache> tables;
  std::unique_ptr<io::HttpServer> admin;
  std::unique_ptr<collect::Collector> collector;
  std::unique_ptr<io::HttpServer> collect_server;
  std::vector<std::unique_ptr<SourceStage>> sources;
  std::vector<std::shared_ptr<SinkParts>> sinks;  // guarded by sinks_mutex
  std::unique_ptr<flow::Views> views;  // its stages are the supervisor's: that goes before
  std::unique_ptr<pipeline::Supervisor> supervisor;
};

}  // namespace sluice::server
