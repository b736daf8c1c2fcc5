#pragma once
// What may be collected, from whom, and how: one entry of `collect` in the configuration.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::collect {

struct Rule {
  std::string name = {};
  std::vector<std::string> topics = {"*"};  // globs
  std::vector<std::string> accept = {};     // json, cloudevents, kafka; empty: all
  std::string key = {};                     // the member of an event that becomes the record's key; empty: no key
  bool infer = false;                       // a topic without a schema gets one from its first events
  std::string dedupe_by = {};               // the member that names an event; empty: events are not told apart
  std::int64_t dedupe_within_ms = 0;
  std::vector<std::string> origins = {};    // of browsers' pages that may send: "https://shop.example", "*"
  std::vector<std::string> headers = {};    // what records say of the request: received, address, agent
  std::vector<std::string> keys = {};       // write keys; empty: anybody may
  std::int64_t events_per_second = 0;       // 0: without limit

  [[nodiscard]] bool takes(std::string_view format) const;
};

// The first rule whose globs match; null: the topic is not collected. Names that begin with '_' are never.
[[nodiscard]] const Rule* rule_of(const std::vector<Rule>& rules, const std::string& topic);

}  // namespace sluice::collect
