#pragma once
// What the statements of a text make of the definitions. Nothing is done: all are checked before the first is carried out.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/definition.h"
#include "flow/relations.h"
#include "flow/views.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "sql/statement.h"

namespace sluice::flow {

class Draft {
 public:
  Draft(Definitions definitions, pipeline::Log& log, pipeline::SchemaCatalog& catalog)
      : definitions_(std::move(definitions)), log_(log), catalog_(catalog) {}

  // Errors: as Views::define()'s, with the place in `text`; unsupported: SELECT.
  [[nodiscard]] Result<void> apply(const sql::Statement& statement, std::string_view text);

  [[nodiscard]] const Definitions& definitions() const { return definitions_; }
  [[nodiscard]] const std::set<std::string>& changed() const { return changed_; }
  [[nodiscard]] const std::vector<Defined>& told() const { return told_; }
  // Topics that get a schema of these columns.
  [[nodiscard]] const std::map<std::string, TopicShape>& new_streams() const { return new_streams_; }

  // What is known of a topic: a view's, one of new_streams(), or by the registry. Errors: not_found, with what there is.
  [[nodiscard]] Result<TopicShape> shape(const std::string& topic);
  // The relations that there are after the statements so far.
  [[nodiscard]] Relations relations();

 private:
  [[nodiscard]] Result<void> create_table(const sql::CreateTable& table, const sql::Statement& statement, std::string_view text);
  [[nodiscard]] Result<void> create_view(const sql::CreateView& view, const sql::Statement& statement, std::string_view text);
  [[nodiscard]] Result<void> drop(const sql::DropView& drop, const sql::Statement& statement, std::string_view text);
  [[nodiscard]] Result<void> check_name(const std::string& name, const std::string& place) const;
  [[nodiscard]] Result<void> check_readers(const std::string& name, const TopicShape& next, const std::string& place) const;
  [[nodiscard]] Result<void> rebuild_readers(const std::string& table);
  [[nodiscard]] bool reads(const std::string& view, const std::string& what, std::set<std::string>& met) const;
  [[nodiscard]] std::vector<std::string> readers(const std::string& name) const;
  [[nodiscard]] std::string names_like(const std::string& name);
  [[nodiscard]] std::string shares_late_rows(const std::string& view) const;
  void put_view(const std::string& name, Form form);
  void tell(const std::string& name, Defined::What what, std::string told);

  Definitions definitions_;
  pipeline::Log& log_;
  pipeline::SchemaCatalog& catalog_;
  std::set<std::string> changed_;
  std::vector<Defined> told_;
  std::map<std::string, TopicShape> new_streams_;
};

}  // namespace sluice::flow
