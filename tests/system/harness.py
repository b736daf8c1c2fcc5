"""What every system test stands on: real servers on free ports, in directories of their own.

A test file is a script: it makes `Checks`, calls `checks.run(name, function)` for each promise and ends with
`checks.finish()`, which prints "N passed, N failed" and sets the exit status. Only processes started here are ended.
"""
import contextlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SLUICE = os.environ.get("SLUICE", os.path.join(ROOT, "build", "sluice"))


def free_port():
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=30, what="condition", every=0.05):
    """Polls until `condition()` is true and returns its value; raises after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(every)


def seed(usual=None):
    """The run's seed: SEED from the environment, or a new one; printed, so that a failure can be repeated.

    With `usual` that is the seed unless SEED says another (SEED=random: a new one): tests that look for differences to another program
    find new ones with new seeds, which belong to whoever looks for them.
    """
    given = os.environ.get("SEED", "random" if usual is None else str(usual))
    value = random.SystemRandom().randrange(2**32) if given == "random" else int(given)
    print(f"seed {value}")
    return value


@contextlib.contextmanager
def temporary_directory(prefix="sluice-test-"):
    path = tempfile.mkdtemp(prefix=prefix)
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        if os.environ.get("KEEP"):
            print(f"kept {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


def postgres_bin():
    """The newest Debian PostgreSQL's programs."""
    base = "/usr/lib/postgresql"
    versions = sorted((v for v in os.listdir(base) if os.path.exists(f"{base}/{v}/bin/initdb")), key=float)
    return f"{base}/{versions[-1]}/bin"


class Postgres:
    """A throw-away PostgreSQL: user and database `postgres`, TCP on 127.0.0.1, wal_level=logical."""

    def __init__(self, directory, settings=None, programs=None):
        self.bin = programs or postgres_bin()
        self.data = os.path.join(directory, "pg")
        self.port = (settings or {}).get("port") or free_port()
        self.log = os.path.join(directory, "pg.log")
        self.settings = {"wal_level": "logical", "max_wal_senders": 10, "max_replication_slots": 10,
                         "listen_addresses": "'127.0.0.1'", "port": self.port, "fsync": "off", **(settings or {})}
        os.makedirs(self.data, exist_ok=True)
        open(self.log, "a").close()
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.data, user.pw_uid, user.pw_gid)
            os.chown(self.log, user.pw_uid, user.pw_gid)
        self.settings["unix_socket_directories"] = f"'{self.data}'"
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as conf:
            for key, value in self.settings.items():
                conf.write(f"{key} = {value}\n")
        self.start()

    def _run(self, program, *args):
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        # Output goes to the log: a server that inherits a pipe would keep its reader waiting.
        with open(self.log, "a") as log:
            subprocess.run(prefix + [f"{self.bin}/{program}", *args], check=True, stdout=log, stderr=log,
                           stdin=subprocess.DEVNULL, cwd="/")

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "60", "start")

    def stop(self, mode="immediate"):
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop")

    def url(self, database="postgres", user="postgres"):
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres", autocommit=True, **more):
        import psycopg2
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=more.pop("user", "postgres"),
                                      dbname=database, **more)
        connection.autocommit = autocommit
        return connection

    def sql(self, query, args=None, database="postgres"):
        """Runs one statement in a connection of its own; its rows, if it has any."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, args)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def create_database(self, name):
        self.sql(f'CREATE DATABASE "{name}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()


class Sluice:
    """The program under test: `sluice serve` with a data directory and free ports; kept over kill() and start()."""

    def __init__(self, directory, *args, config=None):
        self.directory = directory
        self.data = os.path.join(directory, "data")
        self.kafka, self.registry, self.admin = free_port(), free_port(), free_port()
        self.output = os.path.join(directory, "sluice.log")
        self.args = list(args)
        self.config = config
        self.process = None

    @property
    def broker(self):
        return f"127.0.0.1:{self.kafka}"

    @property
    def registry_url(self):
        return f"http://127.0.0.1:{self.registry}"

    @property
    def admin_url(self):
        return f"http://127.0.0.1:{self.admin}"

    def command_line(self):
        listen = [f"--listen=kafka=127.0.0.1:{self.kafka}", f"--listen=registry=127.0.0.1:{self.registry}",
                  f"--listen=admin=127.0.0.1:{self.admin}"]
        config = ["-c", self.config] if self.config else []
        return [SLUICE, "serve", *config, "--data", self.data, *listen, *self.args]

    def start(self, wait=True, seconds=60):
        with open(self.output, "a") as out:
            self.process = subprocess.Popen(self.command_line(), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            cwd=self.directory)
        if wait:
            wait_until(self.alive_and_healthy, seconds, "sluice serves", every=0.01)
        return self

    def alive_and_healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"sluice ended with {self.process.returncode}:\n{self.tail()}")
        return self.http("/healthz") is not None

    def http(self, path, method="GET", base=None):
        """The body of an answer; None when there is none or it is an error."""
        try:
            request = urllib.request.Request((base or self.admin_url) + path, method=method)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError, socket.timeout):
            return None

    def status(self):
        """The stages' states, as `GET /status` gives them; {} while it does not answer."""
        return json.loads(self.http("/status") or "{}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self, seconds=20):
        """SIGTERM; its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode

    def run(self, *args, check=False, stdin=None, timeout=120):
        """A client command against this server."""
        env = dict(os.environ, SLUICE_BROKER=self.broker, SLUICE_REGISTRY=self.registry_url,
                   SLUICE_ADMIN=self.admin_url)
        return subprocess.run([SLUICE, *args], capture_output=True, text=True, env=env, input=stdin, timeout=timeout,
                              check=check, cwd=self.directory)

    def tail(self, lines=40):
        with open(self.output, errors="replace") as out:
            return "".join(out.readlines()[-lines:])

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        if error[0] is not None and os.path.exists(self.output):
            print(f"--- sluice's last lines\n{self.tail()}---", file=sys.stderr)
        self.kill()


def expect(result, status, out=None, err=None):
    """A command's exit status, and what is in its outputs. Gives the result."""
    assert result.returncode == status, result
    for text, where in ((out, result.stdout), (err, result.stderr)):
        if text is not None:
            assert text in where, result
    # Results on standard output, the rest on standard error: an error leaves nothing on the first.
    if status >= 2:
        assert result.stdout == "" and result.stderr.startswith("sluice"), result
    return result


def read_topic(broker, topic, partition=0, committed=True, until=None, newest=None):
    """Every record of a partition, in order, as confluent_kafka messages, up to the end seen at the beginning.

    With `newest` only about so many offsets before that end.
    """
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": broker, "group.id": f"read-{random.random()}",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True,
                         "isolation.level": "read_committed" if committed else "read_uncommitted"})
    try:
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        end = until if until is not None else end
        consumer.assign([TopicPartition(topic, partition, 0 if newest is None else max(0, end - newest))])
        messages = []
        last = time.monotonic()
        while True:
            message = consumer.poll(0.2)
            if message is None:
                if time.monotonic() - last > 30:
                    raise AssertionError(f"{topic}: no more records, and no end, for 30 s")
                continue
            last = time.monotonic()
            if message.error():
                if message.error().code() == -191:  # end of partition
                    return messages
                raise AssertionError(str(message.error()))
            messages.append(message)
            if message.offset() + 1 >= end:
                return messages
    finally:
        consumer.close()


def built(name):
    """The path of a test program, built with the program under test."""
    path = os.path.join(os.path.dirname(os.path.abspath(SLUICE)), "bin", name)
    assert os.path.exists(path), f"no bin/{name} beside {SLUICE}: build it"
    return path


class Checks:
    """Counts promises kept and broken."""

    def __init__(self):
        self.passed = self.failed = 0
        self.only = sys.argv[1:] and not sys.argv[1].startswith("-") and sys.argv[1]

    def run(self, name, function, *args):
        if self.only and self.only not in name:
            return
        begin = time.monotonic()
        try:
            function(*args)
        except Exception:  # a test that fails in any way has failed; the others go on
            self.failed += 1
            print(f"FAIL  {name}")
            traceback.print_exc(file=sys.stdout)
        else:
            self.passed += 1
            print(f"ok    {name} ({time.monotonic() - begin:.1f} s)")
        sys.stdout.flush()

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
