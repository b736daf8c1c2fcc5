#pragma once
// What the broker asks of the registry before it takes records of a topic that wants registered schemas.

#include <atomic>
#include <cstdint>
#include <set>
#include <shared_mutex>
#include <string>
#include <tuple>

#include "broker/schema_check.h"
#include "pipeline/schema_catalog.h"

namespace sluice::server {

// Remembers what was found registered, until something changes there; what was not found is asked for each time, since it may
// be registered in the next moment.
class RecordSchemas final : public broker::TopicSchemas {
 public:
  // `catalog` must outlive it.
  explicit RecordSchemas(pipeline::SchemaCatalog& catalog) : catalog_(catalog) {}

  [[nodiscard]] Result<std::string> why_not(const std::string& topic, bool key, node::SubjectNames names,
                                            const broker::SchemaName& schema) override;

 private:
  using Found = std::tuple<std::string, bool, node::SubjectNames, broker::SchemaName>;

  [[nodiscard]] bool remembers(const Found& found);
  [[nodiscard]] Result<SchemaId> id_of(const broker::SchemaName& schema) const;
  // The subject that a schema must be registered under. Errors: rejected, when it has no name to make one of.
  [[nodiscard]] Result<std::string> subject_of(const std::string& topic, bool key, node::SubjectNames names, SchemaId id) const;

  pipeline::SchemaCatalog& catalog_;
  std::shared_mutex mutex_;
  std::set<Found> found_;            // guarded by mutex_
  std::uint64_t changes_ = 0;      // guarded by mutex_: the catalog's, when found_ was empty
};

}  // namespace sluice::server
