"""The phase `flow` of bench.py: Nexmark's queries in Sluice (nexmark/qN.sql, in the process of the log) and in Kafka Streams
(nexmark/java, exactly-once v2, one thread, on the same log), one after the other on the same topics of one partition.

A query's time is that from its first work to all its input, and what it writes to itself, being consumed and committed. CPU is
user and system time of the process in that time: Kafka Streams' own and its broker's are told apart, since in Sluice they are
one. State is what lies on disk when it has ended; topics are those that it keeps in the log for itself (repartitioned rows,
changes of its state). `keys` counts rows of as many keys; then the state on disk is deleted, and made anew.
"""
import contextlib
import json
import os
import shutil
import subprocess
import threading
import time

import flow_answers
import harness
import java_project
import requests

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nexmark")
QUERIES = ("q0", "q1", "q2", "q3", "q4", "q5", "q8", "q11", "q13", "q18", "keys")
READS = {"q3": ("person", "auction"), "q8": ("person", "auction"), "q4": ("auction", "bid"), "keys": ("key",)}
INPUTS = ("person", "auction", "bid", "side", "key")
EVENTS, KEYS, SEED = 2_000_000, 10_000_000, 20_261
PATIENCE_S = 1800


class Measured:
    """What one query took: events, seconds, CPU seconds of its process and of the log's, bytes of state and of its own topics."""

    def __init__(self, events, seconds, cpu, broker_cpu, **more):
        self.events, self.seconds, self.cpu, self.broker_cpu = events, seconds, cpu, broker_cpu
        self.state, self.topics, self.rows = (more.get(name, 0) for name in ("state", "topics", "rows"))
        self.restored_s, self.restored_cpu = 0, 0

    def text(self):
        per = 1e6 / self.events
        broker = f", {self.broker_cpu * per:.2f} of the log" if self.broker_cpu else ""
        text = f"{self.events / self.seconds:,.0f} events/s, {self.events / max(self.cpu, 0.01):,.0f} a core; {self.cpu * per:.2f} CPU-s a million{broker}; " \
            f"state {self.state / 1e6:,.1f} MB, own topics {self.topics / 1e6:,.1f} MB, {self.rows:,} offsets out"
        return text + (f", restored in {self.restored_s:.1f} s and {self.restored_cpu:.1f} CPU-s, the start's included" if self.restored_s else "")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size_of(folder):
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # compaction goes on
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return total


class Bench:
    """Nexmark's topics in a log of their own."""

    def __init__(self, sluice, options):
        self.sluice = sluice
        self.shapes = json.loads(java_project.text_of(os.path.join(HERE, "schemas.json")))
        self.events, self.ids = {}, {}  # by topic, without nexmark.; by subject
        base_ms = (int(time.time()) - 3600) // 3600 * 3_600_000  # the past hour: nothing of it is too old to be kept
        for topic in INPUTS:
            self.create(f"nexmark.{topic}")
        ids = [self.ids.get(f"nexmark.{topic}-{part}", 0) for topic in INPUTS for part in ("key", "value")]
        program = os.path.join(os.path.dirname(harness.SLUICE), "bin", "nexmark")
        begin = time.perf_counter()
        wrote = subprocess.run([program, sluice.broker, str(int(EVENTS * options.scale)), str(int(KEYS * options.scale)), str(SEED),
                                str(base_ms), *map(str, ids)], check=True, capture_output=True, text=True, timeout=PATIENCE_S)
        self.wrote_s = time.perf_counter() - begin
        for topic, rows, _ in map(str.split, wrote.stdout.splitlines()):
            self.events[topic.removeprefix("nexmark.")] = int(rows)

    def create(self, topic):
        """A topic, and the schemas of its key, where it has one, and value."""
        self.sluice.run("topic", "create", topic, "retention.ms=-1", check=True)
        shape = self.shapes[topic]
        keys = [field for name in shape["key"] for field in shape["fields"] if field["name"] == name]
        for part, fields in (("key", keys), ("value", shape["fields"])):
            if not fields:
                continue
            schema = {"type": "record", "name": part.capitalize(), "namespace": topic.replace("-", "_"), "fields": fields}
            answer = requests.post(f"{self.sluice.registry_url}/subjects/{topic}-{part}/versions", json={"schema": json.dumps(schema)}, timeout=30)
            answer.raise_for_status()
            self.ids[f"{topic}-{part}"] = answer.json()["id"]

    def topics(self):
        return [topic["name"] for topic in self.sluice.status()["topics"]]

    def delete(self, *topics):
        if topics:
            self.sluice.run("topic", "delete", "--yes", *topics, check=True)

    def events_of(self, query):
        return sum(self.events[topic] for topic in READS.get(query, ("bid",)))


class Streams:
    """One query in Kafka Streams, in a process of its own; run `warm` times before, so that the JVM has compiled it."""

    def __init__(self, bench, query, folder, jars, warm):
        self.bench, self.query, self.name = bench, query, f"nexmark-{query}"
        self.state = os.path.join(folder, f"streams-{query}")
        self.errors = os.path.join(folder, f"{query}.log")
        command = ["java", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars}/*:{folder}/classes", "Nexmark",
                   query, bench.sluice.broker, self.state, str(warm), *(f"{subject}={number}" for subject, number in bench.ids.items())]
        with open(self.errors, "w") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)

    def read(self, word):
        """What follows "NAME word", of the query itself."""
        killer = threading.Timer(PATIENCE_S, self.process.kill)
        killer.daemon = True  # an interrupted run does not wait for it
        killer.start()
        line = "warm-"
        while line.startswith("warm-"):
            line = self.process.stdout.readline()
        killer.cancel()
        if not line.startswith(f"{self.name} {word}"):
            with open(self.errors, errors="replace") as errors:
                raise AssertionError(f"{self.query}: Kafka Streams ended:\n" + "".join(errors.readlines()[-60:]))
        return line.split()[2:]

    def now(self):
        return time.perf_counter(), cpu_seconds(self.process.pid), self.bench.sluice.cpu_seconds()

    def end(self):
        """Its state is on disk then."""
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def peer(bench, query, folder, jars):
    topic, warm = f"nexmark-{query}", f"warm-{query}"
    bench.create(topic)
    rounds = 0 if query == "keys" else 1  # it has rows enough
    if rounds:
        bench.sluice.run("topic", "create", warm, check=True)
    with Streams(bench, query, folder, jars, rounds) as streams:
        streams.read("started")
        begin = streams.now()
        streams.read("consumed")
        taken = [end - start for start, end in zip(begin, streams.now())]
        streams.end()
    own = [name for name in bench.topics() if name.startswith(f"{topic}-")]
    found = Measured(bench.events_of(query), *taken, state=size_of(os.path.join(streams.state, topic)), rows=rows_of(bench.sluice, topic),
                     topics=sum(size_of(os.path.join(bench.sluice.data, f"{name}-0")) for name in own))
    if query == "keys":
        shutil.rmtree(streams.state)
        found.restored_s, found.restored_cpu = peer_restores(bench, query, folder, jars)
    shutil.rmtree(streams.state, ignore_errors=True)  # none, where there is nothing to keep
    bench.delete(*own, *(name for name in bench.topics() if name.startswith(f"{warm}-")), *[warm] * rounds)
    return found


def peer_restores(bench, query, folder, jars):
    """Seconds, from the first record on; CPU seconds of its process, whose start is in them, and the log's."""
    broker_cpu = bench.sluice.cpu_seconds()
    with Streams(bench, query, folder, jars, 0) as streams:
        seconds, records = streams.read("started")
        _, cpu, broker_cpu_then = streams.now()
        streams.end()
    assert int(records) >= bench.events["key"], f"{records} records restored of {bench.events['key']}"
    return float(seconds), cpu + broker_cpu_then - broker_cpu


def rows_of(sluice, topic):
    """Offsets of a topic: its rows, and the markers of transactions."""
    from confluent_kafka import Consumer, TopicPartition
    watch = Consumer({"bootstrap.servers": sluice.broker, "group.id": "watch"})
    try:
        return watch.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
    finally:
        watch.close()


def wait_for_view(sluice, view):
    """Until a view has taken in all that its topics hold."""
    def caught_up():
        stage = next((s for s in sluice.status().get("stages", []) if s["kind"] == "view" and s["name"] == view), None)
        if stage and stage["state"] == "failed":
            raise AssertionError(f"{view}: {stage['error']}")
        return stage and stage["state"] == "streaming" and stage["items"] and all(i["offset"] >= i["end_offset"] for i in stage["items"])
    harness.wait_until(caught_up, PATIENCE_S, f"the view {view} has caught up", every=0.02)


def caught_up_with(bench, query, folder):
    """The server anew, with the view: seconds until it has caught up, and the process's CPU by then. Its own start is in both."""
    path = os.path.join(folder, f"{query}.yaml")
    with open(path, "w") as file:
        file.write(f"version: 1\nviews: {{{query}: {{sql: {os.path.join(HERE, query + '.sql')}}}}}\n")
    bench.sluice.stop()
    bench.sluice.config = path
    begin = time.perf_counter()
    bench.sluice.start()
    wait_for_view(bench.sluice, query)
    return time.perf_counter() - begin, bench.sluice.cpu_seconds()


def ours(bench, query, folder):
    seconds, cpu = caught_up_with(bench, query, folder)
    state = os.path.join(bench.sluice.data, "views", query)
    found = Measured(bench.events_of(query), seconds, cpu, 0, state=size_of(state), rows=rows_of(bench.sluice, query))
    if query == "keys":
        bench.sluice.stop()
        shutil.rmtree(state)
        found.restored_s, found.restored_cpu = caught_up_with(bench, query, folder)
    bench.sluice.run("view", "delete", "--yes", query, check=True)  # the next one defines streams of the same names
    return found


def ratios(mine, theirs):
    cpu = theirs.cpu + theirs.broker_cpu
    text = f"events/s {mine.events / mine.seconds / (theirs.events / theirs.seconds):.2f}, CPU {mine.cpu / cpu:.2f}, " \
        f"state {mine.state / max(theirs.state, 1):.2f}"
    return text + (f", restoring {mine.restored_s / theirs.restored_s:.2f}, its CPU {mine.restored_cpu / theirs.restored_cpu:.2f}" if theirs.restored_s else "")


def run(options, say):
    queries = options.queries.split(",") if options.queries else QUERIES
    jars = None if options.ours_only else java_project.jars(os.path.join(HERE, "java"), "nexmark")
    with harness.temporary_directory("sluice-bench-") as folder, harness.Sluice(folder) as sluice:
        if jars:
            java_project.compile_into(os.path.join(folder, "classes"), os.path.join(HERE, "java"), jars)
        bench = Bench(sluice, options)
        say("flow: events written", f"{sum(bench.events.values()) / bench.wrote_s:,.0f} a second: {bench.events}")
        for query in queries:
            theirs = None if options.ours_only else peer(bench, query, folder, jars)
            if theirs:
                say(f"flow: {query}, Kafka Streams", theirs.text())
            if not options.peer_only:
                mine = ours(bench, query, folder)
                say(f"flow: {query}", mine.text())
            if theirs and not options.peer_only:
                say(f"flow: {query}, ours to theirs", ratios(mine, theirs))
                if options.scale < 1:  # in Python: not in millions
                    flow_answers.compare(bench, query, say)
