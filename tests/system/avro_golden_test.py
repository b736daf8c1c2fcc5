"""Every line of tests/golden/avro, which Apache Avro for Java wrote, through `sluice avro eval`."""
import json
import os

import fastavro

from avro_values import Eval, Schema, difference, parsed
from harness import ROOT, Checks, temporary_directory

GOLDEN = os.path.join(ROOT, "tests", "golden", "avro")
CODECS = ("null", "deflate", "snappy", "bzip2", "zstandard", "xz")


def lines(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Found:
    """What is wrong, by file and line; done() names it all."""

    def __init__(self, file):
        self.file, self.wrong, self.count = file, [], 0

    def check(self, number, right, what):
        self.count += 1
        if not right:
            self.wrong.append(f"{self.file}:{number}: {what}")

    def done(self, expected):
        assert not self.wrong, f"{len(self.wrong)} of {self.count} are wrong:\n" + "\n".join(self.wrong[:20])
        assert self.count == expected, f"{self.count} compared, not {expected}"
        return f"{self.count} compared"


def same_datum(schema, ours, theirs):
    return difference(Schema(schema), parsed(ours), parsed(theirs))


def failed(answer, codes=("bad_data", "limit", "no_match")):
    return not answer["ok"] and answer["error"]["code"] in codes


def canonical(_):
    found = Found("canonical.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"id": i, "op": "canonical", "schema": line["input"]} for i, line in enumerate(given)])
    texts = Eval.ask_all([{"op": "parse", "schema": line["input"]} for line in given])
    names = {"text": "java_toString"}
    for i, (line, answer, text) in enumerate(zip(given, answers, texts)):
        expected = {key: line[names.get(key, key)] for key in ("text", "pcf", "rabin64", "rabin64_le", "md5", "sha256")}
        found.check(i + 1, answer == {"id": i, "ok": True, **expected}, answer)
        found.check(i + 1, text == {"ok": True, "text": line["java_toString"]}, text)
    return found.done(2 * 133)


def invalid(_):
    found = Found("invalid.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"op": "parse", "schema": line["schema"]} for line in given])
    lenient = Eval.ask_all([{"op": "parse", "schema": line["schema"], "lenient": True} for line in given])
    for i, (line, answer, loose) in enumerate(zip(given, answers, lenient)):
        if line["accepted"]:
            found.check(i + 1, answer == {"ok": True, "text": line["java_toString"]}, answer)
            found.check(i + 1, loose["ok"], loose)
        else:
            found.check(i + 1, failed(answer, ("bad_schema",)), answer)
            found.check(i + 1, loose["ok"] == line["accepted_without_default_validation"], loose)
    return found.done(2 * 101)


def compat(_):
    found = Found("compat.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"op": "compat", "reader": line["reader"], "writer": line["writer"]} for line in given])
    for i, (line, answer) in enumerate(zip(given, answers)):
        expected = {"ok": True, "result": line["result"], "incompatibilities": line["incompatibilities"]}
        if line["result"] == "EXCEPTION":
            expected["message"] = line["message"]
        found.check(i + 1, answer == expected, answer)
    return found.done(294)


def binary(_):
    found = Found("binary.jsonl")
    given = lines(found.file)
    encoded = Eval.ask_all([{"op": "encode", "schema": line["schema"], "json": line["json_value"]} for line in given])
    for i, (line, answer) in enumerate(zip(given, encoded)):
        found.check(i + 1, answer == {"ok": True, "hex": line["hex"]}, answer)
    for key in ("hex", "hex_blocked"):
        numbered = [(i + 1, line) for i, line in enumerate(given) if key in line]
        decoded = Eval.ask_all([{"op": "decode", "schema": line["schema"], "hex": line[key]} for _, line in numbered])
        for (number, line), answer in zip(numbered, decoded):
            wrong = f"{answer}" if not answer["ok"] or answer["rest"] != 0 else same_datum(line["schema"], answer["json"], line["json_value"])
            found.check(number, wrong is None, wrong)
    return found.done(380 + 380 + 172)


def resolve(_):
    found = Found("resolve.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"op": "resolve", "writer": line["writer"], "reader": line["reader"], "hex": line["hex"]} for line in given])
    for i, (line, answer) in enumerate(zip(given, answers)):
        if "json_value" in line:
            wrong = f"{answer}" if not answer["ok"] or answer["rest"] != 0 else same_datum(line["reader"], answer["json"], line["json_value"])
            found.check(i + 1, wrong is None, wrong)
        else:
            found.check(i + 1, failed(answer, (line["error"],)), answer)
    return found.done(233)


def hostile(_):
    found = Found("hostile.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"op": "decode", "schema": line["schema"], "hex": line["hex"], "lenient": True} for line in given])
    for i, (line, answer) in enumerate(zip(given, answers)):
        if line["expect"] == "either" and failed(answer):
            found.check(i + 1, True, "")
        elif line["java_outcome"] == "error":
            # An index out of range is what Java calls a mismatch of types; it is bad data.
            expected = "bad_data" if line["error"] == "no_match" else line["error"]
            found.check(i + 1, failed(answer, (expected,)), f"{line['name']}: {answer}")
        else:
            wrong = f"{answer}" if not answer["ok"] or answer["rest"] != line["rest"] else None
            if wrong is None and "json_value" in line:
                wrong = same_datum(line["schema"], answer["json"], line["json_value"])
            found.check(i + 1, wrong is None, f"{line['name']}: {wrong}")
    return found.done(124)


# ---- container files


def records_differ(schema, ours, theirs):
    if len(ours) != len(theirs):
        return f"{len(ours)} records, not {len(theirs)}"
    return next((f"record {i}: {wrong}" for i, pair in enumerate(zip(ours, theirs)) if (wrong := same_datum(schema, *pair))), None)


def read_files(_):
    found = Found("ocf/manifest.jsonl")
    given = lines(found.file)
    answers = Eval.ask_all([{"op": "read_file", "path": os.path.join(GOLDEN, "ocf", line["file"])} for line in given])
    for i, (line, answer) in enumerate(zip(given, answers)):
        wrong = None
        if not answer["ok"]:
            allowed = line["java_outcome"] == "error" or line["expect"] == "either"
            wrong = None if allowed and failed(answer, ("corrupt", "limit")) else answer
        elif line["java_outcome"] == "error" and line["expect"] == "error":
            wrong = "is read, though damaged"
        else:
            header = {key: line.get(key) for key in ("schema", "codec", "meta_hex", "sync")}
            wrong = None if header == {key: answer[key] for key in header} else {key: answer[key] for key in header}
            choices = [line["records"]] + ([line["records_alternative"]] if "records_alternative" in line else [])
            if all(records_differ(line["schema"], answer["records"], choice) for choice in choices):
                wrong = wrong or records_differ(line["schema"], answer["records"], line["records"])
        found.check(i + 1, wrong is None, f"{line['file']}: {str(wrong)[:500]}")
    return found.done(81)


def write_files(directory):
    """Every good file's data, written with every codec and two sizes of block, read by us and, block by block, by fastavro
    (which takes no metadata that are no text)."""
    found = Found("ocf/manifest.jsonl")
    good = [(i + 1, line) for i, line in enumerate(lines(found.file)) if line["java_outcome"] == "ok" and line["expect"] == "ok"]
    cases = [(number, line, codec, rows, f"{directory}/{number}-{codec}-{rows}.avro") for number, line in good for codec in CODECS for rows in (None, 3)]
    written = Eval.ask_all([{"op": "write_file", "path": path, "schema": line["schema"], "codec": codec, "meta_hex": line["meta_hex"],
                             "records": line["records"], **({"block_records": rows} if rows else {})} for _, line, codec, rows, path in cases])
    read = Eval.ask_all([{"op": "read_file", "path": path} for *_, path in cases])
    compared = 0
    for (number, line, codec, rows, path), made, answer in zip(cases, written, read):
        assert made == {"ok": True}, (path, made)
        same = answer["ok"] and answer["codec"] == codec and answer["meta_hex"] == line["meta_hex"] and json.loads(answer["schema"]) == json.loads(line["schema"])
        wrong = records_differ(line["schema"], answer["records"], line["records"]) if same else answer
        found.check(number, not wrong, f"{path}: {str(wrong)[:300]}")
        if line["meta_hex"].get("bin"):
            continue
        compared += 1
        with open(path, "rb") as file:
            blocks = [(block.num_records, block.bytes_.getvalue()) for block in fastavro.block_reader(file)]
        encoded = b"".join(bytes.fromhex(each["hex"]) for each in Eval.ask_all([{"op": "encode", "schema": line["schema"], "json": record} for record in line["records"]]))
        found.check(number, (sum(count for count, _ in blocks), b"".join(data for _, data in blocks)) == (len(line["records"]), encoded), f"{path}: fastavro reads other bytes")
        found.check(number, rows is None or len(blocks) == -(-len(line["records"]) // rows), f"{path}: {len(blocks)} blocks")
    return found.done(len(cases) + 2 * compared)


def main():
    checks = Checks()
    with temporary_directory() as directory:
        for name, function in (("texts, canonical forms and fingerprints are Java's, byte for byte", canonical),
                               ("schemas are refused where Java refuses them, and nowhere else", invalid),
                               ("compatibility is judged in Java's words", compat),
                               ("data are written and read as Java does, cut into blocks as well", binary),
                               ("data by one schema are read by another", resolve),
                               ("hostile bytes", hostile),
                               ("container files of every codec, whole and damaged", read_files),
                               ("container files that we write are read by us and by fastavro", write_files)):
            checks.run(name, function, directory)
    checks.finish()


main()
