"""Events by HTTP, by wrk: events a second, p99 and CPU, at 1, 10 and 500 events a request, without and with names to tell them apart.

Beside each stands `GET /`, which does nothing: the limit of the HTTP server and of wrk on this machine.
"""
import json
import os

import harness
import requests
from registry import lua, wrk

SCHEMA = {"type": "record", "name": "Click", "namespace": "bench", "fields": [
    {"name": "user", "type": "string"}, {"name": "page", "type": "string"}, {"name": "n", "type": "long"},
    {"name": "ms", "type": ["null", "double"], "default": None}, {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []}]}
EVENT = {"user": "0b8c1d52-7a7f-4b0e-9a51-3f6d0d2c6c11", "page": "/shop/items/4711?from=mail", "n": 123456789, "ms": 12.5, "tags": ["a", "mobile"]}

# Every event a name of its own.
LUA_NAMED = """
local n, me, threads = 0, 0, 0
setup = function(thread) threads = threads + 1; thread:set("me", threads) end
request = function()
  local events = {}
  for i = 1, %d do n = n + 1; events[i] = '{"messageId":"' .. me .. '-' .. n .. '",%s' end
  return wrk.format("POST", "/topics/named", {["Content-Type"] = "application/json"}, "[" .. table.concat(events, ",") .. "]")
end
"""


def run(options, say):
    seconds = 4 if options.scale < 1 else 10
    with harness.temporary_directory("sluice-bench-") as directory:
        path = os.path.join(directory, "sluice.yaml")
        with open(path, "w") as file:
            file.write("version: 1\nlisten: {collect: '127.0.0.1:0'}\ntopics: {clicks: {}, named: {}}\n"
                       "collect: {named: {topics: named, dedupe: {by: messageId}}, rest: {}}\n")
        with harness.Sluice(directory, config=path) as sluice:
            for topic in ("clicks", "named"):
                requests.post(f"{sluice.registry_url}/subjects/{topic}-value/versions", json={"schema": json.dumps(SCHEMA)}, timeout=10).raise_for_status()
            base = "http://" + sluice.status()["listen"]["collect"][0]
            empty = wrk(base, seconds, lua("GET", "/"))
            say("collect: GET /", f"{empty[0]:,.0f} requests/s, p99 {empty[1]:.2f} ms")
            event = json.dumps(EVENT, separators=(",", ":"))
            for count in (1, 10, 500):
                plain = lua("POST", "/topics/clicks", "[" + ",".join([event] * count) + "]", "application/json")
                for name, script in (("", plain), (" named", LUA_NAMED % (count, event[1:].replace("%", "%%")))):
                    cpu = sluice.cpu_seconds()
                    rate, p99, bad = wrk(base, seconds, script)
                    cpu = (sluice.cpu_seconds() - cpu) / seconds
                    say(f"collect: {count} a request{name}", f"{rate * count:,.0f} events/s, {rate * count / max(cpu, 0.01):,.0f} a core, p99 {p99:.2f} ms, "
                        f"requests {rate / empty[0]:.2f} of GET /" + (f", {bad} REFUSED" if bad else ""))
