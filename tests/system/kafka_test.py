"""Foreign clients at their defaults: kcat (Debian's librdkafka 2.0), and Python's confluent-kafka (the newest)."""
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

from confluent_kafka import (Consumer, ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException, Producer,
                             TopicCollection, TopicPartition)
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   OffsetSpec, ResourceType)

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


class KcatMember:
    """`kcat -G`: a member of a group of librdkafka 2.0. The session is shorter than the default 45 s, so that a death is
    noticed while somebody waits."""

    def __init__(self, sluice, directory, number, group, topic):
        self.path = os.path.join(directory, f"kcat-{group}-{number}")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(
                ["kcat", "-b", sluice.broker, "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500",
                 "-X", "auto.offset.reset=earliest", "-u", "-f", "%s\n", "-G", group, topic],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def lines(self):
        with open(self.path) as out:
            return out.read().splitlines()

    def assigned(self):
        """How many partitions it has now, by what it told last."""
        told = [line for line in self.lines() if "rebalanced" in line]
        return len(re.findall(r"\[\d+\]", told[-1].split("assigned:")[1])) if told and "assigned:" in told[-1] else 0

    def values(self):
        return [line for line in self.lines() if line.startswith("value-")]

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(20)


def kcat_group_of_three(sluice, directory):
    topic = "kcat-group"
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    admin.create_topics([NewTopic(topic, 6, 1)])[topic].result(30)
    with contextlib.ExitStack() as stack:
        members = [KcatMember(sluice, directory, n, "kcat-group", topic) for n in range(3)]
        for member in members:
            stack.callback(member.end, signal.SIGKILL)
        wait_until(lambda: [m.assigned() for m in members] == [2, 2, 2], 30, "three members share six partitions")
        produce(sluice, topic, [b"value-%d" % i for i in range(300)])
        wait_until(lambda: sum(len(m.values()) for m in members) == 300, 30, "they read everything")
        members[0].end(signal.SIGKILL)
        wait_until(lambda: [m.assigned() for m in members[1:]] == [3, 3], 30, "two share after the third was killed")
        members[1].end(signal.SIGTERM)  # leaves: nobody has to wait for the end of a session
        begin = time.monotonic()
        wait_until(lambda: members[2].assigned() == 6, 30, "one has everything")
        assert time.monotonic() - begin < 5.5, "it left, and was waited for"
        produce(sluice, topic, [b"value-late-%d" % i for i in range(60)])
        late = {"value-late-%d" % i for i in range(60)}
        wait_until(lambda: late <= set(members[2].values()), 30, "the last one reads what comes")


def admin_groups_and_offsets(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    topic, group = "administrated", "administrated"
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    produce(sluice, topic, [b"%d" % i for i in range(10)])
    where = TopicPartition(topic, 0)
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    wait_until(lambda: consumer.poll(0.2) is not None, 30, "a record")
    assert group in [g.group_id for g in admin.list_consumer_groups().result(30).valid]
    described = admin.describe_consumer_groups([group])[group].result(30)
    assert described.state == ConsumerGroupState.STABLE and len(described.members) == 1, described
    assert described.members[0].assignment.topic_partitions == [where]
    consumer.close()

    def committed():
        listed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, [where])])[group].result(30)
        return listed.topic_partitions[0].offset
    assert committed() > 0
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 4)])])[group].result(30)
    assert committed() == 4
    admin.delete_consumer_groups([group])[group].result(30)
    assert group not in [g.group_id for g in admin.list_consumer_groups().result(30).valid]

    assert admin.list_offsets({where: OffsetSpec.latest()})[where].result(30).offset == 10
    admin.delete_records([TopicPartition(topic, 0, 6)])[where].result(30)
    assert admin.list_offsets({where: OffsetSpec.earliest()})[where].result(30).offset == 6
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(30)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[
        ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)])
    admin.incremental_alter_configs([resource])[resource].result(30)
    assert admin.describe_configs([resource])[resource].result(30)["max.message.bytes"].value == "2000"
    assert len(admin.describe_cluster().result(30).nodes) == 1
    assert admin.describe_topics(TopicCollection([topic]))[topic].result(30).partitions[2].leader.id == 1


def acks_of_every_kind(sluice):
    for acks in ("0", "1", "all"):
        values = [f"{acks}-{i}".encode() for i in range(2000)]
        produce(sluice, f"acks-{acks}", values, acks=acks)
        # Who asks for no answer does not know when the last is there.
        wait_until(lambda: len(read_topic(sluice.broker, f"acks-{acks}")) == 2000, 20, f"all records with acks={acks}")
        assert [m.value() for m in read_topic(sluice.broker, f"acks-{acks}")] == values


def timestamps_by_client_or_broker(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    topics = [NewTopic("created", 1, 1), NewTopic("appended", 1, 1, config={"message.timestamp.type": "LogAppendTime"})]
    for future in admin.create_topics(topics).values():
        future.result(30)
    old = int(time.time() * 1000) - 60_000
    producer = Producer({"bootstrap.servers": sluice.broker})
    for topic in ("created", "appended"):
        producer.produce(topic, b"x", timestamp=old)
    assert producer.flush(30) == 0
    assert read_topic(sluice.broker, "created")[0].timestamp() == (1, old)
    kind, stamp = read_topic(sluice.broker, "appended")[0].timestamp()
    assert kind == 2 and stamp > old + 50_000, (kind, stamp)


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
        checks.run("kcat -G: a group of three, one killed, one leaves", kcat_group_of_three, sluice, directory)
        checks.run("groups, offsets, records and configurations are administrated", admin_groups_and_offsets, sluice)
        checks.run("acks 0, 1 and all: everything arrives, in order", acks_of_every_kind, sluice)
        checks.run("timestamps: the client's, or the time of the append", timestamps_by_client_or_broker, sluice)
        checks.run("transactions commit and abort", transactions_commit_and_abort, sluice)
        checks.run("consume, transform, produce: offsets in the transaction", consume_transform_produce, sluice)
        checks.run("a newer producer fences the older one", newer_producer_fences_older, sluice)
        checks.run("a waiting fetch is woken by what it waits for", long_poll_wakes, sluice)
    checks.finish()


main()
