"""`sluice schema`: subjects made, looked at, changed and deleted; what a schema or a migration will do, said before it is done.

What `schema check --ddl` says of a migration is compared with what capture does once PostgreSQL has run it.
"""
import json
import sys

import requests

from harness import Checks, expect, temporary_directory, wait_until
from road import Road

TABLES = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE orders (id int PRIMARY KEY, note varchar(20), amount numeric(10,2), n int, mood mood, tags text[], "odd name" date NOT NULL);
INSERT INTO orders VALUES (1, 'a', 1.5, 7, 'sad', '{x}', '2026-01-01');
"""
ROW = "INSERT INTO {} (id) VALUES (1)"
# A migration, and a row that makes capture look at the table. A table for each.
MIGRATIONS = [
    ("ALTER TABLE {t} ADD COLUMN extra varchar(20) DEFAULT 'x', ADD COLUMN at timestamptz(3), ADD m money", False),
    ("ALTER TABLE {t} DROP COLUMN note, ALTER COLUMN n SET NOT NULL", False),
    ("ALTER TABLE {t} RENAME COLUMN note TO remark", False),
    ("ALTER TABLE {t} ALTER COLUMN n TYPE bigint", False),
    ("ALTER TABLE {t} ALTER COLUMN amount TYPE numeric(12,2)", False),
    ("ALTER TABLE {t} ALTER COLUMN amount TYPE numeric(12,4)", True),
    ("ALTER TABLE {t} ALTER COLUMN n TYPE text", True),
    ("ALTER TABLE {t} ALTER COLUMN tags TYPE text USING tags::text", True),
    ("ALTER TABLE {t} DROP CONSTRAINT {t}_pkey", True),
    ("ALTER TABLE {t} DROP CONSTRAINT {t}_pkey, ADD PRIMARY KEY (id, n)", True),
    ("ALTER TABLE {t} ALTER COLUMN note TYPE varchar(40); COMMENT ON COLUMN {t}.note IS 'for people'; COMMENT ON TABLE {t} IS 'it''s'", False),
    ("CREATE TYPE colour_{t} AS ENUM ('red'); ALTER TABLE {t} ADD colour colour_{t}; CREATE DOMAIN small_{t} AS int CHECK (value < 10);"
     "ALTER TABLE {t} ADD s small_{t}, ADD a double precision[], ADD b numeric, ADD c numeric(5), ADD d char, ADD e bit varying(3)", False),
]
CREATE = "CREATE TABLE {t} (id int PRIMARY KEY, note varchar(20), amount numeric(10,2), n int, tags text[])"


def order(*fields, **more):
    return json.dumps({"type": "record", "name": "Order", "namespace": "acme", "fields": [{"name": "id", "type": "long"}, *fields], **more})


def made_shown_and_deleted(road):
    run = road.sluice.run
    expect(run("schema", "create", "orders-value", "-", stdin=order()), 0, err="version 1")
    note = {"name": "note", "type": ["null", "string"], "default": None}
    made = json.loads(expect(run("schema", "create", "orders-value", "-", "-J", stdin=order(note)), 0).stdout)
    assert made["version"] == 2, made
    again = json.loads(expect(run("schema", "create", "orders-value", "-", "-J", stdin=order(note)), 0).stdout)
    assert again == made, again
    expect(run("schema", "create", "orders-value", "-", stdin=order({"name": "x", "type": "int"})), 4, err="incompatible")
    expect(run("schema", "create", "orders-value", "-", stdin="{"), 4, err="orders-value")
    by_id = json.loads(expect(run("schema", "show", "--id", str(made["id"])), 0).stdout)
    assert by_id == json.loads(expect(run("schema", "show", "orders-value"), 0).stdout), by_id
    expect(run("schema", "show"), 2, err="SUBJECT or --id")
    listed = json.loads(expect(run("schema", "list", "orders-", "-J"), 0).stdout)
    assert [(s["subject"], s["version"]) for s in listed] == [("orders-value", 2)], listed
    expect(run("schema", "delete", "orders-value", "-v", "1"), 4, err="--yes")
    expect(run("schema", "delete", "orders-value", "-v", "1", "--yes"), 0)
    expect(run("schema", "show", "orders-value", "-v", "1"), 1)
    expect(run("schema", "delete", "orders-value", "--yes"), 0)
    expect(run("schema", "list", "orders-"), 0, out="SUBJECT")
    assert "orders-value" in run("schema", "list", "orders-", "--deleted").stdout
    expect(run("schema", "delete", "orders-value", "--permanent", "--yes"), 0, err="for good")
    assert "orders-value" not in run("schema", "list", "orders-", "--deleted").stdout
    expect(run("schema", "delete", "nobody", "--yes"), 1)


def settings(road):
    run, url = road.sluice.run, road.sluice.registry_url
    expect(run("schema", "create", "set-value", "-", stdin=order()), 0)
    expect(run("schema", "set", "set-value", "compatibility=FULL"), 0)
    assert requests.get(f"{url}/config/set-value", timeout=10).json()["compatibilityLevel"] == "FULL"
    expect(run("schema", "set", "set-value", "compatibility-"), 0)
    assert requests.get(f"{url}/config/set-value", timeout=10).status_code == 404
    expect(run("schema", "set", "compatibility=FORWARD"), 0)
    assert requests.get(f"{url}/config", timeout=10).json()["compatibilityLevel"] == "FORWARD"
    expect(run("schema", "set", "compatibility=BACKWARD"), 0)
    expect(run("schema", "set", "set-value", "compatibility=SIDEWAYS"), 4, err="set-value")
    expect(run("schema", "set", "set-value", "compatability=FULL"), 2, err="did you mean compatibility?")
    expect(run("schema", "set", "set-value"), 2, err="nothing to set")
    expect(run("schema", "set", "set-value", "normalize=perhaps"), 2, err="true or false")


def what_a_schema_will_do(road):
    run = road.sluice.run
    note = {"name": "note", "type": ["null", "string"], "default": None}
    expect(run("schema", "create", "check-value", "-", stdin=order()), 0)
    good = expect(run("schema", "check", "check-value", "-", stdin=order(note)), 0, out="check-value: compatible (BACKWARD)").stdout
    assert "note  new: null or string, default null" in good and "see null" in good and "in any order" in good, good
    bad = expect(run("schema", "check", "check-value", "-", stdin=order({"name": "x", "type": "int"})), 1, out="NOT compatible").stdout
    assert "writers first" in bad and "x is not in the records, and has no default" in bad and "READER_FIELD_MISSING_DEFAULT_VALUE" in bad, bad
    as_json = json.loads(run("schema", "check", "check-value", "-", "-J", stdin=order(note)).stdout)
    assert as_json["is_compatible"] and as_json["newReadsOld"] and as_json["differences"][0]["path"] == "note", as_json
    expect(run("schema", "check", "check-value", "-", stdin=order()), 0, out="nothing changes")
    expect(run("schema", "check", "check-value"), 2, err="a FILE")
    expect(run("schema", "create", "check-value", "-", stdin=order(note)), 0)
    expect(run("schema", "diff", "check-value", "1", "2"), 1, out="note  new: null or string")
    expect(run("schema", "diff", "check-value", "2"), 0, out="nothing changes")
    expect(run("schema", "diff", "check-value", "1", "-", stdin=order(doc="d")), 1, out="has a doc now")
    expect(run("schema", "diff", "check-value", "1", "9"), 1)


def what_a_schema_could_do_better(road):
    run = road.sluice.run
    found = json.loads(expect(run("schema", "lint", "-", "-J", stdin=order({"name": "order_status", "type": "string"})), 1).stdout)
    assert {f["rule"] for f in found} == {"doc", "enum"}, found
    expect(run("schema", "lint", "-", "--skip", "doc", "--skip", "enum", stdin=order({"name": "order_status", "type": "string"})), 0)
    expect(run("schema", "lint", "-", "--skip", "dok", stdin=order()), 2, err="did you mean doc?")
    expect(run("schema", "lint", "-", stdin="{"), 1, out="no valid schema")


def foretold(road, migration):
    result = road.sluice.run("schema", "check", "--ddl", "-", "--source", "shop", "-J", stdin=migration)
    assert result.returncode in (0, 1) and result.stdout, result
    told = json.loads(result.stdout)
    assert (result.returncode == 1) == (any(t["parked"] for t in told["tables"]) or bool(told["unknown"])), result
    return told


def what_is_said_of_a_migration_comes_to_pass(road):
    names = [f"t{i}" for i in range(len(MIGRATIONS))]
    for name in names:
        road.sql(CREATE.format(t=name))
        road.sql(f"INSERT INTO {name} VALUES (1, 'a', 1.5, 7, '{{x}}')")
    wait_until(lambda: all(road.item(n).get("state") == "streaming" for n in names), 60, "the tables are captured")
    told = {}
    for name, (migration, parks) in zip(names, MIGRATIONS):
        tables = foretold(road, migration.format(t=name))["tables"]
        assert [t["topic"] for t in tables] == [f"shop.public.{name}"], tables
        assert tables[0]["parked"] == parks, (migration, tables)
        told[name] = json.loads(tables[0]["valueSchema"])
    for name, (migration, _) in zip(names, MIGRATIONS):
        road.sql(migration.format(t=name))
        road.sql(f"INSERT INTO {name} (id, n, tags) VALUES (2, 8, '{{y}}')" if "ALTER COLUMN tags" not in migration else f"INSERT INTO {name} (id) VALUES (2)")
    for name, (migration, parks) in zip(names, MIGRATIONS):
        wait_until(lambda name=name, parks=parks: parks == (road.item(name).get("state") == "parked") and (parks or road.item(name).get("rows") == 2 or len(road.rows(name)) == 2),
                   60, f"{migration.format(t=name)} {'parks' if parks else 'is captured'}: {road.item(name)}")
        if parks:
            continue
        answer = requests.get(f"{road.sluice.registry_url}/subjects/shop.public.{name}-value/versions/latest", timeout=10).json()
        assert json.loads(answer["schema"]) == told[name], (migration, answer["schema"], told[name])
    print(f"{len(names)} migrations, {sum(parks for _, parks in MIGRATIONS)} park their table, as they were said to")


def other_migrations(road):
    run = road.sluice.run
    renamed = run("schema", "check", "--ddl", "-", stdin="ALTER TABLE orders RENAME TO sales; DROP TABLE IF EXISTS nothing")
    expect(renamed, 0, out="goes on as public.sales")
    assert "shop.public.sales\n  a new topic" in renamed.stdout, renamed.stdout
    expect(run("schema", "check", "--ddl", "-", stdin="CREATE INDEX ON orders (n)"), 0, out="no table of shop changes")
    expect(run("schema", "check", "--ddl", "-", stdin="DO $$ BEGIN NULL; END $$"), 1, out="is not known")
    expect(run("schema", "check", "--ddl", "-", stdin="ALTER TABLE orders DROP COLUMN nothing"), 1, out="line 1: table public.orders has no column nothing")
    expect(run("schema", "check", "--ddl", "-", stdin="ALTER TABEL orders"), 1, out="line 1, character 7")
    expect(run("schema", "check", "--ddl", "-", "--source", "nobody", stdin="SELECT 1"), 1, err="nobody")
    expect(run("schema", "check", "orders-value", "--ddl", "-", stdin=""), 2)


def main():
    checks = Checks()
    with temporary_directory() as directory, Road(directory, TABLES) as road:
        for check in (made_shown_and_deleted, settings, what_a_schema_will_do, what_a_schema_could_do_better,
                      what_is_said_of_a_migration_comes_to_pass, other_migrations):
            checks.run(check.__name__.replace("_", " "), check, road)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
