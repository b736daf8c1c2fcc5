"""Archives on every place, in both formats, while everything that can break breaks: the rows are the topic's, each once.

A producer writes Avro of two schema versions into three partitions, over hours of event time, while Sluice is killed, the
place's server is killed and started again, and requests are cut at every step (before they arrive, in their body, after
they were carried out, in their answer) or answered with 503 SlowDown. In the end every record of the topic is in exactly
one visible file, with its key, value and timestamp, and `sluice verify` proves the chain.

    places_test.py [--faults N] [--place P] [--format F]      SEED=n repeats the draw
"""
import argparse
import glob
import io
import json
import os
import random
import shutil
import struct
import sys
import threading
import time

import fastavro
import pyarrow.parquet
import requests

from harness import Checks, Sluice, seed, temporary_directory, wait_until
from places import PLACES

PARTITIONS = 3
SCHEMAS = [{"type": "record", "name": "Event", "fields": [
    {"name": "id", "type": "long"}, {"name": "text", "type": "string"},
    {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}], "default": None}]}]
SCHEMAS.append({**SCHEMAS[0], "fields": SCHEMAS[0]["fields"] + [
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []}]})
CUTS = ("before", "after", "in_request", "in_answer", "slow_down")


class Lake:
    """A server with a topic `events` and a sink on a place."""

    def __init__(self, directory, place, file_format, roll="{after: 300ms, rows: 400}", name="a", topics="[events]"):
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory, exist_ok=True)
        self.place = place
        self.format = file_format
        config = os.path.join(self.directory, "sluice.yaml")
        with open(config, "w") as file:
            file.write(f"version: 1\ntopics:\n  events: {{partitions: {PARTITIONS}}}\nsinks:\n  lake:\n    topics: {topics}\n"
                       f"    to: '{place.url}'\n    format: {file_format}\n    {self.rolling(roll)}\n"
                       f"  beside:\n    topics: [events]\n    to: {self.directory}/beside\n    roll: {{after: 300ms}}\n")
        os.environ.update(place.environment)
        self.sluice = Sluice(self.directory, config=config)
        self.schemas = []
        self.count = 0
        self.writing = None

    def rolling(self, roll):
        return f"roll: {roll}"

    def register(self):
        for schema in SCHEMAS:
            answer = requests.post(f"{self.sluice.registry_url}/subjects/events-value/versions",
                                   json={"schema": json.dumps(schema)}, timeout=30)
            self.schemas.append((answer.json()["id"], fastavro.parse_schema(schema)))

    def produce(self, producer, count):
        import decimal
        for _ in range(count):
            i = self.count
            self.count += 1
            number, schema = self.schemas[i // 700 % 2]
            out = io.BytesIO(struct.pack(">bI", 0, number))
            out.seek(5)
            amount = None if i % 5 == 0 else decimal.Decimal(i % 100_000) / 100
            fastavro.schemaless_writer(out, schema, {"id": i, "text": f"text {i}", "amount": amount, "tags": ["a"] * (i % 4)})
            producer.produce("events", key=str(i % 1000), value=None if i % 50 == 49 else out.getvalue(), partition=i % PARTITIONS,
                             timestamp=1795526400000 + i * 1_000)
        producer.flush(120)

    def producer(self):
        from confluent_kafka import Producer
        return Producer({"bootstrap.servers": self.sluice.broker, "enable.idempotence": True, "message.timeout.ms": 300_000,
                         "linger.ms": 5, "reconnect.backoff.max.ms": 300})

    def write_on(self, stop):
        producer = self.producer()
        while not stop.is_set():
            self.produce(producer, 100)
            time.sleep(0.05)

    def topic(self):
        """(partition, offset) to (key, value, timestamp) of every record."""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": self.sluice.broker, "group.id": "none", "enable.auto.commit": False,
                             "auto.offset.reset": "earliest", "enable.partition.eof": False})
        ends = {p: consumer.get_watermark_offsets(TopicPartition("events", p), timeout=30)[1] for p in range(PARTITIONS)}
        consumer.assign([TopicPartition("events", p, 0) for p in range(PARTITIONS)])
        records = {}
        while len(records) < sum(ends.values()):
            for message in consumer.consume(1000, timeout=10):
                assert message.error() is None, message.error()
                records[message.partition(), message.offset()] = (message.key(), message.value(), message.timestamp()[1])
        consumer.close()
        return records, ends

    def value(self, data):
        if data is None:
            return {"id": None, "text": None, "amount": None, "tags": None}
        schema = dict(self.schemas)[struct.unpack(">I", data[1:5])[0]]
        return {"tags": None, **fastavro.schemaless_reader(io.BytesIO(data[5:]), schema)}

    def rows(self):
        """(partition, offset) to row, of all files that a reader would see; one that is there twice fails."""
        rows = {}
        folder = self.place.folder()
        names = [name for name in glob.glob(f"{folder}/events/**/*.{self.format}", recursive=True) if "/_" not in name[len(folder):]]
        for name in names:
            for row in read_file(name):
                at = (row["_partition"], row["_offset"])
                assert at not in rows, f"{at} is there twice: {name}"
                rows[at] = row
        return rows, len(names)

    def archived(self):
        """How far the sink is: the sum of its offsets."""
        for stage in self.sluice.status().get("stages", []):
            for item in stage["items"]:
                if stage["name"] == "lake" and item["name"] == "events":
                    return item["offset"]
        return 0

    def caught_up(self, ends):
        return self.archived() >= sum(ends.values())

    def catch_up(self, ends, seconds=90):
        """Waits as long as the sink moves, in steps of at most `seconds`: files of 400 rows take a far place its time."""
        reached = self.archived()
        while not self.caught_up(ends):
            wait_until(lambda: self.archived() > reached, seconds, f"the sink moves beyond {reached} of {ends}", every=0.3)
            reached = self.archived()

    def settle(self):
        """No fault is left that would meet who looks. Gives the topic's records, all archived, and its ends."""
        if self.place.proxy:
            self.place.proxy.disarm()
        records, ends = self.topic()
        self.catch_up(ends)
        return records, ends

    def compare(self):
        """That the archive is the topic. Gives how many records and files were compared."""
        records, ends = self.settle()
        rows, files = self.rows()
        assert rows.keys() == records.keys(), (f"missing {sorted(records.keys() - rows.keys())[:5]}, "
                                               f"too many {sorted(rows.keys() - records.keys())[:5]}")
        for at, (key, value, timestamp) in records.items():
            row = rows[at]
            wanted = self.value(value)
            got = {name: row.get(name) for name in wanted}
            assert got == wanted and row["_key"] == key, f"{at}: {got} instead of {wanted}"
            assert row["_timestamp"].timestamp() * 1000 == timestamp and row["_op"] == (None if value else "d"), f"{at}: {row}"
        verified = self.sluice.run("verify", self.place.url)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        return len(records), files


def read_file(name):
    if name.endswith(".parquet"):
        yield from pyarrow.parquet.ParquetFile(name).read().to_pylist()
    else:
        with open(name, "rb") as file:
            yield from fastavro.reader(file)


def inject(lake, draw):
    """One fault. Gives its name."""
    place = lake.place
    kinds = ["kill", *(place.server_faults), *(CUTS if place.proxy else ())]
    fault = draw.choice(kinds)
    if fault == "kill":
        lake.sluice.kill()
        lake.sluice.start()
    elif fault in CUTS:
        place.proxy.arm(fault, at=draw.randrange(1, 30), times=draw.choice((1, 1, 2, 4, 8)))
    else:
        place.kill(fault)
        time.sleep(draw.uniform(0, 0.7))
        place.mend(fault)
    time.sleep(draw.uniform(0.05, 1.2))
    return fault


def faults(directory, kind, file_format, count, draw):
    with kind(directory) as place:
        lake = Lake(directory, place, file_format)
        lake.sluice.start()
        stop = threading.Event()
        try:
            lake.register()
            writer = threading.Thread(target=lake.write_on, args=(stop,))
            writer.start()
            told = {}
            for _ in range(count):
                fault = inject(lake, draw)
                told[fault] = told.get(fault, 0) + 1
            wait_until(lambda: lake.count >= 3000, 120, "3000 records are written")
            stop.set()
            writer.join(330)
            records, files = lake.compare()
            print(f"{place.name}, {file_format}: faults {told}, {getattr(place.proxy, 'injected', 0)} requests broken; "
                  f"{records} records compared with {files} files")
        except BaseException:
            print(lake.sluice.tail())
            raise
        finally:
            stop.set()
            lake.sluice.kill()


def two_processes(directory, kind, file_format):
    """Two processes of one configuration, with the same log, race for every commit of one archive."""
    with kind(directory) as place:
        idle = Lake(directory, place, file_format, roll="{after: 1h}", name="a")  # writes the backlog, publishes nothing
        idle.sluice.start()
        idle.register()
        idle.produce(idle.producer(), 20_000)
        idle.sluice.kill()
        second = Lake(directory, place, file_format, roll="{after: 100ms, rows: 300}", name="b")
        first = Lake(directory, place, file_format, roll="{after: 100ms, rows: 300}", name="a")
        shutil.copytree(first.sluice.data, second.sluice.data, dirs_exist_ok=True)
        lakes = [first, second]
        try:
            for lake in lakes:
                lake.schemas = idle.schemas
                lake.sluice.start(wait=False)
            for lake in lakes:
                wait_until(lake.sluice.alive_and_healthy, 60, "both serve")
            _, ends = first.topic()
            wait_until(lambda: any(lake.caught_up(ends) for lake in lakes), 120, "one of them is through", every=0.3)
            winner = next(lake for lake in lakes if lake.caught_up(ends))
            records, files = winner.compare()
            fenced = [s["error"] for lake in lakes for s in lake.sluice.status()["stages"] if s["name"] == "lake" and s["error"]]
            print(f"{place.name}, {file_format}: {records} records in {files} files, once each; the other says: {fenced}")
        finally:
            for lake in lakes:
                lake.sluice.kill()


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
                checks.run(f"{arguments.faults} faults on {name} with {file_format} lose nothing and repeat nothing", faults, directory,
                           PLACES[name], file_format, arguments.faults, draw)
        with temporary_directory() as directory:
            checks.run(f"two processes on one archive on {name}: each row once", two_processes, directory, PLACES[name], "avro")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
