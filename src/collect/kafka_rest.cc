#include "collect/kafka_rest.h"

#include <charconv>

#include "base/base64.h"
#include "collect/json_members.h"

namespace sluice::collect {
namespace {

enum class Embedded : std::uint8_t { json, avro, binary };

std::optional<std::int32_t> number_of(std::optional<std::string_view> raw) {
  std::int32_t number = 0;
  if (!raw || std::from_chars(raw->data(), raw->data() + raw->size(), number).ptr != raw->data() + raw->size()) return std::nullopt;
  return number;
}

std::string text_of(std::optional<std::string_view> raw) { return raw ? scalar_text(*raw).value_or("") : std::string(); }

bool is_null(std::optional<std::string_view> raw) { return !raw || *raw == "null"; }

// Gives why the bytes are none.
std::string take_bytes(std::optional<std::string_view> raw, const char* what, std::optional<std::string>& out) {
  if (is_null(raw)) return "";
  const auto text = scalar_text(*raw);
  out = text ? from_base64(*text) : std::nullopt;
  return out ? "" : std::string(what) + " is no base64";
}

Event event_of(const Members& members, Embedded embedded, const Rule& rule) {
  const auto key = find_member(members, "key"), value = find_member(members, "value");
  Event event{.partition = number_of(find_member(members, "partition"))};
  if (embedded == Embedded::binary) {
    event.form = Form::bytes;
    event.wrong = take_bytes(key, "the key", event.key);
    if (event.wrong.empty()) event.wrong = take_bytes(value, "the value", event.value);
    return event;
  }
  event.form = embedded == Embedded::avro ? Form::avro_json : Form::json;
  if (!is_null(key)) event.key = std::string(*key);  // JSON, as it is written
  if (is_null(value)) return event;
  event.value = std::string(*value);
  if (rule.dedupe_by.empty()) return event;
  if (const auto inner = members_of(*value); inner.ok()) {
    if (const auto id = find_member(*inner, rule.dedupe_by)) event.id = scalar_text(*id).value_or("");
  }
  return event;
}

Result<void> check_schemas(const Batch& batch) {
  bool keys = false, values = false;
  for (const auto& event : batch.events) {
    keys = keys || event.key.has_value();
    values = values || event.value.has_value();
  }
  if (values && batch.value_schema.empty() && !batch.value_schema_id) {
    return failure(42202, "the request has values, and neither value_schema nor value_schema_id");
  }
  if (keys && batch.key_schema.empty() && !batch.key_schema_id) {
    return failure(42201, "the request has keys, and neither key_schema nor key_schema_id");
  }
  return {};
}

}  // namespace

Result<Batch> parse_kafka_rest(const std::string& media_type, const std::string& body, const Rule& rule) {
  Embedded embedded = Embedded::json;
  if (media_type == "application/vnd.kafka.avro.v2+json") embedded = Embedded::avro;
  else if (media_type == "application/vnd.kafka.binary.v2+json" || media_type == "application/vnd.kafka.v2+json") embedded = Embedded::binary;
  else if (media_type != "application/vnd.kafka.json.v2+json") return failure(41501, "Content-Type " + media_type + " is not taken", "of the REST proxy's, json, avro and binary of v2 are");
  const auto members = members_of(body);
  if (!members.ok()) return failure(40001, "the body is no JSON object: " + members.error().message);
  const auto records = find_member(*members, "records");
  const auto items = records ? items_of(*records) : Result<std::vector<std::string_view>>(failure(0, ""));
  if (!items.ok() || items->empty()) return failure(42203, "the body has no list \"records\" with a record");
  Batch batch{.format = Format::kafka, .value_schema = text_of(find_member(*members, "value_schema")), .value_schema_id = number_of(find_member(*members, "value_schema_id")),
              .key_schema = text_of(find_member(*members, "key_schema")), .key_schema_id = number_of(find_member(*members, "key_schema_id"))};
  for (const auto item : *items) {
    const auto record = members_of(item);
    if (!record.ok()) return failure(42203, "a record is no JSON object: " + record.error().message);
    batch.events.push_back(event_of(*record, embedded, rule));
  }
  if (embedded == Embedded::avro) SLUICE_RETURN_IF_ERROR(check_schemas(batch));
  return batch;
}

}  // namespace sluice::collect
