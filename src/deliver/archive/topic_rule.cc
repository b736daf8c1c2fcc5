#include "deliver/archive/topic_rule.h"

#include <algorithm>

#include "base/glob.h"

namespace sluice::deliver::archive {

bool name_matches(const std::vector<std::string>& globs, std::string_view name) { return any_glob_matches(globs, name); }

bool topic_matches(const std::vector<std::string>& globs, std::string_view topic) {
  for (const auto& glob : globs) {
    if (topic.starts_with('_') && !glob.starts_with('_')) continue;
    if (glob_matches(glob, topic)) return true;
  }
  return false;
}

const TopicRule* rule_of(const std::vector<TopicRule>& rules, std::string_view topic) {
  auto found = std::ranges::find(rules, topic, &TopicRule::glob);
  if (found == rules.end()) {
    found = std::ranges::find_if(rules, [&](const TopicRule& rule) { return topic_matches({rule.glob}, topic); });
  }
  return found == rules.end() ? nullptr : &*found;
}

Result<TopicPlan> TopicPlan::read(const TopicRule& rule) {
  TopicPlan out{.rule = &rule};
  SLUICE_TRY(out.partitioning, Partitioning::parse(rule.partition_by));
  if (!rule.where.empty()) {
    SLUICE_TRY(out.filter, Filter::parse(rule.where));
  }
  return out;
}

}  // namespace sluice::deliver::archive
