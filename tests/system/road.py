"""A database of one's own on the road: what several system tests stand on."""
import io
import json
import os

import fastavro

from harness import Postgres, Sluice, read_topic, wait_until


class Road:
    """A database `shop` made by `sql`, captured as `shop` and archived; streaming when the constructor returns, unless told not
    to wait. `sinks`: more of them, as lines of YAML."""

    def __init__(self, directory, sql, settings=None, user="postgres", config="", programs=None, wait=True,
                 form="avro", sinks=""):
        self.directory = directory
        self.server = Postgres(directory, settings, programs)
        self.server.create_database("shop")
        self.server.sql(sql, database="shop")
        self.archive = os.path.join(directory, "archive")
        path = os.path.join(directory, "sluice.yaml")
        with open(path, "w") as file:
            file.write(f"version: 1\n{config or 'log: {keep_free: 100MB}'}\nsources:\n  shop:\n"
                       f"    from: {self.server.url('shop', user)}\n    tables: [public.*]\n"
                       f"    password: ${{file:{directory}/password}}\n"
                       f"sinks:\n  archive: {{to: {self.archive}, topics: 'shop.*', format: {form}, roll: {{after: 1s}}}}\n{sinks}")
        self.schemas = {}
        self.set_password("")
        self.sluice = Sluice(directory, config=path)
        self.sluice.start()
        if wait:
            wait_until(self.streaming, 60, "the source streams")

    def set_password(self, text):
        with open(os.path.join(self.directory, "password"), "w") as file:
            file.write(text)

    def sql(self, query, *args):
        return self.server.sql(query, args or None, database="shop")

    def stage(self, kind):
        return next((s for s in self.sluice.status().get("stages", []) if s["kind"] == kind), {})

    def streaming(self):
        return self.stage("source").get("state") == "streaming"

    def topic(self, table, count):
        """The topic's messages, once there are `count`."""
        name = f"shop.public.{table}"
        messages = []

        def there():
            # Offsets count control records as well: enough of them is a reason to read, not to believe.
            nonlocal messages
            if sum(t["end"] - t["start"] for t in self.sluice.status()["topics"] if t["name"] == name) >= count:
                messages = read_topic(self.sluice.broker, name)
            return len(messages) >= count
        wait_until(there, 30, f"{count} records of {table}")
        return messages

    def decode(self, data):
        """A value in Confluent's framing, and its schema."""
        parsed, schema = self.decode_schema(data)
        return fastavro.schemaless_reader(io.BytesIO(data[5:]), parsed, None), schema

    def decode_schema(self, data):
        """The schema of a value in Confluent's framing: parsed, and as JSON."""
        number = int.from_bytes(data[1:5], "big")
        if number not in self.schemas:
            answer = json.loads(self.sluice.http(f"/schemas/ids/{number}", base=self.sluice.registry_url))
            schema = json.loads(answer["schema"])
            self.schemas[number] = (fastavro.parse_schema(dict(schema)), schema)
        return self.schemas[number]

    def rows(self, table):
        """The newest value of each key in the topic, by its `id`."""
        rows = {}
        for message in read_topic(self.sluice.broker, f"shop.public.{table}"):
            key = self.decode(message.key())[0]["id"]
            rows.pop(key, None)
            if message.value() is not None:
                rows[key] = self.decode(message.value())[0]
        return rows

    def item(self, table, kind="source"):
        return next((i for i in self.stage(kind).get("items", []) if i["name"] == f"shop.public.{table}"), {})

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            print(self.sluice.tail(60))
        self.close()

    def close(self):
        self.sluice.kill()
        self.server.stop()
