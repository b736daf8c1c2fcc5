"""A sink's `where` means what PostgreSQL means: the archive of each of many expressions, made at random and by hand, holds
the keys that a real PostgreSQL selects by the same text from the same rows; and as dead letters those for which it fails."""
import contextlib
import json
import os
import random
import sys

import fastavro

from flow_random import RandomQueries, Scope
from harness import Checks, seed, temporary_directory, wait_until
from road import Road

SQL = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE rows (id bigint PRIMARY KEY, n int, big bigint, price numeric(12,3), ratio double precision, real real,
                   name text COLLATE "C", active boolean, day date, at timestamptz, local timestamp, hour time, who uuid, mood mood,
                   "Tag" varchar(20) COLLATE "C");
CREATE TABLE marker (id int PRIMARY KEY);
CREATE FUNCTION verdict(condition text, row_id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE passes bool;
BEGIN
  EXECUTE 'SELECT (' || condition || ') FROM (SELECT * FROM rows WHERE id = ' || row_id || ' OFFSET 0) AS one' INTO passes;
  RETURN CASE WHEN passes THEN 'passes' ELSE 'left out' END;
EXCEPTION WHEN data_exception THEN RETURN 'fails';
END $$;
"""
COLUMNS = {
    "n": ["-5", "0", "1", "2", "100", "2147483647"],
    "big": ["-9223372036854775808", "9007199254740992", "9007199254740993", "0", "7"],
    "price": ["0", "-0.001", "12.500", "12.501", "999999999.999", "2"],
    "ratio": ["0.1", "0.30000000000000004", "-1e300", "2", "'NaN'", "'Infinity'"],
    "real": ["0.1", "2", "-3.5", "16777216"],
    "name": ["''", "'a'", "'A'", "'ab'", "'a_b'", "'a%b'", "'Zürich'", "'zürich'", "'it''s'", "'a\\b'"],
    "active": ["TRUE", "FALSE"],
    "day": ["'2026-11-24'", "'1969-12-31'", "'2000-02-29'"],
    "at": ["'2026-11-24 13:00:00Z'", "'2026-11-24 13:00:00.000001Z'", "'1969-12-31 23:59:59Z'"],
    "local": ["'2026-11-24 13:00:00'", "'2026-11-24'", "'1950-01-01 00:00:00.5'"],
    "hour": ["'13:00'", "'00:00:00'", "'23:59:59.999999'"],
    "who": ["'5bb1f2a4-0c0e-4b6c-9a54-0d2f3a1c6e11'", "'FFFFFFFF-0c0e-4b6c-9a54-0d2f3a1c6e11'"],
    "mood": ["'sad'", "'ok'", "'happy'"],
    '"Tag"': ["'x'", "'X'", "''"],
}
TYPES = [("n", "int4"), ("big", "int8"), ("price", "numeric"), ("ratio", "float8"), ("name", "text"), ("active", "bool"), ("day", "date"),
         ("at", "timestamptz"), ("local", "timestamp")]
CONSTANTS = {"ratio": ["0.1", "0.3", "2", "1e308", "-5"]}  # beside a double no text stands
PATTERNS = ["'a%'", "'%b'", "'a_b'", "'a\\_b'", "'a\\%b'", "'_'", "'Z_rich'", "'%'", "''", "'%\\\\%'"]
NUMBERS = ["n", "big", "price", "ratio", "real"]
TIMES = ["day", "at", "local"]
BY_HAND = ["n = 1 OR n IS NULL", "NOT (n = 1)", "n IN (1, NULL)", "n NOT IN (1, NULL)", "big > 9007199254740992", "big = 9007199254740993.0",
           "price = 12.5", "real = 0.1", "ratio > 1e308", "name LIKE 'a\\_%' OR name > 'Z'", "active IS NOT TRUE", "active = FALSE AND active",
           "(n > 5) IS UNKNOWN", "day = local", "day < at", "local >= at", "NULL", "TRUE", "NOT active AND NOT (price < 5)", "mood <> 'ok'",
           "n = NULL", "real IN (0.1, 2)", "real IN (0.1)", "real NOT IN (0.1, NULL)", "real IN (0.1, 2, NULL) OR real = 0.1", "n BETWEEN 1 AND 100 AND day BETWEEN '2000-01-01' AND '2026-12-31'", "n BETWEEN 5 AND 1", "\"Tag\" IN ('x', '')",
           "n != 1 AND n <> 2", "ratio = ratio", "price > ratio", "n < price", "1 < n", "who > '6bb1f2a4-0c0e-4b6c-9a54-0d2f3a1c6e11'",
           "lower(name) = 'a'", "length(name) > 1 AND name || '!' <> 'ab!'", "n % 2 = 0", "CASE WHEN n > 1 THEN active ELSE price > 2 END",
           "n::text LIKE '-%'", "price::int = 12", "name ~ '^[a-z]'", "name !~* 'z.rich' AND name ILIKE '%B%'", "coalesce(n, 7) = 7",
           "extract(year FROM day) = 2026", "at - interval '1 hour' < '2026-11-24 12:00Z'", "date_trunc('hour', at) = '2026-11-24 13:00Z'",
           "('{\"n\": ' || n || '}')::json ->> 'n' = '1'", "nullif(n, 1) IS NULL", "greatest(n, price) > 50", "mood::text > 'ok'", "n = '1'",
           "day = '2026-11-24 10:00'", "1 = 1", "big BETWEEN n AND price", "real IN (0.1, n, 2)", "real NOT IN (n)", "n IS DISTINCT FROM 1",
           "at AT TIME ZONE 'Europe/Berlin' > '2026-11-24 14:00'", "round(price, 1) = 12.5", "abs(real) > 3", "substring(name FROM 2) = 'b'",
           # These fail for some rows.
           "10 / n > 1", "CASE WHEN n <> 0 THEN 10 / n END > 1", "big * 2 > 0", "n + 1 > 1 AND 10 / n > 1", "active OR 10 / n > 1",
           "sqrt(price) > 1", "ln(n) > 0", "name::int = 1", "(name || '0')::int > 5", "ratio::int = 2", "n::smallint = 100", "name LIKE 'a\\'",
           "big - n < 0", "price * 1e300::float8 * ratio > 1", "n IN (10 / n, 1, 2)", "name::date > day", "n + 10 / (n - 1) > 0",
           "hour >= '13:00:00'", "at = '2026-11-24 14:00:00+01'", "n = - 5", "n > -5e0", "big < -9223372036854775807"]


def condition(rng, depth=0):
    """An expression that both sides take."""
    what = rng.randrange(12 if depth < 3 else 8)
    column = rng.choice(list(COLUMNS))
    constants = CONSTANTS.get(column, COLUMNS[column])
    operators = ["=", "<>"] if column == "mood" else ["=", "<>", "<", "<=", ">", ">=", "!="]
    if what < 3:
        return f"{column} {rng.choice(operators)} {rng.choice(constants)}"
    if what == 3:
        one, other = rng.sample(rng.choice([NUMBERS, TIMES]), 2)
        return f"{one} {rng.choice(['=', '<', '>=', '<>'])} {other}"
    if what == 4:
        return f"{column} IS {rng.choice(['', 'NOT '])}NULL"
    if what == 5:
        return f"{column} {rng.choice(['', 'NOT '])}IN ({', '.join(rng.choices(constants + ['NULL'], k=3))})"
    if what == 6:
        if column == "mood":
            return "active"
        return f"{column} {rng.choice(['', 'NOT '])}BETWEEN {rng.choice(constants)} AND {rng.choice(constants)}"
    if what == 7:
        return f"name {rng.choice(['', 'NOT '])}LIKE {rng.choice(PATTERNS)}"
    if what == 8:
        return f"NOT ({condition(rng, depth + 1)})"
    if what == 9:
        return f"({condition(rng, depth + 1)}) IS {rng.choice(['', 'NOT '])}{rng.choice(['TRUE', 'FALSE', 'UNKNOWN'])}"
    return f"({condition(rng, depth + 1)} {rng.choice(['AND', 'OR'])} {condition(rng, depth + 1)})"


def sink(directory, number, where):
    quoted = json.dumps(where, ensure_ascii=False)
    return (f"  f{number}: {{to: {directory}/f{number}, topics: ['*.marker', {{topic: shop.public.rows, where: {quoted}}}], "
            f"roll: {{after: 1s}}, memory: 1MiB}}\n")


def archived(place):
    """(ids of rows, ids of deletes, offsets of dead letters) of the topic `rows`, and whether the marker is there."""
    rows, deletes, dead, marked = set(), set(), set(), False
    for folder, _, files in os.walk(place):
        for name in files:
            if not name.endswith(".avro") or "/_sluice" in folder[len(place):]:
                continue
            with open(os.path.join(folder, name), "rb") as file:
                for row in fastavro.reader(file):
                    if row["_topic"].endswith("marker"):
                        marked = True
                    elif "_reason" in row:
                        assert row["_reason"].startswith("where: "), row
                        dead.add(row["_offset"])
                    else:
                        (deletes if row["_op"] == "d" else rows).add(row["id"])
    return rows, deletes, dead, marked


def answers(cursor, where):
    """What PostgreSQL says: (ids of rows that pass, ids of rows for which it fails)."""
    cursor.execute("SELECT id, verdict(%s, id) FROM rows", (where,))
    verdicts = dict(cursor.fetchall())
    return tuple({row for row, verdict in verdicts.items() if verdict == wanted} for wanted in ("passes", "fails"))


def archived_offsets(place):
    """[(id, offset)] of the rows that are no deletes."""
    for folder, _, files in os.walk(place):
        for name in files:
            if name.endswith(".avro") and "shop.public.rows/dt=" in folder:
                with open(os.path.join(folder, name), "rb") as file:
                    yield from ((row["id"], row["_offset"]) for row in fastavro.reader(file) if row["_op"] != "d")


def same_verdicts(directory, rng):
    queries = RandomQueries(rng)
    wheres = BY_HAND + [condition(rng) for _ in range(30)] + [queries.condition(Scope(TYPES), 3) for _ in range(40)]
    with Road(directory, SQL, sinks="".join(sink(directory, i, where) for i, where in enumerate(wheres))) as road:
        rows = [", ".join([str(i)] + [rng.choice(constants + ["NULL"]) for constants in COLUMNS.values()]) for i in range(300)]
        road.sql("INSERT INTO rows VALUES " + ", ".join(f"({row})" for row in rows) + ", (1000" + ", NULL" * len(COLUMNS) + ")")
        with contextlib.closing(road.server.connect("shop")) as connection, connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            wanted = [answers(cursor, where) for where in wheres]
        road.sql("DELETE FROM rows WHERE id = 1000")
        told = road.sluice.run("verify", "shop")
        assert told.returncode == 0, told
        assert "filtered" in told.stdout and "takes rows where n = NULL" in told.stdout, told.stdout
        offsets = {offset: row for row, offset in archived_offsets(f"{directory}/f{wheres.index('TRUE')}")}
        differ = 0
        for i, where in enumerate(wheres):
            rows, deletes, dead, _ = archived(f"{directory}/f{i}")
            assert deletes == {1000}, (where, deletes)
            for what, ours, theirs in (("passes", rows, wanted[i][0]), ("fails", {offsets[offset] for offset in dead}, wanted[i][1])):
                if ours != theirs:
                    differ += 1
                    print(f"  {where}\n    {what}: only PostgreSQL {sorted(theirs - ours)[:5]}, only the archive {sorted(ours - theirs)[:5]}")
        passed, failed = (sum(len(each[i]) for each in wanted) for i in (0, 1))
        print(f"  {len(wheres)} expressions, {passed} rows passed, {failed} failed, {differ} differ")
        assert failed > 500
        assert differ == 0
        shown = road.sluice.run("verify", f"{directory}/f0")
        assert shown.returncode == 0 and "were left out by n = 1 OR n IS NULL" in shown.stdout, shown


def a_wrong_column_stops_one_topic(directory):
    with Road(directory, SQL, sinks=sink(directory, 0, "colour = 'red'")) as road:
        road.sql("INSERT INTO rows (id) VALUES (1)")
        road.sql("INSERT INTO marker VALUES (1)")
        wait_until(lambda: archived(f"{directory}/f0")[3], 30, "the other topic goes on", every=0.3)
        shown = wait_until(lambda: (s := road.sluice.run("status", "f0").stdout) and "no column colour" in s and s, 30, "the status says why")
        assert "line 1, column 1" in shown, shown


def main():
    rng = random.Random(seed(usual=1))
    checks = Checks()
    for name, function in (("archives with a filter hold what PostgreSQL selects", lambda d: same_verdicts(d, rng)),
                           ("a filter of a column that is nowhere stops its topic alone", a_wrong_column_stops_one_topic)):
        with temporary_directory() as directory:
            checks.run(name, function, directory)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
