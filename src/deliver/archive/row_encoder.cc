#include "deliver/archive/row_encoder.h"

#include <map>
#include <utility>

namespace sluice::deliver::archive {

namespace {

// A topic without subject asks for one again after so many records.
constexpr int kAskAgainAfter = 1024;
constexpr std::size_t kMaxUnknownIds = 4096;

// The id of a framed value or key; none when it is not framed.
std::optional<SchemaId> framed_id(ByteView bytes) {
  if (bytes.size() < pipeline::kSchemaHeaderBytes || bytes[0] != '\0') return std::nullopt;
  return SchemaId{load_be<std::int32_t>(bytes.data() + 1)};
}

bool has_column(const RowSchema& schema, std::string_view name) { return schema.own.root().field(name) != nullptr; }

// The own columns of dead_schema().
void append_dead(std::optional<ByteView> value, ByteView reason, Bytes& out) {
  ByteWriter writer(out);
  writer.u8(value ? 2 : 0);
  if (value) {
    writer.zigzag(static_cast<std::int64_t>(value->size()));
    writer.raw(*value);
  }
  writer.zigzag(static_cast<std::int64_t>(reason.size()));
  writer.raw(reason);
}

const avro::Schema& no_columns() {
  static const auto schema = *avro::Schema::parse(R"({"type":"record","name":"Value","fields":[]})");
  return schema;
}

}  // namespace

// How data of one schema become rows: resolved to the topic's schema of the version at hand.
struct RowEncoder::Plan {
  avro::Schema writer = {};
  std::string refused = {};  // why they cannot; else empty
  int version = 0;           // of the topic's schema that `resolution` leads to
  std::optional<avro::Resolution> resolution = {};
};

struct RowEncoder::State {
  std::string topic;
  pipeline::SchemaCatalog& catalog;
  TopicSchema& schema;
  const ColumnChoice& columns;
  Bytes place;  // _topic and _partition, encoded
  bool has_subject = false;
  bool asked_latest = false;
  int ask_again = 0;
  std::map<SchemaId, std::unique_ptr<Plan>> values = {};  // none: not an id that the catalog knows
  std::map<SchemaId, std::unique_ptr<Plan>> keys = {};
  Plan raw = {.writer = raw_columns()};
  Plan nothing = {.writer = no_columns()};
  SchemaId last_id{-1};
  Plan* last_value = nullptr;  // of last_id
  Bytes datum = {};

  [[nodiscard]] Result<bool> subject_exists();
  [[nodiscard]] Result<std::optional<std::string>> find_schema(SchemaId id);
  [[nodiscard]] Result<Plan*> value_plan(SchemaId id);
  [[nodiscard]] Result<Plan*> key_plan(SchemaId id);
  [[nodiscard]] Result<void> make_room(Plan& plan, std::string_view text);
  // Brings the plan to the topic's current version.
  [[nodiscard]] Result<void> prepare(Plan& plan) const;
  [[nodiscard]] Result<EncodedRow> encode_value(ByteView value, Bytes& out);
  [[nodiscard]] Result<EncodedRow> encode_framed(SchemaId id, Plan& plan, ByteView body, Bytes& out);
  [[nodiscard]] Result<EncodedRow> encode_raw(ByteView value, Bytes& out);
  [[nodiscard]] Result<EncodedRow> encode_delete(std::optional<ByteView> key, Bytes& out);
  [[nodiscard]] Result<void> ensure_schema();
};

RowEncoder::RowEncoder(std::string topic, std::int32_t partition, pipeline::SchemaCatalog& catalog, TopicSchema& schema,
                       const ColumnChoice& columns) {
  auto place = encode_place(topic, partition);
  state_.reset(new State{std::move(topic), catalog, schema, columns, std::move(place)});
}
RowEncoder::~RowEncoder() = default;
RowEncoder::RowEncoder(RowEncoder&&) noexcept = default;

// Whether the registry has values of this topic. Only then is a leading zero byte a frame and no accident.
Result<bool> RowEncoder::State::subject_exists() {
  if (has_subject) return true;
  if (ask_again-- > 0) return false;
  ask_again = kAskAgainAfter;
  const auto latest = catalog.latest(topic + "-value");
  if (!latest.ok() && latest.error().code != ErrorCode::not_found) return latest.error();
  has_subject = latest.ok();
  return has_subject;
}

Result<std::optional<std::string>> RowEncoder::State::find_schema(SchemaId id) {
  auto text = catalog.schema(id);
  if (text.ok()) return std::optional(*std::move(text));
  if (text.error().code != ErrorCode::not_found) return std::move(text).error();
  return std::optional<std::string>();
}

// Lets the topic's schema grow by a value's. A schema that cannot be merged stands in the plan as refused.
Result<void> RowEncoder::State::make_room(Plan& plan, std::string_view text) {
  auto whole = own_columns(text);
  auto chosen = columns ? own_columns(text, columns) : whole;
  for (const auto* parsed : {&whole, &chosen}) {
    if (!parsed->ok()) return plan.refused = parsed->error().message, Result<void>{};
  }
  plan.writer = *whole;
  auto grown = schema.grow(*chosen);
  if (grown.ok() || grown.error().code != ErrorCode::rejected) return grown;
  plan.refused = grown.error().message;
  return {};
}

Result<RowEncoder::Plan*> RowEncoder::State::value_plan(SchemaId id) {
  if (last_value != nullptr && id == last_id) return last_value;
  auto found = values.find(id);
  if (found == values.end()) {
    SLUICE_TRY(const auto text, find_schema(id));
    if (!text && values.size() > kMaxUnknownIds) return nullptr;
    std::unique_ptr<Plan> plan;
    if (text) {
      plan = std::make_unique<Plan>();
      SLUICE_RETURN_IF_ERROR(make_room(*plan, *text));
    }
    found = values.emplace(id, std::move(plan)).first;
  }
  last_id = id;
  return last_value = found->second.get();
}

// The topic's schema does not grow by keys: their columns are the table's, too.
Result<RowEncoder::Plan*> RowEncoder::State::key_plan(SchemaId id) {
  if (const auto found = keys.find(id); found != keys.end()) return found->second.get();
  SLUICE_TRY(const auto text, find_schema(id));
  auto own = text ? own_columns(*text) : Result<avro::Schema>(no_columns());
  if (keys.size() > kMaxUnknownIds) return nullptr;
  auto plan = std::make_unique<Plan>();
  if (own.ok()) plan->writer = *std::move(own);
  else plan->refused = own.error().message;
  return keys.emplace(id, std::move(plan)).first->second.get();
}

Result<void> RowEncoder::State::prepare(Plan& plan) const {
  const int version = schema.current()->version;
  if (plan.version == version) return {};
  plan.version = version;
  auto resolution = avro::Resolution::compile(plan.writer, schema.current()->own);
  if (resolution.ok()) {
    plan.resolution = *std::move(resolution);
  } else {
    plan.resolution.reset();
    plan.refused = resolution.error().message;
  }
  return {};
}

Result<EncodedRow> RowEncoder::State::encode_value(ByteView value, Bytes& out) {
  if (const auto id = framed_id(value)) {
    SLUICE_TRY(const bool framed, subject_exists());
    SLUICE_TRY(auto* plan, framed ? value_plan(*id) : Result<Plan*>(nullptr));
    if (plan != nullptr) return encode_framed(*id, *plan, value.substr(pipeline::kSchemaHeaderBytes), out);
  }
  SLUICE_RETURN_IF_ERROR(subject_exists());
  if (has_subject && (schema.current() == nullptr || !has_column(*schema.current(), "_value"))) {
    const auto id = framed_id(value);
    return EncodedRow{&dead_schema(), {}, id ? "the registry does not know schema " + std::to_string(id->value)
                                             : "it is not framed with a schema, and the topic has one"};
  }
  return encode_raw(value, out);
}

Result<EncodedRow> RowEncoder::State::encode_framed(SchemaId id, Plan& plan, ByteView body, Bytes& out) {
  if (plan.refused.empty()) SLUICE_RETURN_IF_ERROR(prepare(plan));
  const auto where = "schema " + std::to_string(id.value) + ": ";
  if (!plan.refused.empty()) return EncodedRow{&dead_schema(), id, where + plan.refused};
  const auto before = out.size();
  auto resolved = plan.resolution->resolve(body, out);
  if (resolved.ok()) return EncodedRow{schema.current(), id, {}};
  out.resize(before);
  return EncodedRow{&dead_schema(), id, where + resolved.error().message};
}

Result<EncodedRow> RowEncoder::State::encode_raw(ByteView value, Bytes& out) {
  if (raw.version == 0) {
    auto grown = schema.grow(raw.writer);
    if (!grown.ok() && grown.error().code != ErrorCode::rejected) return std::move(grown).error();
    if (!grown.ok()) return EncodedRow{&dead_schema(), {}, grown.error().message};
  }
  SLUICE_RETURN_IF_ERROR(prepare(raw));
  datum.clear();
  ByteWriter writer(datum);
  writer.zigzag(static_cast<std::int64_t>(value.size()));
  writer.raw(value);
  if (!raw.resolution) return EncodedRow{&dead_schema(), {}, raw.refused};
  SLUICE_RETURN_IF_ERROR(raw.resolution->resolve(datum, out));
  return EncodedRow{schema.current(), {}, {}};
}

// That there is a schema for a delete that comes before any value: of the subject, or of values without one.
Result<void> RowEncoder::State::ensure_schema() {
  if (schema.current() != nullptr) return {};
  auto latest = catalog.latest(topic + "-value");
  if (!latest.ok() && latest.error().code != ErrorCode::not_found) return std::move(latest).error();
  if (latest.ok()) {
    Plan plan;
    SLUICE_RETURN_IF_ERROR(make_room(plan, *latest));
  }
  return schema.current() != nullptr ? Result<void>{} : schema.grow(raw_columns());
}

Result<EncodedRow> RowEncoder::State::encode_delete(std::optional<ByteView> key, Bytes& out) {
  SLUICE_RETURN_IF_ERROR(ensure_schema());
  const auto id = key ? framed_id(*key) : std::nullopt;
  SLUICE_TRY(auto* plan, id ? key_plan(*id) : Result<Plan*>(nullptr));
  if (plan != nullptr && plan->refused.empty()) {
    SLUICE_RETURN_IF_ERROR(prepare(*plan));
    const auto before = out.size();
    const auto body = key->substr(pipeline::kSchemaHeaderBytes);
    if (plan->resolution && plan->resolution->resolve(body, out).ok()) return EncodedRow{schema.current(), {}, {}};
    out.resize(before);
  }
  SLUICE_RETURN_IF_ERROR(prepare(nothing));
  SLUICE_RETURN_IF_ERROR(nothing.resolution->resolve({}, out));
  return EncodedRow{schema.current(), {}, {}};
}

Result<EncodedRow> RowEncoder::encode(const pipeline::ReadRecord& record, Bytes& out) {
  SLUICE_TRY(auto row, record.value ? state_->encode_value(*record.value, out) : state_->encode_delete(record.key, out));
  if (!row.reason.empty()) append_dead(record.value, row.reason, out);
  append_archive_columns(record, state_->place, out);
  return row;
}

void RowEncoder::refuse(const pipeline::ReadRecord& record, std::string reason, EncodedRow& row, Bytes& out) const {
  out.clear();
  append_dead(record.value, reason, out);
  append_archive_columns(record, state_->place, out);
  row.schema = &dead_schema();
  row.reason = std::move(reason);
}

}  // namespace sluice::deliver::archive
