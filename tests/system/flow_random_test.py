#!/usr/bin/env python3
"""Random queries over random tables that change, kept up to date by Flow's operators, and asked once of PostgreSQL over the last rows:
flow_random_test.py [--cases N] [--seed N].

The program is flow_eval (tests/flow). Numerics are compared as numbers (PostgreSQL's sum has the scale of all that it saw), and 0 and -0 of
doubles are equal, as they are to PostgreSQL: which of equal rows stands for them is open. Cases in which PostgreSQL itself fails ("division
by zero") are counted, not compared.
"""
import argparse
import collections
import decimal
import json
import os
import random
import subprocess

from flow_random import TABLES, RandomQueries, RandomRows
from harness import Checks, Postgres, built, seed, temporary_directory


class Database:
    """The tables, filled anew for each case."""

    def __init__(self, connection):
        self.cursor = connection.cursor()
        self.cursor.execute("SET timezone = 'UTC'; SET extra_float_digits = 3; SET statement_timeout = '20s'; SET jit = off")
        for table in TABLES:
            columns = ", ".join(f"{name} {kind}" for name, kind in table["columns"])
            self.cursor.execute(f"CREATE TEMP TABLE {table['name']} ({columns})")

    def fill(self, rows):
        self.cursor.execute("TRUNCATE " + ", ".join(table["name"] for table in TABLES))
        for name, held in rows.items():
            if held:
                places = "(" + ", ".join(["%s"] * len(held[0])) + ")"
                lines = b", ".join(self.cursor.mogrify(places, row) for row in held)
                self.cursor.execute(b"INSERT INTO " + name.encode() + b" SELECT " + self.casts(name).encode() + b" FROM (VALUES " + lines + b") x")

    def casts(self, name):
        table = next(table for table in TABLES if table["name"] == name)
        return ", ".join(f"column{i + 1}::{kind}" for i, (_, kind) in enumerate(table["columns"]))

    def ask(self, query):
        """(rows as texts, None), or (None, why not)."""
        import psycopg2
        try:
            self.cursor.execute("SELECT * FROM (" + query + ") AS asked LIMIT 0")
            names = [f"{column.name}::text" for column in self.cursor.description]
            self.kinds = [column.type_code for column in self.cursor.description]
            self.cursor.execute(f"SELECT {', '.join(names)} FROM ({query}) AS asked")
            return self.cursor.fetchall(), None
        except psycopg2.Error as error:
            return None, str(error).split("\n")[0]


NUMERIC, FLOAT8 = 1700, 701  # pg_type


def counted(rows, kinds):
    """As a bag. PostgreSQL's text of a boolean that is cast is "true", of one that is sent "t"."""
    def cell(text, kind):
        if text is None:
            return None
        if kind == FLOAT8 and text == "-0":
            return "0"
        return decimal.Decimal(text) if kind == NUMERIC and text != "NaN" else {"true": "t", "false": "f"}.get(text, text)
    return collections.Counter(tuple(cell(text, kind) for text, kind in zip(row, kinds)) for row in rows)


class Comparison:
    def __init__(self, database, first_seed):
        self.database, self.first_seed = database, first_seed
        self.counts, self.wrong, self.refused = collections.Counter(), [], collections.Counter()

    def case(self, number):
        """The question, PostgreSQL's way to ask it, and the last rows."""
        pick = random.Random(self.first_seed * 1_000_003 + number)
        rows = RandomRows(pick)
        changes, last = rows.changes()
        ours, theirs = RandomQueries(pick).query()
        return {"tables": TABLES, "changes": changes, "batches": rows.batches(len(changes)), "query": ours}, theirs, last

    def compare(self, number, question, query, last, answer):
        self.database.fill(last)
        rows, failed = self.database.ask(query)
        if failed is not None:
            self.counts[f"PostgreSQL fails: {failed.split(':')[0] if 'does not' not in failed else failed}"] += 1
            if "error" not in answer and not any(word in failed for word in ("division by zero", "out of range", "FULL JOIN")):
                self.differ(number, question, f"PostgreSQL refuses it: {failed}", "")
            return
        if "error" in answer:
            self.counts["refused"] += 1
            self.refused[answer["error"].split(": ", 1)[-1].split(";")[0]] += 1
            return
        if "broken" in answer:
            return self.differ(number, question, answer["broken"], "")
        if answer["failed"]:
            self.counts[f"failed for a row that PostgreSQL does not ask: {answer['failed']}"] += 1
            if os.environ.get("FAILED"):
                print(number, answer["failed"], question["query"], answer["plan"])
            return
        ours, theirs = counted(answer["rows"], self.database.kinds), counted(rows, self.database.kinds)
        self.counts["views" if answer["view"] else "questions"] += 1
        self.counts["rows"] += len(rows)
        if ours != theirs:
            self.differ(number, question, f"more: {list((ours - theirs).elements())[:4]}\n  less: {list((theirs - ours).elements())[:4]}", answer["plan"])

    def differ(self, number, question, why, plan):
        self.wrong.append(f"case {number}: {question['query']}\n  {why}\n  {json.dumps(question)[:int(os.environ.get('SHOWN', '600'))]}\n{plan}")

    def run(self, cases):
        process = subprocess.Popen([built("flow_eval")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            for number in cases:
                question, theirs, last = self.case(number)
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    self.wrong.append(f"case {number}: flow_eval ended ({process.wait(10)}): {question['query']}\n{json.dumps(question)}")
                    process = subprocess.Popen([built("flow_eval")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                    continue
                self.compare(number, question, theirs, last, json.loads(line))
        finally:
            process.stdin.close()
            process.wait(30)

    def done(self, cases):
        for what, count in sorted(self.counts.items()):
            print(f"      {count:6} {what}")
        if os.environ.get("REFUSED"):
            for what, count in self.refused.most_common(40):
                print(f"        refused {count:6} {what}")
        assert not self.wrong, f"{len(self.wrong)} differ:\n" + "\n\n".join(self.wrong[:int(os.environ.get("SHOW", "5"))])
        compared = self.counts["views"] + self.counts["questions"]
        assert compared > cases * 0.6, f"only {compared} of {cases} cases were compared"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--case", type=int, help="this one only")
    arguments = parser.parse_args()
    first_seed = arguments.seed if arguments.seed is not None else seed(usual=1)
    checks = Checks()

    def same_rows():
        cases = range(arguments.cases) if arguments.case is None else [arguments.case]
        with temporary_directory("sluice-flow-") as directory, Postgres(directory) as postgres:
            comparison = Comparison(Database(postgres.connect()), first_seed)
            comparison.run(cases)
            comparison.done(len(cases))

    checks.run(f"{arguments.cases} random queries have PostgreSQL's rows (seed {first_seed})", same_rows)
    checks.finish()


if __name__ == "__main__":
    main()
