"""TLS, passwords and rights on the listeners; records that must have a registered schema."""
import json
import os
import signal
import socket
import ssl
import subprocess
import uuid

import requests
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from harness import SLUICE, Checks, Sluice, free_port, read_topic, temporary_directory, wait_until

USER = json.dumps({"type": "record", "name": "User", "namespace": "test", "fields": [{"name": "name", "type": "string"}]})
PASSWORDS = {"alice": "al:ice's p@ss", "reader": "only-reads", "root": "r00t"}


class Certificates:
    """An authority, and what it signs, as PEM files of one directory."""

    def __init__(self, directory):
        self.directory = directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.directory)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-addext",
                     "keyUsage=critical,keyCertSign,cRLSign", "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def sign(self, name, by="ca", days=30):
        with open(self.path("extensions"), "w") as extensions:
            extensions.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial",
                     "-days", str(days), "-extfile", "extensions", "-out", f"{name}.crt")


class Secured(Sluice):
    """A server with each kind of listener: plain, TLS, TLS with a password, TLS with clients' certificates."""

    def __init__(self, directory):
        super().__init__(directory)
        self.certificates = Certificates(directory)
        for name in ("ca", "other"):
            self.certificates.authority(name)
        for name, by in (("server", "ca"), ("client", "ca"), ("stranger", "other")):
            self.certificates.sign(name, by)
        self.ca = self.certificates.path("ca.crt")
        self.kafka_tls, self.registry_basic, self.registry_mutual, self.admin_basic = (free_port() for _ in range(4))
        self.config = os.path.join(directory, "sluice.yaml")
        for user in ("alice", "root"):
            with open(os.path.join(directory, user), "w") as secret:
                secret.write(PASSWORDS[user] + "\n")
        self.configure()

    def configure(self, more_users="", rights="alice: {read: [common-*], write: [shop.*]}, reader: {read: ['*']}"):
        hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORDS["reader"]], capture_output=True, text=True, check=True).stdout.strip()
        with open(self.config, "w") as config:
            config.write(f"""
data: {self.data}
log: {{keep_free: 0}}
listen:
  kafka: [{{at: "127.0.0.1:{self.kafka}"}}, {{at: "127.0.0.1:{self.kafka_tls}", tls: public}}]
  registry:
    - {{at: "127.0.0.1:{self.registry}"}}
    - {{at: "127.0.0.1:{self.registry_basic}", tls: public, auth: basic}}
    - {{at: "127.0.0.1:{self.registry_mutual}", tls: mutual}}
  admin: [{{at: "127.0.0.1:{self.admin}"}}, {{at: "127.0.0.1:{self.admin_basic}", tls: public, auth: basic}}]
security:
  tls:
    public: {{cert: {self.directory}/server.crt, key: {self.directory}/server.key}}
    mutual: {{cert: {self.directory}/server.crt, key: {self.directory}/server.key, client_ca: {self.ca}}}
  users:
    alice: {{password: "${{file:{self.directory}/alice}}"}}
    root: {{password: "${{file:{self.directory}/root}}"}}
    reader: {{password_hash: "{hashed}"}}
    {more_users}
  super_users: [root]
registry:
  rights: {{{rights}}}
""")

    def command_line(self):
        return [SLUICE, "serve", "-c", self.config]

    def url(self, port):
        return f"https://127.0.0.1:{port}"

    def client_of(self, user):
        return SchemaRegistryClient({"url": self.url(self.registry_basic), "ssl.ca.location": self.ca,
                                     "basic.auth.user.info": f"{user}:{PASSWORDS[user]}"})

    def get(self, port, path, user=None, password=None, **more):
        auth = (user, password or PASSWORDS[user]) if user else None
        return requests.get(self.url(port) + path, auth=auth, verify=more.pop("verify", self.ca), timeout=20, **more)


def refused(function, kind):
    try:
        function()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def curl_speaks_tls(sluice):
    def curl(*args):
        return subprocess.run(["curl", "-sS", "--max-time", "20", *args], capture_output=True, text=True)
    address = sluice.url(sluice.registry_basic) + "/subjects"
    good = curl("--cacert", sluice.ca, "-u", "root:r00t", address)
    assert good.returncode == 0 and json.loads(good.stdout) == [], good
    wrong = curl("--cacert", sluice.certificates.path("other.crt"), address)
    assert wrong.returncode == 60, wrong
    assert curl("--cacert", sluice.ca, "--tls-max", "1.1", address).returncode == 35
    assert curl("--cacert", sluice.ca, "--tls-max", "1.2", address).returncode == 0
    plain = curl(f"http://127.0.0.1:{sluice.registry}/subjects")
    assert plain.returncode == 0 and json.loads(plain.stdout) == [], plain


def who_proves_nothing_gets_401(sluice):
    for user, password in ((None, None), ("alice", "wrong"), ("nobody", "x"), ("reader", "wrong")):
        answer = sluice.get(sluice.registry_basic, "/subjects", user, password)
        assert answer.status_code == 401 and answer.json()["error_code"] == 401, answer.text
        assert answer.headers["WWW-Authenticate"].startswith("Basic "), answer.headers
        assert answer.headers["Content-Type"] == "application/vnd.schemaregistry.v1+json"


def rights_hold_for_confluents_client(sluice):
    alice, reader, root = (sluice.client_of(user) for user in ("alice", "reader", "root"))
    schema = Schema(USER, "AVRO")
    shop = alice.register_schema("shop.users-value", schema)
    root.register_schema("common-user", schema)
    secret = root.register_schema("hr.pay-value", Schema(USER.replace("User", "Pay"), "AVRO"))
    for forbidden in (lambda: alice.register_schema("hr.pay-value", schema), lambda: alice.register_schema("common-user", schema),
                      lambda: alice.get_versions("hr.pay-value"), lambda: alice.delete_subject("common-user"),
                      lambda: alice.set_compatibility(level="NONE"), lambda: alice.get_schema(secret),
                      lambda: reader.register_schema("shop.users-value", schema), lambda: reader.delete_subject("shop.users-value")):
        error = refused(forbidden, SchemaRegistryError)
        assert error.http_status_code == 403 and error.error_code == 40301, error
    assert alice.get_subjects() == ["common-user", "shop.users-value"]
    assert reader.get_subjects() == ["common-user", "hr.pay-value", "shop.users-value"] == root.get_subjects()
    assert alice.get_schema(shop).schema_str and alice.lookup_schema("common-user", schema).schema_id == shop
    assert alice.test_compatibility("shop.users-value", schema) and reader.get_schema(secret).schema_str
    alice.set_compatibility("shop.users-value", "FULL")
    root.set_compatibility(level="BACKWARD")


def a_client_ca_lets_only_its_clients_in(sluice):
    path = sluice.certificates.path
    good = sluice.get(sluice.registry_mutual, "/subjects", cert=(path("client.crt"), path("client.key")))
    assert good.status_code == 200, good.text
    for cert in (None, (path("stranger.crt"), path("stranger.key"))):
        refused(lambda cert=cert: sluice.get(sluice.registry_mutual, "/subjects", cert=cert), requests.exceptions.ConnectionError)


def a_thousand_idle_handshakes_block_nobody(sluice):
    idle = []
    try:
        for _ in range(1000):
            idle.append(socket.create_connection(("127.0.0.1", sluice.registry_basic), timeout=20))
        for _ in range(5):
            assert sluice.get(sluice.registry_basic, "/subjects", "root").status_code == 200
        assert requests.get(f"http://127.0.0.1:{sluice.registry}/subjects", timeout=20).status_code == 200
    finally:
        for each in idle:
            each.close()


def serial_of(connection):
    return connection.getpeercert()["serialNumber"]


def a_new_certificate_is_taken_without_dropping_anybody(sluice):
    context = ssl.create_default_context(cafile=sluice.ca)

    def connect():
        return context.wrap_socket(socket.create_connection(("127.0.0.1", sluice.registry_basic), timeout=20), server_hostname="127.0.0.1")

    def ask(connection):
        connection.sendall(b"GET /subjects HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(65536).startswith(b"HTTP/1.1 401")
    old = connect()
    before = serial_of(old)
    assert ask(old)
    sluice.certificates.sign("server")
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: serial_of(connect()) != before, what="the new certificate")
    assert ask(old) and serial_of(old) == before
    # A file that is no certificate changes nothing, and is told.
    with open(sluice.certificates.path("server.crt")) as file:
        good = file.read()
    with open(sluice.certificates.path("server.crt"), "w") as file:
        file.write("no certificate")
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "no certificate can be read" in sluice.tail(), what="the reason")
    assert ask(connect())
    with open(sluice.certificates.path("server.crt"), "w") as file:
        file.write(good)


def users_and_rights_change_while_it_runs(sluice):
    PASSWORDS["new"] = "fresh"
    with open(os.path.join(sluice.directory, "new"), "w") as secret:
        secret.write("fresh")
    assert sluice.get(sluice.registry_basic, "/subjects", "new").status_code == 401
    sluice.configure(f'new: {{password: "${{file:{sluice.directory}/new}}"}}', "new: {write: ['*']}")
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: sluice.get(sluice.registry_basic, "/subjects", "new").status_code == 200, what="the new user")
    assert sluice.get(sluice.registry_basic, "/subjects", "reader").json() == []
    sluice.configure()
    sluice.process.send_signal(signal.SIGHUP)
    wait_until(lambda: sluice.get(sluice.registry_basic, "/subjects", "new").status_code == 401, what="the user is gone")


def the_admin_listener_asks_too(sluice):
    assert sluice.get(sluice.admin_basic, "/healthz").status_code == 200
    assert sluice.get(sluice.admin_basic, "/status").status_code == 401
    assert sluice.get(sluice.admin_basic, "/status", "reader").json()["state"] == "serving"
    for user, status in (("reader", 403), ("root", 404)):
        answer = requests.post(sluice.url(sluice.admin_basic) + "/sinks/none/pause", auth=(user, PASSWORDS[user]), verify=sluice.ca, timeout=20)
        assert answer.status_code == status, (user, answer.status_code, answer.text)


def our_command_line_speaks_https(sluice):
    def run(*args, **environment):
        env = {**os.environ, "SLUICE_BROKER": sluice.broker, "SLUICE_CA": sluice.ca, **environment}
        return subprocess.run([SLUICE, *args], capture_output=True, text=True, env=env, timeout=60, cwd=sluice.directory)

    def url(port, user, password=None):
        return f"https://{user}:{requests.utils.quote(password or PASSWORDS[user], safe='')}@127.0.0.1:{port}"
    listed = run("schema", "list", "-J", SLUICE_REGISTRY=url(sluice.registry_basic, "alice"))
    assert listed.returncode == 0 and [each["subject"] for each in json.loads(listed.stdout)] == ["common-user", "shop.users-value"], listed
    assert run("schema", "list", "-r", url(sluice.registry_basic, "root")).returncode == 0
    status = run("status", SLUICE_ADMIN=url(sluice.admin_basic, "reader"))
    assert status.returncode == 0 and f"https://127.0.0.1:{sluice.registry_basic}" in status.stdout, status
    wrong = run("schema", "list", SLUICE_REGISTRY=url(sluice.registry_basic, "alice", "not-that-secret"))
    assert wrong.returncode == 4 and "wrong" in wrong.stderr and "SLUICE_REGISTRY" in wrong.stderr, wrong
    distrusted = run("schema", "list", SLUICE_REGISTRY=url(sluice.registry_basic, "alice", "not-that-secret"), SLUICE_CA=sluice.certificates.path("other.crt"))
    assert distrusted.returncode in (3, 4) and "certificate" in distrusted.stderr, distrusted
    nonsense = run("schema", "list", SLUICE_REGISTRY="https://alice:not-that-secret@127.0.0.1:port")
    assert nonsense.returncode == 2, nonsense
    for said in (wrong, distrusted, nonsense):
        assert "not-that-secret" not in said.stdout + said.stderr, said
    client = dict(SLUICE_CERT=sluice.certificates.path("client.crt"), SLUICE_KEY=sluice.certificates.path("client.key"))
    assert run("schema", "list", SLUICE_REGISTRY=sluice.url(sluice.registry_mutual), **client).returncode == 0
    assert run("schema", "list", SLUICE_REGISTRY=sluice.url(sluice.registry_mutual)).returncode != 0


def kafka_clients_speak_tls(sluice):
    secured = {"bootstrap.servers": f"127.0.0.1:{sluice.kafka_tls}", "security.protocol": "ssl", "ssl.ca.location": sluice.ca}
    producer = Producer({**secured, "linger.ms": 20, "batch.size": 500_000, "message.max.bytes": 900_000, "enable.idempotence": True})
    for number in range(20_000):
        producer.produce("over-tls", f"{number}".encode() * 20)
    producer.produce("over-tls", os.urandom(800_000))
    assert producer.flush(60) == 0
    assert [len(message.value()) for message in read_topic(sluice.broker, "over-tls")] == [len(f"{n}") * 20 for n in range(20_000)] + [800_000]
    kcat = subprocess.run(["kcat", "-C", "-b", secured["bootstrap.servers"], "-X", "security.protocol=ssl", "-X", f"ssl.ca.location={sluice.ca}",
                           "-t", "over-tls", "-e", "-q", "-f", "%S\n"], capture_output=True, text=True, timeout=60)
    assert kcat.stdout.split() == [str(len(f"{n}") * 20) for n in range(20_000)] + ["800000"], kcat.stderr
    distrusting = AdminClient({**secured, "log_level": 0, "ssl.ca.location": sluice.certificates.path("other.crt")})
    refused(lambda: distrusting.list_topics(timeout=3), KafkaException)


def produce(sluice, topic, records, **more):
    """Each record's error, in order."""
    errors = [None] * len(records)
    producer = Producer({"bootstrap.servers": sluice.broker, "linger.ms": 5000, **more})  # one batch: flush() does not wait for it
    for index, (key, value) in enumerate(records):
        producer.produce(topic, value=value, key=key, on_delivery=lambda error, _, index=index: errors.__setitem__(index, error))
    assert producer.flush(30) == 0
    return errors


def records_need_registered_schemas(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    admin.create_topics([NewTopic("checked", 1, config={"confluent.value.schema.validation": "true"})])["checked"].result(20)
    client = SchemaRegistryClient({"url": sluice.registry_url})
    serialize = AvroSerializer(client, USER)
    good = serialize({"name": "n"}, SerializationContext("checked", MessageField.VALUE))
    assert produce(sluice, "checked", [(None, good), (b"k", None)]) == [None, None]
    # An id that the registry has, but not for this topic; one that it has not; no id.
    other = client.register_schema("elsewhere-value", Schema(USER.replace("User", "Other"), "AVRO"))
    for bad in (b"\0" + other.to_bytes(4, "big") + good[5:], b"\0\0\0\x7f\xff" + good[5:], b"plain", b""):
        for more in ({}, {"compression.type": "zstd"}, {"enable.idempotence": True}):
            errors = produce(sluice, "checked", [(None, good), (None, bad), (None, good)], **more)
            assert errors[1].code() == KafkaError.INVALID_RECORD, (bad, errors)
    assert [message.value() for message in read_topic(sluice.broker, "checked")] == [good, None]
    told = subprocess.run(["kcat", "-P", "-b", sluice.broker, "-t", "checked"], input="plain", capture_output=True, text=True, timeout=60)
    assert "failed to validate record" in told.stderr, told
    # An idempotent producer goes on after a refusal.
    producer = Producer({"bootstrap.servers": sluice.broker, "enable.idempotence": True})
    outcome = []
    for value in (good, b"plain", good, good):
        producer.produce("checked", value, on_delivery=lambda error, _: outcome.append(error and error.code()))
        assert producer.flush(30) == 0
    assert outcome == [None, KafkaError.INVALID_RECORD, None, None], outcome


def a_guid_in_a_header_names_the_schema(sluice):
    number = SchemaRegistryClient({"url": sluice.registry_url}).register_schema("checked-value", Schema(USER, "AVRO"))
    guid = requests.get(f"{sluice.registry_url}/subjects/checked-value/versions/latest", timeout=20).json()["guid"]
    assert requests.get(f"{sluice.registry_url}/schemas/ids/{number}", timeout=20).json()["guid"] == guid
    producer = Producer({"bootstrap.servers": sluice.broker})
    outcome = []
    for header in (b"\1" + uuid.UUID(guid).bytes, b"\1" + uuid.uuid4().bytes):
        producer.produce("checked", b"\2n", headers=[("__value_schema_id", header)], on_delivery=lambda error, _: outcome.append(error and error.code()))
        assert producer.flush(30) == 0
    assert outcome == [None, KafkaError.INVALID_RECORD], outcome


def a_deleted_version_is_refused_at_once(sluice):
    client = SchemaRegistryClient({"url": sluice.registry_url})
    value = b"\0" + client.register_schema("checked-value", Schema(USER, "AVRO")).to_bytes(4, "big") + b"\2n"
    assert produce(sluice, "checked", [(None, value)]) == [None]
    client.delete_subject("checked-value")
    assert produce(sluice, "checked", [(None, value)])[0].code() == KafkaError.INVALID_RECORD
    SchemaRegistryClient({"url": sluice.registry_url}).register_schema("checked-value", Schema(USER, "AVRO"))  # the other remembers
    assert produce(sluice, "checked", [(None, value)]) == [None]


def what_a_topic_holds_is_not_deleted_for_good(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})
    admin.create_topics([NewTopic("held", 2, config={"confluent.value.schema.validation": "true"})])["held"].result(20)
    client = SchemaRegistryClient({"url": sluice.registry_url})
    own = USER.replace("User", "Held")  # of no other subject: else its id would stay
    used = client.register_schema("held-value", Schema(own, "AVRO"))
    client.register_schema("held-value", Schema(own.replace('"type": "string"', '"type": "string", "doc": "never used"'), "AVRO"))
    assert produce(sluice, "held", [(None, b"\0" + used.to_bytes(4, "big") + b"\2n")]) == [None]
    assert client.delete_subject("held-value") == [1, 2]
    subject = f"{sluice.registry_url}/subjects/held-value/versions"
    refusal = requests.delete(f"{subject}/1?permanent=true", timeout=20)
    assert refusal.status_code == 422 and f"schema id {used}" in refusal.json()["message"], refusal.text
    assert requests.delete(f"{subject}/2?permanent=true", timeout=20).json() == 2
    assert requests.delete(f"{subject}/1?permanent=true&force=true", timeout=20).json() == 1


def the_check_is_switched_while_it_runs(sluice):
    admin = AdminClient({"bootstrap.servers": sluice.broker})

    def alter(**config):
        entries = [ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET) for name, value in config.items()]
        resource = ConfigResource(ConfigResource.Type.TOPIC, "checked", incremental_configs=entries)
        admin.incremental_alter_configs([resource])[resource].result(20)
    alter(confluent_value_schema_validation="false")
    assert produce(sluice, "checked", [(None, b"plain")]) == [None]
    alter(confluent_value_schema_validation="true", confluent_value_subject_name_strategy="io.confluent.kafka.serializers.subject.RecordNameStrategy")
    client = SchemaRegistryClient({"url": sluice.registry_url})
    number = client.register_schema("test.User", Schema(USER, "AVRO"))
    assert produce(sluice, "checked", [(None, b"\0" + number.to_bytes(4, "big") + b"\2n")]) == [None]
    number = client.register_schema("x", Schema(USER.replace("User", "Else"), "AVRO"))
    assert produce(sluice, "checked", [(None, b"\0" + number.to_bytes(4, "big") + b"\2n")])[0].code() == KafkaError.INVALID_RECORD
    refused(lambda: alter(confluent_value_subject_name_strategy="Mine"), KafkaException)


def what_is_wrong_is_told_before_the_start(_):
    with temporary_directory() as directory:
        certificates = Certificates(directory)
        certificates.authority("ca")
        certificates.sign("server")
        certificates.sign("old", days=-1)

        def check(text, command=("check", "-c")):
            path = os.path.join(directory, "sluice.yaml")
            with open(path, "w") as file:
                file.write(f"data: {directory}/data\nlisten: {{kafka: [], admin: []}}\n" + text)
            return subprocess.run([SLUICE, *command, path], capture_output=True, text=True, timeout=60, cwd=directory)

        def tls(cert, key):
            return f"security: {{tls: {{public: {{cert: {cert}, key: {key}}}}}}}\n"
        listen = "listen: {kafka: [], admin: [], registry: {at: '127.0.0.1:0', tls: pubic}}\n"
        for text, words in ((tls("none.crt", "server.key"), ("security.tls.public", "none.crt", "No such file")),
                            (tls("server.crt", "ca.key"), ("ca.key", "does not fit")),
                            (tls("server.key", "server.key"), ("server.key", "no certificate")),
                            ("security: {tls: {public: {cert: server.crt}}}\n", ("needs 'key'",)),
                            ("security: {users: {alice: {password: secret}}}\n", ("${file:PATH}",)),
                            ("security: {users: {alice: {password_hash: secret}}}\n", ("openssl passwd -6",)),
                            ("security: {users: {alice: {password: '${file:nowhere}'}}}\n", ("nowhere",)),
                            ("security: {users: {alice: {password: '${env:HOME}'}}, super_users: [alise]}\n", ("did you mean 'alice'?",)),
                            ("security: {users: {alice: {password: '${env:HOME}'}}}\nregistry: {rights: {alcie: {read: '*'}}}\n", ("did you mean 'alice'?",)),
                            ("registry: {rights: {alice: {raed: '*'}}}\n", ("did you mean 'read'?",))):
            said = check(text)
            assert said.returncode == 2 and all(word in said.stderr for word in words), (text, said)
        with open(os.path.join(directory, "listen.yaml"), "w") as file:
            file.write(listen + tls("server.crt", "server.key"))
        said = subprocess.run([SLUICE, "check", "-c", "listen.yaml"], capture_output=True, text=True, timeout=60, cwd=directory)
        assert said.returncode == 2 and "did you mean 'public'?" in said.stderr, said
        said = check(tls("old.crt", "old.key"))
        assert said.returncode == 0 and "has expired" in said.stderr, said
        assert check(tls("none.crt", "server.key"), ("serve", "-c")).returncode != 0


def an_expired_certificate_is_served_and_refused_by_clients(_):
    with temporary_directory() as directory:
        sluice = Secured(directory)
        sluice.certificates.sign("server", days=-1)
        with sluice:
            assert "has expired" in sluice.tail()
            error = refused(lambda: sluice.get(sluice.registry_basic, "/subjects", "root"), requests.exceptions.SSLError)
            assert "expired" in str(error), error


def main():
    checks = Checks()
    checks.run("what is wrong with certificates, users and rights is told before the start", what_is_wrong_is_told_before_the_start, None)
    with temporary_directory() as directory, Secured(directory) as sluice:
        for name, function in (
                ("curl speaks TLS 1.2 and later, beside a plain listener", curl_speaks_tls),
                ("who proves nothing gets 401 in the registry's form", who_proves_nothing_gets_401),
                ("rights by subject hold for confluent-kafka's registry client", rights_hold_for_confluents_client),
                ("a client_ca lets only its clients in", a_client_ca_lets_only_its_clients_in),
                ("a thousand idle handshakes block nobody", a_thousand_idle_handshakes_block_nobody),
                ("the admin listener asks, too", the_admin_listener_asks_too),
                ("our command line speaks https, and shows no password", our_command_line_speaks_https),
                ("SIGHUP takes a new certificate and drops nobody", a_new_certificate_is_taken_without_dropping_anybody),
                ("SIGHUP takes users and rights", users_and_rights_change_while_it_runs),
                ("Kafka clients speak TLS", kafka_clients_speak_tls),
                ("records need registered schemas where the topic says so", records_need_registered_schemas),
                ("a GUID in a header names the schema", a_guid_in_a_header_names_the_schema),
                ("a deleted version is refused at once", a_deleted_version_is_refused_at_once),
                ("what a topic holds is deleted for good by force only", what_a_topic_holds_is_not_deleted_for_good),
                ("the check is switched, and its subjects named, while it runs", the_check_is_switched_while_it_runs)):
            checks.run(name, function, sluice)
    checks.run("an expired certificate is served with a warning, and refused by clients", an_expired_certificate_is_served_and_refused_by_clients, None)
    checks.finish()


main()
