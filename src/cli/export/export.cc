// Code to paste that reads the archive of a topic, and goes on from the topic where the archive ends.
#include <algorithm>
#include <array>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/export/export_place.h"
#include "cli/export/export_text.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "cli/stages.h"
#include "server/places.h"

namespace sluice::cli {
namespace {

struct Options {
  std::string topic, sink, archive;
  bool table = false;
};

struct Language {
  std::string_view name, what;
  Result<std::string> (*print)(const ExportedTopic&, bool with_live);
};
constexpr auto kLanguages = std::to_array<Language>({
    {"python", "pyarrow or fastavro, and confluent_kafka", export_python},
    {"spark", "PySpark, and Structured Streaming from Kafka", export_spark},
    {"duckdb", "SQL of DuckDB; over Avro, Python with DuckDB", export_duckdb},
    {"flink", "Flink SQL, with the Kafka connector", export_flink},
    {"trino", "SQL of Trino: Hive and Kafka connectors", export_trino},
    {"hive", "HiveQL, with the Kafka handler", export_hive},
});

bool has_topic(const pipeline::StageStatus& stage, const std::string& topic) {
  return std::ranges::find(stage.items, topic, &pipeline::StageItem::name) != stage.items.end();
}

std::string names_of(const std::vector<const pipeline::StageStatus*>& sinks) {
  std::vector<std::string> names;
  for (const auto* sink : sinks) names.push_back(sink->name);
  return joined(names, ", ");
}

Error not_archived(const server::ServerStatus& status, const std::string& topic, const std::string& sink) {
  std::vector<std::string> known;
  for (const auto& stage : status.stages) {
    if (stage.kind != "sink" || (!sink.empty() && stage.name != sink)) continue;
    for (const auto& item : stage.items) known.push_back(item.name);
  }
  const auto longer = std::ranges::find_if(known, [&](const std::string& each) { return each.ends_with("." + topic); });
  const auto meant = longer == known.end() ? nearest(topic, known) : *longer;
  return {.code = ErrorCode::not_found,
          .message = (sink.empty() ? "no sink archives " : "sink " + sink + " does not archive ") + topic,
          .hint = meant.empty() ? "`sluice status` lists the sinks and their topics" : "did you mean " + meant + "?"};
}

// The one sink that has the topic, or the one that was named.
Result<const pipeline::StageStatus*> sink_of(const server::ServerStatus& status, const Options& options) {
  std::vector<const pipeline::StageStatus*> sinks;
  std::vector<std::string> all;
  for (const auto& stage : status.stages) {
    if (stage.kind != "sink") continue;
    all.push_back(stage.name);
    if ((options.sink.empty() || stage.name == options.sink) && has_topic(stage, options.topic)) sinks.push_back(&stage);
  }
  if (!options.sink.empty() && std::ranges::find(all, options.sink) == all.end()) {
    return Error{.code = ErrorCode::not_found,
                 .message = "there is no sink " + options.sink,
                 .hint = all.empty() ? "the configuration has none" : "there is: " + joined(all, ", ")};
  }
  if (sinks.empty()) return not_archived(status, options.topic, options.sink);
  if (sinks.size() > 1) return wrong_usage("several sinks archive " + options.topic + ": " + names_of(sinks), "say which: --sink NAME");
  return sinks.front();
}

// Partitions that the archive has nothing of begin at 0.
void add_partitions(const server::ServerStatus& status, ExportedTopic& topic) {
  for (const auto& each : status.topics) {
    if (each.name != topic.topic) continue;
    for (std::int32_t i = 0; i < each.partitions; ++i) topic.ends.try_emplace(i, 0);
  }
}

Result<ExportedTopic> find(const Globals& globals, const Options& options) {
  auto place = options.archive;
  server::ServerStatus status;
  if (place.empty()) {
    SLUICE_TRY(status, read_status(globals));
    SLUICE_TRY(const auto* sink, sink_of(status, options));
    const auto fact = sink->facts.find("archive");
    if (fact == sink->facts.end()) return Error{ErrorCode::back_off, "sink " + sink->name + " does not say yet where its archive is", "", "try again"};
    place = fact->second;
  }
  SLUICE_TRY(const auto store, server::open_place(place));
  SLUICE_TRY(auto topic, read_exported(*store, options.topic));
  topic.place = server::absolute_place(place);
  topic.broker = globals.broker;
  topic.registry = shown(globals.registry);
  add_partitions(status, topic);
  return topic;
}

int run(const Globals& globals, const Options& options, const Language& language) {
  if (!options.sink.empty() && !options.archive.empty()) return misuse("--sink and --archive are two ways to say the same", "give one of them");
  const auto topic = find(globals, options);
  if (!topic.ok()) return fail(topic.error());
  const auto text = language.print(*topic, !options.table);
  if (!text.ok()) return fail(text.error());
  if (!topic->older_format.empty()) {
    std::cerr << "sluice: the oldest files of this archive are " << topic->older_format << "; what is printed reads the "
              << topic->format << " ones\n";
  }
  std::cout << *text;
  return 0;
}

}  // namespace

std::vector<Command> export_commands(const Globals& globals) {
  std::vector<Command> out;
  for (const auto& language : kLanguages) {
    auto options = std::make_shared<Options>();
    out.push_back({.noun = "export",
                   .verb = std::string(language.name),
                   .help = "Prints code that reads a topic's archive and goes on from the topic where it ends: " + std::string(language.what),
                   .arguments = {{"TOPIC", "The topic", &options->topic}},
                   .options = {{"--sink", "NAME", "The sink, when several archive the topic", &options->sink},
                               {"--archive", "DIR|URL", "An archive's place, without a server", &options->archive},
                               {"--table", "", "Only the archive and the table as it is, without the topic", &options->table}},
                   .run = [options, &globals, language] { return run(globals, *options, language); }});
  }
  return out;
}

}  // namespace sluice::cli
