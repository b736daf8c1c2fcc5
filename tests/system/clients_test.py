"""Foreign clients of other make than librdkafka, with their own defaults: Apache's Java client and kafkajs,
which also plays @kafkajs/confluent-schema-registry.

Their checks are programs of their own under tests/compat; here they run, side by side, against one server, and each
check counts as one of this test's.
"""
import os
import re
import subprocess
import threading

from harness import ROOT, Checks, Sluice, temporary_directory

OUTCOME = re.compile(r"^(ok|FAIL) +(.*?)(?: \([\d.]+ s\))?$", re.M)
TOTAL = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


class Client(threading.Thread):
    """Runs one client's program against `sluice`; its outcomes by check, and its whole output."""

    def __init__(self, name, sluice):
        super().__init__()
        self.name, self.sluice, self.output = name, sluice, ""
        self.start()

    def run(self):
        script = os.path.join(ROOT, "tests", "compat", "run.sh")
        result = subprocess.run([script, self.sluice.broker, self.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=400, check=False,
                                env=dict(os.environ, SLUICE_REGISTRY=self.sluice.registry_url))
        self.output = result.stdout

    def came_to_its_end(self):
        totals = TOTAL.findall(self.output)
        assert totals and int(totals[-1][0]) > 0, self.output[-4000:]

    def passed(self, outcome):
        assert outcome == "ok", "told in the output below"


def main():
    checks = Checks()
    with temporary_directory() as directory, Sluice(directory) as sluice:
        clients = [Client(name, sluice) for name in ("java", "kafkajs")]
        for client in clients:
            client.join()
            checks.run(f"{client.name}: all checks ran", client.came_to_its_end)
            for outcome, name in OUTCOME.findall(client.output):
                checks.run(f"{client.name}: {name}", client.passed, outcome)
            if "FAIL" in client.output:
                print(client.output[-10000:])
    checks.finish()


main()
