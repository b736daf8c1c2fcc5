#include "flow/framed_rows.h"

#include <utility>

#include "avro/schema.h"

namespace sluice::flow {

Result<const RowReader*> FramedReader::reader_of(std::int32_t id) {
  auto& known = readers_[id];
  if (known) return known.get();
  SLUICE_TRY(const auto text, catalog_.schema(SchemaId{id}));
  SLUICE_TRY(const auto schema, avro::Schema::parse(text, {.validate_defaults = false, .validate_names = false}));
  SLUICE_TRY(known, RowReader::open(schema, columns_));
  return known.get();
}

Result<void> FramedReader::read(ByteView framed, std::span<Value> row, Arena& arena) {
  if (framed.size() < pipeline::kSchemaHeaderBytes || framed[0] != 0) {
    return Error{ErrorCode::corrupt, "it does not begin with a schema's id"};
  }
  SLUICE_TRY(const auto* reader, reader_of(load_be<std::int32_t>(framed.data() + 1)));
  return reader->read(framed.substr(pipeline::kSchemaHeaderBytes), row, arena);
}

namespace {

std::vector<Column> visible_columns(const Relation& relation) {
  return {relation.columns.begin(), relation.columns.end() - static_cast<std::ptrdiff_t>(relation.hidden)};
}

}  // namespace

RelationReader::RelationReader(pipeline::SchemaCatalog& catalog, const Relation& relation)
    : relation_(relation),
      visible_(relation.columns.size() - relation.hidden),
      values_(catalog, visible_columns(relation)) {}

Result<std::span<Value>> RelationReader::row(ByteView value, Arena& arena) {
  const auto out = arena.row(relation_.columns.size());
  SLUICE_RETURN_IF_ERROR(values_.read(value, out.first(visible_), arena));
  return out;
}

Result<std::span<Value>> RelationReader::row(const pipeline::ReadRecord& record, std::int32_t partition, Arena& arena) {
  const auto out = arena.row(relation_.columns.size());
  const auto& framed = record.value ? record.value : record.key;
  if (!framed) return Error{ErrorCode::rejected, "there is neither a value nor a key"};
  SLUICE_RETURN_IF_ERROR(values_.read(*framed, out.first(visible_), arena));
  const auto op = record.value ? record.header("__op") : std::optional<ByteView>("d");
  if (relation_.hidden > 0) out[visible_] = Value::of_integer(record.timestamp_ms * 1000);
  if (relation_.hidden > 1) out[visible_ + 1] = Value::of_integer(partition);
  if (relation_.hidden > 2) out[visible_ + 2] = Value::of_integer(record.offset.value);
  if (relation_.hidden > 3 && op) out[visible_ + 3] = Value::of_text(arena.copy(*op));
  return out;
}

}  // namespace sluice::flow
