"""`sluice avro …` on files and pipes, and `sluice avro eval` under everything that a line can be."""
import json
import os
import random
import resource
import subprocess
import time

import fastavro

from avro_values import Eval
from harness import ROOT, SLUICE, Checks, seed, temporary_directory

ROW = {"type": "record", "name": "Row", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"], "default": None},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []}]}
WIDER = {"type": "record", "name": "Row", "namespace": "shop", "fields": [
    {"name": "id", "type": "double"}, {"name": "added", "type": "int", "default": 7}]}
DATA = [{"id": 1, "name": None, "tags": []}, {"id": -2, "name": {"string": "é\n"}, "tags": ["a", ""]}, {"id": 2**62, "name": {"string": "x" * 300}, "tags": ["t"] * 100}]
CODECS = ("null", "deflate", "snappy", "bzip2", "xz", "zstandard")
MIB = 1 << 20


def sluice(*args, data=b"", status=0):
    done = subprocess.run([SLUICE, "avro", *args], input=data, capture_output=True, timeout=120, check=False)
    assert done.returncode == status, (args, done.returncode, done.stdout[-500:], done.stderr[-1000:])
    assert status == 0 or status == 1 or done.stderr.startswith(b"sluice: "), done
    return done.stdout if status == 0 else (done.stdout, done.stderr.decode())


def lines(data):
    return "".join(json.dumps(each) + "\n" for each in data).encode()


class Files:
    def __init__(self, directory):
        self.directory = directory
        self.row, self.wider, self.text = self.put("row.avsc", ROW), self.put("wider.avsc", WIDER), self.put("text.avsc", "string")

    def path(self, name):
        return os.path.join(self.directory, name)

    def put(self, name, value):
        with open(self.path(name), "wb") as file:
            file.write(value if isinstance(value, bytes) else json.dumps(value).encode())
        return self.path(name)


def there_and_back(files):
    data = sluice("encode", "--schema", files.row, data=lines(DATA))
    read = sluice("decode", "--schema", files.row, data=data)
    assert [json.loads(line) for line in read.decode().split("\n") if line] == DATA, read
    stream = files.put("rows.bin", data)
    assert sluice("decode", "--schema", files.row, stream) == read
    assert sluice("encode", "--schema", files.row, files.put("rows.jsonl", read + b"\n \n")) == data  # blank lines are none
    wider = sluice("decode", "--schema", files.row, "--reader-schema", files.wider, "-", data=data)
    assert [json.loads(line) for line in wider.decode().split("\n") if line] == [{"id": float(d["id"]), "added": 7} for d in DATA], wider
    assert sluice("encode", "--schema", files.row) == b"" == sluice("decode", "--schema", files.row)


def wrong_data_are_named(files):
    good = lines(DATA[:2])
    out, error = sluice("encode", "--schema", files.row, data=good + b'{"id":1,"name":null,"tags":["a",2]}\n' + good, status=4)
    assert "standard input:3: at /tags/1: no string, at byte 32" in error, error
    assert out == sluice("encode", "--schema", files.row, data=good), out
    bad = files.put("bad.jsonl", b'{"id":1,"name":{"string":"\xff"},"tags":[]}\n')
    assert "bad.jsonl:1: at /name/string: no JSON: no UTF-8, at byte 26" in sluice("encode", "--schema", files.row, bad, status=4)[1]
    data = sluice("encode", "--schema", files.row, data=good)
    out, error = sluice("decode", "--schema", files.row, data=data + data[:-1], status=4)
    assert f"standard input, datum 4 at byte {len(data) + 3}: " in error and len(out.splitlines()) == 3, (out, error)
    assert "takes no bytes" in sluice("decode", "--schema", files.put("null.avsc", "null"), data=b"x", status=4)[1]
    assert "datum 1 at byte 0: " in sluice("decode", "--schema", files.row, "--reader-schema", files.text, data=data, status=4)[1]
    for words, status in ((("encode",), 2), (("decode", "--schema", "/nowhere"), 2), (("encode", "--schema", files.row, "/nowhere"), 2), (("cat", "/nowhere"), 2),
                          (("canonical", "--schema", files.put("bad.avsc", {"type": "nope"})), 2), (("fingerprint", "--schema", files.row, "--md5", "--sha256"), 2),
                          (("cat", files.row), 4), (("write", "--schema", files.row, "--codec", "lzo"), 2), (("write", "--schema", files.row, "--meta", "x"), 2), (("encode", "--schema", files.directory), 2)):
        sluice(*words, status=status)


def schemas_alone(files):
    form = fastavro.schema.to_parsing_canonical_form(ROW)
    assert sluice("canonical", "--schema", files.row).decode() == form + "\n"
    digits = bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO"))[::-1].hex()
    assert sluice("fingerprint", "--schema", files.row).decode() == digits + "\n"
    assert json.loads(sluice("fingerprint", "--schema", files.row, "-J")) == {"algorithm": "CRC-64-AVRO", "fingerprint": digits}
    for flag, kind in (("--md5", "md5"), ("--sha256", "sha256")):
        assert sluice("fingerprint", "--schema", "-", flag, data=json.dumps(ROW).encode()).decode() == fastavro.schema.fingerprint(form, kind) + "\n"
    assert b" reads what " in sluice("compat", "--reader", files.wider, "--writer", files.row)
    out, _ = sluice("compat", "--reader", files.row, "--writer", files.wider, status=1)
    assert b"/fields/0/type" in out and b"TYPE_MISMATCH" in out, out
    out, _ = sluice("compat", "--reader", files.row, "--writer", files.wider, "-J", status=1)
    found = json.loads(out)
    assert not found["compatible"] and found["incompatibilities"][0]["message"] == "reader type: LONG not compatible with writer type: DOUBLE", found
    date = files.put("date.avsc", {"type": "int", "logicalType": "date"})
    plain = files.put("int.avsc", "int")
    sluice("compat", "--reader", plain, "--writer", date)
    sluice("compat", "--reader", plain, "--writer", date, "--strict", status=1)


def container_files(files):
    data = lines(DATA * 300)
    for codec in CODECS:
        path = files.path(codec + ".avro")
        written = sluice("write", "--schema", files.row, "--codec", codec, "--meta", "owner=shop", data=data)
        sluice("write", "--schema", files.row, "--codec", codec, "--output", path, files.put("rows.jsonl", data))
        for source, given in ((path, b""), ("-", written)):
            assert [json.loads(line) for line in sluice("cat", source, data=given).decode().split("\n") if line] == DATA * 300, codec
        with open(path, "rb") as file:
            read = list(fastavro.reader(file))
        assert [row["tags"] for row in read] == [row["tags"] for row in DATA * 300], codec
        assert json.loads(sluice("schema", path)) == ROW
        told = json.loads(sluice("schema", "-", "-J", data=written))
        assert told["codec"] == codec and told["metadata"] == {"owner": "shop"} and json.loads(told["schema"]) == ROW, told
        narrow = sluice("cat", path, "--reader-schema", files.wider).decode().split("\n")
        assert json.loads(narrow[1]) == {"id": -2.0, "added": 7}, narrow[1]
    # A write that fails leaves the file that was there.
    sluice("write", "--schema", files.row, "--output", files.path("null.avro"), data=data + b"x", status=4)
    assert len(sluice("cat", files.path("null.avro")).splitlines()) == 900 and not os.path.exists(files.path("null.avro.part"))


def damage_is_passed_over_when_asked(files):
    with open(files.path("null.avro"), "rb") as file:
        data = bytearray(file.read())
    assert len(data) > 2 * 65536
    data[len(data) // 2] ^= 0xff
    data[len(data) // 2 + 1:len(data) // 2 + 1000] = b"\xff" * 999
    broken = files.put("broken.avro", bytes(data))
    sluice("cat", broken, status=4)
    out, error = sluice("cat", broken, "--skip-damaged", status=1)
    rows = [json.loads(line) for line in out.decode().split("\n") if line]
    assert 300 < len(rows) < 900 and all(row in DATA for row in rows), len(rows)
    assert "passed over" in error, error


def peak_bytes(args, feed):
    """Runs, with input that comes from `feed(pipe)` in another process; the peak of resident memory, and the output's size."""
    read, write = os.pipe()
    feeder = os.fork()
    if feeder == 0:
        os.close(read)
        with os.fdopen(write, "wb") as pipe:
            try:
                feed(pipe)
            except BrokenPipeError:
                pass
        os._exit(0)
    os.close(write)
    process = subprocess.Popen([SLUICE, "avro", *args], stdin=read, stdout=subprocess.PIPE)
    os.close(read)
    size = 0
    while piece := process.stdout.read(MIB):
        size += len(piece)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    os.waitpid(feeder, 0)
    assert process.returncode == 0, process.returncode
    return usage.ru_maxrss * 1024, size


def memory_is_bounded(files):
    row = lines(DATA[1:2])
    data = sluice("encode", "--schema", files.row, data=row)
    idle = peak_bytes(("encode", "--schema", files.row), lambda pipe: pipe.write(row))[0]
    count = 64 * MIB // len(row)
    piece = 1000
    found = {}
    for name, args, block in (("encode", ("encode", "--schema", files.row), row), ("decode", ("decode", "--schema", files.row), data),
                              ("write", ("write", "--schema", files.row, "--codec", "deflate"), row)):
        peak, size = peak_bytes(args, lambda pipe, block=block: [pipe.write(block * piece) for _ in range(count // piece)])
        found[name] = (peak - idle) / MIB
        assert name == "write" or size == (len(data) if name == "encode" else len(sluice("decode", "--schema", files.row, data=data))) * (count // piece) * piece, (name, size)
    print("      MiB above a run of one row: " + ", ".join(f"{name} {mib:.1f}" for name, mib in found.items()))
    assert all(mib < 16 for mib in found.values()), found


def answers_do_not_wait_for_the_end(files):
    """A pipe that stays open: each datum, each question, is answered when it is there."""
    row = sluice("encode", "--schema", files.row, data=lines(DATA[1:2]))
    question = lines([{"id": 1, "op": "parse", "schema": "\"int\""}])
    for args, sent, whole in ((("decode", "--schema", files.row), row, 1), (("encode", "--schema", files.row), lines(DATA[1:2]), 1), (("eval",), question, 1), (("eval",), question + b'{"id":', 1)):
        process = subprocess.Popen([SLUICE, "avro", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3):
            process.stdin.write(sent)
            process.stdin.flush()
            os.set_blocking(process.stdout.fileno(), False)
            end, got = time.monotonic() + 20, b""
            while not got and time.monotonic() < end:
                got = process.stdout.read() or b""
                time.sleep(0.01)
            assert got, (args, "no answer while the pipe is open")
            if sent.endswith(b":"):
                break
        process.stdin.close()
        assert process.wait(20) == 0, args


# ---- eval


def every_line_is_answered(_):
    """Garbage, halves of questions and questions with something wrong: an answer each, in their order, and no more."""
    chance = random.Random(seed())
    golden = []
    for name in ("binary", "resolve", "hostile", "canonical", "compat"):
        with open(os.path.join(ROOT, "tests", "golden", "avro", name + ".jsonl"), "rb") as file:
            golden += file.read().split(b"\n")[:100]
    made = []
    for i in range(6000):
        line = bytearray(chance.choice((chance.choice(golden), chance.randbytes(chance.randrange(40)), b'{"id":%d,"op":"decode","schema":"\\"int\\"","hex":"02"}' % i)))
        if line.startswith(b'{"') and chance.randrange(2):
            line[1:1] = b'"id":%d,"op":"%s",' % (i, chance.choice((b"decode", b"encode", b"canonical", b"compat", b"resolve", b"parse")))
        for _ in range(chance.choice((0, 0, 1, 3))):
            if line:
                line[chance.randrange(len(line))] = chance.choice(b'{}[]",:\\\x00\xff0 ')
        made.append(bytes(line).replace(b"\n", b" "))
    answers = Eval.ask_all(made)
    codes = {answer["error"]["code"] for answer in answers if not answer["ok"]}
    assert "internal" not in codes and {"bad_request", "bad_schema", "bad_data"} <= codes, codes
    whole = sum(1 for i, answer in enumerate(answers) if answer.get("id", i) == i)
    assert whole > 5500, whole  # an id may be damaged, not exchanged


def large_lines(_):
    """Lines of many MiB, deep ones, and what comes after them."""
    deep, many = b"[" * 300_000, b"1," * 3_000_000
    text = b"x" * (8 * MIB)
    large = [b'{"id":[1,{}],"op":"parse","schema":"' + b"a" * (70 * MIB) + b'"}', b'{"id":2,"op":"encode","schema":"\\"string\\"","json":"\\"' + text + b'\\""}',
             b'{"id":3,"op":"decode","schema":"\\"bytes\\"","hex":"' + b"00" * (20 * MIB) + b'"}', b'{"id":4,"op":"parse","schema":"' + deep + b'"}',
             b'{"id":' + deep + b"]" * 300_000 + b',"op":"x"}', deep, b'{"id":6,"op":"encode","schema":"{\\"type\\":\\"array\\",\\"items\\":\\"int\\"}","json":"[' + many + b'1]"}',
             b'{"id":7,"op":"encode","schema":"{\\"type\\":\\"array\\",\\"items\\":\\"int\\"}","json":"' + deep + b'"}', b'{"id":8,"op":"parse","schema":"[' + many + b'1]"}', b"\x00" * MIB]
    small = b'{"id":"after","op":"parse","schema":"\\"int\\""}'
    process = subprocess.Popen([SLUICE, "avro", "eval"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = process.communicate(b"".join(line + b"\n" + small + b"\n" for line in large), timeout=120)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    answers = [json.loads(line) if len(line) < MIB else {"id": json.loads(line[6:line.index(b",", 6)]), "ok": line[:40].find(b'"ok":true') > 0} for line in out.split(b"\n") if line and not line.startswith(b'{"id":[[[')]
    assert process.returncode == 0 and out.count(b"\n") == 2 * len(large), (process.returncode, out.count(b"\n"))
    assert sum(answer == {"id": "after", "ok": True, "text": "\"int\""} for answer in answers) == len(large), "the lines after"
    codes = {json.dumps(answer.get("id")): answer["error"]["code"] if "error" in answer else answer["ok"] for answer in answers}
    assert codes["[1, {}]"] == "limit" and codes["2"] is True and codes["3"] is True and codes["4"] == "limit" and codes["6"] is True and codes["7"] in ("bad_json", "limit") and codes["8"] == "bad_schema", codes
    print(f"      peak {peak:.0f} MiB")
    assert peak < 1500, peak


def main():
    checks = Checks()
    with temporary_directory() as directory:
        files = Files(directory)
        for name, function in (("lines of JSON become bytes, and lines again", there_and_back), ("wrong data are named by line, place and path", wrong_data_are_named),
                               ("schemas: canonical form, fingerprints, compatibility", schemas_alone), ("container files of every codec", container_files),
                               ("damage is passed over when asked", damage_is_passed_over_when_asked), ("memory is bounded, however long the stream", memory_is_bounded),
                               ("answers do not wait for the end of a pipe", answers_do_not_wait_for_the_end), ("eval: every line is answered", every_line_is_answered),
                               ("eval: large and deep lines", large_lines)):
            checks.run(name, function, files)
    checks.finish()


main()
