"""The schema registry, as Python's confluent_kafka.schema_registry uses it."""
import concurrent.futures
import json
import random
import threading
import time

import requests
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import (ConfigCompatibilityLevel, Schema, SchemaRegistryClient,
                                              SchemaRegistryError, ServerConfig)
from confluent_kafka.schema_registry import header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.schema_registry_client import SchemaReference
from confluent_kafka.serialization import MessageField, SerializationContext

from harness import Checks, Sluice, read_topic, seed, temporary_directory


def record(*fields):
    return json.dumps({"type": "record", "name": "User", "namespace": "test",
                       "fields": [{"name": n, "type": t, **more} for n, t, more in fields]})


FIRST = record(("name", "string", {}))
COMPATIBLE = record(("name", "string", {}), ("age", ["null", "int"], {"default": None}))
INCOMPATIBLE = record(("name", "string", {}), ("age", "int", {}))


def client_of(sluice):
    return SchemaRegistryClient({"url": sluice.registry_url})


def register_and_read(sluice):
    client = client_of(sluice)
    first = client.register_schema("users-value", Schema(FIRST, "AVRO"))
    assert client_of(sluice).register_schema("users-value", Schema(FIRST, "AVRO")) == first
    second = client.register_schema("users-value", Schema(COMPATIBLE, "AVRO"))
    assert second > first
    assert json.loads(client_of(sluice).get_schema(first).schema_str) == json.loads(FIRST)
    assert "users-value" in client.get_subjects()
    assert client.get_versions("users-value") == [1, 2]
    latest = client.get_latest_version("users-value")
    assert latest.version == 2 and latest.schema_id == second
    assert client.lookup_schema("users-value", Schema(FIRST, "AVRO")).version == 1


def incompatible_is_refused(sluice):
    client = client_of(sluice)
    client.register_schema("strict-value", Schema(FIRST, "AVRO"))
    assert client.test_compatibility("strict-value", Schema(COMPATIBLE, "AVRO"))
    assert not client.test_compatibility("strict-value", Schema(INCOMPATIBLE, "AVRO"))
    try:
        client.register_schema("strict-value", Schema(INCOMPATIBLE, "AVRO"))
        raise AssertionError("an incompatible schema was taken")
    except SchemaRegistryError as error:
        assert error.http_status_code == 409, error
        assert "age" in error.error_message, error
    client.set_compatibility("strict-value", "NONE")
    assert client.get_compatibility("strict-value") == "NONE"
    client.register_schema("strict-value", Schema(INCOMPATIBLE, "AVRO"))


def errors_have_confluents_codes(sluice):
    base = sluice.registry_url
    missing = requests.get(f"{base}/subjects/nobody/versions/1", timeout=10)
    assert missing.status_code == 404 and missing.json()["error_code"] == 40401, missing.text
    assert requests.get(f"{base}/schemas/ids/99999", timeout=10).json()["error_code"] == 40403
    invalid = requests.post(f"{base}/subjects/x/versions", json={"schema": "{\"type\": \"nonsense\"}"}, timeout=10)
    assert invalid.status_code == 422 and invalid.json()["error_code"] == 42201, invalid.text
    assert "application/vnd.schemaregistry.v1+json" in missing.headers["content-type"]


def every_call_of_the_client(sluice):
    """What the newest Python client can ask, in a subject whose name needs escaping."""
    client, subject = client_of(sluice), "a/b c"
    first, second = (client.register_schema(subject, Schema(text, "AVRO")) for text in (FIRST, COMPATIBLE))
    full = client.register_schema_full_response(subject, Schema(COMPATIBLE, "AVRO"))
    assert full.schema_id == second
    assert json.loads(client.get_schema(first, subject_name=subject).schema_str) == json.loads(FIRST)
    assert client.get_schema_types() == ["JSON", "PROTOBUF", "AVRO"]
    assert subject in client.get_subjects_by_schema_id(second)
    assert (subject, 2) in [(v.subject, v.version) for v in client.get_schema_versions(second)]
    assert client.lookup_schema(subject, Schema(COMPATIBLE, "AVRO"), deleted=True).version == 2
    assert client.get_subjects(subject_prefix="a/", offset=0, limit=10) == [subject]
    assert client.get_version(subject, 1).schema_id == first
    assert client.get_referenced_by(subject, 1) == []
    assert not client.test_compatibility(subject, Schema(INCOMPATIBLE, "AVRO"), version=1, verbose=True)
    assert not client.test_compatibility_all_versions(subject, Schema(INCOMPATIBLE, "AVRO"), verbose=True)
    client.set_config(subject, ServerConfig(compatibility=ConfigCompatibilityLevel.FORWARD))
    assert client.get_config(subject).compatibility_level == ConfigCompatibilityLevel.FORWARD
    client.delete_config(subject)
    for missing, code in ((lambda: client.get_config(subject), 40408), (lambda: client.get_version(subject, 9), 40402),
                          (lambda: client.get_mode(subject), 40409), (lambda: client.update_mode(subject, "SOMETIMES"), 42204),
                          (lambda: client.get_schema_by_guid("x"), 40403)):
        try:
            missing()
            raise AssertionError(f"{code} was expected")
        except SchemaRegistryError as error:
            assert error.error_code == code, error
    assert json.loads(client.get_schema_by_guid(full.guid).schema_str) == json.loads(COMPATIBLE)
    assert client.update_mode(subject, "READONLY") == client.get_mode(subject) == "READONLY"
    try:
        client.register_schema(subject, Schema(record(("other", "string", {})), "AVRO"))
        raise AssertionError("a read-only subject took a schema")
    except SchemaRegistryError as error:
        assert error.error_code == 42205, error
    assert client.delete_mode(subject) == "READONLY"
    assert client.get_global_mode() == "READWRITE"
    assert client.get_contexts() == ["."]
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject, deleted_only=True) == [1] and client.get_versions(subject, deleted=True) == [1, 2]
    assert client.delete_version(subject, 1, permanent=True) == 1
    assert client.delete_subject(subject) == [2] and subject in client.get_subjects(deleted_only=True)
    assert client.delete_subject(subject, permanent=True) == [2] and subject not in client.get_subjects(deleted=True)


def round_trip(sluice, topic, serialize, deserialize, rows):
    """Rows through a topic, serialized and read by Confluent's client; headers carry what the serializer puts there."""
    producer = Producer({"bootstrap.servers": sluice.broker})
    for row in rows:
        headers = []
        value = serialize(row, SerializationContext(topic, MessageField.VALUE, headers))
        producer.produce(topic, value, headers=headers)
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    got = []
    while len(got) < len(rows):
        message = consumer.poll(30)
        got.append(deserialize(message.value(), SerializationContext(topic, MessageField.VALUE, message.headers())))
    consumer.close()
    assert got == rows


def serializer_round_trip(sluice):
    client = client_of(sluice)
    people = [{"name": f"n{i}", "age": i if i % 2 else None} for i in range(500)]
    round_trip(sluice, "people", AvroSerializer(client, COMPATIBLE), AvroDeserializer(client_of(sluice)), people)


def ids_in_headers(sluice):
    """The newer framing: the schema's GUID in a header, the value bare."""
    serialize = AvroSerializer(client_of(sluice), COMPATIBLE, conf={"schema.id.serializer": header_schema_id_serializer})
    round_trip(sluice, "headed", serialize, AvroDeserializer(client_of(sluice)), [{"name": f"person {i}", "age": i} for i in range(20)])


def json_schema_round_trip(sluice):
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
    text = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "title": "Person", "type": "object",
                       "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["name"]})
    round_trip(sluice, "json-people", JSONSerializer(text, client_of(sluice)), JSONDeserializer(None, schema_registry_client=client_of(sluice)),
               [{"name": f"person {i}", "age": i} for i in range(20)])
    assert client_of(sluice).get_latest_version("json-people-value").schema.schema_type == "JSON"


def references_of_the_client(sluice):
    client = client_of(sluice)
    inner = json.dumps({"type": "record", "name": "Address", "namespace": "test", "fields": [{"name": "city", "type": "string"}]})
    outer = json.dumps({"type": "record", "name": "Customer", "namespace": "test",
                        "fields": [{"name": "name", "type": "string"}, {"name": "at", "type": "test.Address"}]})
    client.register_schema("address", Schema(inner, "AVRO"))
    schema = Schema(outer, "AVRO", [SchemaReference("test.Address", "address", 1)])
    round_trip(sluice, "customers", AvroSerializer(client, schema), AvroDeserializer(client_of(sluice)),
               [{"name": "n", "at": {"city": f"c{i}"}} for i in range(20)])
    assert client.get_referenced_by("address", 1) == [client.get_latest_version("customers-value").schema_id]
    try:
        client.delete_subject("address")
        raise AssertionError("a schema was deleted that another one refers to")
    except SchemaRegistryError as error:
        assert error.error_code == 42206, error


def a_topics_schema_is_kept(sluice):
    """What records may need is deleted for good by force only."""
    base = f"{sluice.registry_url}/subjects/kept-value"
    round_trip(sluice, "kept", AvroSerializer(client_of(sluice), COMPATIBLE), AvroDeserializer(client_of(sluice)), [{"name": "n", "age": 1}])
    requests.put(f"{sluice.registry_url}/config/kept-value", json={"compatibility": "NONE"}, timeout=10).raise_for_status()
    last = {"schema": json.dumps({"type": "record", "name": "Kept", "fields": []})}
    requests.post(f"{base}/versions", json=last, timeout=10).raise_for_status()
    requests.delete(base, timeout=10).raise_for_status()
    refused = requests.delete(base, params={"permanent": "true"}, timeout=10)
    assert refused.status_code == 422 and refused.json()["error_code"] == 42205 and "force=true" in refused.json()["message"], refused.text
    assert requests.delete(base, params={"permanent": "true", "force": "true"}, timeout=10).json() == [1, 2]


def everything(sluice):
    """What the registry says of all that it has."""
    ask = lambda path: requests.get(sluice.registry_url + path, timeout=10).json()
    schemas = [{k: v for k, v in one.items() if k != "ts"} for one in ask("/schemas?deleted=true")]
    return [schemas, ask("/contexts"), ask("/config"),
            {one["subject"]: [ask(f"/config/{one['subject'].replace('/', '%2F')}"), ask(f"/mode/{one['subject'].replace('/', '%2F')}")]
             for one in schemas}]


def a_copied_topic_is_taken_over(sluice, directory):
    """The backup that Confluent documents (the console consumer's lines), from here into an empty registry."""
    client = client_of(sluice)
    client.set_compatibility("users-value", "FULL")
    client.register_schema(":.other:users-value", Schema(FIRST, "AVRO"))
    client.delete_version("users-value", 1)
    lines = [f"{m.key().decode()}\t{'null' if m.value() is None else m.value().decode()}" for m in read_topic(sluice.broker, "_schemas")]
    with Sluice(directory) as other:
        answer = requests.post(f"{other.registry_url}/import", data="\n".join(lines).encode(), timeout=60)
        assert answer.status_code == 200 and answer.json()["records"] == len(lines), answer.text
        assert everything(other) == everything(sluice)
        copied = [(m.key(), m.value()) for m in read_topic(other.broker, "_schemas")]
        assert copied == [(m.key(), m.value()) for m in read_topic(sluice.broker, "_schemas")]
        other.kill()
        other.start()
        assert everything(other) == everything(sluice)
        greatest = max(one["id"] for one in requests.get(f"{sluice.registry_url}/schemas?deleted=true", timeout=10).json())
        assert client_of(other).register_schema("fresh", Schema(record(("fresh", "long", {})), "AVRO")) > greatest


def storm(sluice, kills=4, threads=6):
    """kill -9 while schemas are registered: no id is given twice, none is lost once it was acknowledged."""
    acknowledged, lock, over = {}, threading.Lock(), threading.Event()

    def register(worker):
        session, i = requests.Session(), 0
        while not over.is_set():
            subject, text = f"storm-{worker}-{i % 50}", record((f"f{worker}_{i}", ["null", "int"], {"default": None}))
            try:
                answer = session.post(f"{sluice.registry_url}/subjects/{subject}/versions", json={"schema": text}, timeout=10)
            except requests.RequestException:
                time.sleep(0.01)
                continue
            if answer.status_code == 200:
                with lock:
                    acknowledged[text] = (subject, answer.json()["id"], answer.json()["version"])
                i += 1

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(register, worker) for worker in range(threads)]
        for _ in range(kills):
            time.sleep(random.uniform(0.5, 1.5))
            sluice.kill()
            sluice.start()
        over.set()
        for worker in workers:
            worker.result()
    texts = {}
    for one in requests.get(f"{sluice.registry_url}/schemas", timeout=60).json():
        assert texts.setdefault(one["id"], one["schema"]) == one["schema"], f"id {one['id']} has two schemas"
    ids = [number for _, number, _ in acknowledged.values()]
    assert len(set(ids)) == len(ids), "an id was acknowledged twice"
    for text, (subject, number, version) in acknowledged.items():
        found = requests.get(f"{sluice.registry_url}/subjects/{subject}/versions/{version}", timeout=10).json()
        assert found["id"] == number and json.loads(found["schema"]) == json.loads(text), (subject, number, version, found)
    assert len(ids) > 100, f"only {len(ids)} registrations"
    print(f"      {kills} kills, {len(ids)} registrations acknowledged, {len(texts)} ids there, none twice, none lost")


def delete_and_survive(sluice):
    client = client_of(sluice)
    client.register_schema("gone-value", Schema(FIRST, "AVRO"))
    client.delete_subject("gone-value")
    assert "gone-value" not in client.get_subjects()
    subjects = client.get_subjects()
    versions = client.get_versions("users-value")
    sluice.kill()
    sluice.start()
    assert client_of(sluice).get_subjects() == subjects
    assert client_of(sluice).get_versions("users-value") == versions


random.seed(seed())
checks = Checks()
with temporary_directory() as directory, temporary_directory() as other_directory, Sluice(directory) as sluice_:
    checks.run("register, find, list and get by id", register_and_read, sluice_)
    checks.run("an incompatible schema is refused with the reason", incompatible_is_refused, sluice_)
    checks.run("errors have Confluent's codes and media type", errors_have_confluents_codes, sluice_)
    checks.run("every call of the client is answered", every_call_of_the_client, sluice_)
    checks.run("the Avro serializer's messages come back", serializer_round_trip, sluice_)
    checks.run("with the schema's GUID in a header, too", ids_in_headers, sluice_)
    checks.run("the JSON Schema serializer's messages come back", json_schema_round_trip, sluice_)
    checks.run("schemas that refer to others serve the serializers", references_of_the_client, sluice_)
    checks.run("a schema that its topic may hold is deleted by force only", a_topics_schema_is_kept, sluice_)
    checks.run("deleted stays deleted, and all else survives kill -9", delete_and_survive, sluice_)
    checks.run("a copied topic is taken over as it is", a_copied_topic_is_taken_over, sluice_, other_directory)
with temporary_directory() as directory, Sluice(directory) as sluice_:
    checks.run("kill -9 in a storm of registrations", storm, sluice_)
checks.finish()
