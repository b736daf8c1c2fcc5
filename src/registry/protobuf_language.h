#pragma once
// Protobuf at the registry's port to schema languages.

#include "registry/language.h"

namespace sluice::registry {

class ProtobufLanguage : public SchemaLanguage {
 public:
  [[nodiscard]] std::string_view name() const override { return "PROTOBUF"; }
  [[nodiscard]] Result<std::shared_ptr<const ParsedSchema>> parse(std::string_view text,
                                                                  std::span<const ReferencedSchema> references,
                                                                  bool is_new) const override;
  // Confluent's form for this language: {errorType:"…", description:"…"}.
  [[nodiscard]] std::vector<std::string> reasons(const ParsedSchema& reader, const ParsedSchema& writer,
                                                 const JudgeOptions& options) const override;
};

}  // namespace sluice::registry
