#pragma once
// The protocol's numbers for configurations: what they belong to, where a value comes from, what type it has.

#include <cstdint>
#include <string_view>

namespace sluice::broker {

inline constexpr std::int8_t kTopicResource = 2;
inline constexpr std::int8_t kBrokerResource = 4;

inline constexpr std::int8_t kDynamicTopicConfig = 1;
inline constexpr std::int8_t kStaticBrokerConfig = 4;
inline constexpr std::int8_t kDefaultConfig = 5;

[[nodiscard]] constexpr std::int8_t config_source(bool is_default) {
  return is_default ? kDefaultConfig : kDynamicTopicConfig;
}

// Of "boolean", "string", "int", "long", "double", "list"; 0 (unknown) for anything else.
[[nodiscard]] constexpr std::int8_t config_type(std::string_view type) {
  if (type == "boolean") return 1;
  if (type == "string") return 2;
  if (type == "int") return 3;
  if (type == "long") return 5;
  if (type == "double") return 6;
  if (type == "list") return 7;
  return 0;
}

}  // namespace sluice::broker
