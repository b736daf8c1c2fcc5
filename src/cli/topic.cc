#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMaxPartitions = 10'000;

struct Options {
  bool all = false;
  std::string name;
  std::vector<std::string> names, settings;
  std::int64_t partitions = 1;
};

std::int64_t records_of(const client::Offsets& starts, const client::Offsets& ends) {
  std::int64_t sum = 0;
  for (const auto& [partition, end] : ends) {
    const auto start = starts.find(partition);
    sum += end.value - (start == starts.end() ? 0 : start->second.value);
  }
  return sum;
}

bool shown(const client::Topic& topic, bool all) { return all || (!topic.internal && !topic.name.starts_with("_")); }

Result<void> list(const Globals& globals, bool all) {
  SLUICE_TRY(const auto client, connect_broker(globals));
  SLUICE_TRY(const auto cluster, client->cluster());
  Table table({"TOPIC", "PARTITIONS", "OFFSETS"});
  json::array array;
  for (const auto& topic : cluster.topics) {
    if (!shown(topic, all)) continue;
    SLUICE_TRY(const auto starts, client->offsets_at(topic.name, client::kEarliest, true));
    SLUICE_TRY(const auto ends, client->offsets_at(topic.name, client::kLatest, true));
    const auto records = records_of(starts, ends);
    table.add({topic.name, std::to_string(topic.leaders.size()), with_commas(static_cast<std::uint64_t>(std::max<std::int64_t>(records, 0)))});
    array.push_back(json::object{{"name", topic.name}, {"partitions", topic.leaders.size()}, {"offsets", records}, {"internal", topic.internal}});
  }
  std::cout << (globals.json ? json::serialize(array) + "\n" : table.text());
  return {};
}

Result<void> show(const Globals& globals, const std::string& name) {
  SLUICE_TRY(const auto client, connect_broker(globals));
  SLUICE_TRY(const auto topic, client->topic(name));
  SLUICE_TRY(const auto config, client->topic_config(name));
  SLUICE_TRY(const auto starts, client->offsets_at(name, client::kEarliest, true));
  SLUICE_TRY(const auto ends, client->offsets_at(name, client::kLatest, true));
  if (globals.json) {
    json::array partitions;
    for (const auto& [partition, end] : ends) {
      partitions.push_back(json::object{{"partition", partition}, {"leader", topic.leaders.at(static_cast<std::size_t>(partition))},
                                        {"start", starts.at(partition).value}, {"end", end.value}});
    }
    json::object set;
    for (const auto& entry : config) {
      if (!entry.is_default) set[entry.name] = entry.value;
    }
    std::cout << json::serialize(json::object{{"name", name}, {"internal", topic.internal}, {"partitions", partitions}, {"config", set}}) << "\n";
    return {};
  }
  std::cout << "topic " << name << (topic.internal ? " (internal)" : "") << "\n\n";
  Table table({"PARTITION", "LEADER", "START", "END"});
  for (const auto& [partition, end] : ends) {
    table.add({std::to_string(partition), std::to_string(topic.leaders.at(static_cast<std::size_t>(partition))),
               to_string(starts.at(partition)), to_string(end)});
  }
  std::cout << table.text() << "\n";
  Table set({"CONFIGURATION", "VALUE", ""});
  for (const auto& entry : config) set.add({entry.name, entry.value, entry.is_default ? "" : "set"});
  std::cout << set.text();
  return {};
}

// "k=v" words as a map.
Result<std::map<std::string, std::string>> settings_of(const std::vector<std::string>& words) {
  std::map<std::string, std::string> settings;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return wrong_usage("'" + word + "' is no setting", "write key=value, as cleanup.policy=compact");
    }
    settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return settings;
}

Result<void> create(const Globals& globals, const Options& options) {
  if (options.partitions < 1 || options.partitions > kMaxPartitions) {
    return wrong_usage("-p " + std::to_string(options.partitions) + ": a topic has 1 to " + std::to_string(kMaxPartitions) + " partitions");
  }
  SLUICE_TRY(const auto settings, settings_of(options.settings));
  SLUICE_TRY(const auto client, connect_broker(globals));
  SLUICE_RETURN_IF_ERROR(client->create_topic(options.name, static_cast<std::int32_t>(options.partitions), settings));
  std::cerr << "created " << options.name << "\n";
  return {};
}

int finish(const Result<void>& done) { return done.ok() ? 0 : fail(done.error()); }

int remove(const Globals& globals, const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += " " + name;
  if (!confirmed(globals, "Delete" + all + " with all records?")) return kRefused;
  const auto client = connect_broker(globals);
  if (!client.ok()) return fail(client.error());
  int status = 0;
  for (const auto& name : names) {
    const auto deleted = (*client)->delete_topic(name);
    if (deleted.ok()) {
      std::cerr << "deleted " << name << "\n";
    } else {
      status = fail(deleted.error());
    }
  }
  return status;
}

}  // namespace

std::vector<Command> topic_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  return {
      {.noun = "topic", .verb = "list", .help = "Topics, with their partitions and how many offsets they hold",
       .arguments = {},
       .options = {{"--all", "", "Internal ones, too", &o.all}},
       .run = [options, &globals] { return finish(list(globals, options->all)); }},
      {.noun = "topic", .verb = "show", .help = "One topic: partitions, offsets, configuration",
       .arguments = {{"TOPIC", "Its name", &o.name}},
       .options = {},
       .run = [options, &globals] { return finish(show(globals, options->name)); }},
      {.noun = "topic", .verb = "create", .help = "Make a topic",
       .arguments = {{"TOPIC", "Its name", &o.name}, {"KEY=VALUE", "Kafka's configurations, as cleanup.policy=compact", &o.settings, false}},
       .options = {{"-p,--partitions", "N", "How many partitions (1)", &o.partitions}},
       .run = [options, &globals] { return finish(create(globals, *options)); }},
      {.noun = "topic", .verb = "delete", .help = "Delete topics with all their records",
       .arguments = {{"TOPIC", "Their names", &o.names}},
       .options = {},
       .run = [options, &globals] { return remove(globals, options->names); }},
  };
}

}  // namespace sluice::cli
