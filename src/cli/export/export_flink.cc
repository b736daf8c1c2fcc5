// Flink SQL: the files as one table, the topic as another, and a view over both.
#include "cli/export/export_place.h"
#include "cli/export/export_text.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kFlink = R"(-- Flink reads the archive of @TOPIC@@AND_LIVE@.
-- Needs: flink-sql-@FORMAT@@KAFKA@.
@NOTES@SET 'execution.runtime-mode' = '@MODE@';

-- Files and folders whose names begin with "_" (dead letters, _SUCCESS) are not read.
CREATE TABLE `@NAME@_archive` (
@COLUMNS@
)@PARTITIONED@ WITH (
    'connector' = 'filesystem',
    'path' = '@URL@',
    'format' = '@FORMAT@'@FORMAT_OPTIONS@
);

-- Every change, each once, up to the archive's end when this was printed.
CREATE VIEW `@NAME@_archived` AS
SELECT @ALL@
FROM `@NAME@_archive`
WHERE @ARCHIVED@;

-- The table as it is: the newest row of each key, unless that is a delete. Where `_unchanged` names a column, its value is
-- that of the key's earlier row.
CREATE VIEW `@NAME@` AS
SELECT @OWN@
FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY `_key` ORDER BY `_partition` DESC, `_offset` DESC) AS `_newest`
    FROM `@CHANGES@`
    WHERE `_key` IS NOT NULL
)
WHERE `_newest` = 1 AND COALESCE(`_op`, '') <> 'd';
)";

constexpr std::string_view kFlinkLive = R"(
-- The topic from exactly the archive's end. Flink's Kafka connector shows no record without a value: deletes are in the
-- archive only. Where they matter, read the topic by 'upsert-kafka', from its beginning.
CREATE TABLE `@NAME@_live` (
@LIVE_COLUMNS@
) WITH (
    'connector' = 'kafka',
    'topic' = '@TOPIC@',
    'properties.bootstrap.servers' = '@BROKER@',
    'properties.isolation.level' = 'read_committed',
    'scan.startup.mode' = 'specific-offsets',
    'scan.startup.specific-offsets' = '@OFFSETS@',
    'key.format' = 'raw',
    'key.fields' = '_key',
    'value.fields-include' = 'EXCEPT_KEY',
    @VALUE@
);

CREATE VIEW `@NAME@_changes` AS
SELECT @ALL@ FROM `@NAME@_archived`
UNION ALL
SELECT @LIVE_ALL@ FROM `@NAME@_live`;
)";

std::string names(Reader reader, const avro::Node& record) {
  std::vector<std::string> out;
  for (const auto& field : record.fields) out.push_back(quoted(reader, field.name));
  return joined(out, ", ");
}

// The own columns and those that a Kafka source of Flink gives.
Result<std::string> flink_live_columns(const ExportedTopic& topic) {
  SLUICE_TRY(auto columns, reader_columns({Reader::flink, topic.format}, topic.own.root()));
  columns.push_back({"_key", "BYTES"});
  columns.push_back({"_topic", "STRING METADATA FROM 'topic' VIRTUAL"});
  columns.push_back({"_partition", "INT METADATA FROM 'partition' VIRTUAL"});
  columns.push_back({"_offset", "BIGINT METADATA FROM 'offset' VIRTUAL"});
  columns.push_back({"_timestamp", "TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL"});
  columns.push_back({"_headers", "MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL"});
  return column_lines(Reader::flink, columns);
}

std::string flink_live_select(const ExportedTopic& topic) {
  std::string out = names(Reader::flink, topic.own.root()) + ", `_topic`, `_partition`, `_offset`, `_timestamp`, `_key`";
  const auto header = [](const std::string& name) { return "DECODE(`_headers`['_" + name + "'], 'UTF-8')"; };
  for (const std::string name : {"_op", "_lsn", "_seq", "_txid", "_unchanged", "_special"}) {
    const bool number = name == "_lsn" || name == "_seq" || name == "_txid";
    out += ",\n    " + (number ? "CAST(" + header(name) + " AS BIGINT)" : header(name)) + " AS `" + name + "`";
  }
  return out;
}

}  // namespace

Result<std::string> export_flink(const ExportedTopic& topic, bool with_live) {
  const auto location = location_for(Reader::flink, topic);
  SLUICE_TRY(const auto columns, all_columns(Reader::flink, topic, "STRING"));
  SLUICE_TRY(const auto live_columns, flink_live_columns(topic));
  const std::string registry = "'value.format' = 'avro-confluent',\n    'value.avro-confluent.url' = '" + topic.registry +
                               "',\n    'value.avro-confluent.timestamp_mapping.legacy' = 'false'";
  const Values values{{"TOPIC", topic.topic},
                      {"AND_LIVE", with_live ? ", and goes on from the topic at exactly the archive's end" : ""},
                      {"KAFKA", with_live ? ", flink-sql-connector-kafka and flink-sql-avro-confluent-registry" : ""},
                      {"NOTES", sql_comments(location.notes)},
                      {"MODE", with_live ? "streaming" : "batch"},
                      {"NAME", sql_name(topic)},
                      {"COLUMNS", column_lines(Reader::flink, columns)},
                      {"PARTITIONED", partitioned_by(Reader::flink, topic)},
                      {"URL", location.path + "/" + topic.folder},
                      {"FORMAT", topic.format},
                      {"FORMAT_OPTIONS", topic.format == "avro" ? ",\n    'avro.timestamp_mapping.legacy' = 'false'" : ",\n    'parquet.utc-timezone' = 'true'"},
                      {"ALL", names(Reader::flink, topic.row.root())},
                      {"OWN", names(Reader::flink, topic.own.root())},
                      {"ARCHIVED", ticked_rows(archived_rows(topic))},
                      {"CHANGES", sql_name(topic) + (with_live ? "_changes" : "_archived")},
                      {"LIVE_COLUMNS", live_columns},
                      {"BROKER", topic.broker},
                      {"OFFSETS", offsets_text(topic)},
                      {"VALUE", is_raw(topic) ? "'value.format' = 'raw'" : registry},
                      {"LIVE_ALL", flink_live_select(topic)}};
  auto out = fill(kFlink, values);
  if (!with_live) return out;
  // The table is over both: the topic's part comes before it.
  const auto table = out.find("\n-- The table as it is");
  return out.substr(0, table) + fill(kFlinkLive, values) + out.substr(table);
}

}  // namespace sluice::cli
