// Configuration and preflight, before anything is touched.
#include <iostream>
#include <memory>

#include "capture/postgres/preflight.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/source_removal.h"
#include "server/config.h"

namespace sluice::cli {
namespace {

using capture::postgres::SourceOptions;

struct Options {
  std::vector<std::string> from;
  std::string name;
  bool no_connect = false;
  bool grants = false;
};

Result<std::vector<SourceOptions>> sources_of(const server::ConfigFlags& flags) {
  const auto environment = server::process_environment();
  SLUICE_TRY(const auto config, server::load_config(flags, environment));
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

int run(const Globals& globals, const Options& options) {
  server::ConfigFlags flags;
  flags.config = globals.config;
  flags.from = options.from;
  flags.name = options.name;
  const auto sources = sources_of(flags);
  if (!sources.ok()) return fail(sources.error());
  if (options.no_connect) {
    std::cout << "the configuration is fine\n";
    return 0;
  }
  bool fine = true;
  for (const auto& source : *sources) {
    if (options.grants) {
      const auto sql = capture::postgres::grants(source);
      if (!sql.ok()) return fail(sql.error());
      std::cout << *sql;
      continue;
    }
    const auto found = capture::postgres::preflight(source);
    if (!found.ok()) return fail(found.error());
    std::cout << source.name << ": " << found->text();
    fine = fine && found->ok();
  }
  if (sources->empty()) std::cout << "the configuration is fine; it has no sources\n";
  return fine ? 0 : kNo;
}

}  // namespace

Result<std::vector<std::string>> remove_source(const Globals& globals, const std::string& name, const std::string& from) {
  server::ConfigFlags flags;
  flags.config = globals.config;
  if (!from.empty()) flags.from = {from}, flags.name = name;
  SLUICE_TRY(const auto sources, sources_of(flags));
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
                      {"--grants", "", "Print the SQL that lets the user capture", &options->grants}},
          .run = [options, &globals] { return run(globals, *options); }};
}

}  // namespace sluice::cli
