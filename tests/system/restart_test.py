"""What a restart finds changed around it: the log is served, and the source says what it waits for."""
import os

from harness import Checks, read_topic, temporary_directory, wait_until
from road import Road

ONE = "CREATE TABLE a (id bigint PRIMARY KEY, n bigint); INSERT INTO a SELECT i, i FROM generate_series(1, 1000) i"


def database_away(directory):
    """A restart beside a database that does not answer serves what was captured, and catches up when it is back."""
    with Road(directory, ONE) as road:
        road.sql("UPDATE a SET n = 7 WHERE id = 7")
        wait_until(lambda: road.rows("a")[7]["n"] == 7, 30, "the change")
        road.sluice.kill()
        road.server.stop()
        road.sluice.start()
        assert len(road.rows("a")) == 1000
        wait_until(lambda: road.stage("source")["error"], 30, "the source says what is wrong")
        assert road.stage("source")["state"] == "waiting" and str(road.server.port) in road.stage("source")["error"], road.stage("source")
        road.server.start()
        road.sql("UPDATE a SET n = 8 WHERE id = 8")
        wait_until(lambda: road.rows("a")[8]["n"] == 8, 60, "the change after the restart", every=0.3)
        assert road.sluice.run("verify").returncode == 0


def counts_stay_exact(directory):
    """The rows in the status are the topic's records, also after kill -9 and after a clean stop."""
    with Road(directory, ONE) as road:
        def counted():
            wait_until(road.streaming, 60, "the source streams")
            records = len(read_topic(road.sluice.broker, "shop.public.a"))
            wait_until(lambda: road.item("a")["rows"] == records, 10, f"{records} rows in {road.item('a')}")
            return records, road.item("a")["snapshot_rows"]

        assert counted() == (1000, 1000)
        for round_, end in enumerate((road.sluice.kill, road.sluice.kill, road.sluice.stop, road.sluice.kill)):
            road.sql("UPDATE a SET n = n + 1 WHERE id <= 10")
            wait_until(lambda: len(read_topic(road.sluice.broker, "shop.public.a")) == 1010 + 10 * round_, 30, "the changes")
            end()
            road.sluice.start()
            assert counted() == (1010 + 10 * round_, 1000)


def secret_away(directory):
    """A secret whose file is gone does not take the log away from its readers."""
    with Road(directory, ONE) as road:
        road.sluice.kill()
        os.remove(f"{directory}/password")
        road.sluice.start()
        assert len(road.rows("a")) == 1000
        wait_until(lambda: "password" in road.stage("source").get("error", ""), 30, "the source names the file")
        road.set_password("")
        road.sql("UPDATE a SET n = 9 WHERE id = 9")
        wait_until(lambda: road.rows("a")[9]["n"] == 9, 60, "the change after that", every=0.3)


def main():
    checks = Checks()
    for function in (database_away, secret_away, counts_stay_exact):
        with temporary_directory() as directory:
            checks.run(function.__doc__, function, directory)
    checks.finish()


main()
