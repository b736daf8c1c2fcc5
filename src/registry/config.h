#pragma once
// What may be configured for a subject, a context, or all: each member holds where nothing nearer says otherwise.

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "registry/metadata.h"

namespace sluice::registry {

struct Config {
  std::optional<std::string> level = {};   // "BACKWARD"
  std::optional<std::string> policy = {};  // "STRICT", "LENIENT", "LOGICAL"
  std::optional<std::string> group = {};   // a metadata property: only versions with the same value of it are compared
  std::optional<std::string> alias = {};   // another subject, that is meant when this one is asked for
  std::optional<bool> normalize = {};
  std::optional<bool> validate_fields = {};
  std::optional<bool> validate_new_schemas = {};  // false: defaults need not fit their types
  std::optional<bool> validate_rules = {};
  std::optional<bool> compare_logical_types = {};  // ours
  std::optional<Metadata> default_metadata = {}, override_metadata = {};
  std::optional<RuleSet> default_rules = {}, override_rules = {};

  // A level or policy in any case, as PUT /config and the topic have it (`compatibility` or `compatibilityLevel`).
  // Errors: rejected, with a Code.
  [[nodiscard]] static Result<Config> parse(const boost::json::object& json);
  // As the topic keeps it (`in_topic`: our own member has our prefix), and as GET /config shows it.
  [[nodiscard]] boost::json::object json(bool in_topic) const;
  // Takes the members that `json` has; null unsets one. Errors: as parse().
  [[nodiscard]] Result<Config> updated_by(const boost::json::object& json) const;
  // Fills what is not set here.
  void fall_back_to(const Config& wider);
  [[nodiscard]] bool changes_schemas() const {
    return default_metadata || override_metadata || default_rules || override_rules;
  }
  [[nodiscard]] bool transitive() const { return level && level->ends_with("_TRANSITIVE"); }
  bool operator==(const Config&) const = default;
};

[[nodiscard]] bool is_level(std::string_view text);
[[nodiscard]] bool is_mode(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);

}  // namespace sluice::registry
