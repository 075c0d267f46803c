"""Reads `Conformance/KNOWN.md`: the tests that do not pass, each with its cause."""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "KNOWN.md"
ROW = re.compile(r"^\| (?P<suite>\w+) \| `(?P<test>[^`]+)` \| (?P<what>fails|deselected) \| (?P<cause>.+) \|$")


@dataclass(frozen=True)
class Known:
    suite: str
    # From the suite's folder `tests/` on; of what is deselected, the beginning is enough.
    test: str
    what: str
    cause: str


def read(text):
    """Every line of a table is a test, but for the tables' heads."""
    entries = []
    for line in text.splitlines():
        if not line.startswith("|") or line.startswith(("| suite |", "|---|")):
            continue
        row = ROW.match(line)
        assert row, f"KNOWN.md has a line that names no test: {line}"
        entries.append(Known(**row.groupdict()))
    return entries


def of(suite, what):
    return {entry.test: entry.cause for entry in read(FILE.read_text()) if entry.suite == suite and entry.what == what}
