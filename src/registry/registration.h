#pragma once
// What a registration writes.
//
//   1. The mode must allow it: READWRITE, or IMPORT and FORWARD with an id of the client's.
//   2. What the client leaves out comes from the latest version: an empty schema, metadata, rules; defaults and
//   overrides
//      of the configuration are merged in.
//   3. A schema that is there, live, is answered as it is.
//   4. It must be compatible with the live versions.
//   5. The same content has the same id in all subjects of a context; a new one gets the next. The version is one more
//   than
//      the greatest that is there, softly deleted ones included.
// IMPORT and FORWARD leave out 2 and 4.

#include "registry/errors.h"
#include "registry/judge.h"
#include "registry/lookup.h"

namespace sluice::registry {

struct Version {
  std::string subject;
  std::int32_t version = 0;
  SchemaId id = {};
  ContentPtr content = {};
  std::int64_t written_ms = 0;
  bool deleted = false;  // softly
};
[[nodiscard]] Version version_of(const std::string& subject, const Entry& entry);

// A schema as a client sends it.
struct SchemaRequest {
  Content content;           // an empty text: that of the latest version
  std::int32_t version = 0;  // 0: any. -1: it must be the latest. Else: the next one
  std::optional<SchemaId> id = {};
  bool normalize = false;
};

// Keys and values of `_schemas`, in order; no value deletes.
using Changes = std::vector<std::pair<Key, std::optional<std::string>>>;

struct Planned {
  Version version;
  Changes changes;  // empty: it is there
};

class Registration {
 public:
  // All must outlive it; nothing may change the state meanwhile.
  Registration(const State& state, ParsedSchemas& parsed, const std::string& default_level, Code incompatible)
      : state_(state),
        parsed_(parsed),
        default_level_(default_level),
        incompatible_(incompatible),
        lookup_(state, parsed, default_level) {}

  // Errors: a Code.
  [[nodiscard]] Result<Planned> plan(const std::string& subject, const SchemaRequest& request) const;
  // The version that makes a registration unnecessary, as far as can be seen without looking closely.
  [[nodiscard]] Result<const Entry*> find_existing(const std::string& subject, const SchemaRequest& request) const;
  // By the level in scope, against all live versions or the one of `against`.
  [[nodiscard]] Result<Verdict> check(const std::string& subject, const Content& content,
                                      const std::vector<Entry>& against) const;

 private:
  [[nodiscard]] Result<void> check_mode(const std::string& subject, const SchemaRequest& request,
                                        const std::string& mode) const;
  [[nodiscard]] Result<Content> complete(const std::string& subject, const SchemaRequest& request,
                                         std::int32_t next) const;
  [[nodiscard]] Result<void> check_compatible(const std::string& subject, const Content& content) const;
  [[nodiscard]] Result<Version> place(const std::string& subject, const SchemaRequest& request, bool import,
                                      Content content) const;
  [[nodiscard]] Result<SchemaId> choose_id(const std::string& subject, const SchemaRequest& request,
                                           const Content& content) const;
  [[nodiscard]] Changes changes_for(const Version& version) const;

  const State& state_;
  ParsedSchemas& parsed_;
  const std::string& default_level_;
  const Code incompatible_;
  const Lookup lookup_;
};

}  // namespace sluice::registry
