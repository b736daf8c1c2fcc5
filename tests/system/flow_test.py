#!/usr/bin/env python3
"""Views that are never wrong, not even for a moment, and not after any number of kills.

The bank: transfers between accounts and vaults of a PostgreSQL, by several clients at once; a view of the total, and one of the totals
by branch, are read all the while: nothing but the constant is ever seen. Then a storm: events by HTTP and changes of a table, while the
server is killed; in the end each view has the rows that PostgreSQL computes of the same events and the same table, and a view that
passes events on has each of them once.

    flow_test.py [--kills N] [--seconds N]      SEED=n repeats the draw
"""
import argparse
import collections
import json
import os
import random
import sys
import threading
import time

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import requests

from harness import Checks, Postgres, Sluice, read_topic, seed, temporary_directory, wait_until

BANK = """version: 1
log: {{keep_free: 100MB}}
sources:
  bank: {{from: "{url}", tables: public.*}}
views:
  totals: {{sql: views.sql}}
"""
BANK_VIEWS = """
CREATE MATERIALIZED VIEW total AS
  SELECT sum(balance) AS total, count(*) AS accounts
  FROM (SELECT balance FROM bank.public.accounts UNION ALL SELECT balance FROM bank.public.vaults) AS every;
CREATE MATERIALIZED VIEW branches AS
  SELECT branch, sum(balance) AS total FROM bank.public.accounts GROUP BY branch;
"""
ACCOUNTS, VAULTS, OPENING = 40, 10, 1000
CONSTANT = (ACCOUNTS + VAULTS) * OPENING


def transfer(connection, draw):
    """One transaction over two rows, of one table or of two; sometimes an account is closed into another and opened again."""
    names = [("accounts", i) for i in range(ACCOUNTS)] + [("vaults", i) for i in range(VAULTS)]
    (a, i), (b, j) = sorted(draw.sample(names, 2))
    amount = draw.randrange(1, 100)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {a} SET balance = balance - %s WHERE id = %s", (amount, i))
        cursor.execute(f"UPDATE {b} SET balance = balance + %s WHERE id = %s", (amount, j))
        if draw.random() < 0.2:
            cursor.execute(f"DELETE FROM {a} WHERE id = %s RETURNING *", (i,))
            row = cursor.fetchone()
            cursor.execute(f"INSERT INTO {a} VALUES ({', '.join(['%s'] * len(row))})", row)
    if draw.random() < 0.1:
        connection.rollback()
    else:
        connection.commit()


def the_bank(seconds):
    with temporary_directory() as directory, Postgres(directory) as postgres:
        postgres.sql(f"""CREATE TABLE accounts (id int PRIMARY KEY, branch int NOT NULL, balance int NOT NULL);
            CREATE TABLE vaults (id int PRIMARY KEY, balance int NOT NULL);
            INSERT INTO accounts SELECT i, i % 4, {OPENING} FROM generate_series(0, {ACCOUNTS - 1}) i;
            INSERT INTO vaults SELECT i, {OPENING} FROM generate_series(0, {VAULTS - 1}) i""")
        with open(os.path.join(directory, "views.sql"), "w") as file:
            file.write(BANK_VIEWS)
        config = os.path.join(directory, "sluice.yaml")
        with open(config, "w") as file:
            file.write(BANK.format(url=postgres.url()))
        base = random.Random(seed())
        stop = threading.Event()
        moved = collections.Counter()

        def client(draw):
            connection = postgres.connect(autocommit=False)
            connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ)  # a row that is closed meanwhile is not missed
            while not stop.is_set():
                try:
                    transfer(connection, draw)
                    moved["transfers"] += 1
                except (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure):
                    connection.rollback()
            connection.close()

        clients = [threading.Thread(target=client, args=(random.Random(base.random()),)) for _ in range(4)]
        for thread in clients:
            thread.start()
        try:
            with Sluice(directory, config=config) as sluice:
                def ask(query):
                    answer = requests.post(sluice.admin_url + "/sql", data=query, timeout=20)
                    return answer.json()["rows"] if answer.ok else None
                # A view's first answer is over whole tables.
                wait_until(lambda: ask("SELECT total FROM total") and ask("SELECT total FROM branches"), 60, "the views are there")
                end = time.monotonic() + seconds
                looks = 0
                while time.monotonic() < end:
                    seen = ask("SELECT total, accounts FROM total")
                    assert [[int(v) for v in row] for row in seen] == [[CONSTANT, ACCOUNTS + VAULTS]], seen
                    looks += 1
                stop.set()
                for thread in clients:
                    thread.join()
                wanted = sorted([b, int(t)] for b, t in postgres.sql("SELECT branch, sum(balance) FROM accounts GROUP BY branch"))
                wait_until(lambda: sorted([b, int(t)] for b, t in ask("SELECT branch, total FROM branches")) == wanted, 30, "the branches")
                consumed = sluice.run("consume", "total", "-o", "beginning").stdout.splitlines()
                records = [json.loads(line)["value"] for line in consumed]
                assert records and all(int(r["total"]) == CONSTANT for r in records), records[:5]
                print(f"bank: {moved['transfers']} transfers, {looks} looks, {len(records)} records of the total, nothing but {CONSTANT}")
        finally:
            stop.set()


STORM = """version: 1
log: {{keep_free: 100MB}}
listen: {{collect: 127.0.0.1:0}}
sources:
  shop: {{from: "{url}", tables: public.customers}}
collect:
  web: {{topics: clicks, dedupe: {{by: messageId, within: 1d}}}}
topics:
  clicks: {{partitions: 3}}
views:
  storm: {{sql: views.sql}}
"""
STORM_VIEWS = """
CREATE TABLE clicks (n int8, customer int4, price numeric(9, 2), ts timestamptz)
  WITH (topic = 'clicks', watermark = 'ts - interval ''1 minute''');
CREATE MATERIALIZED VIEW by_country AS
  SELECT c.country, count(*) AS clicks, sum(k.price) AS spent, min(k.n) AS first, max(k.n) AS last
  FROM clicks k JOIN shop.public.customers c ON c.id = k.customer GROUP BY c.country;
CREATE MATERIALIZED VIEW a_minute AS
  SELECT customer, window_start, count(*) AS clicks FROM clicks GROUP BY customer, tumble(ts, interval '1 minute');
CREATE MATERIALIZED VIEW dear AS SELECT n, customer, price FROM clicks WHERE price > 50;
CREATE MATERIALIZED VIEW latest AS SELECT DISTINCT ON (customer) customer, n, price FROM clicks ORDER BY customer, n DESC;
CREATE MATERIALIZED VIEW richest AS SELECT country, spent FROM by_country WHERE spent > 100;
"""
QUERIES = {
    "by_country": "SELECT c.country, count(*), sum(k.price), min(k.n), max(k.n) FROM clicks k JOIN customers c ON c.id = k.customer GROUP BY 1",
    "a_minute": "SELECT customer, date_trunc('minute', ts), count(*) FROM clicks GROUP BY 1, 2",
    "dear": "SELECT n, customer, price FROM clicks WHERE price > 50",
    "latest": "SELECT DISTINCT ON (customer) customer, n, price FROM clicks ORDER BY customer, n DESC",
    "richest": "SELECT c.country, sum(k.price) FROM clicks k JOIN customers c ON c.id = k.customer GROUP BY 1 HAVING sum(k.price) > 100",
}


class Storm:
    """Clients that send events until they are acknowledged, others that change the table; and what was sent."""

    def __init__(self, sluice, postgres, draw):
        self.sluice, self.postgres, self.draw = sluice, postgres, draw
        self.stop = threading.Event()
        self.events = []
        self.lock = threading.Lock()
        self.errors = []

    def batch(self, draw):
        with self.lock:
            first = len(self.events)
            at = 1_770_000_000 + first // 20
            for n in range(first, first + draw.randrange(1, 30)):
                self.events.append({"messageId": str(n), "n": n, "customer": draw.randrange(25), "price": f"{draw.randrange(1, 10000) / 100:.2f}",
                                    "ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + draw.randrange(20)))})
            return self.events[first:]

    def send(self, draw):
        while not self.stop.is_set():
            self.deliver(json.dumps(self.batch(draw)))

    def deliver(self, body):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                url = "http://" + self.sluice.status()["listen"]["collect"][0]
                answer = requests.post(f"{url}/topics/clicks", data=body, headers={"Content-Type": "application/json"}, timeout=20)
                if answer.status_code == 200:
                    return
                assert answer.status_code in (404, 422, 503), answer.text  # 422: the stream is not defined yet
            except (requests.ConnectionError, requests.Timeout, KeyError):
                pass
            time.sleep(0.02)
        raise AssertionError("an event was not acknowledged for 120 s")

    def change(self, draw):
        connection = self.postgres.connect()
        with connection.cursor() as cursor:
            while not self.stop.is_set():
                customer, country = draw.randrange(25), draw.choice(["NO", "SE", "DK", "FI", "IS"])
                if draw.random() < 0.2:
                    cursor.execute("DELETE FROM customers WHERE id = %s", (customer,))
                else:
                    cursor.execute("INSERT INTO customers VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET country = excluded.country", (customer, country))
                time.sleep(draw.uniform(0, 0.02))
        connection.close()

    def run(self, kills):
        def kept(work, draw):
            try:
                work(draw)
            except Exception as error:  # shown by who waits
                self.errors.append(error)
        work = [self.send, self.send, self.change]
        threads = [threading.Thread(target=kept, args=(w, random.Random(self.draw.random()))) for w in work]
        for thread in threads:
            thread.start()
        try:
            for _ in range(kills):
                time.sleep(self.draw.uniform(0.1, 1.2))
                self.sluice.kill()
                self.sluice.start()
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()
        assert not self.errors, self.errors


def text(value):
    return None if value is None else str(value).replace("+00:00", "+00")


def the_storm(kills, draw):
    with temporary_directory() as directory, Postgres(directory) as postgres:
        postgres.sql("CREATE TABLE customers (id int PRIMARY KEY, country text); INSERT INTO customers SELECT i, 'NO' FROM generate_series(0, 9) i")
        with open(os.path.join(directory, "views.sql"), "w") as file:
            file.write(STORM_VIEWS)
        config = os.path.join(directory, "sluice.yaml")
        with open(config, "w") as file:
            file.write(STORM.format(url=postgres.url()))
        with Sluice(directory, config=config) as sluice:
            storm = Storm(sluice, postgres, draw)
            storm.run(kills)
            connection = postgres.connect()
            cursor = connection.cursor()
            cursor.execute("SET timezone TO 'UTC'")
            cursor.execute("CREATE TEMP TABLE clicks (n int8, customer int4, price numeric(9, 2), ts timestamptz)")
            cursor.executemany("INSERT INTO clicks VALUES (%(n)s, %(customer)s, %(price)s, %(ts)s)", storm.events)
            compared = 0
            for view, query in QUERIES.items():
                cursor.execute(query)
                wanted = sorted([text(v) for v in row] for row in cursor.fetchall())
                rows = []

                def same(view=view, wanted=wanted, rows=rows):
                    answer = requests.post(sluice.admin_url + "/sql", data=f"SELECT * FROM {view}", timeout=60)
                    rows[:] = sorted([text(v) for v in row] for row in answer.json()["rows"]) if answer.ok else [answer.text]
                    return rows == wanted
                try:
                    wait_until(same, 60, f"{view} is what PostgreSQL says")
                except AssertionError as error:
                    extra = [r for r in rows if r not in wanted][:5]
                    raise AssertionError(f"{error}: {len(rows)} rows, {len(wanted)} wanted; only here: {extra}; "
                                         f"only there: {[r for r in wanted if r not in rows][:5]}") from None
                compared += len(wanted)
            # In the topic as well: each event once.
            numbers = collections.Counter(json.loads(line)["value"]["n"] for line in sluice.run("consume", "dear", "-o", "beginning").stdout.splitlines())
            dear = [e["n"] for e in storm.events if float(e["price"]) > 50]
            assert sorted(numbers) == dear and set(numbers.values()) == {1}, (len(numbers), len(dear))
            late = read_topic(sluice.broker, "a_minute.late") if "a_minute.late" in sluice.run("topic", "list").stdout else []
            assert not late, len(late)
            print(f"storm: {kills} kills, {len(storm.events)} events, {compared} rows of {len(QUERIES)} views and {len(dear)} records compared")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=8)
    arguments = parser.parse_args()
    checks = Checks()
    checks.only = None
    checks.run("the bank's total is a constant at every look", the_bank, arguments.seconds)
    checks.run(f"views are exact over {arguments.kills} kills", the_storm, arguments.kills, random.Random(seed()))
    checks.finish()


if __name__ == "__main__":
    sys.exit(main())
