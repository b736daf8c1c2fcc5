// The listeners: Kafka's protocol, the registry's REST, the admin pages; their certificates, and who may use them.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/trace.h"
#include "registry/rest.h"
#include "server/metric_list.h"
#include "server/places.h"
#include "server/server_parts.h"
#include "server/tables.h"

namespace sluice::server {
namespace {

// Tables that are being made keep TableCacheOptions::waiting of them busy; the others stay for the rest.
constexpr int kHttpThreads = 8;
// Another registry's whole topic is taken in one request.
constexpr std::size_t kRegistryBodyBytesMax = std::size_t{64} << 20;

// Addresses as they are bound; those with TLS with `scheme`.
std::vector<std::string> texts_of(const std::vector<io::Address>& addresses, const std::vector<ListenConfig>& listen, const std::string& scheme) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < addresses.size(); ++i) texts.push_back((listen[i].tls.empty() ? "" : scheme) + addresses[i].text());
  return texts;
}

Error listener_error(Error error, const std::string& kind) {
  if (error.hint.empty()) {
    error.hint = "take another address: --listen " + kind + "=127.0.0.1:PORT (0 takes a free one)";
  }
  return std::move(error).in("listener " + kind);
}

}  // namespace

std::vector<io::Listener> Server::Parts::listeners_of(const std::vector<ListenConfig>& listen) const {
  std::vector<io::Listener> listeners;
  for (const auto& each : listen) listeners.push_back({each.at, each.tls.empty() ? nullptr : identities.at(each.tls)});
  return listeners;
}

Result<void> Server::Parts::start_http(std::unique_ptr<io::HttpServer>& server, const std::string& name,
                                       const std::vector<ListenConfig>& listen, io::HttpHandler handler) {
  if (listen.empty()) return {};
  io::HttpServerOptions options;
  options.name = name;
  options.listen = listeners_of(listen);
  options.threads = kHttpThreads;
  if (name == "registry") options.max_body_bytes = kRegistryBodyBytesMax;
  auto started = io::HttpServer::start(options, std::move(handler));
  if (!started.ok()) return listener_error(std::move(started).error(), name);
  server = *std::move(started);
  return {};
}

Result<void> Server::Parts::load_security() {
  SLUICE_TRY(identities, load_identities(config));
  SLUICE_TRY(rules, load_access_rules(config, environment));
  for (const auto& warning : security_warnings(config, identities, io::system_clock().wall_ms())) trace::warn("server", warning);
  return {};
}

// Certificates are read again from their files; users and rights are those of `next`.
Result<void> Server::Parts::reload_security(const Config& next) {
  SLUICE_TRY(auto fresh, load_access_rules(next, environment));
  for (const auto& [name, identity] : identities) {
    if (auto reloaded = identity->reload(); !reloaded.ok()) return std::move(reloaded).error().in("security.tls." + name);
  }
  for (const auto& warning : security_warnings(next, identities, io::system_clock().wall_ms())) trace::warn("server", warning);
  const std::lock_guard lock(rules_mutex);
  rules = std::move(fresh);
  return {};
}

GuardOptions Server::Parts::guard_of(const std::vector<ListenConfig>& listen) const {
  GuardOptions options;
  for (const auto& each : listen) options.asks.push_back(each.basic);
  options.rules = [this] {
    const std::lock_guard lock(rules_mutex);
    return rules;
  };
  return options;
}

Result<void> Server::Parts::start_listeners() {
  record_schemas = std::make_unique<RecordSchemas>(*registry);
  broker::BrokerOptions broker_options;
  broker_options.schemas = record_schemas.get();
  for (const auto& each : config.kafka) broker_options.advertise.push_back(each.advertise);
  broker = std::make_unique<broker::Broker>(*node, std::move(broker_options));
  if (!config.kafka.empty()) {
    io::TcpServerOptions options;
    options.listen = listeners_of(config.kafka);
    auto started = io::TcpServer::start(options, *broker);
    if (!started.ok()) return listener_error(std::move(started).error(), "kafka");
    kafka = *std::move(started);
  }
  SLUICE_RETURN_IF_ERROR(start_http(registry_server, "registry", config.registry,
                                    guard_registry(guard_of(config.registry), [this](const io::HttpRequest& request) {
                                      return registry::handle(*registry, node->cluster_id(), request);
                                    })));
  tables = std::make_unique<TableCache>(
      TableCacheOptions{.folder = config.data + "/tables", .keep_free_bytes = config.keep_free_bytes}, *log, *registry,
      io::real_file_system(), io::system_clock(), [](const std::string& name) { return make_format(name, ""); });
  SLUICE_RETURN_IF_ERROR(tables->begin());
  AdminParts parts{.status = [this] { return status(); },
                   .metrics = [this] { return metrics_text(*node, status()); },
                   .verify = [this](const io::HttpRequest& request) { return answer_verify(request); },
                   .sinks = [this](const io::HttpRequest& request) { return answer_sink(request); },
                   .views = [this](const io::HttpRequest& request) { return answer_views(request); },
                   .tables = [this](const io::HttpRequest& request) { return answer_tables(*tables, *log, request); }};
  SLUICE_RETURN_IF_ERROR(start_collector());
  return start_http(admin, "admin", config.admin, guard_admin(guard_of(config.admin), admin_handler(std::move(parts))));
}

// Without a rule every topic that has a schema is collected.
Result<void> Server::Parts::start_collector() {
  if (config.collector.empty()) return {};
  collect::CollectorOptions options{.rules = config.collect};
  if (options.rules.empty()) options.rules = {collect::Rule{}};
  for (auto& rule : options.rules) {
    for (auto& key : rule.keys) {
      SLUICE_TRY(key, read_secret(key, environment));
      if (key.empty()) return Error{ErrorCode::rejected, "collect." + rule.name + ": a write key is empty"};
    }
  }
  SLUICE_TRY(collector, collect::Collector::open(std::move(options), *log, *registry, io::system_clock()));
  return start_http(collect_server, "collect", config.collector,
                    guard_collect(guard_of(config.collector), [this](const io::HttpRequest& request) { return collector->handle(request); }));
}

ServerStatus Server::Parts::status() const {
  ServerStatus status;
  status.state = state;
  status.version = version_text();
  status.data = config.data;
  status.pid = getpid();
  status.uptime_seconds = static_cast<double>(io::system_clock().steady_ms() - started_ms) / 1000;
  status.keep_free_bytes = config.keep_free_bytes;
  status.free_bytes = io::real_file_system().free_bytes(config.data).value_or(0);
  if (kafka) status.listen["kafka"] = texts_of(kafka->addresses(), config.kafka, "SSL://");
  if (registry_server) status.listen["registry"] = texts_of(registry_server->addresses(), config.registry, "https://");
  if (admin) status.listen["admin"] = texts_of(admin->addresses(), config.admin, "https://");
  if (collect_server) status.listen["collect"] = texts_of(collect_server->addresses(), config.collector, "https://");
  if (collector) status.collected = collector->counts();
  if (stages_run) status.stages = supervisor->status();
  std::erase_if(status.stages, [](const auto& stage) { return stage.kind == flow::kKeeperKind; });
  if (views_run) std::ranges::move(views->waiting(), std::back_inserter(status.stages));
  for (auto& stage : status.stages) {
    if (stage.kind != "sink") continue;
    stage.held_bytes = node->held_bytes(stage.name);
    if (const auto broken = node->broken_holds(stage.name); broken > 0) {
      stage.facts["hold"] = "was broken " + std::to_string(broken) + " times: the log kept more than hold.bytes for it";
    }
    if (const auto sink = find_sink(stage.name)) stage.facts["archive"] = absolute_place(sink->config.to);  // as others open it
  }
  if (log) status.topics = topics();
  for (const auto& [where, error] : node->damaged()) {
    status.damaged.push_back(where.topic + "-" + std::to_string(where.partition) + " is put aside, and not served: " + error.text());
  }
  return status;
}

io::HttpResponse Server::Parts::answer_verify(const io::HttpRequest& http) {
  const auto mark = http.target.find('?');
  const auto query = mark == std::string::npos ? std::string() : http.target.substr(mark + 1);
  const auto report = verify(query.starts_with("name=") ? io::percent_decode(query.substr(5)) : "");
  if (report.ok()) return {.status = 200, .content_type = "application/json", .body = to_json(*report), .headers = {}};
  const int status = report.error().code == ErrorCode::not_found ? 404 : report.error().code == ErrorCode::rejected ? 409 : 503;
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = report.error().text() + "\n", .headers = {}};
}

}  // namespace sluice::server
