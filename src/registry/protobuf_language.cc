#include "registry/protobuf_language.h"

#include "protobuf/compatibility.h"
#include "protobuf/schema.h"

namespace sluice::registry {
namespace {

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

  const protobuf::Schema schema;
};

}  // namespace

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
    texts.push_back("{errorType:\"" + found.type + "\", description:\"" + found.description + "\"}");
  }
  return texts;
}

}  // namespace sluice::registry
