#!/usr/bin/env python3
"""Runs every fuzzer of a build folder for some seconds each, two at a time: run_fuzzers.py BUILD --seconds N.

A fuzzer starts from tests/golden/<name>/ when that folder is there; what it finds is left in BUILD/crashes.
The last line is "N passed, N failed".
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))


def run(build, name, seconds):
    corpus = os.path.join(build, "corpus", name)
    crashes = os.path.join(build, "crashes", name)
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    seeds = os.path.join(ROOT, "tests", "golden", name)
    result = subprocess.run([os.path.join(build, "bin", name), f"-max_total_time={seconds}", "-timeout=25",
                             "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={crashes}/", corpus,
                             *([seeds] if os.path.isdir(seeds) else [])], capture_output=True, text=True,
                            errors="replace", check=False)
    runs = next((line.split()[-1] for line in result.stderr.splitlines() if "number_of_executed_units" in line), "?")
    return name, result.returncode, runs, result.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    names = sorted(n for n in os.listdir(os.path.join(build, "bin")) if n.endswith("_fuzz"))
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, status, runs, output in pool.map(lambda n: run(build, n, arguments.seconds), names):
            passed, failed = passed + (status == 0), failed + (status != 0)
            print(f"  {'ok  ' if status == 0 else 'FAIL'}  {name}: {runs} inputs in {arguments.seconds} s", flush=True)
            if status != 0:
                print(output[-8000:])
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
