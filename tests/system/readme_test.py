"""README's commands, run in their order as a reader would, with a database and ports of this test's own.

A command of README that this test does not know how to run is a failure: add it here, or take it out there.
"""
import json
import os
import re
import signal
import subprocess
import sys

from harness import ROOT, SLUICE, Checks, Postgres, free_port, temporary_directory, wait_until

SQL = "CREATE TABLE orders (id int PRIMARY KEY, status text); INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 100) i;"

FILES = {"order.avsc": '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}',
         "click.avsc": '{"type": "record", "name": "Click", "fields": [{"name": "user", "type": "string"}, {"name": "n", "type": "long"}]}',
         "migration.sql": "ALTER TABLE orders ADD COLUMN note text;"}


def fences(text):
    """(language, lines) of each fenced block; the picture is no command."""
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        if "─" not in body:
            yield language, body


class Reader:
    """Somebody with a shell, a database and README."""

    def __init__(self, directory, server):
        self.directory, self.server = directory, server
        self.url = server.url("shop")
        self.ports = {"9092": free_port(), "8081": free_port(), "8080": free_port(), "8082": free_port()}
        bin_folder = os.path.join(directory, "bin")
        os.mkdir(bin_folder)
        os.symlink(os.path.abspath(SLUICE), os.path.join(bin_folder, "sluice"))
        kafka, registry, admin = (f"127.0.0.1:{self.ports[port]}" for port in ("9092", "8081", "8080"))
        self.listen = f" --listen kafka={kafka} --listen registry={registry} --listen admin={admin}"
        self.environment = {**os.environ, "PATH": bin_folder + ":" + os.environ["PATH"], "SLUICE_BROKER": kafka,
                            "SLUICE_REGISTRY": "http://" + registry, "SLUICE_ADMIN": "http://" + admin}
        self.serving = None

    def own(self, text):
        text = text.replace("postgres://user@host/db", self.url).replace("/run/secrets/shop", f"{self.directory}/secret")
        text = re.sub(r"postgres://sluice@db/shop\S*", self.url, text)
        for port, other in self.ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
        return text

    def popen(self, command, **more):
        return subprocess.Popen(["bash", "-c", "exec " + command], cwd=self.directory, env=self.environment, text=True, stdin=subprocess.DEVNULL, **more)

    def run(self, command, timeout=60):
        result = subprocess.run(["bash", "-c", command], cwd=self.directory, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=timeout, check=False)
        assert result.returncode == 0, (command, result)
        return result.stdout

    def ask(self, command):
        """What a view answers, which comes a moment after the events."""
        return subprocess.run(["bash", "-c", command], cwd=self.directory, env=self.environment, text=True, capture_output=True, timeout=60, check=False).stdout

    def serve(self, command):
        self.stop()
        with open(os.path.join(self.directory, "serve.log"), "a") as log:
            self.serving = self.popen(command + self.listen, stdout=log, stderr=log)

        def ready():
            assert self.serving.poll() is None, open(os.path.join(self.directory, "serve.log")).read()
            return subprocess.run(["curl", "-sf", f"127.0.0.1:{self.ports['8080']}/readyz"], capture_output=True, check=False).returncode == 0

        wait_until(ready, 60, f"{command} is ready")
        if "-c " in command or "--from" in command:
            wait_until(lambda: "streaming" in self.run("sluice status shop"), 60, "the source streams")

    def stop(self):
        if self.serving:
            self.serving.send_signal(signal.SIGTERM)
            assert self.serving.wait(30) == 0
            self.serving = None

    def follow(self, command):
        process = self.popen(command, stdout=subprocess.PIPE)
        try:
            # From the end on: what is inserted until the reader stands there is not shown.
            for number in range(1000, 1100):
                self.server.sql(f"INSERT INTO orders VALUES ({number}, 'followed')", database="shop")
                if select_readable(process.stdout):
                    break
            assert json.loads(process.stdout.readline())["value"]["status"] == "followed"
        finally:
            process.kill()
            process.wait()


def select_readable(stream):
    import select
    return bool(select.select([stream], [], [], 0.2)[0])


def run_readme(reader, text):
    ran = 0
    for language, body in fences(text):
        if language == "sql":
            with open(os.path.join(reader.directory, "visits.sql"), "w") as file:
                file.write(body)
            continue
        if language == "yaml":
            with open(os.path.join(reader.directory, "sluice.yaml"), "w") as file:
                file.write(reader.own(body))
            continue
        if language == "python":
            subprocess.run([sys.executable, "-c", reader.own(body) + "\nassert len(orders) > 0"], check=True, cwd=reader.directory)
            ran += 1
            continue
        for line in body.splitlines():
            command = reader.own(re.sub(r"\s+#.*", "", line)).strip()
            if not command:
                continue
            ran += 1
            if command.startswith("make "):
                subprocess.run([*command.split(), "-n"], cwd=ROOT, check=True, capture_output=True)
            elif command.startswith("sluice serve") and "--print-config" not in command:
                reader.serve(command)
            elif command.startswith("sluice consume") and "--follow" in command:
                reader.follow(command)
            elif "/views/" in command or command.startswith("sluice sql"):
                wait_until(lambda command=command: "new" in reader.ask(command), 30, command)
            elif re.match(r"(sluice (check|serve|view list|topics|status|export|schema check|sink (list|show))|kcat|curl) ?", command):
                assert reader.run(command), f"{command} says nothing"
            elif command.startswith("sluice schema create"):
                reader.run(command)
            elif command.startswith("sluice verify"):
                assert re.search(r"orders +([\d,]+) = \1 = \1", reader.run(command)), command
            else:
                raise AssertionError(f"README has a command that nobody runs: {command}")
    return ran


def readme():
    with open(os.path.join(ROOT, "README.md")) as file:
        text = file.read()
    with temporary_directory() as directory, Postgres(directory) as server:
        server.create_database("shop")
        server.sql(SQL, database="shop")
        with open(os.path.join(directory, "secret"), "w") as file:
            file.write("not needed here\n")
        for name, content in FILES.items():
            with open(os.path.join(directory, name), "w") as file:
                file.write(content)
        reader = Reader(directory, server)
        try:
            assert run_readme(reader, text) >= 10
            reader.stop()
        finally:
            if reader.serving:
                reader.serving.kill()
                reader.serving.wait()


def links():
    """Every relative link in README and docs/ leads to a file."""
    for folder, names in ((ROOT, ["README.md", "ARCHITECTURE.md", "HACKING.md"]), (os.path.join(ROOT, "docs"), None)):
        pages = [os.path.join(folder, n) for n in names] if names else [os.path.join(f, n) for f, _, ns in os.walk(folder) for n in ns if n.endswith(".md")]
        for page in pages:
            with open(page) as file:
                for target in re.findall(r"\]\(([^)#:]+)\)", file.read()):
                    assert os.path.exists(os.path.join(os.path.dirname(page), target)), f"{page}: {target}"


checks = Checks()
checks.run("every command of README does what it says", readme)
checks.run("links lead somewhere", links)
checks.finish()
