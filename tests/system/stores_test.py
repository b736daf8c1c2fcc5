#!/usr/bin/env python3
"""Stores on their real servers: the contract of the port, and every step of it with a connection that breaks."""
import json
import os
import subprocess

from fault_proxy import FaultProxy
from harness import SLUICE, Checks, temporary_directory
from s3_server import S3Server

PROGRAMS = os.path.join(os.path.dirname(SLUICE), "bin")


def run_unit(directory, program, pattern, environment):
    """Runs tests of a unit test program that need a server; none may be skipped. Gives what they recorded."""
    report = os.path.join(directory, "report.json")
    ended = subprocess.run([os.path.join(PROGRAMS, program), f"--gtest_filter={pattern}", "--gtest_brief=1"],
                           env=dict(os.environ, GTEST_OUTPUT=f"json:{report}", **environment), capture_output=True,
                           text=True, errors="replace", timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    with open(report) as file:
        tests = [test for suite in json.load(file)["testsuites"] for test in suite["testsuite"]]
    skipped = [test["name"] for test in tests if test["result"] != "COMPLETED"]
    assert tests and not skipped, f"{len(tests)} tests, skipped: {skipped}"
    return tests


def s3_keeps_the_contract():
    with temporary_directory() as directory, S3Server(directory) as server:
        tests = run_unit(directory, "deliver_store_s3_test", "S3StoreKeepsTheContract.*:S3Server.*",
                         {**server.environment, "SLUICE_TEST_S3": f"s3://archive?endpoint={server.endpoint}"})
        print(f"      {len(tests)} promises")


def s3_keeps_the_contract_over_tls():
    with temporary_directory() as directory, S3Server(directory, tls=True) as server:
        here = {"SLUICE_TEST_S3": f"s3://archive?endpoint={server.endpoint}"}
        run_unit(directory, "deliver_store_s3_test", "S3StoreKeepsTheContract.*", {**server.environment, **here})
        distrusting = {**server.environment, **here, "AWS_CA_BUNDLE": ""}
        run_unit(directory, "deliver_store_s3_test", "S3Distrusted.*", {**distrusting, "SLUICE_TEST_S3_DISTRUSTED": "1"})


def s3_publishes_over_a_broken_connection():
    with temporary_directory() as directory, S3Server(directory) as server, \
            FaultProxy("127.0.0.1", server.port) as proxy:
        tests = run_unit(directory, "deliver_store_s3_test", "S3Faults.*",
                         {**server.environment, "SLUICE_TEST_S3_PROXY": proxy.url})
        assert proxy.injected >= 200, proxy.injected
        print(f"      {proxy.injected} of {proxy.requests} requests broken in {len(tests)} tests")


def main():
    checks = Checks()
    checks.run("S3: every promise of the Store port, on a real server", s3_keeps_the_contract)
    checks.run("S3: the same over TLS, and a certificate of nobody is refused", s3_keeps_the_contract_over_tls)
    checks.run("S3: a break at each step of each call, and the outcome is right", s3_publishes_over_a_broken_connection)
    checks.finish()


if __name__ == "__main__":
    main()
