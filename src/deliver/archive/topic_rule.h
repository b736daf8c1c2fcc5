#pragma once
// What a sink does with each topic: of its rules, the one that names the topic most exactly.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deliver/archive/filter/filter.h"
#include "deliver/archive/partitioning.h"
#include "deliver/archive/row_encoder.h"

namespace sluice::deliver::archive {

struct TopicRule {
  std::string glob;  // '*' any run of characters, '?' one. A glob that does not begin with '_' matches no topic that does:
                     // internal topics are not archived by "*"
  std::string partition_by = std::string(kDefaultPartitioning);  // see partitioning.h
  ColumnChoice columns = {};                                     // null: all
  std::string where = {};                                        // see filter.h; empty: every row
};

// Whether a name is one of those that `globs` name.
[[nodiscard]] bool name_matches(const std::vector<std::string>& globs, std::string_view name);
// The same for a topic, by the rule of TopicRule::glob.
[[nodiscard]] bool topic_matches(const std::vector<std::string>& globs, std::string_view topic);

// The rule of this very name, else the first whose glob matches; null: the topic is none of the sink's.
[[nodiscard]] const TopicRule* rule_of(const std::vector<TopicRule>& rules, std::string_view topic);

// A rule with its texts read.
struct TopicPlan {
  const TopicRule* rule = nullptr;  // outlives it
  Partitioning partitioning = {};
  std::optional<Filter> filter = {};

  // Errors: rejected, unsupported, with the position in the text.
  [[nodiscard]] static Result<TopicPlan> read(const TopicRule& rule);
};

}  // namespace sluice::deliver::archive
