"""The road of one's own database: captured, read by foreign clients, archived, verified; and what the command line shows."""
import glob
import json
import os
import subprocess

import fastavro

from harness import SLUICE, Checks, temporary_directory, wait_until
from road import Road

TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE people (id bigint PRIMARY KEY, name text NOT NULL, mood mood, tags text[], doc jsonb, money numeric(10,2),
                     wide numeric, born date, seen timestamptz, local timestamp, uid uuid, raw bytea, small smallint,
                     real real, yes boolean, net inet, span interval);
COMMENT ON TABLE people IS 'Everybody';
COMMENT ON COLUMN people.name IS 'As they call themselves';
CREATE TABLE clicks (at timestamptz, what text);
INSERT INTO people (id, name) SELECT i, 'n' || i FROM generate_series(1, 500) i;
INSERT INTO people VALUES (1000, 'Äda', 'happy', ARRAY['a', NULL], '{"x": 1}', 12.34, 1e40, '1815-12-10',
  '2026-01-02 03:04:05.678901+00', '2026-01-02 03:04:05', '00112233-4455-6677-8899-aabbccddeeff', '\\x00ff', 7, 1.5, true,
  '10.0.0.1/8', '1 day 02:00');
INSERT INTO clicks SELECT now(), 'click ' || i FROM generate_series(1, 100) i;
"""


def types_and_schemas(road):
    messages = road.topic("people", 501)
    ada = next(m for m in messages if road.decode(m.key())[0]["id"] == 1000)
    value, schema = road.decode(ada.value())
    assert (value["name"], value["mood"], value["tags"], value["doc"]) == ("Äda", "happy", ["a", None], '{"x": 1}')
    assert str(value["money"]) == "12.34" and value["wide"].startswith("1000000"), value
    assert str(value["born"]) == "1815-12-10" and value["raw"] == b"\x00\xff" and value["small"] == 7
    assert value["seen"].isoformat() == "2026-01-02T03:04:05.678901+00:00"
    assert str(value["uid"]) == "00112233-4455-6677-8899-aabbccddeeff"
    assert value["net"] == "10.0.0.1/8" and value["span"] == "P1DT2H", value
    assert schema["namespace"] == "shop.public.people" and schema["name"] == "Value"
    assert schema["doc"] == "Everybody"
    assert next(f for f in schema["fields"] if f["name"] == "name")["doc"] == "As they call themselves"
    assert dict(ada.headers())["__op"] == b"r"


def changes_arrive(road):
    before = len(road.topic("people", 501))
    road.sql("UPDATE people SET name = 'changed' WHERE id = 5")
    road.sql("DELETE FROM people WHERE id = 6")
    road.sql("UPDATE people SET id = 7000 WHERE id = 7")
    messages = road.topic("people", before + 4)[before:]
    rows = [(road.decode(m.key())[0]["id"], m.value() is None, dict(m.headers())["__op"]) for m in messages]
    assert rows[0] == (5, False, b"u") and rows[1] == (6, True, b"d"), rows
    assert [(r[0], r[1]) for r in rows[2:]] == [(7, True), (7000, False)], rows
    assert "__newkey" in dict(messages[2].headers()) and "__oldkey" in dict(messages[3].headers())


def keyless_tables_may_be_updated(road):
    before = len(road.topic("clicks", 100))
    road.sql("UPDATE clicks SET what = 'changed' WHERE what = 'click 1'")
    road.sql("DELETE FROM clicks WHERE what = 'click 2'")
    road.sql("INSERT INTO clicks VALUES (now(), 'new')")
    messages = road.topic("clicks", before + 1)
    assert len(messages) == before + 1 and road.decode(messages[-1].value())[0]["what"] == "new"
    note = next(i["note"] for i in road.stage("source")["items"] if i["name"] == "shop.public.clicks")
    assert "update" in note, note


def new_and_altered_tables(road):
    road.sql("CREATE TABLE later (id int PRIMARY KEY, a text)")
    road.sql("INSERT INTO later VALUES (1, 'x')")
    wait_until(lambda: road.item("later").get("state") == "streaming", 30, "the new topic")
    road.sql("ALTER TABLE later ADD COLUMN b int DEFAULT 5")
    road.sql("INSERT INTO later VALUES (2, 'y', 6)")
    value, _ = road.decode(road.topic("later", 2)[-1].value())
    assert value == {"id": 2, "a": "y", "b": 6}, value


def verify_counts(road):
    result = road.sluice.run("verify")
    assert result.returncode == 0, (result.stdout, result.stderr)
    assert "people" in result.stdout and "=" in result.stdout, result.stdout
    rows = 0
    for path in glob.glob(f"{road.archive}/shop.public.people/dt=*/hour=*/*.avro"):
        with open(path, "rb") as file:
            for row in fastavro.reader(file):
                assert row["_topic"] == "shop.public.people"
                rows += 1
    assert rows == len(road.topic("people", 501)), rows


def deleted_file_is_named(road):
    path = sorted(glob.glob(f"{road.archive}/shop.public.people/dt=*/hour=*/*.avro"))[0]
    os.rename(path, path + ".gone")
    result = road.sluice.run("verify")
    assert result.returncode == 1, result.stdout
    assert os.path.basename(path) in result.stdout + result.stderr, result.stdout
    os.rename(path + ".gone", path)
    assert road.sluice.run("verify").returncode == 0


def command_line(road):
    def run(*args, status=0):
        result = road.sluice.run(*args)
        assert result.returncode == status, (args, result.returncode, result.stdout, result.stderr)
        return result.stdout

    assert "shop.public.people" in run("topics")
    assert any(t["name"] == "shop.public.people" for t in json.loads(run("topic", "list", "--json")))
    lines = [json.loads(line) for line in run("consume", "shop.public.people", "-o", "beginning", "-n", "3").splitlines()]
    assert len(lines) == 3, lines
    assert "shop" in run("sources")
    assert "shop" in run("status")
    json.loads(run("status", "--json"))
    assert "shop.public.people-value" in run("schemas")
    assert "sluice" in run("version")
    assert "complete" in run("completion", "bash")
    avro = glob.glob(f"{road.archive}/shop.public.people/dt=*/hour=*/*.avro")[0]
    assert "Äda" in "".join(run("dump", path) for path in glob.glob(f"{road.archive}/shop.public.people/dt=*/hour=*/*.avro")), avro
    segment = sorted(glob.glob(f"{road.sluice.data}/shop.public.people-0/*.log"))[0]
    assert "offset" in run("dump", segment)
    run("topic", "show", "nothing", status=1)


def check_names_what_is_missing(road):
    result = subprocess.run([SLUICE, "check", "--from", road.server.url("shop")], capture_output=True, text=True, timeout=60,
                            check=False)
    assert result.returncode == 0, (result.stdout, result.stderr)
    road.sql("CREATE ROLE poor LOGIN")
    result = subprocess.run([SLUICE, "check", "--from", road.server.url("shop", "poor")], capture_output=True, text=True,
                            timeout=60, check=False)
    assert result.returncode != 0
    assert "REPLICATION" in result.stdout + result.stderr and "GRANT" in result.stdout + result.stderr, result


def kcat_reads(road):
    result = subprocess.run(["kcat", "-b", road.sluice.broker, "-C", "-t", "shop.public.people", "-o", "beginning", "-e", "-q",
                             "-f", "%h\n"], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.count("__op=") >= 501, result.stderr


def clean_stop_tells_the_slot(road):
    road.sluice.stop()
    text = road.sluice.tail()
    assert "sluice_shop" in text and "sluice source delete shop" in text, text
    result = subprocess.run([SLUICE, "source", "delete", "shop", "--from", road.server.url("shop"), "--yes"],
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, (result.stdout, result.stderr)
    assert road.sql("SELECT count(*) FROM pg_replication_slots")[0][0] == 0
    assert road.sql("SELECT count(*) FROM pg_publication")[0][0] == 0


checks = Checks()
with temporary_directory() as directory_:
    road_ = Road(directory_, TABLES)
    try:
        for function in (types_and_schemas, changes_arrive, keyless_tables_may_be_updated, new_and_altered_tables, kcat_reads,
                         verify_counts, deleted_file_is_named, command_line, check_names_what_is_missing,
                         clean_stop_tells_the_slot):
            checks.run(function.__name__.replace("_", " "), function, road_)
        if checks.failed:
            print(road_.sluice.tail(60))
    finally:
        road_.close()
checks.finish()
