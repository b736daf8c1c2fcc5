"""Random questions, the same to `sluice avro eval` and to Apache Avro for Java: avro_java_test.py [--cases N] [--seed N].

Java is lenient where we may refuse (docs/avro-command.md): invalid UTF-8 is read by both; a boolean of 2, overlong numbers and wrong
sizes of blocks only by Java. It is not the model where its decoder's limits or its maps without order decide.
"""
import argparse
import collections
import json
import os
import re
import subprocess

from avro_random import RandomAvro
from avro_values import Eval, Schema, difference, parsed
from harness import ROOT, Checks, seed

JARS = os.path.join(ROOT, ".deps", "compat", "avro")
SOURCE = os.path.join(ROOT, "tests", "compat", "avro", "AvroEval.java")
LENIENT = re.compile("a boolean is neither|an int has more than 32 bits|a size is negative or wrong|longer than it may be")
JAVA_LIMITS = ("UnsupportedOperationException", "SystemLimitException", "StackOverflowError")


def java(questions):
    classes = os.path.join(ROOT, ".deps", "compat", "classes")
    made = os.path.join(classes, "AvroEval.class")
    if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(SOURCE):
        subprocess.run(["javac", "-nowarn", "-cp", f"{JARS}/*", "-d", classes, SOURCE], check=True, timeout=120, stderr=subprocess.DEVNULL)
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp", f"{JARS}/*:{classes}", "AvroEval"], timeout=600, check=True,
                          input="".join(json.dumps(q) + "\n" for q in questions), capture_output=True, text=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(questions), done.stderr[-2000:]
    return answers


class Both:
    """Asks both, and counts what was compared and what differs."""

    def __init__(self):
        self.counts, self.wrong = collections.Counter(), []

    def ask(self, questions):
        return list(zip(questions, Eval.ask_all(questions), java(questions)))

    def differ(self, question, ours, theirs, why=""):
        self.wrong.append(f"{why}\n  {json.dumps(question)[:1500]}\n  sluice {json.dumps(ours)[:600]}\n  java   {json.dumps(theirs)[:600]}")

    def done(self):
        print("      " + ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())))
        assert not self.wrong, f"{len(self.wrong)} differ:\n" + "\n".join(self.wrong[:12])


def texts(both, schemas):
    questions = [{"op": "canonical", "schema": text, "lenient": lenient} for text in schemas for lenient in (False, True)]
    for question, ours, theirs in both.ask(questions):
        both.counts["schemas taken" if theirs["ok"] else "schemas refused"] += 1
        if ours["ok"] != theirs["ok"] or (ours["ok"] and ours != theirs):
            both.differ(question, ours, theirs)


def compatibility(both, pairs):
    for question, ours, theirs in both.ask([{"op": "compat", "reader": r, "writer": w} for w, r in pairs]):
        both.counts[theirs.get("result", "refused")] += 1
        if ours["ok"] != theirs["ok"] or (ours["ok"] and ours != theirs):
            both.differ(question, ours, theirs)


def same(schema, ours, theirs):
    return difference(Schema(schema), parsed(ours), parsed(theirs))


def encoding(both, data):
    answers = both.ask([{"op": "encode", "schema": schema, "json": json.dumps(datum)} for schema, datum in data])
    read = Eval.ask_all([{"op": "decode", "schema": q["schema"], "hex": theirs.get("hex", "")} for q, _, theirs in answers])
    for (question, ours, theirs), back in zip(answers, read):
        both.counts["data"] += 1
        if not theirs["ok"] and theirs["error"]["code"] == "StackOverflowError":
            both.counts["too much for Java"] += 1  # a type that has no end, in a union that need not have it
        elif not ours["ok"] or not theirs["ok"]:
            if ours["ok"] != theirs["ok"]:
                both.differ(question, ours, theirs)
        # Java's maps have no order.
        elif ours != theirs and (not back["ok"] or len(ours["hex"]) != len(theirs["hex"]) or same(question["schema"], back["json"], question["json"])):
            both.differ(question, ours, theirs, back)
    return [(q["schema"], ours["hex"]) for q, ours, theirs in answers if ours["ok"]]


def too_long(answers):
    """Of those that only Java reads and that we find too short: which are no longer refused so with more bytes behind them."""
    short = [(q, ours) for q, ours, theirs in answers if theirs["ok"] and not ours["ok"] and "longer than it may be" in ours["error"]["message"]]
    again = Eval.ask_all([{**q, "hex": q["hex"] + "00" * 20} for q, _ in short])
    return {q["hex"] for (q, ours), answer in zip(short, again) if answer != ours}


def reading(both, questions):
    answers = both.ask(questions)
    short = too_long(answers)
    for question, ours, theirs in answers:
        both.counts["read" if theirs["ok"] else "refused"] += 1
        reader = question.get("reader", question.get("schema"))
        if not theirs["ok"] and theirs["error"]["code"] == "StackOverflowError":
            both.counts["too much for Java"] += 1
        elif ours["ok"] and theirs["ok"]:
            wrong = not theirs["json"] and ours["json"] != theirs["json"] and "{}" not in ours["json"] or theirs["json"] and same(reader, ours["json"], theirs["json"]) or (ours["rest"] != theirs["rest"] and "the rest")
            if wrong:
                both.differ(question, ours, theirs, wrong)
        elif ours["ok"]:
            both.differ(question, ours, theirs, "only Java refuses")
        elif theirs["ok"]:
            both.counts["only Java reads"] += 1
            if not LENIENT.search(ours["error"]["message"]) or question["hex"] in short:
                both.differ(question, ours, theirs, "only we refuse")
        else:
            code = theirs["error"]["code"]
            mismatch = code == "AvroTypeException" and "out of range" not in theirs["error"]["message"]
            expected = "limit" if code in JAVA_LIMITS else "no_match" if mismatch else "bad_data"
            both.counts[expected] += 1
            if code == "OutOfMemoryError" or expected == "limit":  # it believes a length or count that the bytes do not have
                continue
            if ours["error"]["code"] not in (expected, "limit"):
                both.differ(question, ours, theirs, f"not {expected}")


def run(cases, number):
    made = RandomAvro(number)
    schemas = [made.schema() for _ in range(cases)]
    changed = [made.changed(schema) for schema in schemas]
    spell = [json.dumps(schema, ensure_ascii=made.chance(2)) for schema in schemas]
    spell_changed = [json.dumps(schema) for schema in changed]
    taken = [answer["ok"] for answer in Eval.ask_all([{"op": "parse", "schema": text, "lenient": True} for text in spell_changed])]
    pairs = [(w, r) for w, r, ok in zip(spell, spell_changed, taken) if ok]
    data = [(text, datum) for schema, text in zip(schemas, spell) for datum in (made.datum(schema), made.datum(schema)) if datum is not ...]
    return made, spell + spell_changed, pairs, data


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=1500)
    options.add_argument("--seed", type=int)
    options = options.parse_args()
    number = seed(usual=2) if options.seed is None else options.seed
    made, schemas, pairs, data = run(options.cases, number)
    checks = Checks()
    encoded = []

    def encode(both):
        encoded.extend(encoding(both, data))

    def decode(both):
        reading(both, [{"op": "decode", "schema": schema, "hex": digits} for schema, digits in encoded])

    def damage(both):
        reading(both, [{"op": "decode", "schema": schema, "hex": made.damaged(bytes.fromhex(digits)).hex()} for schema, digits in encoded])

    def resolve(both):
        readers = dict(pairs)
        reading(both, [{"op": "resolve", "writer": schema, "reader": readers[schema], "hex": digits} for schema, digits in encoded if schema in readers])

    for name, function in (("texts, canonical forms, fingerprints", lambda both: texts(both, schemas)),
                           ("compatibility, both ways", lambda both: compatibility(both, pairs + [(r, w) for w, r in pairs])),
                           ("data become bytes", encode), ("and data again", decode), ("damaged bytes", damage), ("data read by other schemas", resolve)):
        both = Both()
        checks.run(name, lambda both=both, function=function: (function(both), both.done()))
    checks.finish()


main()
