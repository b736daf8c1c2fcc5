// How arguments become a command.
//
//   1. Flags before the noun go behind it: `sluice -b x topics` is `sluice topics -b x`.
//   2. A bare noun or its plural lists: `sluice topics` is `sluice topic list`.
//   3. Noun and verb choose one row of the table; what they do not match is refused, with what was likely meant, or as
//      "not in this version".
//   4. CLI11 parses the rest by the row's options; then the environment and the file of -c fill what was not given.

#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "io/http_client.h"
#include "server/config/config.h"

namespace sluice::cli {
namespace {

// The single names of "-o,--offset".
std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names;
  std::istringstream text(option.names);
  for (std::string name; std::getline(text, name, ',');) names.push_back(name);
  return names;
}

// Moves leading flags, with their values, to the end.
void move_leading_flags(std::vector<std::string>& arguments, const std::vector<Option>& options) {
  const auto takes_value = [&options](const std::string& flag) {
    return std::ranges::any_of(options, [&](const Option& option) {
      const auto names = names_of(option);
      return !option.value.empty() && std::ranges::find(names, flag) != names.end();
    });
  };
  std::size_t count = 0;
  while (count < arguments.size() && arguments[count].starts_with("-") && arguments[count] != "--") {
    count += takes_value(arguments[count]) && count + 1 < arguments.size() ? 2 : 1;
  }
  std::ranges::rotate(arguments, arguments.begin() + static_cast<std::ptrdiff_t>(count));
}

std::string singular(const std::string& noun) {
  return noun.size() > 1 && noun.ends_with('s') ? noun.substr(0, noun.size() - 1) : noun;
}

struct Choice {
  const Command* command = nullptr;
  std::size_t words = 0;  // of the arguments that named it
};

// Says why not, and gives the exit status.
int refuse(const std::vector<Command>& commands, const std::string& noun, const std::string& verb) {
  std::vector<std::string> nouns, verbs;
  for (const auto& command : commands) {
    if (command.hidden) continue;
    nouns.push_back(command.noun);
    if (command.noun == noun) verbs.push_back(command.verb);
  }
  for (const auto& [reserved, reserved_verbs] : reserved_commands()) {
    if (reserved != noun) continue;
    std::istringstream words{std::string(reserved_verbs)};
    bool matches = verb.empty() || reserved_verbs.empty() || verbs.empty();
    for (std::string word; words >> word;) matches = matches || word == verb;
    if (matches) {
      const bool named = !verb.empty() && !reserved_verbs.empty() && !verb.starts_with('-');
      return misuse("`sluice " + noun + (named ? " " + verb : "") + "` is not in this version",
                    "`sluice --help` lists what is");
    }
  }
  if (!verbs.empty()) {
    const auto meant = nearest(verb, verbs);
    std::string all;
    for (const auto& each : verbs) all += (all.empty() ? "" : ", ") + each;
    return misuse("there is no `sluice " + noun + " " + verb + "`",
                  meant.empty() ? "there is: " + all : "did you mean `sluice " + noun + " " + meant + "`?");
  }
  const auto meant = nearest(noun, nouns);
  return misuse("there is no command `" + noun + "`",
                meant.empty() ? "`sluice --help` lists the commands" : "did you mean `sluice " + meant + "`?");
}

const Command* find(const std::vector<Command>& commands, const std::string& noun, const std::string& verb) {
  const auto found = std::ranges::find_if(commands, [&](const Command& each) { return each.noun == noun && each.verb == verb; });
  return found == commands.end() ? nullptr : &*found;
}

Choice choose(const std::vector<Command>& commands, const std::vector<std::string>& arguments) {
  const auto noun = arguments[0];
  const auto verb = arguments.size() > 1 && !arguments[1].starts_with('-') ? arguments[1] : std::string();
  if (const auto* alone = find(commands, noun, "")) return {alone, 1};
  if (!verb.empty()) {
    if (const auto* both = find(commands, noun, verb)) return {both, 2};
    if (const auto* both = find(commands, singular(noun), verb)) return {both, 2};
    return {};
  }
  if (const auto* list = find(commands, noun, "list")) return {list, 1};
  return {find(commands, singular(noun), "list"), 1};
}

void print_help(const std::vector<Command>& commands, std::ostream& out) {
  out << "sluice NOUN VERB [NAME…] [options]\n\nYour database as streams: a durable log that any Kafka client reads, with\n"
               "schemas, and an archive.\n\n";
  std::size_t width = 0;
  for (const auto& command : commands) width = std::max(width, command.name().size());
  for (const auto& command : commands) {
    if (command.hidden) continue;
    out << "  " << command.name() << std::string(width - command.name().size() + 2, ' ') << command.help << "\n";
  }
  out << "\nA bare noun or its plural lists: `sluice topics`. `sluice NOUN VERB --help` tells more.\n"
               "Exit status: 0 done, or yes; 1 no; 2 usage or configuration; 3 not reachable; 4 refused.\n";
}

void print_verbs(const std::vector<Command>& commands, const std::string& noun) {
  for (const auto& command : commands) {
    if (command.noun != noun) continue;
    auto line = "sluice " + command.name();
    for (const auto& argument : command.arguments) line += argument.required ? " " + argument.name : " [" + argument.name + "]";
    std::cout << line << "\n    " << command.help << "\n";
  }
  std::cout << "\n`sluice " << noun << " VERB --help` tells more.\n";
}

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

// The noun that a word means: itself, or what it is the plural of.
std::string noun_of(const std::vector<Command>& commands, const std::string& word) {
  const auto known = [&](const std::string& noun) {
    const auto same = [&](const auto& each) { return each.noun == noun; };
    return std::ranges::any_of(commands, same) || std::ranges::any_of(reserved_commands(), same);
  };
  return !known(word) && known(singular(word)) ? singular(word) : word;
}

void add_option(CLI::App& app, const Option& option) {
  std::visit(
      [&]<typename T>(T* target) {
        if constexpr (std::is_same_v<T, bool>) {
          app.add_flag(option.names, *target, option.help);
        } else {
          auto* added = app.add_option(option.names, *target, option.help)->type_name(option.value)->required(option.required);
          if constexpr (std::is_same_v<T, std::vector<std::string>>) added->expected(1)->take_all();
        }
      },
      option.target);
}

void add_argument(CLI::App& app, const Argument& argument) {
  std::visit(
      [&]<typename T>(T* target) {
        if constexpr (!std::is_same_v<T, bool>) {
          app.add_option(argument.name, *target, argument.help)->required(argument.required)->type_name("");
        }
      },
      argument.target);
}

void from_environment(const CLI::App& app, const char* flag, const char* variable, std::string& target) {
  const char* value = std::getenv(variable);
  if (app.count(flag) == 0 && value != nullptr && *value != '\0') target = value;
}

// The listeners of the file, for a client that was given -c: a client on this machine, so 0.0.0.0 is 127.0.0.1.
Result<void> from_file(const CLI::App& app, Globals& globals) {
  server::ConfigFlags flags;
  flags.config = globals.config;
  SLUICE_TRY(const auto config, server::load_config(flags, server::process_environment()));
  const auto take = [&](const char* flag, const std::vector<server::ListenConfig>& listeners, const std::string& scheme, std::string& target) {
    if (app.count(flag) != 0 || listeners.empty() || listeners.front().at.port == 0) return;
    auto address = listeners.front().at;
    if (address.host == "0.0.0.0" || address.host == "::") address.host = "127.0.0.1";
    target = (scheme.empty() || listeners.front().tls.empty() ? scheme : "https://") + address.text();
  };
  take("--broker", config.kafka, "", globals.broker);
  take("--registry", config.registry, "http://", globals.registry);
  take("--admin", config.admin, "http://", globals.admin);
  return {};
}

Result<void> check_addresses(const Globals& globals) {
  std::istringstream brokers(globals.broker);
  for (std::string broker; std::getline(brokers, broker, ',');) {
    if (auto address = io::parse_address(broker); !address.ok()) return std::move(address).error().in("-b");
  }
  if (auto url = io::parse_http_url(globals.registry); !url.ok()) return std::move(url).error().in("-r");
  if (auto url = io::parse_http_url(globals.admin); !url.ok()) return std::move(url).error().in("-a");
  return {};
}

// What was likely meant, when an unknown flag is what is wrong.
std::string meant_flag(const CLI::ParseError& error, const Command& command, Globals& globals) {
  const std::string text = error.what();
  const auto dash = text.rfind(" -");
  const auto manual = "sluice " + command.name() + " --help";
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || dash == std::string::npos) return manual;
  std::vector<std::string> known;
  auto options = command.options;
  for (auto& option : global_options(globals)) options.push_back(std::move(option));
  for (const auto& option : options) std::ranges::copy(names_of(option), std::back_inserter(known));
  const auto word = text.substr(dash + 1, text.find('=', dash) - dash - 1);
  const auto meant = nearest(word, known);
  return meant.empty() ? manual : "did you mean " + meant + "? " + manual;
}

bool is_client(const Command& command) {
  return command.noun != "serve" && command.noun != "demo" && command.noun != "check";
}

int parse_and_run(const Command& command, Globals& globals, std::vector<std::string> rest) {
  CLI::App app{command.help, "sluice " + command.name()};
  app.footer(command.more);
  for (const auto& argument : command.arguments) add_argument(app, argument);
  for (const auto& option : command.options) add_option(app, option);
  for (const auto& option : global_options(globals)) add_option(app, option);
  std::ranges::reverse(rest);
  try {
    app.parse(std::move(rest));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return misuse(error.what(), meant_flag(error, command, globals));
  }
  if (is_client(command) && !globals.config.empty()) {
    if (const auto read = from_file(app, globals); !read.ok()) return fail(read.error(), kUsage);
  }
  from_environment(app, "--broker", "SLUICE_BROKER", globals.broker);
  from_environment(app, "--registry", "SLUICE_REGISTRY", globals.registry);
  from_environment(app, "--admin", "SLUICE_ADMIN", globals.admin);
  if (const auto right = check_addresses(globals); !right.ok()) return fail(right.error(), kUsage);
  return command.run();
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const auto begun = std::ranges::find_if(known, [&](const std::string& each) { return word.size() > 1 && each.starts_with(word); });
  if (begun != known.end()) return *begun;
  return std::string(sluice::nearest(word, {known.begin(), known.end()}));
}

std::vector<Option> global_options(Globals& globals) {
  return {{"-b,--broker", "HOST:PORT", "The log; several with commas (SLUICE_BROKER)", &globals.broker},
          {"-r,--registry", "URL", "The schema registry (SLUICE_REGISTRY): http:// or https://, with user:password@ if it asks", &globals.registry},
          {"-a,--admin", "URL", "The admin listener (SLUICE_ADMIN), as -r", &globals.admin},
          {"-c,--config", "FILE", "A configuration file or folder: its listeners are used", &globals.config},
          {"-J,--json", "", "JSON instead of a table", &globals.json},
          {"--yes", "", "Do not ask", &globals.yes}};
}

int run_command_line(std::vector<std::string> arguments) {
  Globals globals;
  const auto commands = all_commands(globals);
  if (arguments.empty()) return print_help(commands, std::cerr), kUsage;
  if (arguments[0] == "help") std::ranges::rotate(arguments, arguments.begin() + 1), arguments.back() = "--help";
  if (is_help(arguments[0])) return print_help(commands, std::cout), 0;
  if (arguments[0] == "--version" || arguments[0] == "-V") arguments[0] = "version";
  move_leading_flags(arguments, global_options(globals));
  if (arguments[0].starts_with('-')) return misuse("no command", "`sluice --help` lists the commands");
  const auto noun = noun_of(commands, arguments[0]);
  if (arguments.size() == 2 && is_help(arguments[1]) && find(commands, noun, "") == nullptr && std::ranges::find(commands, noun, &Command::noun) != commands.end()) {
    return print_verbs(commands, noun), 0;
  }
  const auto [command, words] = choose(commands, arguments);
  if (command == nullptr) return refuse(commands, noun, arguments.size() > 1 ? arguments[1] : "");
  return parse_and_run(*command, globals, {arguments.begin() + static_cast<std::ptrdiff_t>(words), arguments.end()});
}

}  // namespace sluice::cli
