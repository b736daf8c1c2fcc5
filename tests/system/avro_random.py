"""Random schemas, changed schemas and data of them, from a seed."""
import json
import random
import struct

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
LOGICAL = {"int": ("date", "time-millis"), "long": ("timestamp-micros", "local-timestamp-nanos", "time-micros"), "string": ("uuid",),
           "bytes": ("decimal", "big-decimal")}
WORDS = ("a", "id", "Name", "_x", "f0", "é", "value", "type", "fields", "int", "next", "R0", "items", "b9", "z")
SPACES = ("", "n", "com.acme", "x.y_z.w9")
LONGS = (0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2**31 - 1, -2**31, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -2**63)
DOUBLES = (0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 1e10, 1e-7, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 123456789.125, 1e23)
STRINGS = ("", "a", "é", "\u0000", "\"\\/\b\f\n\r\t", "😀", "\u2028", "\ufffd\ufeff", "x" * 70, "日本")


class RandomAvro:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    # ---- schemas, as Python's JSON

    def schema(self, depth=3):
        """A schema that Java's parser takes."""
        self.defined, self.count = {}, 0
        return self._type(depth, "", allow_union=True)

    def _fresh(self):
        self.count += 1
        return f"T{self.count}"

    def _type(self, depth, space, allow_union):
        kinds = ["primitive"] * 4 + ["named"] * 2
        if depth > 0:
            kinds += ["record"] * 4 + ["array", "map", "enum", "fixed"] + (["union"] * 3 if allow_union else [])
        kind = self.random.choice(kinds)
        if kind == "named" and self.defined:
            return self._reference(self.random.choice(sorted(self.defined)), space)
        if kind in ("primitive", "named"):
            return self._primitive()
        if kind == "array":
            return self._with_properties({"type": "array", "items": self._type(depth - 1, space, True)})
        if kind == "map":
            return self._with_properties({"type": "map", "values": self._type(depth - 1, space, True)})
        if kind == "union":
            return self._union(depth, space)
        return self._named(kind, depth, space)

    def _reference(self, full, space):
        own, _, name = full.rpartition(".")
        if own == space:
            return name if self.chance(2) else full
        return full if own else self._primitive()  # within a namespace nobody finds a name without one

    def _primitive(self):
        name = self.random.choice(PRIMITIVES)
        if not self.chance(5):
            return name
        made = {"type": name}
        if name in LOGICAL and self.chance(2):
            made["logicalType"] = self.random.choice(LOGICAL[name])
            if made["logicalType"] == "decimal":
                made |= {"precision": self.random.randrange(1, 30), "scale": self.random.randrange(0, 12)}
        return self._with_properties(made)

    def _with_properties(self, made):
        if self.chance(6):
            made[self.random.choice(("prop", "x-y", "sqlType", "logicalType", "order2"))] = self.random.choice(
                (1, -7, 1.5, "text", True, None, [1, {"a": "b"}], {"k": [None]}, 1e100, "é\n"))
        return made

    def _union(self, depth, space):
        branches, seen = [], set()
        for _ in range(self.random.randrange(1, 5)):
            defined = dict(self.defined)
            branch = self._type(depth - 1, space, False)
            kind = branch if isinstance(branch, str) else branch["type"]
            name = branch.get("name", kind) if isinstance(branch, dict) else branch
            short = name.rpartition(".")[2]
            if short in seen or (kind == "null" and "null" in seen):
                self.defined = defined  # what was defined in it goes with it
                continue
            seen.add(short)
            branches.append(branch)
        if "null" not in seen and self.chance(2):
            branches.insert(0, "null")
        return branches

    def _named(self, kind, depth, space):
        own = self.random.choice(SPACES) if self.chance(3) else space
        name = self._fresh()
        full = f"{own}.{name}" if own else name
        made = {"type": kind}
        if own == space:
            made["name"] = name
        elif own and self.chance(2):
            made["name"] = full
        else:
            made |= {"name": name, "namespace": own}
        if self.chance(4):
            made["doc"] = self.random.choice(STRINGS)
        if self.chance(5):
            made["aliases"] = [self.random.choice(("Old", "n.Old", "T1", "x.T2"))]
        self.defined[full] = made
        if kind == "fixed":
            made["size"] = self.random.choice((0, 1, 2, 12, 16))
        elif kind == "enum":
            made["symbols"] = self.random.sample(("A", "B", "C", "D_1", "é", "int"), self.random.randrange(1, 6))
            if self.chance(3):
                made["default"] = self.random.choice(made["symbols"])
        else:
            words = self.random.sample(WORDS, self.random.randrange(0, 5))
            made["fields"] = [self._field(word, depth, own) for word in words]
            for field in made["fields"]:  # no two fields that change their names with each other: Java's answer is no rule
                if set(field.get("aliases", ())) & set(words):
                    del field["aliases"]
        return self._with_properties(made)

    def _field(self, name, depth, space):
        made = {"name": name, "type": self._type(depth - 1, space, True)}
        if self.chance(3):
            default = self.default(made["type"])
            if default is not ...:
                made["default"] = default
        if self.chance(6):
            made["doc"] = self.random.choice(STRINGS)
        if self.chance(6):
            made["order"] = self.random.choice(("ascending", "descending", "ignore"))
        if self.chance(6):
            made["aliases"] = self.random.sample(WORDS, 1)
        return self._with_properties(made)

    def default(self, type_):
        """A default that is right for a type; ... for none."""
        kind = type_ if isinstance(type_, str) else type_[0] if isinstance(type_, list) and type_ else type_["type"] if isinstance(type_, dict) else ...
        if isinstance(type_, list) and isinstance(kind, dict):
            return self.default(kind)
        simple = {"null": None, "boolean": True, "int": self.random.choice((0, -5, 2**31 - 1)), "long": self.random.choice(LONGS),
                  "float": self.random.choice((0.5, 1, -2.25)), "double": self.random.choice((0.1, 3, 1e100, -0.0)), "string": self.random.choice(STRINGS),
                  "bytes": self.random.choice(("", "\u00ff", "ab")), "array": [], "map": {}}
        if kind in simple:
            return simple[kind]
        if kind == "enum":
            return self.random.choice(type_["symbols"])
        if kind == "fixed":
            return "é" * type_["size"]
        if kind == "record" and not type_.get("fields", [1]):
            return {}
        return ...

    def changed(self, schema):
        """Another schema that has much in common with this one; it may be no schema at all."""
        copy = json.loads(json.dumps(schema))
        for _ in range(self.random.randrange(1, 4)):
            places = list(walk(copy))
            if not places:
                return self._widen(copy)
            holder, key = self.random.choice(places)
            holder[key] = self._mutate(holder[key])
        return copy

    def _widen(self, type_):
        wider = {"int": ("long", "float", "double"), "long": ("float", "double", "int"), "float": ("double",), "string": ("bytes",), "bytes": ("string",)}
        return self.random.choice(wider.get(type_, PRIMITIVES)) if isinstance(type_, str) else type_

    def _mutate(self, type_):
        if isinstance(type_, str):
            return self.random.choice((self._widen(type_), self._widen(type_), ["null", type_] if type_ != "null" else type_))
        if isinstance(type_, list):
            choice = self.random.randrange(4)
            if choice == 0 and type_:
                return self.random.choice(type_)
            if choice == 1:
                self.random.shuffle(type_)
            elif choice == 2 and len(type_) > 1:
                type_.pop(self.random.randrange(len(type_)))
            elif choice == 3:
                type_.append(self.random.choice(PRIMITIVES))
            return type_
        if type_.get("type") == "record" and type_.get("fields"):
            self._change_fields(type_["fields"])
        elif type_.get("type") == "enum":
            symbols = type_["symbols"]
            self.random.choice((lambda: self.random.shuffle(symbols), lambda: symbols.append("NEW"), lambda: symbols and symbols.pop(), lambda: symbols and type_.update(default=symbols[0])))()
        elif type_.get("type") == "fixed" and self.chance(2):
            type_["size"] += 1
        elif "name" in type_ and self.chance(3):
            type_["aliases"], type_["name"] = [type_["name"]], "Renamed"
        elif self.chance(2):
            return ["null", type_]
        return type_

    def _change_fields(self, fields):
        choice = self.random.randrange(5)
        if choice == 0:
            self.random.shuffle(fields)
        elif choice == 1:
            fields.pop(self.random.randrange(len(fields)))
        elif choice == 2:
            field = self.random.choice(fields)
            field["aliases"], field["name"] = [field["name"]], "renamed"
        else:
            made = {"name": "added", "type": self.random.choice(("int", "string", ["null", "double"], {"type": "array", "items": "long"}))}
            if choice == 3:
                made["default"] = self.default(made["type"])
            fields.insert(self.random.randrange(len(fields) + 1), made)

    # ---- data

    def datum(self, schema):
        """A datum in Avro's JSON encoding, or None when the schema has no end."""
        names = {}
        collect(schema, "", names)
        try:
            return self._value(schema, "", names, 0)
        except RecursionError:
            return ...

    def _value(self, type_, space, names, depth):
        if depth > 25:
            raise RecursionError
        if isinstance(type_, str):
            if type_ in PRIMITIVES:
                return self._primitive_value(type_)
            made, own = names.get(f"{space}.{type_}" if space and "." not in type_ else type_) or names[type_]
            return self._value_of(made, own, names, depth)
        if isinstance(type_, list):
            branches = [b for b in type_ if b == "null"] if depth > 6 and "null" in type_ else type_
            if not branches:
                raise RecursionError
            branch = self.random.choice(branches)
            return None if branch == "null" or (isinstance(branch, dict) and branch["type"] == "null") else {
                branch_name(branch, space, names): self._value(branch, space, names, depth + 1)}
        if not isinstance(type_["type"], str):
            return self._value(type_["type"], space, names, depth)
        own = space_of(type_, space) if "name" in type_ else space
        return self._value_of(type_, own, names, depth)

    def _value_of(self, type_, space, names, depth):
        kind = type_["type"]
        few = 0 if depth > 6 else self.random.choice((0, 1, 2, 3, 70 if depth == 0 else 1))
        if kind == "record":
            return {field["name"]: self._value(field["type"], space, names, depth + 1) for field in type_["fields"]}
        if kind == "enum":
            return self.random.choice(type_["symbols"])
        if kind == "fixed":
            return "".join(chr(self.random.randrange(256)) for _ in range(type_["size"]))
        if kind == "array":
            return [self._value(type_["items"], space, names, depth + 1) for _ in range(few)]
        if kind == "map":
            return {self.random.choice(STRINGS) + str(i): self._value(type_["values"], space, names, depth + 1) for i in range(few)}
        return self._primitive_value(kind) if kind in PRIMITIVES else self._value(kind, space, names, depth)

    def _primitive_value(self, kind):
        if kind in ("float", "double"):
            if self.chance(8):
                return self.random.choice(("NaN", "Infinity", "-Infinity"))
            value = self.random.choice(DOUBLES) if self.chance(2) else struct.unpack("<d", self.random.randbytes(8))[0]
            if value != value or value in (float("inf"), float("-inf")):
                value = 2.5
            return value if kind == "double" else self._float()
        return {"null": lambda: None, "boolean": lambda: self.chance(2), "string": lambda: self.random.choice(STRINGS),
                "int": lambda: self.random.choice([x for x in LONGS if -2**31 <= x < 2**31] + [self.random.randrange(-2**31, 2**31)]),
                "long": lambda: self.random.choice((self.random.choice(LONGS), self.random.randrange(-2**63, 2**63))),
                "bytes": lambda: "".join(chr(self.random.randrange(256)) for _ in range(self.random.choice((0, 1, 5, 70))))}[kind]()

    def _float(self):
        while True:
            value = struct.unpack("<f", self.random.randbytes(4))[0]
            if value == value and value not in (float("inf"), float("-inf")):
                return value

    def damaged(self, data):
        """Bytes with something wrong, or cut, or more of them."""
        data = bytearray(data)
        choice = self.random.randrange(4)
        if choice == 0 and data:
            data[self.random.randrange(len(data))] = self.random.randrange(256)
        elif choice == 1 and data:
            del data[self.random.randrange(len(data)):]
        elif choice == 2:
            data += self.random.randbytes(3)
        elif data:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return bytes(data)


def walk(type_, holder=None, key=None):
    """Where types stand: pairs of a container and its key."""
    if holder is not None:
        yield holder, key
    if isinstance(type_, list):
        for i, branch in enumerate(type_):
            yield from walk(branch, type_, i)
    elif isinstance(type_, dict):
        for name in ("items", "values"):
            if name in type_ and isinstance(type_[name], (dict, list, str)):
                yield from walk(type_[name], type_, name)
        for field in type_.get("fields", ()):
            yield from walk(field["type"], field, "type")


def space_of(type_, space):
    name = type_["name"]
    return name.rpartition(".")[0] if "." in name else type_.get("namespace", space)


def collect(type_, space, names):
    if isinstance(type_, list):
        for branch in type_:
            collect(branch, space, names)
    elif isinstance(type_, dict):
        if "name" in type_:
            space = space_of(type_, space)
            short = type_["name"].rpartition(".")[2]
            names[f"{space}.{short}" if space else short] = (type_, space)
        for name in ("items", "values"):
            collect(type_.get(name), space, names)
        for field in type_.get("fields", ()):
            collect(field["type"], space, names)


def branch_name(branch, space, names):
    if isinstance(branch, str):
        if branch in PRIMITIVES or "." in branch:
            return branch
        return f"{space}.{branch}" if space and f"{space}.{branch}" in names else branch
    if "name" not in branch:
        return branch["type"]
    own, short = space_of(branch, space), branch["name"].rpartition(".")[2]
    return f"{own}.{short}" if own else short
