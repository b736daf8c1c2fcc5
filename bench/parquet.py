#!/usr/bin/env python3
"""One million rows of six columns as Parquet: our writer, pyarrow's and DuckDB's, each on one thread, the same rows.

    parquet.py BUILD [--rows N] [--runs N]

Prints a table: rows/s and MB/s of the rows in Avro, by processor time, the best of the runs. Ours begins with each row's
Avro bytes; pyarrow and DuckDB begin with a table in memory, so their work is the encoding alone. All of them: zstd level 3
(DuckDB's own default), statistics, dictionaries where they like.
"""
import argparse
import json
import os
import random
import resource
import struct
import subprocess
import tempfile
import time

import duckdb
import fastavro
import pyarrow
import pyarrow.parquet

SCHEMA = {"type": "record", "name": "Event", "fields": [
    {"name": "id", "type": "long"},
    {"name": "user", "type": "string"},
    {"name": "amount", "type": ["null", "double"]},
    {"name": "ok", "type": ["null", "boolean"]},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "note", "type": ["null", "string"]}]}
TABLE = pyarrow.schema([
    pyarrow.field("id", pyarrow.int64(), False), pyarrow.field("user", pyarrow.string(), False), ("amount", pyarrow.float64()),
    ("ok", pyarrow.bool_()), pyarrow.field("ts", pyarrow.timestamp("us", "UTC"), False), ("note", pyarrow.string())])


def columns(count):
    """Half of a note's bytes are random digits, one in ten is null."""
    draw = random.Random(42)
    out = {name: [] for name in TABLE.names}
    for i in range(count):
        r = draw.getrandbits(63)
        out["id"].append(i)
        out["user"].append(f"user-{r % 50000}")
        out["amount"].append((r % 1000000) / 100)
        out["ok"].append(bool(r & 1))
        out["ts"].append(1_700_000_000_000_000 + i * 1000 + r % 900)
        out["note"].append(None if r % 10 == 0 else f"event payload {r}")
    return out


def varint(value):
    value = value << 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def avro_rows(table):
    """Each row's Avro bytes."""
    def text(value):
        data = value.encode()
        return varint(len(data)) + data

    for id_, user, amount, ok, ts, note in zip(*table.values()):
        yield (varint(id_) + text(user) + b"\x02" + struct.pack("<d", amount) + b"\x02" + bytes([ok]) + varint(ts)
               + (b"\x00" if note is None else b"\x02" + text(note)))


def avro(table, path):
    """Each row's size and its Avro bytes."""
    with open(path, "wb") as file:
        for row in avro_rows(table):
            file.write(struct.pack(">i", len(row)) + row)


def processor_time(call):
    before = resource.getrusage(resource.RUSAGE_SELF)
    call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours(build, folder, codec):
    out = subprocess.run([os.path.join(build, "bin", "parquet_rows"), "write", f"{folder}/schema", f"{folder}/rows",
                          f"{folder}/ours.parquet", f"codec={codec}"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    pyarrow.set_cpu_count(1)
    with tempfile.TemporaryDirectory(prefix="sluice-parquet-") as folder:
        table = columns(arguments.rows)
        avro(table, f"{folder}/rows")
        with open(f"{folder}/schema", "w") as file:
            json.dump(SCHEMA, file)
        columnar = pyarrow.table(table, TABLE)
        database = duckdb.connect(config={"threads": 1})
        database.execute("create table events as select * from columnar")
        size = os.path.getsize(f"{folder}/rows") - 4 * arguments.rows
        print(f"{arguments.rows} rows, {size / 1e6:.1f} MB in Avro; one thread, processor time, best of {arguments.runs}\n")
        print("| codec | writer | rows/s | MB/s | file, MB | speed to ours |\n|---|---|---|---|---|---|")
        for codec in ("zstd", "snappy", "none"):
            reports = [ours(arguments.build, folder, codec) for _ in range(arguments.runs)]
            seconds = {"ours": min(report["seconds"] for report in reports)}
            peak = max(report["memory_kib"] for report in reports) / 1024
            level = {"compression_level": 3} if codec == "zstd" else {}
            seconds["pyarrow"] = min(processor_time(lambda: pyarrow.parquet.write_table(
                columnar, f"{folder}/pyarrow.parquet", compression=codec, write_page_index=True, write_page_checksum=True,
                **level)) for _ in range(arguments.runs))
            seconds["duckdb"] = min(processor_time(lambda: database.execute(
                f"copy events to '{folder}/duckdb.parquet' (format parquet, compression '{codec.replace('none', 'uncompressed')}')"))
                for _ in range(arguments.runs))
            for name, value in seconds.items():
                file_size = os.path.getsize(f"{folder}/{name}.parquet") / 1e6
                print(f"| {codec} | {name} | {arguments.rows / value / 1e6:.2f} M | {size / value / 1e6:.0f} | {file_size:.1f} "
                      f"| {seconds['ours'] / value:.2f} |")
            print(f"| | ours, memory | {peak:.0f} MiB | | | |")


if __name__ == "__main__":
    main()
