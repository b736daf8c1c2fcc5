#!/usr/bin/env python3
"""The habits of the repository, checked: tidy.py [--build BUILD] [--ratchet]

  layers     a module includes only itself and modules of strictly lower layers (the LAYER of its sluice_module call),
             and only those that it declares in DEPS, directly or through them
  wall       a third-party header that is heavy appears only in .cc files of the one module that wraps it
  names      words that mean nothing (with what to write instead), TODO, std::cout below cli
  functions  40 lines; longer ones stand in tools/tidy.ratchet with their length, which may only fall; 70 never
  files      600 lines
  headers    every header begins with #pragma once and (with --build) compiles alone
  dead       a header that nobody includes; a source file that no target compiles
  machine    absolute paths of one machine in tracked files

--ratchet writes the present lengths, where they fell, to tools/tidy.ratchet. Prints one line a finding, and then
"N passed, N failed", a check being one of the words above.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
SRC = os.path.join(ROOT, "src")
RATCHET = os.path.join(ROOT, "tools", "tidy.ratchet")

BANNED = {
    r"\b\w*Manager\b": "the noun of the field: Cleaner, Retention, Coordinator",
    r"\b\w*Helper\b": "the name of what it does",
    r"\b\w*Utils?\b": "the name of what is in it",
    r"\b\w*Impl2\b": "a name of its own",
    r"\bprocess\(\)": "the verb of the field: roll(), publish(), drain()",
    r"\bhandle_data\b": "the verb of the field: on_frame(), append()",
    r"\b(TODO|FIXME|XXX)\b": "an issue, or the work",
    r"\busing namespace std;": "std::",
}
BANNED_BELOW_CLI = {r"\bstd::(cout|cerr)\b|\bprintf\(": "trace::info(), or a Result"}
HEAVY = {  # header: where it may be included, and only in .cc files
    r"boost/(asio|beast)": ("io",), r"openssl/": ("io", "avro", "flow_value"), r"curl/": ("io",), r"pugixml": ("deliver_store_s3",), r"spdlog/": ("base",), r"prometheus/": ("base",),
    r"yaml-cpp/": ("server",), r"libpq-fe\.h": ("capture_postgres",), r"CLI/": ("cli",),
    r"(arrow|parquet)/": ("deliver_parquet",),
    r"pg_query": ("sql",),
    r"rocksdb/": ("flow_state",),
    r"(lz4\w*|snappy\w*)\.h": ("record", "avro_container"), r"zstd\.h": ("record", "avro", "avro_container"),
    r"(bzlib|lzma|libdeflate)\.h": ("avro_container",),
    r"pcre2": ("json_schema", "flow_value"),
    r"date/": ("flow_value",),
    r"google/protobuf/": ("protobuf",),
}
FUNCTION_LINES, FUNCTION_LIMIT, FILE_LIMIT = 40, 70, 600
LONG_FILES = {}  # may only fall


def sources():
    for folder, _, names in sorted(os.walk(SRC)):
        for name in sorted(names):
            if name.endswith((".h", ".cc")):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def text_of(path):
    with open(os.path.join(ROOT, path), errors="replace") as file:
        return file.read()


class Module:
    def __init__(self, folder, name, layer, deps):
        self.folder, self.name, self.layer, self.deps = folder, name, layer, deps


def modules():
    found = {}
    for folder, _, names in os.walk(SRC):
        if "CMakeLists.txt" not in names:
            continue
        call = re.search(r"sluice_module\(\s*NAME\s+(\w+)\s+LAYER\s+(\d+)([^)]*)\)",
                         text_of(os.path.join(folder, "CMakeLists.txt")))
        if call:
            words = call.group(3).split()
            deps, group = [], None
            for word in words:
                if word in ("DEPS", "LIBS", "TEST_DEPS", "TEST_LIBS"):
                    group = word
                elif group in ("DEPS", "TEST_DEPS"):
                    deps.append(word)
            found[call.group(1)] = Module(os.path.relpath(folder, SRC), call.group(1), int(call.group(2)), deps)
    return found


def module_of(path, by_folder):
    """The module with the longest folder that holds `path` (relative to src/)."""
    folder = os.path.dirname(path)
    while folder:
        if folder in by_folder:
            return by_folder[folder]
        folder = os.path.dirname(folder)
    return None


def without_comments_and_strings(text):
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)


def check_layers(files):
    by_name = modules()
    by_folder = {m.folder: m for m in by_name.values()}

    def reach(module, seen):
        for dep in module.deps:
            if dep in by_name and dep not in seen:
                seen.add(dep)
                reach(by_name[dep], seen)
        return seen

    reachable = {m.name: reach(m, set()) for m in by_name.values()}
    for path in files:
        mine = module_of(os.path.relpath(path, "src"), by_folder)
        if mine is None:
            continue
        is_test = re.search(r"_(test|fuzz|testing|bench)\.(cc|h)$", path)
        for number, line in enumerate(text_of(path).splitlines(), 1):
            include = re.match(r'\s*#include "([^"]+)"', line)
            if not include:
                continue
            target = include.group(1)
            theirs = module_of(target, by_folder)
            if not os.path.exists(os.path.join(SRC, target)):
                if not target.endswith((".inc", ".gen.h")) and not is_test:
                    yield f"{path}:{number}: include \"{target}\" is no file of src/"
            elif theirs is None or theirs is mine:
                continue
            elif is_test and theirs.layer <= mine.layer:
                continue
            elif theirs.layer >= mine.layer:
                yield f"{path}:{number}: {mine.name} (layer {mine.layer}) includes {theirs.name} (layer {theirs.layer})"
            elif theirs.name not in reachable[mine.name]:
                yield f"{path}:{number}: {mine.name} does not declare {theirs.name} in its DEPS"


def check_wall(files):
    by_folder = {m.folder: m for m in modules().values()}
    for path in files:
        mine = module_of(os.path.relpath(path, "src"), by_folder)
        test = re.search(r"_(test|testing|fuzz|bench)\.", path)
        for number, line in enumerate(text_of(path).splitlines(), 1):
            include = re.match(r"\s*#include [<\"]([^>\"]+)[>\"]", line)
            if not include or mine is None or test:
                continue
            for pattern, owners in HEAVY.items():
                if re.match(pattern, include.group(1)) and (mine.name not in owners or path.endswith(".h")):
                    yield f"{path}:{number}: {include.group(1)} belongs into .cc files of {' or '.join(owners)}"


def check_names(files):
    for path in files:
        raw = text_of(path).splitlines()
        code = without_comments_and_strings(text_of(path)).splitlines()
        below = not path.startswith(("src/cli/", "src/server/")) and not re.search(r"_(test|fuzz|bench)\.cc$", path)
        for number, line in enumerate(code, 1):
            for pattern, instead in {**BANNED, **(BANNED_BELOW_CLI if below else {})}.items():
                found = re.search(pattern, line)
                if found and "NOLINT" not in raw[number - 1]:
                    yield f"{path}:{number}: '{found.group(0)}'; write {instead}"
        for number, line in enumerate(raw, 1):
            if re.search(r"\b(TODO|FIXME)\b", line):
                yield f"{path}:{number}: TODO; write an issue, or do it"


NO_FUNCTION = re.compile(r"^\s*(?:\}\s*)?(?:if|for|while|switch|else|do|catch|try|return|namespace|struct|class|enum)\b")


def functions(path):
    """(name, first line, lines) of every function body in a file laid out by clang-format: a head that ends in "…) {"
    up to the line that closes it at the head's indentation."""
    lines = without_comments_and_strings(text_of(path)).splitlines()
    number = 0
    while number < len(lines):
        if not re.search(r"\)[^;=()]*\{$|\)[^;]*: .*\{$", lines[number]):
            number += 1
            continue
        first, head = head_of(lines, number)
        name = name_in(head)
        if NO_FUNCTION.match(head) or not name:
            number += 1
            continue
        indent = len(lines[first]) - len(lines[first].lstrip())
        end = number + 1
        while end < len(lines) and not re.match(rf"^ {{{indent}}}\}}", lines[end]):
            end += 1
        yield name, first + 1, end - first + 1
        number = end + 1


def head_of(lines, number):
    """Where the head that ends on line `number` begins (its parentheses balance there), and its text."""
    text, at = lines[number], number
    while at > 0 and (text.count(")") > text.count("(") or text.lstrip().startswith((":", ","))
                      or lines[at - 1].rstrip().endswith(",") and not re.search(r"[{}]\s*,?$", lines[at - 1])):
        at -= 1
        text = lines[at] + " " + text.strip()
    return at, text


def name_in(head):
    macro = re.match(r"\s*TEST\w*\(([^)]*)\)", head)
    if macro:
        return re.sub(r",\s*", ".", macro.group(1))
    if "](" in head.split("{")[0] and not head.lstrip().startswith("[["):
        return None  # a lambda: counted with the function around it
    name = re.search(r"(operator\s*[^\s(]+|operator\(\)|[\w:~]+)\s*\(", head.split(") :")[0])
    return name.group(1) if name else None


def check_functions(files, ratchet, write):
    present = {}
    for path in files:
        for name, line, length in functions(path):
            if length > FUNCTION_LINES:
                key = f"{path}:{name}"
                present[key] = max(present.get(key, 0), length)
                allowed = ratchet.get(key, FUNCTION_LINES)
                if length > FUNCTION_LIMIT:
                    yield f"{path}:{line}: {name} has {length} lines; {FUNCTION_LIMIT} is the limit: cut it"
                elif length > allowed and not write:
                    yield f"{path}:{line}: {name} has {length} lines; {allowed} are allowed: cut it"
    for key in sorted(set(ratchet) - set(present)):
        if not write:
            yield f"tools/tidy.ratchet: {key} is short now, or gone: run tools/tidy.py --ratchet"
    if write:
        with open(RATCHET, "w") as out:
            out.write("# Functions over 40 lines, and how long they are. Numbers may only fall; lines may only go.\n")
            for key, length in sorted(present.items()):
                out.write(f"{length} {key}\n")


def read_ratchet():
    if not os.path.exists(RATCHET):
        return {}
    lines = [line.split(" ", 1) for line in text_of(RATCHET).splitlines() if line and not line.startswith("#")]
    return {key: int(length) for length, key in lines}


def check_files(files):
    for path in files:
        count = text_of(path).count("\n")
        if count > LONG_FILES.get(path, FILE_LIMIT) and "generated" not in text_of(path)[:400]:
            yield f"{path}: {count} lines; {FILE_LIMIT} is the limit: cut it"


def compile_flags(build):
    """The flags of one compilation of each module, by folder: what its headers are compiled with alone."""
    flags = {}
    with open(os.path.join(build, "compile_commands.json")) as file:
        for entry in json.load(file):
            words = shlex.split(entry["command"])
            kept = [w for w in words[1:] if w.startswith(("-I", "-D", "-std", "-O"))]
            kept += [f"-isystem{words[i + 1]}" for i, w in enumerate(words) if w == "-isystem"]
            flags[os.path.relpath(os.path.dirname(entry["file"]), ROOT)] = kept
    return flags


def check_headers(files, build):
    headers = [path for path in files if path.endswith(".h")]
    for path in headers:
        if not text_of(path).startswith("#pragma once"):
            yield f"{path}:1: begins without #pragma once"
    if not build or not os.path.exists(os.path.join(build, "compile_commands.json")):
        return
    flags = compile_flags(build)

    def alone(path):
        given = flags.get(os.path.dirname(path), ["-Isrc", "-std=c++23"])
        command = ["g++", "-fsyntax-only", "-x", "c++", *[f for f in given if not f.startswith("-O")], path]
        return path, subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in pool.map(alone, headers):
            if result.returncode != 0 and "_testing.h" not in path:
                first = next((line for line in result.stderr.splitlines() if "error" in line), "?")
                yield f"{path}: does not compile alone: {first}"


def check_dead(files, build):
    included = set()
    for path in files:
        included.update(re.findall(r'#include "([^"]+)"', text_of(path)))
    for folder, _, names in os.walk(os.path.join(ROOT, "tests")):
        for name in names:
            if name.endswith((".cc", ".h")):
                included.update(re.findall(r'#include "([^"]+)"', text_of(os.path.join(folder, name))))
    for path in files:
        if path.endswith(".h") and os.path.relpath(path, "src") not in included:
            yield f"{path}: nobody includes it"
    if not build or not os.path.exists(os.path.join(build, "compile_commands.json")):
        return
    with open(os.path.join(build, "compile_commands.json")) as file:
        compiled = {os.path.relpath(entry["file"], ROOT) for entry in json.load(file)}
    tests_built = any(path.endswith("_test.cc") for path in compiled)
    for path in files:
        if not path.endswith(".cc") or path.endswith("_fuzz.cc") or path in compiled:
            continue
        if tests_built or not re.search(r"_(test|testing|bench)\.cc$", path):
            yield f"{path}: no target compiles it"


def check_machine(_files):
    tracked = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                             check=False).stdout.split("\n")
    pattern = re.compile(r"(?<![\w.$}])/(?:home|root|work|Users)/\w+")
    for path in tracked:
        full = os.path.join(ROOT, path)
        if not path or not os.path.isfile(full) or path.startswith("tests/golden/"):
            continue
        with open(full, "rb") as file:
            data = file.read()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            found = pattern.search(line)
            if found:
                yield f"{path}:{number}: '{found.group(0)}' is a path of one machine"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("--ratchet", action="store_true")
    arguments = parser.parse_args()
    build = arguments.build and os.path.abspath(arguments.build)
    files = list(sources())
    checks = {
        "layers": lambda: check_layers(files), "wall": lambda: check_wall(files), "names": lambda: check_names(files),
        "functions": lambda: check_functions(files, read_ratchet(), arguments.ratchet),
        "files": lambda: check_files(files), "headers": lambda: check_headers(files, build),
        "dead": lambda: check_dead(files, build), "machine": lambda: check_machine(files),
    }
    passed = failed = 0
    for name, check in checks.items():
        findings = list(check())
        passed, failed = passed + (not findings), failed + bool(findings)
        for finding in findings:
            print(f"{name}: {finding}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
