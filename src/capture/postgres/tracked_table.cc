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
std::optional<std::int64_t> bound_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

Result<json::object> parse_object(std::string_view text, const std::string& where) {
  boost::system::error_code error;
  auto value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return Error{ErrorCode::corrupt, where + ": not a JSON object"};
  return std::move(value.get_object());
}

}  // namespace

std::string_view to_string(TableState state) { return kStates[static_cast<std::size_t>(state)]; }

bool TrackedTable::snapshot_done() const {
  return std::all_of(chunks.begin(), chunks.end(), [](const Chunk& chunk) { return chunk.done; });
}

const Chunk& TrackedTable::chunk_at(std::int64_t first_key) const {
  for (const auto& chunk : chunks) {
    if ((!chunk.low || first_key >= *chunk.low) && (!chunk.high || first_key < *chunk.high)) return chunk;
  }
  return chunks.back();
}

const Chunk& TrackedTable::chunk_of(std::span<const Cell> cells) const {
  if (chunks.size() == 1 || table.key.empty() || table.key.front() >= cells.size()) return chunks.front();
  const auto text = cells[table.key.front()].text;
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return chunk_at(value);
}

const Chunk& TrackedTable::chunk_of_key(ByteView key) const {
  if (chunks.size() == 1) return chunks.front();
  ByteReader reader(key);
  reader.skip(pipeline::kSchemaHeaderBytes);
  return chunk_at(reader.zigzag());
}

std::string TrackedTable::json(const std::string& source) const {
  json::array list;
  for (const auto& chunk : chunks) {
    json::object item;
    if (chunk.low) item["low"] = *chunk.low;
    if (chunk.high) item["high"] = *chunk.high;
    list.push_back(std::move(item));
  }
  return json::serialize(json::object{{"version", 1}, {"source", source}, {"oid", table.oid}, {"schema", table.schema}, {"table", table.name},
                                      {"state", to_string(state)}, {"note", note}, {"keySchema", key_schema_text}, {"chunks", std::move(list)},
                                      {"filterUntil", lsn_text(filter_until)}, {"unchanged", has_unchanged}, {"replaces", replaces_earlier},
                                      {"rows", rows}, {"snapshotRows", snapshot_rows}});
}

Result<StoredTable> parse_stored_table(const std::string& topic, std::string_view text) {
  SLUICE_TRY(const auto object, parse_object(text, "__sluice_tables, " + topic));
  StoredTable stored;
  stored.topic = topic;
  stored.oid = static_cast<Oid>(number_of(object, "oid"));
  stored.schema = text_of(object, "schema");
  stored.name = text_of(object, "table");
  stored.note = text_of(object, "note");
  stored.key_schema_text = text_of(object, "keySchema");
  stored.has_unchanged = flag_of(object, "unchanged");
  stored.replaces_earlier = flag_of(object, "replaces");
  stored.rows = static_cast<std::uint64_t>(number_of(object, "rows"));
  stored.snapshot_rows = static_cast<std::uint64_t>(number_of(object, "snapshotRows"));
  const auto state = std::find(std::begin(kStates), std::end(kStates), text_of(object, "state"));
  if (state == std::end(kStates)) return Error{ErrorCode::corrupt, "__sluice_tables, " + topic + ": unknown state"};
  stored.state = static_cast<TableState>(state - std::begin(kStates));
  SLUICE_TRY(stored.filter_until, parse_lsn(text_of(object, "filterUntil")));
  if (const auto* chunks = object.if_contains("chunks"); chunks != nullptr && chunks->is_array()) {
    for (const auto& item : chunks->get_array()) {
      if (item.is_object()) stored.chunks.push_back({bound_of(item.get_object(), "low"), bound_of(item.get_object(), "high"), false, {}});
    }
  }
  if (stored.chunks.empty()) stored.chunks.emplace_back();
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
  SLUICE_TRY(position.commit_lsn, parse_lsn(text_of(object, "commitLsn")));
  SLUICE_TRY(position.end_lsn, parse_lsn(text_of(object, "commitEndLsn")));
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
    if (!tracked.key_schema_text.empty() && tracked.key_schema_text != key_text) {
      return Error{ErrorCode::rejected, "the key of " + tracked.table.full_name() + " was changed"};
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
