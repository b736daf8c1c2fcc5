#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/stages.h"
#include "io/signals.h"

namespace sluice::cli {
namespace {

constexpr std::int64_t kWatchEveryMs = 1'000;

struct Options {
  std::string name;
  bool watch = false;
};

// The JSON of one stage, as the server gave it.
Result<std::string> stage_json(const std::string& raw, const std::string& name) {
  boost::system::error_code error;
  const auto parsed = boost::json::parse(raw, error);
  if (!error && parsed.is_object()) {
    if (const auto* stages = parsed.as_object().if_contains("stages"); stages != nullptr && stages->is_array()) {
      for (const auto& stage : stages->as_array()) {
        const auto* its_name = stage.is_object() ? stage.as_object().if_contains("name") : nullptr;
        if (its_name != nullptr && its_name->is_string() && its_name->as_string() == name) return boost::json::serialize(stage);
      }
    }
  }
  return Error{ErrorCode::not_found, "there is no source, sink or view " + name};
}

Result<std::string> once(const Globals& globals, const std::string& name) {
  std::string raw;
  SLUICE_TRY(const auto status, read_status(globals, &raw));
  if (!globals.json) return status_text(status, name);
  if (name.empty()) return raw + "\n";
  SLUICE_TRY(const auto stage, stage_json(raw, name));
  return stage + "\n";
}

int run(const Globals& globals, const Options& options) {
  io::StopSignals signals;
  do {
    const auto text = once(globals, options.name);
    if (options.watch && !globals.json) std::cout << "\033[H\033[2J";
    if (!text.ok()) {
      const int status = fail(text.error());
      if (!options.watch || text.error().code != ErrorCode::back_off) return status;
    } else {
      std::cout << *text << std::flush;
    }
    if (!std::cout) return 0;
  } while (options.watch && !signals.wait(kWatchEveryMs));
  return 0;
}

}  // namespace

Command status_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "status",
          .verb = "",
          .help = "Position, lag, freshness and counts of every source, sink and view",
          .arguments = {{"NAME", "One source, sink or view", &options->name, false}},
          .options = {{"-w,--watch", "", "Again every second, until Ctrl-C", &options->watch}},
          .run = [options, &globals] { return run(globals, *options); }};
}

}  // namespace sluice::cli
