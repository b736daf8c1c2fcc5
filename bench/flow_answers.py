"""What Sluice and Kafka Streams answer to a query of Nexmark, beside each other: for bench.py's phase `flow`."""
import collections
import datetime
import decimal
import io
import json

import harness
import requests

# Other than all: of bids of the same millisecond any may be the last; Kafka Streams has a window's auctions in one row.
COLUMNS = {"q18": ("auction", "bidder", "date_time"), "q5": ("window_start", "num", "auction")}


def answer(bench, topic, query):
    """What a topic says in the end: rows of the query's columns, the last of each key, or all of them where there are no keys; counted."""
    columns = COLUMNS.get(query) or [field["name"] for field in bench.shapes[f"nexmark-{query}"]["fields"]]
    schemas, last, rows = {}, {}, collections.Counter()
    for message in harness.read_topic(bench.sluice.broker, topic):
        last[message.key() or message.offset()] = message.value()
    for value in last.values():
        if value is not None:
            rows.update(plain(row, columns) for row in decoded(bench, schemas, value))
    return rows


def decoded(bench, schemas, value):
    """The row; or rows, since Kafka Streams' answer to q5 has all auctions of a window in one."""
    import fastavro
    number = int.from_bytes(value[1:5], "big")
    if number not in schemas:
        text = requests.get(f"{bench.sluice.registry_url}/schemas/ids/{number}", timeout=30).json()["schema"]
        schemas[number] = fastavro.parse_schema(json.loads(text))
    row = fastavro.schemaless_reader(io.BytesIO(value[5:]), schemas[number])
    return [{**row, "auction": auction} for auction in row["auctions"]] if "auctions" in row else [row]


def plain(row, columns):
    """Numbers with a fraction to six digits, times in UTC."""
    def one(value):
        if isinstance(value, (float, decimal.Decimal)):
            return f"{float(value):.6g}"
        return value.replace(tzinfo=datetime.UTC) if isinstance(value, datetime.datetime) else value
    return tuple(one(row[column]) for column in columns)


def compare(bench, query, say):
    mine, theirs = (answer(bench, topic, query) for topic in (query, f"nexmark-{query}"))
    more, less = (mine - theirs).total(), (theirs - mine).total()
    say(f"flow: {query}, answers", f"the same {mine.total():,} rows" if not more + less else f"DIFFERENT: {more:,} rows only here, {less:,} only there")
