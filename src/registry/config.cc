#include "registry/config.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "registry/errors.h"

namespace sluice::registry {
namespace json = boost::json;

namespace {

constexpr auto kLevels = std::to_array<std::string_view>(
    {"NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"});
constexpr auto kModes =
    std::to_array<std::string_view>({"READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"});
constexpr auto kPolicies = std::to_array<std::string_view>({"STRICT", "LENIENT", "LOGICAL"});
constexpr const char* kOurs = "compareLogicalTypes";
constexpr const char* kOursInTopic = "sluice.compareLogicalTypes";

template <typename T>
struct Member {
  const char* name;
  std::optional<T> Config::* field;
};
// In the order of Confluent's values.
constexpr Member<bool> kFlags[] = {{"normalize", &Config::normalize},
                                   {"validateFields", &Config::validate_fields},
                                   {"validateNewSchemas", &Config::validate_new_schemas},
                                   {"validateRules", &Config::validate_rules}};
constexpr Member<std::string> kTexts[] = {{"compatibilityLevel", &Config::level},
                                          {"compatibilityPolicy", &Config::policy},
                                          {"compatibilityGroup", &Config::group}};
constexpr Member<Metadata> kMetadata[] = {{"defaultMetadata", &Config::default_metadata},
                                          {"overrideMetadata", &Config::override_metadata}};
constexpr Member<RuleSet> kRules[] = {{"defaultRuleSet", &Config::default_rules},
                                      {"overrideRuleSet", &Config::override_rules}};

Result<void> take(const json::object& from, const char* name, std::optional<std::string>& to) {
  const auto* value = from.if_contains(name);
  if (value == nullptr) return {};
  to.reset();
  if (value->is_null()) return {};
  if (!value->is_string()) return failed(Code::invalid_level, std::string("'") + name + "' is no string");
  if (!value->get_string().empty()) to = std::string(value->get_string());
  return {};
}

Result<void> take(const json::object& from, const char* name, std::optional<bool>& to) {
  const auto* value = from.if_contains(name);
  if (value == nullptr) return {};
  to.reset();
  if (value->is_null()) return {};
  if (!value->is_bool()) return failed(Code::invalid_level, std::string("'") + name + "' is neither true nor false");
  to = value->get_bool();
  return {};
}

template <typename T>
Result<void> take_parsed(const json::object& from, const char* name, std::optional<T>& to, Code code) {
  const auto* value = from.if_contains(name);
  if (value == nullptr) return {};
  to.reset();
  if (value->is_null()) return {};
  auto parsed = T::parse(*value);
  if (!parsed.ok()) return failed(code, std::string(name) + ": " + parsed.error().message);
  to = *std::move(parsed);
  return {};
}

Result<void> check(Config& config) {
  if (config.level) {
    config.level = upper(*config.level);
    if (!is_level(*config.level)) {
      return failed(Code::invalid_level,
                    "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, "
                    "forward_transitive, and full_transitive");
    }
  }
  if (!config.policy) return {};
  config.policy = upper(*config.policy);
  if (std::ranges::find(kPolicies, *config.policy) != kPolicies.end()) return {};
  return failed(Code::invalid_level, "Invalid compatibility policy. Valid values are strict, lenient, and logical");
}

template <typename T>
void fall_back(std::optional<T>& to, const std::optional<T>& wider) {
  if (!to) to = wider;
}

}  // namespace

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

bool is_level(std::string_view text) { return std::ranges::find(kLevels, text) != kLevels.end(); }
bool is_mode(std::string_view text) { return std::ranges::find(kModes, text) != kModes.end(); }

Result<Config> Config::parse(const json::object& from) { return Config{}.updated_by(from); }

Result<Config> Config::updated_by(const json::object& from) const {
  auto out = *this;
  SLUICE_RETURN_IF_ERROR(take(from, "alias", out.alias));
  for (const auto& [name, field] : kFlags) SLUICE_RETURN_IF_ERROR(take(from, name, out.*field));
  for (const auto& [name, field] : kTexts) SLUICE_RETURN_IF_ERROR(take(from, name, out.*field));
  SLUICE_RETURN_IF_ERROR(take(from, "compatibility", out.level));
  for (const auto* name : {kOurs, kOursInTopic}) SLUICE_RETURN_IF_ERROR(take(from, name, out.compare_logical_types));
  for (const auto& [name, field] : kMetadata)
    SLUICE_RETURN_IF_ERROR(take_parsed(from, name, out.*field, Code::invalid_level));
  for (const auto& [name, field] : kRules)
    SLUICE_RETURN_IF_ERROR(take_parsed(from, name, out.*field, Code::invalid_rule_set));
  SLUICE_RETURN_IF_ERROR(check(out));
  return out;
}

json::object Config::json(bool in_topic) const {
  json::object out;
  if (alias) out["alias"] = *alias;
  for (const auto& [name, field] : kFlags) {
    if (this->*field) out[name] = *(this->*field);
  }
  for (const auto& [name, field] : kTexts) {
    if (this->*field) out[name] = *(this->*field);
  }
  if (compare_logical_types) out[in_topic ? kOursInTopic : kOurs] = *compare_logical_types;
  for (const auto& [name, field] : kMetadata) {
    if (this->*field) out[name] = (this->*field)->json();
  }
  for (const auto& [name, field] : kRules) {
    if (this->*field) out[name] = (this->*field)->json();
  }
  return out;
}

void Config::fall_back_to(const Config& wider) {
  for (const auto& [name, field] : kFlags) fall_back(this->*field, wider.*field);
  for (const auto& [name, field] : kTexts) fall_back(this->*field, wider.*field);
  for (const auto& [name, field] : kMetadata) fall_back(this->*field, wider.*field);
  for (const auto& [name, field] : kRules) fall_back(this->*field, wider.*field);
  fall_back(compare_logical_types, wider.compare_logical_types);
}

}  // namespace sluice::registry
