// A query over relations that change, as the operators keep its result: for tests/system/flow_random_test.py.
//
// Reads lines of JSON:
//   {"tables": [{"name", "columns": [[name, type], …], "key": [name, …]}, …],    a key that is empty: a stream
//    "changes": [[table, "+" or "-", [text or null, …]], …],                     "-": the row of this key leaves
//    "batches": [changes of the first batch, …], "query": "SELECT …"}
// and gives for each a line: {"rows": [[text or null, …], …], "view": whether it may be a view, "failed": why an expression
// failed for a row, or nothing, "plan"}, or {"error"}, or {"broken": what the plan promised and the rows do not keep}.
#include <boost/json.hpp>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "flow/operators/execution.h"
#include "flow/plan/plan.h"
#include "flow/state/state.h"
#include "flow/value/row_code.h"

namespace {

namespace json = boost::json;
using sluice::Bytes;
using sluice::Error;
using sluice::Result;
using sluice::flow::Arena;
using sluice::flow::Change;
using sluice::flow::Column;
using sluice::flow::Plan;
using sluice::flow::Relation;
using sluice::flow::Row;
using sluice::flow::Value;

std::string text_of(const json::value& value) { return std::string(value.as_string()); }

class Relations : public sluice::flow::Catalog {
 public:
  static Result<Relations> read(const json::array& tables) {
    Relations out;
    for (const auto& each : tables) {
      const auto& table = each.as_object();
      Relation relation{.name = text_of(table.at("name")), .topic = {}, .columns = {}, .hidden = 0, .key = {}};
      for (const auto& column : table.at("columns").as_array()) {
        SLUICE_TRY(auto type, sluice::flow::type_named(text_of(column.at(1)), {}));
        relation.columns.push_back({text_of(column.at(0)), std::move(type)});
      }
      for (const auto& name : table.at("key").as_array()) {
        for (std::size_t i = 0; i < relation.columns.size(); ++i) {
          if (relation.columns[i].name == text_of(name)) relation.key.push_back(i);
        }
      }
      out.relations_.push_back(std::move(relation));
    }
    return out;
  }
  Result<Relation> relation(const std::string& name) override {
    for (const auto& each : relations_) {
      if (each.name == name) return each;
    }
    return Error{.code = sluice::ErrorCode::not_found, .message = "relation \"" + name + "\" does not exist"};
  }

 private:
  std::vector<Relation> relations_;
};

// The result as a Z-set, and whether it is what the plan says.
class Rows : public sluice::flow::Results {
 public:
  explicit Rows(const Plan& plan) : root_(*plan.root) {}

  Result<void> row(const sluice::flow::Delta& delta) override {
    if (delta.weight < 0 && root_.append_only) broken_ = "a row was taken back of what is append only";
    Bytes key;
    json::array texts;
    for (std::size_t i = 0; i < delta.row.size(); ++i) {
      sluice::flow::encode_key(root_.columns[i].type, delta.row[i], key);
      if (delta.row[i].null) texts.emplace_back(nullptr);
      else texts.emplace_back(sluice::flow::value_text(root_.columns[i].type, delta.row[i]));
    }
    auto& held = rows_[std::move(key)];
    if (delta.weight > 0) held.texts = std::move(texts);
    held.weight += delta.weight;
    return {};
  }
  Result<void> late(std::uint32_t) override {
    broken_ = "a late row without a watermark";
    return {};
  }
  Result<void> failed(std::uint32_t, const Error& why) override {
    // A row without a time is in no window: that is no difference.
    if (!why.message.starts_with("the event time is null")) failed_ = why.message;
    return {};
  }

  // Between batches.
  void check() {
    std::set<std::string> keys;
    std::int64_t count = 0;
    for (const auto& [bytes, held] : rows_) {
      if (held.weight < 0) broken_ = "a row that is there less than not at all";
      count += held.weight;
      json::array key;
      for (const auto column : root_.key) key.push_back(held.texts.empty() ? json::value() : held.texts[column]);
      if (held.weight != 0 && !key.empty() && (held.weight > 1 || !keys.insert(json::serialize(key)).second)) {
        broken_ = "two rows of key " + json::serialize(key);
      }
    }
    if (root_.single_row && count != 1) broken_ = std::to_string(count) + " rows where there is always one";
    std::erase_if(rows_, [](const auto& entry) { return entry.second.weight == 0; });
  }
  [[nodiscard]] json::object answer() const {
    if (!broken_.empty()) return {{"broken", broken_}};
    json::array rows;
    for (const auto& [bytes, held] : rows_) {
      for (std::int64_t i = 0; i < held.weight; ++i) rows.emplace_back(held.texts);
    }
    return {{"rows", std::move(rows)}, {"failed", failed_}};
  }

 private:
  struct Held {
    json::array texts;
    std::int64_t weight = 0;
  };
  const sluice::flow::PlanNode& root_;
  std::map<Bytes, Held> rows_;
  std::string broken_;
  std::string failed_;
};

Result<Change> change_of(const json::array& line, const Relation& relation, Arena& arena) {
  const auto& texts = line.at(2).as_array();
  const auto row = arena.row(relation.columns.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].is_null()) continue;
    SLUICE_TRY(row[i], sluice::flow::parse_value(relation.columns[i].type, arena.copy(text_of(texts[i])), arena));
  }
  return Change{.row = row, .deleted = line.at(1) == "-"};
}

// Which of the plan's relations this table is; none: the query does not read it.
std::optional<std::size_t> index_of(const Plan& plan, const std::string& table) {
  for (std::size_t i = 0; i < plan.relations.size(); ++i) {
    if (plan.relations[i].name == table) return i;
  }
  return std::nullopt;
}

Result<void> feed(const Plan& plan, std::span<const json::value> changes, sluice::flow::Execution& execution, Rows& rows) {
  Arena arena;
  for (std::size_t i = 0; i < changes.size();) {
    const auto table = text_of(changes[i].at(0));
    std::vector<Change> run;
    const auto index = index_of(plan, table);
    for (; i < changes.size() && text_of(changes[i].at(0)) == table; ++i) {
      if (!index) continue;
      SLUICE_TRY(const auto change, change_of(changes[i].as_array(), plan.relations[*index], arena));
      run.push_back(change);
    }
    if (!run.empty()) SLUICE_RETURN_IF_ERROR(execution.feed(*index, run, arena, rows));
  }
  rows.check();
  return {};
}

Result<json::object> run(const json::object& question, const Plan& plan) {
  const auto state = sluice::flow::memory_state();
  SLUICE_TRY(const auto execution, sluice::flow::Execution::open(plan, *state, {}));
  Rows rows(plan);
  Arena arena;
  SLUICE_RETURN_IF_ERROR(execution->begin(arena, rows));
  const auto& changes = question.at("changes").as_array();
  std::span<const json::value> left(changes.data(), changes.size());
  for (const auto& batch : question.at("batches").as_array()) {
    const auto count = std::min(static_cast<std::size_t>(batch.as_int64()), left.size());
    SLUICE_RETURN_IF_ERROR(feed(plan, left.first(count), *execution, rows));
    left = left.subspan(count);
  }
  SLUICE_RETURN_IF_ERROR(feed(plan, left, *execution, rows));
  return rows.answer();
}

Result<json::object> answer(const json::object& question) {
  SLUICE_TRY(auto catalog, Relations::read(question.at("tables").as_array()));
  const auto text = text_of(question.at("query"));
  SLUICE_TRY(const auto statements, sluice::sql::parse_statements(text));
  const auto& query = std::get<sluice::sql::Select>(statements.front().form);
  const auto view = sluice::flow::bind(query, text, catalog, {});
  Plan plan;
  if (!view.ok()) {
    SLUICE_TRY(auto asked, sluice::flow::bind_question(query, text, catalog));
    plan = std::move(asked.plan);
  }
  const auto& used = view.ok() ? *view : plan;
  SLUICE_TRY(auto out, run(question, used));
  out["view"] = view.ok();
  out["plan"] = sluice::flow::plan_text(used);
  return out;
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto out = answer(json::parse(line).as_object());
    std::cout << json::serialize(out.ok() ? *out : json::object{{"error", out.error().text()}}) << "\n" << std::flush;
  }
  return 0;
}
