"""Tables of every kind, that come, change and go while they are captured: the application is never refused, and each topic
holds what its table holds."""
import time

from harness import Checks, read_topic, temporary_directory, wait_until
from road import Road

KINDS = """
CREATE TABLE plain (id int PRIMARY KEY, t text);
CREATE TABLE two_columns (b int, a int, t text, PRIMARY KEY (b, a));
CREATE TABLE no_key (id int, t text);
CREATE TABLE deferrable_key (id int PRIMARY KEY DEFERRABLE, t text);
CREATE TABLE identity_nothing (id int PRIMARY KEY, t text);
ALTER TABLE identity_nothing REPLICA IDENTITY NOTHING;
CREATE TABLE identity_full (id int PRIMARY KEY, t text);
ALTER TABLE identity_full REPLICA IDENTITY FULL;
CREATE TABLE identity_full_no_key (id int, t text);
ALTER TABLE identity_full_no_key REPLICA IDENTITY FULL;
CREATE TABLE identity_full_deferrable (id int PRIMARY KEY DEFERRABLE, t text);
ALTER TABLE identity_full_deferrable REPLICA IDENTITY FULL;
CREATE TABLE identity_index (id int NOT NULL, t text);
CREATE UNIQUE INDEX by_id ON identity_index (id);
ALTER TABLE identity_index REPLICA IDENTITY USING INDEX by_id;
CREATE TABLE generated_key (n int, id int GENERATED ALWAYS AS (n * 2) STORED PRIMARY KEY, t text);
CREATE TABLE by_identity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text);
CREATE TABLE parted (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (100) TO (200) PARTITION BY LIST (id);
CREATE TABLE parted_2_1 PARTITION OF parted_2 DEFAULT;
CREATE TABLE parted_nothing (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
CREATE TABLE parted_nothing_1 PARTITION OF parted_nothing DEFAULT;
ALTER TABLE parted_nothing_1 REPLICA IDENTITY NOTHING;
CREATE TABLE parent (id int PRIMARY KEY, t text);
CREATE TABLE child_no_key (more int) INHERITS (parent);
CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent);
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, t text);
CREATE TABLE "dot.ted" (id int PRIMARY KEY, t text);
CREATE TABLE "a space ""quoted""\" (id int PRIMARY KEY, t text);
CREATE TABLE "straße" (id int PRIMARY KEY, t text);
CREATE TABLE "9_x2d-" (id int PRIMARY KEY, t text, "9 lives" int DEFAULT 9, "a-b" int DEFAULT 8, "_x2d" int DEFAULT 7);
CREATE TABLE one_char (id char(3) PRIMARY KEY, t text);
CREATE TABLE no_columns ();
"""
KEYED = ["plain", "identity_full", "identity_index", "by_identity", "parted", "parent", "child", "dot_x2eted",
         "a_x20space_x20_x22quoted_x22", "stra_xc3_x9fe", "9_x5fx2d-"]
KEYLESS = ["no_key", "deferrable_key", "identity_nothing", "identity_full_no_key", "identity_full_deferrable", "generated_key",
           "parted_nothing", "child_no_key", "no_columns"]
SQL_NAMES = {"dot_x2eted": '"dot.ted"', "a_x20space_x20_x22quoted_x22": '"a space ' + '"' * 2 + 'quoted' + '"' * 3, "stra_xc3_x9fe": '"straße"',
             "9_x5fx2d-": '"9_x2d-"'}


def fill(road, first, names):
    for name in names:
        table = SQL_NAMES.get(name, name)
        if name == "by_identity":
            road.sql(f"INSERT INTO {table} (t) SELECT 'x' FROM generate_series(1, 10)")
        elif name == "generated_key":
            road.sql(f"INSERT INTO {table} (n, t) SELECT i, 'x' FROM generate_series({first}, {first + 9}) i")
        elif name == "no_columns":
            road.sql(f"INSERT INTO {table} SELECT FROM generate_series(1, 10)")
        else:
            road.sql(f"INSERT INTO {table} (id, t) SELECT i, 'x' FROM generate_series({first}, {first + 9}) i")


def of_table(road, name):
    table = SQL_NAMES.get(name, name)
    only = "" if name.startswith("parted") else "ONLY "
    return {row[0]: row[1] for row in road.sql(f"SELECT id, t FROM {only}{table}")}


def same(road, name, seconds=20):
    want = {}

    def equal():
        nonlocal want
        want = of_table(road, name)
        return {key: row["t"] for key, row in road.rows(name).items()} == want
    wait_until(equal, seconds, f"topic {name} = {want}", every=0.3)


def items(road):
    return {i["name"].removeprefix("shop.public."): i for i in road.stage("source")["items"]}


def every_kind(road):
    for name in KEYED + KEYLESS + ["one_char"]:
        assert items(road)[name]["state"] == "streaming", (name, items(road).get(name))
    for absent in ("unlogged", "parted_1", "parted_2", "parted_2_1"):
        assert absent not in items(road), absent
    names = KEYED + KEYLESS
    fill(road, 110, names)
    for name in names:
        table = SQL_NAMES.get(name, name)
        if name == "no_columns":
            continue
        # What the application does must never fail because of us.
        road.sql(f"UPDATE {table} SET t = 'changed' WHERE {'n' if name == 'generated_key' else 'id'} % 3 = 0")
        road.sql(f"DELETE FROM {table} WHERE {'n' if name == 'generated_key' else 'id'} % 5 = 0")
        if name not in ("by_identity", "generated_key"):
            road.sql(f"UPDATE {table} SET id = id + 20 WHERE id % 10 = 4")
    road.sql("UPDATE two_columns SET t = 'changed'")
    road.sql("UPDATE parted SET id = id + 140 WHERE id = 7")  # to another partition
    for name in KEYED:
        same(road, name)
    for name in KEYLESS:
        note = items(road)[name]["note"]
        assert "no key" in note, (name, note)
        assert len(road.topic(name, 20)) == 20, name
    key = road.decode(road.topic("one_char", 1)[0].key())[0]
    assert key == {"id": "a  "}, key
    value, schema = road.decode(road.topic("9_x5fx2d-", 1)[0].value())
    assert value["_x39_x20lives"] == 9 and value["a_x2db"] == 8 and value["_x5fx2d"] == 7, value
    assert next(f for f in schema["fields"] if f["name"] == "_x39_x20lives")["sqlName"] == "9 lives"
    two = [road.decode(m.key())[0] for m in road.topic("two_columns", 2)]
    assert list(two[0]) == ["b", "a"], two


def names_too_long(road):
    road.sql('CREATE TABLE "' + "é" * 30 + '" (id int PRIMARY KEY, t text)')  # its topic's name would have 252 characters
    note = wait_until(lambda: items(road).get("é" * 30, {}).get("note"), 20, "the status tells")
    assert "249" in note, note
    road.sql('INSERT INTO "' + "é" * 30 + '" VALUES (1)')
    road.sql('UPDATE "' + "é" * 30 + "\" SET t = 'x'")


def verified(road):
    result = road.sluice.run("verify")
    assert result.returncode == 0, (result.stdout, result.stderr)


def columns_change(road):
    road.sql("ALTER TABLE plain ADD COLUMN n int DEFAULT 5, ADD COLUMN gone text DEFAULT 'x'")
    road.sql("UPDATE plain SET t = 'one' WHERE id = 1")
    road.sql("ALTER TABLE plain DROP COLUMN gone")
    road.sql("UPDATE plain SET t = 'two' WHERE id = 2")
    road.sql("ALTER TABLE plain RENAME COLUMN n TO m")
    road.sql("UPDATE plain SET t = 'six' WHERE id = 6")
    road.sql("ALTER TABLE plain ALTER COLUMN m TYPE bigint")
    road.sql("UPDATE plain SET m = 5000000000 WHERE id = 7")
    # In one transaction, faster than any look at the catalog, and gone again.
    road.sql("BEGIN; ALTER TABLE plain ADD COLUMN brief int; INSERT INTO plain VALUES (50, 'brief', 1, 77); "
             "ALTER TABLE plain DROP COLUMN brief; INSERT INTO plain VALUES (51, 'after', 1); COMMIT")
    same(road, "plain")
    rows = road.rows("plain")
    assert rows[1] == {"id": 1, "t": "one", "n": 5, "gone": "x"}, rows[1]
    assert rows[2] == {"id": 2, "t": "two", "n": 5}, rows[2]
    assert rows[6] == {"id": 6, "t": "six", "m": 5} and rows[7]["m"] == 5000000000, (rows[6], rows[7])
    assert rows[50] == {"id": 50, "t": "brief", "m": 1, "brief": 77} and rows[51] == {"id": 51, "t": "after", "m": 1}


def toasted_values_stay(road):
    road.sql("CREATE TABLE toasted (id int PRIMARY KEY, n int, big text); ALTER TABLE toasted ALTER big SET STORAGE EXTERNAL; "
             "CREATE TABLE toasted_full (id int PRIMARY KEY, n int, big text); ALTER TABLE toasted_full ALTER big SET STORAGE EXTERNAL; "
             "ALTER TABLE toasted_full REPLICA IDENTITY FULL")
    wait_until(lambda: items(road).get("toasted_full", {}).get("state") == "streaming", 20, "the new tables")
    for name in ("toasted", "toasted_full"):
        road.sql(f"INSERT INTO {name} VALUES (1, 1, repeat('x', 5000))")
        road.sql(f"UPDATE {name} SET n = 2; UPDATE {name} SET id = 2; UPDATE {name} SET big = NULL; BEGIN; SAVEPOINT a; "
                 f"INSERT INTO {name} VALUES (3); ROLLBACK TO a; INSERT INTO {name} VALUES (4); COMMIT")
    messages = road.topic("toasted", 6)
    headers = [dict(m.headers()) for m in messages]
    assert [h.get("__unchanged") for h in headers] == [None, b'["big"]', None, b'["big"]', None, None], headers
    assert headers[3]["__oldkey"].decode() == messages[2].key().hex() and messages[2].value() is None
    assert road.decode(messages[1].value())[0] == {"id": 1, "n": 2, "big": None}
    full = road.topic("toasted_full", 6)
    assert [dict(m.headers()).get("__unchanged") for m in full] == [None] * 6
    assert road.decode(full[3].value())[0] == {"id": 2, "n": 2, "big": "x" * 5000}
    assert sorted(road.rows("toasted")) == [2, 4], "what was rolled back is nowhere"


def truncated(road):
    road.sql("CREATE TABLE refers (id int PRIMARY KEY, t text, plain int REFERENCES plain)")
    road.sql("INSERT INTO refers VALUES (1, 'x', 1)")
    wait_until(lambda: items(road).get("refers", {}).get("state") == "streaming", 20, "the new table")
    road.sql("BEGIN; INSERT INTO plain VALUES (60, 'dies', 1); TRUNCATE plain CASCADE; INSERT INTO plain VALUES (61, 'lives', 1); COMMIT")
    road.sql("TRUNCATE no_key")
    same(road, "plain")
    same(road, "refers")
    assert list(road.rows("plain")) == [61] and road.rows("refers") == {}
    states = {m.key(): m.value() for m in read_topic(road.sluice.broker, "__sluice_tables")}
    for name in ("plain", "refers", "no_key"):
        assert b'"truncated":"' in states[f"shop.public.{name}".encode()], name


def renamed_swapped_dropped(road):
    road.sql("CREATE TABLE next (id int PRIMARY KEY, t text)")
    road.sql("INSERT INTO next SELECT i, 'next' FROM generate_series(30, 40) i")
    wait_until(lambda: items(road).get("next", {}).get("state") == "streaming", 20, "the new table")
    # The classic swap: the topic of the name ends up with what the name means now.
    road.sql("BEGIN; INSERT INTO identity_index VALUES (70, 'last words'); ALTER TABLE identity_index RENAME TO previous; "
             "ALTER TABLE next RENAME TO identity_index; INSERT INTO identity_index VALUES (41, 'next'); COMMIT")
    wait_until(lambda: items(road).get("previous", {}).get("state") == "streaming" and items(road)["next"]["state"] == "dropped"
               and items(road)["identity_index"]["state"] == "streaming", 30, "the swap")
    road.sql("UPDATE identity_index SET t = 'swapped' WHERE id = 30")
    road.sql("UPDATE previous SET t = 'swapped' WHERE id = 70")
    same(road, "identity_index")
    same(road, "previous")
    road.sql("INSERT INTO child VALUES (71, 'last words')")
    road.sql("DROP TABLE child")
    wait_until(lambda: items(road)["child"]["state"] == "dropped", 20, "the drop")
    assert road.rows("child")[71]["t"] == "last words", "what was written before the drop is captured"
    road.sql("CREATE TABLE child (id int PRIMARY KEY, t text)")
    road.sql("INSERT INTO child VALUES (1, 'new life')")
    wait_until(lambda: items(road)["child"]["state"] == "streaming", 20, "the new life")
    same(road, "child")
    assert list(road.rows("child")) == [1]


def taken_out_of_the_publication(road):
    road.sql("ALTER PUBLICATION sluice_shop DROP TABLE ONLY parent")
    road.sql("DELETE FROM ONLY parent WHERE id = 1")
    road.sql("INSERT INTO parent VALUES (80, 'unseen')")
    same(road, "parent")
    road.sql("ALTER PUBLICATION sluice_shop DROP TABLE by_identity; ALTER PUBLICATION sluice_shop_inserts ADD TABLE by_identity")
    road.sql("UPDATE by_identity SET t = 'unseen'")
    same(road, "by_identity")


def keys_change(road):
    road.sql("CREATE TABLE k1 (a int, b int NOT NULL, t text, PRIMARY KEY (a))")
    road.sql("CREATE TABLE k2 (id int PRIMARY KEY, t text)")
    road.sql("CREATE TABLE k3 (id int, t text)")
    wait_until(lambda: all(items(road).get(k, {}).get("state") == "streaming" for k in ("k1", "k2", "k3")), 20, "the new tables")
    road.sql("INSERT INTO k1 VALUES (1, 1, 'x')")
    road.sql("BEGIN; ALTER TABLE k1 DROP CONSTRAINT k1_pkey; ALTER TABLE k1 ADD PRIMARY KEY (b); INSERT INTO k1 VALUES (1, 2, 'same a'); COMMIT")
    wait_until(lambda: items(road)["k1"]["state"] == "parked", 20, "the key change is seen")
    assert "key" in items(road)["k1"]["note"]
    assert len(read_topic(road.sluice.broker, "shop.public.k1")) == 1, "rows under another key are not mixed in"
    wait_until(lambda: len(read_topic(road.sluice.broker, "__sluice_parked.shop.public.k1")) == 2, 20, "they are parked")
    # The same key by another constraint is no change.
    road.sql("INSERT INTO k2 VALUES (1, 'x')")
    road.sql("BEGIN; ALTER TABLE k2 DROP CONSTRAINT k2_pkey; ALTER TABLE k2 ADD CONSTRAINT again PRIMARY KEY (id); COMMIT")
    road.sql("UPDATE k2 SET t = 'y'")
    same(road, "k2")
    assert items(road)["k2"]["state"] == "streaming"
    # A wider decimal is the same key, under the same id.
    road.sql("CREATE TABLE k4 (id numeric(4,1) PRIMARY KEY, t text); INSERT INTO k4 VALUES (1.5, 'x')")
    wait_until(lambda: items(road).get("k4", {}).get("state") == "streaming", 20, "the new table")
    road.sql("ALTER TABLE k4 ALTER id TYPE numeric(8,1); UPDATE k4 SET t = 'y'; INSERT INTO k4 VALUES (99999.5, 'z')")
    messages = road.topic("k4", 3)
    assert messages[0].key() == messages[1].key() and messages[0].key()[:5] == messages[2].key()[:5]
    assert items(road)["k4"]["state"] == "streaming"
    # A table that was captured without a key stays so.
    road.sql("INSERT INTO k3 VALUES (1, 'x')")
    road.sql("ALTER TABLE k3 ADD PRIMARY KEY (id)")
    time.sleep(1.2)
    road.sql("UPDATE k3 SET t = 'y'")
    road.sql("INSERT INTO k3 VALUES (2, 'x')")
    assert len(road.topic("k3", 2)) == 2 and all(m.key() is None for m in road.topic("k3", 2))
    road.sluice.kill()
    road.sluice.start()
    road.sql("INSERT INTO k3 VALUES (3, 'x')")
    assert len(road.topic("k3", 3)) == 3 and all(m.key() is None for m in road.topic("k3", 3))
    road.sql("DELETE FROM k3")
    result = road.sluice.run("verify")
    assert "k3" in result.stdout and "no key" in next(line for line in result.stdout.splitlines() if "k3" in line), result.stdout


def main():
    checks = Checks()
    with temporary_directory() as directory:
        road = None
        try:
            road = Road(directory, KINDS + "INSERT INTO one_char VALUES ('a', 'x'); INSERT INTO two_columns VALUES (1, 2), (2, 1);"
                        + "".join(rows_of(name) for name in KEYED + KEYLESS))
            for function in (every_kind, verified, names_too_long, columns_change, toasted_values_stay, truncated, renamed_swapped_dropped,
                             taken_out_of_the_publication, keys_change):
                checks.run(function.__name__.replace("_", " "), function, road)
            if checks.failed:
                print(road.sluice.tail(60))
        finally:
            if road:
                road.close()
    checks.finish()


def rows_of(name):
    table = SQL_NAMES.get(name, name)
    if name == "by_identity":
        return f"INSERT INTO {table} (t) SELECT 'x' FROM generate_series(1, 10);"
    if name == "generated_key":
        return f"INSERT INTO {table} (n, t) SELECT i, 'x' FROM generate_series(1, 10) i;"
    if name == "no_columns":
        return f"INSERT INTO {table} SELECT FROM generate_series(1, 10);"
    return f"INSERT INTO {table} (id, t) SELECT i, 'x' FROM generate_series(1, 10) i;"


main()
