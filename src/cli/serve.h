#pragma once
// The two commands that are servers; all others are clients over the network.

#include <chrono>
#include <optional>
#include <string>

#include "server/config/config.h"

namespace sluice::cli {

// sluice serve. Gives the exit status.
[[nodiscard]] int serve(const server::ConfigFlags& flags, bool print_config);

struct DemoOptions {
  std::optional<std::chrono::seconds> seconds;  // ends by itself, and compares the counts
  std::string keep;                             // a folder that stays; one that is there is continued
};

// sluice demo. Gives the exit status: 1 when source, topics and archive differ at the end.
[[nodiscard]] int demo(const DemoOptions& options);

}  // namespace sluice::cli
