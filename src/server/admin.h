#pragma once
// The admin listener: status page, status as JSON, metrics, health, verification, what a person does with sinks; views.
//
//   GET  /          the status page
//   GET  /status    stages, topics, listeners, as JSON
//   GET  /metrics   Prometheus' text format
//   GET  /healthz   200 while the process lives
//   GET  /readyz    200 when it serves and every stage does its work (snapshot, streaming) or is paused; else 503 with
//                   the reasons
//   GET  /tables    the topics whose tables can be had
//   GET  /tables/TOPIC.parquet, .avro   the table as it is, as a file (tables.h)
//   POST /verify    counts source = topic = archive, which may take minutes, and answers with the report; ?name=N: one
//                   source or sink alone
//   POST /sinks/NAME/pause, /sinks/NAME/resume    until the other is asked for, over restarts
//   POST /sinks/NAME/rewind?topic=T               of a paused sink: its archive of a topic goes back to &offset=N (else to
//                   the beginning), &partition=N alone; &knowingly: even if rows are lost
//   DELETE /sinks/NAME                            forgets a sink that is not in the configuration any more
//   GET  /views, /views/NAME                      what is defined, with counts
//   GET  /views/NAME?key=K (or ?column=K&…)       the row of a view with this key, as a JSON object; 404 when there is none
//   POST /views                                   carries out the statements of the body; DELETE /views/NAME drops one
//   POST /sql                                     answers the SELECT of the body: {"columns": […], "rows": [[…]]}
//
// Requests that change something are refused when a web page of another origin makes them.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "pipeline/stage.h"

namespace sluice::server {

struct TopicStatus {
  std::string name;
  std::int32_t partitions = 0;
  std::int64_t start = 0;  // the sum over partitions, as is `end`
  std::int64_t end = 0;
};

// What the pages show. Built anew for each request.
struct ServerStatus {
  std::string state;  // "starting", "serving", "draining"
  std::string version;
  std::string data;
  double uptime_seconds = 0;
  std::int64_t pid = 0;
  std::uint64_t free_bytes = 0;       // on the file system of `data`
  std::uint64_t keep_free_bytes = 0;  // below this writes are refused
  std::map<std::string, std::vector<std::string>> listen;  // kind to bound addresses
  std::vector<pipeline::StageStatus> stages;
  std::vector<TopicStatus> topics;
  std::vector<std::string> damaged;  // partitions that are put aside, and why
  std::map<std::string, std::uint64_t> collected;  // events by HTTP since the start, by what became of them; empty: none are taken
};

[[nodiscard]] std::string status_json(const ServerStatus& status);

// What to tell of a disk that is full; empty when it is not.
[[nodiscard]] std::string disk_full(const ServerStatus& status);

// Why the server is not ready; empty when it is.
[[nodiscard]] std::string not_ready_reason(const ServerStatus& status);

struct AdminParts {
  std::function<ServerStatus()> status;
  std::function<std::string()> metrics;
  std::function<io::HttpResponse(const io::HttpRequest&)> verify;
  std::function<io::HttpResponse(const io::HttpRequest&)> sinks;
  std::function<io::HttpResponse(const io::HttpRequest&)> views = {};
  std::function<io::HttpResponse(const io::HttpRequest&)> tables = {};
};

[[nodiscard]] io::HttpHandler admin_handler(AdminParts parts);

}  // namespace sluice::server
