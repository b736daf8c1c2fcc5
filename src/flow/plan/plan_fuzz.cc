// Statements of any kind, bound: queries against three relations, and definitions of streams.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "flow/plan/plan.h"

namespace {

using sluice::flow::Relation;
using enum sluice::flow::TypeKind;

class ThreeRelations : public sluice::flow::Catalog {
 public:
  sluice::Result<Relation> relation(const std::string& name) override {
    Relation out{.name = name, .topic = name, .columns = {{"id", {int8}}, {"name", {text}}, {"x", {numeric}}, {"ts", {timestamptz}}}, .hidden = 0, .key = {}};
    if (name == "t") out.key = {0};
    if (name == "u") out.key = {0, 1};
    if (name == "t" || name == "u") return out;
    if (name != "s") return sluice::Error{.code = sluice::ErrorCode::not_found, .message = "no such relation"};
    out.time = 3;
    return out;
  }
};

void bind(const sluice::sql::Statement& statement, std::string_view whole) {
  ThreeRelations catalog;
  if (const auto* query = std::get_if<sluice::sql::Select>(&statement.form)) {
    if (const auto plan = sluice::flow::bind(*query, whole, catalog, {}); plan.ok()) static_cast<void>(plan_text(*plan));
    static_cast<void>(sluice::flow::bind_question(*query, whole, catalog).ok());
  } else if (const auto* view = std::get_if<sluice::sql::CreateView>(&statement.form)) {
    const auto options = sluice::flow::bind_options(*view, whole);
    if (options.ok()) static_cast<void>(sluice::flow::bind(view->query, whole, catalog, *options).ok());
  } else if (const auto* table = std::get_if<sluice::sql::CreateTable>(&statement.form)) {
    static_cast<void>(sluice::flow::bind_relation(*table, whole, *catalog.relation("s")).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view whole(reinterpret_cast<const char*>(data), size);
  const auto statements = sluice::sql::parse_statements(whole);
  if (!statements.ok()) return 0;
  for (const auto& statement : *statements) bind(statement, whole);
  return 0;
}
