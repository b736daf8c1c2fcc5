"""Operating sinks of a running server: pause, rewind, copy, delete, and a configuration that is read again."""
import json
import os
import signal
import sys

from archive_test import chains, read_archive
from harness import Checks, Sluice, temporary_directory, wait_until
from s3_server import S3Server


class Sinks:
    """A server with the topics `clicks` (two partitions) and `views`, and the sinks that the file names at the moment."""

    def __init__(self, directory):
        self.directory = directory
        self.config = os.path.join(directory, "sluice.yaml")
        self.sluice = Sluice(directory, config=self.config)
        self.written = {"clicks": {}, "views": {}}

    def place(self, name):
        return os.path.join(self.directory, name)

    def configure(self, more="", place=None, **sinks):
        """Each sink: topics, or (topics, more YAML); in a folder of its name, unless `place` knows another."""
        text = "version: 1\ntopics:\n  clicks: {partitions: 2}\n  views: {}\n" + more + ("sinks:\n" if sinks else "")
        for name, what in sinks.items():
            topics, extra = what if isinstance(what, tuple) else (what, "")
            text += f"  {name}:\n    to: {(place or {}).get(name, self.place(name))}\n    topics: [{topics}]\n    roll: {{after: 500ms}}\n{extra}"
        with open(self.config + ".new", "w") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)

    def produce(self, topic, count):
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": self.sluice.broker})
        written = self.written[topic]
        for i in range(len(written), len(written) + count):
            written[str(i).encode()] = f"{topic} {i}".encode()
            producer.produce(topic, key=str(i), value=f"{topic} {i}", timestamp=1795526400000 + i * 10_000)
        assert producer.flush(30) == 0

    def counts(self, name, topic):
        place = self.place(name)
        if not os.path.exists(os.path.join(place, "_sluice", "format.json")):
            return None
        return read_archive(place).get(topic)

    def equal(self, name, topic, seconds=30):
        """Waits until the archive holds all that was written, and nothing else, once; and it verifies."""
        wait_until(lambda: (c := self.counts(name, topic)) and c.rows >= len(self.written[topic]), seconds,
                   f"{len(self.written[topic])} rows of {topic} in {name}", every=0.3)
        values = {}
        counts = read_archive(self.place(name), lambda t, row: t == topic and values.__setitem__(row["_key"], row["_value"]))[topic]
        assert not counts.problems, counts.problems
        assert counts.rows == len(self.written[topic]) and values == self.written[topic], (counts.rows, len(values))
        verified = self.sluice.run("verify", self.place(name))
        assert verified.returncode == 0, verified.stdout

    def stage(self, name):
        return next((s for s in self.sluice.status().get("stages", []) if s["name"] == name), None)

    def state(self, name, state, seconds=30):
        wait_until(lambda: (s := self.stage(name)) and s["state"] == state, seconds, f"sink {name} is {state}")

    def does(self, *words, status=0):
        done = self.sluice.run("sink", *words)
        assert done.returncode == status, done
        return done

    def hangup(self, says):
        before = len(self.said())
        self.sluice.process.send_signal(signal.SIGHUP)
        wait_until(lambda: says in self.said()[before:], 30, f"the server says '{says}'")
        return self.said()[before:]

    def said(self):
        with open(self.sluice.output, errors="replace") as out:
            return out.read()

    def __enter__(self):
        self.sluice.start()
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            print(self.sluice.tail())
        self.sluice.kill()


def list_and_show(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="clicks", other="views")
    with sinks:
        sinks.produce("clicks", 100)
        sinks.equal("lake", "clicks")
        wait_until(lambda: sinks.stage("lake")["lag_seconds"] == 0 and sinks.stage("lake")["bytes_published"], 10, "told")
        listed = sinks.does("list").stdout
        assert "lake" in listed and "other" in listed and "streaming" in listed and sinks.place("lake") in listed, listed
        lake = next(s for s in json.loads(sinks.does("list", "-J").stdout) if s["name"] == "lake")
        size = sum(f["bytes"] for _, _, records in chains(sinks.place("lake")) for r in records for f in r["files"])
        assert lake["bytes_published"] == size and lake["open_files"] == lake["dead_letters"] == lake["held_bytes"] == 0, lake
        shown = sinks.does("show", "lake").stdout
        assert "clicks" in shown and "log held" in shown, shown
        assert json.loads(sinks.does("show", "lake", "-J").stdout)["items"][0]["offset"] == 100
        sinks.does("show", "nobody", status=1)
        sinks.does("pause", "nobody", status=1)
        metrics = sinks.sluice.http("/metrics")
        assert f'sluice_sink_bytes_total{{name="lake",stage="sink"}} {size}' in metrics, metrics


def pause_survives_a_kill(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="clicks", other="clicks")
    with sinks:
        sinks.produce("clicks", 200)
        sinks.does("pause", "lake")
        sinks.state("lake", "paused")
        before = sinks.counts("lake", "clicks")
        sinks.produce("clicks", 300)
        sinks.equal("other", "clicks")
        assert sinks.sluice.http("/readyz") == "ready\n"
        sinks.sluice.kill()
        sinks.sluice.start()
        sinks.state("lake", "paused")
        sinks.produce("clicks", 100)
        sinks.equal("other", "clicks")
        told = wait_until(lambda: (s := sinks.stage("lake")) and s["items"] and s["items"][0]["end_offset"] == 600 and s, 10, "it tells its end")
        rows = before.rows if before else 0
        assert told["items"][0]["rows"] == told["items"][0]["offset"] == rows and told["held_bytes"] > 0 and told["lag_seconds"] > 0, told
        assert 'sluice_sink_paused{name="lake",stage="sink"} 1' in sinks.sluice.http("/metrics")
        assert (c := sinks.counts("lake", "clicks")) is None or c.rows == rows
        verified = sinks.sluice.run("verify")
        assert verified.returncode in (0, 4), verified  # 0: there is no source to compare
        sinks.does("resume", "lake")
        sinks.equal("lake", "clicks")
        sinks.sluice.kill()
        sinks.sluice.start()
        sinks.state("lake", "streaming")


def rewind_is_exact(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="clicks")
    with sinks:
        for _ in range(4):
            sinks.produce("clicks", 250)
            sinks.equal("lake", "clicks")
        refused = sinks.does("rewind", "lake", "clicks", status=4)
        assert "sluice sink pause lake" in refused.stderr, refused
        sinks.does("pause", "lake")
        sinks.state("lake", "paused")
        ends = sinks.counts("lake", "clicks").ends
        sinks.does("rewind", "lake", "clicks", "-o", "200", "--partition", "0")
        after = sinks.counts("lake", "clicks")
        assert after.ends[0] <= 200 and after.ends[1] == ends[1] and not after.problems, after
        assert sinks.sluice.run("verify", sinks.place("lake")).returncode == 0
        sinks.does("resume", "lake")
        sinks.equal("lake", "clicks")
        sinks.does("pause", "lake")
        sinks.state("lake", "paused")
        told = sinks.does("rewind", "lake", "clicks", "-o", "beginning")
        assert "clicks-1" in told.stderr and "sink resume" in told.stderr, told
        assert sinks.counts("lake", "clicks") is None
        sinks.sluice.kill()  # the rest after a restart
        sinks.sluice.start()
        sinks.does("resume", "lake")
        sinks.equal("lake", "clicks")
        # What the log has no more is not given up.
        sinks.does("pause", "lake")
        sinks.state("lake", "paused")
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import AdminClient
        admin = AdminClient({"bootstrap.servers": sinks.sluice.broker})
        for future in admin.delete_records([TopicPartition("clicks", 0, 100)]).values():
            future.result(30)
        refused = sinks.does("rewind", "lake", "clicks", status=4)
        assert "would be lost" in refused.stderr and "--yes" in refused.stderr, refused
        sinks.equal("lake", "clicks")
        sinks.does("rewind", "lake", "clicks", "--yes")
        sinks.does("resume", "lake")
        wait_until(lambda: (c := sinks.counts("lake", "clicks")) and c.rows == len(sinks.written["clicks"]) - 100, 30, "the rest", every=0.3)


def copy_goes_on_elsewhere(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="'*'")
    with sinks:
        for _ in range(3):
            sinks.produce("clicks", 100)
            sinks.produce("views", 50)
            sinks.equal("lake", "clicks")
        sinks.equal("lake", "views")
        copied = sinks.does("copy", sinks.place("lake"), sinks.place("second"))
        assert "450 rows" in copied.stderr, copied
        sinks.equal("second", "clicks")
        sinks.equal("second", "views")
        sinks.produce("clicks", 100)
        sinks.equal("lake", "clicks")
        again = json.loads(sinks.does("copy", "-J", sinks.place("lake"), "file://" + sinks.place("second")).stdout)
        assert again["rows"] == 100, again
        sinks.configure(second="'*'")
        sinks.hangup("the configuration was read again")
        files = sinks.counts("second", "clicks").files
        sinks.produce("clicks", 100)
        sinks.equal("second", "clicks")
        assert sinks.counts("second", "clicks").files > files
        assert sinks.counts("lake", "clicks").rows == 400
        sinks.does("copy", sinks.place("second"), sinks.place("lake"))  # and back
        sinks.equal("lake", "clicks")
        # A file that was damaged is not copied.
        name = next(f["name"] for _, _, records in chains(sinks.place("lake")) for r in records for f in r["files"])
        with open(os.path.join(sinks.place("lake"), name), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 1]))
        assert name in sinks.does("copy", sinks.place("lake"), sinks.place("third"), status=4).stderr


def reload_changes_sinks_alone(directory):
    sinks = Sinks(directory)
    sinks.configure(stays="clicks", goes="clicks", changes="clicks")
    with sinks:
        sinks.produce("clicks", 100)
        for name in ("stays", "goes", "changes"):
            sinks.equal(name, "clicks")
        sinks.produce("views", 100)
        rows = sinks.stage("stays")["rows_total"]
        sinks.configure(stays="clicks", changes="clicks, views", comes="'*'")
        said = sinks.hangup("the configuration was read again")
        assert "new: comes" in said and "changed: changes" in said and "gone: goes" in said, said
        assert {s["name"] for s in sinks.sluice.status()["stages"]} == {"stays", "changes", "comes"}
        assert sinks.stage("stays")["rows_total"] >= rows, "it began anew"
        sinks.produce("clicks", 100)
        for name in ("stays", "changes", "comes"):
            sinks.equal(name, "clicks")
        sinks.equal("changes", "views")
        sinks.equal("comes", "views")
        assert sinks.counts("goes", "clicks").rows == 100
        assert not sinks.counts("goes", "clicks").problems
        assert sinks.stage("stays")["rows_total"] == rows + 100
        # The hold of what is gone is dropped: its last offsets can be removed.
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import AdminClient
        admin = AdminClient({"bootstrap.servers": sinks.sluice.broker})
        ends = sinks.counts("stays", "clicks").ends
        for future in admin.delete_records([TopicPartition("clicks", p, e) for p, e in ends.items()]).values():
            future.result(30)
        wait_until(lambda: next(t for t in sinks.sluice.status()["topics"] if t["name"] == "clicks")["start"] == 200, 10, "removed")
        # Delete: first out of the configuration.
        refused = sinks.does("delete", "comes", status=4)
        assert "SIGHUP" in refused.stderr, refused
        sinks.does("delete", "goes", "--archive", sinks.place("stays"), "--yes", status=4)
        sinks.does("delete", "goes", "--archive", sinks.place("goes"), status=4)  # nobody confirms
        sinks.does("delete", "goes", "--archive", sinks.place("goes"), "--yes")
        assert not [n for _, _, names in os.walk(sinks.place("goes")) for n in names]


def wrong_files_change_nothing(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="clicks")
    with sinks:
        sinks.produce("clicks", 100)
        sinks.equal("lake", "clicks")
        sinks.configure(lake=("clicks", "    fromat: avro\n"), other="clicks")
        assert "did you mean 'format'" in sinks.hangup("the configuration is not taken")
        sinks.configure(more="log: {keep_free: 1MB}\nregistry: {compatibility: FULL}\n", lake="clicks", other="clicks")
        said = sinks.hangup("the configuration is not taken")
        assert "log.keep_free, registry.compatibility" in said and "sinks" in said, said
        sinks.configure(lake=("clicks", "    format: wrong\n"), other="clicks")
        sinks.hangup("the configuration is not taken")
        os.remove(sinks.config)
        sinks.hangup("the configuration is not taken")
        assert [s["name"] for s in sinks.sluice.status()["stages"]] == ["lake"]
        sinks.produce("clicks", 100)
        sinks.equal("lake", "clicks")
        sinks.configure(lake="clicks")
        sinks.hangup("the configuration was read again")
        sinks.configure(lake=("clicks", "    codec: 'null'\n"))
        assert "changed: lake" in sinks.hangup("the configuration was read again")
        sinks.produce("clicks", 100)
        sinks.equal("lake", "clicks")
        assert sinks.sluice.stop() == 0


def operated_on_a_bucket(directory):
    sinks = Sinks(directory)
    sinks.configure(lake="'*'")
    with S3Server(directory) as s3:
        os.environ.update(s3.environment)
        url = f"s3://archive/lake?endpoint={s3.endpoint}"
        with sinks:
            for _ in range(2):
                sinks.produce("clicks", 300)
                sinks.equal("lake", "clicks")
            sinks.does("copy", sinks.place("lake"), url)
            assert sinks.sluice.run("verify", url).returncode == 0
            sinks.configure(lake="'*'", place={"lake": url})
            sinks.hangup("changed: lake")
            sinks.produce("clicks", 100)
            archived = lambda: (s := sinks.stage("lake")) and s["items"] and s["items"][0]["offset"] == 700
            wait_until(archived, 30, "it goes on in the bucket")
            sinks.does("pause", "lake")
            sinks.state("lake", "paused")
            sinks.does("rewind", "lake", "clicks", "-o", "200")
            assert not archived() and sinks.sluice.run("verify", url).returncode == 0
            sinks.does("resume", "lake")
            wait_until(archived, 30, "all of it again")
            assert sinks.sluice.run("verify", url).returncode == 0
            sinks.does("copy", url, sinks.place("back"))
            sinks.equal("back", "clicks")
            sinks.configure()
            sinks.hangup("gone: lake")
            sinks.does("delete", "lake", "--archive", url, "--yes")
            assert sinks.sluice.run("verify", url).returncode == 1


def main():
    checks = Checks()
    for name, function in (("list, show and metrics tell of sinks", list_and_show),
                           ("a pause survives a kill, and its log is kept", pause_survives_a_kill),
                           ("a rewind archives every offset once more, and once", rewind_is_exact),
                           ("a copy is the archive, and a sink goes on there", copy_goes_on_elsewhere),
                           ("a reload adds, changes and removes sinks while another goes on", reload_changes_sinks_alone),
                           ("a configuration that is wrong changes nothing", wrong_files_change_nothing),
                           ("a copy, a rewind and the end of an archive in a bucket", operated_on_a_bucket)):
        with temporary_directory() as directory:
            checks.run(name, function, directory)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
