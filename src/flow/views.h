#pragma once
// All views of a node: what is defined, what runs, and what may be asked.
//
// Definitions are records of __sluice_views (compacted; key: the name; value: JSON {"sql", "generation", "building": {…}}): CREATE TABLE
// and CREATE MATERIALIZED VIEW alike. Statements of the configuration are defined again at each start, which changes nothing
// when they say the same.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/plan/plan.h"
#include "flow/view/view.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "pipeline/supervisor.h"

namespace sluice::flow {

inline constexpr std::string_view kKeeperKind = "views";  // of the stage that looks after changes; nothing to show
inline constexpr std::string_view kViewsTopic = "__sluice_views";

struct ViewsOptions {
  std::string folder;  // each view has one of its own there
  ViewOptions view = {};
};

// Statements of a file of the configuration.
struct Configured {
  std::string name;  // the entry's; for messages
  std::string file;
  std::string text;
};

struct ViewDescription {
  std::string name;
  std::string sql;                  // its whole statement
  bool is_view = true;              // false: CREATE TABLE
  std::uint32_t generation = 1;
  std::vector<Column> columns;
  std::vector<std::string> key;
  std::string plan;                 // plan_text
  ViewCounts counts;
  bool caught_up = false;
  std::string building;             // the generation that is built beside it, in words; else empty
  double built = 1;                 // how far that is
  std::string replaced;             // how this generation took the place of the one before, since this process began; else empty
  std::string error;                // why it cannot run; else empty
  std::vector<std::string> reads;   // topics
};

// What a question gives: texts as PostgreSQL prints them; `null` by the flag.
struct Answer {
  struct Cell {
    bool null = true;
    std::string text;
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::uint64_t unreadable = 0;  // records that are no rows of their relation, and left out
};

struct Defined {
  std::string name;
  enum class What : std::uint8_t { created, unchanged, replaced, building, dropped } what = What::created;
  std::string told;  // for people: what was begun; both counts when a new definition takes the old one's place
};

// Thread-safe.
class Views {
 public:
  // Reads the definitions and starts their views, and a stage of kind "views" that looks after changes. All must outlive it, but the
  // supervisor's stages must have ended before. Errors: those of the log; a definition that cannot be
  // bound any more does not keep the others from running: it is listed with its error.
  [[nodiscard]] static Result<std::unique_ptr<Views>> open(ViewsOptions options, pipeline::Log& log, pipeline::SchemaCatalog& catalog,
                                                           pipeline::Supervisor& supervisor);
  virtual ~Views() = default;

  // Carries out the statements of a text, in order, all checked before the first: CREATE TABLE, CREATE MATERIALIZED VIEW, DROP MATERIALIZED
  // VIEW. A view whose definition differs is built anew beside the old one, which serves until the new one has caught up; then
  // it takes its place by itself. Errors: those of parse_statements() and bind(); rejected: something else of that name is there (a topic, another's view).
  [[nodiscard]] virtual Result<std::vector<Defined>> define(std::string_view text) = 0;
  // Carries these out as soon as what they name is there, and keeps trying until then; in place of what it was given before. What is
  // not among them any more stays as it is.
  virtual void configure(std::vector<Configured> files) = 0;
  // Files that wait for something, as stages: "waiting" for what is not there yet, or "failed", with the error. And views that cannot run.
  [[nodiscard]] virtual std::vector<pipeline::StageStatus> waiting() const = 0;
  // The topic stays. Errors: not_found; rejected: other views read it (named).
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
  [[nodiscard]] virtual std::vector<ViewDescription> list() const = 0;
  [[nodiscard]] virtual Result<ViewDescription> describe(const std::string& name) const = 0;

  // A SELECT, over views (their rows at one moment each), captured tables and streams (read to their ends), with bounds on memory and
  // time. Errors: those of parsing and binding; rejected: no SELECT, more than fits the memory.
  [[nodiscard]] virtual Result<Answer> ask(std::string_view query) = 0;
  // The row of a view with this key: texts by the key's columns' names. Errors: not_found: no such view, or no such row;
  // rejected: not its key.
  [[nodiscard]] virtual Result<Answer> row(const std::string& view, const std::map<std::string, std::string>& key) = 0;
};

}  // namespace sluice::flow
