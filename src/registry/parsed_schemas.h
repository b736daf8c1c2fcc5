#pragma once
// Parses schemas with what they refer to, and keeps what was parsed last: a check against a thousand versions parses
// them once, and a schema that is looked up again is not parsed again. Thread-safe by itself.

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/hash.h"
#include "registry/language.h"
#include "registry/state.h"

namespace sluice::registry {

using Languages = std::vector<std::shared_ptr<const SchemaLanguage>>;
using ParsedPtr = std::shared_ptr<const ParsedSchema>;

class ParsedSchemas {
 public:
  // Keeps schemas of about so many bytes of text (in memory Avro's are about ten times that).
  ParsedSchemas(Languages languages, std::size_t text_bytes_max);

  [[nodiscard]] std::vector<std::string> types() const;
  // Errors: a Code (invalid_schema).
  [[nodiscard]] Result<const SchemaLanguage*> language(const std::string& type) const;
  // `subject` says which context names without one are of. Errors: a Code (invalid_schema): no such language, the text
  // is not of it, something that it refers to is not there.
  [[nodiscard]] Result<ParsedPtr> parse(const State& state, const std::string& subject, const Content& content,
                                        bool is_new);

 private:
  struct Kept {
    Hash128 key;
    ParsedPtr schema;
    std::size_t bytes = 0;
  };

  [[nodiscard]] Hash128 key_of(const Content& content, const std::vector<ReferencedSchema>& references,
                               bool is_new) const;
  [[nodiscard]] ParsedPtr find(const Hash128& key);
  void keep(Kept kept);

  const Languages languages_;
  const std::size_t text_bytes_max_;
  const std::uint64_t seed_;
  std::mutex mutex_;
  std::list<Kept> recent_;  // used last first
  std::unordered_map<Hash128, std::list<Kept>::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::registry
