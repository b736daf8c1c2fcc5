#!/usr/bin/env python3
"""Views as people meet them: the configuration, the command line, HTTP, and the topic under a Kafka client's eyes.

    views_test.py      SEED=n repeats the draw
"""
import io
import json
import os
import random
import shutil
import signal
import time

import fastavro
import requests

from harness import Checks, Postgres, Sluice, expect, read_topic, seed, temporary_directory, wait_until

CONFIG = """version: 1
log: {{keep_free: 100MB}}
listen: {{collect: 127.0.0.1:0}}
sources:
  shop: {{from: "{url}", tables: public.customers}}
topics:
  clicks: {{partitions: 3}}
views:
  web: {{sql: web.sql}}
  dear: {{sql: dear.sql}}
"""
WEB = """CREATE TABLE clicks (customer int8, page text, price numeric(9, 2), ts timestamptz)
  WITH (topic = 'clicks', watermark = 'ts - interval ''5 s''');
CREATE MATERIALIZED VIEW by_country AS
  SELECT c.country, count(*) AS clicks, sum(k.price) AS spent
  FROM clicks k JOIN shop.public.customers c ON c.id = k.customer GROUP BY c.country;
CREATE MATERIALIZED VIEW by_day AS
  SELECT customer, ts::date AS day, count(*) AS clicks FROM clicks GROUP BY customer, ts::date;
"""
DEAR = "-- the name is the entry's\nSELECT customer, page, price FROM clicks WHERE price > 50\n"


class Shop:
    """A database with customers, a server with views over them and over clicks."""

    def __init__(self, directory, postgres):
        self.directory, self.postgres = directory, postgres
        postgres.sql("CREATE TABLE customers (id int8 PRIMARY KEY, country text); INSERT INTO customers VALUES (1, 'NO'), (2, 'SE'), (3, 'SE')")
        self.write("sluice.yaml", CONFIG.format(url=postgres.url()))
        self.write("web.sql", WEB)
        self.write("dear.sql", DEAR)
        self.sluice = Sluice(directory, config=os.path.join(directory, "sluice.yaml"))

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def click(self, customer, price="1.00", page="/", ts="2026-11-28T10:00:00Z"):
        def taken():
            url = "http://" + self.sluice.status()["listen"]["collect"][0] + "/topics/clicks"
            event = {"customer": customer, "page": page, "price": price, "ts": ts}
            return requests.post(url, json=event, timeout=20).status_code == 200
        wait_until(taken, 30, "an event is taken")

    def ask(self, query):
        answer = requests.post(self.sluice.admin_url + "/sql", data=query, timeout=60)
        return answer.json()["rows"] if answer.ok else answer.text

    def comes(self, query, rows):
        last = []

        def there():
            last[:] = [self.ask(query)]
            return last[0] == rows
        try:
            wait_until(there, 40, query)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}") from None


def decoded(sluice, framed):
    """What a client of the registry makes of a framed key or value."""
    if framed is None:
        return None
    schema = json.loads(sluice.http(f"/schemas/ids/{int.from_bytes(framed[1:5], 'big')}", base=sluice.registry_url))["schema"]
    return fastavro.schemaless_reader(io.BytesIO(framed[5:]), fastavro.parse_schema(json.loads(schema)))


def from_event_to_topic(shop):
    """Events by HTTP and a captured table, one statement, and the rows wherever they can be seen."""
    sluice = shop.sluice
    shop.click(1, "60.00"), shop.click(2, "2.50"), shop.click(3, "0.50"), shop.click(9)
    shop.comes("SELECT country, clicks, spent FROM by_country ORDER BY country", [["NO", 1, "60.00"], ["SE", 2, "3.00"]])
    shop.postgres.sql("UPDATE customers SET country = 'NO' WHERE id = 2")
    shop.postgres.sql("DELETE FROM customers WHERE id = 3")
    shop.comes("SELECT country, clicks, spent FROM by_country ORDER BY country", [["NO", 2, "62.50"]])

    shown = expect(sluice.run("sql", "SELECT country, clicks, spent FROM by_country"), 0).stdout
    assert shown == " country | clicks | spent\n---------+--------+-------\n NO      |      2 | 62.50\n(1 row)\n", shown
    answer = json.loads(expect(sluice.run("sql", "--json", "SELECT count(*) AS n, true AS t, NULL AS none FROM clicks"), 0).stdout)
    assert answer["columns"][0] == {"name": "n", "type": "bigint"} and answer["rows"] == [[4, True, None]], answer
    shop.write("q.sql", "SELECT 1.5::float8 AS x, 'a' AS y FROM dear")
    assert json.loads(expect(sluice.run("sql", "-J", "-f", "q.sql"), 0).stdout)["rows"] == [[1.5, "a"]]

    # One row by its key, of one column and of two.
    url = sluice.admin_url + "/views/"
    assert requests.get(url + "by_country?key=NO", timeout=20).json() == {"country": "NO", "clicks": 2, "spent": "62.50"}
    assert requests.get(url + "by_day?customer=9&day=2026-11-28", timeout=20).json()["clicks"] == 1
    missing = requests.get(url + "by_day?customer=9&day=2020-01-01", timeout=20)
    assert missing.status_code == 404 and "no such row" in missing.json()["message"], missing.text
    assert requests.get(url + "by_day?customer=9", timeout=20).status_code == 400
    assert requests.get(url + "nope", timeout=20).status_code == 404

    # The topic, as a Kafka client sees it: of each key the newest row, a tombstone for the one that left.
    rows = {}
    for message in read_topic(sluice.broker, "by_country"):
        rows[decoded(sluice, message.key())["country"]] = decoded(sluice, message.value())
    assert rows["SE"] is None and rows["NO"]["clicks"] == 2 and str(rows["NO"]["spent"]) == "62.50", rows
    config = json.loads(expect(sluice.run("topic", "show", "by_country", "--json"), 0).stdout)
    assert "compact" in json.dumps(config), config
    dear = [decoded(sluice, m.value()) for m in read_topic(sluice.broker, "dear")]
    assert [(d["customer"], str(d["price"])) for d in dear] == [(1, "60.00")], dear


def seen(shop):
    """list, show, status, metrics."""
    sluice = shop.sluice
    listed = expect(sluice.run("view", "list"), 0).stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ["by_country", "by_day", "clicks", "dear"], listed
    shown = expect(sluice.run("view", "show", "by_country"), 0, out="GROUP BY c.country").stdout
    assert "key       country" in shown and "Join" in shown, shown
    assert expect(sluice.run("views"), 0).stdout.splitlines()[0] == listed.splitlines()[0]
    assert json.loads(expect(sluice.run("view", "show", "by_day", "--json"), 0).stdout)["key"] == ["customer", "day"]
    stage = next(s for s in sluice.status()["stages"] if s["name"] == "by_day")
    assert stage["kind"] == "view" and stage["state"] == "streaming" and stage["view_rows"] >= 1 and stage["watermark_ms"] > 0, stage
    expect(sluice.run("status", "by_day"), 0, out="watermark  2026-11-28")
    expect(sluice.run("status", "by_day"), 0, out="behind 0 records")
    metrics = sluice.http("/metrics")
    assert 'sluice_view_rows{name="by_country",stage="view"} 1' in metrics, [line for line in metrics.splitlines() if "view_rows" in line]
    assert sluice.http("/readyz") == "ready\n"
    expect(sluice.run("view", "show", "nope"), 1)


def refused(shop):
    """With the place and what to write; and nothing is changed."""
    sluice = shop.sluice
    before = sluice.run("view", "list").stdout
    for statement, message in (
            ("CREATE MATERIALIZED VIEW v AS\nSELECT nope FROM clicks", "line 2, column 8"),
            ("CREATE MATERIALIZED VIEW v AS SELECT sum(price) OVER () AS s FROM clicks", "tumble(), hop() or session()"),
            ("CREATE MATERIALIZED VIEW v AS SELECT now() AS n FROM clicks", "event time only"),
            ("CREATE MATERIALIZED VIEW v AS SELECT customer FROM click", "did you mean clicks?"),
            ("CREATE MATERIALIZED VIEW clicks AS SELECT 1 AS x FROM dear", "clicks is a stream"),
            ("CREATE MATERIALIZED VIEW w AS SELECT country FROM by_country; CREATE SOURCE s", "CREATE TABLE clicks"),
            ("SELECT 1", "defines nothing"),
            ("DROP TABLE clicks", "is read by by_country, by_day, dear")):
        result = sluice.run("view", "create", statement)
        assert result.returncode in (1, 4) and message in result.stderr, (statement, result)
    assert sluice.run("view", "list").stdout == before
    answer = requests.post(sluice.admin_url + "/sql", data="SELECT 1 / 0 FROM dear", timeout=20)
    assert answer.status_code == 400 and answer.json()["message"] == "division by zero", answer.text
    for method, path in (("POST", "/sql"), ("POST", "/views"), ("DELETE", "/views/dear")):
        answer = requests.request(method, sluice.admin_url + path, data="SELECT 1", headers={"Origin": "https://evil.example"}, timeout=20)
        assert answer.status_code == 403, (method, path, answer.status_code)


def changed(shop):
    """Another definition, by the command line: both counts are told; readers go on; the topic changes where rows differ."""
    sluice = shop.sluice
    expect(sluice.run("view", "create", "CREATE MATERIALIZED VIEW busy AS SELECT country, clicks FROM by_country WHERE clicks > 1"), 0)
    shop.comes("SELECT * FROM busy", [["NO", 2]])
    shop.click(1)
    shop.comes("SELECT * FROM busy", [["NO", 3]])
    written = len(read_topic(sluice.broker, "by_country"))
    shop.write("new.sql", WEB.split(";")[1].replace("count(*) AS clicks", "count(*) AS clicks, max(k.ts) AS newest").replace("JOIN", "LEFT JOIN") + ";")
    result = expect(sluice.run("view", "create", "-f", "new.sql"), 0, err="generation 2 has taken its place: 2 rows, before 1")
    assert result.stdout == "", result
    shop.comes("SELECT country, clicks FROM by_country ORDER BY country", [["NO", 3], [None, 2]])
    shop.comes("SELECT * FROM busy ORDER BY 1", [["NO", 3], [None, 2]])
    assert len(read_topic(sluice.broker, "by_country")) == written + 2
    expect(sluice.run("view", "create", "-f", "new.sql"), 0, err="it is defined so already")
    expect(sluice.run("view", "create", "CREATE MATERIALIZED VIEW by_country AS SELECT country FROM shop.public.customers GROUP BY country"), 4, err="busy")
    expect(sluice.run("view", "delete", "by_country", "--yes"), 4, err="is read by busy")
    expect(sluice.run("view", "delete", "busy", "--yes"), 0)
    expect(sluice.run("view", "show", "busy"), 1)
    shop.comes("SELECT country FROM busy ORDER BY 1", [["NO"], [None]])  # the topic stays
    expect(sluice.run("view", "create", "CREATE MATERIALIZED VIEW busy AS SELECT country, clicks FROM by_country WHERE clicks > 2"), 0)
    shop.comes("SELECT * FROM busy", [["NO", 3]])
    assert not [name for name in os.listdir(os.path.join(sluice.data, "views", "by_country")) if name != "2"]


def reloaded(shop):
    """SIGHUP defines what is new; what is wrong is told with its file and place, also by check."""
    sluice = shop.sluice
    shop.write("more.sql", "SELECT page, count(*) AS n FROM clicks GROUP BY page")
    config = CONFIG.format(url=shop.postgres.url())
    shop.write("sluice.yaml", config + "  pages: {sql: more.sql, emit: changes}\n")
    sluice.process.send_signal(signal.SIGHUP)
    shop.comes("SELECT n FROM pages", [[5]])
    shop.write("bad.sql", "SELECT page\nFROM clicks GROUP BYE page")
    shop.write("sluice.yaml", config + "  bad: {sql: bad.sql}\n")
    result = sluice.run("check", "-c", "sluice.yaml", "--no-connect")
    assert result.returncode == 2 and "bad.sql:2:19: syntax error" in result.stderr, result
    shop.write("sluice.yaml", config + "  late: {sql: late.sql}\n")
    shop.write("late.sql", "SELECT id, sum(x) AS x FROM shop.public.later GROUP BY id")
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(s["name"] == "late" and s["state"] == "waiting" and "shop.public.later" in s["error"] for s in sluice.status()["stages"]), 20, "late waits")
    assert "view late: waiting" in requests.get(sluice.admin_url + "/readyz", timeout=20).text
    assert json.loads(sluice.run("view", "list", "--json").stdout)[-1]["name"] == "pages"
    shop.write("sluice.yaml", config)
    sluice.process.send_signal(signal.SIGHUP)
    try:
        wait_until(lambda: sluice.http("/readyz") == "ready\n", 20, "late is forgotten")
    except AssertionError as error:
        raise AssertionError(f"{error}: {requests.get(sluice.admin_url + '/readyz', timeout=20).text}") from None
    # What the file says holds again: the definition that the command line had changed.
    shop.comes("SELECT country, clicks FROM by_country", [["NO", 3]])


def restored(shop):
    """The folder of the state is lost; then a stop and a start: the same rows, and not one record more."""
    sluice = shop.sluice
    rows = shop.ask("SELECT * FROM by_day ORDER BY 1, 2")
    records = {topic: len(read_topic(sluice.broker, topic)) for topic in ("by_country", "by_day", "dear")}
    for lose in (True, False):
        assert sluice.stop() == 0
        if lose:
            shutil.rmtree(os.path.join(sluice.data, "views"))
        sluice.start()
        shop.comes("SELECT * FROM by_day ORDER BY 1, 2", rows)
        shop.comes("SELECT count(*) FROM by_country", [[1]])
        assert records == {topic: len(read_topic(sluice.broker, topic)) for topic in records}
    shop.click(9)
    shop.comes("SELECT sum(clicks) FROM by_day", [["6"]])


def killed_while_it_is_read_back(shop, kills):
    """The folder is lost, and the server killed soon after each start: what it leaves of the folder is whole, or nothing."""
    draw = random.Random(seed())
    sluice = shop.sluice
    url = "http://" + sluice.status()["listen"]["collect"][0] + "/topics/clicks"

    def click(pages):
        events = [{"customer": 1, "page": f"/{page}", "price": "1.00", "ts": "2026-11-28T10:00:00Z"} for page in pages]
        assert requests.post(url, json=events, timeout=30).ok

    for i in range(0, 20_000, 500):
        click(range(i, i + 500))
    assert requests.post(sluice.admin_url + "/views", data="CREATE MATERIALIZED VIEW by_page AS SELECT page, count(*) AS n FROM clicks GROUP BY page", timeout=20).ok
    question, rows = "SELECT page, n FROM by_page ORDER BY page", "SELECT page, count(*) AS n FROM clicks GROUP BY page ORDER BY page"
    shop.comes(question, shop.ask(rows))
    half = 0
    folder = os.path.join(sluice.data, "views", "by_page", "1")
    for number in range(kills):
        sluice.kill()
        shutil.rmtree(os.path.join(sluice.data, "views"))
        sluice.start(wait=False)
        wait_until(lambda: os.path.exists(folder), 30, "it is being read back", every=0.001)
        time.sleep(draw.uniform(0, 0.15))
        sluice.kill()
        half += os.path.exists(os.path.join(folder, "filling"))
        sluice.start()
        wait_until(lambda: isinstance(shop.ask("SELECT count(*) FROM clicks"), list), 30, "the server answers")
        url = "http://" + sluice.status()["listen"]["collect"][0] + "/topics/clicks"
        click([draw.randrange(20_000), number])
        shop.comes(question, shop.ask(rows))
    print(f"{kills} kills after a start without the folder, {half} of them while it was read back; 20,000 rows compared each time")


def killed_while_it_changes(shop, kills):
    """A definition is changed, and the server killed while it is built and takes the topic over: in the end it is the newest, and exact."""
    draw = random.Random(seed())
    sluice = shop.sluice
    for i in range(3000):
        if i % 500 == 0:
            url = "http://" + sluice.status()["listen"]["collect"][0] + "/topics/clicks"
            events = [{"customer": draw.randrange(1, 4), "page": "/", "price": "1.00", "ts": "2026-11-28T10:00:00Z"} for _ in range(500)]
            assert requests.post(url, json=events, timeout=30).ok
    interrupted = 0
    for number in range(kills):
        sql = f"CREATE MATERIALIZED VIEW per AS SELECT customer, count(*) + {number} AS n FROM clicks GROUP BY customer"
        assert requests.post(sluice.admin_url + "/views", data=sql, timeout=20).ok
        time.sleep(draw.choice([0, 0.01, 0.05, 0.1, 0.2, 0.3]))
        interrupted += requests.get(sluice.admin_url + "/views/per", timeout=20).json()["building"] != ""
        sluice.kill()
        sluice.start()
        wait_until(lambda: isinstance(shop.ask("SELECT count(*) FROM clicks"), list), 30, "the server answers")
        wanted = [[c, n + number] for c, n in shop.ask("SELECT customer, count(*) FROM clicks GROUP BY customer ORDER BY 1")]
        shop.comes("SELECT customer, n FROM per ORDER BY customer", wanted)
        wait_until(lambda: json.loads(sluice.http("/views/per"))["building"] == "", 30, "nothing is built any more")
        shop.comes("SELECT customer, n FROM per ORDER BY customer", wanted)
        newest = {}
        for message in read_topic(sluice.broker, "per"):
            newest[decoded(sluice, message.key())["customer"]] = decoded(sluice, message.value())["n"]
        assert sorted(map(list, newest.items())) == wanted, (newest, wanted)
    print(f"{kills} kills, {interrupted} of them while a definition was built or took over; rows compared each time")


def main():
    checks = Checks()
    with temporary_directory() as directory, Postgres(directory) as postgres:
        shop = Shop(directory, postgres)
        with shop.sluice:
            checks.run("events and a table become rows: asked, by key, in the topic", from_event_to_topic, shop)
            checks.run("list, show, status and metrics tell of views", seen, shop)
            checks.run("what is refused is told with its place, and changes nothing", refused, shop)
            checks.run("another definition takes the old one's place, and both counts are told", changed, shop)
            checks.run("the configuration is read again; what is not there yet is waited for", reloaded, shop)
            checks.run("a lost folder of state is read back from the log", restored, shop)
            checks.run("a lost folder that is read back while the server is killed", killed_while_it_is_read_back, shop, 12)
            checks.run("a definition that changes while the server is killed", killed_while_it_changes, shop, 8)
    checks.finish()


if __name__ == "__main__":
    main()
