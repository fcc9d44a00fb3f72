#!/usr/bin/env python3
"""Every scenario of tests/SCENARIOS.md has a test, and each test that is named there is there, under that name."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)
TEST = re.compile(r'^   - (\S+): "(.*)"$', re.MULTILINE)
BETWEEN = re.compile(r'"\s*\n\s*"')  # of a string literal in pieces


def main():
    table = (ROOT / "tests/SCENARIOS.md").read_text(encoding="utf-8")
    parts = SCENARIO.split(table)
    wrong = []
    if [int(n) for n in parts[1::2]] != list(range(1, 25)):
        wrong.append("the scenarios are not 1 to 24")
    named = 0
    for number, part in zip(parts[1::2], parts[2::2]):
        tests = TEST.findall(part)
        named += len(tests)
        if not tests or len(tests) != part.count("\n   - "):
            wrong.append(f"{number}: no test, or a line that names none")
        for path, name in tests:
            source = ROOT / path
            text = BETWEEN.sub("", source.read_text(encoding="utf-8")) if source.exists() else ""
            if f'TEST_CASE("{name}' not in re.sub(r"TEST_CASE\(\s+", "TEST_CASE(", text):
                wrong.append(f"{number}: {path} has no test of the name: {name}")
    for problem in wrong:
        print(problem)
    print(f"{named - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


sys.exit(main())
