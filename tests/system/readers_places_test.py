#!/usr/bin/env python3
"""The code that `sluice export` prints for archives in a bucket and in HDFS, run as printed: every record of the topic, once,
with its values, and the table as it is.
"""
import decimal
import json
import os
import runpy
import subprocess
import sys

from harness import ROOT, Checks, temporary_directory
from places import HdfsPlace, S3Place
from places_test import Lake
from readers_test import spark_environment

PLACES = {"s3": S3Place, "hdfs": HdfsPlace}


def export(lake, language, *more):
    result = lake.sluice.run("export", language, "events", "--sink", "lake", *more)
    assert result.returncode == 0, result
    path = os.path.join(lake.directory, f"{language}.py")
    with open(path, "w") as file:
        file.write(result.stdout)
    return result.stdout, path


def agree(lake, rows, table):
    """That `rows` are the topic's records, and `table` the newest of each key."""
    records, _ = lake.topic()
    assert len(rows) == len(records)
    newest = {}
    for row in rows:
        key, value, _ = records.pop((row["_partition"], row["_offset"]))
        wanted = lake.value(value)
        assert row["_key"] == key and {name: row[name] for name in wanted} == wanted, (row, wanted)
        if row["_offset"] >= newest.get((row["_partition"], key), (-1,))[0]:
            newest[row["_partition"], key] = (row["_offset"], wanted["id"])
    assert not records
    if table is not None:  # its keys are of one partition each, as a producer that partitions by key has them
        alive = {identity for _, identity in newest.values() if identity is not None}
        assert {row["id"] for row in table} <= alive and table


def python_reads(lake):
    _, path = export(lake, "python", "--table")
    program = runpy.run_path(path)
    agree(lake, program["changes"].to_pylist(), list(program["table"].values()))


# DuckDB with its extensions as packages; they are of one version. What is printed fetches them by itself.
DUCKDB = """
import glob, json, sys
import duckdb
database = duckdb.connect()
for name in ("httpfs", "aws"):
    file, = glob.glob(f"{sys.argv[1]}/duckdb_extension_{name}/**/{name}.duckdb_extension", recursive=True)
    database.execute(f"LOAD '{file}'")
text = open(sys.argv[2]).read()
for name in ("httpfs", "aws"):
    text = text.replace(f"INSTALL {name};", "").replace(f"LOAD {name};", "")
database.execute(text)
rows = database.sql("SELECT _partition, _offset, hex(_key), id, text, amount::varchar, tags FROM events_changes").fetchall()
table = database.sql("SELECT id FROM events").fetchall()
json.dump({"rows": rows, "table": table}, sys.stdout)
"""


def duckdb_reads(lake):
    _, path = export(lake, "duckdb", "--table")
    if lake.place.name == "hdfs" or lake.format == "avro":  # printed as a program in Python
        agree(lake, runpy.run_path(path)["database"].sql("FROM changes").to_arrow_table().to_pylist(), None)
        return
    folder = os.path.join(ROOT, ".deps", "duckdb")
    out = subprocess.run([sys.executable, "-c", DUCKDB, folder, path], env=dict(os.environ, PYTHONPATH=folder), capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    answer = json.loads(out.stdout)
    rows = [{"_partition": p, "_offset": o, "_key": bytes.fromhex(k), "id": i, "text": t, "amount": a and decimal.Decimal(a), "tags": tags}
            for p, o, k, i, t, a, tags in answer["rows"]]
    agree(lake, rows, [{"id": i} for i, in answer["table"]])


def spark_reads(lake):
    """S3 by S3A as printed, HDFS by the NameNode's own address: the Hadoop in pip's Spark lacks a class for WebHDFS, as what
    is printed says."""
    text, path = export(lake, "spark", "--table")
    if lake.place.name == "s3":
        assert lake.place.server.secret_key not in text and "hadoop-aws" in text, text
    else:
        web = f"webhdfs://127.0.0.1:{lake.place.proxy.port}"
        assert web in text, text
        with open(path, "w") as file:
            file.write(text.replace(web, f"hdfs://127.0.0.1:{lake.place.hdfs.rpc_port}"))
    program = runpy.run_path(path)
    rows = [{**row.asDict(), "_key": bytes(row["_key"])} for row in program["changes"].collect()]
    agree(lake, rows, [row.asDict() for row in program["table"].collect()])
    if lake.place.name == "s3":
        program["spark"].stop()  # the next server's endpoint is a setting of a new session


def main():
    checks = Checks()
    spark_environment("s3a")
    os.environ["HADOOP_USER_NAME"] = "etl"
    for name, kind in PLACES.items():
        for form in ("parquet", "avro"):
            with temporary_directory() as directory, kind(directory) as place:
                lake = Lake(directory, place, form)
                lake.sluice.start()
                try:
                    lake.register()
                    lake.produce(lake.producer(), 3000)
                    lake.compare()
                    for language, reads in (("python", python_reads), ("duckdb", duckdb_reads), ("spark", spark_reads)):
                        checks.run(f"{language} reads {form} from {name}", reads, lake)
                finally:
                    lake.sluice.kill()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
