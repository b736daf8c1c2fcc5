#include "server/config/settings.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "server/config/config.h"

namespace sluice::server {
namespace {

using enum SettingKind;
constexpr bool kLater = true;

constexpr auto kSettings = std::to_array<Setting>({
    {"version", integer, "1", "The form of this file; 1 is the only one."},
    {"data", text, "./data", "Where the log lives. One process owns it at a time."},
    {"log", section, "", ""},
    {"log.at", text, "embedded", "The log: in this process. Existing Kafka clusters come later."},
    {"log.options", section, "", "librdkafka's own options for a cluster.", kLater},
    {"log.keep_free", size, "1GiB", "Below this much free space writes are refused; reads go on."},
    {"listen", section, "", ""},
    {"listen.kafka", addresses, "127.0.0.1:9092", "Where Kafka clients connect. Port 0 takes a free one. `{at: ADDRESS, tls: NAME}` speaks TLS. With `advertise: HOST:PORT` clients are told to connect there, which containers and forwarded ports need; else where each did connect."},
    {"listen.registry", addresses, "127.0.0.1:8081", "The schema registry's REST interface. `{at: ADDRESS, tls: NAME, auth: basic}` speaks TLS and asks for a password."},
    {"listen.admin", addresses, "127.0.0.1:8080", "Status page, metrics, health. As the registry's, with `tls` and `auth`."},
    {"listen.collect", addresses, "", "Events by HTTP. Without it, 127.0.0.1:8082 if there is a rule in `collect`, else none. As the registry's, with `tls` and `auth`."},
    {"listen.connect", addresses, "", "The Kafka Connect REST interface.", kLater},
    {"listen.postgres", addresses, "", "Views over psql.", kLater},
    {"security", section, "", ""},
    {"security.tls", names, "", "Certificates, by the names that listeners give: `listen: {registry: {at: 0.0.0.0:8081, tls: NAME}}`."},
    {"security.tls.*.cert", text, "", "A PEM file: the server's certificate, then those between it and its authority. Read again at SIGHUP."},
    {"security.tls.*.key", text, "", "A PEM file: the certificate's key, without a passphrase."},
    {"security.tls.*.client_ca", text, "", "A PEM file of authorities: clients must show a certificate of one of them."},
    {"security.users", names, "", "Users of the HTTP listeners that have `auth: basic`."},
    {"security.users.*.password", secret, "", "The user's password. Read again at SIGHUP."},
    {"security.users.*.password_hash", text, "", "In place of it, its hash, as `openssl passwd -6` and `htpasswd -B` print it."},
    {"security.super_users", texts, "", "Users who may do everything; on the admin listener, all that changes something."},
    {"registry", section, "", ""},
    {"registry.at", text, "embedded", "The registry: in this process. Others come later."},
    {"registry.compatibility", text, "BACKWARD",
     "What a new schema of a subject must be, until REST sets another level: NONE, BACKWARD, FORWARD, FULL, or one of these with _TRANSITIVE."},
    {"registry.incompatible_code", text, "409",
     "The error_code of an incompatible schema: 409, which clients know, or 40901, as registries say from 8.0.4 on."},
    {"registry.rights", names, "", "What users may do with which subjects. Without this section, every user may do everything."},
    {"registry.rights.*.read", texts, "", "Subjects that the user may read, look up and check against, as globs."},
    {"registry.rights.*.write", texts, "", "Subjects that the user may register, delete and configure, as globs, and read as well. `*` includes what is global."},
    {"topics", names, "", "Topics that are made if they are missing. Absence never deletes one, and what is there is not changed. Read again at SIGHUP."},
    {"topics.*.partitions", integer, "1", "Partitions of a topic that is made."},
    {"topics.*.retention", duration, "", "How long records are kept; without it, as long as Kafka's default (7 days)."},
    {"topics.*.schema", text, "", "A schema file (.avsc, .json or .proto), relative to the file that names it, which is registered under the subject TOPIC-value. An incompatible one is refused. Read again at SIGHUP."},
    {"defaults", section, "", "Error handling and freshness for all stages.", kLater},
    {"sources", names, "", "Databases to capture. The key is the first part of the topics' names."},
    {"sources.*.from", text, "", "The database: postgres://user@host/database, with libpq's parameters; no password."},
    {"sources.*.password", secret, "", "The password; without it libpq's own conventions hold (PGPASSFILE, PGPASSWORD)."},
    {"sources.*.tables", texts, "public.*", "The tables, as globs over schema.table."},
    {"sources.*.exclude", texts, "", "Tables to leave out, as globs."},
    {"sources.*.record", section, "", "The shape of records.", kLater},
    {"sources.*.keyless", text, "", "What to do with tables without a key.", kLater},
    {"sources.*.snapshot", section, "", "How the first copy is made.", kLater},
    {"sources.*.slot", section, "", "What a slot may cost.", kLater},
    {"sources.*.on_incompatible", text, "", "What to do with incompatible changes.", kLater},
    {"collect", names, "", "Events by HTTP: who may send what. The first rule whose globs match a topic counts for it."},
    {"collect.*.topics", texts, "*", "The topics, as globs. Names that begin with `_` are never among them."},
    {"collect.*.accept", texts, "", "What bodies are taken: json, cloudevents, kafka (the REST proxy's v2); without it, all."},
    {"collect.*.key", text, "", "The member of an event that becomes the record's key, and so chooses its partition."},
    {"collect.*.infer", text, "false", "true: a topic without a schema gets one from its first events, and is made if it is missing."},
    {"collect.*.dedupe", section, "", ""},
    {"collect.*.dedupe.by", text, "", "The member that names an event, as messageId: it is written once within the window, also across restarts. Of CloudEvents source and id do."},
    {"collect.*.dedupe.within", duration, "1d", "The window."},
    {"collect.*.origins", texts, "", "Origins of browsers' pages that may send (CORS): https://shop.example, or `*`."},
    {"collect.*.headers", texts, "", "What records say of the request, as headers: received, address, agent."},
    {"collect.*.write_keys", texts, "", "Who may send, each as `${file:…}` or `${env:…}`: Authorization: Bearer KEY, X-Write-Key, or ?write_key=. Without it, anybody."},
    {"collect.*.events_per_second", integer, "0", "More are answered with 429 and Retry-After; 0: without limit."},
    {"views", names, "", "Streaming SQL: streams and views that are kept up to date. What leaves the file stays until it is dropped."},
    {"views.*.sql", text, "", "A file of SQL, relative to the file that names it; a `*` in its name takes several. It holds CREATE statements, or one SELECT: the view of the key's name (of several: of the file's). Read again at SIGHUP."},
    {"views.*.emit", text, "", "Beside a SELECT: `changes` (usual), or `final`: rows of a window come when it closes."},
    {"views.*.grace", text, "", "Beside a SELECT: how long a window stays open after its end, as PostgreSQL's interval: 10 s."},
    {"views.*.within", text, "", "Beside a SELECT with DISTINCT ON: how long a key is remembered, as PostgreSQL's interval."},
    {"sinks", names, "", "Where streams are delivered to."},
    {"sinks.*.topics", texts, "*", "The topics, as globs, or as `{topic: GLOB}` with `partition_by`, `columns` and `where` of its own: the entry of a topic's very name counts for it, else the first whose glob matches. Internal topics are never among them."},
    {"sinks.*.to", text, "", "A local folder, `hdfs://NAMENODE:9870/path`, or `s3://BUCKET/path`. postgres:// and redis:// come later."},
    {"sinks.*.mode", text, "changes", "changes: every record is archived once. latest: the tables as they are, written whole on a schedule."},
    {"sinks.*.every", duration, "1h", "mode latest: how often a table that has moved is written."},
    {"sinks.*.format", text, "avro", "The files' format: avro or parquet. iceberg comes later."},
    {"sinks.*.codec", text, "", "How files are compressed. Avro: deflate (usual), zstandard, null. Parquet: zstd (usual), snappy, gzip, lz4_raw, none."},
    {"sinks.*.partition_by", text, "dt={ts:%F}/hour={ts:%H}", "Folders by a template: `{ts:FORMAT}` is the record's time in UTC, `{column}` a column's value."},
    {"sinks.*.columns", section, "", ""},
    {"sinks.*.columns.include", texts, "", "The columns to archive, as globs; without it, all."},
    {"sinks.*.columns.exclude", texts, "", "Columns to leave out, as globs."},
    {"sinks.*.where", text, "", "Only rows for which this is true, as in a view's WHERE: `region = 'EU' AND total > 100`. Deletes always pass, unless it names columns like `_op` alone; with mode latest it decides on the rows of the table. See docs/formats/archive.md."},
    {"sinks.*.roll", section, "", ""},
    {"sinks.*.roll.size", size, "256MiB", "A file is published when it has this size."},
    {"sinks.*.roll.rows", integer, "", "A partition's files are published after so many rows; without it, there is no such limit."},
    {"sinks.*.roll.after", duration, "10min", "A file is published when its oldest row has waited this long."},
    {"sinks.*.roll.late", duration, "1min", "How long after its end a folder of an hour (or day) is held to be complete."},
    {"sinks.*.memory", size, "64MiB", "For rows that wait to be published; more wait on the local disk, under `data`."},
    {"sinks.*.hold", section, "", ""},
    {"sinks.*.hold.bytes", size, "100GB", "How far the log waits for this sink; further behind, what retention removes is lost to it; 0: without limit."},
});

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view path) {
  const auto* const found = std::ranges::find(kSettings, path, &Setting::path);
  return found == kSettings.end() ? nullptr : found;
}

std::vector<std::string_view> keys_below(std::string_view path) {
  std::vector<std::string_view> keys;
  const std::string prefix = path.empty() ? "" : std::string(path) + ".";
  for (const auto& setting : kSettings) {
    if (!setting.path.starts_with(prefix)) continue;
    const auto rest = setting.path.substr(prefix.size());
    if (!rest.empty() && rest.find('.') == std::string_view::npos) keys.push_back(rest);
  }
  return keys;
}

std::string environment_name(std::string_view path) {
  if (path.find('*') != std::string_view::npos) return "";
  std::string name = "SLUICE_";
  for (const char c : path) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string_view to_string(SettingKind kind) {
  switch (kind) {
    case section: return "section";
    case names: return "section of names";
    case text: return "text";
    case texts: return "text or list";
    case integer: return "number";
    case size: return "size";
    case duration: return "duration";
    case addresses: return "address or list";
    case secret: return "secret";
  }
  return "";
}

std::string configuration_reference() {
  std::string page =
      "# Configuration keys\n\n"
      "Made from the program's own table (`make docs`); a test fails when they differ. A `*` is a name of your choice.\n"
      "Precedence: flag, then environment, then file, then default; `sluice serve --print-config` shows each value's\n"
      "origin. Sizes: `MB` is 10⁶, `MiB` 2²⁰. Durations: `ms`, `s`, `min`, `h`, `d`. Secrets stand as `${file:PATH}` or\n"
      "`${env:NAME}`. Keys that begin with `x-` are ignored. Relative paths are relative to the working directory.\n\n"
      "| key | form | default | environment | meaning |\n|---|---|---|---|---|\n";
  for (const auto& setting : kSettings) {
    if (setting.later || setting.kind == section || setting.kind == names) continue;
    const auto variable = environment_name(setting.path);
    page += "| `" + std::string(setting.path) + "` | " + std::string(to_string(setting.kind)) + " | " +
            (setting.fallback.empty() ? "" : "`" + std::string(setting.fallback) + "`") + " | " +
            (variable.empty() ? "" : "`" + variable + "`") + " | " + std::string(setting.help) + " |\n";
  }
  page += "\nReserved for later versions, and refused until then: ";
  std::string separator;
  for (const auto& setting : kSettings) {
    if (!setting.later) continue;
    page += separator + "`" + std::string(setting.path) + "`";
    separator = ", ";
  }
  return page + ".\n";
}

}  // namespace sluice::server
