#pragma once
// What is kept of a definition: its record in __sluice_views (docs/formats/state_topics.md).
//
// A view binds to the same plan for as long as it lives, whatever becomes of its topics' schemas and of the streams' statements: what
// both were when it was defined is kept with it. Its state on disk has that plan's form.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "pipeline/log.h"

namespace sluice::flow {

// The columns that a topic's records gave when it was looked at; the key's by number.
struct TopicShape {
  std::vector<Column> columns = {};
  std::vector<std::size_t> key = {};
  bool null_keys = false;  // a key's column may be null

  [[nodiscard]] bool operator==(const TopicShape& other) const;
};

// One form of a definition, that a generation of a view runs.
struct Form {
  std::string sql = {};             // the whole statement
  std::uint32_t generation = 1;
  std::map<std::string, TopicShape> topics = {};   // that it reads
  std::map<std::string, std::string> tables = {};  // the CREATE TABLE statements of the names that it uses
};

struct Definition {
  std::string name = {};
  bool is_view = true;              // false: CREATE TABLE
  bool removed = false;             // its topic stays, and what it holds is taken over when the name is used again
  Form form = {};
  std::optional<Form> building = {};  // beside it
  std::uint32_t newest = 1;         // generation that there ever was
  bool switching = false;           // `building` takes the place of `form`, which does not run any more

  // Nothing of the name serves.
  [[nodiscard]] bool gone() const { return removed || !is_view; }
};

using Definitions = std::map<std::string, Definition>;

[[nodiscard]] std::string definition_text(const Definition& definition);
// Errors: corrupt.
[[nodiscard]] Result<Definition> parse_definition(const std::string& name, std::string_view text);

// None, when the topic is not there. Errors: those of the log; corrupt.
[[nodiscard]] Result<Definitions> read_definitions(pipeline::Log& log);
// In one transaction. One that is a table and `removed` goes.
[[nodiscard]] Result<void> write_definitions(pipeline::Log& log, const std::vector<const Definition*>& definitions);

}  // namespace sluice::flow
