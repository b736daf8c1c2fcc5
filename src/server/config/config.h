#pragma once
// What the program is told to do: one Config out of flags, environment, files and defaults, in this order.
//
// A setting's path is its keys with dots ("sources.shop.from"). Every setting is declared once, in settings.cc: that
// table gives the defaults, refuses unknown keys (with file, line, column and the nearest key that exists) and keys of
// a later version, and makes docs/configuration.md. Secrets stand as `${file:…}` or `${env:…}`; they are read when they are
// needed, and no printed form shows more than the reference.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "collect/rule.h"
#include "io/tcp_server.h"
#include "io/tls.h"

namespace sluice::server {

struct ListenConfig {
  io::Address at = {};    // port 0: any free port, told when it is bound
  std::string tls = {};   // a name in Config::tls; empty: plain
  bool basic = false;     // auth: basic
  std::optional<io::Address> advertise = {};  // where Kafka clients are told to connect; none: where they did
};

struct UserConfig {
  std::string name = {};
  std::string password = {};       // as written: a ${…} reference; see read_secret(). Or else:
  std::string password_hash = {};  // of crypt(5)
};

// Globs of subjects.
struct RegistryRight {
  std::string user = {};
  std::vector<std::string> read = {};
  std::vector<std::string> write = {};
};

// A schema that a topic's values have.
struct SchemaFile {
  std::string file = {};
  std::string type = {};  // AVRO, JSON, PROTOBUF
  std::string text = {};
};

struct TopicConfig {
  std::string name = {};
  std::int32_t partitions = 1;
  std::optional<std::int64_t> retention_ms = {};  // none: the log's default
  std::optional<SchemaFile> schema = {};          // registered under NAME-value
};

struct SourceConfig {
  std::string name = {};
  std::string from = {};                   // a URL without a password
  std::string password = {};               // as written: a ${…} reference, or empty; see read_secret()
  std::vector<std::string> tables = {};    // globs; never empty
  std::vector<std::string> exclude = {};
};

// What a sink does with the topics of one glob; what the file does not say of them is the sink's.
struct SinkTopic {
  std::string glob = {};
  std::string partition_by = {};
  std::vector<std::string> columns_include = {};  // globs; empty: all
  std::vector<std::string> columns_exclude = {};
  std::string where = {};                         // empty: every row

  bool operator==(const SinkTopic&) const = default;
};

struct SinkConfig {
  std::string name = {};
  std::string to = {};                     // a place: see places.h
  bool latest = false;                     // mode: latest
  std::int64_t every_ms = 0;               // mode latest: between two versions of a table
  std::string format = {};
  std::string codec = {};                  // empty: the format's usual one
  std::vector<SinkTopic> topics = {};      // never empty
  std::uint64_t roll_bytes = 0;
  std::uint64_t roll_rows = 0;        // 0: without limit
  std::int64_t roll_after_ms = 0;
  std::int64_t roll_late_ms = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t hold_bytes = 0;       // 0: the log waits for the sink without limit

  [[nodiscard]] std::vector<std::string> globs() const;
  bool operator==(const SinkConfig&) const = default;
};

// A file of SQL that `views` names, with statements that define something.
struct ViewFile {
  std::string name = {};  // of the entry, or of one of its files
  std::string file = {};
  std::string text = {};
};

struct Config {
  std::string data = {};
  bool ephemeral = false;             // `data` is a folder of this process alone, removed at its end
  std::uint64_t keep_free_bytes = 0;
  std::vector<ListenConfig> kafka = {};
  std::vector<ListenConfig> registry = {};
  std::vector<ListenConfig> admin = {};
  std::vector<ListenConfig> collector = {};
  std::vector<collect::Rule> collect = {};  // their write keys as references
  std::map<std::string, io::TlsFiles> tls = {};
  std::vector<UserConfig> users = {};
  std::vector<std::string> super_users = {};
  std::vector<RegistryRight> rights = {};
  bool has_rights = false;              // registry.rights stands there, be it empty
  std::string compatibility = {};
  std::uint16_t incompatible_code = 409;  // the registry's error code of an incompatible schema
  std::vector<TopicConfig> topics = {};
  std::vector<SourceConfig> sources = {};
  std::vector<SinkConfig> sinks = {};
  std::vector<ViewFile> views = {};

  // The whole configuration in the file's form, each line with its origin as a comment; secrets as references.
  std::string printed = {};
  // Every setting's value, by its path; a secret is its reference. A list's items are lines.
  std::map<std::string, std::string> values = {};
};

// What `serve` was told on the command line. Each member is a flag; empty means not given.
struct ConfigFlags {
  std::string config = {};                 // -c: a file or a folder of *.yaml and *.yml
  std::vector<std::string> from = {};
  std::vector<std::string> to = {};        // sinks archive, archive2, …
  std::string name = {};                   // of the (one) source of --from
  std::vector<std::string> tables = {};
  std::string data = {};
  std::vector<std::string> listen = {};    // "kafka=127.0.0.1:9092"
  std::string topics = {};                 // "a:3,b"
  bool ephemeral = false;
};

using Environment = std::map<std::string, std::string>;

// The variables of this process.
[[nodiscard]] Environment process_environment();

// Reads and checks everything; touches no network and no database. Errors: rejected (the message begins with
// "file:line:column: " where there is a file), not_found (a file), unsupported (a key or value of a later version).
[[nodiscard]] Result<Config> load_config(const ConfigFlags& flags, const Environment& environment);

// What a running server takes of a new configuration is its topics, its sinks, its views, its users and their rights. Errors: rejected, naming the
// other keys that differ.
[[nodiscard]] Result<void> check_reload(const Config& running, const Config& next);

// The secret behind a reference; the text itself when it is none. One trailing newline of a file is cut.
// Errors: not_found, naming the file or variable.
[[nodiscard]] Result<std::string> read_secret(const std::string& reference, const Environment& environment);

// Every setting as a page of Markdown: docs/configuration.md, which a test compares.
[[nodiscard]] std::string configuration_reference();

}  // namespace sluice::server
