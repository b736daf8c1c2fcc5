#pragma once
// What a data contract says beside the schema: metadata, and rules that clients run. The registry checks their shape,
// keeps them, merges defaults and overrides into them, and makes them part of a schema's identity.

#include <boost/json/fwd.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::registry {

inline constexpr std::string_view kVersionProperty = "confluent:version";

struct Metadata {
  std::map<std::string, std::set<std::string>> tags;  // by path
  std::map<std::string, std::string> properties;
  std::set<std::string> sensitive;  // names of properties

  // Errors: rejected, with the member that is of another shape.
  [[nodiscard]] static Result<Metadata> parse(const boost::json::value& json);
  [[nodiscard]] boost::json::object json() const;  // members sorted, empty ones left out
  void hash_into(std::string& bytes) const;
  // What `over` says counts; sets are joined.
  [[nodiscard]] Metadata merged_with(const Metadata& over) const;
  [[nodiscard]] std::optional<std::string> property(std::string_view name) const;
  bool operator==(const Metadata&) const = default;
};

struct Rule {
  std::string name, doc, kind = "TRANSFORM", mode = "WRITEREAD", type;
  std::set<std::string> tags;
  std::map<std::string, std::string> params;
  std::string expr, on_success, on_failure;
  bool disabled = false;
  bool operator==(const Rule&) const = default;
};

struct RuleSet {
  std::vector<Rule> migration, domain, encoding;
  std::string enable_at;

  // Errors: rejected: a member of another shape, a rule without a good name or type, a name twice, a mode that its list
  // does not take.
  [[nodiscard]] static Result<RuleSet> parse(const boost::json::value& json);
  [[nodiscard]] boost::json::object json() const;
  void hash_into(std::string& bytes) const;
  // A rule of `over` takes the place of its namesake.
  [[nodiscard]] RuleSet merged_with(const RuleSet& over) const;
  [[nodiscard]] bool has_type(std::string_view type) const;
  void remove(const std::set<std::string>& names);
  bool operator==(const RuleSet&) const = default;
};

// Nothing and something is something; two are merged.
template <typename T>
[[nodiscard]] std::optional<T> merged(const std::optional<T>& base, const std::optional<T>& over) {
  if (!base) return over;
  return over ? base->merged_with(*over) : *base;
}

}  // namespace sluice::registry
