#include "registry/avro_language.h"

#include "avro/compatibility.h"
#include "avro/schema.h"
#include "registry/avro_normal_form.h"
#include "registry/avro_tags.h"

namespace sluice::registry {
namespace {

class AvroSchema final : public ParsedSchema {
 public:
  AvroSchema(avro::Schema schema, std::vector<avro::Schema> known, std::vector<std::string> names)
      : schema_(std::move(schema)), known_(std::move(known)), names_(std::move(names)), text_(schema_.text(names_)) {}

  [[nodiscard]] std::string text() const override { return text_; }

  // Printed once more from its normal form, as the original does.
  [[nodiscard]] std::string normalized() const override {
    const auto again =
        avro::Schema::parse(avro_normal_form(schema_.root(), names_), {.validate_defaults = false}, known_);
    return again.ok() ? again->text(names_) : text_;
  }

  [[nodiscard]] Result<std::string> formatted(std::string_view format) const override {
    if (format.empty() || format == "default") return text_;
    if (format == "resolved") return schema_.text();
    return Error{ErrorCode::rejected, "Avro has no format '" + std::string(format) + "'", {}, "there is resolved"};
  }

  [[nodiscard]] std::vector<EntityTags> tags() const override { return avro_tags(schema_.root()); }
  [[nodiscard]] Result<std::string> with_tags(std::span<const EntityTags> add,
                                              std::span<const EntityTags> remove) const override {
    return avro_with_tags(text_, add, remove);
  }
  [[nodiscard]] bool has_field(std::string_view name) const override { return schema_.root().field(name) != nullptr; }

  [[nodiscard]] const avro::Schema& schema() const { return schema_; }

 private:
  avro::Schema schema_;
  std::vector<avro::Schema> known_;
  std::vector<std::string> names_;  // of what it refers to
  std::string text_;
};

std::string description(const avro::Incompatibility& found) {
  const auto at = "at path '" + found.location + "'";
  if (found.type == "READER_FIELD_MISSING_DEFAULT_VALUE") {
    return "The field '" + found.message + "' " + at +
           " in the new schema has no default value and is missing in the old schema";
  }
  if (found.type == "TYPE_MISMATCH") {
    return "The type (path '" + found.location + "') of a field in the new schema does not match with the old schema";
  }
  if (found.type == "MISSING_UNION_BRANCH") {
    return "The new schema is missing a type inside a union field " + at + " in the old schema";
  }
  if (found.type == "MISSING_ENUM_SYMBOLS") {
    return "The new schema is missing enum symbols '" + found.message + "' " + at + " in the old schema";
  }
  if (found.type == "NAME_MISMATCH") return "The name of the schema has changed (path '" + found.location + "')";
  if (found.type == "FIXED_SIZE_MISMATCH") {
    return "The size of FIXED type field " + at + " in the new schema does not match with the old schema";
  }
  return "The logical type " + at + " was changed";  // ours
}

class AvroLanguage final : public SchemaLanguage {
 public:
  [[nodiscard]] std::string_view name() const override { return "AVRO"; }

  [[nodiscard]] Result<std::shared_ptr<const ParsedSchema>> parse(std::string_view text,
                                                                  std::span<const ReferencedSchema> references,
                                                                  bool is_new) const override {
    const avro::ParseOptions options{.validate_defaults = is_new};
    std::vector<avro::Schema> known;
    std::vector<std::string> names;
    for (const auto& reference : references) {
      auto parsed = avro::Schema::parse(reference.text, options, known);
      if (!parsed.ok()) return std::move(parsed).error().in("reference '" + reference.name + "'");
      if (parsed->root().is_named()) names.push_back(parsed->root().full_name());
      known.push_back(*std::move(parsed));
    }
    SLUICE_TRY(auto parsed, avro::Schema::parse(text, options, known));
    return std::make_shared<const AvroSchema>(std::move(parsed), std::move(known), std::move(names));
  }

  [[nodiscard]] std::vector<std::string> reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                                 const JudgeOptions& options) const override {
    const auto found = avro::check_compatibility(static_cast<const AvroSchema&>(reader).schema(),
                                                 static_cast<const AvroSchema&>(writer).schema(),
                                                 {.compare_logical_types = options.compare_logical_types});
    if (!found.ok()) return {"the check ended with an error: " + found.error().message};
    std::vector<std::string> words;
    for (const auto& one : *found) {
      words.push_back("{errorType:'" + one.type + "', description:'" + description(one) + "', additionalInfo:'" +
                      one.message + "'}");
    }
    return words;
  }
};

}  // namespace

std::shared_ptr<const SchemaLanguage> avro_language() { return std::make_shared<const AvroLanguage>(); }

}  // namespace sluice::registry
