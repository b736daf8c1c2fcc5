#pragma once
// What FROM may name: topics by what the registry says of them, views, and the streams that CREATE TABLE names.

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "flow/definition.h"
#include "flow/plan/plan.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::flow {

// The shape of a topic by the newest schema of <topic>-value, and, if it is compacted, the fields of <topic>-key. Errors: not_found: no
// such topic, or no schema; rejected: its value is no record.
[[nodiscard]] Result<TopicShape> shape_of_topic(pipeline::Log& log, pipeline::SchemaCatalog& catalog, const std::string& topic);
[[nodiscard]] Relation relation_of_shape(const std::string& name, const std::string& topic, const TopicShape& shape);
// What a view's topic holds.
[[nodiscard]] TopicShape shape_of_plan(const Plan& plan);

// The columns that CREATE TABLE names, for a topic that has no schema. Errors: rejected: none; those of type_named(), with their place.
[[nodiscard]] Result<TopicShape> declared_shape(const sql::CreateTable& table, std::string_view text);
// The topic that it means.
[[nodiscard]] std::string topic_of(const sql::CreateTable& table);

// A catalog that remembers what was asked, so that it can be asked again.
class Relations final : public Catalog {
 public:
  using FindShape = std::function<Result<TopicShape>(const std::string& topic)>;

  // `tables`: the statements of CREATE TABLE, by name.
  Relations(std::map<std::string, std::string> tables, FindShape find) : tables_(std::move(tables)), find_(std::move(find)) {}
  // What a form was bound with.
  explicit Relations(const Form& form);

  [[nodiscard]] Result<Relation> relation(const std::string& name) override;
  // Puts what relation() was asked for into `form`.
  void remember(Form& form) const;
  // Of what topics.
  [[nodiscard]] const std::map<std::string, TopicShape>& used_topics() const { return used_topics_; }

 private:
  [[nodiscard]] Result<Relation> table(const std::string& name, const std::string& sql);

  std::map<std::string, std::string> tables_;
  FindShape find_;
  std::map<std::string, std::string> used_tables_;
  std::map<std::string, TopicShape> used_topics_;
};

struct BoundView {
  Plan plan;
  BindOptions options;
};
// Of a statement at its place in `text`. Errors: as bind()'s and bind_options()'.
[[nodiscard]] Result<BoundView> bind_view(const sql::CreateView& view, std::string_view text, Catalog& catalog);
// What the form gave when it was defined. Errors: corrupt, and those of a program that binds otherwise than the one that defined it.
[[nodiscard]] Result<BoundView> bind_form(const Form& form);

}  // namespace sluice::flow
