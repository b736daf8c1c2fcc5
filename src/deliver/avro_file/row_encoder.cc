#include "deliver/avro_file/row_encoder.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "deliver/avro_file/value_walk.h"

namespace sluice::deliver::avro_file {

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

// A schema without subject of its own is asked for again after so many records.
constexpr int kAskAgainAfter = 1024;
constexpr std::size_t kMaxUnknownIds = 4096;

bool is_ours(std::string_view name) {
  for (const auto& [column, type] : kColumns) {
    if (column == name) return true;
  }
  return false;
}

// Of text that ValueWalk has compiled: valid, and nested no deeper than it allows.
json::value parsed(std::string_view schema) {
  json::parse_options options;
  options.max_depth = 256;
  return json::parse(json::string_view(schema.data(), schema.size()), {}, options);
}

void append_columns(json::array& fields) {
  for (const auto& [name, type] : kColumns) {
    json::object field{{"name", name}, {"type", parsed(type)}};
    if (type.front() == '[') field["default"] = nullptr;
    fields.push_back(std::move(field));
  }
}

// The schema of rows whose own columns are those of the record `schema`, or one column `_value` of another schema.
std::string row_schema(std::string_view schema, bool is_record) {
  auto value = parsed(schema);
  if (!is_record) {
    json::array fields{json::object{{"name", "_value"}, {"type", std::move(value)}}};
    append_columns(fields);
    return json::serialize(json::object{{"type", "record"}, {"name", "Row"}, {"fields", std::move(fields)}});
  }
  auto* record = &value.get_object();
  while (!record->at("type").is_string()) record = &record->at("type").get_object();
  auto& fields = record->at("fields").get_array();
  for (auto& field : fields) {
    auto& name = field.get_object().at("name").get_string();
    if (is_ours(std::string_view(name.data(), name.size()))) name = "_x5f" + std::string(name.subview(1));
  }
  append_columns(fields);
  return json::serialize(*record);
}

constexpr std::string_view kBytesSchema = R"({"type":"record","name":"Bytes","fields":[]})";

std::string bytes_schema() {
  auto value = parsed(kBytesSchema);
  auto& fields = value.get_object().at("fields").get_array();
  fields.push_back(json::object{{"name", "_value"}, {"type", json::array{"null", "bytes"}}, {"default", nullptr}});
  append_columns(fields);
  return json::serialize(value);
}

// The id of a framed value or key; none when it is not framed.
std::optional<SchemaId> framed_id(ByteView bytes) {
  if (bytes.size() < pipeline::kSchemaHeaderBytes || bytes[0] != '\0') return std::nullopt;
  return SchemaId{load_be<std::int32_t>(bytes.data() + 1)};
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

}  // namespace

struct RowEncoder::ValueFormat {
  ValueWalk walk;
  RowFormat format;
  bool all_nullable = false;  // a record of columns that can all be null: it has room for deletes
};

struct RowEncoder::DeletePlan {
  const RowFormat* format = nullptr;
  bool key_body_is_the_row = false;
  struct Column {
    int null_branch = 0;
    int key_field = -1;  // none: null
  };
  std::vector<Column> columns;
};

struct RowEncoder::State {
  std::string topic;
  pipeline::SchemaCatalog& catalog;
  Bytes place;  // _topic and _partition, encoded
  RowFormat bytes{bytes_schema()};
  bool has_subject = false;
  int ask_again = 0;
  std::map<SchemaId, std::unique_ptr<ValueFormat>> values;  // none: not an Avro schema that the catalog knows
  std::map<SchemaId, std::unique_ptr<ValueFormat>> keys;
  std::map<std::pair<const ValueFormat*, const ValueFormat*>, DeletePlan> plans;
  std::unique_ptr<ValueFormat> latest;  // of the subject, for deletes that come before any value
  bool asked_latest = false;
  SchemaId last_id{-1};
  const ValueFormat* last_value = nullptr;  // of last_id
  std::vector<ByteView> key_fields;

  State(std::string t, std::int32_t partition, pipeline::SchemaCatalog& c) : topic(std::move(t)), catalog(c) {
    ByteWriter writer(place);
    writer.zigzag(static_cast<std::int64_t>(topic.size()));
    writer.raw(topic);
    writer.zigzag(partition);
  }

  [[nodiscard]] Result<bool> subject_exists();
  [[nodiscard]] Result<const ValueFormat*> find(std::map<SchemaId, std::unique_ptr<ValueFormat>>& known, SchemaId id);
  [[nodiscard]] Result<const ValueFormat*> value_format(ByteView value);
  [[nodiscard]] Result<const ValueFormat*> delete_base();
  [[nodiscard]] const DeletePlan& plan(const ValueFormat* value, const ValueFormat* key);
  [[nodiscard]] Result<const RowFormat*> encode_value(ByteView value, Bytes& out);
  [[nodiscard]] Result<const RowFormat*> encode_delete(std::optional<ByteView> key, Bytes& out);
  void append_row_columns(const pipeline::ReadRecord& record, Bytes& out) const;
  static std::unique_ptr<ValueFormat> compile(const std::string& schema);
};

RowEncoder::RowEncoder(std::string topic, std::int32_t partition, pipeline::SchemaCatalog& catalog)
    : state_(std::make_unique<State>(std::move(topic), partition, catalog)) {}
RowEncoder::~RowEncoder() = default;
RowEncoder::RowEncoder(RowEncoder&&) noexcept = default;

std::unique_ptr<RowEncoder::ValueFormat> RowEncoder::State::compile(const std::string& schema) {
  auto walk = ValueWalk::compile(schema);
  if (!walk.ok()) return nullptr;
  bool nullable = walk->is_record();
  for (const auto& field : walk->fields()) nullable = nullable && walk->null_branch(field).has_value();
  auto format = row_schema(schema, walk->is_record());
  return std::make_unique<ValueFormat>(ValueFormat{std::move(*walk), {std::move(format)}, nullable});
}

// Whether the registry has values of this topic. Only then is a leading zero byte a frame and no accident.
Result<bool> RowEncoder::State::subject_exists() {
  if (has_subject) return true;
  if (ask_again-- > 0) return false;
  ask_again = kAskAgainAfter;
  const auto latest_schema = catalog.latest(topic + "-value");
  if (!latest_schema.ok() && latest_schema.error().code != ErrorCode::not_found) return latest_schema.error();
  has_subject = latest_schema.ok();
  return has_subject;
}

Result<const RowEncoder::ValueFormat*> RowEncoder::State::find(
    std::map<SchemaId, std::unique_ptr<ValueFormat>>& known, SchemaId id) {
  if (const auto found = known.find(id); found != known.end()) return found->second.get();
  auto schema = catalog.schema(id);
  if (!schema.ok() && schema.error().code != ErrorCode::not_found) return std::move(schema).error();
  auto format = schema.ok() ? compile(*schema) : nullptr;
  if (!format && known.size() > kMaxUnknownIds) return nullptr;
  return (known[id] = std::move(format)).get();
}

Result<const RowEncoder::ValueFormat*> RowEncoder::State::value_format(ByteView value) {
  const auto id = framed_id(value);
  if (!id) return nullptr;
  if (last_value != nullptr && *id == last_id) return last_value;
  SLUICE_TRY(const bool framed, subject_exists());
  if (!framed) return nullptr;
  SLUICE_TRY(const auto* format, find(values, *id));
  if (format != nullptr) {
    last_id = *id;
    last_value = format;
  }
  return format;
}

Result<const RowFormat*> RowEncoder::State::encode_value(ByteView value, Bytes& out) {
  SLUICE_TRY(const auto* format, value_format(value));
  const auto body = format != nullptr ? value.substr(pipeline::kSchemaHeaderBytes) : ByteView{};
  if (format != nullptr && format->walk.matches(body)) {
    out.append(body);
    return &format->format;
  }
  append_text(out, value);
  return &bytes;
}

// The format that deletes take room in: that of the newest value seen, or of the subject's newest schema.
Result<const RowEncoder::ValueFormat*> RowEncoder::State::delete_base() {
  if (last_value != nullptr) return last_value;
  if (!asked_latest) {
    auto schema = catalog.latest(topic + "-value");
    if (!schema.ok() && schema.error().code != ErrorCode::not_found) return std::move(schema).error();
    if (schema.ok()) latest = compile(*schema);
    asked_latest = true;
  }
  return latest.get();
}

const RowEncoder::DeletePlan& RowEncoder::State::plan(const ValueFormat* value, const ValueFormat* key) {
  const auto [found, is_new] = plans.try_emplace({value, key});
  auto& plan = found->second;
  if (!is_new) return plan;
  if (value == nullptr || !value->all_nullable) {
    plan.key_body_is_the_row = key != nullptr;
    plan.format = key != nullptr ? &key->format : &bytes;
    return plan;
  }
  plan.format = &value->format;
  for (const auto& field : value->walk.fields()) {
    DeletePlan::Column column{.null_branch = *value->walk.null_branch(field)};
    for (std::size_t i = 0; key != nullptr && i < key->walk.fields().size(); ++i) {
      const auto& key_field = key->walk.fields()[i];
      if (key_field.name == field.name && value->walk.takes(field, key->walk, key_field)) {
        column.key_field = static_cast<int>(i);
      }
    }
    plan.columns.push_back(column);
  }
  return plan;
}

Result<const RowFormat*> RowEncoder::State::encode_delete(std::optional<ByteView> key, Bytes& out) {
  SLUICE_TRY(const auto* value, delete_base());
  const ValueFormat* key_format = nullptr;
  if (const auto id = key ? framed_id(*key) : std::nullopt; id && (value != nullptr || has_subject)) {
    SLUICE_TRY(key_format, find(keys, *id));
  }
  const auto body = key_format != nullptr ? key->substr(pipeline::kSchemaHeaderBytes) : ByteView{};
  if (key_format != nullptr && !key_format->walk.split(body, key_fields)) key_format = nullptr;
  const auto& how = plan(value, key_format);
  if (how.key_body_is_the_row) {
    out.append(body);
  } else if (how.format == &bytes) {
    append_text(out, std::nullopt);
  }
  ByteWriter writer(out);
  for (const auto& column : how.columns) {
    const int branch = column.key_field < 0 ? column.null_branch : 1 - column.null_branch;
    writer.zigzag(branch);
    if (column.key_field >= 0) writer.raw(key_fields[static_cast<std::size_t>(column.key_field)]);
  }
  return how.format;
}

void RowEncoder::State::append_row_columns(const pipeline::ReadRecord& record, Bytes& out) const {
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

Result<const RowFormat*> RowEncoder::encode(const pipeline::ReadRecord& record, Bytes& out) {
  const auto* format = static_cast<const RowFormat*>(nullptr);
  if (record.value) {
    SLUICE_TRY(format, state_->encode_value(*record.value, out));
  } else {
    SLUICE_TRY(format, state_->encode_delete(record.key, out));
  }
  state_->append_row_columns(record, out);
  return format;
}

}  // namespace sluice::deliver::avro_file
