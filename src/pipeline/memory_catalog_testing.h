#pragma once
// A SchemaCatalog in memory, for tests. Any text is a schema here, the same text the same id; incompatible is what the
// test says is. Thread-safe.

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/schema_catalog.h"

namespace sluice::pipeline {

class MemoryCatalog final : public SchemaCatalog {
 public:
  [[nodiscard]] Result<SchemaId> add(const std::string& subject, const std::string& schema) override;
  [[nodiscard]] Result<std::string> schema(SchemaId id) override;
  [[nodiscard]] Result<std::string> latest(const std::string& subject) override;
  [[nodiscard]] Result<bool> has(const std::string& subject, SchemaId id) override;
  [[nodiscard]] std::uint64_t changes() const override { return 0; }
  [[nodiscard]] Result<void> set_compatibility(const std::string& subject, const std::string& level,
                                               bool compare_logical_types) override;

  // For tests:

  // From now on add() refuses new schemas of `subject` as incompatible, with `reason`.
  void refuse(const std::string& subject, const std::string& reason);
  void accept(const std::string& subject);
  // All calls fail with back_off while true.
  void set_unreachable(bool unreachable);
  // The schemas of a subject, oldest first.
  [[nodiscard]] std::vector<std::string> versions(const std::string& subject) const;
  // What set_compatibility() was given: {"BACKWARD_TRANSITIVE", true}.
  [[nodiscard]] std::pair<std::string, bool> compatibility(const std::string& subject) const;

 private:
  [[nodiscard]] Result<void> reachable() const;

  mutable std::mutex mutex_;
  std::vector<std::string> schemas_;  // id - 1 is the index
  std::map<std::string, std::vector<SchemaId>> subjects_;
  std::map<std::string, std::string> refused_;
  std::map<std::string, std::pair<std::string, bool>> compatibility_;
  bool unreachable_ = false;
};

}  // namespace sluice::pipeline
