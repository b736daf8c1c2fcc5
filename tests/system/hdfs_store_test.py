"""The HDFS store's own tests against real servers: contract, lost answers, bad days; none of them skipped."""
import json
import os
import subprocess

from harness import Checks, built, temporary_directory
from hdfs import Hdfs

PROGRAM = os.environ.get("HDFS_STORE_TEST") or built("deliver_store_hdfs_test")


def run(directory, environment, *arguments):
    """The outcome of every test: "passed", "skipped", or what failed."""
    report = os.path.join(directory, "report.json")
    result = subprocess.run([PROGRAM, "--gtest_brief=1", f"--gtest_output=json:{report}", *arguments], text=True,
                            env={**os.environ, **environment}, capture_output=True, timeout=600)
    with open(report) as file:
        suites = json.load(file)["testsuites"]
    outcomes, injected = {}, 0
    for test in (t for suite in suites for t in suite["testsuite"] if t["status"] == "RUN"):
        injected += int(test.get("injected", 0))
        name = f"{test['classname']}.{test['name']}"
        failures = "\n".join(f["failure"] for f in test.get("failures", []))
        outcomes[name] = failures or ("skipped" if test["result"] == "SKIPPED" else "passed")
    if result.returncode not in (0, 1):
        raise AssertionError(f"it ended with {result.returncode}\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    if injected:
        print(f"{injected} requests and answers were lost on purpose")
    return outcomes


def expect_passed(outcome):
    assert outcome == "passed", outcome


def main():
    checks = Checks()
    settings = {"dfs.ls.limit": 20}
    with temporary_directory() as directory, temporary_directory() as other, \
            Hdfs(directory, settings=settings) as hdfs, Hdfs(other, name_nodes=2, gateway=False) as pair:
        environment = {"SLUICE_TEST_HDFS": hdfs.address, "SLUICE_TEST_HTTPFS": hdfs.gateway,
                       "SLUICE_TEST_HDFS_CONTROL": hdfs.control_address(),
                       "SLUICE_TEST_HDFS_PAIR": ",".join(f"127.0.0.1:{port}" for port in pair.ports),
                       "SLUICE_TEST_HDFS_PAIR_CONTROL": pair.control_address()}
        for name, outcome in run(directory, environment).items():
            checks.run(name, expect_passed, outcome)
        hdfs.kill_everything()
        hdfs.start()
        outcomes = run(directory, environment, "--gtest_filter=WebHdfsKeepsTheContract.WhatIsPublishedCanBeRead")
        checks.run("after the whole cluster was killed and started", expect_passed, *outcomes.values())
    checks.finish()


main()
