"""JSON Schema beside the jsonschema package: whether values are valid, and whether schemas that are called compatible are.

Pairs of schemas are made at random, the reader from the writer by some changes, within what the rules look at: closed objects,
types (rules never stand without the type that they are about), limits, enumerations, tuples, unions of different types,
references. Values are made by each writer's schema. Where a
reader is called compatible, every value that is valid by the writer must be valid by it."""
import json
import os
import random
import subprocess
import sys

import jsonschema

from harness import Checks, built, seed

PAIRS = int(os.environ.get("PAIRS", "1000"))
VALUES = 12
DRAFTS = {"http://json-schema.org/draft-07/schema#": jsonschema.Draft7Validator,
          "https://json-schema.org/draft/2020-12/schema": jsonschema.Draft202012Validator}
NAMES = ["a", "b", "c", "d"]
WORDS = ["", "a", "ab", "abc", "zzzz", "é", "漢字", "x1"]
PATTERNS = ["^a", "b", "^[a-z]*$", "\\d"]
# "default" beside "required": the rules say that a reader fills it in, which is no matter of what is valid.


class Lines:
    """The program that answers lines."""

    def __init__(self):
        self.process = subprocess.Popen([built("json_schema_lines")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Maker:
    def __init__(self, rng, draft):
        self.rng, self.new = rng, "2020-12" in draft

    def number(self):
        return self.rng.choice([-3, 0, 1, 2, 5, 10, 0.5, 2.0, 7.25])

    def value(self):
        return self.rng.choice([None, True, 0, 1, 2.0, 0.5, 7, -3, 10, "a", "abc", "", "x1", [], {}])

    def limits(self, names, make):
        return {name: make() for name in names if self.rng.random() < 0.3}

    def string(self):
        schema = {"type": "string", **self.limits(["minLength", "maxLength"], lambda: self.rng.randrange(5))}
        return {**schema, "pattern": self.rng.choice(PATTERNS)} if self.rng.random() < 0.2 else schema

    def numeric(self):
        schema = {"type": self.rng.choice(["integer", "number"]), **self.limits(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], self.number)}
        return {**schema, "multipleOf": self.rng.choice([1, 2, 4, 0.5, 0.25])} if self.rng.random() < 0.2 else schema

    def object(self, depth):
        names = self.rng.sample(NAMES, self.rng.randrange(len(NAMES)))
        rest = self.rng.choice([False, False, False, self.schema(depth + 2)])
        schema = {"type": "object", "properties": {name: self.schema(depth + 1) for name in names}, "additionalProperties": rest,
                  **self.limits(["minProperties", "maxProperties"], lambda: self.rng.randrange(4))}
        if names and self.rng.random() < 0.5:
            schema["required"] = self.rng.sample(names, self.rng.randrange(1, len(names) + 1))
        if len(names) > 1 and self.rng.random() < 0.2:
            schema["dependentRequired" if self.new else "dependencies"] = {names[0]: names[1:]}
        return schema

    def array(self, depth):
        schema = {"type": "array", **self.limits(["minItems", "maxItems"], lambda: self.rng.randrange(4)), **self.limits(["uniqueItems"], lambda: True)}
        if self.rng.random() < 0.5:
            return {**schema, "items": self.schema(depth + 1)}
        tuple_, rest = ("prefixItems", "items") if self.new else ("items", "additionalItems")
        return {**schema, tuple_: [self.schema(depth + 1) for _ in range(self.rng.randrange(1, 3))], rest: self.rng.choice([False, self.schema(depth + 2)])}

    def union(self, depth):
        """Of different types, so that at most one alternative fits a value."""
        kinds = self.rng.sample([self.string, self.numeric, lambda: {"type": "null"}, lambda: {"type": "boolean"},
                                 lambda: self.object(depth + 1), lambda: self.array(depth + 1)], self.rng.randrange(1, 4))
        return {self.rng.choice(["anyOf", "oneOf"]): [kind() for kind in kinds]}

    def schema(self, depth=0):
        what = self.rng.randrange(14 if depth < 3 else 7)
        if what == 0:
            return self.rng.choice([True, {}, False, {"type": "null"}, {"type": "boolean"}, {"$ref": "#/definitions/r"}])
        if what == 1:
            return {"enum": self.rng.sample([None, True, 1, 2, "a", "abc", 0.5], self.rng.randrange(1, 5))}
        if what == 2:
            return {"const": self.value()}
        if what == 3:
            types = self.rng.sample(["string", "null", "boolean", "integer"], 2)
            return {"type": types, **self.limits(["maxLength"] if "string" in types else [], lambda: self.rng.randrange(5))}
        if what in (4, 5):
            return self.string()
        if what == 6:
            return self.numeric()
        if what == 7:
            return self.union(depth)
        if what == 8:
            return {"not": self.rng.choice([self.string, self.numeric])()}
        if what == 9:
            return {"allOf": [self.string(), {"type": "string", "maxLength": self.rng.randrange(6)}]}
        return self.array(depth) if what < 11 else self.object(depth)

    def changed(self, schema):
        """The same with some change, mostly small."""
        if not isinstance(schema, dict) or self.rng.random() < 0.03:
            return self.schema(2)
        out = json.loads(json.dumps(schema))
        if self.rng.random() < 0.06:
            return {self.rng.choice(["anyOf", "oneOf"]): [out, self.rng.choice([{"type": "null"}, {"type": "boolean"}])]}
        for name, value in list(out.items()):
            if name in ("properties", "definitions"):
                for part in list(value):
                    if self.rng.random() < 0.35:
                        value[part] = self.changed(value[part])
                    elif name == "properties" and self.rng.random() < 0.1:
                        del value[part]
                if name == "properties" and self.rng.random() < 0.3:
                    value.setdefault(self.rng.choice(NAMES), self.schema(2))
            elif isinstance(value, dict) and "depend" not in name and name != "const" and self.rng.random() < 0.4:
                out[name] = self.changed(value)
            elif name in ("anyOf", "oneOf", "allOf", "prefixItems", "items", "enum", "required") and isinstance(value, list):
                self.change_list(name, value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool) and self.rng.random() < 0.3:
                out[name] = max(value + self.rng.choice([-1, 1, 2]), 1 if name == "multipleOf" else 0)
            elif name not in ("type", "properties", "$ref", "$schema", "additionalProperties", "enum", "const", "not") and self.rng.random() < 0.1:
                del out[name]
            elif value == "integer" and self.rng.random() < 0.4:
                out[name] = "number"
        if "required" in out:  # of what is named: the rules look at nothing else
            out["required"] = [name for name in out["required"] if name in out.get("properties", {})]
        return out

    def change_list(self, name, value):
        for i, part in enumerate(value):
            if isinstance(part, dict) and self.rng.random() < 0.3:
                value[i] = self.changed(part)
        if len(value) > 1 and self.rng.random() < 0.15:
            value.pop(self.rng.randrange(len(value)))
        if name == "enum" and self.rng.random() < 0.3:
            value.append(self.rng.choice(["new", 99]))
        if self.rng.random() < 0.2:
            self.rng.shuffle(value)

    def instance(self, schema, definitions, depth=0):
        """A value that is likely valid by a schema."""
        if not isinstance(schema, dict) or depth > 6 or self.rng.random() < 0.04:
            return self.value()
        if "$ref" in schema:
            return self.instance(definitions["r"], definitions, depth + 1)
        for how in ("anyOf", "oneOf", "allOf"):
            if how in schema:
                return self.instance(self.rng.choice(schema[how]), definitions, depth + 1)
        if schema.keys() & {"not"}:
            return self.instance(self.rng.choice([{"type": "string"}, {"type": "number"}, schema["not"]]), definitions, depth + 1)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        kind = schema.get("type")
        kind = self.rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            names = [name for name in schema.get("properties", {}) if name in schema.get("required", []) or self.rng.random() < 0.6]
            value = {name: self.instance(schema["properties"][name], definitions, depth + 1) for name in names}
            if isinstance(schema.get("additionalProperties"), dict) and self.rng.random() < 0.5:
                value.setdefault(self.rng.choice(NAMES), self.instance(schema["additionalProperties"], definitions, depth + 1))
            return value
        if kind == "array":
            return self.items(schema, definitions, depth)
        if kind in ("integer", "number"):
            near = [schema[name] + step for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if name in schema for step in (-1, 0, 0.5, 1)]
            value = self.rng.choice(near + [-3, 0, 1, 4, 8, 0.5, 2.25])
            return int(value) if kind == "integer" else value
        if kind == "string":
            return self.rng.choice(WORDS) if self.rng.random() < 0.5 else "".join(self.rng.choices("ab1", k=self.rng.randrange(6)))
        return {"null": None, "boolean": self.rng.choice([True, False])}.get(kind, self.value())

    def items(self, schema, definitions, depth):
        tuple_ = schema.get("prefixItems") or (schema["items"] if isinstance(schema.get("items"), list) else [])
        rest = schema.get("additionalItems" if isinstance(schema.get("items"), list) else "items", True)
        count = max(0, min(self.rng.randrange(4), schema.get("maxItems", 9)))
        return [self.instance(tuple_[i] if i < len(tuple_) else rest, definitions, depth + 1) for i in range(max(count, schema.get("minItems", 0)))]


def twins(maker):
    """Two schemas of one kind, made without a look at each other."""
    def negation():
        return {"not": maker.rng.choice([maker.string, maker.numeric])()}
    kind = maker.rng.choice([maker.string, maker.numeric, maker.numeric, lambda: maker.object(3), lambda: maker.array(3), negation])
    writer, reader = kind(), kind()
    if maker.rng.random() < 0.3:
        return ({"anyOf": [writer, {"type": "null"}]}, {"anyOf": [{"type": "null"}, reader]})
    return writer, reader


def pairs(rng):
    for number in range(PAIRS):
        draft = rng.choice(list(DRAFTS))
        maker = Maker(rng, draft)
        if number % 2 == 0:
            writer, reader = twins(maker)
            more = {"$schema": draft, "definitions": {"r": maker.string()}}
            yield DRAFTS[draft], maker, {**writer, **more}, {**reader, **more}
            continue
        writer = {"$schema": draft, **maker.rng.choice([maker.object, maker.object, maker.array, maker.union])(0)}
        leaf = maker.rng.choice([maker.string, maker.numeric])()
        writer["definitions"] = {"r": {"anyOf": [leaf, {"type": "array", "items": {"$ref": "#/definitions/r"}}]}}
        reader = maker.changed(writer)
        if not isinstance(reader, dict):
            reader = {}
        reader = {**reader, "$schema": draft}
        if "anyOf" not in str(reader.get("definitions")):  # gone, or no more than a reference to itself
            reader["definitions"] = writer["definitions"]
        yield DRAFTS[draft], maker, writer, reader


def known_hole(reader):
    """What is not looked at: whether an alternative of oneOf takes what another takes already."""
    return "oneOf" in json.dumps(reader)


def compatible_readers_read(rng, lines):
    counts = dict.fromkeys(["pairs", "compatible", "values", "valid by the writer", "read by compatible readers", "not read, for two alternatives of oneOf",
                            "not read by others"], 0)
    for validator, maker, writer, reader in pairs(rng):
        answer = lines.ask(writer=writer, reader=reader)
        assert "reasons" in answer, (answer, writer, reader)
        counts["pairs"] += 1
        counts["compatible"] += not answer["reasons"]
        for _ in range(VALUES):
            value = maker.instance(writer, writer["definitions"])
            written, read = (validator(schema).is_valid(value) for schema in (writer, reader))
            for schema, theirs in ((writer, written), (reader, read)):
                ours = lines.ask(schema=schema, value=value)
                assert ours.get("valid") == theirs, f"{json.dumps(schema)}\n{json.dumps(value)}: {ours}, jsonschema says {theirs}"
            counts["values"] += 1
            if not written:
                continue
            counts["valid by the writer"] += 1
            if not answer["reasons"] and not read and known_hole(reader):
                counts["not read, for two alternatives of oneOf"] += 1
            elif not answer["reasons"]:
                assert read, f"called compatible, but {json.dumps(value)} is not read:\n{json.dumps(writer)}\n{json.dumps(reader)}"
                counts["read by compatible readers"] += 1
            counts["not read by others"] += not read
    print("  " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    # Vacuous truths are none.
    assert counts["compatible"] > PAIRS / 20 and counts["read by compatible readers"] > PAIRS / 4 and counts["not read by others"] > PAIRS / 20, counts


def main():
    checks = Checks()
    rng = random.Random(seed(usual=1))
    checks.run("what compatible readers are given they read, and values are valid as jsonschema says", compatible_readers_read, rng, Lines())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
