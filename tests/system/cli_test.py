"""The command line, as a new user meets it: every command of this version, right and wrong, against one server."""
import json
import os
import re
import shutil
import subprocess
import time

import fastavro

from harness import ROOT, SLUICE, Checks, expect, free_port, temporary_directory
from road import Road

TABLES = """
CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric(10,2), at timestamptz);
INSERT INTO orders SELECT i, 'c' || i, i * 1.5, '2026-01-01' FROM generate_series(1, 20) i;
CREATE TABLE "odd <b>name" (id int PRIMARY KEY);
INSERT INTO "odd <b>name" VALUES (1);
"""
ORDERS = "shop.public.orders"


def sluice(*args, env=None, stdin=None, cwd=None):
    """A command that asks nobody, or the wrong one."""
    return subprocess.run([SLUICE, *args], capture_output=True, text=True, timeout=60, check=False, input=stdin, cwd=cwd,
                          env={**os.environ, **(env or {})})


def lines(result):
    assert result.returncode == 0, result
    return [json.loads(line) for line in result.stdout.split("\n") if line]


# ---- the grammar


def help_everywhere(_):
    text = expect(sluice("--help"), 0).stdout
    assert sluice("-h").stdout == sluice("help").stdout == text
    for noun, verb in re.findall(r"^  (\w+)(?: (\w+))?  ", text, re.M):
        for flag in ("-h", "--help"):
            shown = expect(sluice(noun, *filter(None, [verb]), flag), 0).stdout
            assert f"sluice {noun} {verb}".strip() in shown, shown
    verbs = expect(sluice("topics", "--help"), 0).stdout
    assert "topic create TOPIC" in verbs and "topic delete TOPIC" in verbs, verbs
    assert "avro encode" in expect(sluice("avro", "--help"), 0).stdout
    assert expect(sluice("help", "topic", "create"), 0).stdout == sluice("topic", "create", "-h").stdout
    bare = sluice()
    assert bare.returncode == 2 and bare.stdout == "" and "topic list" in bare.stderr, bare


def wrong_words(_):
    expect(sluice("topix"), 2, err="did you mean `sluice topic`?")
    expect(sluice("topic", "lst"), 2, err="did you mean `sluice topic list`?")
    expect(sluice("schemas", "frobnicate"), 2, err="there is: list, show, create, set, delete, check, diff, lint")
    expect(sluice("topic", "list", "--alll"), 2, err="did you mean --all?")
    expect(sluice("serve", "--form=x"), 2, err="did you mean --from?")
    expect(sluice("topic", "show"), 2, err="TOPIC is required")
    expect(sluice("topic", "show", "a", "b"), 2)
    expect(sluice("consume", "t", "-n", "many"), 2)
    expect(sluice("topics", "-b", "nonsense"), 2, err="HOST:PORT")
    expect(sluice("status", env={"SLUICE_ADMIN": "ftp://x"}), 2)


def reserved(_):
    for words in ("topic set x k=v", "source pause x", "sink compact x", "view promote v", "view rollback v",
                  "groups", "group seek", "txn list", "broker show", "user", "acl list", "quota", "try postgres://x/y",
                  "history t k", "dlq list", "plan", "apply --prune", "migrate --to x", "collector", "follower",
                  "policy", "lineage show", "profile", "verify --deep"):
        expect(sluice(*words.split()), 2, err="not in this version")


def nobody_there(_):
    address = f"127.0.0.1:{free_port()}"
    for command, flag in (("topics", "-b"), ("schemas", "-r"), ("status", "-a"), ("sources", "-a"), ("verify", "-a")):
        expect(sluice(command, flag, address), 3, err="what to do")
        expect(sluice(flag, address, command), 3)  # flags may stand before the noun
    expect(sluice("consume", "t", "-b", "nobody.invalid:9092"), 3)


def completions(_):
    for shell, check in (("bash", ["bash", "-c", "eval \"$(cat)\"; COMP_WORDS=(sluice topic cr); COMP_CWORD=2; _sluice; echo ${COMPREPLY[@]}"]),
                         ("zsh", ["zsh", "-n", "/dev/stdin"]), ("fish", ["fish", "--no-execute", "/dev/stdin"])):
        script = expect(sluice("completion", shell), 0).stdout
        if shutil.which(shell) is None:
            raise AssertionError(f"{shell} is not installed: tools/deps.sh test")
        loaded = subprocess.run(check, input=script, capture_output=True, text=True, timeout=30, check=False)
        assert loaded.returncode == 0 and loaded.stderr == "", loaded
        assert "create" in (loaded.stdout if shell == "bash" else script), loaded
    flags = subprocess.run(["bash", "-c", 'eval "$(cat)"; COMP_WORDS=(sluice consume t --fo); COMP_CWORD=3; _sluice; echo ${COMPREPLY[@]}'],
                           input=sluice("completion", "bash").stdout, capture_output=True, text=True, timeout=30, check=True).stdout
    assert flags.split() == ["--format", "--follow"], flags
    asked = subprocess.run(["fish", "-c", "source -; complete -C 'sluice topic create --pa'"],
                           input=sluice("completion", "fish").stdout, capture_output=True, text=True, timeout=30, check=False)
    assert "--partitions" in asked.stdout, asked
    expect(sluice("completion", "tcsh"), 2, err="bash, zsh and fish")


def references(_):
    for page in ("commands", "configuration", "errors", "metrics"):
        with open(os.path.join(ROOT, "docs", page + ".md")) as file:
            assert expect(sluice("reference", page), 0).stdout == file.read(), f"docs/{page}.md: run make docs"


def version(_):
    text = expect(sluice("version"), 0).stdout
    told = json.loads(expect(sluice("version", "--json"), 0).stdout)
    assert told["version"] in text and told["commit"] in text and sluice("--version").stdout == text, (text, told)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert not head or re.fullmatch(r"[0-9a-f]{7,}\+?", told["commit"]), told


# ---- topics, records


def topics(road):
    run = road.sluice.run
    expect(run("topic", "create", "clicks", "-p", "3", "cleanup.policy=compact"), 0, err="created clicks")
    expect(run("topic", "create", "clicks"), 4, err="exists already")
    expect(run("topic", "create", "x", "cleanup.polisy=compact"), 4, err="cleanup.polisy")
    expect(run("topic", "create", "x", "nonsense"), 2, err="key=value")
    expect(run("topic", "create", "x", "-p", "0"), 2)
    expect(run("topic", "create", "no good"), 4)
    shown = json.loads(expect(run("topic", "show", "clicks", "-J"), 0).stdout)
    assert len(shown["partitions"]) == 3 and shown["config"] == {"cleanup.policy": "compact"}, shown
    expect(run("topic", "show", "clicks"), 0, out="cleanup.policy")
    listed = {t["name"]: t for t in json.loads(expect(run("topics", "-J"), 0).stdout)}
    assert listed["clicks"]["partitions"] == 3 and ORDERS in listed and "_schemas" not in listed, listed
    assert run("topic").stdout == run("topics").stdout == run("topic", "list").stdout
    expect(run("topic", "list", "--all"), 0, out="_schemas")
    expect(run("topic", "delete", "clicks"), 4, err="--yes")  # nobody is there to be asked
    expect(run("topic", "delete", "clicks", "--yes"), 0)
    expect(run("topic", "show", "clicks"), 1, err="no topic clicks")
    expect(run("topic", "delete", "clicks", "--yes"), 1)


def produce_and_consume(road):
    run = road.sluice.run
    expect(run("topic", "create", "people", "-p", "2"), 0)
    schema = {"type": "record", "name": "P", "fields": [{"name": "id", "type": "string"}, {"name": "born", "type": {"type": "int", "logicalType": "date"}},
                                                         {"name": "score", "type": ["null", "double"], "default": None}]}
    path = os.path.join(road.directory, "p.avsc")
    with open(path, "w") as file:
        json.dump(schema, file)
    people = [{"id": f"p{i}", "born": f"19{70 + i}-01-01", "score": i / 2 if i % 2 else None} for i in range(10)]
    text = "\n".join(json.dumps(p) for p in people)
    expect(run("produce", "people", "-", "--schema", path, "--key", "id", stdin=text), 0, err="10 records")
    got = lines(run("consume", "people"))
    assert sorted((r["key"], r["value"]["born"], r["value"]["score"]) for r in got) == sorted((p["id"], p["born"], p["score"]) for p in people), got
    assert len({r["partition"] for r in got}) == 2, "keys are spread by their hash"
    expect(run("produce", "people", "-", "--schema", path, stdin='{"id": 7}'), 4, err="line 1")
    expect(run("produce", "people", "-", "--key", "nope", stdin='{"id": "7"}'), 4, err="nope")
    expect(run("produce", "people", "nofile"), 2, err="nofile")
    expect(run("produce", "people", "-", "--schema", "nofile", stdin="{}"), 2, err="nofile")
    expect(run("produce", "nobody", "-", stdin="{}"), 1, err="no topic")
    expect(run("produce", ORDERS, "-", stdin="{}"), 4, err="written by the platform")


def produce_avro_files(road):
    run = road.sluice.run
    schema = fastavro.parse_schema({"type": "record", "name": "R", "fields": [{"name": "k", "type": "long"}, {"name": "v", "type": "bytes"}]})
    for codec in ("null", "deflate"):
        path, topic = os.path.join(road.directory, f"{codec}.avro"), f"avro-{codec}"
        rows = [{"k": i, "v": os.urandom(i)} for i in range(500)]
        with open(path, "wb") as file:
            fastavro.writer(file, schema, rows, codec=codec, sync_interval=2000)
        expect(run("topic", "create", topic), 0)
        expect(run("produce", topic, path, "--key", "k"), 0, err="500 records")
        got = lines(run("consume", topic))
        assert [(r["key"], r["value"]["k"], r["value"]["v"].encode("latin-1")) for r in got] == [(str(r["k"]), r["k"], r["v"]) for r in rows]
        assert lines(run("dump", path)) == [r["value"] for r in got]
        expect(run("produce", topic, path, "--schema", path), 2, err="schema of its own")
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path) - 7)
        assert run("produce", topic, path).returncode == 4, "a damaged file is refused"


def consume_options(road):
    run = road.sluice.run
    everything = lines(run("consume", ORDERS))
    assert [r["key"]["id"] for r in everything] == list(range(1, 21)) and everything[0]["headers"] == {"__op": "r"}, everything
    assert everything[1]["value"] == {"id": 2, "customer": "c2", "total": "3.00", "at": "2026-01-01T00:00:00Z"}, everything[1]
    offsets = [r["offset"] for r in everything]

    def offsets_of(*args):
        return [r["offset"] for r in lines(run("consume", ORDERS, *args))]

    assert offsets_of("-o", "beginning") == offsets_of("--uncommitted") == offsets
    assert offsets_of("-o", "end") == offsets_of("-n", "0") == offsets_of("-o", "@2099-01-01") == []
    assert offsets_of("-o", str(offsets[5]), "-n", "2") == offsets[5:7]
    assert offsets_of("-o", "@2026-01-01T00:00:00Z") == offsets
    assert offsets_of("-o", f"@{everything[0]['timestamp']}") == offsets
    assert set(offsets_of("-o", "-3")) <= set(offsets[-3:])  # control records count as offsets
    assert offsets_of("-g", "g", "-n", "4") + offsets_of("-g", "g") == offsets and offsets_of("-g", "g") == []
    offset, = [r for r in lines(run("consume", "__consumer_offsets")) if r["key"].get("OffsetCommitKey", {}).get("group") == "g"][-1:]
    assert offset["value"]["OffsetCommitValue"]["offset"] > offsets[-1], offset  # behind the control record
    for wrong in (["-o", "middle"], ["-o", "@noon"], ["-f", "%z"], ["-n", "-1"], ["--bootstrap"]):
        expect(run("consume", ORDERS, *wrong), 2)
    expect(run("consume", "nobody"), 1)
    shown = run("consume", ORDERS, "-n", "1", "-f", r"%t|%p|%o|%k|%T|%h|%K|%%\n").stdout.split("|")
    assert shown[:4] == [ORDERS, "0", "0", '{"id":1}'] and shown[5] == "__op=r" and shown[7] == "%\n", shown
    raw = subprocess.run([SLUICE, "consume", ORDERS, "-n", "1", "-f", "%S %R", "-b", road.sluice.broker, "-r", road.sluice.registry_url],
                         capture_output=True, check=True, timeout=60).stdout
    size, framed = raw.split(b" ", 1)
    assert int.from_bytes(framed, "big") == int(size), raw


def follow(road):
    process = subprocess.Popen([SLUICE, "consume", ORDERS, "--follow", "--bootstrap", "-n", "21", "-b", road.sluice.broker, "-r", road.sluice.registry_url],
                               stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(20):
            process.stdout.readline()
        road.sql("INSERT INTO orders VALUES (21, 'new', 1, now())")
        last = json.loads(process.stdout.readline())
        assert last["key"] == {"id": 21} and last["headers"]["__op"] == "c" and last["latency_ms"] >= 0, last
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def aborted_are_left_out(road):
    from confluent_kafka import Producer
    expect(road.sluice.run("topic", "create", "txn"), 0)
    producer = Producer({"bootstrap.servers": road.sluice.broker, "transactional.id": "t"})
    producer.init_transactions()
    for word, end in (("kept", producer.commit_transaction), ("dropped", producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce("txn", word)
        producer.flush()
        end()
    assert [r["value"] for r in lines(road.sluice.run("consume", "txn"))] == ["kept"]
    assert [r["value"] for r in lines(road.sluice.run("consume", "txn", "--uncommitted"))] == ["kept", "dropped"]


# ---- schemas, sources, status, verify


def schemas(road):
    run = road.sluice.run
    listed = {s["subject"]: s for s in json.loads(expect(run("schemas", "-J"), 0).stdout)}
    assert listed[f"{ORDERS}-value"]["version"] == 1, listed
    assert run("schema").stdout == run("schema", "list").stdout
    shown = json.loads(expect(run("schema", "show", f"{ORDERS}-key"), 0).stdout)
    assert shown["namespace"] == ORDERS and shown["name"] == "Key", shown
    expect(run("schema", "show", f"{ORDERS}-key", "-v", "1"), 0)
    expect(run("schema", "show", f"{ORDERS}-key", "-v", "9"), 1)
    expect(run("schema", "show", "nobody"), 1)
    shown["fields"][0]["type"] = "string"
    expect(run("schema", "check", f"{ORDERS}-key", "-", stdin=json.dumps(shown)), 1, out="NOT compatible")
    verdict = run("schema", "check", f"{ORDERS}-key", "-", "-J", stdin=json.dumps(shown))
    assert verdict.returncode == 1 and json.loads(verdict.stdout)["is_compatible"] is False, verdict
    expect(run("schema", "check", "new-subject", "-", stdin=json.dumps(shown)), 0)
    expect(run("schema", "check", "new-subject", "-", stdin="{"), 1, out="no valid schema")
    expect(run("schema", "check", "new-subject", "nofile"), 2)


def sources_and_status(road):
    run = road.sluice.run
    listed = json.loads(expect(run("sources", "-J"), 0).stdout)
    assert [s["name"] for s in listed] == ["shop"] and listed[0]["tables"] == 2, listed
    expect(run("source"), 0, out="shop")
    one = json.loads(expect(run("source", "show", "shop", "-J"), 0).stdout)
    assert one == json.loads(expect(run("status", "shop", "-J"), 0).stdout) or one["name"] == "shop", one
    expect(run("source", "show", "nobody"), 1)
    expect(run("status", "nobody"), 1)
    expect(run("status", "nobody", "-J"), 1)
    text = expect(run("status"), 0).stdout
    assert "source shop" in text and "sink archive" in text and ORDERS in text, text
    assert {s["kind"] for s in json.loads(expect(run("status", "-J"), 0).stdout)["stages"]} == {"source", "sink"}
    watching = subprocess.Popen([SLUICE, "status", "shop", "--watch", "-a", road.sluice.admin_url], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1.5)
        watching.terminate()
        out = watching.communicate(timeout=20)[0]
        assert watching.returncode == 0 and out.count("source shop") >= 2, out
    finally:
        watching.kill()
    expect(run("source", "delete", "shop", "--from", road.server.url("shop")), 4, err="--yes")
    expect(run("source", "delete", "shop", "--from", road.server.url("shop"), "--yes"), 4, err="in use")
    expect(run("source", "delete", "other", "--from", road.server.url("shop"), "--yes"), 1)


def verify(road):
    run = road.sluice.run
    for name in ((), ("shop",), ("archive",)):
        # A folder of that name in the working directory would be meant instead.
        text = expect(sluice("verify", *name, "-a", road.sluice.admin_url, cwd="/"), 0).stdout
        assert re.search(r"orders +21 = 21 = 21", text), text
    told = json.loads(expect(run("verify", "-J"), 0).stdout)
    assert told["equal"] and {t["in_source"] for t in told["tables"]} == {21, 1}, told
    expect(sluice("verify", "nobody", "-a", road.sluice.admin_url, cwd="/"), 1, err="no source or sink nobody")
    expect(run("verify", "./nofolder"), 2)
    expect(run("verify", road.archive), 0, out=f"{ORDERS}-0")
    whole = json.loads(expect(run("verify", road.archive, "-J"), 0).stdout)
    assert whole["whole"] and not whole["problems"], whole
    assert run("verify", road.directory).returncode != 0, "no archive"


def dump(road):
    """After a clean stop: then indexes and snapshots are on the disk, too."""
    assert road.sluice.stop() == 0
    run = sluice
    seen = set()
    for base in (road.sluice.data, road.archive):
        for folder, _, names in os.walk(base):
            if folder.startswith(os.path.join(road.sluice.data, "views")):
                continue  # RocksDB's, a cache of topics
            for name in names:
                path = os.path.join(folder, name)
                shown = run("dump", path)
                assert shown.returncode == 0, (path, shown)
                assert "\0" not in shown.stdout, path
                if os.path.getsize(path):
                    assert shown.stdout, path
                    seen.add(name.rsplit(".", 1)[-1])
    assert {"log", "index", "timeindex", "avro", "json", "avsc", "properties", "format", "metadata", "txnindex"} <= seen, seen
    segment = os.path.join(road.sluice.data, f"{ORDERS}-0", "0" * 20 + ".log")
    text = run("dump", segment).stdout
    assert "batch at 0" in text and "transactional" in text and "WRONG" not in text, text[:500]
    first = "0" * 20 + ".log"
    for topic, words in (("__cluster_metadata", ('"TopicRecord"', '"name":"shop.public.orders"', '"ConfigRecord"', '"PartitionRecord"')),
                         ("__consumer_offsets", ('"OffsetCommitKey":{"group":"g"', '"OffsetCommitValue"')),
                         ("__transaction_state", ('"TransactionLogKey"', '"TransactionLogValue"'))):
        text = run("dump", os.path.join(road.sluice.data, topic + "-0", first)).stdout
        assert all(word in text for word in words), (topic, text[:2000])
    damaged = os.path.join(road.directory, "damaged.log")
    with open(segment, "rb") as file:
        data = bytearray(file.read())
    data[80] ^= 1
    with open(damaged, "wb") as file:
        file.write(data)
    assert "WRONG CRC" in run("dump", damaged).stdout
    expect(run("dump", "nofile"), 2)
    expect(run("dump", SLUICE), 2, err="no file that sluice writes")
    aborted = os.path.join(road.sluice.data, "txn-0", "0" * 20 + ".txnindex")
    assert "aborted offsets" in run("dump", aborted).stdout


def producer_snapshots(road):
    found = [os.path.join(f, n) for f, _, ns in os.walk(road.sluice.data) for n in ns if n.endswith(".snapshot")]
    assert found, "no producer snapshot"
    assert any("last sequence" in sluice("dump", path).stdout for path in found), found


def source_delete_without_a_server(road):
    config = road.sluice.config
    removed = expect(sluice("source", "delete", "shop", "-c", config, "--yes"), 0, err="removed")
    assert "slot" in removed.stderr, removed
    assert road.server.sql("SELECT count(*) FROM pg_replication_slots")[0][0] == 0
    assert road.sql("SELECT count(*) FROM pg_publication")[0][0] == 0
    assert sluice("source", "delete", "shop", "--from", road.server.url("shop"), "--yes").returncode == 1, "nothing is left"


# ---- check


def check(road):
    url = road.server.url("shop")
    expect(sluice("check", "--from", url), 0, out="2 tables")
    told = json.loads(expect(sluice("check", "--from", url, "-J"), 0).stdout)
    assert told["ok"] and told["sources"][0]["source"] == "shop" and "public.orders" in told["sources"][0]["tables"], told
    road.server.sql("CREATE ROLE reader LOGIN")
    poor = sluice("check", "--from", road.server.url("shop", "reader"))
    assert poor.returncode == 1 and "REPLICATION" in poor.stdout, poor
    grants = expect(sluice("check", "--from", road.server.url("shop", "reader"), "--grants"), 0).stdout
    road.sql(grants)  # is SQL, and enough
    expect(sluice("check", "--from", road.server.url("shop", "reader")), 0)
    road.sql('DROP PUBLICATION IF EXISTS sluice_shop, sluice_shop_inserts; DROP OWNED BY reader; DROP ROLE reader')
    expect(sluice("check", "--from", f"postgres://u@127.0.0.1:{free_port()}/x"), 3, err="what to do")
    expect(sluice("check", "--from", "postgres://u:hush@h/d"), 2)
    expect(sluice("check", "--from", url, "--no-connect"), 0, out="fine")
    expect(sluice("check"), 0, out="no sources")
    expect(sluice("check", "-c", "nofile"), 2)
    path = os.path.join(road.directory, "env.yaml")
    with open(path, "w") as file:
        file.write("version: 1\nsources: {a: {from: postgres://u@h/d, password: '${env:NO_SUCH}'}}\n")
    expect(sluice("check", "-c", path, "--no-connect"), 0)
    expect(sluice("check", "-c", path), 2, err="NO_SUCH")
    printed = expect(sluice("check", "-c", path, "--print-config", env={"NO_SUCH": "hush", "SLUICE_DATA": "/elsewhere"}), 0).stdout
    assert "hush" not in printed and re.search(r"data: /elsewhere +# SLUICE_DATA", printed), printed
    assert f"{path}:2:" in printed and "# default" in printed, printed
    expect(sluice("topics", "-c", path, env={"SLUICE_LISTEN_KAFKA": f"127.0.0.1:{free_port()}"}), 3)


# ---- what programs read of the admin listener


def metrics(road):
    expect(road.sluice.run("view", "create", f"CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(total) AS total FROM {ORDERS} GROUP BY customer"), 0)
    text = road.sluice.http("/metrics")
    kinds, helps, series = {}, set(), set()
    value = r"(?:[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|Inf)|NaN)"
    label = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"'
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split()[2]
            assert name not in helps, f"{name} twice"
            helps.add(name)
        elif line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert kind in ("gauge", "counter") and (kind == "counter") == name.endswith("_total"), line
            kinds[name] = kind
        else:
            assert re.fullmatch(rf"sluice_\w+(?:\{{{label}(?:,{label})*\}})? {value}", line), line
            name = re.match(r"\w+", line)[0]
            assert name in kinds and name in helps, line
            assert line.rsplit(" ", 1)[0] not in series, f"{line} twice"
            series.add(line.rsplit(" ", 1)[0])
    with open(os.path.join(ROOT, "docs", "metrics.md")) as file:
        known = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", file.read(), re.M))
    assert known == kinds, "docs/metrics.md: run make docs"
    expect(road.sluice.run("topic", "create", "gone"), 0)
    assert 'topic="gone"' in road.sluice.http("/metrics")
    expect(road.sluice.run("topic", "delete", "gone", "--yes"), 0)
    assert 'topic="gone"' not in road.sluice.http("/metrics"), "a deleted topic leaves no series behind"


def page_is_safe(road):
    import urllib.request
    with urllib.request.urlopen(road.sluice.admin_url + "/", timeout=20) as answer:
        policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
    assert "innerHTML" not in page and "//" not in re.sub(r"//.*", "", page).replace("https://", "//"), "outside resources"


checks = Checks()
for name, function in (("help is everywhere", help_everywhere), ("wrong words are told what was meant", wrong_words),
                       ("commands of later versions are refused by name", reserved), ("nobody there is status 3", nobody_there),
                       ("completions load in their shells", completions), ("generated pages are what the program says", references),
                       ("version tells its commit", version)):
    checks.run(name, function, None)
with temporary_directory() as directory, Road(directory, TABLES) as road_:
    for name, function in (("topics", topics), ("produce and consume", produce_and_consume), ("produce takes Avro files", produce_avro_files),
                           ("consume, every option", consume_options), ("consume --follow", follow),
                           ("aborted transactions are left out", aborted_are_left_out), ("schemas", schemas),
                           ("sources and status", sources_and_status), ("verify, by name and by folder", verify),
                           ("metrics are valid, and those of the reference", metrics),
                           ("the page takes nothing from elsewhere", page_is_safe),
                           ("dump prints every file of data and archive", dump),
                           ("dump prints producers' snapshots", producer_snapshots),
                           ("source delete works with no server", source_delete_without_a_server), ("check", check)):
        checks.run(name, function, road_)
checks.finish()
