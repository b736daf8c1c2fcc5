"""The schema registry, as Python's confluent_kafka.schema_registry uses it."""
import json

import requests
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import (ConfigCompatibilityLevel, Schema, SchemaRegistryClient,
                                              SchemaRegistryError, ServerConfig)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from harness import Checks, Sluice, temporary_directory


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
    assert client.get_schema_types() == ["AVRO"]
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
                          (lambda: client.update_mode(subject, "READONLY"), 42204), (lambda: client.get_schema_by_guid("x"), 404)):
        try:
            missing()
            raise AssertionError(f"{code} was expected")
        except SchemaRegistryError as error:
            assert error.error_code == code, error
    assert client.get_mode(subject) == client.get_global_mode() == client.update_mode(subject, "READWRITE") == "READWRITE"
    assert client.get_contexts() == ["."]
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject, deleted_only=True) == [1] and client.get_versions(subject, deleted=True) == [1, 2]
    assert client.delete_version(subject, 1, permanent=True) == 1
    assert client.delete_subject(subject) == [2] and subject in client.get_subjects(deleted_only=True)
    assert client.delete_subject(subject, permanent=True) == [2] and subject not in client.get_subjects(deleted=True)


def serializer_round_trip(sluice):
    client = client_of(sluice)
    serialize, deserialize = AvroSerializer(client, COMPATIBLE), AvroDeserializer(client)
    producer = Producer({"bootstrap.servers": sluice.broker})
    people = [{"name": f"n{i}", "age": i if i % 2 else None} for i in range(500)]
    for person in people:
        producer.produce("people", serialize(person, SerializationContext("people", MessageField.VALUE)))
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": sluice.broker, "group.id": "p", "auto.offset.reset": "earliest"})
    consumer.subscribe(["people"])
    got = []
    while len(got) < 500:
        message = consumer.poll(30)
        got.append(deserialize(message.value(), SerializationContext("people", MessageField.VALUE)))
    consumer.close()
    assert got == people


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


checks = Checks()
with temporary_directory() as directory, Sluice(directory) as sluice_:
    checks.run("register, find, list and get by id", register_and_read, sluice_)
    checks.run("an incompatible schema is refused with the reason", incompatible_is_refused, sluice_)
    checks.run("errors have Confluent's codes and media type", errors_have_confluents_codes, sluice_)
    checks.run("every call of the client is answered", every_call_of_the_client, sluice_)
    checks.run("the Avro serializer's messages come back", serializer_round_trip, sluice_)
    checks.run("deleted stays deleted, and all else survives kill -9", delete_and_survive, sluice_)
checks.finish()
