#pragma once
// Topic configurations: Kafka's names and defaults, and ours.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/partition_options.h"

namespace sluice::node {

// Ours: clients may not write to the topic.
inline constexpr std::string_view kReadOnlyConfig = "sluice.read.only";

// How the subject is named that a record's schema must be registered under, as Confluent's clients name it.
enum class SubjectNames : std::uint8_t { topic_name, record_name, topic_record_name };

// What a topic asks of the schemas of its records (confluent.key.schema.validation and its kin).
struct SchemaRules {
  std::optional<SubjectNames> key;  // none: not asked for
  std::optional<SubjectNames> value;
  [[nodiscard]] bool any() const { return key.has_value() || value.has_value(); }
};

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

// Precondition: partition_options() has found nothing wrong with it.
[[nodiscard]] SchemaRules schema_rules(const std::map<std::string, std::string>& config);

// Is it a name that Kafka takes for a topic? Errors: rejected with Reason::invalid_topic_name.
[[nodiscard]] Result<void> check_topic_name(std::string_view name);

}  // namespace sluice::node
