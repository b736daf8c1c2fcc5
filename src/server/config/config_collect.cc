#include "server/config/config_collect.h"

#include <algorithm>
#include <string_view>

#include "server/config/config_values.h"
#include "server/config/scalars.h"

namespace sluice::server {
namespace {

// A list of words, each one of `known`.
Result<std::vector<std::string>> words_at(const Value& map, std::string_view key, const std::vector<std::string_view>& known) {
  SLUICE_TRY(auto words, texts_at(map, key));
  std::erase(words, std::string());
  for (const auto& word : words) {
    if (std::ranges::find(known, word) != known.end()) continue;
    std::string all;
    for (const auto one : known) all += (all.empty() ? "" : ", ") + std::string(one);
    return wrong(*map.find(key), "'" + word + "' is none of " + all + did_you_mean(word, known));
  }
  return words;
}

Result<std::vector<std::string>> write_keys_of(const Value& map) {
  SLUICE_TRY(auto keys, texts_at(map, "write_keys"));
  std::erase(keys, std::string());
  for (const auto& key : keys) {
    if (!key.starts_with("${") || !key.ends_with("}")) return wrong(*map.find("write_keys"), "a secret stands as ${file:PATH} or ${env:NAME}");
  }
  return keys;
}

Result<void> read_dedupe(const Value& map, collect::Rule& rule) {
  const auto& dedupe = section_of(map, "dedupe");
  SLUICE_TRY(rule.dedupe_by, text_at(dedupe, "by"));
  SLUICE_TRY(const auto within, parsed_at(dedupe, "within", parse_duration_ms, "1d"));
  rule.dedupe_within_ms = within.value_or(0);
  if (rule.dedupe_by.empty() || rule.dedupe_within_ms > 0) return {};
  return wrong(*dedupe.find("within"), "'within' must be longer than 0");
}

Result<collect::Rule> rule_of(const Value::Entry& entry) {
  collect::Rule rule{.name = entry.key};
  const auto& map = entry.value;
  SLUICE_TRY(rule.topics, texts_at(map, "topics"));
  SLUICE_TRY(rule.accept, words_at(map, "accept", {"json", "cloudevents", "kafka"}));
  SLUICE_TRY(rule.key, text_at(map, "key"));
  SLUICE_TRY(const auto infer, words_at(map, "infer", {"true", "false"}));
  rule.infer = infer == std::vector<std::string>{"true"};
  SLUICE_RETURN_IF_ERROR(read_dedupe(map, rule));
  SLUICE_TRY(rule.origins, texts_at(map, "origins"));
  SLUICE_TRY(rule.headers, words_at(map, "headers", {"received", "address", "agent"}));
  SLUICE_TRY(rule.keys, write_keys_of(map));
  SLUICE_TRY(const auto limit, parsed_at(map, "events_per_second", parse_integer, "5000"));
  rule.events_per_second = limit.value_or(0);
  if (rule.events_per_second < 0) return wrong(*map.find("events_per_second"), "'events_per_second' is 0 or more");
  return rule;
}

}  // namespace

Result<std::vector<collect::Rule>> read_collect(const Value& root) { return each<collect::Rule>(section_of(root, "collect"), rule_of); }

}  // namespace sluice::server
