"""Random data of random schemas, written and read by us and by fastavro: avro_fastavro_test.py [--cases N] [--seed N]."""
import argparse
import io
import json

import fastavro

from avro_random import PRIMITIVES, RandomAvro, branch_name, collect, space_of
from avro_values import Eval, Schema, difference, parsed
from harness import Checks, seed


def plain(type_):
    """A schema without logical types, whose values fastavro would make dates of."""
    if isinstance(type_, list):
        return [plain(branch) for branch in type_]
    if not isinstance(type_, dict):
        return type_
    made = {key: plain(value) if key in ("type", "items", "values") else value for key, value in type_.items() if key not in ("logicalType", "precision", "scale")}
    if "fields" in made:
        made["fields"] = [plain(field) for field in made["fields"]]
    return made


class Values:
    """Data of Avro's JSON encoding as fastavro has them."""

    def __init__(self, schema):
        self.names = {}
        collect(schema, "", self.names)
        self.schema = schema

    def of(self, datum):
        return self._of(self.schema, datum, "")

    def _of(self, type_, value, space):
        if isinstance(type_, str):
            if type_ in PRIMITIVES:
                return self._primitive(type_, value)
            type_, space = self.names.get(f"{space}.{type_}" if space and "." not in type_ else type_) or self.names[type_]
        if isinstance(type_, list):
            if value is None:
                return None
            name, inner = next(iter(value.items()))
            branch = next(b for b in type_ if branch_name(b, space, self.names) == name)
            return name, self._of(branch, inner, space)
        if "name" in type_:
            space = space_of(type_, space)
        kind = type_["type"]
        if kind == "record":
            return {field["name"]: self._of(field["type"], value[field["name"]], space) for field in type_["fields"]}
        if kind == "array":
            return [self._of(type_["items"], each, space) for each in value]
        if kind == "map":
            return {key: self._of(type_["values"], each, space) for key, each in value.items()}
        if kind == "fixed":
            return value.encode("latin-1")
        return self._of(kind, value, space) if kind in PRIMITIVES or not isinstance(kind, str) else value

    @staticmethod
    def _primitive(kind, value):
        if kind == "bytes":
            return value.encode("latin-1")
        return float(value) if kind in ("float", "double") else value


def make(cases, number):
    """Schemas that fastavro takes too (it wants names of ASCII), each with a datum."""
    made, out, tried = RandomAvro(number), [], 0
    while len(out) < cases:
        tried += 1
        schema = plain(made.schema())
        datum = made.datum(schema)
        if datum is ...:
            continue
        try:
            ready = fastavro.parse_schema(json.loads(json.dumps(schema)))
        except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType):
            continue
        out.append((schema, ready, datum))
    assert tried < 5 * cases, f"fastavro takes only {cases} of {tried} schemas"
    return out


def written(ready, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, ready, value)
    return out.getvalue().hex()


def same_bytes(cases):
    answers = Eval.ask_all([{"op": "encode", "schema": json.dumps(schema), "json": json.dumps(datum), "lenient": True} for schema, _, datum in cases])
    for (schema, ready, datum), answer in zip(cases, answers):
        theirs = written(ready, Values(schema).of(datum))
        assert answer == {"ok": True, "hex": theirs}, (json.dumps(schema), json.dumps(datum), answer, theirs)


def read_back(cases):
    answers = Eval.ask_all([{"op": "decode", "schema": json.dumps(schema), "hex": written(ready, Values(schema).of(datum)), "lenient": True} for schema, ready, datum in cases])
    for (schema, ready, datum), answer in zip(cases, answers):
        assert answer["ok"] and answer["rest"] == 0, (json.dumps(schema), json.dumps(datum), answer)
        wrong = difference(Schema(json.dumps(schema)), parsed(answer["json"]), parsed(json.dumps(datum)))
        assert wrong is None, (json.dumps(schema), json.dumps(datum), answer, wrong)
        again = fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(written(ready, Values(schema).of(datum)))), ready)
        assert (again is None) == (datum is None), (schema, again, datum)


def their_json(cases):
    """What fastavro writes as Avro's JSON. It has no text for what is no number, and none for records without fields."""
    written_cases, texts = [], []
    for schema, ready, datum in cases:
        out = io.StringIO()
        if any(word in json.dumps(datum) for word in ("NaN", "Infinity", "{}")):
            continue
        try:
            fastavro.json_writer(out, ready, [Values(schema).of(datum)])
        except Exception:  # its JSON encoder knows no types without an end, and fails for some unions
            continue
        written_cases.append((schema, ready, datum))
        texts.append(out.getvalue())
    assert 2 * len(texts) > len(cases), len(texts)
    cases = written_cases
    answers = Eval.ask_all([{"op": "encode", "schema": json.dumps(schema), "json": text, "lenient": True} for (schema, _, _), text in zip(cases, texts)])
    for (schema, ready, datum), text, answer in zip(cases, texts, answers):
        assert answer == {"ok": True, "hex": written(ready, Values(schema).of(datum))}, (json.dumps(schema), text, answer)


def fingerprints(cases):
    answers = Eval.ask_all([{"op": "canonical", "schema": json.dumps(schema), "lenient": True} for schema, _, _ in cases])
    for (schema, _, _), answer in zip(cases, answers):
        form = fastavro.schema.to_parsing_canonical_form(json.loads(json.dumps(schema)))
        theirs = {name: fastavro.schema.fingerprint(form, kind) for name, kind in (("rabin64_le", "CRC-64-AVRO"), ("md5", "md5"), ("sha256", "sha256"))}
        assert form == answer["pcf"] and all(answer[name] == value for name, value in theirs.items()), (json.dumps(schema), form, theirs, answer)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--cases", type=int, default=2000)
    options.add_argument("--seed", type=int)
    options = options.parse_args()
    cases = make(options.cases, seed(usual=1) if options.seed is None else options.seed)
    checks = Checks()
    for name, function in (("data become the same bytes", same_bytes), ("bytes become the same data", read_back),
                           ("fastavro's JSON is read", their_json), ("canonical forms and fingerprints are the same", fingerprints)):
        checks.run(f"{name} ({len(cases)} schemas)", function, cases)
    checks.finish()


main()
