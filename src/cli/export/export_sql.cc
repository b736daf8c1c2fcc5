// SQL: DuckDB over Parquet, Trino and Hive.
#include "cli/export/export_place.h"
#include "cli/export/export_text.h"

namespace sluice::cli {

// export_python.cc
Result<std::string> python_for_duckdb(const ExportedTopic& topic);

namespace {

constexpr std::string_view kDuckdb = R"(-- DuckDB reads the archive of @TOPIC@ up to the offsets in the condition at the end.
@SETUP@
-- Every change, each once. Dead letters and _SUCCESS lie elsewhere, or have other names. Columns that a file is too old
-- to have are null.
CREATE OR REPLACE VIEW "@NAME@_changes" AS
SELECT * FROM (
    SELECT @NULLS@
    LIMIT 0
)
UNION ALL BY NAME
SELECT * FROM read_parquet('@FILES@', union_by_name = true@HIVE@)
WHERE @ARCHIVED@;

-- The table as it is: the newest row of each key, unless that is a delete@LARGE@.
CREATE OR REPLACE VIEW "@NAME@" AS
@CURRENT@;
)";

constexpr std::string_view kDuckdbLive = R"(
-- DuckDB reads no topic: `sluice export python @TOPIC@` goes on from it at exactly these offsets: @OFFSETS@.
)";

constexpr std::string_view kTrino = R"(-- Trino's Hive connector reads the archive of @TOPIC@@AND_LIVE@.
@NOTES@-- `hive` is the catalog, `sluice` the schema: CREATE SCHEMA IF NOT EXISTS hive.sluice;
CREATE TABLE hive.sluice.@NAME@_archive (
@COLUMNS@
) WITH (
    format = '@FORMAT@',
    external_location = '@URL@'@PARTITIONED@
);
@SYNC@
-- Every change, each once, up to the archive's end when this was printed.
CREATE VIEW hive.sluice.@NAME@_changes AS
SELECT * FROM hive.sluice.@NAME@_archive
WHERE @ARCHIVED@;

-- The table as it is: the newest row of each key, unless that is a delete@LARGE@.
CREATE VIEW hive.sluice.@NAME@ AS
@CURRENT@;
)";

constexpr std::string_view kTrinoLive = R"(
-- The topic from exactly the archive's end, through Trino's Kafka connector as the catalog `kafka` with
-- kafka.nodes=@BROKER@, kafka.table-description-supplier=CONFLUENT and
-- kafka.confluent-schema-registry-url=@REGISTRY@. A delete has null in every column but its key.
CREATE VIEW hive.sluice.@NAME@_live AS
SELECT *
FROM kafka.default."@TOPIC@"
WHERE @LATER@;
)";

constexpr std::string_view kHive = R"(-- Hive reads the archive of @TOPIC@@AND_LIVE@.
-- Times are numbers (bigint), microseconds since 1970 where the database has them, `_timestamp` milliseconds. Decimals over
-- Parquet want Hive 3 or later.
@NOTES@@SETUP@CREATE EXTERNAL TABLE `@NAME@_archive` (
@COLUMNS@
)
@PARTITIONED@@STORED@
LOCATION '@URL@';
@SYNC@
-- Every change, each once, up to the archive's end when this was printed.
CREATE VIEW `@NAME@_changes` AS
SELECT * FROM `@NAME@_archive`
WHERE @ARCHIVED@;

-- The table as it is: the newest row of each key, unless that is a delete@LARGE@.
CREATE VIEW `@NAME@` AS
@CURRENT@;
)";

constexpr std::string_view kHiveLive = R"(
-- The topic from exactly the archive's end, through Hive's Kafka handler.
CREATE EXTERNAL TABLE `@NAME@_topic`
STORED BY 'org.apache.hadoop.hive.kafka.KafkaStorageHandler'
TBLPROPERTIES (
    'kafka.topic' = '@TOPIC@',
    'kafka.bootstrap.servers' = '@BROKER@',
    'kafka.consumer.isolation.level' = 'read_committed',
    'kafka.serde.class' = 'org.apache.hadoop.hive.serde2.avro.AvroSerDe',
    'avro.serde.type' = 'confluent',
    'avro.schema.url' = '@REGISTRY@/subjects/@TOPIC@-value/versions/latest/schema'
);

CREATE VIEW `@NAME@_live` AS
SELECT * FROM `@NAME@_topic`
WHERE @LATER@;
)";

std::string large_note(const ExportedTopic& topic) {
  return large_columns(topic).empty() ? "" : ". Large values that PostgreSQL\n-- did not send again, because they had not changed, are those of the key's earlier rows";
}

// "dt=*/hour=*": exactly as deep as the files of rows, so that dead letters, one level deeper, do not match.
std::string file_pattern(const ExportedTopic& topic) {
  std::string out = topic.folder + "/";
  for (const auto& level : topic.levels) out += (level.empty() ? "" : level + "=") + "*/";
  return out + "*." + topic.format;
}

std::string upper(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

}  // namespace

Result<std::string> export_duckdb(const ExportedTopic& topic, bool with_live) {
  if (topic.format != "parquet" || topic.place.starts_with("hdfs")) return python_for_duckdb(topic);
  const auto location = location_for(Reader::duckdb, topic);
  SLUICE_TRY(const auto columns, all_columns(Reader::duckdb, topic, "VARCHAR"));
  std::vector<std::string> nulls, folders;
  for (const auto& [name, type] : columns) nulls.push_back("NULL::" + type + " AS " + quoted(Reader::duckdb, name));
  for (const auto& name : folder_columns(topic)) folders.push_back("'" + name + "': VARCHAR");
  const auto hive = folders.empty() ? ", hive_partitioning = false" : ", hive_partitioning = true, hive_types = {" + joined(folders, ", ") + "}";
  std::string setup;
  for (const auto& statement : location.setup) setup += statement + "\n";
  auto out = fill(kDuckdb, {{"TOPIC", topic.topic},
                            {"SETUP", setup},
                            {"NAME", sql_name(topic)},
                            {"NULLS", joined(nulls, ",\n        ")},
                            {"FILES", location.path + "/" + file_pattern(topic)},
                            {"HIVE", hive},
                            {"ARCHIVED", archived_rows(topic)},
                            {"LARGE", large_note(topic)},
                            {"CURRENT", current_state(Reader::duckdb, topic, "\"" + sql_name(topic) + "_changes\"")}});
  if (with_live) out += fill(kDuckdbLive, {{"TOPIC", topic.topic}, {"OFFSETS", offsets_text(topic)}});
  return out;
}

Result<std::string> export_trino(const ExportedTopic& topic, bool with_live) {
  const auto location = location_for(Reader::trino, topic);
  SLUICE_TRY(const auto columns, all_columns(Reader::trino, topic, "varchar"));
  const auto part = partitioned_by(Reader::trino, topic);
  const std::string sync = "\n-- Finds the folders; again whenever there are new ones.\nCALL hive.system.sync_partition_metadata('sluice', '" + sql_name(topic) + "_archive', 'FULL');\n";
  const Values values{{"TOPIC", topic.topic},
                      {"AND_LIVE", with_live ? ", and its Kafka connector what comes after it" : ""},
                      {"NOTES", sql_comments(location.notes)},
                      {"NAME", sql_name(topic)},
                      {"COLUMNS", column_lines(Reader::trino, columns)},
                      {"FORMAT", upper(topic.format)},
                      {"URL", location.path + "/" + topic.folder},
                      {"PARTITIONED", part},
                      {"SYNC", part.empty() ? "" : sync},
                      {"ARCHIVED", archived_rows(topic)},
                      {"LARGE", large_note(topic)},
                      {"CURRENT", current_state(Reader::trino, topic, "hive.sluice." + sql_name(topic) + "_changes")},
                      {"BROKER", topic.broker},
                      {"REGISTRY", topic.registry},
                      {"LATER", later_rows(topic, "_partition_id", "_partition_offset")}};
  return fill(kTrino, values) + (with_live ? fill(kTrinoLive, values) : "");
}

Result<std::string> export_hive(const ExportedTopic& topic, bool with_live) {
  const auto location = location_for(Reader::hive, topic);
  SLUICE_TRY(const auto columns, reader_columns({Reader::hive, topic.format}, topic.row.root()));
  const auto part = partitioned_by(Reader::hive, topic);
  std::string setup;
  for (const auto& statement : location.setup) setup += statement + "\n";
  const std::string sync = "\n-- Finds the folders; again whenever there are new ones.\nMSCK REPAIR TABLE `" + sql_name(topic) + "_archive`;\n";
  const Values values{{"TOPIC", topic.topic},
                      {"AND_LIVE", with_live ? ", and its Kafka handler what comes after it" : ""},
                      {"NOTES", sql_comments(location.notes)},
                      {"SETUP", setup},
                      {"NAME", sql_name(topic)},
                      {"COLUMNS", column_lines(Reader::hive, columns)},
                      {"PARTITIONED", part},
                      {"STORED", "STORED AS " + upper(topic.format)},
                      {"URL", location.path + "/" + topic.folder},
                      {"SYNC", part.empty() ? "" : sync},
                      {"ARCHIVED", ticked_rows(archived_rows(topic))},
                      {"LARGE", large_note(topic)},
                      {"CURRENT", current_state(Reader::hive, topic, "`" + sql_name(topic) + "_changes`")},
                      {"BROKER", topic.broker},
                      {"REGISTRY", topic.registry},
                      {"LATER", later_rows(topic, "`__partition`", "`__offset`")}};
  return fill(kHive, values) + (with_live ? fill(kHiveLive, values) : "");
}

}  // namespace sluice::cli
