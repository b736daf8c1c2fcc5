"""Apache Kafka beside ours, in one run: start, idle memory, produce, consume, single messages.

Kafka as it comes: one node that is broker and controller, its own heap and JVM flags, one partition a topic. It answers acks=all from the page
cache; with flush.messages=1 it syncs first, as ours always does. Both are measured; the second is the like for like.
"""
import os
import subprocess
import time

import harness
import java_project
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
# What its start script passes.
JVM = ["-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
       "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"]


class Kafka:
    def __init__(self, directory):
        self.directory, self.process = directory, None
        self.port, self.controller = harness.free_port(), harness.free_port()
        self.broker = f"127.0.0.1:{self.port}"
        self.classpath = f"{java_project.jars(os.path.join(HERE, 'kafka'), 'kafka')}/*"
        self.properties = os.path.join(directory, "server.properties")
        self.log = os.path.join(directory, "kafka.log")
        with open(self.properties, "w") as file:
            file.write(f"process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=127.0.0.1:{self.controller}\n"
                       f"listeners=PLAINTEXT://{self.broker},CONTROLLER://127.0.0.1:{self.controller}\n"
                       f"advertised.listeners=PLAINTEXT://{self.broker},CONTROLLER://127.0.0.1:{self.controller}\n"
                       "controller.listener.names=CONTROLLER\ninter.broker.listener.name=PLAINTEXT\n"
                       "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
                       f"log.dirs={directory}/kafka-log\noffsets.topic.replication.factor=1\n"
                       "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n")
        self.tool("format", "--standalone", "-t", self.tool("random-uuid").split()[-1], "-c", self.properties)

    def tool(self, *args):
        return subprocess.run(["java", "-Xmx256M", "-cp", self.classpath, "kafka.tools.StorageTool", *args], check=True, capture_output=True, text=True).stdout

    def __enter__(self):
        from confluent_kafka.admin import AdminClient
        begin = time.perf_counter()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["java", *JVM, "-cp", self.classpath, "kafka.Kafka", self.properties], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

        def serves():
            assert self.process.poll() is None, open(self.log).read()[-2000:]
            try:
                return AdminClient({"bootstrap.servers": self.broker, "log_level": 0}).list_topics(timeout=1)
            except Exception:  # not yet
                return None

        harness.wait_until(serves, 120, "Kafka serves", every=0.01)
        self.start_seconds = time.perf_counter() - begin
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    # Of any process, as harness.Sluice reads them.
    rss_bytes = harness.Sluice.rss_bytes
    cpu_seconds = harness.Sluice.cpu_seconds


def compare(say, what, ours, theirs, flushed, of):
    say(what, f"ours {of(ours)}; Kafka {of(theirs)}, synced {of(flushed)}")


def rates(say, ours, theirs, scale):
    synced = {"flush.messages": "1"}
    runs = zip(wire.produce_and_consume(ours, scale), wire.produce_and_consume(theirs, scale), wire.produce_and_consume(theirs, scale, **synced))
    for (what, a), (_, b), (_, c) in runs:
        compare(say, what, a, b, c, lambda rate: f"{rate.per_second:,.0f}/s, {rate.cpu_a_million:.2f} CPU-s a million")
        say("", f"rate, ours to theirs {a.per_second / b.per_second:.2f}, synced {a.per_second / c.per_second:.2f}; "
            f"CPU {a.cpu_seconds / b.cpu_seconds:.3f}, synced {a.cpu_seconds / c.cpu_seconds:.3f}")


def waits(say, ours, theirs, directory, rounds):
    a, b = (wire.single_messages(server, directory, -1, rounds) for server in (ours, theirs))
    c = wire.single_messages(theirs, directory, -1, rounds, **{"flush.messages": "1"})
    compare(say, "single message, acks=all", a, b, c, lambda w: f"p50 {w.p50_ms:.3f} ms, p99 {w.p99_ms:.3f}, {w.cpu_us:.0f} us")


def run(options, say):
    with harness.temporary_directory("sluice-bench-") as directory:
        kafka = Kafka(directory)
        begin = time.perf_counter()
        with harness.Sluice(directory) as ours:
            our_start = time.perf_counter() - begin
            with kafka as theirs:
                time.sleep(3)
                say("start to serving", f"ours {our_start * 1e3:.0f} ms, Kafka {theirs.start_seconds * 1e3:,.0f} ms")
                say("resident, idle", f"ours {ours.rss_bytes() / 1e6:.0f} MB, Kafka {theirs.rss_bytes() / 1e6:.0f} MB")
                if wire.RDKAFKA_PERFORMANCE:
                    rates(say, ours, theirs, options.scale)
                waits(say, ours, theirs, directory, max(1000, int(5000 * options.scale)))
                say("resident after that", f"ours {ours.rss_bytes() / 1e6:.0f} MB, Kafka {theirs.rss_bytes() / 1e6:.0f} MB")
