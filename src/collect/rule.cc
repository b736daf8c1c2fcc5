#include "collect/rule.h"

#include <fnmatch.h>

#include <algorithm>

namespace sluice::collect {

bool Rule::takes(std::string_view format) const { return accept.empty() || std::ranges::find(accept, format) != accept.end(); }

const Rule* rule_of(const std::vector<Rule>& rules, const std::string& topic) {
  if (topic.starts_with('_')) return nullptr;
  const auto found = std::ranges::find_if(rules, [&](const Rule& rule) {
    return std::ranges::any_of(rule.topics, [&](const std::string& glob) { return ::fnmatch(glob.c_str(), topic.c_str(), 0) == 0; });
  });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace sluice::collect
