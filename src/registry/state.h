#pragma once
// What the topic says, in memory: a pure function of its records in their order. No I/O, no lock: the Registry has one.
//
//   1. A content lives as long as a version, softly deleted or not, of some context has it; there is one copy of it.
//   2. An id of a context belongs to one content for ever: a record that says otherwise is passed over.
//   3. next_id of a context is above every id that the topic ever named there.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/records.h"

namespace sluice::registry {

// A version of a subject.
struct Entry {
  std::int32_t number = 0;
  SchemaId id;
  ContentPtr content;
  std::int64_t written_ms = 0;
  bool deleted = false;  // softly
};
using Entries = std::vector<Entry>;  // by number

struct Use {
  const std::string* subject = nullptr;
  std::int32_t version = 0;
};

class State {
 public:
  // What cannot be read is passed over, with a warning.
  void apply(std::string_view key, const std::optional<std::string_view>& value, std::int64_t timestamp_ms);

  // By name, contexts' prefixes included.
  [[nodiscard]] const std::map<std::string, Entries, std::less<>>& subjects() const { return subjects_; }
  // None: no version, not even a softly deleted one.
  [[nodiscard]] const Entries* entries(std::string_view subject) const;
  // The newest live version.
  [[nodiscard]] const Entry* latest(std::string_view subject) const;
  [[nodiscard]] bool has_live(std::string_view subject) const { return latest(subject) != nullptr; }

  // --- of a context
  [[nodiscard]] ContentPtr content(const std::string& context, SchemaId id) const;
  [[nodiscard]] std::vector<Use> uses(const std::string& context, SchemaId id) const;
  [[nodiscard]] std::optional<SchemaId> id_of(const std::string& context, const Content& content) const;
  [[nodiscard]] std::optional<SchemaId> id_of(const std::string& context, const Md5& guid) const;
  [[nodiscard]] std::int32_t next_id(const std::string& context) const;
  [[nodiscard]] GreatestIds greatest_ids() const;
  // Those that have a record; the default one has none.
  [[nodiscard]] const std::set<std::string>& contexts() const { return contexts_; }

  // The ids of live schemas that refer to a version.
  [[nodiscard]] std::vector<std::int32_t> referenced_by(const std::string& subject, std::int32_t version) const;

  [[nodiscard]] const std::map<std::string, Config, std::less<>>& configs() const { return configs_; }
  [[nodiscard]] const Config* config(std::string_view scope) const;
  [[nodiscard]] const std::string* mode(std::string_view scope) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& modes() const { return modes_; }

  // The other bytes under which a key was written; to delete it they must all be deleted.
  [[nodiscard]] std::vector<std::string> other_spellings(const std::string& key) const;

 private:
  struct IdUses {
    ContentPtr content;
    std::vector<Use> uses;
  };
  struct Context {
    std::unordered_map<std::int32_t, IdUses> ids;
    std::unordered_multimap<Md5, std::int32_t, Md5Hash> by_md5;  // languages may agree in a text
    std::int32_t next_id = 1;
  };

  void note_spelling(const Key& key, std::string_view bytes, bool live);
  void apply_schema(const Key& key, const std::optional<std::string_view>& value, std::int64_t timestamp_ms);
  void apply_config(const Key& key, const std::optional<std::string_view>& value);
  void apply_mode(const Key& key, const std::optional<std::string_view>& value);
  void delete_subject(const Key& key, std::int32_t up_to);
  void clear_subject(const Key& key);
  void add(const Key& key, Entry entry, const Md5& md5);
  void remove(const std::string& subject, std::int32_t number);
  void count_references(const std::string& subject, const Entry& entry, int by);
  [[nodiscard]] bool taken(const Context& context, const Key& key, SchemaId id, const Content& content) const;
  [[nodiscard]] ContentPtr kept(Content content, const Md5& md5);
  [[nodiscard]] const Context* find_context(const std::string& name) const;

  std::map<std::string, Entries, std::less<>> subjects_;
  std::map<std::string, Context> ids_;  // by context
  std::set<std::string> contexts_;
  std::unordered_map<Md5, std::weak_ptr<const Content>, Md5Hash> contents_;
  std::map<std::pair<std::string, std::int32_t>, std::map<std::int32_t, int>>
      references_;  // to: from which ids, how often
  std::map<std::string, Config, std::less<>> configs_;
  std::map<std::string, std::string, std::less<>> modes_;
  std::map<std::string, std::set<std::string>> spellings_;  // by the bytes that we write; those that we do not
};

}  // namespace sluice::registry
