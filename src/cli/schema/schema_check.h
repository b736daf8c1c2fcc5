#pragma once
// schema check, diff and lint: what a change of a schema does, in words.

#include <string>
#include <vector>

#include "avro/difference.h"
#include "avro/schema.h"
#include "base/result.h"
#include "cli/command.h"
#include "cli/schema/registry_requests.h"

namespace sluice::cli {

// What a new Avro schema would do under a subject that has an older one.
struct SchemaImpact {
  std::vector<avro::Difference> differences = {};
  std::vector<std::string> new_reads_old = {};  // why it cannot; empty: it can
  std::vector<std::string> old_reads_new = {};
};
[[nodiscard]] Result<SchemaImpact> impact_of(const avro::Schema& before, const avro::Schema& after, bool compare_logical_types);

// The lines of an impact, indented: each difference and what it means; who reads whom; in which order to deploy.
[[nodiscard]] std::string impact_text(const SchemaImpact& impact);

// The registry's own verdict. `level` as it is set for the subject. Errors: not_found: the subject is new.
struct RegistryVerdict {
  bool compatible = false;
  std::string level = {};
  bool compare_logical_types = false;
  std::vector<std::string> messages = {};
};
[[nodiscard]] Result<RegistryVerdict> ask_verdict(const Globals& globals, const std::string& subject, const SchemaVersion& schema);

// The commands. Each gives the exit status: 0 the registry would take it (they are the same; nothing to say), 1 not.
[[nodiscard]] Result<int> check_schema(const Globals& globals, const std::string& subject, const std::string& file, const SchemaVersion& schema);
[[nodiscard]] Result<int> diff_schemas(const Globals& globals, const SchemaVersion& before, const SchemaVersion& after);
[[nodiscard]] Result<int> lint_schema(const Globals& globals, const std::string& file, const std::string& text, const std::vector<std::string>& skip);
// The list of rules.
[[nodiscard]] std::string lint_help();

}  // namespace sluice::cli
