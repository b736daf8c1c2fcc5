#!/usr/bin/env python3
"""The reasons in the output of tests, shortened to what fits a screen: what_failed.py < OUTPUT

Of a system test the name and the exception, of a unit test the expectation, of a sanitizer its report's head, of a compiler
its error; then the lines that count.
"""
import re
import sys

LEAST, MOST, IN_ALL = 200, 700, 2500  # characters: of one reason among many, of one alone, of all
PYTHON = ("FAIL  ", "Traceback (")
BEGINS = (r"^FAIL  (?!system |unit |tidy)", r"^Traceback \(", r": Failure$", r"^==\d+==ERROR: ", r"WARNING: ThreadSanitizer", r"runtime error: ", r"\berror: ",
          r"^ended after \d+ s without an end", r"^Terminate called|^terminate called", r"^collect2: ", r"^ninja: build stopped")
ENDS = (r"^ok    ", r"^FAIL  ", r"^\d+ passed, ", r"^\[  FAILED  \]", r"^---", r"^$")
EXCEPTION = re.compile(r"^[\w.]*(Error|Exception|Expired|Refused|Exit)\b")


def blocks(lines):
    """A block begins where a reason does and ends where something else begins; a traceback may hold empty lines."""
    block = []
    for line in lines:
        of_python = bool(block) and block[0].startswith(PYTHON)
        ends = ENDS[:-1] if of_python else ENDS
        begins = BEGINS[:1] if of_python else BEGINS
        if any(re.search(begin, line) for begin in begins):
            yield block
            block = [line]
        elif any(re.search(end, line) for end in ends):
            yield block
            block = []
        elif block:
            block.append(line)
    yield block


def shortened(block, most):
    if block[0].startswith(PYTHON):
        at = next((i for i, line in enumerate(block) if EXCEPTION.match(line)), 1)
        place = [line for line in block[:at] if line.lstrip().startswith("File ")][-1:]
        block = [block[0], *place, *block[at:]]
    text = "\n".join(line[:300] for line in block)
    return text if len(text) <= most else text[:most] + " […]"


def main():
    lines = sys.stdin.read().splitlines()
    found = [block for block in blocks(lines) if block]
    most = max(LEAST, min(MOST, IN_ALL // max(1, len(found))))
    for block in found[:IN_ALL // LEAST]:
        print(shortened(block, most))
    for line in lines:
        if re.match(r"^ *FAIL  (system|unit|tidy)", line):
            print(line.strip())


if __name__ == "__main__":
    main()
