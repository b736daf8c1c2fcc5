#include "registry/json_language.h"

#include "json_schema/compatibility.h"
#include "json_schema/schema.h"

namespace sluice::registry {
namespace {

class ParsedJson : public ParsedSchema {
 public:
  explicit ParsedJson(json_schema::Schema parsed) : schema(std::move(parsed)) {}

  std::string text() const override { return schema.text(); }
  std::string normalized() const override { return schema.normalized(); }
  bool has_field(std::string_view field) const override { return schema.has_property(field); }
  Result<std::string> formatted(std::string_view format) const override {
    return Error{.code = ErrorCode::rejected, .message = "JSON Schema has no format '" + std::string(format) + "'"};
  }

  const json_schema::Schema schema;
};

class JsonLanguage : public SchemaLanguage {
 public:
  std::string_view name() const override { return "JSON"; }

  Result<std::shared_ptr<const ParsedSchema>> parse(std::string_view text, std::span<const ReferencedSchema> references,
                                                    bool /*is_new*/) const override {
    std::vector<json_schema::ReferencedText> others;
    for (const auto& reference : references) others.push_back({reference.name, reference.text});
    SLUICE_TRY(auto schema, json_schema::Schema::parse(text, others));
    return std::shared_ptr<const ParsedSchema>(std::make_shared<ParsedJson>(std::move(schema)));
  }

  // Confluent's form for this language: double quotes, and nothing beside the description.
  std::vector<std::string> reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                   const JudgeOptions& options) const override {
    std::vector<std::string> out;
    for (const auto& found :
         check_compatibility(dynamic_cast<const ParsedJson&>(reader).schema,
                             dynamic_cast<const ParsedJson&>(writer).schema, {.lenient = options.lenient})) {
      out.push_back("{errorType:\"" + found.type + "\", description:\"" + found.message + "\"}");
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<const SchemaLanguage> json_language() { return std::make_unique<JsonLanguage>(); }

}  // namespace sluice::registry
