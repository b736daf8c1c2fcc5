#pragma once
// Finds a schema among the versions of a subject.

#include "registry/parsed_schemas.h"

namespace sluice::registry {

struct FindOptions {
  bool normalize = false;
  bool deleted = false;      // softly deleted versions count
  bool latest_only = false;  // "is it the latest?"
};

class Lookup {
 public:
  // All must outlive it. The caller holds the state's lock.
  Lookup(const State& state, ParsedSchemas& parsed, const std::string& default_level)
      : state_(state), parsed_(parsed), default_level_(default_level) {}

  // `given`, with the text as it is stored and its references' versions known. Errors: a Code (invalid_schema).
  [[nodiscard]] Result<Content> canonical(const std::string& subject, const Content& given, bool is_new,
                                          bool normalize) const;
  // Asks again with the metadata and rules that a registration would take over. None: it is not there.
  [[nodiscard]] Result<const Entry*> find(const std::string& subject, const Content& given,
                                          const FindOptions& options) const;
  // The same schema, but for "confluent:version" or for references that are written out in `content`.
  [[nodiscard]] bool stands_for(const std::string& subject, const Content& content, const Entry& entry) const;
  // `given` with the metadata and rules of the latest version, of defaults and of overrides.
  [[nodiscard]] Content with_contract(const std::string& subject, const Content& given) const;

 private:
  [[nodiscard]] Result<const Entry*> find_once(const std::string& subject, const Content& given,
                                               const FindOptions& options) const;

  const State& state_;
  ParsedSchemas& parsed_;
  const std::string& default_level_;
};

}  // namespace sluice::registry
