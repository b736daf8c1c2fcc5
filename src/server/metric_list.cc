#include "server/metric_list.h"

#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/metrics.h"
#include "capture/postgres/connection.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "server/server.h"
#include "server/temporary_folder.h"

namespace sluice::server {
namespace {

void write_item(const pipeline::StageStatus& stage, const pipeline::StageItem& item, Metrics& metrics) {
  const MetricLabels labels{{"stage", stage.kind}, {"name", stage.name}, {"topic", item.name}};
  metrics.counter("sluice_stage_topic_rows_total", "Rows of a topic captured or archived since the first start", labels)
      .add(static_cast<double>(item.rows));
  metrics.gauge("sluice_stage_topic_parked", "1 while a table is parked", labels).set(item.state == "parked" ? 1 : 0);
  if (stage.kind == "view") {
    metrics.gauge("sluice_view_offset", "The next offset of a topic that a view reads, over its partitions", labels).set(static_cast<double>(item.offset));
    metrics.gauge("sluice_view_end_offset", "The end of a topic as its view sees it, over its partitions", labels).set(static_cast<double>(item.end_offset));
  }
  if (stage.kind != "sink") return;
  metrics.gauge("sluice_sink_offset", "The next offset of a topic that a sink archives", labels)
      .set(static_cast<double>(item.offset));
  metrics.gauge("sluice_sink_end_offset", "The end of a topic as its sink sees it", labels)
      .set(static_cast<double>(item.end_offset));
}

void write_view(const pipeline::StageStatus& stage, const MetricLabels& labels, Metrics& metrics) {
  metrics.gauge("sluice_view_rows", "Rows of a view; of one without a key, ever written", labels).set(static_cast<double>(stage.view_rows));
  metrics.counter("sluice_view_late_total", "Records that came for a window that had closed, since this process began", labels)
      .add(static_cast<double>(stage.late));
  metrics.counter("sluice_view_failed_total", "Records that an expression failed for, since this process began; they are dead letters", labels)
      .add(static_cast<double>(stage.failed_rows));
  metrics.gauge("sluice_view_state_bytes", "What a view remembers, on disk", labels).set(static_cast<double>(stage.state_bytes));
  metrics.gauge("sluice_view_watermark_seconds", "A view's watermark, in seconds since 1970; below 0: none", labels)
      .set(static_cast<double>(stage.watermark_ms) / 1000);
  metrics.gauge("sluice_view_restored", "How much of a view's state is restored: 1 is all", labels).set(stage.restored);
}

void write_stages(const std::vector<pipeline::StageStatus>& stages, Metrics& metrics) {
  for (const auto& stage : stages) {
    const MetricLabels labels{{"stage", stage.kind}, {"name", stage.name}};
    metrics.gauge("sluice_stage_up", "1 while a stage runs as it should, or is paused", labels)
        .set(stage.state == "snapshot" || stage.state == "streaming" || stage.state == "building" || stage.state == "paused" ? 1 : 0);
    metrics.gauge("sluice_stage_failed", "1 when a stage stopped until a person acts", labels)
        .set(stage.state == "failed" ? 1 : 0);
    metrics.gauge("sluice_stage_lag_bytes", "What a stage has not done yet, in bytes of its input", labels)
        .set(static_cast<double>(stage.lag_bytes));
    metrics.gauge("sluice_stage_lag_seconds", "How old the newest thing is that a stage has done", labels)
        .set(stage.lag_seconds);
    metrics.counter("sluice_stage_rows_total", "Rows that a stage has done since this process began", labels)
        .add(static_cast<double>(stage.rows_total));
    if (stage.kind == "source") {
      metrics.gauge("sluice_source_position_bytes", "A source's durable position: an LSN as a number", labels)
          .set(static_cast<double>(capture::postgres::parse_lsn(stage.position).value_or(Lsn{0}).value));
    } else if (stage.kind == "view") {
      write_view(stage, labels, metrics);
    } else {
      metrics.counter("sluice_sink_files_total", "Files that a sink has published since the archive began", labels)
          .add(static_cast<double>(stage.files_published));
      metrics.counter("sluice_sink_bytes_total", "Bytes of the files that a sink has published since the archive began", labels)
          .add(static_cast<double>(stage.bytes_published));
      metrics.gauge("sluice_sink_open_files", "Files that a sink has begun and not published", labels)
          .set(static_cast<double>(stage.open_files));
      metrics.counter("sluice_sink_dead_letters_total", "Rows that a sink could not archive as rows, since this process began", labels)
          .add(static_cast<double>(stage.dead_letters));
      metrics.gauge("sluice_sink_held_bytes", "What the log keeps because a sink has not published it", labels)
          .set(static_cast<double>(stage.held_bytes));
      metrics.gauge("sluice_sink_paused", "1 while a person has paused a sink", labels).set(stage.state == "paused" ? 1 : 0);
    }
    for (const auto& item : stage.items) write_item(stage, item, metrics);
  }
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void write_process(const ServerStatus& status, Metrics& metrics) {
  metrics.gauge("sluice_info", "1, with the version and the commit as labels", {{"version", version_number()}, {"commit", version_commit()}}).set(1);
  metrics.gauge("sluice_uptime_seconds", "Time since the process began").set(status.uptime_seconds);
  metrics.gauge("sluice_resident_bytes", "Memory of the process that is in use").set(resident_bytes());
  metrics.gauge("sluice_ready", "1 while /readyz says ready").set(not_ready_reason(status).empty() ? 1 : 0);
  metrics.gauge("sluice_disk_free_bytes", "Free space where the log lives").set(static_cast<double>(status.free_bytes));
  metrics.gauge("sluice_disk_keep_free_bytes", "Below this much free space writes are refused (log.keep_free)").set(static_cast<double>(status.keep_free_bytes));
}

// Kinds and meanings out of an exposition text.
std::string page_of(const std::string& exposition) {
  std::map<std::string, std::pair<std::string, std::string>> found;  // name to help and kind
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string what;
    std::string name;
    words >> hash >> what >> name;
    std::string rest;
    std::getline(words >> std::ws, rest);
    if (what == "HELP") found[name].first = rest;
    if (what == "TYPE") found[name].second = rest;
  }
  std::string page =
      "# Metrics\n\n"
      "At `/metrics` of the admin listener, in Prometheus' text format. Made from the program (`make docs`); a test fails\n"
      "when they differ. Labels: `stage` is source, sink or view, `name` its key in the configuration, `topic` a topic, `partition` its number.\n\n"
      "| metric | kind | meaning |\n|---|---|---|\n";
  for (const auto& [name, text] : found) {
    page += "| `" + name + "` | " + text.second + " | " + text.first + " |\n";
  }
  return page;
}

}  // namespace

std::string metrics_text(const node::Node& node, const ServerStatus& status) {
  Metrics metrics;
  node.write_metrics(metrics);
  write_stages(status.stages, metrics);
  write_process(status, metrics);
  for (const auto* outcome : {"written", "repeated", "dead_letter", "refused"}) {
    const auto events = status.collected.find(outcome);
    metrics.counter("sluice_collect_events_total", "Events by HTTP since the start, by what became of them", {{"outcome", outcome}})
        .add(events == status.collected.end() ? 0 : static_cast<double>(events->second));
  }
  return metrics.text();
}

Result<std::string> metrics_reference() {
  SLUICE_TRY(const auto folder, make_temporary_folder("sluice-reference"));
  const auto page = [&folder]() -> Result<std::string> {
    node::NodeOptions options;
    options.data = folder;
    options.keep_free_bytes = 0;
    SLUICE_TRY(const auto node, node::Node::open(io::real_file_system(), io::system_clock(), std::move(options)));
    SLUICE_RETURN_IF_ERROR(node->create_topic({"topic", 1, {}}));
    ServerStatus status;
    status.stages.resize(3);
    status.stages[0].kind = "source";
    status.stages[1].kind = "sink";
    status.stages[2].kind = "view";
    for (auto& stage : status.stages) stage.items.emplace_back();
    return page_of(metrics_text(*node, status));
  }();
  static_cast<void>(io::real_file_system().remove_all(folder));
  return page;
}

}  // namespace sluice::server
