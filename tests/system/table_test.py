"""A table as it is, read by foreign readers, equals SELECT * of a real PostgreSQL, row by row: over HTTP and from a sink of
`mode: latest`, after updates, deletes, changes of keys, values that PostgreSQL did not send, and changes of columns.
"""
import glob
import importlib.util
import io
import json
import os
import random
import threading
import time
import urllib.error
import urllib.request

import fastavro

from harness import Checks, seed, temporary_directory, wait_until
from road import Road

SQL = """
CREATE TABLE orders (id int PRIMARY KEY, n int, note text, big text, price numeric(10,2));
ALTER TABLE orders ALTER big SET STORAGE EXTERNAL;
CREATE TABLE empty (id int PRIMARY KEY);
CREATE TABLE clicks (at int, what text);
INSERT INTO orders SELECT i, i, 'note ' || i, repeat('x', 3000) || i, i / 100.0 FROM generate_series(1, 500) i;
"""
COLUMNS = "id, n, note, big, price"


def get(road, path, headers=None, method="GET"):
    """(status, headers, body)"""
    request = urllib.request.Request(road.sluice.admin_url + path, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def table(road, name="orders"):
    status, headers, body = get(road, f"/tables/shop.public.{name}.avro")
    assert status == 200, (status, body)
    rows = list(fastavro.reader(io.BytesIO(body)))
    assert headers["X-Sluice-Rows"] == str(len(rows)), headers
    return rows


def select(road, name="orders", columns=COLUMNS):
    return road.sql(f"SELECT {columns} FROM {name} ORDER BY 1")


def captured(road):
    """Waits until what the database has committed is in the log, and in what is served: that may be a second behind."""
    marker = random.randrange(2**30)
    road.sql("INSERT INTO clicks VALUES (%s, 'marker')", marker)
    wait_until(lambda: any(row["at"] == marker for row in table(road, "clicks")), 30, "the marker comes through", every=1.1)
    time.sleep(1.1)


def own(rows, columns=COLUMNS):
    names = columns.split(", ")
    return sorted(tuple(row[name] for name in names) for row in rows)


def same(road):
    captured(road)
    rows = table(road)
    assert own(rows) == select(road), "the table is not SELECT *"
    assert all(row["_unchanged"] is None for row in rows), "columns are missing"
    return rows


def first(road):
    rows = same(road)
    assert list(rows[0])[:5] == COLUMNS.split(", ") and "_offset" in rows[0], list(rows[0])
    assert table(road, "empty") == []
    listed = json.loads(get(road, "/tables")[2])
    assert {"topic": "shop.public.orders", "partitions": 1,
            "tables": {"parquet": "/tables/shop.public.orders.parquet", "avro": "/tables/shop.public.orders.avro"}} in listed


class Load(threading.Thread):
    """Writes until it is told to pause."""

    def __init__(self, road, seed_value):
        super().__init__(daemon=True)
        self.road, self.random = road, random.Random(seed_value)
        self.go, self.idle, self.end, self.error, self.changes = threading.Event(), threading.Event(), False, None, 0

    def change(self, cursor):
        n = self.random.randrange(1, 600)
        what = self.random.randrange(10)
        if what < 5:  # big stays as it is, and is not sent
            cursor.execute("UPDATE orders SET n = n + 1 WHERE id = %s", (n,))
        elif what < 6:
            cursor.execute("DELETE FROM orders WHERE id = %s", (n,))
        elif what < 8:
            cursor.execute("INSERT INTO orders VALUES (%s, 1, 'new', repeat('y', 3000), 1) ON CONFLICT (id) DO UPDATE SET note = 'again'", (n,))
        elif what < 9:
            cursor.execute("UPDATE orders SET id = id + 1000, n = 0 WHERE id = %s AND NOT EXISTS (SELECT FROM orders WHERE id = %s)", (n, n + 1000))
        else:
            cursor.execute("UPDATE orders SET big = repeat('z', 2500) || n WHERE id = %s", (n,))
        self.changes += 1

    def run(self):
        try:
            connection = self.road.server.connect("shop")
            with connection.cursor() as cursor:
                while not self.end:
                    if not self.go.is_set():
                        self.idle.set()
                        self.go.wait(0.1)
                        continue
                    self.idle.clear()
                    self.change(cursor)
            connection.close()
        except Exception as error:  # told by the test
            self.error = error
            self.idle.set()

    def pause(self):
        self.go.clear()
        time.sleep(0.05)
        self.idle.clear()
        assert self.idle.wait(30), "the load does not pause"
        assert self.error is None, self.error


def under_load(road, seed_value):
    load = Load(road, seed_value)
    load.start()
    for _ in range(4):
        load.go.set()
        time.sleep(1.5)
        rows = table(road)  # under load: keys are unique, nothing is missing of a row
        assert len({row["id"] for row in rows}) == len(rows) and all(row["_unchanged"] is None for row in rows)
        load.pause()
        same(road)
    load.end = True
    load.join(10)
    print(f"      {load.changes} changes, {len(table(road))} rows")


def columns_change(road):
    road.sql("ALTER TABLE orders DROP COLUMN note, ADD COLUMN late int")
    road.sql("UPDATE orders SET late = 7 WHERE id % 3 = 0")
    captured(road)
    rows = table(road)
    assert "note" not in rows[0], list(rows[0])
    columns = "id, n, big, price, late"
    assert [r[:4] + (r[4] or 0,) for r in own([{**r, "late": r["late"] or 0} for r in rows], columns)] == \
        [r[:4] + (r[4] or 0,) for r in select(road, columns=columns)]
    road.sql("ALTER TABLE orders DROP COLUMN late, ADD COLUMN note text")
    road.sql("UPDATE orders SET note = 'n' || id")


def ranges(road):
    path = "/tables/shop.public.orders.avro"
    status, headers, body = get(road, path)
    etag, size = headers["ETag"], len(body)
    assert status == 200 and headers["Accept-Ranges"] == "bytes" and headers["Cache-Control"] == "no-cache"
    assert headers["X-Sluice-Offsets"] == "0=" + etag.strip('"'), headers
    status, headers, nothing = get(road, path, method="HEAD")
    assert (status, headers["Content-Length"], headers["ETag"], nothing) == (200, str(size), etag, b"")
    road.sql("UPDATE orders SET n = n + 1 WHERE id = 3")  # the topic moves; the reader's version does not
    captured(road)
    parts = b""
    while len(parts) < size:
        status, headers, part = get(road, path, {"Range": f"bytes={len(parts)}-{len(parts) + 99_999}"})
        assert status == 206 and headers["ETag"] == etag, (status, headers)
        assert headers["Content-Range"] == f"bytes {len(parts)}-{len(parts) + len(part) - 1}/{size}"
        parts += part
    assert parts == body
    assert get(road, path, {"Range": f"bytes={size}-"})[0] == 416
    assert get(road, path, {"Range": "bytes=-10"})[2] == body[-10:]
    assert get(road, path + "?version=" + etag.strip('"'), {"If-None-Match": etag})[0] == 304
    assert get(road, path + "?version=" + etag.strip('"'))[2] == body
    status, headers, newer = get(road, path)
    assert status == 200 and headers["ETag"] != etag and newer != body
    assert get(road, path, {"If-Match": etag})[0] == 412
    assert get(road, path, {"Range": "bytes=0-9", "If-Range": etag})[0] == 200
    assert get(road, path + "?version=1")[0] == 404


def refusals(road):
    status, _, body = get(road, "/tables/nothing.avro")
    assert status == 404 and b"GET /tables" in body, (status, body)
    assert get(road, "/tables/shop.public.orders.xlsx")[0] == 404
    assert get(road, "/tables/__sluice_positions.avro")[0] == 404


def latest(road, folder):
    """What a sink of `mode: latest` has written is whole and equals the table."""
    captured(road)
    result = road.sluice.run("verify")
    assert result.returncode == 0, (result.stdout, result.stderr)
    topic = os.path.join(folder, "shop.public.orders")
    with open(os.path.join(topic, "_latest.json")) as file:
        pointer = json.load(file)
    rows = []
    for file in pointer["files"]:
        with open(os.path.join(topic, pointer["folder"], file["name"]), "rb") as data:
            rows += list(fastavro.reader(data))
    assert own(rows) == select(road) and len(rows) == pointer["rows"]
    assert all(row["_offset"] < pointer["offsets"]["0"] for row in rows)
    assert len([f for f in os.listdir(topic) if f.startswith("v-")]) == 1 + len(pointer["previous"]) <= 3
    result = road.sluice.run("verify", folder)
    assert result.returncode == 0, (result.stdout, result.stderr)
    path = os.path.join(topic, pointer["folder"], pointer["files"][0]["name"])
    with open(path, "r+b") as data:
        data.seek(-20, os.SEEK_END)
        byte = data.read(1)
        data.seek(-20, os.SEEK_END)
        data.write(bytes([byte[0] ^ 1]))
    result = road.sluice.run("verify", folder)
    assert result.returncode != 0 and "shop.public.orders" in result.stdout, (result.stdout, result.stderr)


def has_parquet(road):
    return importlib.util.find_spec("pyarrow") and get(road, "/tables/shop.public.orders.parquet", method="HEAD")[0] == 200


def parquet(road):
    if not has_parquet(road):
        status, headers, body = get(road, "/tables/shop.public.orders.parquet")
        assert status in (409, 503) and headers["Retry-After"] and body, (status, headers, body)
        print("      no Parquet in this build: it is refused with the reason")
        return
    import pyarrow.parquet
    captured(road)
    url = road.sluice.admin_url + "/tables/shop.public.orders.parquet"
    expected = select(road)
    rows = pyarrow.parquet.read_table(io.BytesIO(get(road, "/tables/shop.public.orders.parquet")[2])).to_pylist()
    assert own(rows) == expected
    if importlib.util.find_spec("pandas"):
        import pandas
        assert own(pandas.read_parquet(url).to_dict("records")) == expected
    duck(url, expected)


def duck(url, expected):
    """DuckDB reads with HEAD and ranges, where its extension for HTTP is at hand."""
    import duckdb
    connection = duckdb.connect()
    try:
        extension = importlib.util.find_spec("duckdb_extension_httpfs")
        folder = extension and extension.submodule_search_locations[0]
        files = glob.glob(f"{folder}/**/httpfs.duckdb_extension", recursive=True) if folder else []
        connection.execute(f"LOAD '{files[0]}'" if files else "LOAD httpfs")
    except duckdb.Error:
        print("      DuckDB's httpfs is not installed here")
        return
    assert connection.execute(f"SELECT {COLUMNS} FROM '{url}' ORDER BY 1").fetchall() == expected


def main():
    checks = Checks()
    value = seed()
    with temporary_directory() as directory:
        folder = os.path.join(directory, "tables")
        sinks = f"  tables: {{to: {folder}, mode: latest, every: 2s, topics: 'shop.*'}}\n"
        with Road(directory, SQL, sinks=sinks) as road:
            checks.run("a table is SELECT *", first, road)
            checks.run("under a load that pauses", under_load, road, value)
            checks.run("with the columns that it has now", columns_change, road)
            checks.run("in ranges of one version", ranges, road)
            checks.run("what there is not is refused", refusals, road)
            checks.run("as Parquet", parquet, road)
            checks.run("in a place of latest states", latest, road, folder)
    checks.finish()


if __name__ == "__main__":
    main()
