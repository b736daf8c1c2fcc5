#include "flow/view/schemas.h"

#include <algorithm>

#include "base/escape.h"

namespace sluice::flow {
namespace {

constexpr std::size_t kNeverNullHidden = 3;  // _timestamp, _partition, _offset; _op may be
constexpr const char* kWeekMs = "604800000";
constexpr const char* kLargeMessageBytes = "67108864";

bool of_inputs(const Plan& plan, const PlanNode& node, std::size_t column) {
  return std::ranges::all_of(node.inputs, [&](const auto& input) { return never_null(plan, *input, column); });
}

bool of_scalar(const Plan& plan, const PlanNode& input, const Scalar& scalar) {
  if (scalar.kind == Scalar::Kind::column) return never_null(plan, input, scalar.column);
  return scalar.kind == Scalar::Kind::constant && !scalar.constant.null;
}

bool of_join(const Plan& plan, const PlanNode& node, const Join& join, std::size_t column) {
  const auto left = node.inputs[0]->columns.size();
  if (column < left) return join.kind != Join::Kind::full && never_null(plan, *node.inputs[0], column);
  return join.kind == Join::Kind::inner && never_null(plan, *node.inputs[1], column - left);
}

bool of_aggregate(const Plan& plan, const PlanNode& node, const Aggregate& aggregate, std::size_t column) {
  const auto groups = aggregate.groups.size();
  if (column < groups) return of_scalar(plan, *node.inputs[0], aggregate.groups[column]);
  if (aggregate.window && column < groups + 2) return true;
  const auto kind = aggregate.aggregations[column - groups - (aggregate.window ? 2 : 0)].kind;
  return kind == Aggregation::Kind::count_all || kind == Aggregation::Kind::count;
}

Result<SchemaId> add(pipeline::SchemaCatalog& catalog, const std::string& subject, const avro::Schema& schema) {
  SLUICE_RETURN_IF_ERROR(catalog.set_compatibility(subject, "BACKWARD_TRANSITIVE", true));
  auto id = catalog.add(subject, schema.text());
  if (id.ok() || id.error().code != ErrorCode::rejected) return id;
  auto error = std::move(id).error().in("subject " + subject);
  if (error.hint.empty()) error.hint = "give the view another name, or its columns names that its topic has not had";
  return error;
}

}  // namespace

bool is_keyed(const Plan& plan) { return !plan.root->key.empty() || plan.root->single_row; }

bool never_null(const Plan& plan, const PlanNode& node, std::size_t column) {
  if (const auto* scan = std::get_if<Scan>(&node.form)) {
    const auto& relation = plan.relations[scan->relation];
    const bool key = !relation.null_keys && std::ranges::find(relation.key, column) != relation.key.end();
    const auto visible = relation.columns.size() - relation.hidden;
    return key || (column >= visible && column < visible + kNeverNullHidden);
  }
  if (const auto* project = std::get_if<Project>(&node.form)) return of_scalar(plan, *node.inputs[0], project->values[column]);
  if (const auto* join = std::get_if<Join>(&node.form)) return of_join(plan, node, *join, column);
  if (const auto* aggregate = std::get_if<Aggregate>(&node.form)) return of_aggregate(plan, node, *aggregate, column);
  return of_inputs(plan, node, column);
}

Result<OutputSchema> register_schemas(const std::string& view, const Plan& plan, pipeline::SchemaCatalog& catalog) {
  const auto& root = *plan.root;
  const auto space = escape_parts(view, escape_avro_name);
  OutputSchema out;
  out.keyed = is_keyed(plan);
  out.key_columns = root.key;
  SLUICE_TRY(const auto value, RowWriter::schema_of(root.columns, space, "Value", false));
  SLUICE_TRY(out.value_writer, RowWriter::open(value, root.columns));
  if (out.keyed) {
    std::vector<Column> columns;
    std::vector<bool> nullable;
    for (const auto column : root.key) {
      columns.push_back(root.columns[column]);
      nullable.push_back(!never_null(plan, root, column));
    }
    SLUICE_TRY(const auto key, RowWriter::schema_of(columns, space, "Key", true, nullable));
    SLUICE_TRY(out.key_writer, RowWriter::open(key, columns));
    SLUICE_TRY(out.key, add(catalog, view + "-key", key));
  }
  SLUICE_TRY(out.value, add(catalog, view + "-value", value));
  return out;
}

Result<void> make_topics(pipeline::Log& log, const std::string& view, const std::string& state_topic, bool keyed) {
  pipeline::TopicConfig config{{"max.message.bytes", kLargeMessageBytes}, {"compression.type", "lz4"}};
  auto rows = config;
  if (keyed) {
    rows.insert({{"cleanup.policy", "compact"}, {"delete.retention.ms", kWeekMs}});
  } else {
    rows.insert({{"cleanup.policy", "delete"}, {"retention.ms", "-1"}});
  }
  SLUICE_TRY(const auto made, log.ensure_topic({view, 1, rows, true}));
  if (made.partitions != 1) {
    return Error{ErrorCode::rejected, "topic " + view + " has " + std::to_string(made.partitions) + " partitions; a view's has one", "", "give the view another name"};
  }
  config.insert({{"cleanup.policy", "compact"}, {"delete.retention.ms", kWeekMs}, {"segment.bytes", "67108864"}});
  SLUICE_RETURN_IF_ERROR(log.ensure_topic({state_topic, 1, config, true}));
  return {};
}

}  // namespace sluice::flow
