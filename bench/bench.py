"""make bench: what Sluice does on this machine, beside the limits measured in the same run. Prints ratios.

    bench.py [--quick] [PHASE...]     phases: machine startup produce single snapshot latency archive registry avro collect
                                      only when they are named: flow (Kafka Streams beside, half an hour),
                                      kafka (Apache Kafka beside)

Every figure is measured against the real program and real clients: rdkafka_performance (built by bench/run.sh from
librdkafka's own sources), a PostgreSQL of its own, psql that throws the same binary COPY away, pg_recvlogical to
nowhere. Compare figures of one run only: the machine's disks and neighbours change.
"""
import argparse
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "system"))
import harness  # noqa: E402
import wire  # noqa: E402
from wire import BareSync, percentile  # noqa: E402


def say(name, text):
    print(f"{name:<34} {text}", flush=True)


def machine(_):
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")), "?")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    say("machine", f"{os.cpu_count()} x {model}, {memory_gb:.0f} GB, Linux {platform.release()}")
    say("load of others, 1 min", f"{os.getloadavg()[0]:.1f} (above 1, compare CPU, not rates)")
    with harness.temporary_directory("sluice-bench-") as directory:
        for size in (16 << 10, 1 << 20):
            sync = BareSync(directory, size)
            for _ in range(100):
                sync.once()
            say(f"one sync of {size >> 10} KiB", f"median {statistics.median(sync.times_ms):.2f} ms, p99 {percentile(sync.times_ms, 0.98):.2f} ms")


def answers_at(port, process):
    """Waits until somebody listens on `port`."""
    while process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.0005)
    raise AssertionError("sluice ended")


def startup(_):
    with harness.temporary_directory("sluice-bench-") as directory:
        sluice = harness.Sluice(directory)
        times, cpu = [], []
        for _ in range(10):
            begin = time.perf_counter()
            sluice.start(wait=False)
            answers_at(sluice.kafka, sluice.process)
            times.append((time.perf_counter() - begin) * 1e3)
            harness.wait_until(sluice.alive_and_healthy, 30, "sluice serves", every=0.01)
            time.sleep(0.3)
            resident, cpu_before = sluice.rss_bytes() / 1e6, sluice.cpu_seconds()
            time.sleep(0.7)
            cpu.append((sluice.cpu_seconds() - cpu_before) / 0.7 * 100)
            sluice.stop()
        say("start to serving", f"median {statistics.median(times):.0f} ms, best {min(times):.0f} ms (goal 50)")
        say("resident, idle log and registry", f"{resident:.0f} MB (goal 30 for the log alone)")
        say("CPU when idle", f"{statistics.median(cpu):.1f} % of a core (goal 1)")


TABLE = """CREATE TABLE bench (id bigint PRIMARY KEY, name text NOT NULL, email text, balance numeric(12,2),
  created timestamptz NOT NULL, visits int, active boolean, note text)"""
FILL = """INSERT INTO bench SELECT i, 'name ' || i, 'user' || i || '@example.com', i %% 100000 / 100.0,
  '2026-01-01'::timestamptz + i * interval '1 second', i %% 1000, i %% 2 = 0, repeat('x', i %% 60) FROM generate_series(1, %s) i"""


def wait_end(sluice, topic, rows, seconds=600):
    """Until the topic's end offset passes `rows`; the time that took."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition
    watch = Consumer({"bootstrap.servers": sluice.broker, "group.id": "watch"})
    begin = time.perf_counter()
    try:
        while time.perf_counter() - begin < seconds:
            try:
                if watch.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)[1] >= rows:
                    return time.perf_counter() - begin
            except KafkaException:
                pass  # the topic is not there yet
            time.sleep(0.02)
    finally:
        watch.close()
    raise AssertionError(f"{topic}: fewer than {rows} records after {seconds} s\n{sluice.tail()}")


def timed(*command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - begin


def snapshot_and_stream(options):
    rows = int(options.scale * 2_000_000)
    with harness.temporary_directory("sluice-bench-") as directory, harness.Postgres(directory) as postgres:
        postgres.create_database("shop")
        postgres.sql(TABLE, database="shop")
        postgres.sql(FILL, (rows,), database="shop")
        postgres.sql("VACUUM ANALYZE bench", database="shop")
        url = postgres.url("shop")
        copy = min(timed("psql", url, "-c", "COPY bench TO STDOUT (FORMAT binary)") for _ in range(2))
        with harness.Sluice(directory, "--from", url) as sluice:
            seconds = wait_end(sluice, "shop.public.bench", rows)
            cpu = sluice.cpu_seconds()
            say("snapshot", f"{rows / seconds:,.0f} rows/s; COPY thrown away by psql {rows / copy:,.0f} rows/s; "
                f"ratio {copy / seconds:.2f} (goal 0.8), {cpu / rows * 1e6:.2f} CPU-s a million, {sluice.rss_bytes() / 1e6:.0f} MB")
            stream(options, postgres, sluice, directory, url)


def stream(options, postgres, sluice, directory, url):
    """Drains a backlog of transactions of 1,000 updates each, against pg_recvlogical over the same WAL."""
    harness.wait_until(lambda: "streaming" in (sluice.http("/status") or ""), 60, "the source streams")
    end = topic_end(sluice, "shop.public.bench")
    sluice.stop()
    postgres.sql("SELECT pg_create_logical_replication_slot('bench_raw', 'pgoutput')", database="shop")
    transactions = int(options.scale * 500)
    connection = postgres.connect("shop")
    with connection.cursor() as cursor:
        for i in range(transactions):
            low = (i * 1000) % 1_000_000
            cursor.execute("UPDATE bench SET visits = visits + 1 WHERE id > %s AND id <= %s", (low, low + 1000))
    lsn = postgres.sql("SELECT pg_current_wal_lsn()::text", database="shop")[0][0]
    changes = 1000 * transactions
    raw = timed(f"{postgres.bin}/pg_recvlogical", "-d", url, "-S", "bench_raw", "--start", "-f", "/dev/null", "-o",
                "proto_version=1", "-o", "publication_names=sluice_shop", "--endpos", lsn)
    begin = time.perf_counter()
    sluice.start()
    wait_end(sluice, "shop.public.bench", end + changes)
    seconds = time.perf_counter() - begin
    say("stream", f"{changes / seconds:,.0f} changes/s, start included; pg_recvlogical {changes / raw:,.0f}/s; "
        f"ratio {raw / seconds:.2f} (goal 0.95), {sluice.cpu_seconds() / changes * 1e6:.2f} CPU-s a million")


def topic_end(sluice, topic):
    from confluent_kafka import Consumer, TopicPartition
    watch = Consumer({"bootstrap.servers": sluice.broker, "group.id": "watch"})
    try:
        return watch.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
    finally:
        watch.close()


def latency(options):
    """From the return of COMMIT in the writer to a consumer's hands, 200 transactions of one row a second."""
    from confluent_kafka import OFFSET_END, Consumer, TopicPartition
    with harness.temporary_directory("sluice-bench-") as directory, \
            harness.Postgres(directory, {"fsync": "on"}) as postgres:
        postgres.create_database("shop")
        postgres.sql("CREATE TABLE bench (id bigint PRIMARY KEY, note text)", database="shop")
        with harness.Sluice(directory, "--from", postgres.url("shop")) as sluice:
            harness.wait_until(lambda: "streaming" in (sluice.http("/status") or ""), 60, "the source streams")
            count = int(2000 * options.scale)
            committed, latencies = {}, []
            consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "latency", "fetch.wait.max.ms": 500,
                                 "isolation.level": "read_committed", "auto.offset.reset": "earliest"})
            consumer.assign([TopicPartition("shop.public.bench", 0, OFFSET_END)])
            consumer.poll(1)

            def read():
                n = 0
                while n < count:
                    message = consumer.poll(5)
                    now = time.perf_counter()
                    if message is None:
                        return
                    if not message.error():
                        n += 1
                        harness.wait_until(lambda: n in committed, 5, "the writer's note", every=0)
                        latencies.append((now - committed[n]) * 1e3)

            reader = threading.Thread(target=read)
            reader.start()
            connection = postgres.connect("shop")
            with connection.cursor() as cursor:
                for i in range(1, count + 1):
                    cursor.execute("INSERT INTO bench VALUES (%s, 'x')", (i,))
                    committed[i] = time.perf_counter()
                    time.sleep(0.005)
            reader.join()
            consumer.close()
            latencies.sort()
            n = len(latencies)
            if n < count:
                raise AssertionError(f"{n} of {count} records arrived")
            say("commit to consumer", f"p50 {latencies[n // 2]:.2f} ms, p99 {latencies[n * 99 // 100]:.2f} ms, "
                f"max {latencies[-1]:.2f} ms, {n} transactions")


def produce_and_consume(options):
    if not wire.RDKAFKA_PERFORMANCE:
        say("produce, consume", "left out: RDKAFKA_PERFORMANCE is not set (bench/run.sh builds it)")
        return
    with harness.temporary_directory("sluice-bench-") as directory, harness.Sluice(directory) as sluice:
        for what, figure in wire.produce_and_consume(sluice, options.scale):
            say(what, figure.text())
        say("resident after that", f"{sluice.rss_bytes() / 1e6:.0f} MB")


def single_messages(options):
    with harness.temporary_directory("sluice-bench-") as directory, harness.Sluice(directory) as sluice:
        for acks, name in ((-1, "all"), (1, "1")):
            figure = wire.single_messages(sluice, directory, acks, max(1000, int(5000 * options.scale)))
            goal = f"; more by {figure.p50_ms - figure.bare_p50_ms:.3f} ms (goal 0.05)" if acks == -1 else ""
            say(f"single message, acks={name}", figure.text() + goal)


def kafka(options):
    import kafka_peer as phase  # wants Java and Maven
    phase.run(options, say)


def archive(options):
    import archive as phase  # wants pyarrow and DuckDB
    phase.run(options, say)


def registry(options):
    import registry as phase  # wants wrk
    phase.run(options, say)


def collect(options):
    import collect as phase  # wants wrk
    phase.run(options, say)


def flow(options):
    import flow as phase  # wants Java and Maven
    phase.run(options, say)


def avro(options):
    import avro_rows as phase
    phase.run(options, say)


PHASES = {"machine": machine, "startup": startup, "produce": produce_and_consume, "single": single_messages,
          "snapshot": snapshot_and_stream, "latency": latency, "archive": archive,
          "registry": registry, "avro": avro, "collect": collect, "flow": flow, "kafka": kafka}
ONLY_WHEN_NAMED = ("flow", "kafka")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the records")
    parser.add_argument("--queries", metavar="Q,…", help="of the phase flow: only these")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--ours-only", action="store_true", help="of the phase flow: not Kafka Streams")
    only.add_argument("--peer-only", action="store_true", help="of the phase flow: not Sluice")
    parser.add_argument("phase", nargs="*", choices=[[], *PHASES], help="default: all but flow and kafka")
    options = parser.parse_args()
    options.scale = 0.1 if options.quick else 1
    for name in options.phase or [name for name in PHASES if name not in ONLY_WHEN_NAMED]:
        PHASES[name](options)


if __name__ == "__main__":
    main()
