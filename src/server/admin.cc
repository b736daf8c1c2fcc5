#include "server/admin.h"

#include <boost/json.hpp>
#include <utility>

#include "server/status_page.h"

namespace sluice::server {
namespace {

namespace json = boost::json;

json::object item_json(const pipeline::StageItem& item) {
  return {{"name", item.name},
          {"state", item.state},
          {"note", item.note},
          {"rows", item.rows},
          {"snapshot_rows", item.snapshot_rows},
          {"snapshot_rows_expected", item.snapshot_rows_expected},
          {"offset", item.offset},
          {"end_offset", item.end_offset}};
}

json::object stage_json(const pipeline::StageStatus& stage) {
  json::array items;
  for (const auto& item : stage.items) items.push_back(item_json(item));
  json::object facts;
  for (const auto& [name, value] : stage.facts) facts[name] = value;
  return {{"kind", stage.kind},
          {"name", stage.name},
          {"state", stage.state},
          {"error", stage.error},
          {"hint", stage.hint},
          {"position", stage.position},
          {"lag_bytes", stage.lag_bytes},
          {"lag_seconds", stage.lag_seconds},
          {"rows_total", stage.rows_total},
          {"files_published", stage.files_published},
          {"bytes_published", stage.bytes_published},
          {"open_files", stage.open_files},
          {"dead_letters", stage.dead_letters},
          {"held_bytes", stage.held_bytes},
          {"view_rows", stage.view_rows},
          {"late", stage.late},
          {"failed_rows", stage.failed_rows},
          {"state_bytes", stage.state_bytes},
          {"watermark_ms", stage.watermark_ms},
          {"restored", stage.restored},
          {"items", std::move(items)},
          {"facts", std::move(facts)}};
}

io::HttpResponse text(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body), .headers = {}};
}

io::HttpResponse ready(const ServerStatus& status) {
  const auto reason = not_ready_reason(status);
  return reason.empty() ? text(200, "ready\n") : text(503, reason + "\n");
}

io::HttpResponse page() {
  // Nothing is loaded from anywhere, and nobody may frame the page.
  return {.status = 200,
          .content_type = "text/html; charset=utf-8",
          .body = std::string(status_page()),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
                       "img-src data:; frame-ancestors 'none'"}}};
}

io::HttpResponse answer(const AdminParts& parts, const io::HttpRequest& request) {
  const auto path = request.target.substr(0, request.target.find('?'));
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (path == "/verify" && request.method == "POST") return parts.verify(request);
  if (path.starts_with("/sinks/") && !get) {
    // Browsers name the page's origin; our own page asks for nothing of this.
    if (request.header("Origin")) return text(403, "not for web pages\n");
    return parts.sinks(request);
  }
  if (parts.views && (path == "/sql" || path == "/views" || path.starts_with("/views/"))) {
    if (!get && request.header("Origin")) return text(403, "not for web pages\n");
    return parts.views(request);
  }
  if (!get) return text(405, "GET, POST /verify and /sql, and what is below /sinks/ and /views are what there is\n");
  if (path == "/") return page();
  if (parts.tables && (path == "/tables" || path.starts_with("/tables/"))) return parts.tables(request);
  if (path == "/status") return {.status = 200, .content_type = "application/json", .body = status_json(parts.status()), .headers = {}};
  if (path == "/metrics") {
    return {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = parts.metrics(), .headers = {}};
  }
  if (path == "/healthz") return text(200, "ok\n");
  if (path == "/readyz") return ready(parts.status());
  return text(404, "/, /status, /tables, /views, /sql, /metrics, /healthz, /readyz and /verify are what there is\n");
}

}  // namespace

std::string status_json(const ServerStatus& status) {
  json::object listen;
  for (const auto& [kind, addresses] : status.listen) listen[kind] = json::array(addresses.begin(), addresses.end());
  json::array stages;
  for (const auto& stage : status.stages) stages.push_back(stage_json(stage));
  json::array topics;
  for (const auto& topic : status.topics) {
    topics.push_back(json::object{
        {"name", topic.name}, {"partitions", topic.partitions}, {"start", topic.start}, {"end", topic.end}});
  }
  return json::serialize(json::object{{"state", status.state},
                                      {"version", status.version},
                                      {"pid", status.pid},
                                      {"data", status.data},
                                      {"uptime_seconds", status.uptime_seconds},
                                      {"free_bytes", status.free_bytes},
                                      {"keep_free_bytes", status.keep_free_bytes},
                                      {"disk_full", disk_full(status)},
                                      {"damaged", json::array(status.damaged.begin(), status.damaged.end())},
                                      {"listen", std::move(listen)},
                                      {"stages", std::move(stages)},
                                      {"topics", std::move(topics)}});
}

std::string disk_full(const ServerStatus& status) {
  if (status.free_bytes >= status.keep_free_bytes) return "";
  const auto megabytes = [](std::uint64_t bytes) { return std::to_string(bytes / 1'000'000) + " MB"; };
  return "the disk of " + status.data + " is full: " + megabytes(status.free_bytes) + " are free, log.keep_free is " +
         megabytes(status.keep_free_bytes) + ". Writes are refused, reads go on, and it recovers by itself when there is room";
}

std::string not_ready_reason(const ServerStatus& status) {
  if (status.state != "serving") return status.state;
  std::string reason;
  for (const auto& text : status.damaged) reason += (reason.empty() ? "" : "\n") + text;
  for (const auto& stage : status.stages) {
    if (stage.state == "streaming" || stage.state == "snapshot" || stage.state == "paused" || stage.state == "building") continue;
    reason += (reason.empty() ? "" : "\n") + stage.kind + " " + stage.name + ": " + stage.state + (stage.error.empty() ? "" : ": " + stage.error);
  }
  return reason;
}

io::HttpHandler admin_handler(AdminParts parts) {
  return [parts = std::move(parts)](const io::HttpRequest& request) { return answer(parts, request); };
}

}  // namespace sluice::server
