// The program about itself: version, completion, the reference of the command line.
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "cli/commands.h"
#include "cli/report.h"
#include "server/config/config.h"
#include "server/metric_list.h"
#include "server/server.h"

namespace sluice::cli {
namespace {

std::map<std::string, std::string> verbs_by_noun(const std::vector<Command>& commands) {
  std::map<std::string, std::string> verbs;
  for (const auto& command : commands) {
    if (command.hidden) continue;
    auto& list = verbs[command.noun];
    if (!command.verb.empty()) list += (list.empty() ? "" : " ") + command.verb;
  }
  return verbs;
}

std::string words_of(const std::map<std::string, std::string>& verbs) {
  std::string words;
  for (const auto& [noun, list] : verbs) words += (words.empty() ? "" : " ") + noun;
  return words;
}

void list_options(const std::vector<Option>& options, std::string& out) {
  for (const auto& option : options) out += "- `" + option.names + (option.value.empty() ? "" : " " + option.value) + "`: " + option.help + "\n";
}

}  // namespace

std::string command_reference() {
  Globals globals;
  std::string out = "# The command line\n\nMade from the program (`make docs`); a test fails when they differ. `sluice NOUN VERB [NAME…]`; a bare noun or its plural lists.\n"
                    "Exit status: 0 done, or yes; 1 no; 2 usage or configuration; 3 not reachable; 4 refused.\n\nEvery command takes:\n\n";
  list_options(global_options(globals), out);
  out += "\nEnvironment: `SLUICE_BROKER`, `SLUICE_REGISTRY` and `SLUICE_ADMIN` say whom to ask; a flag is stronger.\n";
  for (const auto& command : all_commands(globals)) {
    if (command.hidden) continue;
    out += "\n## sluice " + command.name();
    for (const auto& argument : command.arguments) out += argument.required ? " " + argument.name : " [" + argument.name + "]";
    out += "\n\n" + command.help + ".\n";
    if (!command.arguments.empty() || !command.options.empty()) out += "\n";
    for (const auto& argument : command.arguments) out += "- `" + argument.name + "`: " + argument.help + "\n";
    list_options(command.options, out);
    if (!command.more.empty()) out += "\n" + command.more + "\n";
  }
  return out;
}

namespace {

// Without a default: a new code does not compile until it is explained.
std::string_view meaning(ErrorCode code) {
  switch (code) {
    case ErrorCode::retry: return "The same call may succeed at once: connect again, read again.";
    case ErrorCode::back_off: return "The same call may succeed later. Sources and sinks wait and try again by themselves.";
    case ErrorCode::fenced: return "Somebody newer owns this. The older one stops.";
    case ErrorCode::rejected: return "The request is wrong and stays wrong until a person changes something.";
    case ErrorCode::not_found: return "There is no such thing.";
    case ErrorCode::already_exists: return "It is there already.";
    case ErrorCode::corrupt: return "Bytes are not what they must be. They are not used.";
    case ErrorCode::unsupported: return "A thing of a later version, or wrong usage of a command.";
    case ErrorCode::out_of_space: return "The disk is full, or nearly. Reads go on; writes go on by themselves when there is room.";
    case ErrorCode::cancelled: return "The process is stopping.";
  }
  return "";
}

}  // namespace

std::string error_reference() {
  std::string out = "# Error codes\n\nMade from the program (`make docs`); a test fails when they differ. Codes are named for what the caller does next. A\n"
                    "client of Kafka's protocol or of the registry sees Kafka's and Confluent's own codes instead.\n\n"
                    "| code | meaning | exit status of a command |\n|---|---|---|\n";
  for (auto code = ErrorCode::retry; !meaning(code).empty(); code = static_cast<ErrorCode>(static_cast<int>(code) + 1)) {
    out += "| `" + std::string(to_string(code)) + "` | " + std::string(meaning(code)) + " | " + std::to_string(exit_status(code)) + " |\n";
  }
  return out;
}

namespace {

// The long flags of a command and of all commands: "--all --json".
std::string flags_of(const Command& command) {
  Globals globals;
  auto options = command.options;
  for (auto& option : global_options(globals)) options.push_back(std::move(option));
  std::string flags;
  for (const auto& option : options) flags += (flags.empty() ? "" : " ") + option.names.substr(option.names.find("--"));
  return flags;
}

// `topic create` as a pattern over "NOUN SECOND-WORD".
std::string pattern_of(const Command& command) { return command.verb.empty() ? "\"" + command.noun + " \"*" : "\"" + command.name() + "\""; }

std::string bash_script(const std::map<std::string, std::string>& verbs, const std::vector<Command>& commands) {
  std::string nouns, flags;
  for (const auto& [noun, list] : verbs) nouns += "      " + noun + ") words=\"" + list + "\" ;;\n";
  for (const auto& command : commands) {
    if (!command.hidden) flags += "      " + pattern_of(command) + ") words=\"" + flags_of(command) + "\" ;;\n";
  }
  return "_sluice() {\n  local current=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n  if [ \"$COMP_CWORD\" = 1 ]; then words=\"" + words_of(verbs) +
         "\"\n  elif [[ $current == -* ]]; then\n    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n" + flags +
         "    esac\n  elif [ \"$COMP_CWORD\" = 2 ]; then\n    case \"${COMP_WORDS[1]}\" in\n" + nouns +
         "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\ncomplete -o default -F _sluice sluice\n";
}

std::string zsh_script(const std::map<std::string, std::string>& verbs, const std::vector<Command>& commands) {
  std::string nouns, flags;
  for (const auto& [noun, list] : verbs) nouns += "    " + noun + ") compadd -- " + list + " ;;\n";
  for (const auto& command : commands) {
    if (!command.hidden) flags += "    " + pattern_of(command) + ") compadd -- " + flags_of(command) + " ;;\n";
  }
  return "#compdef sluice\nif (( CURRENT == 2 )); then\n  compadd -- " + words_of(verbs) + "\nelif [[ $PREFIX == -* ]]; then\n  case \"$words[2] $words[3]\" in\n" + flags +
         "  esac\nelif (( CURRENT == 3 )); then\n  case \"$words[2]\" in\n" + nouns + "    *) _files ;;\n  esac\nelse\n  _files\nfi\n";
}

std::string fish_script(const std::map<std::string, std::string>& verbs, const std::vector<Command>& commands) {
  std::string script;
  for (const auto& [noun, list] : verbs) {
    script += "complete -c sluice -n __fish_use_subcommand -a " + noun + "\n";
    if (!list.empty()) script += "complete -c sluice -n '__fish_seen_subcommand_from " + noun + "' -a '" + list + "'\n";
  }
  for (const auto& command : commands) {
    if (command.hidden) continue;
    std::istringstream flags(flags_of(command));
    const auto verb = command.verb.empty() ? "" : "; and __fish_seen_subcommand_from " + command.verb;
    for (std::string flag; flags >> flag;) {
      script += "complete -c sluice -n '__fish_seen_subcommand_from " + command.noun + verb + "' -l " + flag.substr(2) + "\n";
    }
  }
  return script;
}

}  // namespace

std::string completion_script(const std::string& shell) {
  Globals globals;
  const auto commands = all_commands(globals);
  const auto verbs = verbs_by_noun(commands);
  if (shell == "bash") return bash_script(verbs, commands);
  if (shell == "zsh") return zsh_script(verbs, commands);
  if (shell == "fish") return fish_script(verbs, commands);
  return {};
}

Command version_command(const Globals& globals) {
  return {.noun = "version", .verb = "", .help = "The version, with its commit", .arguments = {}, .options = {}, .run = [&globals] {
            if (globals.json) {
              std::cout << "{\"version\":\"" << server::version_number() << "\",\"commit\":\"" << server::version_commit() << "\"}\n";
              return 0;
            }
            std::cout << "sluice " << server::version_text() << "\n";
            return 0;
          }};
}

Command completion_command(const Globals&) {
  auto shell = std::make_shared<std::string>();
  return {.noun = "completion",
          .verb = "",
          .help = "The completion script of a shell",
          .arguments = {{"SHELL", "bash, zsh or fish", shell.get()}},
          .options = {},
          .run = [shell] {
            const auto script = completion_script(*shell);
            if (script.empty()) return misuse("no completion for " + *shell, "bash, zsh and fish are there");
            std::cout << script;
            return 0;
          }};
}

Command reference_command(const Globals&) {
  auto page = std::make_shared<std::string>();
  return {.noun = "reference",
          .verb = "",
          .help = "A generated page of docs/, as Markdown",
          .arguments = {{"PAGE", "commands, configuration, errors or metrics", page.get()}},
          .options = {},
          .run = [page] {
            const std::map<std::string, std::function<Result<std::string>()>> pages{
                {"commands", [] { return command_reference(); }},
                {"configuration", [] { return server::configuration_reference(); }},
                {"errors", [] { return error_reference(); }},
                {"metrics", [] { return server::metrics_reference(); }}};
            const auto found = pages.find(*page);
            if (found == pages.end()) return misuse("there is no page " + *page, "commands, configuration, errors, metrics");
            const auto text = found->second();
            if (!text.ok()) return fail(text.error());
            std::cout << *text;
            return 0;
          },
          .hidden = true};
}

}  // namespace sluice::cli
