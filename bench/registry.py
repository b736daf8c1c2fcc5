"""The schema registry under load, by wrk; its start with 20,000 subjects and 1,000 versions in one; its memory then.

Beside each rate stands that of `GET /`, which does nothing: the limit of the HTTP server and of wrk on this machine.
"""
import json
import os
import re
import subprocess
import time

import harness
import requests

CONNECTIONS, THREADS = 32, 2
CONTENT = "application/vnd.schemaregistry.v1+json"


def record(name, fields):
    """A schema in the registry's own text: 0.6 kB with 8 fields."""
    return json.dumps({"type": "record", "name": name, "namespace": "bench.registry", "fields": [
        {"name": field, "type": ["null", "string"], "doc": "a", "default": None} for field in fields]}, separators=(",", ":"))


def wrk(base, seconds, script):
    """Requests a second, p99 in ms, and answers that were no 200, of what a Lua script asks."""
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"sluice-bench-{os.getpid()}.lua")
    with open(path, "w") as file:
        file.write(script)
    try:
        run = subprocess.run(["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", path, base],
                             capture_output=True, text=True, check=True, timeout=seconds + 60)
    finally:
        os.remove(path)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", run.stdout).group(1))
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", run.stdout).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    return rate, float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], int(bad.group(1)) if bad else 0


def lua(method, path, body="", content=CONTENT):
    """A script that sends one request again and again."""
    return (f'wrk.method = "{method}"\nwrk.path = "{path}"\nwrk.headers["Content-Type"] = "{content}"\n'
            f'wrk.body = [==[{body}]==]\nrequest = function() return wrk.format(nil, "{path}") end\n')


# Every request another schema in a subject of its own.
LUA_REGISTER = """
local n, me = 0, 0
local threads = 0
setup = function(thread) threads = threads + 1; thread:set("me", threads) end
request = function()
  n = n + 1
  local body = '{"schema":"{\\\\"type\\\\":\\\\"record\\\\",\\\\"name\\\\":\\\\"R' .. me .. '_' .. n .. '\\\\",\\\\"fields\\\\":[]}"}'
  return wrk.format("POST", "/subjects/new-" .. me .. "-" .. n .. "/versions", {["Content-Type"] = "application/json"}, body)
end
"""


def fill(base, subjects, versions):
    """Through the topic's own form: as another registry's topic is taken over."""
    def line(subject, version, number, text):
        key = {"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1}
        value = {"subject": subject, "version": version, "id": number, "schema": text, "deleted": False}
        return json.dumps(key, separators=(",", ":")) + "\t" + json.dumps(value, separators=(",", ":"))

    fields = [f"field_{i}" for i in range(8)]
    lines = [line(f"subject-{i}-value", 1, i + 1, record(f"R{i}", fields)) for i in range(subjects)]
    lines += [line("many-value", i + 1, subjects + i + 1, record("Many", fields + [f"more_{k}" for k in range(i % 40)] + [f"v{i}"]))
              for i in range(versions)]
    body = "\n".join(lines)
    requests.post(f"{base}/import", data=body.encode(), timeout=120).raise_for_status()
    return len(body)


def run(options, say):
    subjects, versions = int(20_000 * options.scale), int(1_000 * options.scale)
    seconds = 5 if options.scale < 1 else 10
    with harness.temporary_directory("sluice-bench-") as directory, harness.Sluice(directory) as sluice:
        before = sluice.rss_bytes()
        size = fill(sluice.registry_url, subjects, versions)
        starts = []
        for _ in range(3):
            sluice.stop()
            begin = time.perf_counter()
            sluice.start()
            starts.append(time.perf_counter() - begin)
        say("registry: start", f"best {min(starts) * 1e3:.0f} ms with {subjects:,} subjects and {versions:,} versions in one (goal 1000); "
            f"{(sluice.rss_bytes() - before) / 1e6:.0f} MB above an empty one for {size / 1e6:.1f} MB of records")
        base = sluice.registry_url
        empty = wrk(base, seconds, lua("GET", "/"))
        text = record("R7", [f"field_{i}" for i in range(8)])
        body = json.dumps({"schema": text})
        cases = {"GET /": None, "lookup by id": lua("GET", "/schemas/ids/8"), "lookup by schema": lua("POST", "/subjects/subject-7-value", body),
                 "register what is there": lua("POST", "/subjects/subject-7-value/versions", body), "register": LUA_REGISTER}
        for name, script in cases.items():
            cpu, begin = sluice.cpu_seconds(), time.perf_counter()
            rate, p99, bad = empty if script is None else wrk(base, seconds, script)
            cpu = (sluice.cpu_seconds() - cpu) / (time.perf_counter() - begin) / max(rate, 1) * 1e6
            say(f"registry: {name}", f"{rate:,.0f} requests/s, p99 {p99:.2f} ms, ratio {rate / empty[0]:.2f}"
                + ("" if script is None else f", {cpu:.0f} CPU-us each") + (f", {bad} REFUSED" if bad else ""))
        wide = record("Many", [f"field_{i}" for i in range(8)] + ["last"])
        requests.put(f"{base}/config/many-value", json={"compatibility": "FULL_TRANSITIVE"}, timeout=10).raise_for_status()
        times = []
        for i in range(5):
            begin = time.perf_counter()
            answer = requests.post(f"{base}/compatibility/subjects/many-value/versions?verbose=true", timeout=60,
                                   json={"schema": wide.replace("last", f"last_{i}")})
            times.append((time.perf_counter() - begin) * 1e3)
            assert answer.json()["is_compatible"], answer.text
        say("registry: check against them all", f"{times[0]:.0f} ms the first time, then {min(times[1:]):.0f} ms, {versions:,} versions both ways")
