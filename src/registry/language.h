#pragma once
// The port to a schema language: Avro, JSON Schema, Protobuf. The registry knows of schemas only what stands here.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::registry {

// Another schema that a schema names: by the name that stands in its text, found under a subject and version.
struct ReferencedSchema {
  std::string name;  // Avro: a full name; JSON Schema: a URI; Protobuf: an import path
  std::string text;
};

// Tags of a record or a field ("confluent:tags"), as Confluent's registry names them.
struct EntityTags {
  std::string path;  // "ns.Record" or "ns.Record.field"
  std::string kind;  // "sr_record" or "sr_field"
  std::vector<std::string> tags;
};

// One schema, parsed together with all that it refers to. Immutable, shared freely between threads.
class ParsedSchema {
 public:
  virtual ~ParsedSchema() = default;
  // As it is stored, answered and hashed: what Confluent's registry calls the canonical string.
  [[nodiscard]] virtual std::string text() const = 0;
  // The same for every spelling of one meaning (`normalize`).
  [[nodiscard]] virtual std::string normalized() const = 0;
  // An answer's `format` other than "": Avro "resolved" (references written out), Protobuf "serialized" (a descriptor in
  // base64) and "ignore_extensions". Errors: rejected, when the language has no such.
  [[nodiscard]] virtual Result<std::string> formatted(std::string_view format) const = 0;
  // What is tagged in it.
  [[nodiscard]] virtual std::vector<EntityTags> tags() const { return {}; }
  // The text with more and fewer tags. Errors: rejected: no such record or field, or the language has no tags.
  [[nodiscard]] virtual Result<std::string> with_tags(std::span<const EntityTags>, std::span<const EntityTags>) const {
    return Error{ErrorCode::rejected, "schemas of this language take no tags"};
  }
  // Has the root a field of this name?
  [[nodiscard]] virtual bool has_field(std::string_view) const { return false; }
};

struct JudgeOptions {
  bool compare_logical_types = false;  // Avro: ours, see avro/compatibility.h
  bool lenient = false;                // JSON Schema: optional properties may come and go (compatibilityPolicy LENIENT)
};

class SchemaLanguage {
 public:
  virtual ~SchemaLanguage() = default;
  // "AVRO", "JSON", "PROTOBUF".
  [[nodiscard]] virtual std::string_view name() const = 0;
  // `references` holds what the schema refers to, and what those refer to, each before its users. `is_new`: a schema that
  // is being registered is checked more strictly than one that was (Avro: defaults must fit their types).
  // Errors: rejected; the message says where and why.
  [[nodiscard]] virtual Result<std::shared_ptr<const ParsedSchema>> parse(std::string_view text,
                                                                          std::span<const ReferencedSchema> references,
                                                                          bool is_new) const = 0;
  // Why `reader` cannot read what `writer` wrote, each in Confluent's words and form: "{errorType:'…', description:'…',
  // additionalInfo:'…'}". Empty: it can. Precondition: both are of this language.
  [[nodiscard]] virtual std::vector<std::string> reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                                         const JudgeOptions& options) const = 0;
};

}  // namespace sluice::registry
