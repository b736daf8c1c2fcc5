"""A user with no more rights than it needs: what is missing is told to the letter, and doing just that is enough."""
import json
import subprocess

from harness import SLUICE, Checks, Postgres, Sluice, read_topic, temporary_directory, wait_until

TABLES = """
CREATE TABLE a (id bigint PRIMARY KEY, n int);
CREATE TABLE k (n int);
INSERT INTO a SELECT i, i FROM generate_series(1, 100) i;
CREATE ROLE carrier LOGIN;
"""


def sluice(*arguments):
    return subprocess.run([SLUICE, *arguments], capture_output=True, text=True, timeout=60)


def what_is_missing(server, _):
    url = server.url("shop", "carrier")
    result = sluice("check", "--from", url)
    assert result.returncode == 1, result
    for words in ('ALTER ROLE "carrier" REPLICATION;', 'GRANT SELECT ON "public"."a" TO "carrier";', "cannot publish"):
        assert words in result.stdout, result.stdout
    refused = sluice("serve", "--ephemeral", "--from", url, *(f"--listen={k}=127.0.0.1:0" for k in ("kafka", "registry", "admin")))
    assert refused.returncode != 0 and 'ALTER ROLE "carrier" REPLICATION;' in refused.stderr, refused
    assert server.sql("SELECT count(*) FROM pg_publication", database="shop")[0][0] == 0, "something was made in the database"


def grants_are_enough(server, program):
    grants = sluice("check", "--from", server.url("shop", "carrier"), "--grants")
    assert grants.returncode == 0, grants
    server.sql(grants.stdout, database="shop")
    assert sluice("check", "--from", server.url("shop", "carrier")).returncode == 0
    program.start()
    wait_until(lambda: '"streaming"' in (program.http("/status") or ""), 30, "the source streams")
    server.sql("UPDATE a SET n = n + 1; INSERT INTO k VALUES (1); UPDATE k SET n = 2", database="shop")
    wait_until(lambda: len(read_topic(program.broker, "shop.public.a")) == 200, 30, "the changes")
    assert program.run("verify").returncode == 0


def state_of(program, table):
    items = [i for s in program.status()["stages"] for i in s["items"] if i["name"] == f"shop.public.{table}"]
    return items[0] if items else {}


def a_new_table_without_rights_stops_nothing(server, program):
    server.sql("CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh VALUES (1)", database="shop")
    wait_until(lambda: state_of(program, "fresh").get("state") == "refused", 30, "the table is refused")
    note = state_of(program, "fresh")["note"]
    assert 'ALTER PUBLICATION "sluice_shop" ADD TABLE' in note, note
    server.sql("UPDATE a SET n = n + 1; UPDATE fresh SET id = 2", database="shop")
    wait_until(lambda: len(read_topic(program.broker, "shop.public.a")) == 300, 30, "the others go on")
    result = program.run("verify")
    assert result.returncode == 1 and "fresh" in result.stdout and "a " in result.stdout, result
    report = json.loads(program.run("verify", "--json").stdout)
    assert {t["table"]: t["equal"] for t in report["tables"]} == {"a": True, "k": True, "fresh": False}, report


def captured_when_the_rights_are_there(server, program):
    server.sql(state_of(program, "fresh")["note"].split("run: ")[1].split(";")[0] + "; GRANT SELECT ON fresh TO carrier",
               database="shop")
    wait_until(lambda: state_of(program, "fresh").get("state") == "streaming", 30, "the table is captured")
    server.sql("INSERT INTO fresh VALUES (7)", database="shop")
    wait_until(lambda: len(read_topic(program.broker, "shop.public.fresh")) == 2, 30, "its rows")
    assert program.run("verify").returncode == 0


checks = Checks()
with temporary_directory() as directory, Postgres(directory) as server_:
    server_.create_database("shop")
    server_.sql(TABLES, database="shop")
    program_ = Sluice(directory, "--from", server_.url("shop", "carrier"))
    checks.run("what is missing is told, and nothing is made before it is there", what_is_missing, server_, program_)
    checks.run("what check --grants prints is enough", grants_are_enough, server_, program_)
    checks.run("a new table that may not be captured is told, and stops nothing", a_new_table_without_rights_stops_nothing, server_, program_)
    checks.run("and is captured when the rights are there", captured_when_the_rights_are_there, server_, program_)
    if checks.failed:
        print(program_.tail())
    program_.kill()
checks.finish()
