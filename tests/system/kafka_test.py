"""Foreign clients at their defaults: kcat, and Python's confluent-kafka (librdkafka)."""
import json
import subprocess
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from harness import Checks, Sluice, read_topic, temporary_directory, wait_until


def kcat(sluice, *args, stdin=None):
    result = subprocess.run(["kcat", "-b", sluice.broker, *args], input=stdin, capture_output=True, text=True, timeout=60,
                            check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def kcat_round_trip(sluice):
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        topic = f"kcat-{codec}"
        lines = [f"{i}:value {i} " + "x" * 200 for i in range(1000)]
        kcat(sluice, "-P", "-t", topic, "-K", ":", "-z", codec, stdin="\n".join(lines) + "\n")
        out = kcat(sluice, "-C", "-t", topic, "-K", ":", "-o", "beginning", "-e", "-q")
        assert out.splitlines() == lines, codec
    listing = json.loads(kcat(sluice, "-L", "-J"))
    assert {"kcat-none", "kcat-zstd"} <= {t["topic"] for t in listing["topics"]}


def kcat_headers_and_offsets(sluice):
    kcat(sluice, "-P", "-t", "headers", "-H", "a=1", "-H", "b=2", stdin="one\ntwo\nthree\n")
    out = kcat(sluice, "-C", "-t", "headers", "-o", "1", "-e", "-q", "-f", "%o %h %s\n")
    assert out.splitlines() == ["1 a=1,b=2 two", "2 a=1,b=2 three"], out
    assert kcat(sluice, "-C", "-t", "headers", "-o", "-1", "-e", "-q").splitlines() == ["three"]


def produce(sluice, topic, values, **config):
    failed = []
    producer = Producer({"bootstrap.servers": sluice.broker, **config})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: error and failed.append(error))
        producer.poll(0)
    assert producer.flush(60) == 0
    assert not failed, failed[0]


def idempotent_producer(sluice):
    values = [str(i).encode() for i in range(20000)]
    produce(sluice, "idempotent", values, **{"enable.idempotence": True})
    assert [m.value() for m in read_topic(sluice.broker, "idempotent")] == values


def acknowledged_survives_kill(sluice):
    values = [str(i).encode() for i in range(5000)]
    produce(sluice, "durable", values, acks="all")
    sluice.kill()
    sluice.start()
    assert [m.value() for m in read_topic(sluice.broker, "durable")] == values


def admin_topics(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    admin.create_topics([NewTopic("made", 4, 1, config={"retention.ms": "3600000"})])["made"].result(30)
    described = admin.list_topics(timeout=30).topics["made"]
    assert len(described.partitions) == 4
    resource = ConfigResource("topic", "made")
    config = admin.describe_configs([resource])[resource].result(30)
    assert config["retention.ms"].value == "3600000"
    try:
        admin.create_topics([NewTopic("made", 1, 1)])["made"].result(30)
        raise AssertionError("made twice")
    except KafkaException as error:
        assert error.args[0].name() == "TOPIC_ALREADY_EXISTS", error
    admin.delete_topics(["made"])["made"].result(30)
    wait_until(lambda: "made" not in admin.list_topics(timeout=30).topics, 20, "the topic is gone")


def groups_share_and_remember(sluice):
    topic = "shared"
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    admin.create_topics([NewTopic(topic, 6, 1)])[topic].result(30)
    values = [str(i).encode() for i in range(6000)]
    produce(sluice, topic, values)
    seen, lock, stop = [], threading.Lock(), threading.Event()
    assigned = {0: 0, 1: 0}

    def consume(number):
        consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "sharing", "auto.offset.reset": "earliest",
                             "session.timeout.ms": 10000, "heartbeat.interval.ms": 500})
        consumer.subscribe([topic])
        while not stop.is_set():
            message = consumer.poll(0.2)
            assigned[number] = len(consumer.assignment())
            if message is not None and not message.error():
                with lock:
                    seen.append(message.value())
        consumer.close()

    threads = [threading.Thread(target=consume, args=(n,), daemon=True) for n in (0, 1)]
    threads[0].start()
    wait_until(lambda: len(seen) >= 6000, 60, "one member reads everything")
    threads[1].start()
    wait_until(lambda: assigned == {0: 3, 1: 3}, 60, "two members share the partitions")
    produce(sluice, topic, [b"late"] * 100)
    wait_until(lambda: len(seen) >= 6100, 60, "the late ones arrive")
    stop.set()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == sorted(values + [b"late"] * 100), len(seen)
    # Closed members have committed: the next one begins at the end, also after a kill.
    sluice.kill()
    sluice.start()
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "sharing", "auto.offset.reset": "earliest"})
    committed = consumer.committed([TopicPartition(topic, p) for p in range(6)], timeout=30)
    assert sum(c.offset for c in committed) == 6100, committed
    consumer.close()


def transactions_commit_and_abort(sluice):
    topic = "transactions"
    produce(sluice, topic, [b"before"])
    producer = Producer({"bootstrap.servers": sluice.broker, "transactional.id": "t1"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"committed 1")
    producer.produce(topic, b"committed 2")
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"aborted")
    producer.flush(30)
    producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"committed 3")
    producer.commit_transaction(30)
    committed = [m.value() for m in read_topic(sluice.broker, topic)]
    assert committed == [b"before", b"committed 1", b"committed 2", b"committed 3"], committed
    everything = [m.value() for m in read_topic(sluice.broker, topic, committed=False)]
    assert b"aborted" in everything


def consume_transform_produce(sluice):
    produce(sluice, "in", [str(i).encode() for i in range(100)])
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "eos", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe(["in"])
    producer = Producer({"bootstrap.servers": sluice.broker, "transactional.id": "eos-1"})
    producer.init_transactions(30)
    done = 0
    while done < 100:
        messages = [m for m in consumer.consume(25, 5) if not m.error()]
        producer.begin_transaction()
        for message in messages:
            producer.produce("out", b"did " + message.value())
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 30)
        producer.commit_transaction(30)
        done += len(messages)
    consumer.close()
    assert [m.value() for m in read_topic(sluice.broker, "out")] == [b"did %d" % i for i in range(100)]


def newer_producer_fences_older(sluice):
    def open_producer():
        producer = Producer({"bootstrap.servers": sluice.broker, "transactional.id": "fenced"})
        producer.init_transactions(30)
        return producer

    older = open_producer()
    older.begin_transaction()
    older.produce("fencing", b"of the older")
    older.flush(30)
    newer = open_producer()
    newer.begin_transaction()
    newer.produce("fencing", b"of the newer")
    newer.commit_transaction(30)
    try:
        older.commit_transaction(30)
        raise AssertionError("the older producer committed")
    except KafkaException as error:
        assert error.args[0].fatal() or error.args[0].name() in ("_FENCED", "INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"), error
    assert [m.value() for m in read_topic(sluice.broker, "fencing")] == [b"of the newer"]


def long_poll_wakes(sluice):
    produce(sluice, "awake", [b"first"])
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "awake", "fetch.wait.max.ms": 5000})
    consumer.assign([TopicPartition("awake", 0, 1)])
    assert consumer.poll(1) is None
    threading.Timer(0.3, lambda: produce(sluice, "awake", [b"second"])).start()
    begin = time.monotonic()
    message = consumer.poll(10)
    assert message is not None and message.value() == b"second"
    assert time.monotonic() - begin < 4, "the fetch waited for its time-out"
    consumer.close()


def main():
    checks = Checks()
    with temporary_directory() as directory, Sluice(directory) as sluice:
        checks.run("kcat produces and consumes, every codec", kcat_round_trip, sluice)
        checks.run("kcat: headers and offsets", kcat_headers_and_offsets, sluice)
        checks.run("an idempotent producer: order kept, nothing twice", idempotent_producer, sluice)
        checks.run("what was acknowledged survives kill -9", acknowledged_survives_kill, sluice)
        checks.run("topics are made, described and deleted", admin_topics, sluice)
        checks.run("a group shares partitions and remembers offsets over kill -9", groups_share_and_remember, sluice)
        checks.run("transactions commit and abort", transactions_commit_and_abort, sluice)
        checks.run("consume, transform, produce: offsets in the transaction", consume_transform_produce, sluice)
        checks.run("a newer producer fences the older one", newer_producer_fences_older, sluice)
        checks.run("a waiting fetch is woken by what it waits for", long_poll_wakes, sluice)
    checks.finish()


main()
