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


class Lake:
    """A server that archives the topic `clicks`, and who produces into it."""

    def __init__(self, directory, archive=None, more=""):
        from harness import Sluice
        os.makedirs(directory, exist_ok=True)
        self.archive = archive or os.path.join(directory, "archive")
        config = os.path.join(directory, "sluice.yaml")
        with open(config, "w") as file:
            file.write(f"version: 1\n{more}\ntopics:\n  clicks: {{partitions: 2}}\nsinks:\n  lake:\n    topics: [clicks]\n"
                       f"    to: {self.archive}\n    roll: {{after: 1s}}\n")
        self.sluice = Sluice(directory, config=config)
        self.written = {}

    def produce(self, count, word="value"):
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": self.sluice.broker})
        for i in range(len(self.written), len(self.written) + count):
            self.written[str(i).encode()] = f"{word} {i}".encode()
            producer.produce("clicks", key=str(i), value=f"{word} {i}", timestamp=1795526400000 + i * 10_000)
        assert producer.flush(30) == 0

    def equal(self, seconds=30):
        """Waits until the archive holds all that was written, and nothing else, once."""
        from harness import wait_until
        format_file = os.path.join(self.archive, "_sluice", "format.json")
        wait_until(lambda: os.path.exists(format_file) and (c := read_archive(self.archive).get("clicks")) and c.rows >= len(self.written),
                   seconds, f"{len(self.written)} rows", every=0.3)
        values = {}
        counts = read_archive(self.archive, lambda _, row: values.__setitem__(row["_key"], row["_value"]))
        assert not counts["clicks"].problems, counts["clicks"].problems
        assert counts["clicks"].rows == len(self.written) and values == self.written

    def stage(self):
        return self.sluice.status()["stages"][0]

    def waits(self, *words):
        """Until the sink waits, with an error and a hint that have these words; in `sluice status`, too."""
        from harness import wait_until
        def shown():  # between two tries it is "starting"
            text = self.sluice.run("status", "lake").stdout
            return all(word in text for word in ("waiting", "what to do", *words))

        wait_until(shown, 30, f"the sink waits and says {words}", every=0.2)
        assert self.sluice.http("/readyz") is None, "ready"

    def __enter__(self):
        self.sluice.start()
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            print(self.sluice.tail())
        self.sluice.kill()


def archives_what_a_producer_writes(directory):
    with Lake(directory) as lake:
        lake.produce(1000)
        lake.equal()


def folder_vanishes(directory):
    with Lake(directory) as lake:
        lake.produce(100)
        lake.equal()
        os.rename(lake.archive, lake.archive + ".away")
        lake.produce(100)
        lake.waits("bring the folder back")
        os.rename(lake.archive + ".away", lake.archive)
        lake.equal()


def folder_cannot_be_written(directory):
    import pwd
    import shutil

    import harness
    # Root may write everywhere: then the program runs as somebody else.
    program, prefix = harness.SLUICE, []
    if os.getuid() == 0:
        program, prefix = os.path.join(directory, "sluice"), ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        shutil.copy(harness.SLUICE, program)
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
    lake = Lake(directory)
    line = lake.sluice.command_line()
    lake.sluice.command_line = lambda: [*prefix, program, *line[1:]]
    with lake:
        try:
            lake.produce(100)
            lake.equal()
            folders = [folder for folder, _, _ in os.walk(lake.archive)]
            for folder in folders:
                os.chmod(folder, 0o555)
            lake.produce(100)
            lake.waits("Permission denied", "write access")
            for folder in folders:
                os.chmod(folder, 0o755)
            lake.equal()
        finally:
            lake.sluice.stop()


def two_processes_on_one_archive(directory):
    from harness import wait_until
    with Lake(os.path.join(directory, "a")) as first:
        first.produce(100)
        first.equal()
        with Lake(os.path.join(directory, "b"), archive=first.archive) as second:
            second.produce(50, "foreign")
            wait_until(lambda: any(i["state"] == "failed" for i in second.stage()["items"]) or second.stage()["state"] == "failed", 30,
                       "the second is refused", every=0.2)
            assert second.stage()["error"] and second.stage()["hint"], second.stage()
            first.produce(100)
            first.equal()


def deleted_file_is_named(directory):
    with Lake(directory) as lake:
        lake.produce(100)
        lake.equal()
        topic, partition, records = next(chains(lake.archive))
        file = records[0]["files"][0]
        os.remove(os.path.join(lake.archive, file["name"]))
        told = lake.sluice.run("verify", lake.archive)
        assert told.returncode == 1, told
        assert f"{topic}-{partition}  offsets {file['first_offset']} to {file['last_offset'] + 1}" in told.stdout, told.stdout
        assert file["name"] in told.stdout and f"{file['rows']} rows" in told.stdout, told.stdout


def full_disk_is_shown(directory):
    from confluent_kafka import Producer
    with Lake(directory, more="log: {keep_free: 1000TB}") as lake:
        errors = []
        producer = Producer({"bootstrap.servers": lake.sluice.broker, "message.timeout.ms": 5000})
        producer.produce("clicks", b"x", on_delivery=lambda error, _: errors.append(error))
        producer.flush(20)
        assert errors[0].name() == "POLICY_VIOLATION", errors
        shown = lake.sluice.run("status").stdout
        assert "is full" in shown and "log.keep_free" in shown, shown
        assert "is full" in json.loads(lake.sluice.run("status", "-J").stdout)["disk_full"]


def main():
    if len(sys.argv) > 1 and os.path.isdir(sys.argv[1]):
        return show(sys.argv[1])
    from harness import Checks, temporary_directory
    checks = Checks()
    for name, function in (("serve archives what a producer writes, as fastavro reads it", archives_what_a_producer_writes),
                           ("a folder that vanishes is waited for", folder_vanishes),
                           ("a folder that cannot be written is waited for", folder_cannot_be_written),
                           ("of two processes on one archive one is refused, and the archive is exact", two_processes_on_one_archive),
                           ("a file deleted by hand is named with its offsets", deleted_file_is_named),
                           ("a full disk is shown in status", full_disk_is_shown)):
        with temporary_directory() as directory:
            checks.run(name, function, directory)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
