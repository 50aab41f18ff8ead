"""docs/asvs.md: no requirement is missing, every row has a verdict, and every test that it names exists."""

import ast
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

import pytest

from tests.support import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
VERDICTS = ("holds", "holds in part", "does not hold", "does not apply")
# The requirements of levels 1 and 2 in each section of ASVS 5.0.0. In these chapters, those of level 3 come last.
SECTIONS = {
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip


class Row(NamedTuple):
    """A row of the page: a requirement, the verdict, and the tests that show it or the reason."""

    number: str
    level: str
    requirement: str
    verdict: str
    shown: str

    @property
    def tests(self) -> list[str]:
        """The tests that the row names, such as `tests/test_file.py::test_name`."""
        return re.findall(r"`(tests/[^`]*)`", self.shown)


ROWS = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
    if re.match(r"\| \d", line)
]


@cache
def defined_in(path: str) -> frozenset[str]:
    """Return the functions of a file, and the methods of its classes as `Class::method`."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    methods = {
        f"{each.name}::{method.name}"
        for each in body
        if isinstance(each, ast.ClassDef)
        for method in each.body
        if isinstance(method, functions)
    }
    return frozenset({each.name for each in body if isinstance(each, functions)} | methods)


def test_every_requirement_of_levels_1_and_2_has_one_row() -> None:
    expected = [f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)]
    assert [row.number for row in ROWS] == expected
    assert {row.level for row in ROWS} == {"1", "2"}


@pytest.mark.parametrize("row", ROWS, ids=[row.number for row in ROWS])
def test_row_has_a_verdict_and_names_a_test_or_a_reason(row: Row) -> None:
    assert row.verdict in VERDICTS
    assert row.shown
    assert row.tests or row.verdict != "holds"


@pytest.mark.parametrize("test", sorted({test for row in ROWS for test in row.tests}))
def test_named_test_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert name.rpartition("::")[2].startswith("test_")
    assert (ROOT / path).is_file()
    assert name in defined_in(path)


def test_summary_counts_the_verdicts() -> None:
    counts = Counter(row.verdict for row in ROWS)
    assert " · ".join(f"*{verdict}*: {counts[verdict]}" for verdict in VERDICTS) in PAGE.splitlines()
