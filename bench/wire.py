"""Kafka's protocol under load, the same for every server that speaks it: a server has `broker` (HOST:PORT), cpu_seconds() and rss_bytes()."""
import dataclasses
import os
import socket
import struct
import subprocess
import time

RDKAFKA_PERFORMANCE = os.environ.get("RDKAFKA_PERFORMANCE")


class BareSync:
    """A file that grows by `size` bytes and is synced each time; what that takes."""

    def __init__(self, directory, size):
        self.fd, self.bytes, self.times_ms = os.open(os.path.join(directory, f"sync-{size}"), os.O_CREAT | os.O_WRONLY), b"x" * size, []

    def once(self):
        begin = time.perf_counter()
        os.write(self.fd, self.bytes)
        os.fdatasync(self.fd)
        self.times_ms.append((time.perf_counter() - begin) * 1e3)


def percentile(times, part):
    return sorted(times)[int(len(times) * part)]


def create_topic(server, topic, **config):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": server.broker})
    admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(60)


@dataclasses.dataclass
class Rate:
    records: int
    record_bytes: int
    seconds: float
    cpu_seconds: float  # of the server

    @property
    def per_second(self):
        return self.records / self.seconds

    @property
    def cpu_a_million(self):
        return self.cpu_seconds / self.records * 1e6

    def text(self):
        return f"{self.per_second:,.0f} records/s, {self.per_second * self.record_bytes / 1e6:,.0f} MB/s, broker {self.cpu_a_million:.2f} CPU-s a million"


def rdkafka(server, *args):
    begin, cpu = time.perf_counter(), server.cpu_seconds()
    run = subprocess.run([RDKAFKA_PERFORMANCE, "-b", server.broker, *args], capture_output=True, text=True, timeout=600)
    if run.returncode != 0:
        raise AssertionError(run.stdout[-1000:] + run.stderr[-1000:])
    return time.perf_counter() - begin, server.cpu_seconds() - cpu


def produce_and_consume(server, scale, **config):
    """Gives (what, Rate) of each run; topics are made with `config`."""
    for size, count in ((100, scale * 3_000_000), (1024, scale * 600_000)):
        count, topic = int(count), f"bench-{size}-{len(config)}"
        create_topic(server, topic, **config)
        taken = rdkafka(server, "-P", "-t", topic, "-p", "0", "-s", str(size), "-c", str(count), "-a", "-1", "-u")
        yield f"produce {size} B, acks=all", Rate(count, size, *taken)
        taken = rdkafka(server, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-c", str(count), "-u")
        yield f"consume {size} B", Rate(count, size, *taken)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def produce_request(topic, value, acks):
    """Produce version 3 of one record: the whole frame."""
    def zigzag(n):
        return bytes([n << 1]) if n < 64 else bytes([((n << 1) & 0x7F) | 0x80, n >> 6])
    record = b"\0\0\0\x01" + zigzag(len(value)) + value + b"\0"  # attributes, deltas, no key, value, no headers
    record = zigzag(len(record)) + record
    now = int(time.time() * 1000)
    body = struct.pack(">hiqqqhiI", 0, 0, now, now, -1, -1, -1, 1) + record
    batch = struct.pack(">iBI", -1, 2, crc32c(body)) + body
    batch = struct.pack(">qi", 0, len(batch)) + batch
    name = struct.pack(">h", len(topic)) + topic
    request = struct.pack(">hhih", 0, 3, 1, -1) + struct.pack(">hhiI", -1, acks, 30_000, 1) + name
    request += struct.pack(">Iii", 1, 0, len(batch)) + batch
    return struct.pack(">i", len(request)) + request


@dataclasses.dataclass
class Waits:
    p50_ms: float
    p99_ms: float
    cpu_us: float            # of the server, a message
    bare_p50_ms: float = 0   # of a sync of the same disk, in turn with the messages
    bare_p99_ms: float = 0

    def text(self):
        bare = f"; bare sync p50 {self.bare_p50_ms:.3f}, p99 {self.bare_p99_ms:.3f}" if self.bare_p50_ms else ""
        return f"p50 {self.p50_ms:.3f} ms, p99 {self.p99_ms:.3f} ms, {self.cpu_us:.0f} us of CPU each{bare}"


def single_messages(server, directory, acks, rounds, **config):
    """One record a request, each answered before the next: what a caller waits, beside the bare sync of the same disk."""
    topic = f"single{acks + 1}{len(config)}".encode()
    create_topic(server, topic.decode(), **config)
    request, times = produce_request(topic, b"v" * 40, acks), []
    sync, cpu = BareSync(directory, 180), server.cpu_seconds()
    host, port = server.broker.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(rounds):
            if acks == -1:
                sync.once()  # in turn, so that both meet the same neighbours
            begin = time.perf_counter()
            client.sendall(request)
            answer = client.recv(4096)
            times.append((time.perf_counter() - begin) * 1e3)
            if struct.unpack_from(">h", answer, 8 + 4 + 2 + len(topic) + 4 + 4)[0] != 0:
                raise AssertionError(f"refused: {answer!r}")
    waits = Waits(percentile(times, 0.5), percentile(times, 0.99), (server.cpu_seconds() - cpu) / rounds * 1e6)
    if acks == -1:
        waits.bare_p50_ms, waits.bare_p99_ms = percentile(sync.times_ms, 0.5), percentile(sync.times_ms, 0.99)
    return waits
