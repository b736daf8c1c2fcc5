"""Every type: the same row captured by a snapshot and by the stream gives the same bytes of key and value, before and after
ALTER TABLE, and they decode to what PostgreSQL says."""
import decimal
import io
import json
import math
import struct

import fastavro
from confluent_kafka import Consumer, TopicPartition

from harness import Checks, temporary_directory, wait_until
from road import Road
from type_fixtures import KEYS, SETUP, TYPES

STYLE = ("SET DateStyle = ISO; SET IntervalStyle = iso_8601; SET TimeZone = UTC; SET extra_float_digits = 3; SET bytea_output = hex; "
         "SET lc_monetary = 'C'; SET search_path = pg_catalog;")
ROWS = max(len(values) + len(special) for _, _, values, special in TYPES)


def table_sql():
    columns = ", ".join(f"c{i} {sql}" for i, (sql, *_) in enumerate(TYPES))
    return f"CREATE TABLE everything (id int PRIMARY KEY, {columns});"


def rows_sql(more=""):
    statements = []
    for row in range(ROWS):
        values = []
        for sql, _, plain, special in TYPES:
            all_of = plain + special
            values.append(f"CAST({all_of[row]} AS {sql})" if row < len(all_of) else "NULL")
        statements.append(f"INSERT INTO everything VALUES ({row}, {', '.join(values)}{more});")
    return "".join(statements)


def keys_sql(table=True):
    statements = []
    for i, sql in enumerate(KEYS):
        values = next(v for s, _, v, _ in TYPES if s == sql)
        values = [v for v in values if "repeat" not in v and not (sql == "float8" and v == "-0.0")]
        if table:
            statements.append(f"CREATE TABLE k{i} (k {sql} PRIMARY KEY, t text);")
        statements += [f"INSERT INTO k{i} VALUES (CAST({v} AS {sql}), 'x');" for v in values]
    return "".join(statements)


def raw_schema(schema):
    """The schema without logical types: what the bytes are."""
    if isinstance(schema, list):
        return [raw_schema(s) for s in schema]
    if isinstance(schema, dict):
        return {k: raw_schema(v) if k in ("type", "items", "fields") else v for k, v in schema.items() if k != "logicalType"}
    return schema


def expected_sql(how, column):
    if how == "date":
        return f"({column} - date '1970-01-01')::text"
    if how == "time":
        return f"(extract(epoch FROM {column}) * 1000000)::numeric::text"
    if how == "timestamp":
        return f"(extract(epoch FROM {column}) * 1000000)::numeric::text"
    return f"format('%s', {column})"


def normal(how, value, scale):
    """A decoded value as the text that expected_sql gives, or what compares equal to it."""
    if isinstance(how, list):
        return None if value is None else [normal(how[0], v, scale) for v in value]
    if value is None:
        return None
    if how == "boolean":
        return "t" if value else "f"
    if how == "bytes":
        return "\\x" + value.hex()
    if how == "decimal":
        return decimal.Decimal(int.from_bytes(value, "big", signed=True)).scaleb(-scale, decimal.Context(prec=2000))
    if how in ("float32", "float64"):
        return float_key(value)
    if how in ("number", "date", "time", "timestamp"):
        return int(value)
    return value


def float_key(value):
    return "nan" if math.isnan(value) else (value, math.copysign(1, value))


def parsed(how, text):
    if isinstance(how, list):
        return None if text is None else [parsed(how[0], t) for t in text]
    if text is None:
        return None
    if how == "decimal":
        return decimal.Context(prec=2000).create_decimal(text)
    if how in ("number", "date", "time", "timestamp"):
        return int(decimal.Context(prec=2000).create_decimal(text))
    if how == "float64":
        return float_key(float(text))
    if how == "float32":
        return float_key(struct.unpack("f", struct.pack("f", float(text)))[0])
    return text


def scale_of(field):
    kind = field["type"][1]
    if isinstance(kind, dict) and kind.get("type") == "array":
        kind = kind["items"][1]
    return kind.get("scale", 0) if isinstance(kind, dict) else 0


def decodes_to_what_postgres_says(road):
    got = road.topic("everything", ROWS)
    connection = road.server.connect("shop")
    cursor = connection.cursor()
    cursor.execute(STYLE)
    for message in got[:ROWS]:
        value, schema = raw_value(road, message)
        row = value["id"]
        special = json.loads(dict(message.headers()).get("__special", b"{}"))
        for i, (sql, how, plain, _) in enumerate(TYPES):
            column = f"c{i}"
            is_special = row >= len(plain) and row < len(plain) + len(TYPES[i][3])
            if is_special:
                cursor.execute(f"SELECT format('%s', {column}) FROM public.everything WHERE id = {row}")
                want = cursor.fetchone()[0]
                assert value[column] is None and special.pop(column) == want, (sql, row, value[column], want)
                continue
            if isinstance(how, list):
                each = expected_sql(how[0], "e")
                cursor.execute(f"SELECT CASE WHEN {column} IS NOT NULL THEN array(SELECT CASE WHEN e IS NOT NULL THEN {each} END "
                               f"FROM unnest({column}) WITH ORDINALITY u(e, n) ORDER BY n) END FROM public.everything WHERE id = {row}"
                               if sql != "pair[]" else
                               f"SELECT CASE WHEN {column} IS NOT NULL THEN array(SELECT format('%s', {column}[n]) "
                               f"FROM generate_subscripts({column}, 1) n) END FROM public.everything WHERE id = {row}")
            else:
                cursor.execute(f"SELECT CASE WHEN {column}::text IS NOT NULL THEN {expected_sql(how, column)} END FROM public.everything WHERE id = {row}")
            want = parsed(how, cursor.fetchone()[0])
            scale = scale_of(schema["fields"][i + 1])
            assert normal(how, value[column], scale) == want, (sql, row, value[column], want)
        assert not special, (row, special)
    connection.close()
    # Where Python's own types are wide enough, the logical types decode as well.
    logical = road.decode(got[0].value())[0]
    assert str(logical["c21"]) == "1970-01-01" and str(logical["c13"]) == "0.00", (logical["c21"], logical["c13"])


def raw_value(road, message):
    _, schema = road.decode_schema(message.value())
    reader = fastavro.parse_schema(raw_schema(schema), _write_hint=False)
    return fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), reader, None), schema


def body(data):
    return None if data is None else data[5:]


def by_key(records):
    return {body(m.key()): (body(m.value()), dict(m.headers()).get("__special")) for m in records}


def same_bytes(snapshot, stream, what):
    assert snapshot.keys() == stream.keys(), (what, snapshot.keys() ^ stream.keys())
    for key, value in snapshot.items():
        assert value == stream[key], (what, key, value, stream[key])


def stream_gives_the_same_bytes(road):
    before = road.topic("everything", ROWS)[:ROWS]
    road.sql("DELETE FROM everything; " + rows_sql())
    after = road.topic("everything", 3 * ROWS)
    assert [dict(m.headers())["__op"] for m in after] == [b"r"] * ROWS + [b"d"] * ROWS + [b"c"] * ROWS
    same_bytes(by_key(before), by_key(after[2 * ROWS:]), "everything")
    assert {m.key() for m in before} == {m.key() for m in after[ROWS:2 * ROWS]}, "tombstones have the rows' keys"


def keys_are_the_same(road):
    names = [f"k{i}" for i in range(len(KEYS))]
    before = read_topics(road, names, 1)
    road.sql(" ".join(f"DELETE FROM {name};" for name in names) + keys_sql(table=False))
    after = read_topics(road, names, 3)
    for name, sql in zip(names, KEYS):
        count = len(before[name])
        assert sorted(m.key() for m in before[name]) == sorted(m.key() for m in after[name][count:2 * count]), sql
        same_bytes(by_key(before[name]), by_key(after[name][2 * count:3 * count]), sql)


def read_topics(road, names, lives):
    """The messages of many topics by one consumer; `lives` times as many as there are rows in each table."""
    consumer = Consumer({"bootstrap.servers": road.sluice.broker, "group.id": "types", "enable.auto.commit": False})
    consumer.assign([TopicPartition(f"shop.public.{name}", 0, 0) for name in names])
    want = {name: lives * road.sql(f"SELECT count(*) FROM {name}")[0][0] for name in names}
    got = {name: [] for name in names}

    def all_there():
        for message in consumer.consume(1000, 0.2):
            assert not message.error(), message.error()
            got[message.topic().rsplit(".", 1)[1]].append(message)
        return all(len(got[name]) >= want[name] for name in names)
    wait_until(all_there, 30, f"records of {want}")
    consumer.close()
    return got


def after_alter_too(road):
    road.sql("ALTER TABLE everything ADD COLUMN more numeric(6,3), DROP COLUMN c2")
    road.sql("DELETE FROM everything")
    rows = rows_sql(", 1.5")
    road.sql(" ".join(without(statement, 3) for statement in rows.split(";INSERT")))
    stream = road.topic("everything", 5 * ROWS)[-ROWS:]
    assert dict(stream[0].headers())["__op"] == b"c"
    road.sql("ALTER TABLE everything RENAME TO again")  # another topic, by a snapshot
    snapshot = wait_until(lambda: any(t["name"] == "shop.public.again" for t in road.sluice.status()["topics"]) and road.topic("again", ROWS), 30, "a snapshot")
    assert {dict(m.headers())["__op"] for m in snapshot} == {b"r"}
    same_bytes(by_key(snapshot), by_key(stream), "after ALTER TABLE")


def without(statement, number):
    """The INSERT without its value of that number: the column is gone."""
    head, values = statement.rstrip(";").split(" VALUES (", 1)
    del head
    parts, depth, quoted, start = [], 0, False, 0
    for at, c in enumerate(values):
        quoted ^= c == "'"
        if not quoted and c in "([":
            depth += 1
        elif not quoted and c in ")]":
            depth -= 1
        elif c == "," and not quoted and depth == 0:
            parts.append(values[start:at])
            start = at + 1
    parts.append(values[start:])
    del parts[number]
    return "INSERT INTO everything VALUES (" + ",".join(parts) + ";"


def main():
    checks = Checks()
    with temporary_directory() as directory:
        road = Road(directory, SETUP + table_sql() + rows_sql() + keys_sql())
        try:
            for function in (decodes_to_what_postgres_says, stream_gives_the_same_bytes, keys_are_the_same, after_alter_too):
                checks.run(function.__name__.replace("_", " "), function, road)
            if checks.failed:
                print(road.sluice.tail(40))
        finally:
            road.close()
    checks.finish()


main()
