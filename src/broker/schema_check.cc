#include "broker/schema_check.h"

namespace sluice::broker {
namespace {

constexpr std::size_t kMostBad = 100;
constexpr std::size_t kMostInflated = std::size_t{128} << 20;
constexpr std::size_t kGuidBytes = 16;

// 00 and an int32, or 01 and a GUID. A frame before a value's bytes has the first form only.
std::optional<SchemaName> name_in(ByteView bytes, bool header) {
  if (bytes.size() >= 5 && bytes[0] == 0) return SchemaName(SchemaId{load_be<std::int32_t>(bytes.data() + 1)});
  if (header && bytes.size() >= 1 + kGuidBytes && bytes[0] == 1) return SchemaName(Bytes(bytes.substr(1, kGuidBytes)));
  return std::nullopt;
}

// One part of the records of a batch: keys, or values.
class PartCheck {
 public:
  PartCheck(const std::string& topic, bool key, std::optional<node::SubjectNames> names, TopicSchemas& schemas)
      : topic_(topic), key_(key), names_(names), schemas_(schemas) {}

  // Why not; empty: nothing is wrong.
  Result<std::string> why_not(const record::Record& record) {
    const auto& bytes = key_ ? record.key : record.value;
    if (!names_ || !bytes) return std::string();
    const auto name = name_of(record, *bytes);
    if (!name) return std::string("its ") + (key_ ? "key" : "value") + " names no schema: it does not begin with 00 and an id";
    if (last_ && *last_ == *name) return last_why_;
    last_ = name;
    SLUICE_TRY(last_why_, schemas_.why_not(topic_, key_, *names_, *name));
    if (!last_why_.empty()) last_why_ = std::string("its ") + (key_ ? "key" : "value") + "'s " + last_why_;
    return last_why_;
  }

 private:
  [[nodiscard]] std::optional<SchemaName> name_of(const record::Record& record, ByteView bytes) const {
    for (const auto& header : record.headers) {
      if (header.value && header.name == (key_ ? "__key_schema_id" : "__value_schema_id")) return name_in(*header.value, true);
    }
    return name_in(bytes, false);
  }

  const std::string& topic_;
  const bool key_;
  const std::optional<node::SubjectNames> names_;
  TopicSchemas& schemas_;
  std::optional<SchemaName> last_;  // most batches have one schema
  std::string last_why_;
};

}  // namespace

Result<std::vector<BadRecord>> check_schemas(const record::BatchView& batch, const std::string& topic,
                                             const node::SchemaRules& rules, TopicSchemas& schemas) {
  PartCheck keys(topic, true, rules.key, schemas), values(topic, false, rules.value, schemas);
  std::vector<BadRecord> bad;
  Result<void> asked;
  std::int32_t index = 0;
  const auto read = batch.for_each([&](const record::Record& record) {
    auto why = keys.why_not(record);
    if (why.ok() && why->empty()) why = values.why_not(record);
    if (!why.ok()) {
      asked = std::move(why).error();
    } else if (!why->empty()) {
      bad.push_back({index, *std::move(why)});
    }
    ++index;
    return asked.ok() && bad.size() < kMostBad;
  }, kMostInflated);
  if (!asked.ok()) return std::move(asked).error();
  if (!read.ok()) return read.error();
  return bad;
}

}  // namespace sluice::broker
