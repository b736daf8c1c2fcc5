#pragma once
// What a deletion writes. First softly: the id can still be read by. Then, asked for `permanent`, for good.

#include <functional>

#include "registry/registration.h"

namespace sluice::registry {

// May a topic still have records with this schema?
using MayHold = std::function<bool(const std::string& topic, SchemaId id)>;

struct DeleteOptions {
  bool permanent = false;
  bool force = false;  // also a schema that its topic may still hold
};

struct Deleted {
  std::vector<std::int32_t> versions;
  Changes changes;
};

class Deletion {
 public:
  Deletion(const State& state, const MayHold& may_hold) : state_(state), may_hold_(may_hold) {}

  // Errors of all: a Code. `version` -1 is the latest.
  [[nodiscard]] Result<Deleted> of_version(const std::string& subject, std::int32_t version,
                                           const DeleteOptions& options) const;
  [[nodiscard]] Result<Deleted> of_subject(const std::string& subject, const DeleteOptions& options) const;
  [[nodiscard]] Result<Deleted> of_context(const std::string& context) const;
  // What is left of subjects that have no live version, for a registry that is to take another's (mode IMPORT).
  [[nodiscard]] Result<Deleted> of_remains(const std::string& scope) const;

 private:
  [[nodiscard]] Result<Entry> chosen(const std::string& subject, std::int32_t version, bool permanent) const;
  [[nodiscard]] Result<void> check_unused(const std::string& subject, const Entries& gone,
                                          const DeleteOptions& options) const;
  [[nodiscard]] bool held(const std::string& subject, const Entry& entry, const Entries& gone) const;
  [[nodiscard]] Deleted changes_for(const std::string& subject, const Entries& gone, bool permanent) const;

  const State& state_;
  const MayHold& may_hold_;
};

}  // namespace sluice::registry
