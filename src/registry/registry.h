#pragma once
// The schema registry: Confluent's contract over the topic `_schemas` of a log (docs/formats/schemas_topic.md).
//
// State is derived from the topic and kept in memory; a change is durable in the topic before it is answered. One
// mutex; calls block for a commit of the log. Avro only, in this version.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "avro/compatibility.h"
#include "avro/schema.h"
#include "base/result.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"

namespace sluice::registry {

inline constexpr const char* kSchemasTopic = "_schemas";

// Confluent's error codes, in Error::reason. The HTTP status is the code's first three digits.
enum class Code : std::uint16_t {
  none = 0,
  incompatible = 409,
  subject_not_found = 40401,
  version_not_found = 40402,
  schema_not_found = 40403,
  subject_soft_deleted = 40404,
  subject_not_soft_deleted = 40405,
  version_soft_deleted = 40406,
  version_not_soft_deleted = 40407,
  subject_config_missing = 40408,
  subject_mode_missing = 40409,
  invalid_schema = 42201,
  invalid_version = 42202,
  invalid_level = 42203,
  invalid_mode = 42204,
  not_permitted = 42205,
  store_failed = 50001,
};

struct Version {
  std::string subject;
  std::int32_t version = 0;
  SchemaId id;
  std::string text;      // Java's
  bool deleted = false;  // softly
};

// What a list holds: softly deleted versions stay, and can be asked for.
enum class Which : std::uint8_t { live, with_deleted, deleted_only };

struct Verdict {
  bool compatible = true;
  std::vector<std::string> messages;  // why not, in Confluent's words
};

class Registry final : public pipeline::SchemaCatalog {
 public:
  // Makes `_schemas` if it is missing, fences earlier registries, replays. `log` outlives the registry. `default_level`
  // holds while no global level was set by REST.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(pipeline::Log& log, std::string default_level = "BACKWARD");

  // --- the port
  [[nodiscard]] Result<SchemaId> add(const std::string& subject, const std::string& schema) override;
  [[nodiscard]] Result<std::string> schema(SchemaId id) override;
  [[nodiscard]] Result<std::string> latest(const std::string& subject) override;
  [[nodiscard]] Result<void> set_compatibility(const std::string& subject, const std::string& level, bool compare_logical_types) override;

  // --- what REST needs. Errors carry a Code.
  [[nodiscard]] Result<Version> add_version(const std::string& subject, const std::string& schema);
  [[nodiscard]] Result<Version> find(const std::string& subject, const std::string& schema, bool deleted);
  // deleted_only: subjects without a live version.
  [[nodiscard]] std::vector<std::string> subjects(const std::string& prefix, Which which) const;
  [[nodiscard]] Result<std::vector<std::int32_t>> versions(const std::string& subject, Which which) const;
  // -1 is the latest.
  [[nodiscard]] Result<Version> version(const std::string& subject, std::int32_t version, bool deleted) const;
  [[nodiscard]] Result<std::vector<Version>> uses(SchemaId id, bool deleted) const;
  [[nodiscard]] std::vector<Version> all(const std::string& prefix, bool deleted, bool latest_only) const;
  [[nodiscard]] Result<std::vector<std::int32_t>> delete_subject(const std::string& subject, bool permanent);
  [[nodiscard]] Result<std::int32_t> delete_version(const std::string& subject, std::int32_t version, bool permanent);
  // Against one version (-1: the latest), or, with none, by the subject's level.
  [[nodiscard]] Result<Verdict> check(const std::string& subject, const std::string& schema, std::optional<std::int32_t> version) const;
  // Empty subject: the global level. Errors: subject_config_missing, unless `or_global`.
  [[nodiscard]] Result<std::string> level(const std::string& subject, bool or_global) const;
  [[nodiscard]] Result<void> set_level(const std::string& subject, const std::string& level);
  [[nodiscard]] Result<std::string> drop_level(const std::string& subject);
  [[nodiscard]] std::int32_t greatest_id() const;

 private:
  struct Config {
    std::string level;
    bool compare_logical_types = false;
  };

  // Keys and values of `_schemas`; no value deletes.
  using Changes = std::vector<std::pair<std::string, std::optional<std::string>>>;

  Registry(pipeline::Log& log, std::string default_level) : log_(log), default_level_(std::move(default_level)) {}
  [[nodiscard]] Result<void> settle();
  [[nodiscard]] Result<void> replay();
  void forget(const std::string& subject, std::int32_t version);
  void add_last_words(const std::string& subject, Changes& records) const;
  void apply(const std::string& key, const std::optional<std::string>& value);
  void apply_schema(const std::string& subject, std::int32_t version, const std::optional<std::string>& value);
  [[nodiscard]] Result<void> write(const Changes& records);
  [[nodiscard]] Result<avro::Schema> parse(const std::string& schema) const;
  [[nodiscard]] Config config_of(const std::string& subject) const;
  [[nodiscard]] Result<Verdict> judge(const std::string& subject, const avro::Schema& schema, const std::vector<Version>& against, const Config& config) const;
  [[nodiscard]] Result<Verdict> check_locked(const std::string& subject, const avro::Schema& schema, std::optional<std::int32_t> version) const;
  [[nodiscard]] std::vector<Version> live(const std::string& subject) const;
  [[nodiscard]] Result<std::map<std::int32_t, Version>*> known(const std::string& subject);

  pipeline::Log& log_;
  const std::string default_level_;
  std::unique_ptr<pipeline::Producer> producer_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::int32_t, Version>> subjects_;
  std::map<SchemaId, std::string> by_id_;
  std::map<SchemaId, std::size_t> uses_;  // versions that have it, those deleted softly included
  std::map<std::string, SchemaId> by_text_;
  std::map<std::string, Config> configs_;  // "" is the global one
  std::int32_t next_id_ = 1;
  bool settled_ = false;  // the producer is ours and the state is the topic's
};

}  // namespace sluice::registry
