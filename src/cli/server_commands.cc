// The command line of serve and demo; what they do is in serve.h.
#include <memory>

#include "cli/commands.h"
#include "cli/serve.h"

namespace sluice::cli {

Command serve_command(const Globals& globals) {
  struct Flags {
    server::ConfigFlags config;
    bool print_config = false;
  };
  auto flags = std::make_shared<Flags>();
  auto& config = flags->config;
  return {.noun = "serve",
          .verb = "",
          .help = "The server: log, registry, sources, sinks. Bare, it is a broker with a registry",
          .arguments = {},
          .options = {{"--from", "URL", "A database to capture: postgres://user@host/db (no password in it); may be repeated", &config.from},
                      {"--to", "PATH", "A folder for an archive; may be repeated", &config.to},
                      {"--name", "NAME", "The source's name; else the database's", &config.name},
                      {"--tables", "GLOB", "Tables to capture, as schema.table; may be repeated", &config.tables},
                      {"--data", "DIR", "Where the log lives", &config.data},
                      {"--listen", "KIND=ADDR", "kafka, registry or admin, as kafka=127.0.0.1:9092; may be repeated", &config.listen},
                      {"--topics", "a:3,b", "Topics to make if missing, with their partitions", &config.topics},
                      {"--ephemeral", "", "Data in a folder that is removed at the end", &config.ephemeral},
                      {"--print-config", "", "Print the whole configuration, each value with its origin, and end", &flags->print_config}},
          .run =
              [flags, &globals] {
                flags->config.config = globals.config;
                return serve(flags->config, flags->print_config);
              }};
}

Command demo_command(const Globals&) {
  struct Flags {
    std::optional<std::int64_t> seconds;
    std::string keep;
  };
  auto flags = std::make_shared<Flags>();
  return {.noun = "demo",
          .verb = "",
          .help = "A throw-away PostgreSQL with a live shop, captured and archived",
          .arguments = {},
          .options = {{"--seconds", "N", "End by itself after so long, and compare the counts", &flags->seconds},
                      {"--keep", "DIR", "A folder that stays; one that is there is continued", &flags->keep}},
          .run =
              [flags] {
                DemoOptions options;
                if (flags->seconds) options.seconds = std::chrono::seconds(*flags->seconds);
                options.keep = flags->keep;
                return demo(options);
              },
          .hidden = false,
          .more = "Exits 1 when source, topics and archive differ at the end."};
}

}  // namespace sluice::cli
