#!/usr/bin/env python3
"""Views by event time, over random events in random interleavings: flow_time_test.py [--cases N] [--seed N].

Partitions' events come in any mixture, in transactions of any size, read in batches of any size, with restarts and lost folders in between. Within the
bound the rows are those that flow_time.py computes from all events at once, and nothing is late; beyond it, each event is in its window or
among the late. Each case runs in two interleavings. The program is view_eval (tests/flow), several at a time: they mostly wait.
"""
import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import random
import subprocess
import threading

from flow_time import CASES
from harness import Checks, built, seed

PROCESSES = 12


class Evaluator:
    """A process for each thread that asks."""

    def __init__(self):
        self.mine, self.all = threading.local(), []

    def ask(self, question):
        process = getattr(self.mine, "process", None)
        if process is None:
            process = self.mine.process = subprocess.Popen([built("view_eval")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.all.append(process)
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if line.startswith("{"):
            return json.loads(line)
        self.mine.process = None
        raise AssertionError(f"view_eval ended: {line}{process.stdout.read()}")

    def close(self):
        for process in self.all:
            process.stdin.close()
            process.wait(30)


class Comparison:
    def __init__(self, first_seed):
        self.first_seed, self.evaluator = first_seed, Evaluator()
        self.counts, self.wrong, self.lock = collections.Counter(), [], threading.Lock()

    def case(self, number):
        pick = random.Random(self.first_seed * 1_000_003 + number)
        case = CASES[number % len(CASES)](pick, itertools.count(1))
        for _ in range(2):
            question, answer = case.question(), {}
            try:
                answer = self.evaluator.ask(question)
                assert "error" not in answer, answer["error"]
                rows = case.check(answer)
            except AssertionError as error:
                with self.lock:
                    self.wrong.append(f"case {number}, {type(case).__name__}: {error}\n{question['sql']}\n{json.dumps(question)[:int(os.environ.get('SHOWN', '400'))]}")
                return
            with self.lock:
                self.counts[f"rows of {type(case).__name__}"] += rows
                self.counts["late"] += len(answer["late"])
                self.counts["events"] += sum(step[0] in ("put", "remove") for step in question["steps"])
                self.counts["runs"] += sum(step[0] == "run" for step in question["steps"])

    def run(self, numbers):
        with concurrent.futures.ThreadPoolExecutor(PROCESSES) as threads:
            list(threads.map(self.case, numbers))
        self.evaluator.close()
        for what, count in sorted(self.counts.items()):
            print(f"      {count:8} {what}")
        assert not self.wrong, f"{len(self.wrong)} differ:\n" + "\n\n".join(self.wrong[:int(os.environ.get("SHOW", "5"))])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=220)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--case", type=int, help="this one only")
    parser.add_argument("--kind", help="of this class only")
    arguments = parser.parse_args()
    first_seed = arguments.seed if arguments.seed is not None else seed(usual=1)
    numbers = range(arguments.cases) if arguments.case is None else [arguments.case]
    if arguments.kind:
        numbers = [number for number in numbers if CASES[number % len(CASES)].__name__ == arguments.kind]
    checks = Checks()
    checks.run(f"{len(numbers)} random views by event time have the rows of all their events (seed {first_seed})",
               lambda: Comparison(first_seed).run(numbers))
    checks.finish()


if __name__ == "__main__":
    main()
