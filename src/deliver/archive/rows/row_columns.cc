#include "deliver/archive/rows/row_columns.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <set>
#include <utility>

namespace sluice::deliver::archive {

namespace json = boost::json;

namespace {

using Column = std::pair<std::string_view, std::string_view>;  // name, type as JSON
constexpr std::array<Column, 11> kColumns{{
    {"_topic", R"("string")"},
    {"_partition", R"("int")"},
    {"_offset", R"("long")"},
    {"_timestamp", R"({"type":"long","logicalType":"timestamp-millis"})"},
    {"_key", R"(["null","bytes"])"},
    {"_op", R"(["null","string"])"},
    {"_lsn", R"(["null","long"])"},
    {"_seq", R"(["null","long"])"},
    {"_txid", R"(["null","long"])"},
    {"_unchanged", R"(["null","string"])"},
    {"_special", R"(["null","string"])"},
}};
constexpr std::string_view kRecordName = "Value";

// Of text that was printed by, or has passed, the Avro parser: valid, and nested no deeper than that allows.
json::value parsed(std::string_view schema) {
  json::parse_options options;
  options.max_depth = 256;
  return json::parse(json::string_view(schema.data(), schema.size()), {}, options);
}

std::string_view name_of(const json::value& field) {
  const auto& name = field.get_object().at("name").get_string();
  return {name.data(), name.size()};
}

void append_columns(json::array& fields) {
  int id = 0;
  for (const auto& [name, type] : kColumns) {
    json::object field{{"name", name}, {"type", parsed(type)}};
    if (type.front() == '[') field["default"] = nullptr;
    field["field-id"] = ++id;
    fields.push_back(std::move(field));
  }
}

// The record in {"type": {"type": "record", …}}.
json::object& innermost(json::value& schema) {
  auto* record = &schema.get_object();
  while (!record->at("type").is_string()) record = &record->at("type").get_object();
  return *record;
}

void append_text(Bytes& out, std::optional<ByteView> text) {
  ByteWriter writer(out);
  if (!text) return writer.u8(0);
  writer.u8(2);  // branch 1
  writer.zigzag(static_cast<std::int64_t>(text->size()));
  writer.raw(*text);
}

void append_number(Bytes& out, std::optional<ByteView> text) {
  ByteWriter writer(out);
  std::int64_t value = 0;
  if (text) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size()) text.reset();
  }
  if (!text) return writer.u8(0);
  writer.u8(2);
  writer.zigzag(value);
}

// Takes away what says nothing of the bytes or of a column's place.
void strip(json::value& schema) {
  constexpr auto kKept = std::to_array<std::string_view>({"name", "namespace", "type", "fields", "items", "values", "symbols", "size",
                                                          "default", "logicalType", "precision", "scale", "field-id"});
  if (schema.is_array()) {
    for (auto& each : schema.get_array()) strip(each);
  } else if (schema.is_object()) {
    auto& object = schema.get_object();
    for (auto at = object.begin(); at != object.end();) {
      const bool keep = std::ranges::find(kKept, std::string_view(at->key().data(), at->key().size())) != kKept.end();
      at = keep ? at + 1 : object.erase(at);
    }
    for (const auto* key : {"type", "fields", "items", "values"}) {
      if (auto* below = object.if_contains(key)) strip(*below);
    }
  }
}

// Whether the root is met on the way down from a node.
bool refers_to_root(const avro::Node& from, const avro::Node& root, std::set<const avro::Node*>& met) {
  if (!met.insert(&from).second) return &from == &root;
  const auto refers = [&](const avro::Node* below) { return refers_to_root(*below, root, met); };
  return std::ranges::any_of(from.fields, refers, &avro::Field::type) || std::ranges::any_of(from.branches, refers) ||
         (from.items != nullptr && refers(from.items));
}

avro::Schema parsed_own(const json::value& record) {
  return *avro::Schema::parse(json::serialize(record), {.validate_defaults = false});
}

}  // namespace

bool is_archive_column(std::string_view name) {
  for (const auto& [column, type] : kColumns) {
    if (column == name) return true;
  }
  return false;
}

std::string row_text(const avro::Schema& own) {
  auto record = parsed(own.text());
  append_columns(record.get_object().at("fields").get_array());
  return json::serialize(record);
}

Result<avro::Schema> own_columns_of_row(std::string_view text) {
  SLUICE_TRY(const auto row, avro::Schema::parse(text, {.validate_defaults = false}));
  if (row.root().type != avro::Type::record || row.root().fields.size() < kColumns.size()) {
    return Error{.code = ErrorCode::corrupt, .message = "it is no record of an archive's rows"};
  }
  auto record = parsed(row.text());
  auto& fields = record.get_object().at("fields").get_array();
  fields.resize(fields.size() - kColumns.size());
  return avro::Schema::parse(json::serialize(record), {.validate_defaults = false});
}

Result<avro::Schema> own_columns(std::string_view value_schema, const std::function<bool(std::string_view)>& keep) {
  SLUICE_TRY(const auto schema, avro::Schema::parse(value_schema, {.validate_defaults = false}));
  auto value = parsed(schema.text());
  if (schema.root().type != avro::Type::record) {
    json::array fields{json::object{{"name", "_value"}, {"type", std::move(value)}}};
    return parsed_own(json::object{{"type", "record"}, {"name", kRecordName}, {"fields", std::move(fields)}});
  }
  auto& record = innermost(value);
  record["name"] = kRecordName;
  json::array fields;
  for (auto& field : record.at("fields").get_array()) {
    if (keep && !keep(name_of(field))) continue;
    if (is_archive_column(name_of(field))) field.get_object()["name"] = "_x5f" + std::string(name_of(field).substr(1));
    fields.push_back(std::move(field));
  }
  record["fields"] = std::move(fields);
  // A named type whose definition stood in a column that was left out is missing: the parser says which.
  SLUICE_TRY(auto own, avro::Schema::parse(json::serialize(record), {.validate_defaults = false}));
  std::set<const avro::Node*> met;
  if (!refers_to_root(own.root(), own.root(), met)) return own;
  return Error{.code = ErrorCode::rejected, .message = "the record refers to itself: within it there would be the archive's columns as well"};
}

bool same_columns(const avro::Schema& one, const avro::Schema& other) {
  auto a = parsed(one.text());
  auto b = parsed(other.text());
  strip(a);
  strip(b);
  return a == b;
}

const avro::Schema& raw_columns() {
  static const auto schema = *own_columns(R"("bytes")");
  return schema;
}

const RowSchema& dead_schema() {
  static const auto schema = [] {
    auto own = *avro::Schema::parse(R"({"type":"record","name":"DeadLetter","fields":[)"
                                    R"({"name":"_value","type":["null","bytes"],"default":null,"field-id":12},)"
                                    R"({"name":"_reason","type":"string","field-id":13}]})");
    auto text = row_text(own);
    return RowSchema{0, std::move(text), std::move(own)};
  }();
  return schema;
}

Bytes encode_place(std::string_view topic, std::int32_t partition) {
  Bytes place;
  ByteWriter writer(place);
  writer.zigzag(static_cast<std::int64_t>(topic.size()));
  writer.raw(topic);
  writer.zigzag(partition);
  return place;
}

void append_archive_columns(const pipeline::ReadRecord& record, ByteView place, Bytes& out) {
  std::optional<ByteView> op, lsn, seq, txid, unchanged, special;
  for (const auto& header : record.headers) {
    if (!header.name.starts_with("__")) continue;
    if (header.name == "__op") op = header.value;
    if (header.name == "__lsn") lsn = header.value;
    if (header.name == "__seq") seq = header.value;
    if (header.name == "__txid") txid = header.value;
    if (header.name == "__unchanged") unchanged = header.value;
    if (header.name == "__special") special = header.value;
  }
  ByteWriter writer(out);
  writer.raw(place);
  writer.zigzag(record.offset.value);
  writer.zigzag(record.timestamp_ms);
  append_text(out, record.key);
  append_text(out, record.value ? op : ByteView("d"));
  append_number(out, lsn);
  append_number(out, seq);
  append_number(out, txid);
  append_text(out, unchanged);
  append_text(out, special);
}

}  // namespace sluice::deliver::archive
