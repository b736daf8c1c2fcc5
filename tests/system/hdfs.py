"""A real HDFS for tests: NameNode, DataNode and HttpFS gateway in one process, on free ports, to break and to mend.

    with Hdfs(directory) as hdfs:
        hdfs.url("/archive")                        # hdfs://127.0.0.1:PORT/archive?user=etl
        hdfs.command("safemode on")                 # hdfs/MiniDfs.java lists the commands
        hdfs.kill("datanode"); hdfs.start_again("datanode"); hdfs.restart("namenode")

`Hdfs(directory, name_nodes=2)` is a pair, the first active; `hdfs.command("active 1")` fails over. What was written is
there again when the same directory is started once more. `python3 tests/system/hdfs.py fetch` only gets Hadoop's jars,
by name from Maven, into .deps/hadoop.
"""
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

from harness import ROOT, free_port

HERE = os.path.join(ROOT, "tests", "system", "hdfs")
JARS = os.path.join(ROOT, ".deps", "hadoop")


def fetch():
    """The jars that hdfs/pom.xml names; once. A second process waits for the first."""
    wanted = os.path.join(HERE, "pom.xml")
    os.makedirs(os.path.dirname(JARS), exist_ok=True)
    with open(JARS + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        got = os.path.join(JARS, "pom.xml")
        if os.path.exists(got) and open(got).read() == open(wanted).read():
            return
        print("   fetching Hadoop", flush=True)
        part = JARS + ".part"
        for folder in (JARS, part):
            shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["mvn", "-B", "-q", "-f", wanted, "dependency:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={part}"], check=True, stdin=subprocess.DEVNULL)
        shutil.copy(wanted, part)
        os.rename(part, JARS)


class Hdfs:
    def __init__(self, directory, name_nodes=1, gateway=True, settings=None):
        self.state = os.path.join(directory, "hdfs")
        self.ports = [free_port() for _ in range(name_nodes)]
        self.gateway_port = free_port() if gateway else 0
        self.rpc_port = free_port()  # of a single NameNode
        self.settings = {"test.rpc.port": self.rpc_port, **(settings or {})}
        self.log = os.path.join(directory, "hdfs.log")
        self.process = None
        self.lock = threading.Lock()
        self.control = None

    @property
    def address(self):
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def gateway(self):
        return f"127.0.0.1:{self.gateway_port}"

    def url(self, folder, user="etl"):
        others = "".join(f"&namenodes=127.0.0.1:{port}" for port in self.ports[1:])
        return f"hdfs://{self.address}{folder}?user={user}{others}"

    def gateway_url(self, folder, user="etl"):
        return f"hdfs://{self.gateway}{folder}?user={user}&gateway=httpfs"

    def start(self, seconds=120):
        fetch()
        classes = os.path.join(self.state, "classes")
        os.makedirs(classes, exist_ok=True)
        subprocess.run(["javac", "-nowarn", "-cp", f"{JARS}/*", "-d", classes, os.path.join(HERE, "MiniDfs.java")], check=True)
        # HttpFS's libraries look into java.lang, which Java forbids by default.
        command = ["java", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Xmx512m", "-XX:+UseSerialGC",
                   "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{HERE}:{JARS}/*", "MiniDfs", self.state,
                   ",".join(map(str, self.ports)), str(self.gateway_port),
                   *(f"{key}={value}" for key, value in self.settings.items())]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                            cwd=self.state)
        # It ends with its stdin, so a start that hangs is ended by us and nothing is left of it.
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line.strip() != "ready":
            raise AssertionError(f"HDFS did not start: {line!r}\n{self.tail()}")
        return self

    def command(self, line):
        """One of MiniDfs's commands; returns when it is done."""
        with self.lock:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise AssertionError(f"{line}: {answer or 'HDFS has ended'}\n{self.tail()}")

    def kill(self, what):
        self.command(f"kill {what}")

    def start_again(self, what):
        self.command(f"start {what}")

    def restart(self, what):
        self.command(f"restart {what}")

    def kill_everything(self):
        """SIGKILL to the process with all of it; start() brings it back with what was written."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def control_address(self):
        """An address where another program sends commands, a line each, and reads "ok" or the error."""
        if self.control is None:
            self.control = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=self._serve, daemon=True).start()
        return "127.0.0.1:%d" % self.control.getsockname()[1]

    def _serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self.control.accept()
                with connection, connection.makefile("rw") as lines:
                    for line in lines:
                        try:
                            self.command(line.strip())
                            lines.write("ok\n")
                        except (AssertionError, OSError) as error:
                            lines.write(str(error).replace("\n", " ") + "\n")
                        lines.flush()

    def stop(self):
        if self.control is not None:
            self.control.close()
            self.control = None
        if self.process and self.process.poll() is None:
            self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.kill_everything()

    def tail(self, lines=40):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit(f"usage: {sys.argv[0]} fetch")
    fetch()
