"""What goes wrong around us, one by one: an error that says what to do, nothing lost, and the rest goes on."""
import os
import shutil
import time

from confluent_kafka import Producer

from harness import Checks, Postgres, read_topic, temporary_directory, wait_until
from road import Road

TWO = """
CREATE TABLE a (id bigint PRIMARY KEY, n bigint, text text);
CREATE TABLE b (id bigint PRIMARY KEY, n bigint, text text);
INSERT INTO a SELECT i, i, 'a' || i FROM generate_series(1, 1000) i;
INSERT INTO b SELECT i, i, 'b' || i FROM generate_series(1, 1000) i;
"""


def caught_up(road, table, key, value, seconds=60):
    """Waits until the topic's newest row of `key` has n = value."""
    wait_until(lambda: road.rows(table).get(key, {}).get("n") == value, seconds, f"{table}.{key} = {value}", every=0.5)


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def database_restarts(directory):
    with Road(directory, TWO) as road:
        for number in range(3):
            road.sql("UPDATE a SET n = %s WHERE id = 1", 100 + number)
            road.server.stop("immediate" if number % 2 else "fast")
            road.server.start()
            road.sql("UPDATE a SET n = %s WHERE id = 2", 200 + number)
            caught_up(road, "a", 2, 200 + number)
        assert road.rows("a")[1]["n"] == 102
        assert road.sluice.run("verify").returncode == 0


def password_changes(directory):
    sql = TWO + "CREATE ROLE carrier LOGIN SUPERUSER PASSWORD 'first'"
    with Road(directory, sql, user="carrier") as road:
        hba = os.path.join(road.server.data, "pg_hba.conf")
        with open(hba) as file:
            rules = file.read()
        with open(hba, "w") as file:
            file.write("host all carrier 127.0.0.1/32 scram-sha-256\nhost replication carrier 127.0.0.1/32 scram-sha-256\n" + rules)
        road.sql("ALTER ROLE carrier PASSWORD 'entirely-new'")
        road.sql("SELECT pg_reload_conf()")
        road.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'carrier'")
        def told():
            stage = road.stage("source")
            return stage if stage["state"] == "waiting" and "password" in stage["error"] else None

        stage = wait_until(told, 30, "the error shows")
        assert "check user, password" in stage["hint"], stage
        assert "entirely-new" not in road.sluice.http("/status")
        road.sql("UPDATE a SET n = 5000 WHERE id = 1")
        road.set_password("entirely-new\n")
        caught_up(road, "a", 1, 5000)
        command = " ".join(road.sluice.command_line()) + open(f"/proc/{road.sluice.process.pid}/cmdline").read()
        for secret in ("entirely-new", "first'"):
            assert secret not in command + road.sluice.http("/status") + road.sluice.http("/metrics") + road.sluice.tail(1000)


def slot_dropped(directory):
    with Road(directory, TWO) as road:
        road.sql("UPDATE a SET n = 1 WHERE id = 1")
        caught_up(road, "a", 1, 1)
        road.sluice.stop()
        road.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        road.sql("UPDATE a SET n = 2 WHERE id = 1")
        refused(road, 'slot "sluice_shop" is gone', "source delete shop", "last durable position")
        assert road.sql("SELECT count(*) FROM pg_replication_slots")[0][0] == 0, "a new slot was made over the gap"


def refused(road, *words):
    """Sluice starts (or does not), and its source says all of `words`."""
    road.sluice.start(wait=False)
    text = wait_until(lambda: refusal(road), 60, "the source is refused")
    for word in words:
        assert word in text, text
    road.sluice.kill()


def refusal(road):
    if road.sluice.process.poll() is not None:
        return road.sluice.tail()
    stage = road.stage("source")
    return stage.get("state") == "failed" and stage["error"] + " " + stage["hint"]


def another_cluster(directory):
    with Road(directory, TWO) as road:
        road.sluice.stop()
        road.server.stop()
        os.makedirs(f"{directory}/other")
        os.chmod(f"{directory}/other", 0o755)
        other = Postgres(f"{directory}/other", {"port": road.server.port})
        try:
            other.sql("CREATE DATABASE shop")
            other.sql(TWO, database="shop")
            refused(road, "another database cluster", "system identifier", "source delete shop", "last durable position")
            assert other.sql("SELECT count(*) FROM pg_replication_slots")[0][0] == 0
        finally:
            other.stop()
            road.server.start()


def large_transaction(directory):
    with Road(directory, TWO) as road:
        road.sql("INSERT INTO a SELECT i, i, repeat('x', 100) FROM generate_series(10001, 510000) i")
        most = 0
        deadline = time.monotonic() + 120
        while road.item("a").get("rows", 0) < 501000:
            most = max(most, road.sluice.rss_bytes())
            assert time.monotonic() < deadline, road.stage("source")
            time.sleep(0.05)
        most = max(most, road.sluice.rss_bytes())
        assert most < 300e6, f"{most / 1e6:.0f} MB resident"
        assert len(read_topic(road.sluice.broker, "shop.public.a")) == 501000


def large_value(directory):
    with Road(directory, TWO) as road:
        road.sql("INSERT INTO a SELECT 20000, 7, string_agg(md5(i::text), '') FROM generate_series(1, 655360) i")
        caught_up(road, "a", 20000, 7)
        assert len(road.rows("a")[20000]["text"]) == 20 * 1024 * 1024


def row_too_large(directory):
    with Road(directory, TWO) as road:
        road.sql("INSERT INTO a VALUES (20000, 7, repeat('0123456789abcdef', 70 * 65536))")
        road.sql("UPDATE a SET n = 8 WHERE id = 1")
        caught_up(road, "a", 1, 8)
        letters = read_topic(road.sluice.broker, "__sluice_dead_letters")
        assert [dict(m.headers())["__part"] for m in letters] == [b"1", b"2", b"3", b"4", b"5"], len(letters)
        assert dict(letters[0].headers())["__topic"] == b"shop.public.a" and b"max.message.bytes" in dict(letters[0].headers())["__error"]
        value, _ = road.decode(b"".join(m.value() for m in letters))
        assert (value["id"], value["n"], len(value["text"])) == (20000, 7, 70 << 20)
        assert road.item("a")["state"] == "streaming"


def incompatible_change_parks_one_table(directory):
    with Road(directory, TWO) as road:
        before = road.sql("SELECT confirmed_flush_lsn FROM pg_replication_slots")[0][0]
        road.sql("ALTER TABLE a ALTER COLUMN n TYPE text USING n::text")
        road.sql("UPDATE a SET n = 'now a text' WHERE id = 1")
        road.sql("UPDATE b SET n = 77 WHERE id = 1")
        caught_up(road, "b", 1, 77)
        wait_until(lambda: road.item("a")["state"] == "parked", 30, "the table is parked")
        assert "READER_TYPE" in road.item("a")["note"] or "incompatible" in road.item("a")["note"], road.item("a")
        assert road.item("b")["state"] == "streaming"
        wait_until(lambda: lsn(road.sql("SELECT confirmed_flush_lsn FROM pg_replication_slots")[0][0]) > lsn(before), 30,
                   "the slot advances")
        parked = read_topic(road.sluice.broker, "__sluice_parked.shop.public.a")
        assert len(parked) >= 2, "the change with its Relation is kept"
        road.sluice.kill()
        road.sluice.start()
        road.sql("UPDATE a SET n = 'again' WHERE id = 2")
        road.sql("UPDATE b SET n = 78 WHERE id = 1")
        caught_up(road, "b", 1, 78)
        wait_until(lambda: len(read_topic(road.sluice.broker, "__sluice_parked.shop.public.a")) > len(parked), 30, "parked on")


def key_dropped(directory):
    with Road(directory, TWO) as road:
        road.sql("UPDATE a SET n = 98 WHERE id = 1")
        road.sql("ALTER TABLE a DROP CONSTRAINT a_pkey")
        # The gap that README names: until the next look at the catalog.
        wait_until(lambda: road.sql("SELECT 1 FROM pg_publication_tables WHERE pubname = 'sluice_shop_inserts' AND tablename = 'a'"), 20, "a move")
        road.sql("UPDATE a SET n = 99 WHERE id = 1")
        road.sql("DELETE FROM a WHERE id = 2")
        road.sql("INSERT INTO a VALUES (5, 5, 'twice')")
        road.sql("UPDATE b SET n = 99 WHERE id = 1")
        caught_up(road, "b", 1, 99)
        wait_until(lambda: road.item("a")["state"] == "parked", 30, "the table is parked")
        assert road.item("a")["note"] == "the key of public.a was dropped", road.item("a")
        assert road.rows("a")[1]["n"] == 98, "what came before is captured"
        wait_until(lambda: len(read_topic(road.sluice.broker, "__sluice_parked.shop.public.a")) >= 2, 30, "the insert is kept")


def publication_dropped(directory):
    with Road(directory, TWO) as road:
        road.sql("DROP PUBLICATION sluice_shop")
        road.sql("UPDATE a SET n = 2 WHERE id = 1")
        road.sluice.kill()
        refused(road, 'publication "sluice_shop" is gone', "source delete shop")
        assert road.sql("SELECT count(*) FROM pg_publication")[0][0] == 1, "it is not made again over the gap"


def older_data_directory(directory):
    with Road(directory, TWO) as road:
        road.sql("UPDATE a SET n = 1 WHERE id = 1")
        caught_up(road, "a", 1, 1)
        road.sluice.stop()
        shutil.copytree(road.sluice.data, f"{directory}/backup")
        road.sluice.start()
        road.sql("UPDATE a SET n = 2 WHERE id = 1")
        caught_up(road, "a", 1, 2)
        before = lsn(road.sql("SELECT pg_current_wal_lsn()")[0][0])
        wait_until(lambda: lsn(road.sql("SELECT confirmed_flush_lsn FROM pg_replication_slots")[0][0]) >= before - 1000, 30, "the slot follows")
        road.sluice.stop()
        shutil.rmtree(road.sluice.data)
        os.rename(f"{directory}/backup", road.sluice.data)
        refused(road, "this data directory is older than slot", "source delete shop")


def table_that_may_not_be_read(directory):
    sql = TWO + ("CREATE ROLE carrier LOGIN REPLICATION; GRANT CREATE ON DATABASE shop TO carrier; GRANT CREATE ON SCHEMA public TO carrier; "
                 "ALTER TABLE a OWNER TO carrier; ALTER TABLE b OWNER TO carrier;")
    with Road(directory, sql, user="carrier") as road:
        road.sql("CREATE TABLE secret (id bigint PRIMARY KEY, n bigint)")  # of another owner
        wait_until(lambda: road.item("secret").get("note"), 20, "the status tells")
        assert "must be owner" in road.item("secret")["note"] and "ALTER PUBLICATION" in road.item("secret")["note"], road.item("secret")
        road.sql("INSERT INTO secret VALUES (1, 1)")
        road.sql("UPDATE a SET n = 5 WHERE id = 1")
        caught_up(road, "a", 1, 5)
        road.sql('ALTER PUBLICATION sluice_shop ADD TABLE ONLY public.secret')  # what the status said
        wait_until(lambda: "permission denied" in road.item("secret").get("note", ""), 20, "the next reason")
        road.sql("UPDATE secret SET n = 2")
        road.sql("GRANT SELECT ON secret TO carrier")
        caught_up(road, "secret", 1, 2)
        assert road.item("secret")["state"] == "streaming"


def disk_full(directory):
    free = shutil.disk_usage(directory).free
    with Road(directory, TWO, config=f"log: {{keep_free: {free - 400 * 1000 * 1000}}}") as road:
        filler = os.path.join(directory, "filler")
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 600 * 1000 * 1000)
        errors = []

        def produce():
            producer = Producer({"bootstrap.servers": road.sluice.broker, "message.timeout.ms": 5000})
            producer.produce("mine", b"x" * 1000, on_delivery=lambda error, _: errors.append(error))
            producer.flush(20)
            return errors.pop() if errors else "no answer"

        error = wait_until(produce, 30, "a produce is refused")
        assert error.name() == "POLICY_VIOLATION", error
        assert len(read_topic(road.sluice.broker, "shop.public.a")) == 1000, "readers go on"
        road.sql("UPDATE a SET n = 4711 WHERE id = 3")
        os.remove(filler)
        wait_until(lambda: produce() is None, 30, "writers go on when there is room")
        caught_up(road, "a", 3, 4711)


def quiet_table_pins_no_wal(directory):
    sql = TWO + "CREATE SCHEMA busy; CREATE TABLE busy.work (id bigserial, t text)"
    with Road(directory, sql) as road:
        begin = lsn(road.sql("SELECT pg_current_wal_lsn()")[0][0])
        for _ in range(10):
            road.sql("INSERT INTO busy.work (t) SELECT repeat('x', 100) FROM generate_series(1, 20000)")
        end = lsn(road.sql("SELECT pg_current_wal_lsn()")[0][0])
        assert end - begin > 20e6
        wait_until(lambda: lsn(road.sql("SELECT confirmed_flush_lsn FROM pg_replication_slots")[0][0]) >= end, 40,
                   "the slot follows")


def captured_writes_of_others_are_refused(directory):
    with Road(directory, TWO) as road:
        errors = []
        producer = Producer({"bootstrap.servers": road.sluice.broker, "message.timeout.ms": 5000})
        producer.produce("shop.public.a", b"mine", on_delivery=lambda error, _: errors.append(error))
        producer.flush(20)
        assert errors[0] is not None, "a client wrote into a captured topic"


def main():
    checks = Checks()
    for function in (database_restarts, password_changes, slot_dropped, another_cluster, large_transaction, large_value, row_too_large,
                     incompatible_change_parks_one_table, key_dropped, publication_dropped,
                     older_data_directory, table_that_may_not_be_read, disk_full, quiet_table_pins_no_wal,
                     captured_writes_of_others_are_refused):
        with temporary_directory() as directory:
            checks.run(function.__name__.replace("_", " "), function, directory)
    checks.finish()


main()
