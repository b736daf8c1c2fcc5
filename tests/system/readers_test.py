"""The code that `sluice export` prints, run as printed on archives that `sluice serve` made of a real database, against what
the topic holds: counts, sums, types and nulls, column by column; and what it goes on with, each row once.

Trino is not run here: what is printed for it is parsed by sqlglot.
"""
import datetime
import decimal
import glob
import json
import os
import re
import runpy
import subprocess
import sys
import threading
import time
import uuid
import zlib

from archive_test import COLUMNS
from harness import ROOT, SLUICE, Checks, read_topic, temporary_directory, wait_until
from road import Road

TYPES = ("b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, t text, v varchar(40), y bytea, n numeric(12,3), wide numeric(30,10), "
         "loose numeric, d date, tm time, ts timestamp, tz timestamptz, u uuid, j jsonb, m mood, ints int[], texts text[], prices numeric(10,2)[], "
         "uuids uuid[], net inet, big text")
SETUP = f"""
CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy day');
CREATE TABLE everything (id int PRIMARY KEY, {TYPES}, dropped text, "a note" text);
ALTER TABLE everything ALTER big SET STORAGE EXTERNAL;
ALTER TABLE everything ALTER "a note" SET STORAGE EXTERNAL;
CREATE TABLE huge (id int PRIMARY KEY, h numeric(100,40), tm time);
INSERT INTO huge VALUES (1, 1e59, '01:02:03'), (2, -1e-40, NULL), (3, NULL, '23:59:59.999999');
"""


def values(i):
    """The columns of row i, as SQL."""
    if i % 7 == 3:
        return ", ".join(["NULL"] * 25)
    return (f"{i % 2 == 0}, {i % 30000}, {-i}, {i} * 4000000000, {i} * 1.5, {i} / 7.0::float8, 'text {i}', 'ä€😀 {i}', "
            f"'\\x00ff{i % 256:02x}', {i}.125, -{i}.0000000001, 'NaN', date '1969-12-25' + {i}, time '00:00:00.000001' + interval '{i} minutes', "
            f"timestamp '1969-12-31 23:59:59.999999' + interval '{i} hours', timestamptz '2026-01-01 12:00:00.5+02' + interval '{i} hours', "
            f"'00112233-4455-6677-8899-{i:012x}', '{{\"a\": {i}}}', 'o''k', '{{1,NULL,{i}}}', ARRAY['', NULL, 'a,b {i}'], '{{1.5,{i}.25,NULL}}', "
            f"ARRAY['00112233-4455-6677-8899-{i:012x}'::uuid], '10.0.0.1/8', repeat('big {i} ', 1000)")


NOTE = "repeat('a note ', 1000)"


def insert(begin, end, more=None):
    more = more or f"'old', {NOTE}"
    return "".join(f"INSERT INTO everything VALUES ({i}, {values(i)}, {more});" for i in range(begin, end))


FIRST = insert(0, 40)
LATER = (insert(100, 120) + "UPDATE everything SET i4 = 7 WHERE id < 10; DELETE FROM everything WHERE id IN (11, 12);"
         "INSERT INTO everything (id, t) VALUES (11, 'again');"
         "ALTER TABLE everything ADD COLUMN added int; ALTER TABLE everything DROP COLUMN dropped;" + insert(200, 220, NOTE + ", 1") +
         "UPDATE everything SET added = 2 WHERE id < 5;")
AFTER = (insert(300, 310, NOTE + ", 5") + "UPDATE everything SET added = 3 WHERE id BETWEEN 3 AND 8; DELETE FROM everything WHERE id = 20;"
         "UPDATE everything SET i8 = 1 WHERE id = 1;")


class Archived:
    """A road whose archive has all that its topics have."""

    def __init__(self, directory, form):
        self.form, self.marks = form, 0
        os.makedirs(directory)
        self.road = Road(directory, SETUP + FIRST, form=form)

    def settle(self):
        """Waits until the archive has what the database has: a mark is written behind it."""
        self.marks += 1
        self.road.sql(f"UPDATE everything SET t = 'mark {self.marks}' WHERE id = 39")
        topic = "shop.public.everything"

        def marked():
            messages = read_topic(self.road.sluice.broker, topic, newest=10)
            newest = messages[-1] if messages else None
            return newest and newest.value() and self.road.decode(newest.value())[0]["t"] == f"mark {self.marks}"
        wait_until(marked, 60, "the source has the last change", every=0.2)

        def archived():
            reached = {i["name"]: i["offset"] for i in self.road.stage("sink").get("items", [])}
            ends = {t["name"]: t["end"] for t in self.road.sluice.status()["topics"]}  # the sink's own may be old
            return all(name in reached and reached[name] >= ends[name] for name in (topic, "shop.public.huge"))
        wait_until(archived, 60, "the archive has what the topics have")

    def export(self, language, table, *more):
        result = self.road.sluice.run("export", language, "shop.public." + table, *more)
        assert result.returncode == 0, result
        path = os.path.join(self.road.directory, f"{language}_{table}{len(more)}.py")
        with open(path, "w") as file:
            file.write(result.stdout)
        return result.stdout, path

    def topic(self, table):
        """The topic's rows as an archive has them: (own columns, key, op, unchanged), by offset."""
        rows = {}
        for message in read_topic(self.road.sluice.broker, f"shop.public.{table}"):
            headers = {name: value.decode() for name, value in message.headers() or []}
            own = self.road.decode(message.value())[0] if message.value() is not None else self.road.decode(message.key())[0]
            rows[message.offset()] = {**own, "_key": message.key(), "_op": headers.get("__op"), "_unchanged": headers.get("__unchanged"),
                                      "_timestamp": message.timestamp()[1], "_txid": headers.get("__txid") and int(headers["__txid"])}
        return rows


def avro_names(unchanged):
    return [name.replace(" ", "_x20") for name in json.loads(unchanged or "[]")]


def current(rows, unchanged=True):
    """The table as it is, by id: what PostgreSQL has. Large values that it did not send again are null without `unchanged`."""
    table = {}
    for _, row in sorted(rows.items()):
        before = table.pop(row["_key"], {})
        if row["_op"] != "d":
            table[row["_key"]] = {**row, **{name: before[name] for name in avro_names(row["_unchanged"]) if unchanged}}
    return {row["id"]: row for row in table.values()}


EPOCH = datetime.datetime(1970, 1, 1)


def normal(value, column=""):
    """A value as text that is the same whoever read it: times are microseconds, uuids text."""
    if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray":
        return [normal(each) for each in value]
    if isinstance(value, datetime.datetime):
        if value.tzinfo:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        micros = (value - EPOCH) // datetime.timedelta(microseconds=1)
        return micros // 1000 if column == "_timestamp" else micros
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond
    if isinstance(value, decimal.Decimal):
        return str(value.normalize(decimal.Context(prec=2000)) + 0)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    return value


def sums(rows, columns):
    """By column: how many rows, how many nulls, and the sum of the values' checksums."""
    out = {}
    for name in columns:
        column = [normal(row.get(name), name) for row in rows]
        out[name] = (len(column), sum(v is None for v in column), sum(zlib.crc32(repr(v).encode()) for v in column))
    return out


def agree(rows, topic, columns):
    rows = list(rows)
    assert len(rows) == len(topic), f"{len(rows)} rows, the topic has {len(topic)}"
    assert sorted(row["_offset"] for row in rows) == sorted(topic), "offsets"
    topic = [{**row, "_offset": offset} for offset, row in topic.items()]
    got, wanted = sums(rows, columns), sums(topic, columns)
    assert got == wanted, {name: (got[name], wanted[name]) for name in columns if got[name] != wanted[name]}


OWN = ["id"] + [c.split()[0] for c in re.sub(r"\(\d+,\d+\)", "", TYPES).split(", ")] + ["dropped", "a_x20note", "added"]
ALL = OWN + ["_offset", "_timestamp", "_key", "_op", "_txid", "_unchanged"]


def same_table(rows, wanted):
    rows = list(rows)
    got = sorted(row["id"] for row in rows)
    assert got == sorted(wanted), f"keys: more {sorted(set(got) - set(wanted))}, less {sorted(set(wanted) - set(got))}, of {len(got)}"
    wanted = list(wanted.values())
    got, wanted = sums(rows, OWN), sums(wanted, OWN)
    assert got == wanted, {name: (got[name], wanted[name]) for name in OWN if got[name] != wanted[name]}


def as_database(archived):
    """The table by the topic is the table in PostgreSQL."""
    table = current(archived.topic("everything"))
    found = archived.road.sql('SELECT id, i4, big, added, t, "a note" FROM everything ORDER BY id')
    assert found == [(i, table[i]["i4"], table[i]["big"], table[i].get("added"), table[i]["t"], table[i]["a_x20note"]) for i in sorted(table)]
    assert any(row["_unchanged"] for row in archived.topic("everything").values()), "no value was left out: the test tests less"


def unscaled(value):
    """A numeric(100,40) as a whole number: text, or bytes in two's complement."""
    if isinstance(value, str):
        return int(decimal.Decimal(value).scaleb(40, decimal.Context(prec=200)))
    return int.from_bytes(value, "big", signed=True)


def python_reads(archived):
    import pyarrow as pa
    text, path = archived.export("python", "everything")
    topic = archived.topic("everything")
    program = runpy.run_path(path)
    changes = program["changes"]
    agree(changes.to_pylist(), topic, ALL)
    types = {"n": pa.decimal128(12, 3), "d": pa.date32(), "tm": pa.time64("us"), "ts": pa.timestamp("us"), "tz": pa.timestamp("us", "UTC"), "u": pa.string(),
             "y": pa.binary(), "prices": pa.list_(pa.decimal128(10, 2)), "_timestamp": pa.timestamp("ms", "UTC"), "hour": pa.string(), "f4": pa.float32()}
    assert {name: changes.schema.field(name).type for name in types} == types
    assert set(changes.column("dt").to_pylist()) == {str(datetime.datetime.fromtimestamp(r["_timestamp"] / 1000, datetime.timezone.utc).date())
                                                     for r in topic.values()}
    same_table(program["table"].values(), current(topic))
    _, path = archived.export("python", "huge")
    huge = runpy.run_path(path)["changes"].to_pylist()
    agree(huge, archived.topic("huge"), ["id", "tm"])
    wanted = {1: 10**99, 2: -1, 3: None}
    assert {row["id"]: row["h"] and unscaled(row["h"]) for row in huge} == wanted, huge
    assert "live" in text and "live" not in archived.export("python", "everything", "--table")[0]


def duckdb_reads(archived):
    import duckdb
    text, path = archived.export("duckdb", "everything")
    if archived.form == "avro":
        database = runpy.run_path(path)["database"]
        changes, table = "changes", "shop_public_everything"
    else:
        database = duckdb.connect()
        database.execute(text)
        changes, table = "shop_public_everything_changes", "shop_public_everything"
    database.execute("SET TimeZone = 'UTC'")
    topic = archived.topic("everything")
    rows = lambda relation: database.sql(f"FROM {relation}").to_arrow_table().to_pylist()
    agree(rows(changes), topic, ALL)
    same_table(rows(table), current(topic))
    types = dict(database.execute(f"SELECT column_name, column_type FROM (DESCRIBE {changes})").fetchall())
    expected = {"n": "DECIMAL(12,3)", "d": "DATE", "tm": "TIME", "ts": "TIMESTAMP", "tz": "TIMESTAMP WITH TIME ZONE", "y": "BLOB", "f4": "FLOAT",
                "prices": "DECIMAL(10,2)[]", "texts": "VARCHAR[]", "hour": "VARCHAR"}
    assert {name: types[name] for name in expected} == expected, types


def compat_jars(*names):
    """The jars of these folders of tests/compat."""
    jars = {name: glob.glob(os.path.join(ROOT, ".deps", "compat", name, "*.jar")) for name in names}
    assert all(jars.values()), f"{jars}: tests/compat/run.sh fetch gets them"
    return sum(jars.values(), [])


def spark_environment(*more):
    jars = compat_jars("spark", *more)
    os.environ.update(TZ="UTC", PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    time.tzset()
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        f"--jars {','.join(jars)} --master local[2] --driver-memory 1g --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 "
        "--conf spark.log.level=ERROR --conf spark.hadoop.fs.s3a.impl.disable.cache=true --conf spark.ui.showConsoleProgress=false --conf spark.sql.session.timeZone=UTC pyspark-shell")


def spark_reads(archived):
    _, path = archived.export("spark", "everything")
    topic = archived.topic("everything")
    program = runpy.run_path(path)
    agree([row.asDict() for row in program["changes"].collect()], topic, ALL)
    same_table([row.asDict() for row in program["table"].collect()], current(topic))
    types = dict(program["changes"].dtypes)
    expected = {"n": "decimal(12,3)", "d": "date", "tm": "bigint", "ts": "timestamp_ntz", "tz": "timestamp", "y": "binary", "f4": "float",
                "prices": "array<decimal(10,2)>", "dt": "date", "hour": "int"}
    assert {name: types[name] for name in expected} == expected, types
    _, path = archived.export("spark", "huge")
    huge = runpy.run_path(path)["changes"]
    agree([row.asDict() for row in huge.collect()], archived.topic("huge"), ["id", "tm"])
    rows = {row["id"]: row["h"] and unscaled(row["h"]) for row in huge.collect()}
    assert rows == {1: 10**99, 2: -1, 3: None}, rows


def goes_on(archived):
    """Programs that were printed before later changes: archive and topic together are all rows, each once."""
    _, python = archived.export("python", "everything")
    _, spark = archived.export("spark", "everything")
    archived.road.sql(AFTER)
    archived.settle()
    topic = archived.topic("everything")
    program = runpy.run_path(python)
    rows, table = program["changes"].to_pylist(), program["table"]
    before = len(rows)
    following = program["live"]()
    while len(rows) < len(topic):
        row = next(following)
        program["apply"](table, row)
        rows.append(row)
    following.close()
    assert before < len(topic), "nothing came after the archive's end: the test tests nothing"
    assert sorted(row["_offset"] for row in rows) == sorted(topic), "a row is there twice, or missing"
    same_table(table.values(), current(topic))
    goes_on_with_spark(archived, spark, topic, before)


def goes_on_with_spark(archived, path, topic, before):
    program = runpy.run_path(path)
    batches = []
    stream = program["live"].writeStream.foreachBatch(lambda batch, _: batches.extend(program["rows_of"](batch).collect()))
    stream = stream.option("checkpointLocation", os.path.join(archived.road.directory, "checkpoint")).trigger(availableNow=True).start()
    assert stream.awaitTermination(300), "the stream does not end"
    live = [row.asDict() for row in batches]
    archive = [row.asDict() for row in program["changes"].collect()]
    assert len(archive) == before and len(live) == len(topic) - before, (len(archive), len(live), before, len(topic))
    deletes = {offset: row for offset, row in topic.items() if row["_op"] == "d"}
    keyed = [{**row, **({"id": deletes[row["_offset"]]["id"]} if row["_offset"] in deletes else {})} for row in archive + live]
    agree(keyed, topic, ALL)


def goes_on_as_printed(archived):
    """The program as it is, from a shell, prints what comes."""
    _, path = archived.export("python", "everything")
    process = subprocess.Popen([sys.executable, "-u", path], stdout=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True).start()
    try:
        wait_until(lambda: lines, 60, "the first line")
        archived.road.sql("UPDATE everything SET t = 'last' WHERE id = 2")
        wait_until(lambda: any("'t': 'last'" in line for line in lines[1:]), 30, "the change is printed")
    finally:
        process.kill()
        process.wait()
    assert len(lines) == 2, lines


FOR_FLINK = (insert(400, 410, NOTE + ", 6") + "UPDATE everything SET added = 4 WHERE id BETWEEN 2 AND 6; DELETE FROM everything WHERE id IN (21, 22);"
             "INSERT INTO everything (id, t) VALUES (22, 'again');")
PYSPARK_JARS = os.path.join(os.path.dirname(sys.executable), "..", "lib", "python*", "site-packages", "pyspark", "jars")


def flink_rows(answer):
    """The rows of a SELECT of FlinkSql.java, with values as others read them: [(kind, row)]."""
    def value(name, data, kind):
        if data is None or name == "_key":
            return data and bytes.fromhex(data)
        if kind.startswith("ARRAY<"):
            return [value(name, each, kind[6:]) for each in data]
        if kind.startswith("DECIMAL"):
            return decimal.Decimal(data)
        if kind == "DATE":
            return datetime.date(1970, 1, 1) + datetime.timedelta(data)
        return data // 1000 if kind == "TIMESTAMP_LTZ(3)" else data
    types = answer["types"]
    return [(each["kind"], {name: value(name, data, types[name]) for name, data in each["row"].items()}) for each in answer["rows"]]


def flink(archived, scripts):
    """Runs SQL, each script in a session of its own; gives the answers of its SELECTs."""
    paths = []
    for i, text in enumerate(scripts):
        paths.append(os.path.join(archived.road.directory, f"flink_{i}.sql"))
        with open(paths[-1], "w") as file:
            file.write(text)
    classes = [os.path.join(ROOT, ".deps", "compat", "flink-classes"), *compat_jars("flink"), *glob.glob(os.path.join(PYSPARK_JARS, "hadoop-client-*.jar"))]
    out = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
                          "-cp", ":".join(classes), "FlinkSql", *paths], capture_output=True, text=True, timeout=600, check=False)
    assert out.returncode == 0, out.stderr[-5000:]
    return [json.loads(line) for line in out.stdout.splitlines()]


def below_the_end(topic, text):
    """The rows below the end that was printed: what has no visible file yet is not the archive's."""
    end = int(re.search(r"`_offset` < (\d+)", text)[1])
    return {offset: row for offset, row in topic.items() if offset < end}


def flink_reads_and_goes_on(archived):
    """As printed, but for the ends of the topic's tables: to compare, they end where the topic does now."""
    archived.settle()
    name = "shop_public_everything"
    live, alone, huge = (archived.export("flink", *what)[0] for what in (("everything",), ("everything", "--table"), ("huge", "--table")))
    archived.road.sql(FOR_FLINK)
    archived.settle()
    topic = archived.topic("everything")
    before, with_live = below_the_end(topic, alone), below_the_end(topic, live)
    ends = "".join(f"ALTER TABLE `{name}_{table}` SET ('scan.bounded.mode' = 'latest-offset');\n" for table in ("live", "live_deletes"))
    changes, table, archive, archive_table, large = map(flink_rows, flink(archived, [
        live + ends + f"SELECT * FROM `{name}_changes`;\nSELECT * FROM `{name}`;\n",
        alone + f"SELECT * FROM `{name}_archived`;\nSELECT * FROM `{name}`;\n", huge + "SELECT * FROM `shop_public_huge_archived`;\n"]))
    agree([row for _, row in archive], before, ALL)
    same_table([row for _, row in archive_table], current(before, unchanged=False))
    assert {row["id"]: row["h"] and int.from_bytes(bytes.fromhex(row["h"]), "big", signed=True) for _, row in large} == {1: 10**99, 2: -1, 3: None}
    deletes = {offset: row["id"] for offset, row in topic.items() if row["_op"] == "d" and offset not in with_live}
    assert deletes and {kind for kind, _ in changes} == {"+I"}, (deletes, changes[:2])
    assert all(row["id"] is None for _, row in changes if row["_offset"] in deletes)
    agree([{**row, "id": deletes.get(row["_offset"], row["id"])} for _, row in changes], topic, ALL)
    rows = {}
    for kind, row in table:
        rows.pop(row["id"], None)
        if kind in ("+I", "+U"):
            rows[row["id"]] = row
    same_table(rows.values(), current(topic, unchanged=False))


# What Hive is asked of a column, by its kind, and the same in Python.
HIVE_SUMS = {
    "number": ("sum(`{}`)", lambda value: value),
    "text": ("sum(crc32(`{}`))", lambda value: zlib.crc32(value if isinstance(value, bytes) else str(value).encode())),
    "flag": ("sum(if(`{}`, 1, 0))", int),
    "day": ("sum(datediff(`{}`, '1970-01-01'))", lambda value: (value - datetime.date(1970, 1, 1)).days),
    "list": ("sum(if(`{0}` is null, 0, size(`{0}`)))", len),
}
HIVE_OWN = {"number": ["id", "i2", "i4", "i8", "added", "n", "wide", "tm", "ts", "tz"], "flag": ["b"], "day": ["d"], "list": ["ints", "texts", "prices", "uuids"],
            "text": ["t", "v", "y", "loose", "u", "j", "m", "net", "big", "dropped", "a_x20note"]}
HIVE_MORE = {"number": ["_offset", "_timestamp", "_txid"], "text": ["_key", "_op", "_unchanged"]}
HIVE_SITE = {"javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true", "javax.jdo.option.ConnectionDriverName": "org.apache.derby.jdbc.EmbeddedDriver",
             "datanucleus.schema.autoCreateAll": "true", "datanucleus.connectionPoolingType": "NONE", "hive.metastore.schema.verification": "false",
             "hive.async.log.enabled": "false", "hive.stats.autogather": "false", "hive.cbo.enable": "false", "mapreduce.framework.name": "local",
             "hive.exec.submitviachild": "false"}
HIVE_OPENS = ("lang", "lang.reflect", "net", "util", "util.concurrent", "util.concurrent.atomic", "nio", "io", "math", "text", "time")


def hive(directory, script):
    """Runs HiveQL in a Hive within one process; gives what it prints, by line."""
    folders = {"hive.metastore.warehouse.dir": "warehouse", "hive.exec.scratchdir": "scratch", "hive.exec.local.scratchdir": "local"}
    site = {**HIVE_SITE, **{name: os.path.join(directory, folder) for name, folder in folders.items()}}
    with open(os.path.join(directory, "hive-site.xml"), "w") as file:
        properties = "".join(f"<property><name>{name}</name><value>{value}</value></property>" for name, value in site.items())
        file.write(f"<configuration>{properties}</configuration>")
    with open(os.path.join(directory, "hive.sql"), "w") as file:
        file.write(script)
    opens = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in HIVE_OPENS]
    out = subprocess.run(["java", "-XX:TieredStopAtLevel=1", *opens, "-cp", ":".join([directory, *compat_jars("hive"), os.path.join(glob.glob(PYSPARK_JARS)[0], "*")]),
                          "org.apache.hadoop.hive.cli.CliDriver", "-S", "-f", os.path.join(directory, "hive.sql")],
                         capture_output=True, text=True, timeout=600, check=False, cwd=directory)
    assert out.returncode == 0, out.stderr[-5000:]
    return out.stdout.splitlines()


def hive_reads(archived):
    """Over Avro: this Hive, 2.3, knows no decimals that are numbers in Parquet."""
    archived.settle()
    text, _ = archived.export("hive", "everything", "--table")
    topic = below_the_end(archived.topic("everything"), text)
    relations = (("shop_public_everything_changes", [{**row, "_offset": offset} for offset, row in topic.items()], (HIVE_OWN, HIVE_MORE)),
                 ("shop_public_everything", list(current(topic).values()), (HIVE_OWN,)))
    queries, wanted = "", []
    for name, rows, kinds in relations:
        columns = [(kind, column) for group in kinds for kind, named in group.items() for column in named]
        asked = [f"count(`{column}`), " + HIVE_SUMS[kind][0].format(column) for kind, column in columns]
        queries += f"SELECT 'answer', count(*), {', '.join(asked)} FROM `{name}`;\n"
        wanted.append([("rows", len(rows))])
        for kind, column in columns:
            own = [normal(row.get(column), column) if column in ("tm", "ts", "tz") else row.get(column) for row in rows]
            there = [HIVE_SUMS[kind][1](value) for value in own if value is not None]
            wanted[-1] += [(column + " count", len(there)), (column, sum(there))]
    answers = [line.split("\t")[1:] for line in hive(archived.road.directory, text + queries) if line.startswith("answer\t")]
    assert len(answers) == len(wanted), answers
    for answer, all_wanted in zip(answers, wanted):
        got = [decimal.Decimal(0 if value == "NULL" else value) for value in answer]
        different = [(name, value, got_value) for (name, value), got_value in zip(all_wanted, got, strict=True) if value != got_value]
        assert not different, different


def sql_is_sql(archived):
    import sqlglot
    from sqlglot import exp
    for language, dialect in (("trino", "trino"), ("hive", "hive")):
        text, _ = archived.export(language, "everything")
        alone, _ = archived.export(language, "everything", "--table")
        assert len(alone) < len(text)
        statements = [s for s in sqlglot.parse(text, dialect=dialect) if s]
        created = {c.this.this.name if isinstance(c.this, exp.Schema) else c.this.name for c in statements if isinstance(c, exp.Create)}
        assert {"shop_public_everything_archive", "shop_public_everything_changes", "shop_public_everything"} <= created, created
        for part in ("decimal(12,3)", archived.road.archive, archived.road.sluice.broker):
            assert part in text.lower(), (language, part)


def errors_say_what_to_do(archived):
    run = lambda *more: archived.road.sluice.run("export", "python", *more)
    near = run("shop.public.everythin")
    assert near.returncode == 1 and "did you mean shop.public.everything?" in near.stderr, near
    near = run("everything", "--archive", archived.road.archive)
    assert near.returncode == 1 and "did you mean shop.public.everything?" in near.stderr, near
    none = run("shop.public.everything", "--archive", archived.road.directory)
    assert none.returncode == 1 and "there is no archive" in none.stderr, none
    sink = run("shop.public.everything", "--sink", "lake")
    assert sink.returncode == 1 and "there is: archive" in sink.stderr, sink
    same = run("shop.public.everything").stdout
    assert same == run("shop.public.everything", "--archive", archived.road.archive).stdout == run("shop.public.everything", "--sink", "archive").stdout


def has_format(directory, form):
    """Whether this program writes such files."""
    path = os.path.join(directory, f"{form}.yaml")
    with open(path, "w") as file:
        file.write(f"version: 1\nsinks:\n  lake: {{to: {directory}/lake, topics: [clicks], format: {form}}}\n")
    return subprocess.run([SLUICE, "check", "-c", path], capture_output=True, check=False).returncode == 0


def main():
    checks = Checks()
    spark_environment()
    with temporary_directory() as directory:
        for form in ("avro", "parquet"):
            if not has_format(directory, form):
                print(f"this program has no {form}")
                continue
            archived = Archived(os.path.join(directory, form), form)
            with archived.road:
                archived.settle()
                archived.road.sql(LATER)
                archived.settle()
                for name, function in (("the topic is the table", as_database), ("python reads it", python_reads), ("duckdb reads it", duckdb_reads),
                                       ("spark reads it", spark_reads), ("it goes on at the exact offset", goes_on),
                                       ("python goes on as printed", goes_on_as_printed),
                                       ("flink reads it and goes on", flink_reads_and_goes_on), ("hive reads it", hive_reads), ("sql is sql", sql_is_sql),
                                       ("errors say what to do", errors_say_what_to_do)):
                    if form == "avro" or function is not hive_reads:
                        checks.run(f"{form}: {name}", function, archived)
    checks.finish()


if __name__ == "__main__":
    main()
