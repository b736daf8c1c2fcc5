#include "flow/view_decoder.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "flow/value/function.h"

namespace sluice::flow {
namespace {

std::optional<std::int32_t> schema_id(ByteView framed) {
  if (framed.size() < pipeline::kSchemaHeaderBytes || framed.front() != '\0') return std::nullopt;
  return load_be<std::int32_t>(framed.data() + 1);
}

Decoded bad(Error why) { return {Decoded::What::bad, std::move(why)}; }

}  // namespace

Decoder::Decoder(const Relation& relation, pipeline::SchemaCatalog& catalog) : relation_(relation), catalog_(catalog) {
  values_.columns.assign(relation.columns.begin(), relation.columns.end() - static_cast<std::ptrdiff_t>(relation.hidden));
  for (const auto column : relation.key) keys_.columns.push_back(relation.columns[column]);
  key_row_.resize(keys_.columns.size());
}

Result<const Decoder::Writer*> Decoder::writer(Schemas& schemas, std::int32_t id) {
  if (id == schemas.last_id) return schemas.last;
  auto found = schemas.by_id.find(id);
  if (found == schemas.by_id.end()) {
    auto text = catalog_.schema(SchemaId{id});
    if (!text.ok() && text.error().code != ErrorCode::not_found) return std::move(text).error();
    Writer made;
    const auto open = [&]() -> Result<std::unique_ptr<RowReader>> {
      SLUICE_TRY(const auto json, std::move(text));
      SLUICE_TRY(const auto schema, avro::Schema::parse(json, {.validate_defaults = false, .validate_names = false}));
      return RowReader::open(schema, schemas.columns);
    };
    auto reader = open();
    if (reader.ok()) {
      made.reader = *std::move(reader);
    } else {
      made.why = std::move(reader).error().in("schema " + std::to_string(id));
    }
    found = schemas.by_id.emplace(id, std::move(made)).first;
  }
  schemas.last_id = id;
  return schemas.last = &found->second;
}

Result<std::optional<Error>> Decoder::body(Schemas& schemas, ByteView framed, std::span<Value> row, Arena& arena) {
  const auto id = schema_id(framed);
  if (!id) return std::optional(Error{ErrorCode::corrupt, "it does not begin with the id of a schema, so it is no Avro of the registry's"});
  SLUICE_TRY(const auto* writer, this->writer(schemas, *id));
  if (writer->reader == nullptr) return std::optional(writer->why);
  auto read = writer->reader->read(framed.substr(pipeline::kSchemaHeaderBytes), row, arena);
  if (!read.ok()) return std::optional(std::move(read).error());
  return std::optional<Error>();
}

Result<Decoded> Decoder::deleted(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena) {
  if (!record.key) return bad({ErrorCode::corrupt, "a tombstone without a key"});
  const bool plain = !schema_id(*record.key) && keys_.columns.size() == 1 && keys_.columns[0].type.kind == TypeKind::text;
  if (plain) {  // a key of characters, as many producers write it
    key_row_[0] = Value::of_text(*record.key);
  } else {
    SLUICE_TRY(auto wrong, body(keys_, *record.key, key_row_, arena));
    if (wrong) return bad(std::move(*wrong).in("the key"));
  }
  std::ranges::fill(row, Value::none());
  for (std::size_t i = 0; i < key_row_.size(); ++i) row[relation_.key[i]] = key_row_[i];
  return Decoded{.what = Decoded::What::deleted};
}

std::optional<Error> Decoder::special(ByteView json, std::span<Value> row, Arena& arena) const {
  boost::system::error_code error;
  const auto parsed = boost::json::parse({json.data(), json.size()}, error);
  if (error || !parsed.is_object()) return Error{ErrorCode::corrupt, "header __special is no JSON object"};
  for (const auto& [name, text] : parsed.get_object()) {
    const std::string_view wanted(name.data(), name.size());
    const auto column = std::ranges::find(values_.columns, wanted, &Column::name);
    if (column == values_.columns.end() || !text.is_string()) continue;
    auto value = parse_value(column->type, arena.copy({text.get_string().data(), text.get_string().size()}), arena);
    if (!value.ok()) return std::move(value).error().in("header __special, " + column->name);
    row[static_cast<std::size_t>(column - values_.columns.begin())] = *value;
  }
  return std::nullopt;
}

// Relation::hidden, as many as the relation has.
void Decoder::hidden(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena) {
  if (row.empty()) return;
  const auto op = record.value ? record.header("__op") : std::optional<ByteView>("d");
  const auto values = std::to_array<Value>({Value::of_integer(record.timestamp_ms * 1000), Value::of_integer(partition),
                                            Value::of_integer(record.offset.value), op ? Value::of_text(arena.copy(*op)) : Value::none()});
  std::copy_n(values.begin(), std::min(values.size(), row.size()), row.begin());
}

Result<Decoded> Decoder::decode(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena) {
  if (!record.value && !relation_.changes) return relation_.is_table() ? deleted(record, row, arena) : Decoded{};
  const auto& framed = record.value ? record.value : record.key;  // of a change that is a delete
  if (!framed) return bad({ErrorCode::corrupt, "a record with neither a key nor a value"});
  SLUICE_TRY(auto wrong, body(values_, *framed, row, arena));
  if (wrong) return bad(std::move(*wrong));
  if (!record.headers.empty()) {
    if (const auto header = record.header("__special")) wrong = special(*header, row, arena);
    if (wrong) return bad(std::move(*wrong));
  }
  hidden(record, partition, row.subspan(values_.columns.size()), arena);
  return Decoded{.what = Decoded::What::row};
}

}  // namespace sluice::flow
