#pragma once
// Whether records that clients write carry schemas of their topic (confluent.value.schema.validation and its kin).

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "node/topic_config.h"
#include "record/batch.h"

namespace sluice::broker {

// Where a record's schema is named: in its frame (or header) by an id, or in a header by 16 bytes of GUID.
using SchemaName = std::variant<SchemaId, Bytes>;

// Who knows which schemas a topic has. Thread-safe; called on event loops, so that what it said before should cost little.
class TopicSchemas {
 public:
  virtual ~TopicSchemas() = default;
  // Why the key or value of a record of `topic` may not have this schema: "schema 7 is not registered under …". Empty: it
  // may. Errors: the registry cannot tell.
  [[nodiscard]] virtual Result<std::string> why_not(const std::string& topic, bool key, node::SubjectNames names, const SchemaName& schema) = 0;
};

struct BadRecord {
  std::int32_t index = 0;  // in its batch
  std::string why;
};

// The first hundred records that may not be taken. A tombstone has no value, and so no schema; a key that is null neither.
// Inflates at most 128 MiB. Errors: corrupt (records that cannot be read); those of TopicSchemas.
[[nodiscard]] Result<std::vector<BadRecord>> check_schemas(const record::BatchView& batch, const std::string& topic,
                                                           const node::SchemaRules& rules, TopicSchemas& schemas);

}  // namespace sluice::broker
