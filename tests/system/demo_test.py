"""The demo, as somebody meets it who types what it prints: a change that arrives, a kill, a count, the archive."""
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
import urllib.request

from harness import SLUICE, Checks, temporary_directory, wait_until


class Demo:
    """`sluice demo` in a folder that is the working directory of what is pasted."""

    def __init__(self, directory, *args):
        self.directory = directory
        self.error_path = os.path.join(directory, "demo.err")
        self.output_path = os.path.join(directory, "demo.out")
        with open(self.error_path, "w") as err, open(self.output_path, "w") as out:
            self.process = subprocess.Popen([SLUICE, "demo", *args], cwd=directory, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "TMPDIR": directory})

    def text(self):
        with open(self.error_path) as file:
            return file.read()

    def first_minutes(self):
        """What it prints to paste, by its first words."""
        def there():
            assert self.process.poll() is None, self.text()
            return "Ctrl-C ends it" in self.text()

        wait_until(there, 120, "the demo streams")
        lines = [line.strip() for line in self.text().splitlines() if line.startswith("     ")]
        find = lambda *words: next(line for line in lines if all(word in line for word in words))
        return {"view": find(" view create "), "sql": find(" sql "), "consume": find(" consume "), "psql": find("psql "), "kill": find("kill -9"), "again": find(" demo --keep"),
                "verify": find(" verify "), "dump": find(" dump "), "page": next(line for line in lines if line.startswith("http://")), "kcat": find("kcat ")}

    def paste(self, command, timeout=60):
        return subprocess.run(["bash", "-c", command], cwd=self.directory, capture_output=True, text=True, timeout=timeout, check=False)


def a_change_arrives(demo, told):
    consumer = subprocess.Popen(["bash", "-c", "exec " + told["consume"]], cwd=demo.directory, stdout=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:  # until the reader stands at the end, changes pass it by
            assert demo.paste(told["psql"]).returncode == 0
            while select.select([consumer.stdout], [], [], 0.3)[0]:
                record = json.loads(consumer.stdout.readline())
                if record["key"] == {"id": 7}:
                    assert record["latency_ms"] < 10_000, record
                    return
        raise AssertionError("the change did not arrive")
    finally:
        consumer.kill()
        consumer.wait()


def pasted_commands():
    with temporary_directory() as directory:
        folder = os.path.join(directory, "kept")
        demo = Demo(directory, "--keep", folder)
        try:
            told = demo.first_minutes()
            a_change_arrives(demo, told)
            assert "shop.public.orders" in demo.paste(told["kcat"]).stdout
            with urllib.request.urlopen(told["page"], timeout=20) as answer:
                assert "<title>Sluice</title>" in answer.read().decode()
            assert demo.paste(told["view"]).returncode == 0
            best = demo.paste(told["sql"]).stdout.splitlines()
            assert "name" in best[0] and "sold" in best[0] and len(best) >= 4, best
            assert demo.paste(told["kill"]).returncode == 0
            demo.process.wait(20)
            assert told["again"].endswith(folder), told
            demo = Demo(directory, "--keep", folder)
            told = demo.first_minutes()
            counted = demo.paste(told["verify"], 120)
            assert counted.returncode == 0 and re.search(r"orders +([\d,]+) = \1 = \1", counted.stdout), counted
            rows = demo.paste(told["dump"]).stdout.splitlines()
            assert len(rows) == 10 and json.loads(rows[0])["_topic"] == "shop.public.orders", rows
            demo.process.send_signal(signal.SIGINT)
            assert demo.process.wait(30) == 0
            assert not os.path.exists(os.path.join(folder, "pg", "postmaster.pid")), "the database is left running"
        finally:
            end(demo)


def by_itself():
    with temporary_directory() as directory:
        demo = Demo(directory, "--seconds", "5")
        try:
            assert demo.process.wait(180) == 0, demo.text()
            with open(demo.output_path) as file:
                counts = file.read()
            for table in ("customers", "events", "order_items", "orders", "products"):
                assert re.search(rf"^{table} +([\d,]+) = \1 = \1", counts, re.M), counts
            assert "source = topic = archive" in counts
            left = [name for name in os.listdir(directory) if name.startswith("sluice-demo")]
            assert len(left) == 1 and os.listdir(os.path.join(directory, left[0])) == ["archive"], left
        finally:
            end(demo)


def end(demo):
    """However a test went: no server stays."""
    if demo.process.poll() is None:
        demo.process.send_signal(signal.SIGINT)
        try:
            demo.process.wait(30)
        except subprocess.TimeoutExpired:
            demo.process.kill()
            demo.process.wait()


checks = Checks()
if shutil.which("psql") is None:
    raise SystemExit("psql is not installed: tools/deps.sh run")
checks.run("what it prints can be pasted, over a kill -9", pasted_commands)
checks.run("it ends by itself with equal counts and leaves the archive alone", by_itself)
checks.finish()
