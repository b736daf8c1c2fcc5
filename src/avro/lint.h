#pragma once
// What a schema could do better, for those who will read its data in five years.

#include <string>
#include <string_view>
#include <vector>

#include "avro/schema.h"

namespace sluice::avro {

struct LintRule {
  std::string_view name;  // "doc"
  std::string_view help;  // what it asks for, and why
};

[[nodiscard]] std::vector<LintRule> lint_rules();

struct LintFinding {
  std::string_view rule;
  std::string path;   // "customer.address.city"; empty: the schema as a whole
  std::string words;  // what is wrong, and what to do
};

// In the order of the schema.
[[nodiscard]] std::vector<LintFinding> lint(const Schema& schema);

}  // namespace sluice::avro
