// PySpark: the files as a DataFrame, the topic as a stream that begins at the archive's end.
#include "cli/export/export_place.h"
#include "cli/export/export_text.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kHead = R"(# Spark reads the archive of @TOPIC@ up to the offsets in `archived`@AND_LIVE@.
# spark-submit --packages @PACKAGES@
# (VERSION is that of your Spark@HADOOP@.)
@NOTES@@IMPORTS@
spark = (SparkSession.builder.appName("@TOPIC@")@SETTINGS@
         .getOrCreate())

COLUMNS = """
@COLUMNS@
"""

# Every change, each once@FOLDERS@. Spark leaves out names that begin with "_":
# dead letters and _SUCCESS.
archived = "@ARCHIVED@"
changes = spark.read.format("@FORMAT@").schema(COLUMNS)@AVRO@.load("@URL@").where(archived)

# The table as it is: the newest row of each key, unless that is a delete.
newest = Window.partitionBy("_key").orderBy(F.desc("_partition"), F.desc("_offset"))
rows = changes.where("_key IS NOT NULL")
@LARGE@table = (rows.withColumn("_newest", F.row_number().over(newest))
         .where("_newest = 1 AND coalesce(_op, '') <> 'd'")
         .select(@OWN@))
)";

constexpr std::string_view kLarge = R"(# Large values that PostgreSQL did not send again, because they had not changed, are those of the key's earlier rows.
earlier = Window.partitionBy("_key").orderBy("_partition", "_offset")
rows = rows.withColumns({
    column: F.last(F.when(~F.coalesce("_unchanged", F.lit("")).contains(name), F.struct(column)), True).over(earlier)[column]
    for column, name in [@NAMES@]})
)";

constexpr std::string_view kLive = R"py(
TOPIC = "@TOPIC@"
REGISTRY = "@REGISTRY@"
SCHEMA = r"""@SCHEMA@"""

# The changes after those of the archive.
live = (spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", "@BROKER@")
        .option("kafka.isolation.level", "read_committed")
        .option("subscribe", TOPIC)
        .option("startingOffsets", '{"@TOPIC@": {@OFFSETS@}}')
        .option("includeHeaders", "true")
        .load())


def header(name, type="string"):
    return F.expr(f"cast(cast(get(filter(headers, h -> h.key = '_{name}'), 0).value as string) as {type})").alias(name)


def rows_of(batch):
    """The rows of a batch of the stream, with the columns of the archive."""
    batch = batch.withColumn("schema_id", F.expr("conv(hex(substring(value, 2, 4)), 16, 10)"))
    parts = []
    for number, in batch.select("schema_id").distinct().collect():
        written = SCHEMA
        if number is not None:
            with urllib.request.urlopen(f"{REGISTRY}/schemas/ids/{number}") as answer:
                written = json.load(answer)["schema"]
        own = from_avro(F.expr("substring(value, 6)"), written, {"avroSchema": SCHEMA}).alias("own")
        parts.append(batch.where(F.col("schema_id").eqNullSafe(number)).select(own, "*"))
    decoded = functools.reduce(DataFrame.unionByName, parts) if parts else batch.withColumn("own", from_avro("value", SCHEMA))
    return decoded.select(
        *[F.col("own")[name].cast(type).alias(name) for name, type in [
@OWN_TYPES@]],
        F.col("topic").alias("_topic"), F.col("partition").alias("_partition"), F.col("offset").alias("_offset"),
        F.col("timestamp").alias("_timestamp"), F.col("key").alias("_key"),
        F.when(F.col("value").isNull(), "d").otherwise(header("_op")).alias("_op"),
        header("_lsn", "long"), header("_seq", "long"), header("_txid", "long"), header("_unchanged"), header("_special"))


def each_batch(batch, number):
    rows_of(batch).show()  # or write it, or MERGE it by _key into a table of yours


if __name__ == "__main__":
    changes.printSchema()
    table.show()
    (live.writeStream.foreachBatch(each_batch).option("checkpointLocation", f"checkpoints/{TOPIC}")
     .start().awaitTermination())
)py";

constexpr std::string_view kEnd = R"(
if __name__ == "__main__":
    table.printSchema()
    table.show()
)";

std::string packages(const ExportedTopic& topic, bool with_live) {
  std::vector<std::string> out;
  if (topic.format == "avro" || with_live) out.emplace_back("org.apache.spark:spark-avro_2.13:VERSION");
  if (with_live) out.emplace_back("org.apache.spark:spark-sql-kafka-0-10_2.13:VERSION");
  if (topic.place.starts_with("s3://")) out.emplace_back("org.apache.hadoop:hadoop-aws:HADOOP");
  return out.empty() ? "(none)" : joined(out, ",");
}

std::string imports(bool with_live) {
  if (!with_live) return "from pyspark.sql import SparkSession, Window, functions as F\n";
  return "import functools\nimport json\nimport urllib.request\n\nfrom pyspark.sql import DataFrame, SparkSession, Window, functions as F\n"
         "from pyspark.sql.avro.functions import from_avro\n";
}

// `{"sqlName": …}` as a literal of Python.
std::string python_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string large(const ExportedTopic& topic) {
  std::vector<std::string> names;
  for (const auto& [column, name] : large_columns(topic)) names.push_back("(\"" + column + "\", " + python_text(name) + ")");
  return names.empty() ? "" : fill(kLarge, {{"NAMES", joined(names, ", ")}});
}

std::string folders(const ExportedTopic& topic) {
  const auto names = folder_columns(topic);
  return names.empty() ? "" : "; " + joined(names, " and ") + (names.size() == 1 ? " is the folder" : " are the folders");
}

// Spark refuses an Avro file with decimals of more than 38 digits, unless it is told to take them for bytes.
std::string avro_option(const ExportedTopic& topic) {
  const auto schema = schema_for_spark(topic.row);
  if (topic.format != "avro" || !schema.large_decimals) return "";
  return ".option(\"avroSchema\", r\"\"\"" + schema.text + "\"\"\")";
}

std::string live(const ExportedTopic& topic, const std::vector<ExportedColumn>& columns) {
  std::vector<std::string> offsets;
  for (const auto& [partition, end] : topic.ends) offsets.push_back("\"" + std::to_string(partition) + "\": " + std::to_string(end));
  std::string types;
  for (std::size_t i = 0; i < topic.own.root().fields.size(); ++i) types += "            (\"" + columns[i].name + "\", \"" + columns[i].type + "\"),\n";
  types.replace(types.size() - 2, 2, "");
  return fill(kLive, {{"TOPIC", topic.topic},
                      {"REGISTRY", topic.registry},
                      {"BROKER", topic.broker},
                      {"SCHEMA", schema_for_spark(topic.own).text},
                      {"OFFSETS", joined(offsets, ", ")},
                      {"OWN_TYPES", types}});
}

}  // namespace

Result<std::string> export_spark(const ExportedTopic& topic, bool with_live) {
  const auto location = location_for(Reader::spark, topic);
  SLUICE_TRY(const auto columns, reader_columns({Reader::spark, topic.format}, topic.row.root()));
  const bool in_bucket = topic.place.starts_with("s3://");
  std::string settings, notes;
  for (const auto& setting : location.setup) settings += "\n         " + setting;
  for (const auto& note : location.notes) notes += "# " + note + "\n";
  std::vector<std::string> own;
  for (const auto& field : topic.own.root().fields) own.push_back("\"" + field.name + "\"");
  const auto head = fill(kHead, {{"TOPIC", topic.topic},
                                 {"AND_LIVE", with_live ? ",\n# and goes on from the topic at exactly these offsets" : ""},
                                 {"PACKAGES", packages(topic, with_live)},
                                 {"HADOOP", in_bucket ? ", HADOOP that of its jars/hadoop-client-api-HADOOP.jar" : ""},
                                 {"NOTES", notes},
                                 {"IMPORTS", imports(with_live)},
                                 {"SETTINGS", settings},
                                 {"COLUMNS", column_lines(Reader::spark, columns)},
                                 {"FOLDERS", folders(topic)},
                                 {"ARCHIVED", archived_rows(topic)},
                                 {"FORMAT", topic.format},
                                 {"AVRO", avro_option(topic)},
                                 {"URL", location.path + "/" + topic.folder},
                                 {"LARGE", large(topic)},
                                 {"OWN", joined(own, ", ")}});
  return head + (with_live ? live(topic, columns) : std::string(kEnd));
}

}  // namespace sluice::cli
