"""docs/asvs.md: every row has a verdict, and every test that it names exists."""

import ast
import re
from functools import cache

import pytest

from tests.support import ROOT

PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([\d.]+) \| ([12]) \| [^|]+ \| ([^|]+) \| (.+) \|$", PAGE, re.MULTILINE)
VERDICTS = ("holds", "in part", "not yet", "does not apply")
CHAPTERS = ("2", "6", "7", "8", "9", "16")


def named_in(text: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)


@cache
def defined_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_chapter_has_rows_and_no_requirement_occurs_twice() -> None:
    numbers = [number for number, *_ in ROWS]
    assert {number.partition(".")[0] for number in numbers} == set(CHAPTERS)
    assert len(numbers) == len(set(numbers)) == len(re.findall(r"^\| \d", PAGE, re.MULTILINE))


@pytest.mark.parametrize(("number", "verdict", "shown"), [(row[0], row[2], row[3]) for row in ROWS])
def test_row_names_existing_tests(number: str, verdict: str, shown: str) -> None:
    assert verdict in VERDICTS, number
    assert named_in(shown) or verdict != "holds", number
    for path, name in named_in(shown):
        assert name in defined_in(path), (path, name)


def test_summary_counts_the_rows() -> None:
    for verdict in VERDICTS:
        count = sum(row[2] == verdict for row in ROWS)
        assert f"*{verdict}*: {count}" in PAGE
