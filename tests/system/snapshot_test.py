"""The snapshot: tables that are altered under it, kills between its chunks and in the adoption of new tables, a prompt stop."""
import random
import time

from confluent_kafka import Consumer, TopicPartition

from harness import Checks, read_topic, seed, temporary_directory, wait_until
from road import Road


def items(road):
    return {i["name"].removeprefix("shop.public."): i for i in road.stage("source").get("items", [])}


def newest(road, table):
    """(newest n of each key, number of records): keys are a string, n the value's first column."""
    consumer = Consumer({"bootstrap.servers": road.sluice.broker, "group.id": "snapshot", "enable.partition.eof": True})
    consumer.assign([TopicPartition(f"shop.public.{table}", 0, 0)])
    rows, count = {}, 0
    while True:
        for message in consumer.consume(2000, 0.1):
            if message.error():
                consumer.close()
                return rows, count
            count += 1
            key = message.key()[6:].decode()
            if message.value() is None:
                rows.pop(key, None)
            else:
                rows[key] = zigzag(message.value()[6:11])


def zigzag(data):
    number, shift = 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return (number >> 1) ^ -(number & 1)


BIG = """
CREATE TABLE a_big (n bigint, id text PRIMARY KEY, pad text);
INSERT INTO a_big SELECT i, 'k' || i, repeat('x', 60) FROM generate_series(1, 400000) i;
CREATE TABLE z_added (id int PRIMARY KEY, n int);
CREATE TABLE z_dropped (id int PRIMARY KEY, n int);
CREATE TABLE z_dropped_column (id int PRIMARY KEY, n int, gone int);
CREATE TABLE z_key (id int PRIMARY KEY, n int NOT NULL);
CREATE TABLE z_renamed (id int PRIMARY KEY, n int);
CREATE TABLE z_rewritten (id int PRIMARY KEY, n int);
CREATE TABLE z_truncated (id int PRIMARY KEY, n int);
CREATE TABLE z_vacuumed (id int PRIMARY KEY, n int);
"""
SMALL = ["z_added", "z_dropped", "z_dropped_column", "z_key", "z_renamed", "z_rewritten", "z_truncated", "z_vacuumed"]


def fill(name):
    return f"INSERT INTO {name} SELECT i, i FROM generate_series(1, 1000) i;"


def altered_under_the_exported_snapshot(directory):
    road = Road(directory, BIG + "".join(map(fill, SMALL)), wait=False)
    with road:
        wait_until(lambda: items(road).get("a_big", {}).get("snapshot_rows", 0) > 0, 30, "the first table is read", every=0.005)
        assert items(road)["z_added"]["snapshot_rows"] == 0
        road.sql("ALTER TABLE z_rewritten ALTER COLUMN n TYPE bigint; UPDATE z_rewritten SET n = -n WHERE id <= 10")
        road.sql("TRUNCATE z_truncated; INSERT INTO z_truncated VALUES (2000, 1)")
        road.sql("ALTER TABLE z_added ADD COLUMN more int DEFAULT 5; INSERT INTO z_added VALUES (2000, 1, 1)")
        road.sql("ALTER TABLE z_dropped_column DROP COLUMN gone; DELETE FROM z_dropped_column WHERE id = 1")
        road.sql("INSERT INTO z_renamed VALUES (2000, 1); ALTER TABLE z_renamed RENAME TO z_name")
        road.sql("DROP TABLE z_dropped")
        road.sql("DELETE FROM z_vacuumed WHERE id > 500")
        road.sql("VACUUM FULL z_vacuumed")
        road.sql("ALTER TABLE z_key DROP CONSTRAINT z_key_pkey, ADD PRIMARY KEY (n); INSERT INTO z_key VALUES (1, 2000)")
        assert items(road)["z_added"]["snapshot_rows"] == 0, "too late: the first table is too small for this machine"
        wait_until(road.streaming, 60, "the source streams")
        wait_until(lambda: items(road).get("z_name", {}).get("state") == "streaming", 30, "the renamed table")
        for name in ("z_added", "z_dropped_column", "z_name", "z_rewritten", "z_truncated", "z_vacuumed"):
            want = dict(road.sql(f"SELECT id, n FROM {name}"))
            wait_until(lambda n=name, w=want: {k: r["n"] for k, r in road.rows(n).items()} == w, 20, f"{name} is the same", every=0.3)
            assert items(road)[name]["state"] == "streaming", items(road)[name]
        assert items(road)["z_key"]["state"] == "parked", items(road)["z_key"]
        assert newest(road, "a_big")[1] == 400000


KINDS = """
CREATE TABLE by_uuid (n bigint, id uuid PRIMARY KEY);
CREATE TABLE by_text (n bigint, id varchar(40) COLLATE "C" PRIMARY KEY);
CREATE TABLE by_word (n bigint, id text COLLATE "en-x-icu" PRIMARY KEY);
INSERT INTO by_uuid SELECT i, md5(i::text)::uuid FROM generate_series(1, 210000) i;
INSERT INTO by_text SELECT i, md5(i::text) FROM generate_series(1, 210000) i;
INSERT INTO by_word SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
ANALYZE;
"""


def killed_between_chunks(directory):
    """Rows change while the snapshot is killed again and again; those that move from chunk to chunk, too."""
    random.seed(seed())
    road = Road(directory, KINDS, wait=False)
    tables = ("by_uuid", "by_text", "by_word")
    with road:
        for turn in range(6):
            wait_until(lambda: "a" in str(road.stage("source").get("state")), 30, "the source begins", every=0.005)
            time.sleep(random.random() * 0.5)
            for table in tables:
                kind = "uuid" if table == "by_uuid" else "text"
                # Under a subtransaction's id: PostgreSQL's snapshots, and pgoutput, know the top one.
                road.sql(f"BEGIN; SAVEPOINT s; UPDATE {table} SET n = n + 1000000 WHERE n % 997 = {turn}; RELEASE s; COMMIT")
                road.sql(f"DELETE FROM {table} WHERE n % 991 = {turn}")
                road.sql(f"UPDATE {table} SET id = md5(n || 'moved {turn}')::{kind} WHERE n % 983 = {turn}")
            if turn == 3:
                road.sql("ALTER TABLE by_uuid ADD COLUMN more int")
                road.sql("ALTER TABLE by_text ALTER COLUMN id TYPE varchar(50)")
            road.sluice.kill()
            road.sluice.start()
        wait_until(road.streaming, 60, "the source streams")
        for table in tables:
            want = dict(road.sql(f"SELECT id::text, n FROM {table}"))
            rows = {}

            def same(table=table, want=want):
                nonlocal rows
                rows = newest(road, table)[0]
                return rows == want
            wait_until(same, 20, f"{table} is the same", every=1)
        states = {m.key().decode(): m.value().decode() for m in read_topic(road.sluice.broker, "__sluice_tables")}
        assert '"low"' in states["shop.public.by_uuid"] and '"low"' in states["shop.public.by_text"], "they were read in chunks"
        assert '"low"' not in states["shop.public.by_word"]
        assert road.sluice.run("verify").returncode == 0


def adoption_waits_for_older_transactions(directory):
    """Kills included; and the stream does not wait with it."""
    with Road(directory, "CREATE TABLE a (id int PRIMARY KEY, t text)") as road:
        road.sql("CREATE TABLE fresh (id int PRIMARY KEY, t text)")
        older = road.server.connect("shop", autocommit=False)
        older.cursor().execute("INSERT INTO fresh VALUES (1, 'written before the table was published')")
        for turn in range(3):
            wait_until(lambda: "transactions" in items(road).get("fresh", {}).get("note", ""), 20, "the adoption waits")
            road.sql(f"INSERT INTO a VALUES ({turn}, 'goes on'); INSERT INTO fresh VALUES ({10 + turn}, 'passed over')")
            assert len(road.topic("a", turn + 1)) == turn + 1
            assert items(road).get("fresh", {}).get("state") == "snapshot"
            road.sluice.kill()
            road.sluice.start()
        older.cursor().execute("INSERT INTO fresh VALUES (2, 'and after')")
        older.commit()
        older.close()
        wait_until(lambda: items(road).get("fresh", {}).get("state") == "streaming", 30, "it is read")
        road.sql("INSERT INTO fresh VALUES (3, 'streamed')")
        assert len(road.topic("fresh", 6)) == 6, "once each"
        assert sorted(road.rows("fresh")) == [1, 2, 3, 10, 11, 12]


def connections_lost_in_every_phase(directory):
    random.seed(seed())
    road = Road(directory, BIG.replace("400000", "100000") + "".join(map(fill, SMALL)), wait=False)
    with road:
        end = time.monotonic() + 6
        turn = 0
        while time.monotonic() < end:
            time.sleep(random.random() * 0.4)
            road.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice'")
            road.sql(f"UPDATE z_added SET n = n + 1 WHERE id % 10 = {turn % 10}; DELETE FROM a_big WHERE n % 1009 = {turn}")
            road.sql(f"CREATE TABLE new_{turn} (id int PRIMARY KEY, n int); INSERT INTO new_{turn} VALUES (1, {turn})")
            turn += 1
        wait_until(road.streaming, 60, "the source streams")
        for name in ("z_added", "new_0", f"new_{turn - 1}"):
            want = dict(road.sql(f"SELECT id, n FROM {name}"))
            wait_until(lambda n=name: items(road).get(n, {}).get("state") == "streaming", 30, f"{name} streams")
            wait_until(lambda n=name, w=want: {k: r["n"] for k, r in road.rows(n).items()} == w, 20, f"{name} is the same", every=0.3)
        want = dict(road.sql("SELECT id, n FROM a_big"))
        rows, count = newest(road, "a_big")
        assert rows == want and count <= 100000 + (100000 - len(want)), (len(rows), len(want), count)


def adoption_killed_at_random(directory):
    random.seed(seed())
    with Road(directory, "CREATE TABLE a (id int PRIMARY KEY)") as road:
        names = [f"t{i}" for i in range(5)]
        for name in names:
            road.sql(f"CREATE TABLE {name} (n int, id text PRIMARY KEY); INSERT INTO {name} SELECT i, 'k' || i FROM generate_series(1, 20000) i")
            time.sleep(random.random() * 1.2)
            road.sql(f"INSERT INTO {name} VALUES (0, 'late'); DELETE FROM {name} WHERE n = 7")
            road.sluice.kill()
            road.sluice.start()
        # Another life of a table, killed as well: the keys that are gone must go in the topic, too.
        road.sql("DROP TABLE t0")
        wait_until(lambda: items(road).get("t0", {}).get("state") == "dropped", 30, "the drop")
        road.sql("CREATE TABLE t0 (n int, id text PRIMARY KEY); INSERT INTO t0 SELECT -i, 'k' || i FROM generate_series(15000, 30000) i")
        for _ in range(3):
            time.sleep(random.random() * 0.8)
            road.sluice.kill()
            road.sluice.start()
        for name in names:
            want = dict(road.sql(f"SELECT id, n FROM {name}"))
            wait_until(lambda n=name: items(road).get(n, {}).get("state") == "streaming", 30, f"{name} streams")
            wait_until(lambda n=name, w=want: newest(road, n)[0] == w, 20, f"{name} is the same", every=0.5)
        assert newest(road, "t4")[1] <= 20003, "nothing came twice"


def a_stop_is_prompt(directory):
    road = Road(directory, BIG, wait=False)
    with road:
        wait_until(lambda: items(road).get("a_big", {}).get("snapshot_rows", 0) > 0, 30, "the first table is read", every=0.005)
        assert road.sluice.stop() == 0
        assert left_undone(road) is None
        road.sluice.start()
        wait_until(road.streaming, 60, "the source streams")
        assert newest(road, "a_big")[1] == 400000
        # In a lock's queue, and in the middle of a large transaction.
        blocker = road.server.connect("shop", autocommit=False)
        road.sql("CREATE TABLE locked (id int PRIMARY KEY)")
        blocker.cursor().execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
        road.sql("UPDATE a_big SET n = -n")
        wait_until(lambda: items(road)["a_big"]["rows"] > 400000, 30, "its changes come")
        assert road.sluice.stop() == 0
        assert left_undone(road) is None
        blocker.rollback()
        road.sluice.start()
        want = dict(road.sql("SELECT id, n FROM a_big"))
        wait_until(lambda: newest(road, "a_big") == (want, 800000), 60, "the transaction is there once", every=1)


def left_undone(road):
    """What the program said that it left when it stopped; none when it left nothing."""
    text = road.sluice.tail(30)
    return next((line for line in text.splitlines() if "left undone" in line), None)


def main():
    checks = Checks()
    for function in (altered_under_the_exported_snapshot, killed_between_chunks, adoption_waits_for_older_transactions,
                     connections_lost_in_every_phase, adoption_killed_at_random, a_stop_is_prompt):
        with temporary_directory() as directory:
            checks.run(function.__name__.replace("_", " "), function, directory)
    checks.finish()


main()
