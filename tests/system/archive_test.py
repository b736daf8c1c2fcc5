"""An archive as a foreign reader sees it: fastavro and the commit records, no code of ours.

    archive_test.py DIR     prints, for each topic, what an archive holds; fails when it is not exact
    archive_test.py         the same, of an archive that `sluice` writes in this test

`read_archive` is what other tests use.
"""
import collections
import json
import os
import sys

import fastavro

COLUMNS = ["_topic", "_partition", "_offset", "_timestamp", "_key", "_op", "_lsn", "_seq", "_txid", "_unchanged",
           "_special"]


class Counts:
    """What one topic of an archive holds."""

    def __init__(self):
        self.rows = self.deletes = self.files = self.records = 0
        self.ops = collections.Counter()
        self.ends = {}      # partition to the archive's position
        self.problems = []  # texts; empty when the archive is exact

    def __str__(self):
        ops = " ".join(f"{op or 'none'}={count}" for op, count in sorted(self.ops.items(), key=str))
        return f"{self.rows} rows ({ops}) in {self.files} files of {self.records} commit records, ends {self.ends}"


def chains(directory):
    """(topic, partition, [commit records in order]) of each partition."""
    base = os.path.join(directory, "_sluice")
    with open(os.path.join(base, "format.json")) as file:
        assert json.load(file) == {"format": "sluice-archive", "version": 1}
    for folder in sorted(os.listdir(base)):
        if not os.path.isdir(os.path.join(base, folder)):
            continue
        for partition in sorted(p for p in os.listdir(os.path.join(base, folder)) if p.isdigit()):
            where = os.path.join(base, folder, partition)
            records = []
            for name in sorted(n for n in os.listdir(where) if n.endswith(".json")):
                with open(os.path.join(where, name)) as file:
                    records.append(json.load(file))
                assert name == f"{records[-1]['first']:020}.json", name
            if records:
                yield records[0]["topic"], int(partition), records


def read_file(path):
    with open(path, "rb") as file:
        reader = fastavro.reader(file)
        names = [field["name"] for field in reader.writer_schema["fields"]]
        assert names[-len(COLUMNS):] == COLUMNS, f"{path}: columns {names}"
        yield from reader


def read_archive(directory, on_row=None):
    """Counts by topic; `on_row(topic, row)` sees each row."""
    counts = collections.defaultdict(Counts)
    for topic, partition, records in chains(directory):
        count = counts[topic]
        end, seen = 0, set()
        for record in records:
            if record["first"] != end:
                count.problems.append(f"partition {partition}: offsets {end} to {record['first'] - 1} have no record")
            if record.get("gap") and record["first"] > 0:
                count.problems.append(f"partition {partition}: gap {record['first']} to {record['end'] - 1}")
            end = record["end"]
            count.records += 1
            for file in record["files"]:
                path = os.path.join(directory, file["name"])
                if not os.path.exists(path):
                    count.problems.append(f"{file['name']} is missing: offsets {file['first_offset']} to "
                                          f"{file['last_offset']}, {file['rows']} rows")
                    continue
                count.files += 1
                rows = 0
                for row in read_file(path):
                    rows += 1
                    offset = row["_offset"]
                    if offset in seen or not record["first"] <= offset < end:
                        count.problems.append(f"{file['name']}: offset {offset} is there twice or is not its own")
                    seen.add(offset)
                    count.ops[row["_op"]] += 1
                    count.deletes += row["_op"] == "d"
                    if on_row:
                        on_row(topic, row)
                if rows != file["rows"] or os.path.getsize(path) != file["bytes"]:
                    count.problems.append(f"{file['name']} is not what was committed")
                count.rows += rows
        count.ends[partition] = end
    return dict(counts)


def show(directory):
    exact = True
    for topic, count in sorted(read_archive(directory).items()):
        print(f"{topic}: {count}")
        for problem in count.problems:
            print(f"  {problem}")
        exact = exact and not count.problems
    return 0 if exact else 1


def test_serve_archives_what_a_producer_writes(directory):
    from confluent_kafka import Producer

    from harness import Sluice, wait_until
    archive = os.path.join(directory, "archive")
    config = os.path.join(directory, "sluice.yaml")
    with open(config, "w") as file:
        file.write(f"version: 1\ntopics:\n  clicks: {{partitions: 2}}\nsinks:\n  lake:\n    topics: [clicks]\n"
                   f"    to: {archive}\n    roll: {{after: 1s}}\n")
    sluice = Sluice(directory, config=config).start()
    try:
        producer = Producer({"bootstrap.servers": sluice.broker})
        for i in range(1000):
            producer.produce("clicks", key=str(i), value=f"value {i}", timestamp=1795526400000 + i * 10_000)
        producer.flush(30)
        # Before the first commit there is no archive to read.
        wait_until(lambda: os.path.exists(os.path.join(archive, "_sluice", "format.json")), 30, "an archive")
        wait_until(lambda: (counts := read_archive(archive)).get("clicks") and counts["clicks"].rows == 1000, 30,
                   "1000 rows", every=0.5)
    finally:
        sluice.stop()
    values = {}
    counts = read_archive(archive, lambda _, row: values.__setitem__(row["_key"], row["_value"]))
    assert not counts["clicks"].problems, counts["clicks"].problems
    assert values == {str(i).encode(): f"value {i}".encode() for i in range(1000)}


def main():
    if len(sys.argv) > 1:
        return show(sys.argv[1])
    from harness import Checks, temporary_directory
    checks = Checks()
    with temporary_directory() as directory:
        checks.run("serve archives what a producer writes, as fastavro reads it",
                   lambda: test_serve_archives_what_a_producer_writes(directory))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
