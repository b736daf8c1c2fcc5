#pragma once
// From arguments to a command that has run.

#include <string>
#include <vector>

namespace sluice::cli {

// `arguments` without the program's name. Gives the exit status. Results go to standard output, the rest to standard error.
[[nodiscard]] int run_command_line(std::vector<std::string> arguments);

// The name among `known` that was likely meant; empty when none is near.
[[nodiscard]] std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace sluice::cli
