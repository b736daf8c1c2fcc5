"""Random event-time views, the events that come in, and what their rows have to be: what flow_time_test.py asks of `view_eval`.

A Case has the statements, each partition's events in their order, and what the view must hold after all of them, computed here from the events
alone: windows, pairs, firsts. Within the bound a partition's event is never older than its watermark; beyond it, it may be.
"""
import collections
import datetime

BEGIN = datetime.datetime(2026, 1, 1)
NEVER = -10**9


def time_text(seconds):
    return (BEGIN + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S+00")


def row_text(values):
    return "|".join("null" if value is None else str(value) for value in values)


class Stream:
    """A relation whose events (k, ts, v, id) come by several partitions."""

    def __init__(self, pick, name, partitions=None, bound=None, options=", idle = '1 day'"):
        self.pick, self.name, self.options = pick, name, options
        self.bound = pick.choice([0, 2, 5]) if bound is None else bound
        self.lanes = [[] for _ in range(partitions or pick.randint(1, 3))]

    def topic(self):
        return {"name": self.name, "columns": "k int4, ts timestamptz, v int8, id int8", "key": "", "partitions": len(self.lanes)}

    def statement(self):
        return (f"CREATE TABLE {self.name} (k int4, ts timestamptz, v int8, id int8) WITH (topic = '{self.name}', "
                f"watermark = 'ts - interval ''{self.bound} s'''{self.options});\n")

    def fill(self, ids, count, span, keys=3, beyond=0):
        """`beyond`: how much older than the bound allows for an event may be."""
        for lane in self.lanes:
            newest = self.pick.randint(0, 3)
            for number in range(self.pick.randint(count // 2, count)):
                newest += self.pick.choice([0, 0, 1, 1, 2, span])
                ts = newest if number == 0 else max(0, newest - self.pick.randint(0, self.bound + (beyond if self.pick.random() < 0.3 else 0)))
                lane.append({"k": self.pick.randrange(keys), "ts": ts, "v": self.pick.randrange(8), "id": next(ids)})

    def events(self):
        return [event for lane in self.lanes for event in lane]

    def watermarks(self):
        return [max(event["ts"] for event in lane) - self.bound for lane in self.lanes if lane]


class Table:
    """Rows (k, name), by k, put and removed."""

    def __init__(self, pick, name):
        self.pick, self.name, self.lanes = pick, name, [[]]

    def topic(self):
        return {"name": self.name, "columns": "k int4, name int8", "key": "k", "partitions": 1}

    def statement(self):
        return ""

    def fill(self, count, keys=3):
        for _ in range(count):
            self.lanes[0].append({"k": self.pick.randrange(keys), "name": None if self.pick.random() < 0.3 else self.pick.randrange(3)})

    def rows(self):
        rows = {}
        for change in self.lanes[0]:
            if change["name"] is None:
                rows.pop(change["k"], None)
            else:
                rows[change["k"]] = change["name"]
        return rows


class Script:
    """One of the ways in which the partitions' events may come: transactions, batches, restarts, lost folders."""

    def __init__(self, pick, relations, slack=None):
        self.pick, self.relations, self.slack = pick, relations, slack

    def steps(self):
        left = {(relation, number): list(lane) for relation in self.relations for number, lane in enumerate(relation.lanes)}
        left = {lane: events for lane, events in left.items() if events}
        firsts = list(left)
        self.pick.shuffle(firsts)
        steps = [self.put(lane, left[lane].pop(0)) for lane in firsts] + [["commit"]]  # before its first event nobody waits for a partition
        weights = {lane: self.pick.choice([1, 1, 3, 10]) for lane in left}
        while any(left.values()):
            lane = self.next_lane(left, weights)
            for _ in range(self.pick.choice([1, 1, 2, 5])):
                if left[lane] and self.may_be_next(lane, left):
                    steps.append(self.put(lane, left[lane].pop(0)))
            if self.pick.random() < 0.3:
                steps.append(["commit"])
            if self.pick.random() < 0.02:
                steps += self.run()
        return steps + self.run()

    def run(self):
        lost = [["lose"]] if self.pick.random() < 0.2 else []
        return [["commit"], *lost, ["run", self.pick.choice([1, 3, 10, 50, 100_000])]]

    def may_be_next(self, lane, left):
        if self.slack is None:
            return True
        oldest = min(events[0]["ts"] for events in left.values() if events)
        return left[lane][0]["ts"] <= oldest + self.slack

    def next_lane(self, left, weights):
        lanes = [lane for lane, events in left.items() if events and self.may_be_next(lane, left)]
        return self.pick.choices(lanes, [weights[lane] for lane in lanes])[0]

    def put(self, lane, event):
        relation, number = lane
        if isinstance(relation, Table):
            what = "remove" if event["name"] is None else "put"
            return [what, relation.name, number, 1_767_225_600_000, [str(event["k"]), str(event["name"] or 0)]]
        # Records' own times are roughly the events': partitions are read together by them.
        return ["put", relation.name, number, 1_767_225_600_000 + 1000 * event["ts"],
                [str(event["k"]), time_text(event["ts"]), str(event["v"]), str(event["id"])]]


# --- windows

class Windows:
    """GROUP BY k and a window, of events."""

    def __init__(self, pick, kinds=("tumble", "hop", "session")):
        self.kind = pick.choice(kinds)
        self.size = pick.choice([4, 10, 15])
        self.slide = pick.choice([self.size // 2, self.size // 4, self.size // 2 + 1, self.size]) if self.kind == "hop" else self.size
        self.grace = pick.choice([0, 0, 3])
        self.emit = pick.choice(["final", "changes"])

    def call(self):
        more = f"interval '{self.slide} s', " if self.kind == "hop" else ""
        return f"{self.kind}(ts, {more}interval '{self.size} s')"

    def options(self):
        return f"WITH (emit = '{self.emit}', grace = '{self.grace} s')"

    def of(self, events):
        """{(k, start, end): [event, …]}"""
        if self.kind == "session":
            return self.sessions(events)
        out = collections.defaultdict(list)
        for event in events:
            for start in self.starts(event["ts"]):
                out[event["k"], start, start + self.size].append(event)
        return out

    def starts(self, ts):
        start = ts // self.slide * self.slide
        while start > ts - self.size:
            yield start
            start -= self.slide

    def sessions(self, events):
        out, open_ = {}, {}
        for event in sorted(events, key=lambda each: each["ts"]):
            k, ts = event["k"], event["ts"]
            if k in open_ and ts < open_[k][1]:
                open_[k][1] = max(open_[k][1], ts + self.size)
                open_[k][2].append(event)
            else:
                if k in open_:
                    out[k, open_[k][0], open_[k][1]] = open_[k][2]
                open_[k] = [ts, ts + self.size, [event]]
        for k, (start, end, rows) in open_.items():
            out[k, start, end] = rows
        return out

    def is_out(self, end, watermark):
        return self.emit == "changes" or end + self.grace <= watermark


AGGREGATES = "count(*) AS n, sum(v) AS s, min(v) AS least, max(v) AS most, count(DISTINCT v) AS d"


def aggregates(events):
    values = [event["v"] for event in events]
    return [len(values), sum(values), min(values), max(values), len(set(values))]


class Case:
    slack = None

    def __init__(self, pick, ids):
        self.pick, self.ids = pick, ids
        self.make()

    def question(self):
        return {"topics": [relation.topic() for relation in self.relations], "sql": "".join(r.statement() for r in self.relations) + self.view,
                "steps": Script(self.pick, self.relations, self.slack).steps()}

    def watermark(self):
        return min(mark for relation in self.relations if isinstance(relation, Stream) for mark in relation.watermarks())

    def check(self, answer):
        """Raises what is wrong."""
        expected = sorted(row_text(row) for row in self.rows())
        found = sorted(answer["image"])
        more, less = collections.Counter(found) - collections.Counter(expected), collections.Counter(expected) - collections.Counter(found)
        assert not more and not less, f"more {list(more.elements())[:4]}, less {list(less.elements())[:4]}"
        assert not answer["late"] and not answer["lateCounted"], f"late: {answer['late'][:3]}"
        assert not answer["failed"], "failed"
        return len(expected)


class WindowCase(Case):
    def make(self):
        self.windows = Windows(self.pick)
        self.relations = [Stream(self.pick, name) for name in ("a", "b")[:self.pick.randint(1, 2)]]
        for relation in self.relations:
            relation.fill(self.ids, 25, 12)
        columns = "SELECT k, ts, v FROM "
        source = self.relations[0].name if len(self.relations) == 1 else f"({columns}a UNION ALL {columns}b) u"
        self.filtered = self.pick.random() < 0.3
        where = " WHERE v % 3 <> 0" if self.filtered else ""
        self.having = self.pick.random() < 0.2
        having = " HAVING count(*) > 1" if self.having else ""
        self.view = (f"CREATE MATERIALIZED VIEW v {self.windows.options()} AS SELECT k, window_start, window_end, {AGGREGATES} FROM {source}{where} "
                     f"GROUP BY k, {self.windows.call()}{having}")

    def rows(self):
        events = [event for relation in self.relations for event in relation.events() if not self.filtered or event["v"] % 3]
        for (k, start, end), held in self.windows.of(events).items():
            if self.windows.is_out(end, self.watermark()) and (not self.having or len(held) > 1):
                yield [k, time_text(start), time_text(end), *aggregates(held)]


class IdleCase(WindowCase):
    """A partition stops for good: the others go on without it."""
    slack = 3

    def make(self):
        super().make()
        for relation in self.relations:
            relation.options = ", idle = '30 s'"
        stopped = self.pick.choice(self.relations)
        if len(self.relations) + len(stopped.lanes) > 2:
            lane = stopped.lanes[0]
            del lane[self.pick.randint(1, len(lane)):]

    def watermark(self):
        marks = [mark for relation in self.relations for mark in relation.watermarks()]
        return min(mark for mark in marks if max(marks) - mark <= 30)


class LateCase(Case):
    """Beyond the bound: each event is in its windows, or among the late."""

    def make(self):
        self.windows = Windows(self.pick)
        self.stream = Stream(self.pick, "a", options=self.pick.choice(["", ", idle = '10 s'"]))
        self.relations = [self.stream]
        self.stream.fill(self.ids, 40, 12, beyond=30)
        end = max(event["ts"] for event in self.stream.events()) + 1000
        for number, lane in enumerate(self.stream.lanes):
            lane.append({"k": 9, "ts": end + number * 100, "v": 0, "id": next(self.ids)})
            lane.append({"k": 9, "ts": end + number * 100 + 1000, "v": 0, "id": next(self.ids)})
        self.view = (f"CREATE MATERIALIZED VIEW v {self.windows.options()} AS SELECT k, window_start, window_end, count(*) AS n, sum(v) AS s FROM a "
                     f"GROUP BY k, {self.windows.call()}")

    def question(self):
        out = super().question()
        self.places, ends = {}, collections.Counter()
        touched = set()
        for step in out["steps"]:
            if step[0] == "put":
                self.places[step[2], ends[step[2]]] = int(step[4][3])
                ends[step[2]] += 1
                touched.add(step[2])
            elif step[0] == "commit":  # takes an offset of each partition
                for lane in touched:
                    ends[lane] += 1
                touched.clear()
        return out

    def check(self, answer):
        late = [self.places[partition, offset] for _, partition, offset in answer["late"]]
        assert len(late) == len(set(late)) == answer["lateCounted"], "a late event is told twice, or not told"
        there = [event for event in self.stream.events() if event["id"] not in late and event["k"] != 9]
        found = {}
        for row in answer["image"]:
            k, start, end, n, s = row.split("|")
            if k != "9":
                assert (k, start, end) not in found, f"twice {row}"
                found[k, start, end] = (int(n), int(s))
        total = sum(n for n, _ in found.values())
        if self.windows.kind != "hop":
            assert total == len(there), f"{total} counted, {len(late)} late, of {len(there) + len(late)}"
        if self.windows.kind == "session":
            assert sum(s for _, s in found.values()) == sum(event["v"] for event in there)
            return total
        expected = {(str(k), time_text(start), time_text(end)): held for (k, start, end), held in self.windows.of(there).items()}
        for key, held in expected.items():
            n, s = found.pop(key, (0, 0))
            if self.windows.kind == "tumble":
                assert (n, s) == (len(held), sum(event["v"] for event in held)), f"{key}: {n} {s}, {held}"
            last = sum(1 for event in held if time_text(event["ts"] // self.windows.slide * self.windows.slide) == key[1])
            assert last <= n <= len(held), f"{key}: {last} <= {n} <= {len(held)}"
        assert not found, f"windows of no event: {found}"
        return total


class NestedCase(Case):
    """Windows of windows: the outer ones wait until the inner ones have closed."""

    def make(self):
        self.relations = [Stream(self.pick, "a")]
        self.relations[0].fill(self.ids, 40, 12)
        self.emit = self.pick.choice(["final", "changes"])
        self.size, self.slide = self.pick.choice([(5, 5), (7, 7), (10, 5), (12, 4)])
        self.outer = self.pick.choice([10, 20])
        inner = f"tumble(ts, interval '{self.size} s')" if self.size == self.slide else f"hop(ts, interval '{self.slide} s', interval '{self.size} s')"
        self.view = (f"CREATE MATERIALIZED VIEW v WITH (emit = '{self.emit}') AS SELECT window_start, sum(n) AS n, max(n) AS most, count(*) AS groups FROM "
                     f"(SELECT k, window_start AS at, count(*) AS n FROM a GROUP BY k, {inner}) w GROUP BY tumble(at, interval '{self.outer} s')")

    def rows(self):
        inner = collections.Counter()
        for event in self.relations[0].events():
            start = event["ts"] // self.slide * self.slide
            while start > event["ts"] - self.size:
                inner[event["k"], start] += 1
                start -= self.slide
        outer = collections.defaultdict(list)
        for (_, start), n in inner.items():
            outer[start // self.outer * self.outer].append(n)
        wait = self.size - self.slide if self.outer % self.slide == 0 else self.size
        for start, counts in outer.items():
            if self.emit == "changes" or start + self.outer + wait <= self.watermark():
                yield [time_text(start), sum(counts), max(counts), len(counts)]


class WindowOfPairsCase(Case):
    """Windows over two streams that are kept for a while: an event's pairs come for as long as it is kept."""

    def make(self):
        self.keep = self.pick.choice([5, 10])
        self.relations = [Stream(self.pick, name, options=f", idle = '1 day', keep = '{self.keep} s'") for name in "ab"]
        for relation in self.relations:
            relation.fill(self.ids, 20, 12)
        self.emit = self.pick.choice(["final", "changes"])
        self.view = (f"CREATE MATERIALIZED VIEW v WITH (emit = '{self.emit}') AS SELECT a.k, window_start, count(*) AS n, sum(b.v) AS s "
                     "FROM a JOIN b ON a.k = b.k GROUP BY a.k, tumble(a.ts, interval '5 s')")

    def rows(self):
        windows = collections.defaultdict(list)
        for event in self.relations[0].events():
            for other in self.relations[1].events():
                if other["k"] == event["k"] and abs(other["ts"] - event["ts"]) < self.keep:
                    windows[event["k"], event["ts"] // 5 * 5].append(other["v"])
        for (k, start), values in windows.items():
            if self.emit == "changes" or start + 5 + self.keep <= self.watermark():
                yield [k, time_text(start), len(values), sum(values)]


class WindowAndStreamCase(Case):
    """Windows, which come when they close, and events that are kept for a while: these wait for those."""

    def make(self):
        self.relations = [Stream(self.pick, "a"), Stream(self.pick, "b", options=", idle = '1 day', keep = '10 s'")]
        for relation in self.relations:
            relation.fill(self.ids, 20, 12)
        self.view = ("CREATE MATERIALIZED VIEW v WITH (emit = 'final') AS SELECT b.id, w.at, w.n FROM (SELECT k, window_start AS at, count(*) AS n FROM a "
                     "GROUP BY k, tumble(ts, interval '10 s')) w JOIN b ON w.k = b.k")

    def rows(self):
        windows = collections.Counter((event["k"], event["ts"] // 10 * 10) for event in self.relations[0].events())
        for (k, start), n in windows.items():
            for event in self.relations[1].events():
                if start + 10 <= self.watermark() and k == event["k"] and start < event["ts"] + 10:
                    yield [event["id"], time_text(start), n]


class WindowJoinCase(Case):
    """Two windowed counts, joined on their windows."""

    def make(self):
        self.relations = [Stream(self.pick, "a"), Stream(self.pick, "b")]
        for relation in self.relations:
            relation.fill(self.ids, 30, 12)
        self.emit = self.pick.choice(["final", "changes"])
        self.left = self.pick.random() < 0.5
        def windows(name):
            return f"(SELECT k, window_start AS at, count(*) AS n FROM {name} GROUP BY k, tumble(ts, interval '10 s')) {name}"
        self.view = (f"CREATE MATERIALIZED VIEW v WITH (emit = '{self.emit}') AS SELECT a.k, a.at, a.n, b.n AS m FROM {windows('a')} "
                     f"{'LEFT ' if self.left else ''}JOIN {windows('b')} ON a.k = b.k AND a.at = b.at")

    def rows(self):
        sides = [collections.Counter((event["k"], event["ts"] // 10 * 10) for event in relation.events()) for relation in self.relations]
        for (k, start), n in sides[0].items():
            if self.emit == "final" and start + 10 > self.watermark():
                continue
            m = sides[1].get((k, start))
            if m is not None or self.left:
                yield [k, time_text(start), n, m]


class FirstCase(Case):
    """DISTINCT ON, the oldest or the newest of each key."""

    def make(self):
        self.relations = [Stream(self.pick, "a")]
        self.relations[0].fill(self.ids, 40, 12)
        self.newest = self.pick.random() < 0.5
        self.view = f"CREATE MATERIALIZED VIEW v AS SELECT DISTINCT ON (k) k, ts, v FROM a ORDER BY k, ts{' DESC' if self.newest else ''}, v"

    def rows(self):
        by_key = collections.defaultdict(list)
        for event in self.relations[0].events():
            by_key[event["k"]].append((-event["ts"] if self.newest else event["ts"], event["v"], event["ts"]))
        for k, held in by_key.items():
            _, v, ts = min(held)
            yield [k, time_text(ts), v]


class WithinCase(Case):
    """DISTINCT ON within a span: the first of each run of a key's rows."""

    def make(self):
        self.relations = [Stream(self.pick, "a")]
        self.relations[0].fill(self.ids, 40, 12)
        self.within = self.pick.choice([1, 5, 10, 30])
        order, self.place = self.pick.choice([("ts", lambda e: (e["ts"], e["v"])), ("ts DESC, v", lambda e: (-e["ts"], e["v"])),
                                              ("v DESC, ts", lambda e: (-e["v"], e["ts"]))])
        firsts = f"SELECT DISTINCT ON (k) k, ts, v FROM a ORDER BY k, {order}"
        self.counted = self.pick.random() < 0.3
        query = f"SELECT k, count(*) AS n, sum(v) AS s FROM ({firsts}) x GROUP BY k" if self.counted else firsts
        self.view = f"CREATE MATERIALIZED VIEW v WITH (within = '{self.within} s') AS {query}"

    def firsts(self):
        runs = {}
        for event in sorted(self.relations[0].events(), key=lambda each: each["ts"]):
            begin, run = runs.get(event["k"], (NEVER, []))
            if event["ts"] < begin + self.within:
                run.append(event)
                continue
            if run:
                yield min(run, key=self.place)
            runs[event["k"]] = (event["ts"], [event])
        for _, run in runs.values():
            yield min(run, key=self.place)

    def rows(self):
        firsts = list(self.firsts())
        if not self.counted:
            yield from ([event["k"], time_text(event["ts"]), event["v"]] for event in firsts)
            return
        for k in {event["k"] for event in firsts}:
            mine = [event["v"] for event in firsts if event["k"] == k]
            yield [k, len(mine), sum(mine)]


class LateWithinCase(WithinCase):
    """Beyond the bound: an event is late, or there is a first that it is the duplicate of; the view goes on."""

    def make(self):
        super().make()
        self.relations[0].fill(self.ids, 40, 12, beyond=40)

    def check(self, answer):
        assert len(answer["late"]) == answer["lateCounted"]
        return len(answer["image"])


class TableJoinCase(Case):
    """A stream that is kept for ever, and a table: as if both were there at once."""

    def make(self):
        self.relations = [Stream(self.pick, "a"), Table(self.pick, "t")]
        self.relations[0].fill(self.ids, 30, 12)
        self.relations[1].fill(30)
        self.left = self.pick.random() < 0.5
        self.view = ("CREATE MATERIALIZED VIEW v AS SELECT t.name, count(*) AS n, sum(a.v) AS s, max(a.ts) AS last FROM a "
                     f"{'LEFT ' if self.left else ''}JOIN t ON t.k = a.k GROUP BY t.name")

    def rows(self):
        table, groups = self.relations[1].rows(), collections.defaultdict(list)
        for event in self.relations[0].events():
            if self.left or event["k"] in table:
                groups[table.get(event["k"])].append(event)
        for name, held in groups.items():
            yield [name, len(held), sum(event["v"] for event in held), time_text(max(event["ts"] for event in held))]


class WindowOfTableCase(Case):
    """Windows over a stream that only looks a table up, whose rows are all there from the start."""

    def make(self):
        self.windows = Windows(self.pick)
        self.table = Table(self.pick, "t")
        self.table.fill(10)
        self.relations = [Stream(self.pick, "a", options=", keep = '0 s', idle = '1 day'")]
        self.relations[0].fill(self.ids, 30, 12)
        self.view = (f"CREATE MATERIALIZED VIEW v {self.windows.options()} AS SELECT name AS k, window_start, window_end, {AGGREGATES} FROM a JOIN t USING (k) "
                     f"GROUP BY name, {self.windows.call()}")

    def question(self):
        out = super().question()
        out["topics"].append(self.table.topic())
        script = Script(self.pick, [self.table])
        out["steps"] = [script.put((self.table, 0), change) for change in self.table.lanes[0]] + [["commit"]] + out["steps"]
        return out

    def rows(self):
        table = self.table.rows()
        events = [dict(event, k=table[event["k"]]) for event in self.relations[0].events() if event["k"] in table]
        for (k, start, end), held in self.windows.of(events).items():
            if self.windows.is_out(end, self.watermark()):
                yield [k, time_text(start), time_text(end), *aggregates(held)]


class KeepCase(Case):
    """Two streams that are kept for a while: who is older than the other's `keep` is not met, whether it is still remembered or not."""

    def make(self):
        self.keeps = [self.pick.choice([0, 5, 10, 30, None]) for _ in range(2)]
        if self.keeps == [0, 0]:
            self.keeps[1] = 10
        self.kind = self.pick.choice(["", "LEFT "])
        if 0 in self.keeps:  # what only looks up depends on who comes first
            self.keeps = [self.keeps[0] or 10, self.keeps[1] or 10]
        options = [", idle = '1 day'" + ("" if keep is None else f", keep = '{keep} s'") for keep in self.keeps]
        self.relations = [Stream(self.pick, name, options=option) for name, option in zip("ab", options)]
        for relation in self.relations:
            relation.fill(self.ids, 20, 12)
        self.view = ("CREATE MATERIALIZED VIEW v AS SELECT a.id, count(*) AS n, count(b.id) AS m, sum(b.v) AS s "
                     f"FROM a {self.kind}JOIN b ON a.k = b.k GROUP BY a.id")

    def meet(self, one, other):
        late = [0 if keep is None else other_ts - ts for keep, ts, other_ts in
                ((self.keeps[0], one["ts"], other["ts"]), (self.keeps[1], other["ts"], one["ts"]))]
        return all(keep is None or behind < keep for keep, behind in zip(self.keeps, late))

    def rows(self):
        for event in self.relations[0].events():
            met = [other for other in self.relations[1].events() if other["k"] == event["k"] and self.meet(event, other)]
            if met:
                yield [event["id"], len(met), len(met), sum(other["v"] for other in met)]
            elif self.kind:
                yield [event["id"], 1, 0, None]


CASES = [WindowCase, WindowCase, IdleCase, LateCase, LateCase, NestedCase, WindowOfPairsCase, WindowAndStreamCase, WindowJoinCase, FirstCase, WithinCase,
         LateWithinCase, TableJoinCase, WindowOfTableCase, KeepCase]
