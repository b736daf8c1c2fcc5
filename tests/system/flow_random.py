"""Random relations, changes and queries: what `flow_eval` and PostgreSQL are both asked.

Values are such that no order of summing matters (floats are few halves), expressions such that few of them fail.
"""
import collections

TABLES = [
    {"name": "t", "key": ["id"], "columns": [["id", "int4"], ["a", "int4"], ["b", "int8"], ["s", "text"], ["n", "numeric"],
                                             ["f", "float8"], ["ok", "bool"], ["ts", "timestamp"]]},
    {"name": "u", "key": ["k", "l"], "columns": [["k", "int4"], ["l", "text"], ["a", "int4"], ["n", "numeric"], ["d", "date"],
                                                 ["tz", "timestamptz"]]},
    {"name": "v", "key": ["id"], "columns": [["id", "int8"], ["a", "int2"], ["s", "text"], ["ok", "bool"]]},
    {"name": "e", "key": [], "columns": [["a", "int4"], ["s", "text"], ["n", "numeric"], ["f", "float8"], ["ts", "timestamp"], ["ok", "bool"]]},
]
NUMBERS = ("int2", "int4", "int8", "numeric", "float8")
COMPARED = NUMBERS + ("text", "timestamp", "timestamptz", "date", "bool")
INTEGERS = ("int2", "int4", "int8")


class RandomRows:
    """Values of few different kinds, so that they meet; and changes of the tables, with what they come to."""

    def __init__(self, random):
        self.random = random

    def value(self, kind, null=0.15):
        pick = self.random
        if pick.random() < null:
            return None
        if kind in INTEGERS:
            return str(pick.choice((pick.randrange(-2, 7), pick.randrange(-2, 7), pick.randrange(-20, 50))))
        if kind == "numeric":
            return pick.choice((str(pick.randrange(-3, 8)), f"{pick.randrange(-300, 800) / 100:.2f}", f"{pick.randrange(-30, 80) / 10:.1f}"))
        if kind == "float8":
            return str(pick.randrange(-8, 24) / 2)
        if kind == "bool":
            return pick.choice(("t", "f"))
        if kind == "date":
            return f"2026-0{pick.randrange(1, 4)}-{pick.randrange(1, 29):02}"
        if kind in ("timestamp", "timestamptz"):
            zone = "+00" if kind == "timestamptz" else ""
            return f"2026-01-01 0{pick.randrange(2)}:{pick.randrange(0, 60, 7):02}:{pick.randrange(0, 60, 13):02}{zone}"
        return pick.choice(("", "a", "b", "B", "ab", "abc", "ä", "a%", "x_y", "7", "-3.5"))

    def changes(self):
        """(changes, the last rows of each table by its name)."""
        pick, out = self.random, []
        rows = {table["name"]: collections.OrderedDict() for table in TABLES}
        for number in range(pick.choice((0, 3, 20, 60, 120))):
            table = pick.choice(TABLES)
            index = TABLES.index(table)
            held = rows[table["name"]]
            row = [self.value(kind) for _, kind in table["columns"]]
            if not table["key"]:
                held[number] = row
                out.append([table["name"], "+", row])
                continue
            places = [i for i, (name, _) in enumerate(table["columns"]) if name in table["key"]]
            if held and pick.random() < 0.4:  # of a row that is there
                for place, value in zip(places, pick.choice(list(held))):
                    row[place] = value
            for place in places:
                row[place] = row[place] if row[place] is not None else self.value(table["columns"][place][1], 0)
            key = tuple(row[place] for place in places)
            if pick.random() < 0.3:
                held.pop(key, None)
                out.append([table["name"], "-", [value if i in places else None for i, value in enumerate(row)]])
            else:
                held[key] = row
                out.append([table["name"], "+", row])
        return out, {name: list(held.values()) for name, held in rows.items()}

    def batches(self, count):
        out = []
        while sum(out) < count:
            out.append(self.random.choice((1, 1, 2, 5, 20)))
        return out


class Scope:
    """What an expression may name: [(text, type)]."""

    def __init__(self, columns):
        self.columns = columns

    def of(self, kinds):
        return [text for text, kind in self.columns if kind in kinds]


class RandomQueries:
    def __init__(self, random):
        self.random = random
        self.rows = RandomRows(random)
        self.aliases = 0

    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    def chance(self, share):
        return self.random.random() < share

    # Expressions: as text, of a given type.

    def literal(self, kind):
        value = self.rows.value(kind, 0)
        if kind == "text":
            return f"'{value}'"
        if kind == "bool":
            return self.random.choice(("true", "false"))
        if kind in ("date", "timestamp", "timestamptz"):
            return f"{kind} '{value}'"
        if kind == "float8":
            return f"float8 '{value}'"
        return f"({value})" if value.startswith("-") else value

    def leaf(self, scope, kind):
        exact = scope.of([kind])
        if exact and self.chance(0.8):
            return self.random.choice(exact)
        if kind == "numeric" and self.chance(0.3) and scope.of(INTEGERS):
            return self.random.choice(scope.of(INTEGERS)) + "::numeric"
        if kind == "int8" and scope.of(["int4"]) and self.chance(0.5):
            return self.random.choice(scope.of(["int4"])) + "::int8"
        if self.chance(0.05):
            return f"NULL::{kind}"
        return self.literal(kind) if kind != "int8" else f"{self.literal('int4')}::int8" if kind == "int8" else self.literal(kind)

    def expression(self, scope, kind, depth=2):
        if depth == 0 or self.chance(0.3):
            return self.leaf(scope, kind)
        if self.chance(0.15):
            return self.case(scope, kind, depth)
        if self.chance(0.1):
            return f"coalesce({self.expression(scope, kind, depth - 1)}, {self.leaf(scope, kind)})"
        if self.chance(0.08) and kind != "bool":
            return f"nullif({self.expression(scope, kind, depth - 1)}, {self.leaf(scope, kind)})"
        if self.chance(0.08) and kind != "bool":
            return f"{self.random.choice(('greatest', 'least'))}({self.expression(scope, kind, depth - 1)}, {self.leaf(scope, kind)})"
        if kind == "bool":
            return self.condition(scope, depth)
        if kind in NUMBERS:
            return self.arithmetic(scope, kind, depth)
        if kind == "text":
            return self.text(scope, depth)
        return self.time(scope, kind, depth)

    def case(self, scope, kind, depth):
        whens = " ".join(f"WHEN {self.condition(scope, depth - 1)} THEN {self.leaf(scope, kind)}" for _ in range(self.random.randrange(1, 3)))
        return f"CASE {whens}" + (f" ELSE {self.leaf(scope, kind)}" if self.chance(0.7) else "") + " END"

    def arithmetic(self, scope, kind, depth):
        left = self.expression(scope, kind, depth - 1)
        choice = self.random.randrange(6)
        if choice == 0 and kind != "float8":
            right = self.leaf(scope, kind)
            return f"({left} {self.random.choice('/%')} nullif({right}, 0))"
        if choice == 1:
            return f"abs({left})"
        if choice == 2 and kind in ("int4", "int8"):
            text = f"length({self.text(scope, depth - 1)})"
            return text if kind == "int4" else f"{text}::int8"
        if choice == 3:
            return f"(- {left})"
        return f"({left} {self.random.choice('+-*')} {self.leaf(scope, kind)})"

    def text(self, scope, depth):
        inner = self.leaf(scope, "text")
        choice = self.random.randrange(6)
        if choice == 0:
            return f"upper({inner})"
        if choice == 1:
            return f"({inner} || {self.leaf(scope, 'text')})"
        if choice == 2:
            return f"substring({inner} from 1 for 2)"
        if choice == 3 and depth > 0:
            return f"({self.expression(scope, self.random.choice(('int4', 'bool', 'numeric')), depth - 1)})::text"
        return inner

    def time(self, scope, kind, depth):
        inner = self.leaf(scope, kind)
        if kind == "date":
            return f"({inner} + {self.random.randrange(-3, 9)})"
        unit, zone = self.random.choice(("minute", "hour", "day")), self.random.choice(("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "CET"))
        if kind == "timestamptz" and self.chance(0.3):
            return f"date_trunc('{unit}', {inner}, '{zone}')"
        if self.chance(0.2):
            other = {"timestamp": "timestamptz", "timestamptz": "timestamp"}[kind]
            return f"({self.leaf(scope, other)} AT TIME ZONE '{zone}')"
        if self.chance(0.5):
            return f"date_trunc('{unit}', {inner})"
        return f"({inner} + interval '{self.random.randrange(1, 90)} minutes')"

    def condition(self, scope, depth=2):
        choice = self.random.randrange(12)
        if depth > 0 and choice < 3:
            word = self.random.choice(("AND", "OR"))
            return f"({self.condition(scope, depth - 1)} {word} {self.condition(scope, depth - 1)})"
        if depth > 0 and choice == 3:
            return f"(NOT {self.condition(scope, depth - 1)})"
        kind = self.random.choice(COMPARED)
        left = self.expression(scope, kind, max(depth - 1, 0))
        if choice == 4:
            return f"({left} IS {self.random.choice(('', 'NOT '))}NULL)"
        if choice == 5:
            return f"({left} IS {self.random.choice(('', 'NOT '))}DISTINCT FROM {self.leaf(scope, kind)})"
        if choice == 6:
            parts = ", ".join(self.leaf(scope, kind) for _ in range(self.random.randrange(1, 4)))
            return f"({left} {self.random.choice(('', 'NOT '))}IN ({parts}))"
        if choice == 7:
            return f"({left} {self.random.choice(('', 'NOT '))}BETWEEN {self.leaf(scope, kind)} AND {self.leaf(scope, kind)})"
        if choice == 8:
            return f"({self.leaf(scope, 'text')} {self.random.choice(('', 'NOT '))}LIKE '{self.random.choice(('a%', '%b%', '_', 'x!_y', '%'))}')"
        if choice == 9:
            test = self.random.choice(("TRUE", "FALSE", "NOT TRUE", "UNKNOWN"))
            return f"({self.leaf(scope, 'bool')} IS {test})"
        return f"({left} {self.random.choice(('=', '<>', '<', '<=', '>', '>='))} {self.leaf(scope, kind)})"

    # FROM: (text, the columns by their qualified names, what tells its rows apart or none).

    def relation(self, depth):
        if depth > 0 and self.chance(0.25):
            alias = self.alias()
            query, columns, key = self.select(depth - 1)
            return f"({query}) AS {alias}", [(f"{alias}.{name}", kind) for name, kind in columns], key and [f"{alias}.{name}" for name in key]
        table, alias = self.random.choice(TABLES), self.alias()
        columns = [(f"{alias}.{name}", kind) for name, kind in table["columns"]]
        return f"{table['name']} AS {alias}", columns, [f"{alias}.{name}" for name in table["key"]] or None

    def equality(self, left, right):
        """Of a column of the left with one of the right, which may be of another number type."""
        for _ in range(20):
            one, kind = self.random.choice(left)
            fitting = [(name, other) for name, other in right if other == kind or (kind in NUMBERS and other in NUMBERS)]
            if not fitting:
                continue
            other, _ = self.random.choice(fitting)
            if kind in INTEGERS and self.chance(0.15):
                one = f"{one} + 1"
            return f"{one} = {other}" if self.chance(0.7) else f"{other} = {one}"
        return None

    def source(self, depth):
        text, columns, key = self.relation(depth)
        where = []
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2)) if depth > 0 else 0):
            right, more, other_key = self.relation(depth - 1)
            equal = self.equality(columns, more)
            if equal is None:
                continue
            how = self.random.choice(("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", ","))
            if how == "," and text.count("JOIN") == 0:
                text += f", {right}"
                where.append(equal)
            else:
                how = "JOIN" if how == "," else how
                text += f" {how} {right} ON {self.on(how, equal, columns, more)}"
            columns = columns + more
            key = key + other_key if key and other_key else None
        return text, columns, key, where

    def on(self, how, equal, left, right):
        parts = [equal]
        if self.chance(0.2):
            parts.append(self.equality(left, right) or "true")
        if self.chance(0.3):
            parts.append(self.condition(Scope(self.random.choice((left, right))), 1))
        if self.chance(0.3) and how == "JOIN":
            parts.append(self.condition(Scope(left + right), 1))
        self.random.shuffle(parts)
        return " AND ".join(parts)

    # Queries: (text, [(name, type)] of the results, key of names or none).

    def select(self, depth=2):
        if depth > 0 and self.chance(0.12):
            return self.union(depth)
        text, columns, key, where = self.source(depth)
        scope = Scope(columns)
        if self.chance(0.5):
            where.append(self.condition(scope))
        if depth > 0 and self.chance(0.15):
            where.append(self.exists(scope) if self.chance(0.5) else self.in_query(scope, depth - 1))
        self.random.shuffle(where)
        tail = f" FROM {text}" + (" WHERE " + " AND ".join(where) if where else "")
        if self.chance(0.4):
            return self.grouped(scope, tail)
        if self.chance(0.12):
            return self.distinct_on(scope, tail)
        return self.plain(scope, tail, key)

    def in_query(self, scope, depth):
        """x IN (SELECT y …), where y is a column of a query or of a table."""
        kind = self.random.choice([kind for kind in COMPARED if scope.of([kind])] or ["int4"])
        text, columns, _, where = self.source(0) if depth == 0 or self.chance(0.6) else self.source(depth)
        inner = Scope(columns)
        if self.chance(0.5):
            where.append(self.condition(inner, 1))
        query = f"SELECT {self.leaf(inner, kind)} FROM {text}" + (" WHERE " + " AND ".join(where) if where else "")
        if self.chance(0.15):
            query += f" UNION ALL SELECT {self.leaf(Scope([]), kind)} FROM {self.relation(0)[0]}"
        return f"{self.leaf(scope, kind)} IN ({query})"

    def exists(self, scope):
        """[NOT] EXISTS (SELECT … WHERE its column = one of the scope's AND …)."""
        for _ in range(20):
            text, columns, _, where = self.source(1 if self.chance(0.3) else 0)
            equal = self.equality(scope.columns, columns)
            if equal is None:
                continue
            where.append(equal)
            if self.chance(0.3):
                where.append(self.equality(scope.columns, columns) or "true")
            if self.chance(0.5):
                where.append(self.condition(Scope(columns), 1))
            self.random.shuffle(where)
            return f"{self.random.choice(('', 'NOT '))}EXISTS (SELECT 1 FROM {text} WHERE {' AND '.join(where)})"
        return "true"

    def kind_in(self, scope):
        return self.random.choice([kind for _, kind in scope.columns]) if self.chance(0.8) else self.random.choice(COMPARED)

    def plain(self, scope, tail, key):
        results, names = [], []
        for _ in range(self.random.randrange(1, 5)):
            kind = self.kind_in(scope)
            results.append((self.expression(scope, kind), kind))
        shown = []
        for name in key or [] if self.chance(0.7) else []:
            shown.append(len(results))
            results.append((name, dict(scope.columns)[name]))
        names = [f"c{i}" for i in range(len(results))]
        distinct = "DISTINCT " if self.chance(0.12) else ""
        text = f"SELECT {distinct}" + ", ".join(f"{value} AS {name}" for (value, _), name in zip(results, names)) + tail
        return text, [(name, kind) for (_, kind), name in zip(results, names)], names if distinct else [names[i] for i in shown] or None

    def aggregate(self, scope):
        """(text, type)."""
        filtered = f" FILTER (WHERE {self.condition(scope, 1)})" if self.chance(0.2) else ""
        distinct = "DISTINCT " if self.chance(0.2) else ""
        which = self.random.choice(("count(*)", "count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every"))
        if which == "count(*)":
            return which + filtered, "int8"
        if which == "count":
            return f"count({distinct}{self.expression(scope, self.random.choice(COMPARED), 1)}){filtered}", "int8"
        if which in ("sum", "avg"):
            kind = self.random.choice(NUMBERS)
            wide = {"int2": "int8", "int4": "int8", "int8": "numeric", "numeric": "numeric", "float8": "float8"}[kind]
            result = wide if which == "sum" else "float8" if kind == "float8" else "numeric"
            inner = self.leaf(scope, kind) if kind == "float8" else self.expression(scope, kind, 1)
            return f"{which}({distinct}{inner}){filtered}", result
        if which in ("min", "max"):
            kind = self.random.choice([kind for kind in COMPARED if kind != "bool"])
            return f"{which}({self.expression(scope, kind, 1)}){filtered}", kind
        return f"{which}({self.expression(scope, 'bool', 1)}){filtered}", "bool"

    def grouped(self, scope, tail):
        groups = []
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            kind = self.kind_in(scope)
            text = self.expression(scope, kind, self.random.choice((0, 0, 1)))
            groups.append((text, kind) if "." in text and " '" not in text else self.random.choice(scope.columns))  # no constant
        results = list(groups) if self.chance(0.85) else groups[:-1]
        shown = len(results) == len(groups)
        for _ in range(self.random.randrange(0 if groups and shown else 1, 3)):
            text, kind = self.aggregate(scope)
            if kind in ("int8", "numeric") and self.chance(0.2):
                text = f"({text} + 1)"
            results.append((text, kind))
        names = [f"c{i}" for i in range(len(results))]
        text = "SELECT " + ", ".join(f"{value} AS {name}" for (value, _), name in zip(results, names)) + tail
        if groups:
            text += " GROUP BY " + ", ".join(str(i + 1) if shown else value for i, (value, _) in enumerate(groups))
        if self.chance(0.2):
            having, kind = self.aggregate(scope)
            text += f" HAVING {having} {self.random.choice(('<', '>', '<>'))} {self.literal(kind if kind != 'int8' else 'int4')}"
        return text, [(name, kind) for (_, kind), name in zip(results, names)], names[:len(groups)] or None if shown else None

    def distinct_on(self, scope, tail):
        """Ordered by all that is shown, so that only one row may be the first."""
        kinds = [self.kind_in(scope) for _ in range(self.random.randrange(2, 4))]
        results = [(self.expression(scope, kind, 1), kind) for kind in kinds]
        names = [f"c{i}" for i in range(len(results))]
        order = ", ".join(str(i + 1) + self.random.choice(("", " DESC", " NULLS FIRST", " DESC NULLS LAST")) for i in range(len(results)))
        text = "SELECT DISTINCT ON (1) " + ", ".join(f"{value} AS {name}" for (value, _), name in zip(results, names)) + tail
        return f"{text} ORDER BY {order}", list(zip(names, kinds)), names[:1]

    def union(self, depth):
        first, columns, _ = self.plain_like(depth, None)
        second, _, _ = self.plain_like(depth, [kind for _, kind in columns])
        every = self.random.choice(("", " ALL"))
        return f"{first} UNION{every} {second}", columns, None if every else [name for name, _ in columns]

    def plain_like(self, depth, kinds):
        text, columns, _, where = self.source(depth - 1)
        scope = Scope(columns)
        kinds = kinds or [self.kind_in(scope) for _ in range(self.random.randrange(1, 4))]
        names = [f"c{i}" for i in range(len(kinds))]
        results = ", ".join(f"{self.expression(scope, kind, 1)} AS {name}" for kind, name in zip(kinds, names))
        if self.chance(0.3):
            where.append(self.condition(scope, 1))
        return f"SELECT {results} FROM {text}" + (" WHERE " + " AND ".join(where) if where else ""), list(zip(names, kinds)), None

    # Windows, which PostgreSQL does not have: (our text, the same said otherwise, results).

    def windowed(self):
        if self.chance(0.3):
            return self.session()
        text, columns, _, where = self.source(1)
        times = [(name, kind) for name, kind in columns if kind in ("timestamp", "timestamptz")]
        if not times:
            return self.windowed()
        scope = Scope(columns)
        time, kind = self.random.choice(times)
        if self.chance(0.4):
            where.append(self.condition(scope, 1))
        slide, size = self.random.choice(((10, 10), (7, 7), (60, 60), (5, 20), (7, 10), (30, 60)))
        window = f"tumble({time}, '{size} min')" if slide == size else f"hop({time}, '{slide} min', '{size} min')"
        last = f"date_bin('{slide} min', {time}, {kind} '1970-01-01 00:00:00')"
        lateral = (f"LATERAL (SELECT s AS window_start, s + interval '{size} min' AS window_end FROM generate_series({last} - interval "
                   f"'{-(-size // slide) * slide} min', {last}, '{slide} min') s WHERE s + interval '{size} min' > {time}) AS windows")
        group, group_kind = self.random.choice(columns)
        results, kinds = self.window_results(scope, group, group_kind, kind)
        tail = " WHERE " + " AND ".join(where) if where else ""
        ours = f"SELECT {results} FROM {text}{tail} GROUP BY {group}, {window}"
        return ours, f"SELECT {results} FROM {text}, {lateral}{tail} GROUP BY {group}, window_start, window_end", kinds

    def window_results(self, scope, group, group_kind, kind):
        aggregate, aggregate_kind = self.aggregate(scope)
        results = [(group, group_kind), ("window_start", kind), (aggregate, aggregate_kind), ("window_end", kind)]
        return ", ".join(f"{text} AS c{i}" for i, (text, _) in enumerate(results)), [(f"c{i}", kind) for i, (_, kind) in enumerate(results)]

    def session(self):
        alias = self.alias()
        scope = Scope([(f"{alias}.{name}", kind) for name, kind in TABLES[3]["columns"]])
        gap = f"interval '{self.random.choice((5, 7, 20))} min'"
        group, group_kind = self.random.choice(scope.columns)
        condition = self.condition(scope, 1) if self.chance(0.5) else "true"
        results, kinds = self.window_results(scope, group, group_kind, "timestamp")
        order = f"OVER (PARTITION BY {group} ORDER BY {alias}.ts)"
        begins = (f"(SELECT {alias}.*, CASE WHEN {alias}.ts - lag({alias}.ts) {order} < {gap} THEN 0 ELSE 1 END AS begins "
                  f"FROM e AS {alias} WHERE {condition} AND {alias}.ts IS NOT NULL) AS {alias}")
        numbered = f"(SELECT {alias}.*, sum(begins) {order} AS number FROM {begins}) AS {alias}"
        theirs = results.replace("window_start", f"min({alias}.ts)").replace("window_end", f"max({alias}.ts) + {gap}")
        return (f"SELECT {results} FROM e AS {alias} WHERE {condition} GROUP BY {group}, session({alias}.ts, {gap})",
                f"SELECT {theirs} FROM {numbered} GROUP BY {group}, number", kinds)

    def around_windows(self):
        """A windowed query; or one that groups it again, or joins it with what that gives."""
        ours, theirs, kinds = self.windowed()
        if kinds[2][1] == "bool" or self.chance(0.4):
            return ours, theirs
        outer = "SELECT y.c1, max(y.c2) AS most, count(*) AS n FROM ({}) AS y GROUP BY y.c1"
        if self.chance(0.5):
            return outer.format(ours), outer.format(theirs)
        join = self.random.choice(("SELECT x.* FROM ({}) AS x JOIN (" + outer + ") AS z ON x.c1 = z.c1 WHERE x.c2 >= z.most",
                                   "SELECT x.*, z.most FROM ({}) AS x LEFT JOIN (" + outer + ") AS z ON x.c1 = z.c1 AND z.n > 2"))
        return join.format(ours, ours), join.format(theirs, theirs)

    def query(self):
        """(ours, PostgreSQL's)."""
        if self.chance(0.15):
            return self.around_windows()
        text = self.twice() if self.chance(0.15) else self.select()[0]
        return text, text

    def twice(self):
        """Named once, used twice."""
        inner, columns, _ = self.select(1)
        equal = self.equality([(f"x.{name}", kind) for name, kind in columns], [(f"y.{name}", kind) for name, kind in columns])
        how = self.random.choice(("JOIN", "LEFT JOIN"))
        return f"WITH w AS ({inner}) SELECT x.*, y.{columns[0][0]} AS other FROM w x {how} w y ON {equal}"
