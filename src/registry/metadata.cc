#include "registry/metadata.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sluice::registry {
namespace json = boost::json;

namespace {

Error wrong(const std::string& what) { return {ErrorCode::rejected, what}; }

// --- members, each absent when it is null

Result<std::string> text_in(const json::object& from, const char* name, std::string otherwise = {}) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return otherwise;
  if (!value->is_string()) return wrong(std::string("'") + name + "' is no string");
  return std::string(value->get_string());
}

Result<std::set<std::string>> set_in(const json::object& from, const char* name) {
  std::set<std::string> out;
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_array()) return wrong(std::string("'") + name + "' is no list of strings");
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) return wrong(std::string("'") + name + "' is no list of strings");
    out.emplace(item.get_string());
  }
  return out;
}

Result<json::object> object_in(const json::object& from, const char* name) {
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return json::object{};
  if (!value->is_object()) return wrong(std::string("'") + name + "' is no object");
  return value->get_object();
}

Result<std::map<std::string, std::string>> map_in(const json::object& from, const char* name) {
  SLUICE_TRY(const auto object, object_in(from, name));
  std::map<std::string, std::string> out;
  for (const auto& item : object) {
    if (!item.value().is_string())
      return wrong(std::string("'") + name + "' has a member that is no string: " + std::string(item.key()));
    out.emplace(item.key(), item.value().get_string());
  }
  return out;
}

// --- and back

void put(json::object& to, const char* name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}
void put(json::object& to, const char* name, const std::set<std::string>& list) {
  if (!list.empty()) to[name] = json::array(list.begin(), list.end());
}
void put(json::object& to, const char* name, const std::map<std::string, std::string>& members) {
  if (members.empty()) return;
  json::object object;
  for (const auto& [key, value] : members) object[key] = value;
  to[name] = std::move(object);
}

// --- rules

bool valid_rule_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<Rule> rule_of(const json::value& value) {
  if (!value.is_object()) return wrong("a rule is an object");
  const auto& from = value.get_object();
  Rule rule;
  SLUICE_TRY(rule.name, text_in(from, "name"));
  SLUICE_TRY(rule.doc, text_in(from, "doc"));
  SLUICE_TRY(rule.kind, text_in(from, "kind", rule.kind));
  SLUICE_TRY(rule.mode, text_in(from, "mode", rule.mode));
  SLUICE_TRY(rule.type, text_in(from, "type"));
  SLUICE_TRY(rule.tags, set_in(from, "tags"));
  SLUICE_TRY(rule.params, map_in(from, "params"));
  SLUICE_TRY(rule.expr, text_in(from, "expr"));
  SLUICE_TRY(rule.on_success, text_in(from, "onSuccess"));
  SLUICE_TRY(rule.on_failure, text_in(from, "onFailure"));
  const auto* disabled = from.if_contains("disabled");
  rule.disabled = disabled != nullptr && disabled->is_bool() && disabled->get_bool();
  if (rule.name.empty()) return wrong("Missing rule name");
  if (!valid_rule_name(rule.name)) return wrong("Illegal character in rule name: " + rule.name);
  if (rule.type.empty()) return wrong("Missing rule type");
  if (rule.kind != "TRANSFORM" && rule.kind != "CONDITION")
    return wrong("rule " + rule.name + ": the kind is TRANSFORM or CONDITION");
  return rule;
}

json::object json_of(const Rule& rule) {
  json::object out;
  put(out, "name", rule.name);
  put(out, "doc", rule.doc);
  put(out, "kind", rule.kind);
  put(out, "mode", rule.mode);
  put(out, "type", rule.type);
  put(out, "tags", rule.tags);
  put(out, "params", rule.params);
  put(out, "expr", rule.expr);
  put(out, "onSuccess", rule.on_success);
  put(out, "onFailure", rule.on_failure);
  out["disabled"] = rule.disabled;
  return out;
}

Result<std::vector<Rule>> rules_in(const json::object& from, const char* name,
                                   std::initializer_list<std::string_view> modes) {
  std::vector<Rule> rules;
  const auto* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return rules;
  if (!value->is_array()) return wrong(std::string("'") + name + "' is no list of rules");
  for (const auto& item : value->get_array()) {
    SLUICE_TRY(auto rule, rule_of(item));
    if (std::ranges::find(modes, rule.mode) == modes.end())
      return wrong(std::string(name) + ": rule " + rule.name + " has the mode " + rule.mode);
    if (std::ranges::any_of(rules, [&](const Rule& other) { return other.name == rule.name; }))
      return wrong("Found rule with duplicate name '" + rule.name + "'");
    rules.push_back(std::move(rule));
  }
  return rules;
}

void put(json::object& to, const char* name, const std::vector<Rule>& rules) {
  if (rules.empty()) return;
  json::array list;
  for (const auto& rule : rules) list.push_back(json_of(rule));
  to[name] = std::move(list);
}

void hash_rules(const std::vector<Rule>& rules, std::string& bytes) {
  for (const auto& rule : rules) {
    bytes += rule.name + rule.doc + rule.kind + rule.mode + rule.type;
    for (const auto& tag : rule.tags) bytes += tag;
    for (const auto& [key, value] : rule.params) bytes += key + value;
    bytes += rule.expr + rule.on_success + rule.on_failure;
    if (rule.disabled) bytes += '\1';
  }
}

std::vector<Rule> merged_rules(const std::vector<Rule>& base, const std::vector<Rule>& over) {
  std::vector<Rule> out;
  for (const auto& rule : base) {
    if (std::ranges::none_of(over, [&](const Rule& other) { return other.name == rule.name; })) out.push_back(rule);
  }
  out.insert(out.end(), over.begin(), over.end());
  return out;
}

}  // namespace

Result<Metadata> Metadata::parse(const json::value& value) {
  if (!value.is_object()) return wrong("metadata is an object");
  const auto& from = value.get_object();
  Metadata out;
  SLUICE_TRY(const auto tags, object_in(from, "tags"));
  for (const auto& item : tags) {
    SLUICE_TRY(out.tags[item.key()], set_in(tags, std::string(item.key()).c_str()));
  }
  SLUICE_TRY(out.properties, map_in(from, "properties"));
  SLUICE_TRY(out.sensitive, set_in(from, "sensitive"));
  return out;
}

json::object Metadata::json() const {
  json::object out;
  if (!tags.empty()) {
    json::object paths;
    for (const auto& [path, names] : tags) paths[path] = json::array(names.begin(), names.end());
    out["tags"] = std::move(paths);
  }
  put(out, "properties", properties);
  put(out, "sensitive", sensitive);
  return out;
}

void Metadata::hash_into(std::string& bytes) const {
  for (const auto& [path, names] : tags) {
    bytes += path;
    for (const auto& name : names) bytes += name;
  }
  for (const auto& [key, value] : properties) bytes += key + value;
  for (const auto& name : sensitive) bytes += name;
}

Metadata Metadata::merged_with(const Metadata& over) const {
  auto out = over;
  out.tags.insert(tags.begin(), tags.end());
  out.properties.insert(properties.begin(), properties.end());
  out.sensitive.insert(sensitive.begin(), sensitive.end());
  return out;
}

std::optional<std::string> Metadata::property(std::string_view name) const {
  const auto found = properties.find(std::string(name));
  return found == properties.end() ? std::nullopt : std::optional(found->second);
}

Result<RuleSet> RuleSet::parse(const json::value& value) {
  if (!value.is_object()) return wrong("a rule set is an object");
  const auto& from = value.get_object();
  RuleSet out;
  SLUICE_TRY(out.migration, rules_in(from, "migrationRules", {"UPGRADE", "DOWNGRADE", "UPDOWN"}));
  SLUICE_TRY(out.domain, rules_in(from, "domainRules", {"WRITE", "READ", "WRITEREAD"}));
  SLUICE_TRY(out.encoding, rules_in(from, "encodingRules", {"WRITE", "READ", "WRITEREAD"}));
  SLUICE_TRY(out.enable_at, text_in(from, "enableAt"));
  return out;
}

json::object RuleSet::json() const {
  json::object out;
  put(out, "migrationRules", migration);
  put(out, "domainRules", domain);
  put(out, "encodingRules", encoding);
  put(out, "enableAt", enable_at);
  return out;
}

void RuleSet::hash_into(std::string& bytes) const {
  for (const auto* rules : {&migration, &domain, &encoding}) hash_rules(*rules, bytes);
  bytes += enable_at;
}

RuleSet RuleSet::merged_with(const RuleSet& over) const {
  return {merged_rules(migration, over.migration), merged_rules(domain, over.domain),
          merged_rules(encoding, over.encoding), over.enable_at.empty() ? enable_at : over.enable_at};
}

bool RuleSet::has_type(std::string_view type) const {
  const auto is = [&](const Rule& rule) { return rule.type == type; };
  return std::ranges::any_of(migration, is) || std::ranges::any_of(domain, is) || std::ranges::any_of(encoding, is);
}

void RuleSet::remove(const std::set<std::string>& names) {
  for (auto* rules : {&migration, &domain, &encoding})
    std::erase_if(*rules, [&](const Rule& rule) { return names.contains(rule.name); });
}

}  // namespace sluice::registry
