"""kill -9 at random moments, and then source = topic = archive, row by row.

A load of several writers works on a PostgreSQL whose triggers keep a ledger in the same transactions: what was done to
which key, in which order, by which transaction. Sluice captures and archives beside it and is killed again and again, in
its snapshot too. In the end every record of the topics (read committed) must be one that the ledger or the snapshot
explains, each exactly once:

  1. per key, the topic's records are the snapshot's row (if any) and then every later entry of the ledger, in order
  2. per partition, (lsn, seq) only grows, and a transaction's rows stand together
  3. the newest value of each key is the table's row; keyless rows are there once each
  4. the archive has the topic's rows: same offsets, keys, headers and columns, none twice
  5. at some of the kills, the log is opened without its source: every transaction that a reader sees there is whole

    crash_test.py [--kills N | --long] [--rate ROWS]      SEED=n repeats the draw of kill times; KEEP=1 keeps the files
"""
import argparse
import collections
import datetime
import decimal
import glob
import io
import json
import os
import random
import sys
import threading
import time

import fastavro
import psycopg2

from harness import Checks, Postgres, Sluice, read_topic, seed, temporary_directory, wait_until

SCHEMA = """
CREATE SEQUENCE version;
CREATE TABLE accounts (id bigint PRIMARY KEY, version bigint, body text, amount numeric(12,2), at timestamptz, doc jsonb,
                       raw bytea, flags boolean);
CREATE TABLE items (a integer, b text, version bigint, quantity integer, price double precision, tags text[],
                    PRIMARY KEY (a, b));
CREATE TABLE lines (id bigint, version bigint, text text);
CREATE TABLE ledger (tab text, key text, version bigint, kind text, txid bigint);

CREATE FUNCTION next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.version := nextval('version'); RETURN NEW; END $$;
CREATE FUNCTION book() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE old_key text; new_key text;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    old_key := CASE TG_TABLE_NAME WHEN 'items' THEN to_jsonb(OLD)->>'a' || '|' || (to_jsonb(OLD)->>'b')
                                  ELSE to_jsonb(OLD)->>'id' END;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    new_key := CASE TG_TABLE_NAME WHEN 'items' THEN to_jsonb(NEW)->>'a' || '|' || (to_jsonb(NEW)->>'b')
                                  ELSE to_jsonb(NEW)->>'id' END;
  END IF;
  IF old_key IS NOT NULL AND old_key IS DISTINCT FROM new_key THEN
    INSERT INTO ledger VALUES (TG_TABLE_NAME, old_key, nextval('version'), 'gone', txid_current());
  END IF;
  IF new_key IS NOT NULL THEN
    INSERT INTO ledger VALUES (TG_TABLE_NAME, new_key, NEW.version, 'row', txid_current());
  END IF;
  RETURN NULL;
END $$;
"""

TABLES = ("accounts", "items", "lines")
LOOK_BACK = 60_000  # offsets of a topic that a look between kills reads
START_ROWS = {"accounts": 120000, "items": 20000, "lines": 20000}


def prepare(server):
    server.create_database("ledger")
    connection = server.connect("ledger")
    cursor = connection.cursor()
    cursor.execute(SCHEMA)
    cursor.execute("""
        INSERT INTO accounts SELECT i, nextval('version'), 'body ' || md5(i::text), i / 100.0, now(),
                                    jsonb_build_object('i', i), decode(md5(i::text), 'hex'), i %% 2 = 0
        FROM generate_series(1, %(accounts)s) i;
        INSERT INTO items SELECT i %% 1000, 'item ' || i, nextval('version'), i, i / 7.0, ARRAY['x', i::text]
        FROM generate_series(1, %(items)s) i;
        INSERT INTO lines SELECT i, nextval('version'), 'line ' || i FROM generate_series(1, %(lines)s) i;
        """, START_ROWS)
    for table in TABLES:
        cursor.execute(f"CREATE TRIGGER a BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION next_version()")
        cursor.execute(f"CREATE TRIGGER b AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION book()")
    cursor.execute("ANALYZE")
    connection.close()


class Writer(threading.Thread):
    """Random transactions. A key is inserted and deleted by one writer only, and updated by all."""

    def __init__(self, server, number, writers, rate, draw):
        super().__init__(daemon=True)
        self.server, self.number, self.writers, self.rate, self.draw = server, number, writers, rate, draw
        self.stopping = threading.Event()
        self.rows = self.transactions = 0
        self.error = None
        self.fresh = 10_000_000 * (number + 1)
        self.mine = []

    def run(self):
        try:
            connection = self.server.connect("ledger", autocommit=False)
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")
                begin = time.monotonic()
                while not self.stopping.is_set():
                    try:
                        rows = self.transaction(cursor)
                        if self.draw.random() < 0.05:
                            connection.rollback()
                            continue
                        connection.commit()
                        self.rows += rows
                        self.transactions += 1
                    except psycopg2.errors.DeadlockDetected:
                        connection.rollback()
                    ahead = self.rows / self.rate - (time.monotonic() - begin)
                    if ahead > 0:
                        self.stopping.wait(ahead)
            connection.close()
        except Exception as error:  # told by the test, which asks for it
            self.error = error

    def transaction(self, cursor):
        if self.draw.random() < 0.004:
            return self.large(cursor)
        rows = 0
        for _ in range(self.draw.randint(1, 8)):
            rows += self.draw.choice((self.insert, self.update, self.update, self.delete, self.item, self.line,
                                      self.undone))(cursor)
        return rows

    def large(self, cursor):
        first = self.draw.randint(1, START_ROWS["accounts"] - 3000)
        cursor.execute("UPDATE accounts SET amount = amount + 1 WHERE id BETWEEN %s AND %s", (first, first + 3000))
        return cursor.rowcount

    def insert(self, cursor):
        if self.mine and self.draw.random() < 0.3:
            key = self.draw.choice(self.mine)  # perhaps deleted before: it comes back
        else:
            self.fresh += 1
            key = self.fresh
            self.mine.append(key)
        cursor.execute("INSERT INTO accounts (id, body, amount, at, doc, raw) VALUES (%s, %s, %s, clock_timestamp(), %s, %s) "
                       "ON CONFLICT DO NOTHING",
                       (key, "ü" * self.draw.randint(0, 40), decimal.Decimal(self.draw.randint(-10**6, 10**6)) / 100,
                        json.dumps({"k": key}), os.urandom(self.draw.randint(0, 30))))
        return cursor.rowcount

    def update(self, cursor):
        cursor.execute("UPDATE accounts SET body = %s, flags = NOT coalesce(flags, false) WHERE id = %s",
                       (f"update {self.draw.random()}", self.draw.randint(1, START_ROWS["accounts"])))
        return cursor.rowcount

    def delete(self, cursor):
        if self.mine and self.draw.random() < 0.7:
            key = self.draw.choice(self.mine)
        else:
            key = self.draw.randint(1, START_ROWS["accounts"] // self.writers) * self.writers - self.number
        cursor.execute("DELETE FROM accounts WHERE id = %s", (key,))
        return cursor.rowcount

    def item(self, cursor):
        if self.draw.random() < 0.3:  # the key itself changes
            self.fresh += 1
            cursor.execute("UPDATE items SET b = %s WHERE (a, b) = (SELECT a, b FROM items WHERE a = %s ORDER BY b LIMIT 1)",
                           (f"moved {self.fresh}", self.draw.randint(0, 999) // self.writers * self.writers + self.number))
        else:
            cursor.execute("UPDATE items SET quantity = quantity + 1, tags = tags || 'y'::text WHERE a = %s AND b < 'item 15'",
                           (self.draw.randint(0, 999) // self.writers * self.writers + self.number,))
        return cursor.rowcount

    def line(self, cursor):
        self.fresh += 1
        cursor.execute("INSERT INTO lines (id, text) VALUES (%s, 'x'), (%s, 'y')", (self.fresh, -self.fresh))
        return 2

    def undone(self, cursor):
        cursor.execute("SAVEPOINT s")
        self.update(cursor)
        cursor.execute("ROLLBACK TO s")
        return 0


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


class Record:
    __slots__ = ("offset", "key", "value", "op", "lsn", "seq", "txid", "raw_key", "timestamp")


class Topic:
    """One captured table's topic as Kafka's readers see it."""

    def __init__(self, sluice, table, schemas, newest=None):
        self.table = table
        self.name = f"ledger.public.{table}"
        self.records = [self.record(m, sluice, schemas) for m in read_topic(sluice.broker, self.name, newest=newest)]

    def record(self, message, sluice, schemas):
        headers = {name: (value or b"").decode() for name, value in message.headers() or []}
        record = Record()
        record.offset, record.op, record.raw_key = message.offset(), headers["__op"], message.key()
        record.timestamp = message.timestamp()[1]
        record.lsn = int(headers["__lsn"]) if "__lsn" in headers else None
        record.seq = int(headers["__seq"]) if "__seq" in headers else None
        record.txid = int(headers["__txid"]) if "__txid" in headers else None
        key = decode(message.key(), sluice, schemas)
        record.value = decode(message.value(), sluice, schemas)
        record.key = key_text(self.table, key if key is not None else record.value)
        return record


def key_text(table, row):
    return f"{row['a']}|{row['b']}" if table == "items" else str(row["id"])


def decode(data, sluice, schemas):
    if data is None:
        return None
    schema_id = int.from_bytes(data[1:5], "big")
    if schema_id not in schemas:
        text = json.loads(sluice.http(f"/schemas/ids/{schema_id}", base=sluice.registry_url))["schema"]
        schemas[schema_id] = fastavro.parse_schema(json.loads(text))
    return fastavro.schemaless_reader(io.BytesIO(data[5:]), schemas[schema_id], None)


class Found(AssertionError):
    """Differences, the first few of them in words."""


class Differences:
    def __init__(self):
        self.count, self.first = 0, []

    def add(self, text):
        self.count += 1
        if len(self.first) < 10:
            self.first.append(text)

    def check(self):
        if self.count:
            raise Found(f"{self.count} differences; the first:\n  " + "\n  ".join(self.first))


def read_ledger(server):
    """table -> key -> [(version, kind, txid)] in the order of versions; txid -> number of entries."""
    ledger = {table: collections.defaultdict(list) for table in TABLES}
    connection = server.connect("ledger")
    with connection.cursor() as cursor:
        cursor.execute("SELECT tab, key, version, kind, txid FROM ledger ORDER BY version")
        for table, key, version, kind, txid in cursor:
            ledger[table][key].append((version, kind, txid))
    connection.close()
    return ledger


def check_order(topics):
    """Promise 2."""
    differences = Differences()
    for topic in topics:
        last = (0, -1)
        streaming = False
        for record in topic.records:
            if record.op == "r":
                if streaming:
                    differences.add(f"{topic.name} offset {record.offset}: a snapshot row after streamed ones")
                continue
            streaming = True
            if (record.lsn, record.seq) < last or ((record.lsn, record.seq) == last and record.op != "d"
                                                   and record.value is None):
                differences.add(f"{topic.name} offset {record.offset}: (lsn, seq) {record.lsn, record.seq} after {last}")
            last = (record.lsn, record.seq)
    differences.check()


def check_keys(topic, ledger, differences):
    """Promise 1 for one table. Gives the entries of the ledger that the snapshot covers, per key."""
    by_key = collections.defaultdict(list)
    for record in topic.records:
        by_key[record.key].append(record)
    covered = {}
    for key in set(by_key) | set(ledger):
        records, entries = by_key.get(key, []), ledger.get(key, [])
        snapshot = [r for r in records if r.op == "r"]
        if len(snapshot) > 1 or (snapshot and records[0] is not snapshot[0]):
            differences.add(f"{topic.name} key {key}: {len(snapshot)} snapshot rows, at {[r.offset for r in snapshot]}")
            continue
        streamed = [(r.value["version"] if r.value is not None else None, r.txid) for r in records if r.op != "r"]
        want = [(version if kind == "row" else None, txid) for version, kind, txid in entries]
        if snapshot:
            seen = snapshot[0].value["version"]
            skip = sum(1 for version, _, _ in entries if version <= seen)
        else:
            skip = len(want) - len(streamed)
            # What is skipped without a snapshot row must have ended with the key's end.
            if skip > 0 and entries[skip - 1][1] != "gone":
                skip = -1
        if skip < 0 or streamed != want[skip:]:
            differences.add(f"{topic.name} key {key}: topic has {streamed[-4:]} ({len(streamed)}) after snapshot "
                            f"{[r.value['version'] for r in snapshot]}, ledger {want[-4:]} ({len(want)})")
        covered[key] = skip
    return covered


def plain(value):
    if isinstance(value, (memoryview, bytearray)):
        return bytes(value)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc)
    return value


def check_rows(server, topic, differences):
    """Promise 3 for one table."""
    newest = {}
    for record in topic.records:
        if topic.table == "lines":
            if record.key in newest:
                differences.add(f"{topic.name}: row {record.key} twice, at offset {record.offset}")
            newest[record.key] = record.value
        elif record.value is None:
            newest.pop(record.key, None)
        else:
            newest[record.key] = record.value
    connection = server.connect("ledger")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {'*, doc::text AS doc_text' if topic.table == 'accounts' else '*'} FROM {topic.table}")
        names = [column.name for column in cursor.description]
        count = 0
        for values in cursor:
            count += 1
            row = dict(zip(names, map(plain, values)))
            if "doc_text" in row:
                row["doc"] = row.pop("doc_text")
            have = newest.get(key_text(topic.table, row))
            if have is None or {k: plain(v) for k, v in have.items()} != row:
                differences.add(f"{topic.name} key {key_text(topic.table, row)}: source {row}, topic {have}")
    connection.close()
    if count != len(newest):
        differences.add(f"{topic.name}: {count} rows in the source, {len(newest)} live keys in the topic")
    return count


def check_archive(folder, topic, differences):
    """Promise 4 for one table."""
    archived = {}
    for path in sorted(glob.glob(f"{folder}/{topic.name}/dt=*/hour=*/*.avro")):
        with open(path, "rb") as file:
            for row in fastavro.reader(file):
                if row["_offset"] in archived:
                    differences.add(f"{topic.name}: offset {row['_offset']} twice in the archive, once in {path}")
                archived[row["_offset"]] = row
    for record in topic.records:
        row = archived.pop(record.offset, None)
        if row is None:
            differences.add(f"{topic.name}: offset {record.offset} is not in the archive")
            continue
        have = (row["_key"], row["_op"], row["_lsn"], row["_seq"], row["_txid"], row["_topic"], row["_partition"])
        want = (record.raw_key, record.op, record.lsn, record.seq, record.txid, topic.name, 0)
        if have != want:
            differences.add(f"{topic.name} offset {record.offset}: archive {have}, topic {want}")
        if record.value is not None and any(row[k] != v for k, v in record.value.items()):
            differences.add(f"{topic.name} offset {record.offset}: archive {row}, topic {record.value}")
    for offset in list(archived)[:3]:
        differences.add(f"{topic.name}: offset {offset} is in the archive and not in the topic")


class Run:
    def __init__(self, directory, kills, rate, draw):
        self.directory, self.kills, self.draw = directory, kills, draw
        self.server = Postgres(directory, {"max_wal_size": "'8GB'", "checkpoint_timeout": "'1h'"})
        prepare(self.server)
        self.archive = os.path.join(directory, "archive")
        self.whole_at_kills = self.records_at_kills = 0
        self.states = collections.Counter()
        config = os.path.join(directory, "sluice.yaml")
        with open(config, "w") as file:
            file.write(f"""
version: 1
log: {{keep_free: 100MB}}
sources:
  ledger:
    from: {self.server.url('ledger')}
    tables: [public.*]
    exclude: [public.ledger]
sinks:
  archive:
    to: {self.archive}
    topics: ["ledger.*"]
    roll: {{size: 4MiB, after: 700ms}}
""")
        self.sluice = Sluice(directory, config=config)
        self.bare = Sluice(directory)
        count = 3
        self.writers = [Writer(self.server, n, count, rate / count, random.Random(draw.random())) for n in range(count)]

    def stage(self, kind):
        return next((s for s in self.sluice.status().get("stages", []) if s["kind"] == kind), {})

    def kill_once(self, number):
        self.sluice.start(wait=False)
        if number < max(2, self.kills // 5):
            # In the snapshot, or on the way to it.
            wait_until(lambda: self.stage("source").get("state") or self.sluice.process.poll() is not None, 60, "a state")
            time.sleep(self.draw.uniform(0, 0.35))
        elif self.draw.random() < 0.3:
            time.sleep(self.draw.uniform(0, 0.3))  # in the recovery
        else:
            wait_until(self.sluice.alive_and_healthy, 60, "sluice serves")
            time.sleep(self.draw.uniform(0.2, 3))
        if self.sluice.process.poll() is not None:
            raise AssertionError(f"sluice ended by itself:\n{self.sluice.tail()}")
        self.states[self.stage("source").get("state", "not serving yet")] += 1
        self.sluice.kill()
        if number % 5 == 4:
            self.look_without_source()

    def look_without_source(self):
        """Promise 5. No source runs, so what is visible stands still."""
        self.bare.start()
        try:
            names = {t["name"] for t in self.bare.status()["topics"]}
            schemas = {}
            topics = [Topic(self.bare, table, schemas, LOOK_BACK) for table in TABLES if f"ledger.public.{table}" in names]
        finally:
            self.bare.kill()
        transactions = collections.Counter()
        for topic in topics:
            for record in topic.records:
                if record.op != "r":
                    transactions[record.txid] += 1
        booked = collections.Counter()
        connection = self.server.connect("ledger")
        with connection.cursor() as cursor:
            cursor.execute("SELECT txid, count(*) FROM ledger GROUP BY txid")
            booked.update(dict(cursor.fetchall()))
        connection.close()
        # The oldest streamed transactions may miss what the snapshot saw, or begin before what was read here: the newest few
        # hundred are far from both. The final check settles the rest.
        newest = [txid for topic in topics for txid in [r.txid for r in topic.records if r.op != "r"][-300:]]
        differences = Differences()
        if sum(transactions.values()) > 5000:
            for txid in set(newest):
                if transactions[txid] != booked[txid]:
                    differences.add(f"transaction {txid}: {transactions[txid]} of {booked[txid]} rows are visible")
            self.whole_at_kills += len(set(newest))
        self.records_at_kills += sum(len(topic.records) for topic in topics)
        differences.check()

    def play(self):
        for writer in self.writers:
            writer.start()
        for number in range(self.kills):
            self.kill_once(number)
        time.sleep(1)
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join()
            if writer.error:
                raise writer.error
        target = lsn(self.server.sql("SELECT pg_current_wal_insert_lsn()::text", database="ledger")[0][0])
        self.server.sql("INSERT INTO lines (id, text) VALUES (0, 'the end')", database="ledger")
        self.sluice.start()
        wait_until(lambda: self.stage("source").get("state") == "streaming" and self.stage("source").get("position")
                   and lsn(self.stage("source")["position"]) >= target, 180, "the source has caught up", every=0.3)
        wait_until(self.archived, 180, "the archive has caught up", every=0.3)

    def archived(self):
        items = self.stage("sink").get("items", [])
        return len(items) >= len(TABLES) and all(item["offset"] >= item["end_offset"] > 0 for item in items)

    def compare(self):
        schemas = {}
        topics = [Topic(self.sluice, table, schemas) for table in TABLES]
        ledger = read_ledger(self.server)
        check_order(topics)
        differences = Differences()
        rows = 0
        for topic in topics:
            check_keys(topic, ledger[topic.table], differences)
            rows += check_rows(self.server, topic, differences)
            check_archive(self.archive, topic, differences)
        entries = sum(len(e) for table in TABLES for e in ledger[table].values())
        records = sum(len(topic.records) for topic in topics)
        print(f"kills {self.kills} ({', '.join(f'{n} {state}' for state, n in self.states.most_common())}); "
              f"compared {records} records of the topics with {entries} entries of the ledger, {rows} rows of the source and "
              f"the archive; at kills {self.whole_at_kills} transactions whole among {self.records_at_kills} records; "
              f"load {sum(w.transactions for w in self.writers)} transactions")
        differences.check()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--long", action="store_true", help="1,000 kills")
    parser.add_argument("--rate", type=int, help="rows a second of the load")
    arguments = parser.parse_args()
    kills = 1000 if arguments.long else arguments.kills
    # All records are compared in memory: a long run writes less in a second.
    rate = arguments.rate or max(200, min(1500, 200_000 // kills))
    checks = Checks()
    with temporary_directory("sluice-crash-") as directory:
        draw = random.Random(seed())
        run = Run(directory, kills, rate, draw)
        try:
            checks.run(f"nothing lost, nothing twice over {kills} kills", lambda: (run.play(), run.compare()))
        finally:
            for writer in run.writers:
                writer.stopping.set()
            run.sluice.kill()
            if checks.failed:
                print(run.sluice.tail())
            run.server.stop()
    checks.finish()


if __name__ == "__main__":
    sys.argv[0] = "crash_test.py"
    main()
