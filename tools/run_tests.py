#!/usr/bin/env python3
"""Runs the tests of a build folder and adds up: run_tests.py BUILD [--only tidy,unit,system] [--kills N].

Every program that ctest knows is a unit test (Google Test's own count is used); every tests/system/*_test.py is a
system test that prints "N passed, N failed" as its last line. The last line here is the total in the same form.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
TOTAL = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


class Job:
    """A program to run; `count(output, status)` gives (passed, failed)."""

    def __init__(self, name, command, environment, timeout, count):
        self.name, self.command, self.environment = name, command, environment
        self.timeout, self.count = timeout, count

    def run(self):
        begin = time.monotonic()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       cwd=ROOT, env=self.environment, start_new_session=True)
            try:
                status = process.wait(self.timeout)
                ending = ""
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                status = process.wait()
                ending = f"\nended after {self.timeout} s without an end of its own\n"
            out.seek(0)
            output = out.read().decode(errors="replace") + ending
        passed, failed = self.count(output, status)
        if status != 0 and failed == 0:
            failed = 1
        return self, passed, failed, output, time.monotonic() - begin


def unit_jobs(build, scratch):
    listing = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                                        capture_output=True, text=True).stdout)
    for test in listing["tests"]:
        if "command" not in test:
            raise SystemExit(f"run_tests: {test['name']} is not built")
        report = os.path.join(scratch, test["name"] + ".json")

        def count(_output, status, report=report):
            if not os.path.exists(report):
                return (1, 0) if status == 0 else (0, 1)
            with open(report) as file:
                result = json.load(file)
            failed = result["failures"] + result.get("errors", 0)
            return result["tests"] - result.get("disabled", 0) - failed, failed

        environment = dict(os.environ, GTEST_OUTPUT=f"json:{report}")
        environment.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tools/tsan.supp")
        yield Job(f"unit {test['name']}", test["command"], environment, 900, count)


def counted(output, status):
    totals = TOTAL.findall(output)
    if not totals:
        return 0, 1
    return int(totals[-1][0]), int(totals[-1][1])


def system_jobs(build, kills):
    python = os.path.join(ROOT, ".deps", "venv", "bin", "python")
    environment = dict(os.environ, SLUICE=os.path.abspath(os.path.join(build, "sluice")))
    folder = os.path.join(ROOT, "tests", "system")
    # The longest first: two at a time then end together.
    names = sorted((n for n in os.listdir(folder) if n.endswith("_test.py")), key=lambda n: n != "crash_test.py")
    for name in names:
        more = ["--kills", str(kills)] if name == "crash_test.py" else []
        yield Job(f"system {name[:-3]}", [python, os.path.join(folder, name), *more], environment, 3600, counted)


def tidy_jobs(build):
    yield Job("tidy", [sys.executable, os.path.join(ROOT, "tools", "tidy.py"), "--build", build], os.environ, 900,
              counted)


def run_all(jobs, at_once):
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(job.run) for job in jobs]
        for future in concurrent.futures.as_completed(futures):
            job, good, bad, output, seconds = future.result()
            passed, failed = passed + good, failed + bad
            if bad:
                print(f"--- {job.name}\n{output[-20000:]}\n---")
            print(f"  {'FAIL' if bad else 'ok  '}  {job.name}: {good} passed, {bad} failed ({seconds:.1f} s)",
                  flush=True)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--only", default="tidy,unit,system")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=2)
    arguments = parser.parse_args()
    only = arguments.only.split(",")
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="sluice-unit-") as scratch:
        stages = {"tidy": lambda: tidy_jobs(arguments.build), "unit": lambda: unit_jobs(arguments.build, scratch),
                  "system": lambda: system_jobs(arguments.build, arguments.kills)}
        for name, jobs in stages.items():
            if name in only:
                good, bad = run_all(list(jobs()), arguments.at_once)
                passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
