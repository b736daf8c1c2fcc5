#pragma once
// What a command is: a row of a table. Parsing, help, completion and the reference (docs/commands.md) are made from it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sluice::cli {

// What every command takes. Filled by the parser: flag, then SLUICE_BROKER and its kin, then the file of -c, then default.
struct Globals {
  std::string broker = "127.0.0.1:9092";
  std::string registry = "http://127.0.0.1:8081";
  std::string admin = "http://127.0.0.1:8080";
  std::string config;  // -c
  bool json = false;   // -J
  bool yes = false;    // --yes
};

using Target = std::variant<bool*, std::string*, std::int64_t*, std::optional<std::int64_t>*, std::vector<std::string>*>;

struct Option {
  std::string names;  // "-o,--offset"
  std::string value;  // "OFFSET"; empty for a flag
  std::string help;
  Target target;
  bool required = false;
};

struct Argument {
  std::string name;  // "TOPIC"
  std::string help;
  Target target;
  bool required = true;
};

struct Command {
  std::string noun;  // "topic"
  std::string verb;  // "create"; empty when the noun is the command ("status")
  std::string help;
  std::vector<Argument> arguments;
  std::vector<Option> options;
  std::function<int()> run;  // gives the exit status; what targets point into is kept alive by it
  bool hidden = false;
  std::string more = {};     // paragraphs after the options: formats, examples

  [[nodiscard]] std::string name() const { return verb.empty() ? noun : noun + " " + verb; }
};

// A command of a later version: refused by name.
struct Reserved {
  std::string_view noun;
  std::string_view verbs;  // "set add-partitions trim", or empty: the noun itself
};

// Exit statuses of the whole product (0 is done, or yes).
inline constexpr int kNo = 1, kUsage = 2, kNotReachable = 3, kRefused = 4;

}  // namespace sluice::cli
