#include "capture/postgres/tracked_table.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "capture/postgres/connection.h"

namespace sluice::capture::postgres {
namespace json = boost::json;

namespace {

constexpr std::string_view kStates[] = {"snapshot", "streaming", "parked", "dropped"};

std::string text_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::int64_t number_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}
bool flag_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}
std::optional<std::string> bound_of(const json::object& object, const char* key) {
  return object.contains(key) ? std::optional(text_of(object, key)) : std::nullopt;
}
Result<Lsn> lsn_of(const json::object& object, const char* key) {
  return object.contains(key) ? parse_lsn(text_of(object, key)) : Result<Lsn>(Lsn{});
}

Result<json::object> parse_object(std::string_view text, const std::string& where) {
  boost::system::error_code error;
  auto value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return Error{ErrorCode::corrupt, where + ": not a JSON object"};
  return std::move(value.get_object());
}

}  // namespace

std::string_view to_string(TableState state) { return kStates[static_cast<std::size_t>(state)]; }

bool TrackedTable::begun() const {
  return std::any_of(chunks.begin(), chunks.end(), [](const Chunk& chunk) { return chunk.done; });
}

namespace {

// The place of an encoded value of `type`.
KeyPlace place_of(const ColumnType& type, ByteView encoded) {
  ByteReader reader(encoded);
  const auto number = reader.zigzag();
  switch (type.kind) {
    case Kind::text:
    case Kind::uuid:
    case Kind::bytes: return {0, std::string(reader.view(static_cast<std::size_t>(number)))};
    default: return {number, {}};
  }
}

}  // namespace

std::optional<KeyPlace> key_place(const ColumnType& type, std::string_view text) {
  Bytes encoded;
  const auto held = encode_text(type, text, encoded);
  if (!held.ok() || !*held) return std::nullopt;
  return place_of(type, encoded);
}

const Chunk& TrackedTable::chunk_at(const KeyPlace& place) const {
  const auto& type = table.columns[table.key.front()].type;
  for (const auto& chunk : chunks) {
    if (!chunk.high) return chunk;
    const auto high = key_place(type, *chunk.high);
    if (high && place < *high) return chunk;
  }
  return chunks.back();
}

const Chunk& TrackedTable::chunk_of(std::span<const Cell> cells) const {
  if (chunks.size() == 1 || table.keyless() || table.key.front() >= cells.size()) return chunks.front();
  const auto place = key_place(table.columns[table.key.front()].type, cells[table.key.front()].text);
  return place ? chunk_at(*place) : chunks.back();
}

const Chunk& TrackedTable::chunk_of_key(ByteView key) const {
  if (chunks.size() == 1 || table.keyless() || key.size() < pipeline::kSchemaHeaderBytes) return chunks.front();
  return chunk_at(place_of(table.columns[table.key.front()].type, key.substr(pipeline::kSchemaHeaderBytes)));
}

std::string TrackedTable::json(const std::string& source) const {
  json::array list;
  for (const auto& chunk : chunks) {
    json::object item;
    if (chunk.low) item["low"] = *chunk.low;
    if (chunk.high) item["high"] = *chunk.high;
    list.push_back(std::move(item));
  }
  json::object object{{"version", 1}, {"source", source}, {"oid", table.oid}, {"schema", table.schema}, {"table", table.name},
                      {"partitioned", table.partitioned}, {"state", to_string(state)}, {"note", note}, {"keyless", keyless}, {"keySchema", key_schema_text},
                      {"chunks", std::move(list)}, {"filterUntil", lsn_text(filter_until)}, {"publishedBefore", published_before},
                      {"unchanged", has_unchanged}, {"rows", count->committed.all}, {"snapshotRows", count->committed.of_snapshot},
                      {"rowsUntil", count->until.value}};
  if (fresh_from) object["freshFrom"] = fresh_from->value;
  if (truncated != Lsn{}) object["truncated"] = lsn_text(truncated);
  if (ends_at != Lsn{}) object["endsAt"] = lsn_text(ends_at), object["endsWhy"] = ends_why;
  return json::serialize(object);
}

Result<std::unique_ptr<TrackedTable>> parse_tracked_table(const std::string& topic, std::string_view text) {
  const auto where = std::string(pipeline::kTablesTopic) + ", " + topic;
  SLUICE_TRY(const auto object, parse_object(text, where));
  if (number_of(object, "version") > 1) return Error{ErrorCode::unsupported, where + ": of a newer version of sluice"};
  auto stored = std::make_unique<TrackedTable>();
  stored->topic = topic;
  stored->table.oid = static_cast<Oid>(number_of(object, "oid"));
  stored->table.schema = text_of(object, "schema");
  stored->table.name = text_of(object, "table");
  stored->table.partitioned = flag_of(object, "partitioned");
  stored->note = text_of(object, "note");
  stored->keyless = flag_of(object, "keyless");
  stored->key_schema_text = text_of(object, "keySchema");
  stored->has_unchanged = flag_of(object, "unchanged");
  stored->published_before = static_cast<std::uint64_t>(number_of(object, "publishedBefore"));
  auto& count = *stored->count;
  count.committed = {static_cast<std::uint64_t>(number_of(object, "rows")), static_cast<std::uint64_t>(number_of(object, "snapshotRows"))};
  count.appended = count.committed;
  count.stored = count.committed.all;
  count.until = Offset{number_of(object, "rowsUntil")};
  stored->ends_why = text_of(object, "endsWhy");
  if (object.contains("freshFrom")) stored->fresh_from = Offset{number_of(object, "freshFrom")};
  const auto state = std::find(std::begin(kStates), std::end(kStates), text_of(object, "state"));
  if (state == std::end(kStates)) return Error{ErrorCode::corrupt, where + ": unknown state"};
  stored->state = static_cast<TableState>(state - std::begin(kStates));
  SLUICE_TRY(stored->filter_until, lsn_of(object, "filterUntil"));
  SLUICE_TRY(stored->truncated, lsn_of(object, "truncated"));
  SLUICE_TRY(stored->ends_at, lsn_of(object, "endsAt"));
  if (const auto* chunks = object.if_contains("chunks"); chunks != nullptr && chunks->is_array()) {
    for (const auto& item : chunks->get_array()) {
      if (item.is_object()) stored->chunks.push_back({bound_of(item.get_object(), "low"), bound_of(item.get_object(), "high"), false, {}});
    }
  }
  if (stored->chunks.empty()) stored->chunks.emplace_back();
  return stored;
}

std::string position_key(const std::string& source) { return json::serialize(json::object{{"owner", source}}); }

std::string chunk_key(const std::string& source, const std::string& topic, std::size_t chunk) {
  return json::serialize(json::object{{"owner", source}, {"table", topic}, {"chunk", chunk}});
}

std::string chunk_value(const Snapshot& snapshot, std::uint64_t rows) {
  return json::serialize(json::object{{"version", 1}, {"snapshot", snapshot.text()}, {"rows", rows}});
}

Result<Snapshot> parse_chunk_value(std::string_view text) {
  SLUICE_TRY(const auto object, parse_object(text, "__sluice_positions, a chunk"));
  return Snapshot::parse(text_of(object, "snapshot"));
}

std::string Position::json() const {
  return json::serialize(json::object{{"version", 1}, {"systemIdentifier", system_identifier}, {"timeline", timeline}, {"slot", slot}, {"creating", creating},
                                      {"commitLsn", lsn_text(commit_lsn)}, {"commitEndLsn", lsn_text(end_lsn)}, {"xid", xid}, {"commitTimeUs", commit_time_us}});
}

Result<Position> Position::parse(std::string_view text) {
  SLUICE_TRY(const auto object, parse_object(text, "__sluice_positions"));
  if (number_of(object, "version") > 1) return Error{ErrorCode::unsupported, "the position in __sluice_positions is of a newer version of sluice"};
  Position position;
  position.system_identifier = text_of(object, "systemIdentifier");
  position.timeline = static_cast<std::int32_t>(number_of(object, "timeline"));
  position.slot = text_of(object, "slot");
  position.creating = flag_of(object, "creating");
  SLUICE_TRY(position.commit_lsn, lsn_of(object, "commitLsn"));
  SLUICE_TRY(position.end_lsn, lsn_of(object, "commitEndLsn"));
  position.xid = static_cast<std::uint32_t>(number_of(object, "xid"));
  position.commit_time_us = number_of(object, "commitTimeUs");
  return position;
}

Result<void> prepare_version(TrackedTable& tracked, const std::string& source, pipeline::SchemaCatalog& catalog) {
  SchemaId key_id{0};
  std::string key_text;
  const auto value_subject = tracked.topic + "-value";
  if (!tracked.table.keyless()) {
    key_text = key_schema(source, tracked.table);
    if (!tracked.key_schema_text.empty()) {
      if (!same_key_schema(tracked.key_schema_text, key_text)) return Error{ErrorCode::rejected, "the key of " + tracked.table.full_name() + " was changed"};
      key_text = tracked.key_schema_text;  // its id is in the keys' bytes
    }
    const auto key_subject = tracked.topic + "-key";
    SLUICE_RETURN_IF_ERROR(catalog.set_compatibility(key_subject, "BACKWARD_TRANSITIVE", true));
    SLUICE_TRY(key_id, catalog.add(key_subject, key_text));
  } else if (!tracked.key_schema_text.empty()) {
    return Error{ErrorCode::rejected, "the key of " + tracked.table.full_name() + " was dropped"};
  }
  SLUICE_RETURN_IF_ERROR(catalog.set_compatibility(value_subject, "BACKWARD_TRANSITIVE", true));
  SLUICE_TRY(const auto value_id, catalog.add(value_subject, value_schema(source, tracked.table)));
  tracked.key_schema_text = key_text;
  tracked.encoder = std::make_unique<RowEncoder>(tracked.table, key_id, value_id);
  return {};
}

}  // namespace sluice::capture::postgres
