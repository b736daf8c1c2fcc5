#!/usr/bin/env python3
"""The folders of examples/: each is run straight, and once more while Sluice is killed; the view ends the same, row by row.

    examples_test.py [--kills N] [NAME]      SEED=n repeats the draw
"""
import argparse
import json
import os
import random
import sys
import threading
import time

import requests

from harness import ROOT, Checks, Postgres, Sluice, seed, temporary_directory, wait_until

EXAMPLES = os.path.join(ROOT, "examples")
# Where the example's view is, and how its rows are told apart for the comparison: the order of a query, or the topic's own.
VIEWS = {"clicks-with-customers": ("clicks_by_country", "country"), "sensor-alarms": ("alarms", "sensor, minute"),
         "cache-invalidation": ("product_cards", "id"), "audit-trail": ("account_7", None)}


class Example:
    def __init__(self, name, directory):
        self.folder = os.path.join(EXAMPLES, name)
        self.directory = directory
        self.view, self.order = VIEWS[name]
        self.postgres = Postgres(directory) if self.file("tables.sql") else None
        if self.postgres:
            self.postgres.create_database("shop")
            self.psql("tables.sql")
        for file in ("sluice.yaml", "views.sql"):
            with open(os.path.join(self.folder, file)) as source, open(os.path.join(directory, file), "w") as target:
                text = source.read().replace("127.0.0.1:8082", "127.0.0.1:0")
                target.write(text.replace("127.0.0.1:5432", f"127.0.0.1:{self.postgres.port}") if self.postgres else text)
        self.sluice = Sluice(directory, config=os.path.join(directory, "sluice.yaml"))

    def file(self, name):
        path = os.path.join(self.folder, name)
        return path if os.path.exists(path) else None

    def psql(self, name):
        with open(os.path.join(self.folder, name)) as file:
            connection = self.postgres.connect("shop")
            with connection.cursor() as cursor:
                cursor.execute(file.read())
            connection.close()

    def post(self, topic, lines):
        """Sends again until it is acknowledged, as a client does whose server may be killed."""
        def sent():
            try:
                url = "http://" + self.sluice.status()["listen"]["collect"][0]
                answer = requests.post(f"{url}/topics/{topic}", data="\n".join(lines), timeout=20,
                                       headers={"Content-Type": "application/x-ndjson"})
            except (requests.ConnectionError, requests.Timeout, KeyError):
                return False
            assert answer.status_code in (200, 404, 422, 503), answer.text  # 404, 422: until the statements are carried out
            return answer.status_code == 200
        wait_until(sent, 60, f"{topic} takes events")

    def captured(self):
        stages = self.sluice.status().get("stages", [])
        return (all(i["state"] == "streaming" for s in stages if s["kind"] == "source" for i in s["items"])
                and any(s["name"] == self.view and s["state"] == "streaming" for s in stages if s["kind"] == "view"))

    def play(self, pause):
        if self.postgres:
            # The snapshot is before the changes: what is captured is known in every row.
            wait_until(lambda: self.captured(), 60, "the tables are captured")
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".ndjson") and name != "expected.ndjson":
                with open(os.path.join(self.folder, name)) as file:
                    lines = file.read().splitlines()
                for at in range(0, len(lines), 10):
                    self.post(name.removesuffix(".ndjson"), lines[at:at + 10])
                    pause()
        if self.file("changes.sql"):
            with open(self.file("changes.sql")) as file:
                for statement in filter(str.strip, file.read().split(";")):
                    self.postgres.sql(statement, database="shop")
                    pause()

    def read(self):
        if self.order is None:
            return self.topic()
        asked = self.sluice.run("sql", "--json", f"SELECT * FROM {self.view} ORDER BY {self.order}")
        if asked.returncode != 0:
            return []
        answer = json.loads(asked.stdout)
        return [dict(zip((c["name"] for c in answer["columns"]), row)) for row in answer["rows"]]

    def topic(self):
        if self.view not in self.sluice.run("topic", "list").stdout:
            return []
        consumed = self.sluice.run("consume", self.view, "-o", "beginning")
        return [json.loads(line)["value"] for line in consumed.stdout.splitlines()] if consumed.returncode == 0 else []

    def expected(self):
        path = self.file("expected.ndjson")
        if path is None:
            return None
        with open(path) as file:
            return [json.loads(line) for line in file]


def whole(name, kills, draw):
    with temporary_directory() as directory:
        example = Example(name, directory)
        try:
            example.sluice.start()
            done = threading.Event()
            killed = [0]

            def killer():
                while not done.wait(draw.uniform(0.05, 0.8)) and killed[0] < kills:
                    example.sluice.kill()
                    example.sluice.start()
                    killed[0] += 1

            thread = threading.Thread(target=killer)
            thread.start()
            try:
                example.play(lambda: time.sleep(draw.uniform(0, 0.3)) if kills else None)
                if kills:
                    wait_until(lambda: killed[0] >= kills or not thread.is_alive(), 120, "all kills are done")
            finally:
                done.set()
                thread.join()
            rows = []

            def same():
                rows[:] = example.read()
                return rows == example.expected()
            try:
                wait_until(same, 5 if os.environ.get("GOLDEN") else 30, "the view is as expected", every=0.2)
            except AssertionError:
                with open(os.path.join(directory, "actual.ndjson"), "w") as file:
                    file.writelines(json.dumps(row) + "\n" for row in rows)
                if os.environ.get("GOLDEN"):  # to make expected.ndjson anew, and read it before it is committed
                    with open(os.path.join(example.folder, "expected.ndjson"), "w") as file:
                        file.writelines(json.dumps(row) + "\n" for row in rows)
                raise AssertionError(f"{rows} instead of {example.expected()}\n{example.sluice.tail()}") from None
            print(f"{name}: {len(rows)} rows, {killed[0]} kills")
        finally:
            example.sluice.kill()
            if example.postgres:
                example.postgres.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?")
    parser.add_argument("--kills", type=int, default=5)
    arguments = parser.parse_args()
    draw = random.Random(seed())
    checks = Checks()
    checks.only = None
    for name in VIEWS:
        if arguments.name in (None, name):
            checks.run(f"{name}, straight", whole, name, 0, draw)
            checks.run(f"{name}, through {arguments.kills} kills", whole, name, arguments.kills, draw)
    checks.finish()


if __name__ == "__main__":
    sys.exit(main())
