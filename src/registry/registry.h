#pragma once
// The schema registry: Confluent's contract over the topic `_schemas` of a log (docs/formats/schemas_topic.md).
//
// State is derived from the topic and kept in memory (state.h); what a change writes is planned without I/O
// (registration.h, deletion.h) and is durable in the topic before it is answered. One change at a time, which blocks
// for a commit of the log; questions do not wait for it. Thread-safe.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/log.h"
#include "pipeline/schema_catalog.h"
#include "registry/deletion.h"
#include "registry/errors.h"
#include "registry/registration.h"

namespace sluice::registry {

inline constexpr const char* kSchemasTopic = "_schemas";

struct RegistryOptions {
  Languages languages;
  std::string default_level = "BACKWARD";  // holds while none was set by REST
  Code incompatible = Code::incompatible;
  // None: whatever is in the topic may need the schema.
  MayHold may_hold = {};
};

// What a list holds: softly deleted versions stay, and can be asked for.
enum class Which : std::uint8_t { live, with_deleted, deleted_only };

// A record of another registry's `_schemas`.
struct ForeignRecord {
  std::string key;
  std::optional<std::string> value;
};

class Registry final : public pipeline::SchemaCatalog {
 public:
  // Makes `_schemas` if it is missing, fences earlier registries, replays. `log` outlives the registry.
  [[nodiscard]] static Result<std::unique_ptr<Registry>> open(pipeline::Log& log, RegistryOptions options);

  // --- the port
  [[nodiscard]] Result<SchemaId> add(const std::string& subject, const std::string& schema) override;
  [[nodiscard]] Result<std::string> schema(SchemaId id) override;
  [[nodiscard]] Result<std::string> latest(const std::string& subject) override;
  [[nodiscard]] Result<bool> has(const std::string& subject, SchemaId id) override;
  [[nodiscard]] std::uint64_t changes() const override { return changes_; }
  [[nodiscard]] Result<SchemaId> by_guid(ByteView guid) override;
  [[nodiscard]] Result<void> set_compatibility(const std::string& subject, const std::string& level,
                                               bool compare_logical_types) override;

  // --- schemas. Subjects are named with their context; one without is looked for in the other contexts, too, where it
  // says so. Errors carry a Code.
  [[nodiscard]] Result<Version> add_version(const std::string& subject, const SchemaRequest& request);
  // In other contexts, too.
  [[nodiscard]] Result<Version> find(const std::string& subject, const SchemaRequest& request, bool deleted);
  // Against one version (-1: the latest), or, with none, by the subject's level.
  [[nodiscard]] Result<Verdict> check(const std::string& subject, const SchemaRequest& request,
                                      std::optional<std::int32_t> version);
  // -1 is the latest live one. In other contexts, too.
  [[nodiscard]] Result<Version> version(const std::string& subject, std::int32_t version, bool deleted) const;
  // The newest that has all these metadata properties.
  [[nodiscard]] Result<Version> latest_with(const std::string& subject,
                                            const std::map<std::string, std::string>& properties, bool deleted) const;
  [[nodiscard]] Result<std::vector<std::int32_t>> versions(const std::string& subject, Which which) const;
  [[nodiscard]] std::vector<std::string> subjects(const std::string& prefix, Which which) const;
  [[nodiscard]] std::vector<Version> all(const std::string& prefix, Which which, bool latest_only) const;
  [[nodiscard]] Result<std::vector<std::int32_t>> referenced_by(const std::string& subject, std::int32_t version) const;
  // Subjects whose alias is the given one.
  [[nodiscard]] std::vector<std::string> aliases_of(const std::string& subject) const;
  [[nodiscard]] std::string meant_by(const std::string& subject) const;
  // In another language's way to write it; as it is where there is none such.
  [[nodiscard]] std::string formatted(const std::string& subject, const Content& content, const std::string& format);
  // The tags on records and fields, and the text with others.
  [[nodiscard]] std::vector<EntityTags> tags(const std::string& subject, const Content& content);
  [[nodiscard]] Result<std::string> with_tags(const std::string& subject, const Content& content,
                                              std::span<const EntityTags> add, std::span<const EntityTags> remove);
  [[nodiscard]] Result<std::vector<std::int32_t>> delete_subject(const std::string& subject,
                                                                 const DeleteOptions& options);
  [[nodiscard]] Result<std::int32_t> delete_version(const std::string& subject, std::int32_t version,
                                                    const DeleteOptions& options);

  // --- ids. `subject` says the context: of the default one an id is looked for in the subject of other contexts, too.
  [[nodiscard]] Result<ContentPtr> content(SchemaId id, const std::string& subject) const;
  [[nodiscard]] Result<std::vector<Version>> uses(SchemaId id, const std::string& subject, bool deleted) const;
  [[nodiscard]] std::int32_t greatest_id(const std::string& subject) const;
  struct ContextId {
    std::string context;
    SchemaId id;
    ContentPtr content;
  };
  [[nodiscard]] std::vector<ContextId> ids_of(const Md5& guid) const;

  // --- settings. A scope is "", ":.__GLOBAL:", a context or a subject.
  [[nodiscard]] Config config_in_scope(const std::string& scope) const;
  // Errors: subject_config_missing. Of "": with the default.
  [[nodiscard]] Result<Config> config(const std::string& scope) const;
  // `update` gives the new configuration from the one that is there; its error is given back.
  using Update = std::function<Result<Config>(const Config&)>;
  [[nodiscard]] Result<Config> update_config(const std::string& scope, const Update& update);
  [[nodiscard]] Result<Config> drop_config(const std::string& scope);
  [[nodiscard]] std::string mode_in_scope(const std::string& scope) const;
  [[nodiscard]] Result<std::string> mode(const std::string& scope) const;
  struct ModeOptions {
    bool force = false;      // IMPORT although there are live subjects
    bool recursive = false;  // what was said of the scope's subjects is unsaid
  };
  [[nodiscard]] Result<void> set_mode(const std::string& scope, const std::string& mode, const ModeOptions& options);
  [[nodiscard]] Result<std::string> drop_mode(const std::string& scope, bool recursive);
  [[nodiscard]] std::vector<std::string> contexts() const;
  [[nodiscard]] Result<void> delete_context(const std::string& context);
  [[nodiscard]] std::vector<std::string> schema_types() const { return parsed_.types(); }

  // Takes another registry's topic, with its ids, versions and keys as they are. Errors: not_permitted, when there are
  // subjects already; invalid_schema, for a record that is none of a registry's (nothing is taken then).
  [[nodiscard]] Result<void> import(const std::vector<ForeignRecord>& records);

 private:
  Registry(pipeline::Log& log, RegistryOptions options);
  [[nodiscard]] Registration registration() const {
    return {*state_, parsed_, options_.default_level, options_.incompatible};
  }
  [[nodiscard]] Lookup lookup() const { return {*state_, parsed_, options_.default_level}; }
  [[nodiscard]] Deletion deletion() const { return {*state_, options_.may_hold}; }
  [[nodiscard]] Result<void> settle();
  [[nodiscard]] Result<void> replay(State& into);
  [[nodiscard]] Result<void> ensure_settled();
  [[nodiscard]] Result<void> write(const Changes& changes);
  [[nodiscard]] Result<void> write_records(const std::vector<ForeignRecord>& records);
  [[nodiscard]] Result<void> commit(const std::vector<ForeignRecord>& records, std::int64_t now_ms);
  [[nodiscard]] bool topic_has_records(const std::string& topic);
  void drop_modes_below(const std::string& scope, Changes& changes) const;
  [[nodiscard]] std::vector<std::string> with_other_contexts(const std::string& subject) const;
  [[nodiscard]] std::string context_holding(SchemaId id, const std::string& subject) const;

  pipeline::Log& log_;
  const RegistryOptions options_;
  mutable ParsedSchemas parsed_;
  std::mutex changing_;  // one change at a time; before state_mutex_
  std::unique_ptr<pipeline::Producer> producer_;
  bool settled_ = false;  // the producer is ours and the state is the topic's
  mutable std::shared_mutex state_mutex_;
  std::unique_ptr<State> state_;  // changed with both mutexes held
  std::atomic<std::uint64_t> changes_{0};  // of state_, counted when each is done
};

}  // namespace sluice::registry
