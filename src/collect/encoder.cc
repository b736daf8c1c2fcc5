#include "collect/encoder.h"

#include <utility>

#include "avro/json.h"
#include "avro/plain_json.h"

namespace sluice::collect {
namespace {

constexpr std::int64_t kFreshMs = 1000;

}  // namespace

Result<SchemaPtr> Encoder::keep(SchemaId id, const std::string& text) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  SLUICE_TRY(auto schema, avro::Schema::parse(text, {.validate_defaults = false}));
  return by_id_[id] = std::make_shared<const NumberedSchema>(NumberedSchema{id, std::move(schema)});
}

Result<SchemaPtr> Encoder::newest(const std::string& subject, bool fresh) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady_ms();
  if (const auto found = newest_.find(subject); !fresh && found != newest_.end() && now - found->second.read_ms < kFreshMs) return found->second.schema;
  SLUICE_TRY(const auto text, catalog_.latest(subject));
  SLUICE_TRY(const auto id, catalog_.add(subject, text));  // it is there: this gives its id
  SLUICE_TRY(const auto schema, keep(id, text));
  newest_[subject] = {schema, now};
  return schema;
}

Result<SchemaPtr> Encoder::add(const std::string& subject, const std::string& text) {
  const std::lock_guard lock(mutex_);
  SLUICE_TRY(const auto id, catalog_.add(subject, text));
  newest_.erase(subject);
  return keep(id, text);
}

Result<SchemaPtr> Encoder::by_id(SchemaId id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  SLUICE_TRY(const auto text, catalog_.schema(id));
  return keep(id, text);
}

Result<void> encode(const NumberedSchema& schema, Form form, const std::string& text, std::string_view ignored, Bytes& out) {
  const auto begin = out.size();
  char id[sizeof(std::int32_t)];
  store_be<std::int32_t>(id, schema.id.value);
  out.push_back('\0');
  out.append(id, sizeof id);
  auto done = form == Form::avro_json ? avro::from_json(schema.schema, text, out) : avro::from_plain_json(schema.schema.root(), text, out, ignored);
  if (!done.ok()) out.resize(begin);
  return done;
}

}  // namespace sluice::collect
