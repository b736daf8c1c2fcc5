// Looking at views, and defining them.
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <thread>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/stages.h"
#include "cli/view_requests.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kLookEvery{250};

struct Options {
  std::string name, sql, file;
  bool no_wait = false;
};

std::string target_of(const std::string& name) { return "/views/" + io::percent_encode(name); }

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string state_text(const ViewState& view) {
  if (!view.error.empty()) return "failed";
  if (view.kind != "view") return "";
  if (view.restored < 1) return "restoring " + std::to_string(std::lround(view.restored * 100)) + " %";
  return view.caught_up ? "up to date" : "catching up";
}

Result<void> list(const Globals& globals) {
  SLUICE_TRY(const auto answer, get_json(globals.admin, "/views"));
  if (globals.json) {
    std::cout << answer;
    return {};
  }
  SLUICE_TRY(const auto parsed, parse_answer(answer));
  Table table({"NAME", "KIND", "STATE", "KEY", "ROWS", "LATE", "FAILED", "STATE SIZE", "READS", ""});
  const json::array none;
  for (const auto& each : parsed.is_array() ? parsed.get_array() : none) {
    SLUICE_TRY(const auto view, view_state(each));
    const bool runs = view.kind == "view";
    table.add({view.name, view.kind, state_text(view), listed(view.key), runs ? with_commas(view.rows) : "", runs ? with_commas(view.late) : "",
               runs ? with_commas(view.failed) : "", runs ? bytes_text(view.state_bytes) : "", listed(view.reads), view.error.empty() ? view.building : view.error});
  }
  std::cout << table.text();
  return {};
}

std::string shown(const ViewState& view) {
  auto out = view.kind + " " + view.name + "  " + state_text(view) + "\n";
  if (!view.error.empty()) out += "  error     " + view.error + "\n";
  if (!view.building.empty()) out += "  beside    " + view.building + "\n";
  out += "  columns   " + listed(view.columns) + "\n";
  out += "  key       " + (view.key.empty() ? "(none)" : listed(view.key)) + "\n";
  out += "  reads     " + listed(view.reads) + "\n";
  if (view.kind == "view") {
    out += "  rows      " + with_commas(view.rows) + "\n  late      " + with_commas(view.late) + "\n  failed    " + with_commas(view.failed) + "\n";
    out += "  state     " + bytes_text(view.state_bytes) + "\n  generation  " + std::to_string(view.generation) + "\n";
  }
  out += "\n" + view.sql + "\n";
  return view.plan.empty() ? out : out + "\n" + view.plan + (view.plan.ends_with('\n') ? "" : "\n");
}

Result<void> show(const Globals& globals, const std::string& name) {
  SLUICE_TRY(const auto answer, get_json(globals.admin, target_of(name)));
  if (globals.json) {
    std::cout << answer;
    return {};
  }
  SLUICE_TRY(const auto parsed, parse_answer(answer));
  SLUICE_TRY(const auto view, view_state(parsed));
  std::cout << shown(view);
  return {};
}

// The error that ended the view's stage, or that of what is built beside it.
Result<void> still_runs(const Globals& globals, const std::string& name) {
  SLUICE_TRY(const auto status, read_status(globals));
  for (const auto& stage : status.stages) {
    const bool its = stage.kind == "view" && (stage.name == name || stage.name.starts_with(name + " (generation "));
    if (its && stage.state == "failed") return Error{ErrorCode::rejected, "view " + stage.name + ": " + stage.error, "", stage.hint};
  }
  return {};
}

// Until it has taken all that its inputs had, and another definition has taken the old one's place.
Result<void> wait_for(const Globals& globals, const std::string& name) {
  std::string told;
  while (true) {
    SLUICE_TRY(const auto answer, get_json(globals.admin, target_of(name)));
    SLUICE_TRY(const auto parsed, parse_answer(answer));
    SLUICE_TRY(const auto view, view_state(parsed));
    SLUICE_RETURN_IF_ERROR(still_runs(globals, name));
    if (!view.error.empty()) return Error{ErrorCode::rejected, "view " + name + ": " + view.error};
    if (view.kind != "view" || (view.caught_up && view.building.empty())) {
      if (view.kind == "view") std::cerr << (view.replaced.empty() ? name + " is up to date: " + with_commas(view.rows) + " rows" : view.replaced) << "\n";
      return {};
    }
    const auto percent = std::to_string(std::lround(view.built * 100)) + " %";
    const auto now = view.building.empty() ? name + ": " + with_commas(view.rows) + " rows so far" : name + ": " + view.building + ", " + percent;
    if (now != told) std::cerr << (told = now) << "\n";
    std::this_thread::sleep_for(kLookEvery);
  }
}

Result<void> create(const Globals& globals, const Options& options) {
  SLUICE_TRY(const auto text, text_of_argument(options.sql, options.file));
  SLUICE_TRY(const auto answer, post_text(globals, "/views", text));
  if (globals.json) std::cout << answer;
  SLUICE_TRY(const auto parsed, parse_answer(answer));
  const auto* defined = parsed.is_object() ? parsed.get_object().if_contains("defined") : nullptr;
  if (defined == nullptr || !defined->is_array()) return Error{ErrorCode::corrupt, "the server's answer names no definitions"};
  for (const auto& each : defined->get_array()) {
    const auto member = [&each](const char* key) { return std::string(each.at(key).as_string()); };
    const auto name = member("name"), what = member("what"), told = member("told");
    std::cerr << name << (what == "building" ? " is changed" : " is " + what) << (told.empty() ? "" : ": " + told) << "\n";
    if (!options.no_wait && (what == "created" || what == "building")) SLUICE_RETURN_IF_ERROR(wait_for(globals, name));
  }
  return {};
}

Result<void> remove(const Globals& globals, const std::string& name) {
  if (!confirmed(globals, "Drop the view " + name + "? Its topic stays.")) return Error{ErrorCode::rejected, "view " + name + " stays"};
  SLUICE_RETURN_IF_ERROR(ask(globals.admin, "DELETE", target_of(name)));
  std::cerr << name << " is dropped; its topic stays: sluice topic delete " << name << "\n";
  return {};
}

int finish(const Result<void>& done) { return done.ok() ? 0 : fail(done.error()); }

}  // namespace

std::vector<Command> view_commands(const Globals& globals) {
  auto options = std::make_shared<Options>();
  auto& o = *options;
  const Argument name{"NAME", "Its name", &o.name};
  return {
      {.noun = "view", .verb = "list", .help = "Views and streams: state, key, rows, late rows, size of what is remembered",
       .arguments = {},
       .options = {},
       .run = [options, &globals] { return finish(list(globals)); }},
      {.noun = "view", .verb = "show", .help = "One view: its statement, columns, key and plan",
       .arguments = {name},
       .options = {},
       .run = [options, &globals] { return finish(show(globals, options->name)); }},
      {.noun = "view", .verb = "create", .help = "Carry out statements: CREATE TABLE, CREATE MATERIALIZED VIEW, DROP",
       .arguments = {{"SQL", "The statements, in quotes", &o.sql, false}},
       .options = {{"-f,--file", "FILE", "A file with the statements; - is standard input", &o.file},
                   {"--no-wait", "", "Do not wait until the views have caught up", &o.no_wait}},
       .run = [options, &globals] { return finish(create(globals, *options)); },
       .hidden = false,
       .more = "All statements are checked before the first is carried out. A view that is there with another definition is built anew beside the\n"
               "old one, which serves until the new one has caught up and takes its place; both counts are told. docs/flow.md tells the dialect."},
      {.noun = "view", .verb = "delete", .help = "Drop a view or a stream; its topic stays",
       .arguments = {name},
       .options = {},
       .run = [options, &globals] { return finish(remove(globals, options->name)); }},
  };
}

}  // namespace sluice::cli
