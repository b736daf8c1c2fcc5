#include "server/stage_metrics.h"

#include <charconv>
#include <map>
#include <sstream>

namespace sluice::server {
namespace {

double position_number(const std::string& lsn) {
  const auto slash = lsn.find('/');
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  if (slash == std::string::npos) return 0;
  std::from_chars(lsn.data(), lsn.data() + slash, high, 16);
  std::from_chars(lsn.data() + slash + 1, lsn.data() + lsn.size(), low, 16);
  return static_cast<double>((high << 32) | low);
}

void write_item(const pipeline::StageStatus& stage, const pipeline::StageItem& item, Metrics& metrics) {
  const MetricLabels labels{{"stage", stage.kind}, {"name", stage.name}, {"topic", item.name}};
  metrics.gauge("sluice_stage_topic_rows", "Rows of a topic captured or archived since the first start", labels)
      .set(static_cast<double>(item.rows));
  metrics.gauge("sluice_stage_topic_parked", "1 while a table is parked", labels).set(item.state == "parked" ? 1 : 0);
  if (stage.kind != "sink") return;
  metrics.gauge("sluice_sink_offset", "The next offset of a topic that a sink archives", labels)
      .set(static_cast<double>(item.offset));
  metrics.gauge("sluice_sink_end_offset", "The end of a topic as its sink sees it", labels)
      .set(static_cast<double>(item.end_offset));
}

}  // namespace

void write_stage_metrics(const std::vector<pipeline::StageStatus>& stages, Metrics& metrics) {
  for (const auto& stage : stages) {
    const MetricLabels labels{{"stage", stage.kind}, {"name", stage.name}};
    metrics.gauge("sluice_stage_up", "1 while a stage runs as it should", labels)
        .set(stage.state == "snapshot" || stage.state == "streaming" ? 1 : 0);
    metrics.gauge("sluice_stage_failed", "1 when a stage stopped until a person acts", labels)
        .set(stage.state == "failed" ? 1 : 0);
    metrics.gauge("sluice_stage_lag_bytes", "What a stage has not done yet, in bytes of its input", labels)
        .set(static_cast<double>(stage.lag_bytes));
    metrics.gauge("sluice_stage_lag_seconds", "How old the newest thing is that a stage has done", labels)
        .set(stage.lag_seconds);
    metrics.gauge("sluice_stage_rows", "Rows that a stage has done since this process began", labels)
        .set(static_cast<double>(stage.rows_total));
    if (stage.kind == "source") {
      metrics.gauge("sluice_source_position_bytes", "A source's durable position: an LSN as a number", labels)
          .set(position_number(stage.position));
    } else {
      metrics.gauge("sluice_sink_files", "Files that a sink has published since the archive began", labels)
          .set(static_cast<double>(stage.files_published));
    }
    for (const auto& item : stage.items) write_item(stage, item, metrics);
  }
}

std::string metrics_reference(const std::string& exposition) {
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
      "when they differ. Labels: `stage` is source or sink, `name` its key in the configuration, `topic` a topic.\n\n"
      "| metric | kind | meaning |\n|---|---|---|\n";
  for (const auto& [name, text] : found) {
    page += "| `" + name + "` | " + text.second + " | " + text.first + " |\n";
  }
  return page;
}

}  // namespace sluice::server
