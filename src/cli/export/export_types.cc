#include "cli/export/export_types.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace sluice::cli {
namespace {

using avro::Node;
using avro::Type;

constexpr int kDigitsMost = 38;        // of a decimal in every reader but Arrow
constexpr int kDigitsMostArrow = 76;
constexpr int kDeepest = 32;           // a record further down is taken for a recursive one

// By Reader, in its order. What a reader lacks is what it reads such a column as: a time as its number. Flink's Avro has no
// microseconds, and its Parquet fails on times before 1970; Hive before 4 reads no time that Parquet has as INT64.
struct Row {
  std::string_view kind;
  std::array<std::string_view, 6> names;
};
constexpr auto kTypes = std::to_array<Row>({
    //                         Spark            DuckDB        Flink               Trino           Hive         pyarrow
    {"null",                   {"STRING",       "VARCHAR",    "STRING",           "varchar",      "string",    "pa.string()"}},
    {"boolean",                {"BOOLEAN",      "BOOLEAN",    "BOOLEAN",          "boolean",      "boolean",   "pa.bool_()"}},
    {"int",                    {"INT",          "INTEGER",    "INT",              "integer",      "int",       "pa.int32()"}},
    {"long",                   {"BIGINT",       "BIGINT",     "BIGINT",           "bigint",       "bigint",    "pa.int64()"}},
    {"float",                  {"FLOAT",        "FLOAT",      "FLOAT",            "real",         "float",     "pa.float32()"}},
    {"double",                 {"DOUBLE",       "DOUBLE",     "DOUBLE",           "double",       "double",    "pa.float64()"}},
    {"bytes",                  {"BINARY",       "BLOB",       "BYTES",            "varbinary",    "binary",    "pa.binary()"}},
    {"fixed",                  {"BINARY",       "BLOB",       "BYTES",            "varbinary",    "binary",    "pa.binary()"}},
    {"string",                 {"STRING",       "VARCHAR",    "STRING",           "varchar",      "string",    "pa.string()"}},
    {"enum",                   {"STRING",       "VARCHAR",    "STRING",           "varchar",      "string",    "pa.string()"}},
    {"uuid",                   {"STRING",       "VARCHAR",    "STRING",           "varchar",      "string",    "pa.string()"}},
    {"date",                   {"DATE",         "DATE",       "DATE",             "date",         "date",      "pa.date32()"}},
    {"time-millis",            {"INT",          "TIME",       "INT",              "integer",      "int",       "pa.time32(\"ms\")"}},
    {"time-micros",            {"BIGINT",       "TIME",       "BIGINT",           "bigint",       "bigint",    "pa.time64(\"us\")"}},
    {"timestamp-millis",       {"TIMESTAMP",    "TIMESTAMPTZ", "BIGINT",           "timestamp(3)", "bigint",    "pa.timestamp(\"ms\", \"UTC\")"}},
    {"timestamp-micros",       {"TIMESTAMP",    "TIMESTAMPTZ", "BIGINT",           "timestamp(6)", "bigint",    "pa.timestamp(\"us\", \"UTC\")"}},
    {"local-timestamp-millis", {"TIMESTAMP_NTZ", "TIMESTAMP", "BIGINT",           "timestamp(3)", "bigint",    "pa.timestamp(\"ms\")"}},
    {"local-timestamp-micros", {"TIMESTAMP_NTZ", "TIMESTAMP", "BIGINT",           "timestamp(6)", "bigint",    "pa.timestamp(\"us\")"}},
});

std::string named(Reader reader, std::string_view kind) {
  const auto row = std::ranges::find(kTypes, kind, &Row::kind);
  return row == kTypes.end() ? "" : std::string(row->names[static_cast<std::size_t>(reader)]);
}

// How types are put together: '%' stands for what is inside, fields are joined by ", ".
struct Shapes {
  std::string_view decimal, array, map, record, field;  // decimal: "%" is "10,2"; field: "%n" and "%t"
};
constexpr std::array<Shapes, 6> kShapes{{
    {"DECIMAL(%)", "ARRAY<%>", "MAP<STRING, %>", "STRUCT<%>", "%n: %t"},
    {"DECIMAL(%)", "%[]", "MAP(VARCHAR, %)", "STRUCT(%)", "%n %t"},
    {"DECIMAL(%)", "ARRAY<%>", "MAP<STRING, %>", "ROW<%>", "%n %t"},
    {"decimal(%)", "array(%)", "map(varchar, %)", "row(%)", "%n %t"},
    {"decimal(%)", "array<%>", "map<string, %>", "struct<%>", "%n:%t"},
    {"pa.decimal128(%)", "pa.list_(%)", "pa.map_(pa.string(), %)", "pa.struct([%])", "(%n, %t)"},
}};

std::string put(std::string_view shape, std::string_view mark, const std::string& inside) {
  std::string out(shape);
  return out.replace(out.find(mark), mark.size(), inside);
}

class Namer {
 public:
  explicit Namer(TypeContext context) : context_(context) {}

  Result<std::string> type(const Node& node, int depth = 0) const {
    if (depth > kDeepest) return refuse("is nested without end");
    switch (node.type) {
      case Type::array: return around(shapes().array, *node.items, depth);
      case Type::map: return around(shapes().map, *node.items, depth);
      case Type::record: return record(node, depth);
      case Type::union_: return choice(node, depth);
      default: return scalar(node);
    }
  }

 private:
  const Shapes& shapes() const { return kShapes[static_cast<std::size_t>(context_.reader)]; }
  bool python() const { return context_.reader == Reader::python; }
  static Error refuse(const std::string& why) { return {.code = ErrorCode::unsupported, .message = why}; }

  Result<std::string> around(std::string_view shape, const Node& inside, int depth) const {
    SLUICE_TRY(const auto text, type(inside, depth + 1));
    return put(shape, "%", text);
  }

  Result<std::string> fields(const std::vector<std::pair<std::string, const Node*>>& all, int depth) const {
    std::string out;
    for (const auto& [name, node] : all) {
      SLUICE_TRY(const auto text, type(*node, depth + 1));
      out += (out.empty() ? "" : ", ") + put(put(shapes().field, "%n", quoted(context_.reader, name)), "%t", text);
    }
    return put(shapes().record, "%", out);
  }

  Result<std::string> record(const Node& node, int depth) const {
    std::vector<std::pair<std::string, const Node*>> all;
    for (const auto& field : node.fields) all.emplace_back(field.name, field.type);
    return fields(all, depth);
  }

  // Several types are a struct of members, as Spark and Parquet have them.
  Result<std::string> choice(const Node& node, int depth) const {
    std::vector<std::pair<std::string, const Node*>> members;
    for (const auto* branch : node.branches) {
      if (branch->type != Type::null) members.emplace_back("member" + std::to_string(members.size()), branch);
    }
    if (members.size() == 1) return type(*members[0].second, depth);
    if (members.empty()) return named(context_.reader, "null");
    const bool known = context_.format == "parquet" || context_.reader == Reader::spark;
    if (!known) return refuse("is a union of several types, which it reads from Parquet only");
    return fields(members, depth);
  }

  Result<std::string> scalar(const Node& node) const {
    const auto logical = std::string_view(node.logical_type);
    if (logical == "decimal") return decimal(node);
    if (const auto name = named(context_.reader, logical); !name.empty() && node.type != Type::fixed) return name;
    return named(context_.reader, type_name(node.type));
  }

  std::string decimal(const Node& node) const {
    const auto digits = std::to_string(node.precision) + (python() ? ", " : ",") + std::to_string(node.scale);
    if (node.precision <= kDigitsMost) return put(shapes().decimal, "%", digits);
    if (python() && node.precision <= kDigitsMostArrow) return "pa.decimal256(" + digits + ")";
    // The unscaled number in two's complement, as Avro has it. fastavro gives it as a Decimal.
    return named(context_.reader, python() && context_.format == "avro" ? "string" : "bytes");
  }

  TypeContext context_;
};

namespace json = boost::json;

bool is_large_decimal(const json::object& type) {
  const auto* precision = type.if_contains("precision");
  return precision != nullptr && precision->is_int64() && precision->get_int64() > kDigitsMost;
}

bool is_time_of_day(const json::object& type) {
  const auto* logical = type.if_contains("logicalType");
  return logical != nullptr && logical->is_string() && logical->get_string().starts_with("time-");
}

void make_plain(json::value& schema, bool& large_decimals) {
  if (auto* array = schema.if_array()) {
    for (auto& each : *array) make_plain(each, large_decimals);
  } else if (auto* object = schema.if_object()) {
    large_decimals = large_decimals || is_large_decimal(*object);
    if (is_large_decimal(*object) || is_time_of_day(*object)) {
      for (const auto* name : {"logicalType", "precision", "scale"}) object->erase(name);
    }
    for (const auto* name : {"type", "items", "values", "fields"}) {
      if (auto* inside = object->if_contains(name)) make_plain(*inside, large_decimals);
    }
    for (const auto* name : {"sqlType", "sqlName", "notNull", "enumSymbols", "field-id", "element-id", "key-id", "value-id", "doc"}) {
      object->erase(name);
    }
  }
}

}  // namespace

Result<std::string> reader_type(TypeContext context, const avro::Node& node) { return Namer(context).type(node); }

Result<std::vector<ExportedColumn>> reader_columns(TypeContext context, const avro::Node& record) {
  std::vector<ExportedColumn> out;
  for (const auto& field : record.fields) {
    auto type = reader_type(context, *field.type);
    if (!type.ok()) return Error{.code = type.error().code, .message = "column " + field.name + " " + type.error().message};
    out.push_back({field.name, *std::move(type)});
  }
  return out;
}

std::string quoted(Reader reader, std::string_view name) {
  const bool ticks = reader == Reader::spark || reader == Reader::flink || reader == Reader::hive;
  const char mark = ticks ? '`' : '"';
  return mark + std::string(name) + mark;
}

SparkSchema schema_for_spark(const avro::Schema& record) {
  SparkSchema out;
  auto schema = json::parse(record.text());
  make_plain(schema, out.large_decimals);
  out.text = json::serialize(schema);
  return out;
}

}  // namespace sluice::cli
