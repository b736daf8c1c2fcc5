#!/usr/bin/env python3
"""`mode: latest` on every place, with a filter and a choice of columns, while Sluice and the place's server are killed and
requests are cut: what the pointer leads to is whole at any time, and in the end the newest row of each key that passes.

    latest_test.py [--faults N] [--place P] [--format F]      SEED=n repeats the draw
"""
import argparse
import json
import os
import random
import sys
import threading

from harness import Checks, seed, temporary_directory, wait_until
from places import PLACES
from places_test import Lake, inject, read_file

TOPICS = "[{topic: 'e*', where: 'id < 0'}, {topic: events, where: 'amount IS NULL OR id BETWEEN 10 AND 2000', columns: {exclude: [text]}}]"


class Tables(Lake):
    def rolling(self, roll):
        return f"mode: latest\n    every: 300ms\n    roll: {roll}"

    def pointer(self):
        """The pointer and its rows, which are what it says."""
        folder = os.path.join(self.place.folder(), "events")
        with open(os.path.join(folder, "_latest.json")) as file:
            pointer = json.load(file)
        rows = []
        for file in pointer["files"]:
            path = os.path.join(folder, pointer["folder"], file["name"])
            assert os.path.getsize(path) == file["bytes"], path
            rows += read_file(path)
        assert len(rows) == pointer["rows"]
        versions = {name for name in os.listdir(folder) if name.startswith("v-")}
        return pointer, rows, versions

    def look(self):
        """A version lives as long as two after it: who is slower takes the pointer anew."""
        while True:
            before = self.moved()
            try:
                return self.pointer()
            except (FileNotFoundError, AssertionError):
                if self.moved() == before:
                    raise

    def moved(self):
        with open(os.path.join(self.place.folder(), "events", "_latest.json")) as file:
            return file.read()

    def compare(self):
        records, ends = self.settle()
        pointer, rows, versions = self.pointer()
        assert pointer["offsets"] == {str(p): end for p, end in ends.items()}, (pointer["offsets"], ends)
        table = {}
        for at in sorted(records):  # by partition, then offset; a key is of one partition
            key, value, _ = records[at]
            table[at[0], key] = (at, value)
        alive = {at: self.value(value) for at, value in table.values() if value is not None}
        passing = {at: v for at, v in alive.items() if v["amount"] is None or 10 <= v["id"] <= 2000}
        assert {(row["_partition"], row["_offset"]) for row in rows} == passing.keys()
        for row in rows:
            wanted = passing[row["_partition"], row["_offset"]]
            assert "text" not in row and row["id"] == wanted["id"] and row["amount"] == wanted["amount"] and row["tags"] == wanted["tags"]
        assert passing and pointer["filtered"] == len(alive) - len(passing) > 0
        named = {pointer["folder"], *pointer["previous"]}
        # What sorts after the pointer's may be another writer's work: the next version sweeps it.
        assert named <= versions and all(left > pointer["folder"] for left in versions - named), (named, versions)
        verified = self.sluice.run("verify", self.place.url)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        return len(records), len(rows)


def latest(directory, kind, file_format, count, draw):
    with kind(directory) as place:
        tables = Tables(directory, place, file_format, roll="{size: 100kB}", topics=TOPICS)
        tables.sluice.start()
        stop = threading.Event()
        try:
            tables.register()
            writer = threading.Thread(target=tables.write_on, args=(stop,))
            writer.start()
            wait_until(lambda: tables.archived() > 0, 60, "a first version is there")
            told = {}
            for _ in range(count):
                fault = inject(tables, draw)
                told[fault] = told.get(fault, 0) + 1
                if place.name != "hdfs":  # there a look is not of one moment
                    tables.look()
            wait_until(lambda: tables.count >= 3000, 120, "3000 records are written")
            stop.set()
            writer.join(330)
            records, rows = tables.compare()
            print(f"{place.name}, {file_format}: faults {told}, {getattr(place.proxy, 'injected', 0)} requests broken; "
                  f"{rows} rows of {records} records")
        except BaseException:
            print(tables.sluice.tail())
            raise
        finally:
            stop.set()
            tables.sluice.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--place", choices=PLACES, action="append")
    parser.add_argument("--format", choices=("avro", "parquet"), action="append")
    arguments = parser.parse_args()
    draw = random.Random(seed())
    checks = Checks()
    for name in arguments.place or PLACES:
        for file_format in arguments.format or ("avro", "parquet"):
            with temporary_directory() as directory:
                checks.run(f"{arguments.faults} faults on {name} with {file_format} leave whole tables", latest, directory, PLACES[name],
                           file_format, arguments.faults, draw)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
