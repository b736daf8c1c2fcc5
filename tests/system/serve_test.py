"""`sluice serve` as a process: start, pages, stop, and the ways in which it refuses to start."""
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from harness import SLUICE, Checks, Sluice, free_port, temporary_directory, wait_until


def serve(*args, timeout=20, env=None):
    return subprocess.run([SLUICE, "serve", *args], capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)


def pages():
    with temporary_directory() as directory, Sluice(directory) as sluice:
        assert sluice.http("/healthz") == "ok\n"
        assert sluice.http("/readyz") == "ready\n"
        page = sluice.http("/")
        assert "<title>Sluice</title>" in page
        assert "http://" not in page and "https://" not in page, "the page loads something from elsewhere"
        status = sluice.status()
        assert status["state"] == "serving"
        assert status["listen"]["kafka"] == [sluice.broker]
        metrics = sluice.http("/metrics")
        assert "# TYPE sluice_" in metrics
        assert sluice.http("/nothing") is None


def sigterm_ends_clean():
    with temporary_directory() as directory, Sluice(directory) as sluice:
        assert sluice.stop() == 0
        assert "stopped" in sluice.tail()
        sluice.start()
        assert sluice.http("/healthz") == "ok\n"


def bare_serves_its_clients_after_kill():
    with temporary_directory() as directory, Sluice(directory, "--topics", "a:3,b") as sluice:
        sluice.kill()
        sluice.start()
        topics = {t["name"]: t["partitions"] for t in sluice.status()["topics"]}
        assert topics["a"] == 3 and topics["b"] == 1, topics


def port_taken():
    with temporary_directory() as directory, socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = serve("--data", f"{directory}/data", "--listen", f"kafka=127.0.0.1:{port}", "--listen",
                       f"registry=127.0.0.1:{free_port()}", "--listen", f"admin=127.0.0.1:{free_port()}")
        assert result.returncode == 2, result
        assert str(port) in result.stderr and str(os.getpid()) in result.stderr, result.stderr
        assert "--listen" in result.stderr, result.stderr


def data_in_use():
    with temporary_directory() as directory, Sluice(directory) as sluice:
        result = serve("--data", sluice.data, "--listen", f"kafka=127.0.0.1:{free_port()}", "--listen",
                       f"registry=127.0.0.1:{free_port()}", "--listen", f"admin=127.0.0.1:{free_port()}")
        assert result.returncode != 0
        assert str(sluice.process.pid) in result.stderr, result.stderr


def newer_data():
    with temporary_directory() as directory:
        with Sluice(directory) as sluice:
            assert sluice.stop() == 0
        path = os.path.join(sluice.data, "sluice.format")
        with open(path) as file:
            assert file.read() == "format=1\n"
        with open(path, "w") as file:
            file.write("format=999\n")
        result = serve("--data", sluice.data, "--listen", "kafka=127.0.0.1:0", "--listen", "registry=127.0.0.1:0",
                       "--listen", "admin=127.0.0.1:0")
        assert result.returncode != 0
        assert "999" in result.stderr and "newer" in result.stderr, result.stderr


def typo():
    with temporary_directory() as directory:
        path = os.path.join(directory, "sluice.yaml")
        with open(path, "w") as file:
            file.write("version: 1\nsinks:\n  lake:\n    to: ./archive\n    fromat: avro\n")
        result = serve("-c", path)
        assert result.returncode == 2, result
        assert f"{path}:5:5" in result.stderr and "did you mean 'format'" in result.stderr, result.stderr


def print_config():
    with temporary_directory() as directory:
        result = serve("--from", "postgres://u@127.0.0.1:1/shop", "--to", "./archive", "--print-config",
                       env={"SLUICE_REGISTRY_COMPATIBILITY": "FULL"})
        assert result.returncode == 0, result
        assert "from: postgres://u@127.0.0.1:1/shop" in result.stdout
        for origin in ("# --from", "# --to", "# default", "# SLUICE_REGISTRY_COMPATIBILITY"):
            assert origin in result.stdout, result.stdout
        path = os.path.join(directory, "sluice.yaml")
        with open(path, "w") as file:
            file.write(result.stdout)
        again = serve("-c", path, "--print-config")
        assert again.returncode == 0, again.stderr


def no_password_in_arguments():
    result = serve("--from", "postgres://u:hush@127.0.0.1:1/shop", "--print-config")
    assert result.returncode == 2
    assert "hush" not in result.stdout + result.stderr


def ephemeral_leaves_nothing():
    with temporary_directory() as directory:
        sluice = Sluice(directory)
        listen = [a for a in sluice.command_line() if a.startswith("--listen")]
        with open(sluice.output, "a") as out:
            sluice.process = subprocess.Popen([SLUICE, "serve", "--ephemeral", *listen], stdout=out, stderr=out,
                                              env={**os.environ, "TMPDIR": directory}, cwd=directory)
        wait_until(sluice.alive_and_healthy, 20, "sluice serves")
        folder = sluice.status()["data"]
        assert folder.startswith(directory) and os.path.isdir(folder), folder
        sluice.process.send_signal(signal.SIGTERM)
        assert sluice.process.wait(20) == 0
        assert not os.path.exists(folder)


def database_not_reachable():
    with temporary_directory() as directory:
        port = free_port()
        result = serve("--from", f"postgres://u@127.0.0.1:{port}/shop", "--data", f"{directory}/data", "--listen",
                       "kafka=127.0.0.1:0", "--listen", "registry=127.0.0.1:0", "--listen", "admin=127.0.0.1:0")
        assert result.returncode != 0
        assert str(port) in result.stderr, result.stderr


def damaged_partition():
    with temporary_directory() as directory, Sluice(directory, "--topics", "a,b") as sluice:
        for topic in ("a", "b"):
            assert sluice.run("produce", topic, "-", stdin="one\n").returncode == 0
        sluice.stop()
        os.remove(f"{directory}/data/a-0/partition.metadata")
        with open(f"{directory}/data/a-0/partition.metadata", "w") as file:
            file.write("version: 0\ntopic_id: damage\n")
        sluice.start()
        read = sluice.run("consume", "b", "-o", "beginning", "-n", "1")
        assert "one" in read.stdout, read
        status = sluice.run("status").stdout
        assert "a-0 is put aside" in status and "partition.metadata" in status, status
        assert "a-0 is put aside" in urlopen_error(sluice, "/readyz")
        refused = sluice.run("produce", "a", "-", stdin="two\n")
        assert refused.returncode != 0 and "a" in refused.stderr, refused


def advertised_address():
    """As behind a forwarded port: whoever connects is told the other address."""
    from confluent_kafka.admin import AdminClient
    with temporary_directory() as directory:
        sluice = Sluice(directory, config=os.path.join(directory, "sluice.yaml"))
        with open(sluice.config, "w") as file:
            file.write(f"version: 1\nlisten:\n  kafka: [{{at: 127.0.0.1:{sluice.kafka}, advertise: kafka.example:9093}}]\n")
        listen = sluice.command_line()
        sluice.command_line = lambda: [a for a in listen if not a.startswith("--listen=kafka")]
        with sluice:
            brokers = AdminClient({"bootstrap.servers": sluice.broker}).list_topics(timeout=20).brokers
            assert [(b.host, b.port) for b in brokers.values()] == [("kafka.example", 9093)], brokers


def field(name, **more):
    return {"name": name, "type": "string", **more}


def schemas_of_topics():
    """The schema of a topic is registered at the start, its next version at SIGHUP; an incompatible one is refused, and says why."""
    with temporary_directory() as directory:
        config = os.path.join(directory, "sluice.yaml")
        schema = os.path.join(directory, "click.avsc")

        def write(fields, topics="clicks: {partitions: 2, schema: click.avsc}"):
            with open(schema, "w") as file:
                json.dump({"type": "record", "name": "Click", "fields": fields}, file)
            with open(config, "w") as file:
                file.write(f"version: 1\ntopics: {{{topics}}}\n")

        write([field("page")])
        with Sluice(directory, config=config) as sluice:
            assert sluice.http("/subjects/clicks-value/versions", base=sluice.registry_url) == "[1]"
            write([field("page"), field("agent", default="")], "clicks: {schema: click.avsc}, views: {partitions: 3}")
            sluice.process.send_signal(signal.SIGHUP)
            wait_until(lambda: sluice.http("/subjects/clicks-value/versions", base=sluice.registry_url) == "[1,2]", 20, "the second version is registered")
            wait_until(lambda: {t["name"]: t["partitions"] for t in sluice.status()["topics"]}.get("views") == 3, 20, "the new topic is made")
            write([field("page"), field("user")], "clicks: {schema: click.avsc}, never: {}")
            sluice.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "is not taken" in sluice.tail(), 20, "the incompatible one is refused")
            assert "READER_FIELD_MISSING_DEFAULT_VALUE" in sluice.tail() and "sluice schema check clicks-value" in sluice.tail(), sluice.tail()
            assert "never" not in {t["name"] for t in sluice.status()["topics"]}, "nothing is made of a configuration that is refused"
            sluice.stop()
            refused = serve("-c", config, "--data", sluice.data, *[f"--listen={kind}=127.0.0.1:0" for kind in ("kafka", "registry", "admin")])
            assert refused.returncode == 2 and "topics.clicks.schema" in refused.stderr, refused
            write([field("page")])  # an old version is no new one
            sluice.start()
            assert sluice.http("/subjects/clicks-value/versions", base=sluice.registry_url) == "[1,2]"


def urlopen_error(sluice, path):
    try:
        urllib.request.urlopen(sluice.admin_url + path, timeout=20)
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return "no error"


def status_is_json():
    with temporary_directory() as directory, Sluice(directory) as sluice:
        result = sluice.run("status", "--json")
        assert result.returncode == 0, result
        json.loads(result.stdout)


checks = Checks()
checks.run("health, readiness, status, metrics and the page answer", pages)
checks.run("SIGTERM ends clean, and the next start serves", sigterm_ends_clean)
checks.run("topics of --topics survive kill -9", bare_serves_its_clients_after_kill)
checks.run("a taken port is named, with who holds it", port_taken)
checks.run("a data directory in use is refused, with the process", data_in_use)
checks.run("a data directory of a newer version is refused", newer_data)
checks.run("a typo is told with file, line, column and the key that was meant", typo)
checks.run("--print-config turns flags into a file, with origins", print_config)
checks.run("a password in a URL is refused and not repeated", no_password_in_arguments)
checks.run("--ephemeral leaves nothing behind", ephemeral_leaves_nothing)
checks.run("a database that is not reachable is told before anything starts", database_not_reachable)
checks.run("a damaged partition is put aside and told; the others are served", damaged_partition)
checks.run("status gives JSON to programs", status_is_json)
checks.run("clients are told the address that a listener advertises", advertised_address)
checks.run("topics have the schemas of the configuration, also after SIGHUP", schemas_of_topics)
checks.finish()
