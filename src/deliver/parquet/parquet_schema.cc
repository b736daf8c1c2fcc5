#include "deliver/parquet/parquet_schema.h"

#include <parquet/schema.h>
#include <parquet/types.h>

#include <charconv>

namespace sluice::deliver::parquet {

namespace {

namespace pq = ::parquet;
using pq::LogicalType;
using pq::Repetition;
using pq::schema::GroupNode;
using pq::schema::NodePtr;
using pq::schema::NodeVector;
using pq::schema::PrimitiveNode;

// A property that is a whole number, as Iceberg writes its field ids into Avro schemas; else -1, which is none.
int id_of(const avro::Properties& properties, std::string_view name) {
  for (const auto& [key, json] : properties) {
    int id = -1;
    if (key != name) continue;
    const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), id);
    if (error == std::errc() && end == json.data() + json.size() && id >= 0) return id;
  }
  return -1;
}

pq::Type::type physical_type(Physical physical) {
  switch (physical) {
    case Physical::boolean: return pq::Type::BOOLEAN;
    case Physical::int32: return pq::Type::INT32;
    case Physical::int64: return pq::Type::INT64;
    case Physical::float_: return pq::Type::FLOAT;
    case Physical::double_: return pq::Type::DOUBLE;
    case Physical::bytes: return pq::Type::BYTE_ARRAY;
    case Physical::fixed: return pq::Type::FIXED_LEN_BYTE_ARRAY;
  }
  return pq::Type::BYTE_ARRAY;
}

LogicalType::TimeUnit::unit unit_of(std::string_view logical) {
  if (logical.ends_with("-millis")) return LogicalType::TimeUnit::MILLIS;
  return logical.ends_with("-micros") ? LogicalType::TimeUnit::MICROS : LogicalType::TimeUnit::NANOS;
}

std::shared_ptr<const LogicalType> logical_type(const Step& step) {
  const std::string_view logical = step.node->logical_type;
  switch (step.kind) {
    case Kind::null: return LogicalType::Null();
    case Kind::string:
    case Kind::symbol: return LogicalType::String();
    case Kind::decimal32:
    case Kind::decimal64:
    case Kind::decimal_fixed: return LogicalType::Decimal(step.node->precision, step.node->scale);
    case Kind::fixed: return logical == "uuid" ? LogicalType::UUID() : LogicalType::None();
    case Kind::int_:
    case Kind::long_: break;
    default: return LogicalType::None();
  }
  if (logical == "date") return LogicalType::Date();
  // A time of day is that of no zone: with one, DuckDB would read TIME WITH TIME ZONE.
  if (logical.starts_with("time-")) return LogicalType::Time(false, unit_of(logical));
  if (logical.starts_with("timestamp-")) return LogicalType::Timestamp(true, unit_of(logical));
  if (logical.starts_with("local-timestamp-")) return LogicalType::Timestamp(false, unit_of(logical));
  return LogicalType::None();
}

class Builder {
 public:
  explicit Builder(const Shape& shape) : shape_(shape) {}

  NodePtr node(const Step& step, const std::string& name, int id, Repetition::type repetition) const {
    switch (step.kind) {
      case Kind::optional: return node(shape_.child(step, 0), name, id, Repetition::OPTIONAL);
      case Kind::single: return node(shape_.child(step, 0), name, id, repetition);
      case Kind::record: return GroupNode::Make(name, repetition, fields(step), nullptr, id);
      case Kind::choice: return choice(step, name, id, repetition);
      case Kind::array: return array(step, name, id, repetition);
      case Kind::map: return map(step, name, id, repetition);
      case Kind::null: repetition = Repetition::OPTIONAL; break;
      default: break;
    }
    const auto physical = shape_.leaves()[step.first_leaf].physical;
    const int length = physical == Physical::fixed ? static_cast<int>(step.size) : -1;
    return PrimitiveNode::Make(name, repetition, logical_type(step), physical_type(physical), length, id);
  }

  NodeVector fields(const Step& step) const {
    NodeVector nodes;
    for (std::size_t i = 0; i < step.children; ++i) {
      const auto& field = step.node->fields[i];
      nodes.push_back(node(shape_.child(step, i), field.name, id_of(field.properties, "field-id"), Repetition::REQUIRED));
    }
    return nodes;
  }

 private:
  // Members are named as Avro's own tools for Parquet and Spark name them.
  NodePtr choice(const Step& step, const std::string& name, int id, Repetition::type repetition) const {
    NodeVector members;
    for (std::size_t i = 0; i < step.children; ++i) {
      if (static_cast<std::int32_t>(i) == step.null_branch) continue;
      members.push_back(node(shape_.child(step, i), "member" + std::to_string(members.size()), -1, Repetition::OPTIONAL));
    }
    return GroupNode::Make(name, step.null_branch >= 0 ? Repetition::OPTIONAL : repetition, members, nullptr, id);
  }

  NodePtr array(const Step& step, const std::string& name, int id, Repetition::type repetition) const {
    const int element_id = id_of(step.node->properties, "element-id");
    const auto element = node(shape_.child(step, 0), "element", element_id, Repetition::REQUIRED);
    const auto list = GroupNode::Make("list", Repetition::REPEATED, {element});
    return GroupNode::Make(name, repetition, {list}, LogicalType::List(), id);
  }

  NodePtr map(const Step& step, const std::string& name, int id, Repetition::type repetition) const {
    const auto& properties = step.node->properties;
    const auto key = node(shape_.child(step, 0), "key", id_of(properties, "key-id"), Repetition::REQUIRED);
    const auto value = node(shape_.child(step, 1), "value", id_of(properties, "value-id"), Repetition::REQUIRED);
    const auto entries = GroupNode::Make("key_value", Repetition::REPEATED, {key, value});
    return GroupNode::Make(name, repetition, {entries}, LogicalType::Map(), id);
  }

  const Shape& shape_;
};

}  // namespace

std::shared_ptr<GroupNode> parquet_schema(const Shape& shape) {
  const auto root = GroupNode::Make(shape.schema().root().name, Repetition::REQUIRED, Builder(shape).fields(shape.root()));
  return std::static_pointer_cast<GroupNode>(root);
}

Result<void> check_columns(const Shape& shape, const pq::SchemaDescriptor& file) {
  pq::SchemaDescriptor wanted;
  wanted.Init(parquet_schema(shape));
  const auto refuse = [](const std::string& what) {
    return Error{ErrorCode::corrupt, "the columns are not those of the Avro schema in the file: " + what};
  };
  if (file.num_columns() != wanted.num_columns()) {
    return refuse("there are " + std::to_string(file.num_columns()) + " instead of " + std::to_string(wanted.num_columns()));
  }
  for (int i = 0; i < wanted.num_columns(); ++i) {
    const auto *its = file.Column(i), *ours = wanted.Column(i);
    const bool is_fixed = ours->physical_type() == pq::Type::FIXED_LEN_BYTE_ARRAY;
    const bool same = its->path()->ToDotString() == ours->path()->ToDotString() && its->physical_type() == ours->physical_type() &&
                      (!is_fixed || its->type_length() == ours->type_length()) && its->max_definition_level() == ours->max_definition_level() &&
                      its->max_repetition_level() == ours->max_repetition_level();
    if (!same) return refuse("'" + its->path()->ToDotString() + "'");
  }
  return {};
}

}  // namespace sluice::deliver::parquet
