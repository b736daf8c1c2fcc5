"""The phase `archive` of bench.py: a topic of one to two million rows, from the log to published files.

Each case is a server of its own on the same log, with one sink: it is started, reads all, is told to end, and publishes what is
left on its way out. Processor time and peak memory are those of the whole process, less those of one that starts and ends on
the same log without a sink. Beside it pyarrow's and DuckDB's writers with the rows in memory, on one thread, the same 17 columns;
and our upload of a file beside curl's to the same server. PLACES="disk s3", LAYOUTS=1,500 and CODECS=zstd choose cases;
CASES_ONLY=1 leaves the others' writers out.
"""
import collections
import contextlib
import json
import os
import subprocess
import time
import urllib.request

import duckdb
import pyarrow
import pyarrow.parquet

import harness
import parquet
from hdfs import Hdfs
from s3_server import S3Server

LAYOUTS = {"1": 1, "24": 24, "500": 500, "500 folders": 1}  # name to partitions
FORMATS = [("avro", "deflate"), ("avro", "zstandard"), ("parquet", "zstd")]
MINUTE_MS = 60_000

Outcome = collections.namedtuple("Outcome", "seconds cpu rss")


def topic_of(layout):
    return "rows-" + layout.replace(" ", "-")


def timestamp_ms(layout, i, begin_ms):
    """Folders by the minute: 500 of them at once. Else all rows are of one hour."""
    return begin_ms + (i % 500 * MINUTE_MS if "folders" in layout else i % 3_600_000)


def produce(sluice, layout, rows, begin_ms):
    from confluent_kafka import Producer
    topic, partitions = topic_of(layout), LAYOUTS[layout]
    sluice.run("topic", "create", topic, "--partitions", str(partitions), check=True)
    request = urllib.request.Request(f"{sluice.registry_url}/subjects/{topic}-value/versions", method="POST",
                                     headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
                                     data=json.dumps({"schema": json.dumps(parquet.SCHEMA)}).encode())
    with urllib.request.urlopen(request) as answer:
        frame = b"\0" + json.loads(answer.read())["id"].to_bytes(4, "big")
    producer = Producer({"bootstrap.servers": sluice.broker, "compression.type": "lz4", "linger.ms": 200, "acks": "all",
                         "batch.size": 1 << 20, "queue.buffering.max.messages": 500_000, "queue.buffering.max.kbytes": 1 << 20})
    for i, row in enumerate(rows):
        while True:
            try:
                producer.produce(topic, frame + row, partition=i // 100 % partitions, timestamp=timestamp_ms(layout, i, begin_ms))
                break
            except BufferError:
                producer.poll(0.1)
        if i % 1000 == 0:
            producer.poll(0)
    if producer.flush(120) != 0:
        raise AssertionError("records were not delivered")


class Measured:
    """A server without or with a sink, from its start to its end."""

    def __init__(self, directory, config):
        path = os.path.join(directory, "bench.yaml")
        with open(path, "w") as file:
            file.write("version: 1\n" + config)
        self.sluice = harness.Sluice(directory, config=path)

    def run(self, rows):
        begin = time.perf_counter()
        self.sluice.start()

        def read_all():
            stages = self.sluice.status().get("stages", [])
            status = next((s for s in stages if s["kind"] == "sink"), {})
            if status.get("state") == "failed" or status.get("error"):
                raise AssertionError(f"the sink failed: {status}")
            return status.get("rows_total", 0) >= rows
        if rows:
            harness.wait_until(read_all, 900, "all rows are read", every=0.02)
        self.sluice.process.terminate()
        peak, done = 0, 0
        while not done:  # rusage's peak would be that of this program, which it was forked from
            peak = max(peak, self.peak_bytes())
            done, code, usage = os.wait4(self.sluice.process.pid, os.WNOHANG)
            time.sleep(0.005)
        seconds = time.perf_counter() - begin
        self.sluice.process.returncode = code
        if code != 0:
            raise AssertionError(f"sluice ended with {code}\n{self.sluice.tail()}")
        return Outcome(seconds, usage.ru_utime + usage.ru_stime, peak)

    def peak_bytes(self):
        with open(f"/proc/{self.sluice.process.pid}/status") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)


def sink(to, topic, form, codec, layout):
    by = '"m={ts:%F-%H%M}"' if "folders" in layout else '"dt={ts:%F}/hour={ts:%H}"'
    return (f"sinks:\n  bench: {{to: \"{to}\", topics: {topic}, format: {form}, codec: {codec}, memory: 64MiB, "
            f"partition_by: {by}, roll: {{size: 64MiB, after: 1h}}}}\n")


def columnar(table, topic, begin_ms):
    """The rows as the archive has them, with its eleven columns."""
    rows = len(table["id"])
    columns = [pyarrow.array(table[field.name], field.type) for field in parquet.TABLE]
    more = [("_topic", pyarrow.array([topic] * rows)), ("_partition", pyarrow.array([0] * rows, pyarrow.int32())),
            ("_offset", pyarrow.array(range(rows), pyarrow.int64())),
            ("_timestamp", pyarrow.array([timestamp_ms("1", i, begin_ms) for i in range(rows)], pyarrow.timestamp("ms", "UTC")))]
    more += [(name, pyarrow.nulls(rows, kind)) for name, kind in (
        ("_key", pyarrow.binary()), ("_op", pyarrow.string()), ("_lsn", pyarrow.int64()), ("_seq", pyarrow.int64()),
        ("_txid", pyarrow.int64()), ("_unchanged", pyarrow.string()), ("_special", pyarrow.string()))]
    return pyarrow.table(columns + [column for _, column in more], parquet.TABLE.names + [name for name, _ in more])


def peers(say, table, directory):
    """Rows a second and a core of the other writers."""
    pyarrow.set_cpu_count(1)
    path = os.path.join(directory, "peer.parquet")
    database = duckdb.connect(config={"threads": 1})
    database.register("columnar", table)
    database.execute("create table events as select * from columnar")
    writers = {
        "pyarrow": lambda: pyarrow.parquet.write_table(table, path, compression="zstd", compression_level=3,
                                                       write_page_index=True, write_page_checksum=True),
        "DuckDB": lambda: database.execute(f"copy events to '{path}' (format parquet, compression 'zstd')")}
    speeds = {}
    for name, write in writers.items():
        speeds[name] = table.num_rows / min(parquet.processor_time(write) for _ in range(2))
        say(f"{name}'s Parquet writer", f"{speeds[name] / 1e6:.2f} M rows/s a core, {os.path.getsize(path) / 1e6:.0f} MB")
        os.remove(path)
    return speeds


def parquet_alone(say, table, build, directory):
    parquet.avro(table, f"{directory}/rows")
    with open(f"{directory}/schema", "w") as file:
        json.dump(parquet.SCHEMA, file)
    report = min((parquet.ours(build, directory, "zstd") for _ in range(2)), key=lambda r: r["seconds"])
    say("our Parquet writer alone", f"{len(table['id']) / report['seconds'] / 1e6:.2f} M rows/s a core (6 columns; goal 1 M)")


def curl(*args):
    """Seconds of the transfer, by curl itself."""
    out = subprocess.run(["curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *args], check=True, capture_output=True,
                         text=True).stdout
    return float(out)


def curl_s3(server, path):
    trust = ("--cacert", server.certificate) if server.certificate else ()
    return curl("-T", path, *trust, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--aws-sigv4", f"aws:amz:{server.region}:s3",
                "--user", f"{server.access_key}:{server.secret_key}", f"{server.endpoint}/archive/curl-{time.time_ns()}")


def curl_hdfs(server, path):
    return curl("-T", path, "-L", "-H", "X-XSRF-HEADER: bench", f"http://{server.address}/webhdfs/v1/archive/curl-{time.time_ns()}?op=CREATE&user.name=etl&overwrite=false")


def upload(say, build, name, url, curl_once, directory):
    """256 MiB that do not compress, in turn by curl and by us; the best of three each."""
    path = os.path.join(directory, "upload")
    with open(path, "wb") as file:
        for _ in range(256):
            file.write(os.urandom(1 << 20))
    theirs, reports = [], []
    for _ in range(3):
        theirs.append(curl_once(path))
        reports.append(json.loads(subprocess.run([os.path.join(build, "bin", "upload"), path, url], check=True,
                                                 capture_output=True, text=True).stdout))
    ours = min(report["seconds"] for report in reports)
    cpu = min(report["cpu_seconds"] for report in reports)
    size = os.path.getsize(path) / 1e6
    say(f"upload to {name}", f"{size / ours:,.0f} MB/s, curl {size / min(theirs):,.0f} MB/s; ratio {min(theirs) / ours:.2f} (goal 1), "
        f"{cpu / size * 1000:.2f} CPU-s a GB")
    os.remove(path)


def upload_by_https(say, build, directory):
    """Where neither digests the bytes; by http we do, and curl does not."""
    folder = os.path.join(directory, "https")
    os.makedirs(folder)
    with S3Server(folder, tls=True) as s3:
        os.environ.update(s3.environment)
        upload(say, build, "s3 by https", f"s3://archive?endpoint={s3.endpoint}", lambda path: curl_s3(s3, path), directory)


@contextlib.contextmanager
def places(directory, wanted):
    """Name to (url of a folder, curl)."""
    with contextlib.ExitStack() as stack:
        out = {}
        if "disk" in wanted:
            out["disk"] = (lambda folder: os.path.join(directory, folder), None)
        if "s3" in wanted:
            s3 = stack.enter_context(S3Server(directory))
            os.environ.update(s3.environment)
            out["s3"] = (lambda folder: f"s3://archive/{folder}?endpoint={s3.endpoint}", lambda path: curl_s3(s3, path))
        if "hdfs" in wanted:
            hdfs = stack.enter_context(Hdfs(directory, gateway=False))
            hdfs_url = hdfs.url("/archive/FOLDER")
            out["hdfs"] = (lambda folder: hdfs_url.replace("FOLDER", folder), lambda path: curl_hdfs(hdfs, path))
        yield out


def idle(say, directory, layout):
    """What a caught-up sink costs."""
    with Measured(directory, sink(f"{directory}/idle", topic_of(layout), "avro", "deflate", layout)).sluice as sluice:
        harness.wait_until(lambda: any(s["kind"] == "sink" and s["state"] == "streaming" and s.get("rows_total") for s in
                                       sluice.status().get("stages", [])), 60, "the sink streams")
        time.sleep(20)
        before = sluice.cpu_seconds()
        time.sleep(5)
        descriptors = len(os.listdir(f"/proc/{sluice.process.pid}/fd"))
        say(f"idle, {layout} open partitions", f"{(sluice.cpu_seconds() - before) / 5 * 100:.1f} % of a core, "
            f"{sluice.rss_bytes() / 1e6:.0f} MB resident, {descriptors} file descriptors")


def run(options, say):
    count = int(options.scale * 1_000_000)
    build = os.path.join(harness.ROOT, "build")
    table = parquet.columns(count)
    rows = list(parquet.avro_rows(table))
    size = sum(map(len, rows)) / 1e6
    begin_ms = int(time.time()) // 3600 * 3_600_000 - 12 * 3_600_000
    wanted = (os.environ.get("PLACES") or "disk s3 hdfs").split()
    layouts = (os.environ.get("LAYOUTS") or ",".join(LAYOUTS)).split(",")
    formats = [f for f in FORMATS if not os.environ.get("CODECS") or f[1] in os.environ["CODECS"]]
    with harness.temporary_directory("sluice-bench-") as directory, places(directory, wanted) as at:
        with harness.Sluice(directory) as sluice:
            for layout in layouts:
                produce(sluice, layout, rows, begin_ms)
            sluice.stop()
        say("rows", f"{count:,}, {size:.0f} MB in Avro, 6 columns and the archive's 11, no keys, lz4 batches in the log")
        if not os.environ.get("CASES_ONLY"):
            parquet_alone(say, table, build, directory)
            speeds = peers(say, columnar(table, topic_of("1"), begin_ms), directory)
            for name, (url, curl_once) in at.items():
                if curl_once:
                    upload(say, build, name, url("upload"), curl_once, directory)
            if "s3" in at:
                upload_by_https(say, build, directory)
        base = Measured(directory, "log: {}\n").run(0)
        say("a server without a sink", f"{base.cpu:.2f} CPU-s, {base.rss / 1e6:.0f} MB")
        print("\n| place | format | open partitions | s | rows/s | rows/s a core | MB/s a core | more memory, MB |\n"
              "|---|---|---|---|---|---|---|---|", flush=True)
        for name, (url, _) in at.items():
            for form, codec in formats:
                for layout in layouts:
                    got = Measured(directory, sink(url(f"{form}-{codec}-{topic_of(layout)}"), topic_of(layout), form, codec, layout)).run(count)
                    cpu = got.cpu - base.cpu
                    print(f"| {name} | {form}, {codec} | {layout} | {got.seconds:.1f} | {count / got.seconds / 1e3:,.0f} k | "
                          f"{count / cpu / 1e3:,.0f} k | {size / cpu:.0f} | {(got.rss - base.rss) / 1e6:.0f} |", flush=True)
        if "500" in layouts:
            idle(say, directory, "500")
