"""The phase `avro` of bench.py: a row of 10 fields and one of 70 columns, decoded, encoded and resolved by our codec and by
others, one after the other on one core, on the same bytes. Figures are those of the best pass. Not equal work: ours fills slots
with views into the bytes, avro-c and Java fill values of their own that are used again, fastavro makes dictionaries.

What the others need: libavro-dev and Maven (tools/deps.sh bench), fastavro; what is not there is left out, and said."""
import io
import json
import os
import subprocess
import time

import harness
import java_project
from java_project import text_of

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "avro")
ROWS = {"small": "10 fields", "wide": "70 columns"}
OPERATIONS = ("decode", "encode", "resolve")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=600).stdout


def results(text):
    """{(row, operation): records a second} of lines "<row> <operation> <number>"."""
    return {(row, operation): float(rate) for row, operation, rate in map(str.split, text.splitlines())}


def ours(program, folder, seconds):
    return {(row, f"sluice-{operation}"): rate for (row, operation), rate in results(output(program, folder, str(seconds))).items()}


def avro_c(folder, seconds):
    program = os.path.join(folder, "rows")
    subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, "rows.c"), "-lavro"], check=True)
    return results(output(program, folder, str(seconds)))


def java(folder, seconds):
    jars, classes = java_project.jars(HERE, "avro"), os.path.join(folder, "classes")
    java_project.compile_into(classes, HERE, jars)
    found = {}
    for row in ROWS:
        own = os.path.join(folder, f"{row}-classes")
        run = ["java", "-XX:+UseSerialGC", "-cp", f"{jars}/*:{classes}:{own}", "Rows"]
        subprocess.run([*run, "classes", os.path.join(folder, f"{row}.avsc"), own], check=True, stdout=subprocess.DEVNULL)
        sources = [os.path.join(own, "bench", name) for name in os.listdir(os.path.join(own, "bench"))]
        subprocess.run(["javac", "-nowarn", "-cp", f"{jars}/*", "-d", own, *sources], check=True)
        found.update(results(output(*run, "run", row, folder, str(4 * seconds))))  # it compiles as it goes
    return found


def best_rate(count, seconds, run):
    best, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        begin = time.perf_counter()
        run()
        best = max(best, count / (time.perf_counter() - begin))
    return best


def fastavro_rows(folder, seconds):
    import fastavro
    found = {}
    for row in ROWS:
        schema, reader = (fastavro.parse_schema(json.loads(text_of(os.path.join(folder, row + suffix)))) for suffix in (".avsc", ".reader.avsc"))
        with open(os.path.join(folder, f"{row}.bin"), "rb") as file:
            data = file.read()

        def decode(by=None):
            source, rows = io.BytesIO(data), []
            while source.tell() < len(data):
                rows.append(fastavro.schemaless_reader(source, schema, by))
            return rows
        rows = decode()

        def encode():
            out = io.BytesIO()
            for one in rows:
                fastavro.schemaless_writer(out, schema, one)
            return out.getvalue()
        assert encode() == data, "other bytes"
        found[row, "fastavro-decode"] = best_rate(len(rows), seconds, decode)
        found[row, "fastavro-encode"] = best_rate(len(rows), seconds, encode)
        found[row, "fastavro-resolve"] = best_rate(len(rows), seconds, lambda: decode(reader))
    return found


def run(options, say):
    program = os.path.join(os.path.dirname(harness.SLUICE), "bin", "avro_codec_bench")
    seconds = 2 * options.scale
    with harness.temporary_directory("sluice-bench-") as folder:
        found = ours(program, folder, seconds)
        for name, others in (("avro-c", avro_c), ("fastavro", fastavro_rows), ("java", java)):
            try:
                found.update(others(folder, max(seconds, 1)))
            except (OSError, ImportError, subprocess.CalledProcessError) as error:
                say(f"avro, {name}", f"left out: {error}")
        for row, what in ROWS.items():
            size = os.path.getsize(os.path.join(folder, f"{row}.bin"))
            tell(row, what, size / found[row, "sluice-rows"], found, say)


def tell(row, what, mean, found, say):
    for operation in OPERATIONS:
        mine = found[row, f"sluice-{operation}"]
        for (of, name), rate in found.items():
            if of != row or not name.endswith(f"-{operation}"):
                continue
            ratio = "" if name.startswith("sluice-") else f", ours is {mine / rate:.1f} times that"
            say(f"avro, {what}, {operation}", f"{name[:-len(operation) - 1]:<13} {rate / 1e6:6.2f} M records/s, {rate * mean / 1e6:6,.0f} MB/s{ratio}")
    mine = {operation: found[row, f"sluice-{operation}"] for operation in ("decode", "resolve", "copy", "rewrite")}
    say(f"avro, {what}, resolution", f"decoding by another schema takes {mine['decode'] / mine['resolve']:.2f} times what decoding takes; from bytes "
        f"to bytes ({mine['rewrite'] / 1e6:.2f} M records/s) {mine['copy'] / mine['rewrite']:.2f} times what the same schema takes (goal 1.3)")
