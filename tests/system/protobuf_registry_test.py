"""Protobuf schemas, as Python's confluent_kafka.schema_registry.protobuf registers and uses them."""
import base64

import requests
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

from harness import Checks, Sluice, temporary_directory

BIN = """syntax = "proto3";
package wood;

message Bin {
  int32 width = 1;
}
"""
SHELF = """syntax = "proto3";
package wood;

import "bin.proto";

message Shelf {
  Bin bin = 1;
}
"""


def client_of(sluice):
    return SchemaRegistryClient({"url": sluice.registry_url})


def order_class(path, *more):
    """shop.Order, of a file made here: a client's generated code is no more than that."""
    file = descriptor_pb2.FileDescriptorProto(name=path, package="shop", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    order = file.message_type.add(name="Order")
    order.field.add(name="id", number=1, type=Field.TYPE_INT64, label=Field.LABEL_OPTIONAL)
    order.field.add(name="at", number=2, type=Field.TYPE_MESSAGE, label=Field.LABEL_OPTIONAL,
                    type_name=".google.protobuf.Timestamp")
    order.field.add(name="tags", number=3, type=Field.TYPE_MESSAGE, label=Field.LABEL_REPEATED,
                    type_name=".shop.Order.TagsEntry")
    entry = order.nested_type.add(name="TagsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
    for name, number, kind in more:
        order.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(descriptor_pool.Default().FindFileByName("google/protobuf/timestamp.proto").serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def serializer(kind, client, **more):
    return ProtobufSerializer(kind, client, {"use.deprecated.format": False, "skip.known.types": True, **more})


def deserializer(kind, client):
    return ProtobufDeserializer(kind, {"use.deprecated.format": False}, client)


def messages_go_round(sluice):
    client, kind = client_of(sluice), order_class("order.proto")
    context = SerializationContext("orders", MessageField.VALUE)
    written = kind(id=7, tags={"a": "b"})
    written.at.seconds = 1
    data = serializer(kind, client)(written, context)
    assert data[0] == 0
    read = deserializer(kind, client)(data, context)  # which registered the schema
    assert read == written, read
    stored = client.get_latest_version("orders-value").schema
    assert stored.schema_type == "PROTOBUF"
    assert stored.schema_str == (
        'syntax = "proto3";\npackage shop;\n\nimport "google/protobuf/timestamp.proto";\n\nmessage Order {\n  int64 id = 1;\n'
        "  .google.protobuf.Timestamp at = 2;\n  repeated .shop.Order.TagsEntry tags = 3;\n\n  message TagsEntry {\n"
        "    option map_entry = true;\n  \n    string key = 1;\n    string value = 2;\n  }\n}\n"), stored.schema_str


def a_restart_keeps_the_ids(sluice):
    before = client_of(sluice).get_latest_version("orders-value").schema_id
    sluice.kill()
    sluice.start()
    client, kind = client_of(sluice), order_class("order.proto")
    serializer(kind, client)(kind(id=1), SerializationContext("orders", MessageField.VALUE))
    assert client.get_latest_version("orders-value").schema_id == before
    assert client.get_versions("orders-value") == [1]


def growing_is_taken_and_breaking_refused(sluice):
    client, context = client_of(sluice), SerializationContext("orders", MessageField.VALUE)
    grown = order_class("order2.proto", ("paid", 4, Field.TYPE_BOOL))
    data = serializer(grown, client)(grown(id=1, paid=True), context)
    assert client.get_versions("orders-value") == [1, 2]
    old = order_class("order.proto")
    assert deserializer(old, client)(data, context).id == 1
    broken = order_class("order3.proto", ("paid", 4, Field.TYPE_STRING))
    try:
        serializer(broken, client)(broken(id=1), context)
        raise AssertionError("an incompatible schema was taken")
    except SchemaRegistryError as error:
        assert error.http_status_code == 409, error
        assert "FIELD_SCALAR_KIND_CHANGED" in error.error_message and "#/Order/4" in error.error_message, error


def references_are_resolved(sluice):
    client = client_of(sluice)
    client.register_schema("bin.proto", Schema(BIN, "PROTOBUF"))
    shelf = Schema(SHELF, "PROTOBUF", [SchemaReference("bin.proto", "bin.proto", 1)])
    number = client.register_schema("shelves-value", shelf)
    assert client.get_schema(number).schema_str == SHELF
    try:
        client.register_schema("lonely-value", Schema(SHELF, "PROTOBUF"))
        raise AssertionError("a schema without its import was taken")
    except SchemaRegistryError as error:
        assert error.http_status_code == 422 and "line 4, column 1" in error.error_message, error
    address = f"{sluice.registry_url}/schemas/ids/{number}"
    serialized = requests.get(address, params={"format": "serialized"}, timeout=10).json()
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(serialized["schema"]))
    assert file.message_type[0].field[0].type_name == ".wood.Bin", file


checks = Checks()
with temporary_directory() as directory_, Sluice(directory_) as sluice_:
    checks.run("a client's descriptors are stored as text, and its messages come back", messages_go_round, sluice_)
    checks.run("a restart keeps the ids", a_restart_keeps_the_ids, sluice_)
    checks.run("growing is taken, breaking refused with the reason", growing_is_taken_and_breaking_refused, sluice_)
    checks.run("references are resolved, and serialized for clients", references_are_resolved, sluice_)
checks.finish()
