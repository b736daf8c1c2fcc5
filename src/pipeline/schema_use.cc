#include "pipeline/schema_use.h"

#include "pipeline/schema_catalog.h"

namespace sluice::pipeline {
namespace {

constexpr std::size_t kPollBytes = std::size_t{1} << 20;
constexpr std::int64_t kWaitMs = 100;

// Whether a record names the schema, or any if there is none to look for.
class Mark {
 public:
  explicit Mark(std::optional<SchemaId> id) : any_(!id), frame_(kSchemaHeaderBytes, '\0') {
    if (id) store_be<std::int32_t>(frame_.data() + 1, id->value);
  }

  [[nodiscard]] bool is_on(const ReadRecord& record) const {
    return any_ || begins(record.value) || begins(record.key) || in_header(record.header("__value_schema_id")) ||
           in_header(record.header("__key_schema_id"));
  }

 private:
  [[nodiscard]] bool begins(const std::optional<ByteView>& bytes) const { return bytes && bytes->starts_with(frame_); }
  [[nodiscard]] bool in_header(const std::optional<ByteView>& bytes) const { return begins(bytes) || (bytes && bytes->starts_with('\1')); }

  bool any_;
  Bytes frame_;
};

Result<bool> partition_holds(Log& log, const std::string& topic, std::int32_t partition, const Mark& mark) {
  SLUICE_TRY(const auto range, log.range(topic, partition));
  SLUICE_TRY(const auto reader, log.reader(topic, partition, range.start));
  while (reader->next_offset() < range.last_stable) {
    const auto records = reader->poll(kWaitMs, kPollBytes);
    if (!records.ok() && records.error().code == ErrorCode::rejected) {  // retention was faster
      SLUICE_TRY(const auto now, log.range(topic, partition));
      reader->seek(now.start);
      continue;
    }
    if (!records.ok()) return records.error();
    for (const auto& record : *records) {
      if (mark.is_on(record)) return true;
    }
  }
  return false;
}

}  // namespace

Result<bool> may_hold(Log& log, const std::string& topic, std::optional<SchemaId> id) {
  const auto described = log.describe(topic);
  if (!described.ok() && described.error().code == ErrorCode::not_found) return false;
  if (!described.ok()) return described.error();
  const Mark mark(id);
  for (std::int32_t partition = 0; partition < described->partitions; ++partition) {
    SLUICE_TRY(const bool holds, partition_holds(log, topic, partition, mark));
    if (holds) return true;
  }
  return false;
}

}  // namespace sluice::pipeline
