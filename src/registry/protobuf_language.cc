#include "registry/protobuf_language.h"

#include "protobuf/compatibility.h"
#include "protobuf/schema.h"
#include "protobuf/tags.h"

namespace sluice::registry {
namespace {

constexpr const char* kRecord = "sr_record";
constexpr const char* kField = "sr_field";

std::vector<protobuf::Tagged> tagged(std::span<const EntityTags> entities) {
  std::vector<protobuf::Tagged> list;
  for (const auto& entity : entities) list.push_back({entity.path, entity.kind == kField, entity.tags});
  return list;
}

class ProtobufSchema : public ParsedSchema {
 public:
  explicit ProtobufSchema(protobuf::Schema parsed) : schema(std::move(parsed)) {}
  std::string text() const override { return schema.text(); }
  std::string normalized() const override { return schema.normalized(); }
  Result<std::string> formatted(std::string_view format) const override {
    if (format.empty() || format == "default") return schema.text();
    if (format == "serialized") return schema.serialized();
    if (format == "ignore_extensions") return schema.without_extensions();
    return Error{ErrorCode::rejected,
                 "a Protobuf schema has no format '" + std::string(format) + "'",
                 {},
                 "Formats of Protobuf are: default, serialized, ignore_extensions."};
  }

  std::vector<EntityTags> tags() const override {
    std::vector<EntityTags> found;
    for (auto& [path, is_field, tags] : protobuf::tags_of(schema)) {
      found.push_back({std::move(path), is_field ? kField : kRecord, std::move(tags)});
    }
    return found;
  }
  Result<std::string> with_tags(std::span<const EntityTags> add, std::span<const EntityTags> remove) const override {
    return protobuf::with_tags(schema, tagged(add), tagged(remove));
  }
  bool has_field(std::string_view name) const override { return schema.has_field(name); }

  const protobuf::Schema schema;
};

class ProtobufLanguage : public SchemaLanguage {
 public:
  std::string_view name() const override { return "PROTOBUF"; }
  Result<std::shared_ptr<const ParsedSchema>> parse(std::string_view text, std::span<const ReferencedSchema> references,
                                                    bool is_new) const override;
  std::vector<std::string> reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                   const JudgeOptions& options) const override;
};

Result<std::shared_ptr<const ParsedSchema>> ProtobufLanguage::parse(std::string_view text,
                                                                    std::span<const ReferencedSchema> references,
                                                                    bool /*is_new*/) const {
  std::vector<protobuf::Import> imports;
  imports.reserve(references.size());
  for (const auto& reference : references) imports.push_back({reference.name, reference.text});
  SLUICE_TRY(auto schema, protobuf::Schema::parse(text, imports));
  return std::shared_ptr<const ParsedSchema>(std::make_shared<ProtobufSchema>(std::move(schema)));
}

std::vector<std::string> ProtobufLanguage::reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                                   const JudgeOptions& /*options*/) const {
  std::vector<std::string> texts;
  const auto& now = static_cast<const ProtobufSchema&>(reader).schema;
  const auto& old = static_cast<const ProtobufSchema&>(writer).schema;
  for (const auto& found : protobuf::check_compatibility(now, old)) {
    // Confluent's form for this language.
    texts.push_back("{errorType:\"" + found.type + "\", description:\"" + found.description + "\"}");
  }
  return texts;
}

}  // namespace

std::shared_ptr<const SchemaLanguage> protobuf_language() { return std::make_shared<ProtobufLanguage>(); }

}  // namespace sluice::registry
