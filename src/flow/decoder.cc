#include "flow/decoder.h"

#include <algorithm>
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

Decoder::Decoder(const Relation& relation, pipeline::SchemaCatalog& catalog)
    : relation_(relation), catalog_(catalog),
      columns_(relation.columns.begin(), relation.columns.end() - static_cast<std::ptrdiff_t>(relation.hidden)) {}

Result<const Decoder::Writer*> Decoder::writer(std::int32_t id) {
  if (id == last_id_) return last_;
  auto found = writers_.find(id);
  if (found == writers_.end()) {
    auto text = catalog_.schema(SchemaId{id});
    if (!text.ok() && text.error().code != ErrorCode::not_found) return std::move(text).error();
    const auto open = [&]() -> Result<std::unique_ptr<RowReader>> {
      SLUICE_TRY(const auto json, std::move(text));
      SLUICE_TRY(const auto schema, avro::Schema::parse(json, {.validate_defaults = false, .validate_names = false}));
      return RowReader::open(schema, columns_);
    };
    Writer made;
    auto reader = open();
    if (reader.ok()) {
      made.reader = *std::move(reader);
    } else {
      made.why = std::move(reader).error().in("schema " + std::to_string(id));
    }
    found = writers_.emplace(id, std::move(made)).first;
  }
  last_id_ = id;
  return last_ = &found->second;
}

Result<std::optional<Error>> Decoder::body(ByteView framed, std::span<Value> row, Arena& arena) {
  const auto id = schema_id(framed);
  if (!id) return std::optional(Error{ErrorCode::corrupt, "it does not begin with the id of a schema, so it is no Avro of the registry's"});
  SLUICE_TRY(const auto* writer, this->writer(*id));
  if (writer->reader == nullptr) return std::optional(writer->why);
  auto read = writer->reader->read(framed.substr(pipeline::kSchemaHeaderBytes), row, arena);
  if (!read.ok()) return std::optional(std::move(read).error());
  return std::optional<Error>();
}

// Of a tombstone: the key's columns, the others null.
Result<std::optional<Error>> Decoder::key(const pipeline::ReadRecord& record, std::span<Value> row, Arena& arena) {
  if (!record.key) return std::optional(Error{ErrorCode::corrupt, "a tombstone without a key"});
  const auto& key = relation_.key;
  if (!schema_id(*record.key) && key.size() == 1 && columns_[key[0]].type.kind == TypeKind::text) {
    row[key[0]] = Value::of_text(*record.key);  // of characters, as many producers write it
    return std::optional<Error>();
  }
  SLUICE_TRY(auto wrong, body(*record.key, row, arena));
  if (wrong) return std::optional(std::move(*wrong).in("the key"));
  return std::optional<Error>();
}

std::optional<Error> Decoder::special(ByteView json, std::span<Value> row, Arena& arena) const {
  boost::system::error_code error;
  const auto parsed = boost::json::parse({json.data(), json.size()}, error);
  if (error || !parsed.is_object()) return Error{ErrorCode::corrupt, "header __special is no JSON object"};
  for (const auto& [name, text] : parsed.get_object()) {
    const std::string_view wanted(name.data(), name.size());
    const auto column = std::ranges::find(columns_, wanted, &Column::name);
    if (column == columns_.end() || !text.is_string()) continue;
    auto value = parse_value(column->type, arena.copy({text.get_string().data(), text.get_string().size()}), arena);
    if (!value.ok()) return std::move(value).error().in("header __special, " + column->name);
    row[static_cast<std::size_t>(column - columns_.begin())] = *value;
  }
  return std::nullopt;
}

Result<Decoded> Decoder::decode(const pipeline::ReadRecord& record, std::int32_t partition, std::span<Value> row, Arena& arena) {
  if (!record.value && !relation_.is_table() && !relation_.changes) return Decoded{};
  const auto visible = row.first(columns_.size());
  SLUICE_TRY(auto wrong, record.value ? body(*record.value, visible, arena) : key(record, visible, arena));
  if (wrong) return bad(std::move(*wrong));
  if (!record.value && relation_.is_table()) return Decoded{.what = Decoded::What::deleted};
  auto op = record.value ? std::optional<ByteView>() : ByteView("d");
  if (!record.headers.empty()) {
    if (const auto header = record.header("__special")) wrong = special(*header, row, arena);
    if (wrong) return bad(std::move(*wrong));
    if (!op) op = record.header("__op");
  }
  const Value hidden[] = {Value::of_integer(record.timestamp_ms * 1000), Value::of_integer(partition), Value::of_integer(record.offset.value),
                          op ? Value::of_text(*op) : Value::none()};
  for (std::size_t i = 0; i < std::min(relation_.hidden, std::size(hidden)); ++i) row[columns_.size() + i] = hidden[i];
  return Decoded{.what = Decoded::What::row};
}

Result<void> Decoder::decode_value(ByteView framed, std::span<Value> row, Arena& arena) {
  SLUICE_TRY(auto wrong, body(framed, row, arena));
  return wrong ? Result<void>(std::move(*wrong)) : Result<void>();
}

}  // namespace sluice::flow
