// Flink SQL: the files as one table, the topic as another, and a view over both.
#include "cli/export/export_place.h"
#include "cli/export/export_text.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kFlink = R"(-- Flink reads the archive of @TOPIC@@AND_LIVE@.
-- Needs: @NEEDS@.
-- Times in own columns are numbers (BIGINT), microseconds since 1970 where the database has them: Flink's Avro has no
-- microseconds, its Parquet nothing before 1970. TO_TIMESTAMP_LTZ(column / 1000, 3) makes a timestamp of one.
@NOTES@SET 'execution.runtime-mode' = '@MODE@';

-- Files and folders whose names begin with "_" (dead letters, _SUCCESS) are not read.
CREATE TABLE `@NAME@_archive` (
@COLUMNS@
)@PARTITIONED@ WITH (
    'connector' = 'filesystem',
    'path' = '@URL@',
    'format' = '@FORMAT@'
);

-- Every change, each once, up to the archive's end when this was printed.
CREATE VIEW `@NAME@_archived` AS
SELECT @ARCHIVE_ALL@
FROM `@NAME@_archive`
WHERE @ARCHIVED@;

-- The table as it is: the newest row of each key, unless that is a delete. Where `_unchanged` names a column, its value is
-- that of the key's earlier row. (With ROW_NUMBER() Flink 2.2 and 2.3 forget to take a key's earlier row back: FLINK-39966.)
CREATE VIEW `@NAME@` AS
SELECT @OWN@
FROM `@CHANGES@`
JOIN (
    SELECT `_key` AS `_newest_key`, MAX(`_partition` * 1000000000000000 + `_offset`) AS `_newest`
    FROM `@CHANGES@`
    GROUP BY `_key`
) ON `_key` = `_newest_key` AND `_partition` * 1000000000000000 + `_offset` = `_newest`
WHERE COALESCE(`_op`, '') <> 'd';
)";

// What two tables over the topic have in common.
constexpr std::string_view kFlinkTopic = R"(    `_key` BYTES,
    `_topic` STRING METADATA FROM 'topic' VIRTUAL,
    `_partition` INT METADATA FROM 'partition' VIRTUAL,
    `_offset` BIGINT METADATA FROM 'offset' VIRTUAL,
    `_timestamp` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
    `_headers` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL
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
)";

constexpr std::string_view kFlinkLive = R"(
-- The topic from exactly the archive's end.
CREATE TABLE `@NAME@_live` (
@LIVE_COLUMNS@,
@ON_TOPIC@    @VALUE@
);
@DELETES@
CREATE VIEW `@NAME@_changes` AS
SELECT @ALL@ FROM `@NAME@_archived`
UNION ALL
SELECT @LIVE_ALL@
FROM `@NAME@_live`@AND_DELETES@;
)";

constexpr std::string_view kFlinkDeletes = R"(
-- The same records once more for the deletes among them: they have no value, and `@NAME@_live` passes over them.
CREATE TABLE `@NAME@_live_deletes` (
    `_value` BYTES,
@ON_TOPIC@    'value.format' = 'raw'
);
)";

std::string names(Reader reader, const avro::Node& record) {
  std::vector<std::string> out;
  for (const auto& field : record.fields) out.push_back(quoted(reader, field.name));
  return joined(out, ", ");
}

// As `names` of the whole row, with the record's time as a timestamp.
std::string archive_select(const ExportedTopic& topic) {
  std::vector<std::string> out;
  for (const auto& field : topic.row.root().fields) {
    const auto name = quoted(Reader::flink, field.name);
    out.push_back(field.name == "_timestamp" ? "TO_TIMESTAMP_LTZ(" + name + ", 3) AS " + name : name);
  }
  return joined(out, ", ");
}

// The columns of a row after `own`, those of the topic, out of a record and its headers.
std::string live_select(const std::string& own, const std::string& op) {
  std::string out = own + ", `_topic`, `_partition`, `_offset`, `_timestamp`, `_key`,\n    " + op + " AS `_op`";
  for (const std::string name : {"_lsn", "_seq", "_txid", "_unchanged", "_special"}) {
    const bool number = name == "_lsn" || name == "_seq" || name == "_txid";
    const auto header = "DECODE(`_headers`['_" + name + "'], 'UTF-8')";
    out += ",\n    " + (number ? "CAST(" + header + " AS BIGINT)" : header) + " AS `" + name + "`";
  }
  return out;
}

std::string needs(const ExportedTopic& topic, bool with_live) {
  const auto files = "flink-sql-" + topic.format + (topic.format == "parquet" ? " with Hadoop's classes (HADOOP_CLASSPATH)" : "");
  return files + (with_live ? ", flink-sql-connector-kafka and flink-sql-avro-confluent-registry" : "");
}

// The topic's half. Flink's Avro drops a record without a value; its raw format does not.
Result<std::string> live(const ExportedTopic& topic) {
  SLUICE_TRY(const auto columns, reader_columns({Reader::flink, topic.format}, topic.own.root()));
  const bool raw = is_raw(topic);
  const std::string registry = "'value.format' = 'avro-confluent',\n    'value.avro-confluent.url' = '" + topic.registry + "'";
  const std::string header_op = "DECODE(`_headers`['__op'], 'UTF-8')";
  const auto op = raw ? "CASE WHEN `_value` IS NULL THEN 'd' ELSE " + header_op + " END" : header_op;
  const auto on_topic = fill(kFlinkTopic, {{"TOPIC", topic.topic}, {"BROKER", topic.broker}, {"OFFSETS", offsets_text(topic)}});
  std::vector<std::string> nulls;
  for (const auto& [name, type] : columns) nulls.push_back("CAST(NULL AS " + type + ") AS " + quoted(Reader::flink, name));
  const auto deletes = "\nUNION ALL\nSELECT " + live_select(joined(nulls, ", "), "'d'") + "\nFROM `" + sql_name(topic) +
                       "_live_deletes`\nWHERE `_value` IS NULL";
  return fill(kFlinkLive, {{"NAME", sql_name(topic)},
                           {"LIVE_COLUMNS", column_lines(Reader::flink, columns)},
                           {"ON_TOPIC", on_topic},
                           {"VALUE", raw ? "'value.format' = 'raw'" : registry},
                           {"DELETES", raw ? "" : fill(kFlinkDeletes, {{"NAME", sql_name(topic)}, {"ON_TOPIC", on_topic}})},
                           {"ALL", names(Reader::flink, topic.row.root())},
                           {"LIVE_ALL", live_select(names(Reader::flink, topic.own.root()), op)},
                           {"AND_DELETES", raw ? "" : deletes}});
}

}  // namespace

Result<std::string> export_flink(const ExportedTopic& topic, bool with_live) {
  const auto location = location_for(Reader::flink, topic);
  SLUICE_TRY(const auto columns, all_columns(Reader::flink, topic, "STRING"));
  const auto out = fill(kFlink, {{"TOPIC", topic.topic},
                                 {"AND_LIVE", with_live ? ", and goes on from the topic at exactly the archive's end" : ""},
                                 {"NEEDS", needs(topic, with_live)},
                                 {"NOTES", sql_comments(location.notes)},
                                 {"MODE", with_live ? "streaming" : "batch"},
                                 {"NAME", sql_name(topic)},
                                 {"COLUMNS", column_lines(Reader::flink, columns)},
                                 {"PARTITIONED", partitioned_by(Reader::flink, topic)},
                                 {"URL", location.path + "/" + topic.folder},
                                 {"FORMAT", topic.format},
                                 {"ARCHIVE_ALL", archive_select(topic)},
                                 {"OWN", names(Reader::flink, topic.own.root())},
                                 {"ARCHIVED", ticked_rows(archived_rows(topic))},
                                 {"CHANGES", sql_name(topic) + (with_live ? "_changes" : "_archived")}});
  if (!with_live) return out;
  // The table is over both: the topic's part comes before it.
  SLUICE_TRY(const auto from_topic, live(topic));
  const auto table = out.find("\n-- The table as it is");
  return out.substr(0, table) + from_topic + out.substr(table);
}

}  // namespace sluice::cli
