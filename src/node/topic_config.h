#pragma once
// Topic configurations: Kafka's names and defaults, and ours.

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/partition_options.h"

namespace sluice::node {

// Ours: clients may not write to the topic.
inline constexpr std::string_view kReadOnlyConfig = "sluice.read.only";

struct ConfigDefinition {
  std::string_view name;
  std::string_view type;           // as Kafka names it: "long", "int", "list", "string", "boolean", "double"
  std::string_view default_value;
  std::string_view doc;
};

// In alphabetical order.
[[nodiscard]] std::span<const ConfigDefinition> topic_configs();

// Checks names and values. Errors: rejected with Reason::invalid_config; the message names the configuration, its value and
// what it may be.
[[nodiscard]] Result<storage::PartitionOptions> partition_options(const std::map<std::string, std::string>& config);

// Is it a name that Kafka takes for a topic? Errors: rejected with Reason::invalid_topic_name.
[[nodiscard]] Result<void> check_topic_name(std::string_view name);

}  // namespace sluice::node
