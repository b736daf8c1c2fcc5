"""Kafka Streams on our log, exactly once (tests/compat/streams): its process and the log's are killed in turn while words come
in, and in the end every word has been counted once.
"""
import os
import random
import signal
import subprocess
import threading
import time

from harness import ROOT, Checks, Sluice, read_topic, seed, temporary_directory, wait_until

WORDS, COUNT, RATE = 1000, 150_000, 2000  # words a second
KILLS = ("streams", "log", "streams", "streams", "log", "streams")


class Streams:
    """The application; its state directory is kept over kills, as on a real machine."""

    def __init__(self, sluice, directory):
        deps = os.path.join(ROOT, ".deps", "compat")
        self.command = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                        "-cp", f"{deps}/streams/*:{deps}/streams-classes", "Streams", sluice.broker, os.path.join(directory, "state")]
        self.output = os.path.join(directory, "streams.log")
        self.process = None

    def start(self):
        with open(self.output, "a") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def tail(self):
        with open(self.output, errors="replace") as out:
            return "".join(out.readlines()[-60:])


def write(sluice, records, rate=None):
    """Each once, whatever happens to the log meanwhile."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": sluice.broker, "enable.idempotence": True, "message.timeout.ms": 300_000,
                         "retry.backoff.max.ms": 500, "reconnect.backoff.max.ms": 500})
    lost = []
    begin = time.monotonic()
    for i, (topic, key, value) in enumerate(records):
        while True:
            try:
                producer.produce(topic, key=key, value=value, on_delivery=lambda error, _: error and lost.append(error))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        if rate:
            time.sleep(max(0, begin + i / rate - time.monotonic()))
    assert producer.flush(120) == 0 and not lost, lost[:3]


def end_of(sluice, topic):
    return sum(t["end"] for t in sluice.status().get("topics", []) if t["name"] == topic)


def killed_in_turn(sluice, streams, chance):
    """Each while it counts: after a kill, the members of its group that are no more are missed first."""
    for who in KILLS:
        before = end_of(sluice, "counts")
        wait_until(lambda: end_of(sluice, "counts") > before, 120, "it counts")
        time.sleep(chance.uniform(0.2, 3))
        (streams if who == "streams" else sluice).kill()
        (streams if who == "streams" else sluice).start()


def counted(sluice):
    """The counts as they stand, after those of each word only ever grew."""
    counts = {}
    for message in read_topic(sluice.broker, "counts"):
        count, before = int(message.value()), counts.get(message.key(), 0)
        assert count > before, f"{message.key()}: {count} after {before}, offset {message.offset()}"
        counts[message.key()] = count
    return counts


def every_word_counted_once(sluice):
    wait_until(lambda: sum(counted(sluice).values()) >= COUNT, 120, "all words are counted", every=2)
    counts = counted(sluice)
    wrong = {word: count for word, count in counts.items() if count != COUNT // WORDS}
    assert not wrong and len(counts) == WORDS, list(wrong.items())[:5]


def orders_named(sluice):
    def named():
        return {message.key(): message.value() for message in read_topic(sluice.broker, "named")}
    wait_until(lambda: len(named()) == 300, 60, "all orders are named", every=1)
    assert all(name == b"name " + str(int(key) % 30).encode() for key, name in named().items())


def what_was_read_is_trimmed(sluice):
    topic = next(t["name"] for t in sluice.status()["topics"] if t["name"].endswith("-repartition"))

    def trimmed():
        return sum(t["start"] for t in sluice.status()["topics"] if t["name"] == topic) > 0
    wait_until(trimmed, 60, f"{topic} is trimmed")


def main():
    checks = Checks()
    chance = random.Random(seed())
    subprocess.run([os.path.join(ROOT, "tests", "compat", "run.sh"), "fetch", "streams"], check=True)
    with temporary_directory() as directory, Sluice(directory) as sluice:
        for topic in ("words", "counts", "orders", "people", "named"):
            sluice.run("topic", "create", topic, "-p", "2" if topic == "words" else "1", check=True)
        streams = Streams(sluice, directory)
        streams.start()
        write(sluice, [("people", str(i), f"name {i}") for i in range(30)] + [("orders", str(i), str(i % 30)) for i in range(300)])
        words = [("words", None, f"word {i % WORDS}") for i in range(COUNT)]
        writer = threading.Thread(target=write, args=(sluice, words, RATE))
        writer.start()
        begin = time.monotonic()
        killed_in_turn(sluice, streams, chance)
        print(f"killed {len(KILLS)} times in {time.monotonic() - begin:.0f} s")
        writer.join()
        print(f"{len(KILLS)} kills, {COUNT} words, {end_of(sluice, 'counts')} offsets of counts")
        failed = checks.failed
        checks.run("every word is counted once, through kills of Kafka Streams and of the log", every_word_counted_once, sluice)
        checks.run("a join by foreign key has all its rows", orders_named, sluice)
        checks.run("what Kafka Streams has read of its own topics is deleted", what_was_read_is_trimmed, sluice)
        streams.kill()
        if checks.failed > failed:
            print(streams.tail())
    checks.finish()


main()
