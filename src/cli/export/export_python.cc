// Programs in Python: pyarrow reads Parquet, fastavro Avro, confluent_kafka the topic. DuckDB's over Avro is one of them.
#include <utility>

#include "cli/export/export_place.h"
#include "cli/export/export_text.h"

namespace sluice::cli {
namespace {

constexpr std::string_view kHead = R"(# Reads the archive of @TOPIC@ up to the offsets in ENDS@AND_LIVE@.
# Needs: pip install @PACKAGES@
@NOTES@import json
@IMPORTS@
TOPIC = "@TOPIC@"
ENDS = {@ENDS@}  # by partition: the first offset that is not from the archive
SCHEMA = pa.schema([
@COLUMNS@
])
@SETUP@
FOLDER = "@FOLDER@"
)";

constexpr std::string_view kParquet = R"(
# Every change, each once. Names that begin with "_" (dead letters, _SUCCESS) are not read.
files = dataset.dataset(FOLDER, filesystem=place, format="parquet", schema=SCHEMA,
                        partitioning=@PARTITIONING@)
archived = functools.reduce(operator.or_, [(dataset.field("_partition") == partition) & (dataset.field("_offset") < end)
                                           for partition, end in ENDS.items()])
changes = files.to_table(filter=archived)
)";

constexpr std::string_view kAvro = R"(

def files():
    for info in place.get_file_info(fs.FileSelector(FOLDER, recursive=True)):
        parts = info.path[len(FOLDER):].strip("/").split("/")
        # Names that begin with "_" are dead letters and _SUCCESS.
        if info.path.endswith(".avro") and not any(part.startswith("_") for part in parts):
            yield info.path, dict(urllib.parse.unquote(part).split("=", 1) for part in parts[:-1] if "=" in part)


def plain(value, kind):
    """A value of fastavro as one of Arrow's type `kind`: what Arrow has as text (uuids, huge decimals) is made text."""
    if value is None:
        return None
    if pa.types.is_list(kind):
        return [plain(each, kind.value_type) for each in value]
    if pa.types.is_map(kind):
        return [(name, plain(each, kind.item_type)) for name, each in value.items()]
    if pa.types.is_struct(kind):
        return {field.name: plain(value.get(field.name), field.type) for field in kind}
    return str(value) if pa.types.is_string(kind) else value


def batches():
    for path, folders in files():
        with place.open_input_file(path) as file:
            rows = [{field.name: plain({**folders, **row}.get(field.name), field.type) for field in SCHEMA}
                    for row in fastavro.reader(file) if row["_offset"] < ENDS.get(row["_partition"], 0)]
        yield pa.RecordBatch.from_pylist(rows, SCHEMA)


# Every change, each once.
changes = pa.Table.from_batches(batches(), SCHEMA)
)";

constexpr std::string_view kTable = R"(
@COLUMN_OF@
def apply(table, row):
    """Makes one change of the table: a dict of rows by key."""
    before = table.pop(row["_key"], {})
    if row["_key"] is None or row["_op"] == "d":
        return
    unchanged = json.loads(row["_unchanged"] or "[]")  # large values that PostgreSQL did not send again
    table[row["_key"]] = {**row, **{name: before.get(name) for name in @UNCHANGED@}}


# The table as it is.
table = {}
for row in changes.sort_by([("_partition", "ascending"), ("_offset", "ascending")]).to_pylist():
    apply(table, row)
)";

constexpr std::string_view kLive = R"(

def live():
    """The changes after those of the archive, for ever."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": "@BROKER@", "group.id": TOPIC + "-reader",
                                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.assign([confluent_kafka.TopicPartition(TOPIC, partition, end) for partition, end in ENDS.items()])
@DECODER@    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise confluent_kafka.KafkaException(message.error())
        headers = {name: value.decode() for name, value in message.headers() or []}
        number = {name: int(headers["_" + name]) if "_" + name in headers else None for name in ["_lsn", "_seq", "_txid"]}
        value = @VALUE@
        yield {**(value or {}), "_topic": TOPIC, "_partition": message.partition(), "_offset": message.offset(),
               "_timestamp": message.timestamp()[1], "_key": message.key(),
               "_op": "d" if message.value() is None else headers.get("__op"), **number,
               "_unchanged": headers.get("__unchanged"), "_special": headers.get("__special")}


if __name__ == "__main__":
    print(changes.num_rows, "changes,", len(table), "rows now")
    for row in live():
        apply(table, row)
        print(row)
)";

constexpr std::string_view kEnd = R"(

if __name__ == "__main__":
    print(changes.num_rows, "changes,", len(table), "rows now")
)";

constexpr std::string_view kDuckdb = R"(
# DuckDB over the same rows.
database = duckdb.connect()
database.register("changes", changes)
# The table as it is.
database.sql("""CREATE VIEW "@NAME@" AS
@CURRENT@""")

if __name__ == "__main__":
    print(database.sql('SELECT count(*) FROM "@NAME@"'))
)";

struct Parts {
  bool avro, live, duckdb;
};

std::string imports(const Parts& parts) {
  std::string out = parts.avro ? "import urllib.parse\n\n" : "import functools\nimport operator\n\n";
  if (parts.live) out += "import confluent_kafka\n";
  if (parts.duckdb) out += "import duckdb\n";
  if (parts.avro) out += "import fastavro\n";
  if (parts.live) out += "from confluent_kafka.schema_registry import SchemaRegistryClient\nfrom confluent_kafka.schema_registry.avro import AvroDeserializer\n";
  if (parts.live) out += "from confluent_kafka.serialization import MessageField, SerializationContext\n";
  return out + "import pyarrow as pa\nfrom pyarrow import " + (parts.avro ? "fs\n" : "dataset, fs\n");
}

std::string packages(const Parts& parts) {
  return std::string("pyarrow") + (parts.avro ? " fastavro" : "") + (parts.duckdb ? " duckdb" : "") +
         (parts.live ? " \"confluent-kafka[avro,schemaregistry]\"" : "");
}

std::string field_lines(const std::vector<ExportedColumn>& columns, const std::vector<std::string>& folders) {
  std::string out;
  for (const auto& [name, type] : columns) out += "    (\"" + name + "\", " + type + "),\n";
  for (const auto& name : folders) out += "    (\"" + name + "\", pa.string()),\n";
  out.pop_back();
  return out;
}

std::string partitioning(const std::vector<std::string>& folders) {
  if (folders.empty()) return "None";
  std::vector<std::string> fields;
  for (const auto& name : folders) fields.push_back("(\"" + name + "\", pa.string())");
  return "dataset.partitioning(pa.schema([" + joined(fields, ", ") + "]), flavor=\"hive\")";
}

std::string ends(const ExportedTopic& topic) {
  std::vector<std::string> out;
  for (const auto& [partition, end] : topic.ends) out.push_back(std::to_string(partition) + ": " + std::to_string(end));
  return joined(out, ", ");
}

// The part that makes the table out of the changes. `_unchanged` has the database's names of columns.
std::string table(const ExportedTopic& topic) {
  std::vector<std::string> renamed;
  for (const auto& [column, name] : large_columns(topic)) {
    if (name != "\"" + column + "\"") renamed.push_back(name + ": \"" + column + "\"");
  }
  if (renamed.empty()) return fill(kTable, {{"COLUMN_OF", ""}, {"UNCHANGED", "unchanged"}});
  return fill(kTable, {{"COLUMN_OF", "COLUMN_OF = {" + joined(renamed, ", ") + "}  # by its name in the database\n\n"},
                       {"UNCHANGED", "[COLUMN_OF.get(each, each) for each in unchanged]"}});
}

Result<std::string> head(const ExportedTopic& topic, const Parts& parts) {
  const auto location = location_for(Reader::python, topic);
  const auto folders = folder_columns(topic);
  SLUICE_TRY(const auto columns, reader_columns({Reader::python, topic.format}, topic.row.root()));
  std::string notes;
  for (const auto& note : location.notes) notes += "# " + note + "\n";
  const Values values{{"TOPIC", topic.topic},
                      {"AND_LIVE", parts.live ? ", then goes on from the topic at exactly these offsets" : ""},
                      {"PACKAGES", packages(parts)},
                      {"NOTES", notes},
                      {"IMPORTS", imports(parts)},
                      {"ENDS", ends(topic)},
                      {"COLUMNS", field_lines(columns, folders)},
                      {"SETUP", joined(location.setup, "\n")},
                      {"FOLDER", location.path + "/" + topic.folder},
                      {"PARTITIONING", partitioning(folders)}};
  return fill(kHead, values) + fill(parts.avro ? kAvro : kParquet, values);
}

std::string live(const ExportedTopic& topic) {
  const std::string decoder = "    value_of = AvroDeserializer(SchemaRegistryClient({\"url\": \"" + topic.registry + "\"}))\n";
  const std::string decoded = "value_of(message.value(), SerializationContext(TOPIC, MessageField.VALUE))";
  const bool record = topic.own.root().field("_value") == nullptr;
  const bool raw = is_raw(topic);
  return fill(kLive, {{"BROKER", topic.broker},
                      {"DECODER", raw ? "" : decoder},
                      {"VALUE", record ? decoded : "{\"_value\": " + (raw ? "message.value()" : decoded) + "}"}});
}

}  // namespace

Result<std::string> export_python(const ExportedTopic& topic, bool with_live) {
  SLUICE_TRY(auto out, head(topic, {.avro = topic.format == "avro", .live = with_live, .duckdb = false}));
  out += table(topic);
  return out + (with_live ? live(topic) : std::string(kEnd));
}

Result<std::string> python_for_duckdb(const ExportedTopic& topic) {
  SLUICE_TRY(const auto out, head(topic, {.avro = topic.format == "avro", .live = false, .duckdb = true}));
  return out + fill(kDuckdb, {{"NAME", sql_name(topic)}, {"CURRENT", current_state(Reader::duckdb, topic, "changes")}});
}

}  // namespace sluice::cli
