#pragma once
// Keys and values of `_schemas`, in Confluent's record format (docs/formats/schemas_topic.md). Written in one fixed
// order, because compaction compares bytes; read in any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "registry/config.h"
#include "registry/content.h"

namespace sluice::registry {

enum class KeyType : std::uint8_t { schema, config, mode, delete_subject, clear_subject, context, noop, other };

struct Key {
  KeyType type = KeyType::other;
  std::string subject;       // with its context; empty: all. Of a context: its name
  std::int32_t version = 0;  // of a schema
  auto operator<=>(const Key&) const = default;

  // None: no key of a registry, but it may be one of a later version of it (`other`).
  [[nodiscard]] static std::optional<Key> parse(std::string_view bytes);
  [[nodiscard]] std::string bytes() const;
};

struct SchemaRecord {
  SchemaId id;
  bool deleted = false;
  Content content;
};

[[nodiscard]] std::string schema_value(const std::string& subject, std::int32_t version, const SchemaRecord& record);
// None: the value is no JSON object, or has no schema and id.
[[nodiscard]] std::optional<SchemaRecord> parse_schema_value(std::string_view bytes);
[[nodiscard]] std::string config_value(const std::string& subject, const Config& config);
[[nodiscard]] std::optional<Config> parse_config_value(std::string_view bytes);
[[nodiscard]] std::string mode_value(const std::string& subject, const std::string& mode);
[[nodiscard]] std::optional<std::string> parse_mode_value(std::string_view bytes);
[[nodiscard]] std::string context_value(const std::string& context);
[[nodiscard]] std::string clear_subject_value(const std::string& subject);
// Up to which version a DELETE_SUBJECT deletes.
[[nodiscard]] std::int32_t parse_delete_subject_value(std::string_view bytes);
// The greatest id ever given in each context, which outlives its schema: ours, in the value of NOOP.
using GreatestIds = std::vector<std::pair<std::string, std::int32_t>>;
[[nodiscard]] std::string noop_value(const GreatestIds& ids);
[[nodiscard]] GreatestIds parse_noop_value(std::string_view bytes);

}  // namespace sluice::registry
