"""`sluice avro eval` as a process, and data in Avro's JSON encoding compared as values."""
import json
import math
import struct
import subprocess

from harness import SLUICE


class Eval:
    """The filter, asked question by question or by the thousand."""

    @staticmethod
    def ask_all(questions, timeout=300):
        """The answers to a list of questions (objects, or lines as bytes); their number is checked."""
        lines = [q if isinstance(q, bytes) else json.dumps(q).encode() for q in questions]
        done = subprocess.run([SLUICE, "avro", "eval"], input=b"".join(line + b"\n" for line in lines), capture_output=True,
                              timeout=timeout, check=False)
        assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
        answers = done.stdout.decode().split("\n")
        assert answers.pop() == "", "the last answer has no line break"
        assert len(answers) == len(lines), (len(answers), len(lines))
        return [json.loads(answer) for answer in answers]

    @staticmethod
    def ask(question):
        return Eval.ask_all([question])[0]


class Number(str):
    """A number as it is written."""


def parsed(text):
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=lambda word: ValueError(word))


def bits(number, width):
    """The bits of a number's text as float (4) or double (8)."""
    value = {"NaN": math.nan, "Infinity": math.inf, "INF": math.inf, "-Infinity": -math.inf, "-INF": -math.inf}.get(str(number))
    value = float(number) if value is None else value
    if width == 4:
        try:
            return struct.pack("<f", value)
        except OverflowError:
            return struct.pack("<f", math.copysign(math.inf, value))
    return struct.pack("<d", value)


class Schema:
    """Enough of a schema to compare data by it: names are resolved, the rest is taken as it is."""

    def __init__(self, text):
        self.names = {}
        self.root = self._read(json.loads(text) if isinstance(text, str) else text, "")

    def _read(self, node, space):
        if isinstance(node, str):
            if node in PRIMITIVES:
                return {"type": node}
            return {"type": "name", "name": node if "." in node or not space else f"{space}.{node}", "short": node}
        if isinstance(node, list):
            return {"type": "union", "branches": [self._read(branch, space) for branch in node]}
        kind = node["type"]
        if not isinstance(kind, str) or kind not in COMPLEX:
            return self._read(kind, space)
        if kind in ("array", "map"):
            return {"type": kind, "items": self._read(node["items" if kind == "array" else "values"], space)}
        name = node["name"]
        own = name.rpartition(".")[0] if "." in name else node.get("namespace", space) if isinstance(node.get("namespace", space), str) else space
        full = name if "." in name or not own else f"{own}.{name}"
        made = {"type": "record" if kind == "error" else kind, "full": full}
        self.names[full] = made
        if kind in ("record", "error"):
            made["fields"] = [(field["name"], self._read(field["type"], own)) for field in node["fields"]]
        return made

    def found(self, node):
        if node["type"] != "name":
            return node
        return self.names.get(node["name"]) or self.names[node["short"]]

    def branch(self, union, name):
        for branch in union["branches"]:
            branch = self.found(branch)
            if branch.get("full", branch["type"]) == name:
                return branch
        raise AssertionError(f"no branch {name}")


PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
COMPLEX = ("record", "error", "enum", "array", "map", "fixed")


def difference(schema, a, b, node=None, at=""):
    """Where two data (as parsed() gives them) differ; None when they are the same value."""
    node = schema.found(node or schema.root)
    kind = node["type"]
    if kind in ("float", "double"):
        return None if bits(a, 4 if kind == "float" else 8) == bits(b, 4 if kind == "float" else 8) else f"{at}: {a} is not {b}"
    if kind in ("int", "long"):
        return None if isinstance(a, Number) and isinstance(b, Number) and int(a) == int(b) else f"{at}: {a} is not {b}"
    if kind == "array" and isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return first(difference(schema, x, y, node["items"], f"{at}/{i}") for i, (x, y) in enumerate(zip(a, b)))
    if kind == "map" and isinstance(a, dict) and isinstance(b, dict) and set(a) == set(b):
        return first(difference(schema, a[key], b[key], node["items"], f"{at}/{key}") for key in a)
    if kind == "record" and isinstance(a, dict) and list(a) == [name for name, _ in node["fields"]] and set(a) == set(b):
        return first(difference(schema, a[name], b[name], type_, f"{at}/{name}") for name, type_ in node["fields"])
    if kind == "union" and isinstance(a, dict) and isinstance(b, dict) and len(a) == 1 and list(a) == list(b):
        name = next(iter(a))
        return difference(schema, a[name], b[name], schema.branch(node, name), f"{at}/{name}")
    same = a == b and kind not in ("array", "map", "record") and (kind != "union" or a is None) and type(a) is type(b)
    return None if same else f"{at}: {a!r:.200} is not {b!r:.200} ({kind})"


def first(differences):
    return next((each for each in differences if each is not None), None)
