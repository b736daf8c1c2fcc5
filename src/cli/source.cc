#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/source_removal.h"
#include "cli/stages.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string name, from;
};

Result<void> list(const Globals& globals) {
  SLUICE_TRY(const auto status, read_status(globals));
  Table table({"SOURCE", "STATE", "POSITION", "LAG", "TABLES", "ROWS"});
  json::array array;
  for (const auto& stage : status.stages) {
    if (stage.kind != "source") continue;
    table.add({stage.name, stage.state, stage.position, seconds_text(stage.lag_seconds), std::to_string(stage.items.size()),
               with_commas(stage.rows_total)});
    array.push_back(json::object{{"name", stage.name}, {"state", stage.state}, {"position", stage.position},
                                 {"lag_bytes", stage.lag_bytes}, {"lag_seconds", stage.lag_seconds},
                                 {"tables", stage.items.size()}, {"rows_total", stage.rows_total}});
  }
  std::cout << (globals.json ? json::serialize(array) + "\n" : table.text());
  return {};
}

Result<void> show(const Globals& globals, const std::string& name) {
  SLUICE_TRY(const auto status, read_status(globals));
  for (const auto& stage : status.stages) {
    if (stage.kind != "source" || stage.name != name) continue;
    if (globals.json) {
      // The same members as in /status.
      server::ServerStatus one;
      one.stages = {stage};
      const auto whole = json::parse(server::status_json(one));
      std::cout << json::serialize(whole.as_object().at("stages").as_array().at(0)) << "\n";
      return {};
    }
    SLUICE_TRY(const auto text, status_text(status, name));
    std::cout << text;
    return {};
  }
  return Error{ErrorCode::not_found, "there is no source " + name, "", "sluice sources lists what is there"};
}

int remove(const Globals& globals, const Options& options) {
  if (!confirmed(globals, "Remove slot and publications of source " + options.name + " from its database?")) return kRefused;
  const auto removed = remove_source(globals, options.name, options.from);
  if (!removed.ok()) return fail(removed.error());
  if (removed->empty()) {
    std::cerr << "nothing of source " << options.name << " is there\n";
    return kNo;
  }
  for (const auto& what : *removed) std::cerr << "removed " << what << "\n";
  return 0;
}

int finish(const Result<void>& done) { return done.ok() ? 0 : fail(done.error()); }

}  // namespace

std::vector<Command> source_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  return {
      {.noun = "source", .verb = "list", .help = "Sources, with position and lag",
       .arguments = {},
       .options = {},
       .run = [options, &globals] { return finish(list(globals)); }},
      {.noun = "source", .verb = "show", .help = "One source, with its tables",
       .arguments = {{"NAME", "Its name", &o.name}},
       .options = {},
       .run = [options, &globals] { return finish(show(globals, options->name)); }},
      {.noun = "source", .verb = "delete", .help = "Remove a source's slot and publications from its database",
       .arguments = {{"NAME", "Its name", &o.name}},
       .options = {{"--from", "URL", "The database, when it stands in no file of -c", &o.from}},
       .run = [options, &globals] { return remove(globals, *options); },
       .hidden = false,
       .more = "Works with no server running, and is refused while one reads the slot. What is in the log and in the archive stays."},
  };
}

}  // namespace sluice::cli
