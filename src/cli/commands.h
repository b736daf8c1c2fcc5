#pragma once
// The table of commands. Each is declared in a file of its own name; `globals` must outlive the command.

#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace sluice::cli {

Command serve_command(const Globals& globals);
Command demo_command(const Globals& globals);
Command check_command(const Globals& globals);
Command status_command(const Globals& globals);
Command verify_command(const Globals& globals);
Command consume_command(const Globals& globals);
Command produce_command(const Globals& globals);
Command dump_command(const Globals& globals);
std::vector<Command> topic_commands(const Globals& globals);
std::vector<Command> schema_commands(const Globals& globals);
std::vector<Command> source_commands(const Globals& globals);
std::vector<Command> export_commands(const Globals& globals);
std::vector<Command> sink_commands(const Globals& globals);
std::vector<Command> avro_commands(const Globals& globals);
Command sql_command(const Globals& globals);
std::vector<Command> view_commands(const Globals& globals);
Command version_command(const Globals& globals);
Command completion_command(const Globals& globals);
Command reference_command(const Globals& globals);

// All of them, in the order of the reference.
[[nodiscard]] std::vector<Command> all_commands(const Globals& globals);
// What interface.md reserves.
[[nodiscard]] std::span<const Reserved> reserved_commands();

// The options that every command has.
[[nodiscard]] std::vector<Option> global_options(Globals& globals);

// docs/commands.md and docs/errors.md.
[[nodiscard]] std::string command_reference();
[[nodiscard]] std::string error_reference();
// The script for a shell; empty for one that we do not know.
[[nodiscard]] std::string completion_script(const std::string& shell);

}  // namespace sluice::cli
