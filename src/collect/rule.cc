#include "collect/rule.h"

#include <algorithm>

#include "base/glob.h"

namespace sluice::collect {

bool Rule::takes(std::string_view format) const { return accept.empty() || std::ranges::find(accept, format) != accept.end(); }

const Rule* rule_of(const std::vector<Rule>& rules, const std::string& topic) {
  if (topic.starts_with('_')) return nullptr;
  const auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return any_glob_matches(rule.topics, topic); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace sluice::collect
