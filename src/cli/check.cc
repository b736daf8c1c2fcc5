// Configuration and preflight, before anything is touched.
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "capture/postgres/preflight.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/source_removal.h"
#include "io/clock.h"
#include "server/config/config.h"
#include "server/security.h"

namespace sluice::cli {
namespace {

namespace json = boost::json;
using capture::postgres::SourceOptions;

struct Options {
  std::vector<std::string> from;
  std::string name;
  bool no_connect = false;
  bool grants = false;
  bool print_config = false;
};

Result<std::vector<SourceOptions>> sources_of(const server::Config& config, const server::Environment& environment) {
  std::vector<SourceOptions> sources;
  for (const auto& source : config.sources) {
    SourceOptions options;
    options.name = source.name;
    options.url = source.from;
    options.tables = source.tables;
    options.exclude = source.exclude;
    SLUICE_TRY(options.password, server::read_secret(source.password, environment));
    sources.push_back(std::move(options));
  }
  return sources;
}

json::object to_json(const std::string& name, const capture::postgres::Preflight& found) {
  json::array findings;
  for (const auto& each : found.findings) {
    findings.push_back(json::object{{"blocking", each.blocking}, {"what", each.what}, {"fix", each.fix}});
  }
  return {{"source", name},
          {"ok", found.ok()},
          {"server", found.server},
          {"tables", json::array(found.tables.begin(), found.tables.end())},
          {"keyless", json::array(found.keyless.begin(), found.keyless.end())},
          {"findings", std::move(findings)},
          {"slot_cost", found.slot_cost}};
}

int print_grants(const std::vector<SourceOptions>& sources) {
  for (const auto& source : sources) {
    const auto sql = capture::postgres::grants(source);
    if (!sql.ok()) return fail(sql.error());
    std::cout << *sql;
  }
  return 0;
}

int run_preflight(const Globals& globals, const std::vector<SourceOptions>& sources) {
  bool fine = true;
  json::array all;
  for (const auto& source : sources) {
    const auto found = capture::postgres::preflight(source);
    if (!found.ok()) return fail(found.error());
    fine = fine && found->ok();
    if (globals.json) {
      all.push_back(to_json(source.name, *found));
    } else {
      std::cout << source.name << ": " << found->text();
    }
  }
  if (globals.json) std::cout << json::serialize(json::object{{"ok", fine}, {"sources", std::move(all)}}) << "\n";
  return fine ? 0 : kNo;
}

// Certificates, users and their secrets: files that the server would not start without.
Result<void> check_security(const server::Config& config, const server::Environment& environment) {
  SLUICE_TRY(const auto identities, server::load_identities(config));
  SLUICE_TRY(const auto rules, server::load_access_rules(config, environment));
  for (const auto& warning : server::security_warnings(config, identities, io::system_clock().wall_ms())) {
    std::cerr << "sluice: warning: " << warning << "\n";
  }
  return {};
}

int run(const Globals& globals, const Options& options) {
  server::ConfigFlags flags;
  flags.config = globals.config;
  flags.from = options.from;
  flags.name = options.name;
  const auto environment = server::process_environment();
  const auto config = server::load_config(flags, environment);
  if (!config.ok()) return fail(config.error(), kUsage);
  if (options.print_config) {
    std::cout << config->printed;
    return 0;
  }
  if (const auto checked = check_security(*config, environment); !checked.ok()) return fail(checked.error(), kUsage);
  if (options.no_connect || config->sources.empty()) {
    const std::string none = config->sources.empty() ? "; it has no sources" : "";
    std::cout << (globals.json ? "{\"ok\":true,\"sources\":[]}" : "the configuration is fine" + none) << "\n";
    return 0;
  }
  const auto sources = sources_of(*config, environment);
  if (!sources.ok()) return fail(sources.error(), kUsage);
  return options.grants ? print_grants(*sources) : run_preflight(globals, *sources);
}

}  // namespace

Result<std::vector<std::string>> remove_source(const Globals& globals, const std::string& name, const std::string& from) {
  server::ConfigFlags flags;
  flags.config = globals.config;
  if (!from.empty()) flags.from = {from}, flags.name = name;
  const auto environment = server::process_environment();
  SLUICE_TRY(const auto config, server::load_config(flags, environment));
  SLUICE_TRY(const auto sources, sources_of(config, environment));
  for (const auto& source : sources) {
    if (source.name == name) return capture::postgres::drop_source(source);
  }
  return Error{ErrorCode::not_found, "there is no source '" + name + "' in the configuration", "", "name its file with -c, or its database with --from URL"};
}

Command check_command(const Globals& globals) {
  auto options = std::make_shared<Options>();
  return {.noun = "check",
          .verb = "",
          .help = "Checks the configuration, and what the databases need; prints missing settings and GRANTs",
          .arguments = {},
          .options = {{"--from", "URL", "A database to check, without a file; may be repeated", &options->from},
                      {"--name", "NAME", "The source's name; else the database's", &options->name},
                      {"--no-connect", "", "The configuration only", &options->no_connect},
                      {"--grants", "", "Print the SQL that lets the user capture", &options->grants},
                      {"--print-config", "", "Print the whole configuration, each value with its origin, and end", &options->print_config}},
          .run = [options, &globals] { return run(globals, *options); }};
}

}  // namespace sluice::cli
