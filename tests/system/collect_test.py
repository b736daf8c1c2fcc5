"""Events by HTTP, into a real server, by the clients that people have: requests, the CloudEvents SDK, Kafka's REST bodies.

The hard part is a storm: clients send events of which each has a name, and send each again until it is acknowledged, while the
server is killed. In the end every acknowledged event is in the topic, and none is there twice.

    collect_test.py [--kills N]
"""
import argparse
import base64
import gzip
import json
import os
import random
import socket
import sys
import threading
import time

import fastavro
import requests

from harness import Checks, Sluice, read_topic, seed, temporary_directory, wait_until

CLICK = {"type": "record", "name": "Click", "namespace": "web", "fields": [
    {"name": "user", "type": "string"}, {"name": "n", "type": "long"},
    {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}], "default": None},
    {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}], "default": None}]}
CONFIG = """version: 1
log: {{keep_free: 100MB}}
listen: {{collect: 127.0.0.1:0}}
topics:
  clicks: {{partitions: 3}}
  named: {{partitions: 2}}
  keyed: {{}}
  raw: {{}}
collect:
  named: {{topics: named, dedupe: {{by: messageId, within: 1h}}}}
  keyed: {{topics: keyed, write_keys: ["${{file:{directory}/key}}"], origins: ["https://shop.example"], events_per_second: 5, key: user,
          headers: [received, address, agent]}}
  guess: {{topics: "guess*", infer: true}}
  rest: {{topics: "*"}}
"""


class Web:
    def __init__(self, directory):
        with open(os.path.join(directory, "key"), "w") as file:
            file.write("s3cret\n")
        path = os.path.join(directory, "sluice.yaml")
        with open(path, "w") as file:
            file.write(CONFIG.format(directory=directory))
        self.sluice = Sluice(directory, config=path)
        self.sluice.start()
        for topic in ("clicks", "named", "keyed"):
            answer = requests.post(f"{self.sluice.registry_url}/subjects/{topic}-value/versions", json={"schema": json.dumps(CLICK)}, timeout=10)
            assert answer.ok, answer.text

    @property
    def url(self):
        return "http://" + self.sluice.status()["listen"]["collect"][0]

    def post(self, topic, body=None, url=None, **more):
        return requests.post(f"{url or self.url}/topics/{topic}", timeout=60, **({"json": body} if body is not None else {}), **more)

    def values(self, topic, partitions=3):
        schema = fastavro.parse_schema(dict(CLICK))
        out = []
        for partition in range(partitions):
            for message in read_topic(self.sluice.broker, topic, partition):
                import io
                out.append((fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema, None), message))
        return out


def json_of_all_kinds(web):
    one = web.post("clicks", {"user": "ann", "n": 1, "price": "12.50", "at": "2026-11-28T10:00:00Z"})
    assert one.status_code == 200 and one.json()["offsets"][0]["error_code"] is None, one.text
    assert web.post("clicks", [{"user": "b", "n": 2}, {"user": "c", "n": 3}]).status_code == 200
    lines = b'{"user":"d","n":4}\n{"user":"e","n":5}\n'
    for data, coding in ((lines, None), (gzip.compress(lines), "gzip")):
        headers = {"Content-Type": "application/x-ndjson", **({"Content-Encoding": coding} if coding else {})}
        assert web.post("clicks", data=data, headers=headers).status_code == 200
    values = sorted((v["n"], v["user"]) for v, _ in web.values("clicks"))
    assert values == [(1, "ann"), (2, "b"), (3, "c"), (4, "d"), (4, "d"), (5, "e"), (5, "e")], values
    ann = next(v for v, _ in web.values("clicks") if v["user"] == "ann")
    assert str(ann["price"]) == "12.50" and ann["at"].isoformat() == "2026-11-28T10:00:00+00:00", ann


def confluents_deserializer_reads_it(web):
    from confluent_kafka import DeserializingConsumer
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    consumer = DeserializingConsumer({"bootstrap.servers": web.sluice.broker, "group.id": "g", "auto.offset.reset": "earliest",
                                      "value.deserializer": AvroDeserializer(SchemaRegistryClient({"url": web.sluice.registry_url}))})
    consumer.subscribe(["clicks"])
    try:
        users = set()
        wait_until(lambda: (m := consumer.poll(1)) is None or users.add(m.value()["user"]) or len(users) == 5, 30, "all users are read", every=0)
    finally:
        consumer.close()


def what_does_not_fit(web):
    mixed = web.post("clicks", [{"user": "x", "n": 1}, {"user": "y", "n": "many"}])
    assert mixed.status_code == 207, mixed.text
    assert ".n" in mixed.json()["offsets"][1]["error"], mixed.text
    dead = read_topic(web.sluice.broker, "__sluice_dead_letters")
    assert json.loads(dead[-1].value()) == {"user": "y", "n": "many"}, dead[-1].value()
    headers = dict(dead[-1].headers())
    assert headers["__topic"] == b"clicks" and b".n" in headers["__error"], headers
    assert web.post("clicks", data="{").status_code == 400
    assert web.post("clicks", data="x", headers={"Content-Type": "image/png"}).status_code == 415
    assert web.post("clicks", data=b"x" * (17 << 20)).status_code == 413
    bomb = gzip.compress(b" " * (65 << 20))
    assert web.post("clicks", data=bomb, headers={"Content-Encoding": "gzip"}).status_code in (400, 413)
    assert web.post("nowhere", {}).status_code == 404
    refused = web.post("raw", {"a": 1})
    assert refused.status_code == 422 and "infer" in refused.json()["hint"], refused.text
    assert requests.put(f"{web.url}/topics/clicks", timeout=10).status_code == 405


def a_schema_is_told_from_the_first_events(web):
    assert web.post("guessed", [{"id": 1, "tags": ["a"]}, {"id": 2, "note": "x"}]).status_code == 200
    schema = requests.get(f"{web.sluice.registry_url}/subjects/guessed-value/versions/latest/schema", timeout=10).json()
    assert [f["name"] for f in schema["fields"]] == ["id", "tags", "note"], schema
    assert web.post("guessed", {"id": "three"}).status_code == 400


def keys_origins_quotas(web):
    assert web.post("keyed", {"user": "a", "n": 1}).status_code == 401
    assert web.post("keyed", {"user": "a", "n": 1}, headers={"Authorization": "Bearer wrong"}).status_code == 403
    good = web.post("keyed", {"user": "a", "n": 1}, headers={"Authorization": "Bearer s3cret", "Origin": "https://shop.example"})
    assert good.status_code == 200 and good.headers["Access-Control-Allow-Origin"] == "https://shop.example", good.headers
    beacon = requests.post(f"{web.url}/topics/keyed?write_key=s3cret", data='{"user":"b","n":2}', headers={"Content-Type": "text/plain;charset=UTF-8"}, timeout=10)
    assert beacon.status_code == 200, beacon.text
    asked = requests.options(f"{web.url}/topics/keyed", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                                                                 "Access-Control-Request-Headers": "content-type,x-write-key"}, timeout=10)
    assert asked.status_code == 204 and "x-write-key" in asked.headers["Access-Control-Allow-Headers"], asked.headers
    over = [web.post("keyed", {"user": "a", "n": 1}, headers={"X-Write-Key": "s3cret"}) for _ in range(20)]
    refused = [a for a in over if a.status_code == 429]
    assert refused and int(refused[0].headers["Retry-After"]) >= 1, [a.status_code for a in over]
    message = read_topic(web.sluice.broker, "keyed")[0]
    headers = dict(message.headers())
    assert message.key() == b"a" and headers["__address"] == b"127.0.0.1" and headers["__agent"].startswith(b"python-requests"), headers


def kafkas_rest_bodies(web):
    def v2(form, body, topic="clicks"):
        return web.post(topic, data=json.dumps(body), headers={"Content-Type": f"application/vnd.kafka.{form}.v2+json"})
    answer = v2("json", {"records": [{"value": {"user": "r", "n": 1}, "partition": 2}, {"value": {"user": "r"}}]})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/vnd.kafka.v2+json", answer.text
    assert answer.json()["offsets"][0]["partition"] == 2 and answer.json()["offsets"][1]["error_code"] == 1, answer.text
    answer = v2("avro", {"value_schema": json.dumps(CLICK), "records": [{"value": {"user": "s", "n": 2, "price": {"bytes": "\u0001"}, "at": None}}]})
    assert answer.json()["offsets"][0]["error_code"] is None and answer.json()["value_schema_id"] > 0, answer.text
    answer = v2("binary", {"records": [{"key": base64.b64encode(b"k").decode(), "value": base64.b64encode(b"\x00\x01").decode()}]}, "raw")
    assert answer.json()["offsets"][0]["offset"] == 0, answer.text
    assert read_topic(web.sluice.broker, "raw")[0].value() == b"\x00\x01"
    assert v2("avro", {"records": [{"value": {}}]}).json()["error_code"] == 42202
    assert "clicks" in requests.get(f"{web.url}/topics", timeout=10).json()


def cloud_events_by_their_sdk(web):
    from cloudevents.http import CloudEvent
    from cloudevents.conversion import to_binary, to_structured
    attributes = {"type": "click", "source": "/shop", "subject": "7"}
    for make, number in ((to_structured, 70), (to_binary, 71)):
        headers, body = make(CloudEvent(attributes, {"user": "cloud", "n": number}))
        answer = web.post("clicks", data=body, headers={"Content-Type": "application/json", **headers})
        assert answer.status_code == 200, answer.text
    found = [m for v, m in web.values("clicks") if v["user"] == "cloud"]
    assert len(found) == 2 and all(dict(m.headers())["ce_source"] == b"/shop" for m in found), found


def slow_clients_hold_nobody_up(web):
    host, port = web.url[7:].split(":")
    before = web.sluice.rss_bytes()
    sockets = []
    for _ in range(800):
        sock = socket.create_connection((host, int(port)), timeout=10)
        sock.sendall(b"POST /topics/clicks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n" + b" " * 1000)
        sockets.append(sock)
    took = time.monotonic()
    assert web.post("clicks", {"user": "quick", "n": 1}).status_code == 200
    took = time.monotonic() - took
    grown = web.sluice.rss_bytes() - before
    print(f"      800 clients with a body half sent: an event of another takes {took * 1000:.0f} ms, {grown / 1e6:.0f} MB more")
    for sock in sockets:
        sock.close()
    assert took < 5 and grown < 200e6, (took, grown)


def storm(web, kills):
    draw = random.Random(seed())
    acknowledged, stop = {}, threading.Event()

    def client(number):
        count = 0
        session = requests.Session()
        while not stop.is_set():
            ids = [f"{number}-{count + i}" for i in range(random.Random(count).choice((1, 5, 50)))]
            count += len(ids)
            body = [{"user": "s", "n": number, "messageId": i} for i in ids]
            while True:
                try:
                    answer = session.post(f"{web.url}/topics/named", json=body, timeout=20)
                except Exception:  # killed, or not up yet
                    if stop.is_set():
                        return
                    time.sleep(0.05)
                    continue
                if answer.status_code == 200:
                    for i, place in zip(ids, answer.json()["offsets"]):
                        acknowledged[i] = (place["partition"], place["offset"])
                    if draw.random() < 0.2:  # an answer that was lost on its way
                        continue
                    break
                assert answer.status_code == 503, answer.text

    clients = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for each in clients:
        each.start()
    for _ in range(kills):
        time.sleep(draw.uniform(0.05, 0.6))
        web.sluice.kill()
        web.sluice.start()
    time.sleep(0.5)
    stop.set()
    for each in clients:
        each.join(60)
    found = {}
    for partition in range(2):
        for message in read_topic(web.sluice.broker, "named", partition):
            name = dict(message.headers())["__id"].decode()
            assert name not in found, f"{name} is there twice: {found[name]} and {(partition, message.offset())}"
            found[name] = (partition, message.offset())
    for name, place in acknowledged.items():
        assert found.get(name) == place, f"{name}: acknowledged at {place}, is at {found.get(name)}"
    print(f"      {kills} kills, {len(acknowledged)} events acknowledged, each where it was said to be; {len(found)} in the topic, none twice")


def counted(web):
    metrics = requests.get(f"{web.sluice.admin_url}/metrics", timeout=10).text
    assert 'sluice_collect_events_total{outcome="written"}' in metrics, metrics[-500:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=8)
    kills = parser.parse_args().kills
    checks = Checks()
    with temporary_directory() as directory:
        web = Web(directory)
        try:
            for check in (json_of_all_kinds, confluents_deserializer_reads_it, what_does_not_fit, a_schema_is_told_from_the_first_events,
                          keys_origins_quotas, kafkas_rest_bodies, cloud_events_by_their_sdk, slow_clients_hold_nobody_up, counted):
                checks.run(check.__name__.replace("_", " "), check, web)
            checks.run(f"{kills} kills in a storm lose no acknowledged event and double none", storm, web, kills)
        finally:
            web.sluice.kill()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
