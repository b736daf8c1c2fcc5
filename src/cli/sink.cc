// Looking at sinks, and telling a running server what to do with one.
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/sink_copy.h"
#include "cli/stages.h"
#include "deliver/archive/chain/copy.h"
#include "server/places.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
using pipeline::StageStatus;

struct Options {
  std::string name, topic, offset = "beginning", archive;
  std::optional<std::int64_t> partition;
};

std::string target_of(const std::string& name, const std::string& verb = "") {
  return "/sinks/" + io::percent_encode(name) + (verb.empty() ? "" : "/" + verb);
}

std::string fact(const StageStatus& stage, const std::string& name) {
  const auto found = stage.facts.find(name);
  return found == stage.facts.end() ? "" : found->second;
}

// The same members as in /status.
json::value to_json(const StageStatus& stage) {
  server::ServerStatus one;
  one.stages = {stage};
  return json::parse(server::status_json(one)).as_object().at("stages").as_array().at(0);
}

Result<void> list(const Globals& globals) {
  SLUICE_TRY(const auto status, read_status(globals));
  Table table({"SINK", "STATE", "PLACE", "FORMAT", "TOPICS", "LAG", "ROWS", "FILES", "BYTES", "OPEN", "DEAD", "LOG HELD"});
  json::array array;
  for (const auto& stage : status.stages) {
    if (stage.kind != "sink") continue;
    std::uint64_t rows = 0;
    for (const auto& item : stage.items) rows += item.rows;
    table.add({stage.name, stage.state, fact(stage, "archive"), fact(stage, "format"), std::to_string(stage.items.size()),
               seconds_text(stage.lag_seconds), with_commas(rows), with_commas(stage.files_published), bytes_text(stage.bytes_published),
               with_commas(stage.open_files), with_commas(stage.dead_letters), bytes_text(stage.held_bytes)});
    array.push_back(to_json(stage));
  }
  std::cout << (globals.json ? json::serialize(array) + "\n" : table.text());
  return {};
}

Result<void> show(const Globals& globals, const std::string& name) {
  SLUICE_TRY(const auto status, read_status(globals));
  for (const auto& stage : status.stages) {
    if (stage.kind != "sink" || stage.name != name) continue;
    if (globals.json) {
      std::cout << json::serialize(to_json(stage)) << "\n";
    } else {
      std::cout << stage_text(stage);
    }
    return {};
  }
  return Error{ErrorCode::not_found, "there is no sink " + name, "", "sluice sink list shows what is there"};
}

Result<void> tell(const Globals& globals, const std::string& name, const std::string& verb) {
  SLUICE_TRY(const auto answer, ask(globals.admin, "POST", target_of(name, verb)));
  if (globals.json) {
    std::cout << answer;
  } else {
    std::cerr << "sink " << name << (verb == "pause" ? " is paused: it publishes what it has read, and the log waits for it\n" : " goes on\n");
  }
  return {};
}

Result<void> rewind(const Globals& globals, const Options& options) {
  auto target = target_of(options.name, "rewind") + "?topic=" + io::percent_encode(options.topic) + "&offset=" + io::percent_encode(options.offset);
  if (options.partition) target += "&partition=" + std::to_string(*options.partition);
  if (globals.yes) target += "&knowingly";
  SLUICE_TRY(const auto answer, ask(globals.admin, "POST", target));
  if (globals.json) {
    std::cout << answer;
    return {};
  }
  boost::system::error_code error;
  const auto parsed = json::parse(answer, error);
  const auto* partitions = error || !parsed.is_object() ? nullptr : parsed.as_object().if_contains("partitions");
  if (partitions == nullptr || !partitions->is_array()) return Error{ErrorCode::corrupt, "the answer is not one of a rewind"};
  for (const auto& each : partitions->as_array()) {
    const auto text = [&each](const char* key) { return json::serialize(each.at(key)); };
    std::cerr << options.topic << "-" << text("partition") << "  "
              << (text("files") == "0" && text("from") == text("to") ? "stays at offset " + text("to")
                                       : "went back from offset " + text("from") + " to " + text("to") + ": " + text("rows") + " rows in " + text("files") + " files")
              << "\n";
  }
  std::cerr << "sluice sink resume " << options.name << " archives it again from there\n";
  return {};
}

// That no sink of the running server writes to the place.
Result<void> nobody_writes(const Globals& globals, const std::string& where) {
  SLUICE_TRY(const auto status, read_status(globals));
  for (const auto& stage : status.stages) {
    if (stage.kind != "sink" || fact(stage, "archive") != where) continue;
    return Error{ErrorCode::rejected, "sink " + stage.name + " writes to " + where, "", "take it out of the configuration and send the server SIGHUP"};
  }
  return {};
}

Result<void> delete_archive(const Globals& globals, const std::string& place) {
  SLUICE_TRY(const auto store, server::open_place(place));
  SLUICE_RETURN_IF_ERROR(nobody_writes(globals, store->where()));
  if (!confirmed(globals, "Remove the archive in " + store->where() + ", with all its files?")) {
    return Error{ErrorCode::rejected, "the archive in " + store->where() + " stays"};
  }
  SLUICE_TRY(const auto removed, deliver::archive::remove_archive(*store));
  std::cerr << "removed " << with_commas(removed) << " files of the archive in " << store->where() << "\n";
  return {};
}

Result<void> remove(const Globals& globals, const Options& options) {
  SLUICE_RETURN_IF_ERROR(ask(globals.admin, "DELETE", target_of(options.name)));
  if (!options.archive.empty()) return delete_archive(globals, options.archive);
  std::cerr << "sink " << options.name << " is forgotten; its archive stays\n";
  return {};
}

int finish(const Result<void>& done) { return done.ok() ? 0 : fail(done.error()); }

}  // namespace

std::vector<Command> sink_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  const Argument name{"NAME", "Its name", &o.name};
  return {
      {.noun = "sink", .verb = "list", .help = "Sinks: state, place, lag, files, and how much log they hold back",
       .arguments = {},
       .options = {},
       .run = [options, &globals] { return finish(list(globals)); }},
      {.noun = "sink", .verb = "show", .help = "One sink, with the offsets of its topics",
       .arguments = {name},
       .options = {},
       .run = [options, &globals] { return finish(show(globals, options->name)); }},
      {.noun = "sink", .verb = "pause", .help = "Let a sink publish what it has read, and wait; over restarts",
       .arguments = {name},
       .options = {},
       .run = [options, &globals] { return finish(tell(globals, options->name, "pause")); },
       .hidden = false,
       .more = "The log keeps what a paused sink has not archived, up to its hold.bytes."},
      {.noun = "sink", .verb = "resume", .help = "Let a paused sink go on",
       .arguments = {name},
       .options = {},
       .run = [options, &globals] { return finish(tell(globals, options->name, "resume")); }},
      {.noun = "sink", .verb = "rewind", .help = "Take a topic's archive back to an offset, to be archived again from there",
       .arguments = {name, {"TOPIC", "The topic", &o.topic}},
       .options = {{"-o,--offset", "OFFSET", "A number or beginning; the newest end of a commit record at or before it is taken", &o.offset},
                   {"--partition", "N", "This partition alone", &o.partition}},
       .run = [options, &globals] { return finish(rewind(globals, *options)); },
       .hidden = false,
       .more = "Only while the sink is paused. Files from there on are removed, and written again when it is resumed. Refused when the log has\n"
               "not all of their rows any more; --yes does it all the same, and loses those rows."},
      sink_copy_command(globals),
      {.noun = "sink", .verb = "delete", .help = "Forget a sink that is not in the configuration any more",
       .arguments = {name},
       .options = {{"--archive", "URL", "Remove this archive, too: its files first, then its commit records", &o.archive}},
       .run = [options, &globals] { return finish(remove(globals, *options)); },
       .hidden = false,
       .more = "Take the sink out of the file, send the server SIGHUP, then delete it."},
  };
}

}  // namespace sluice::cli
