"""docs/ceilings.md: its figures are those of the template and of docs/capacity.md."""

import re

import pytest

from operations.transformed import Template
from tests.support import ROOT

PAGE = (ROOT / "docs" / "ceilings.md").read_text(encoding="utf-8")
CAPACITY = (ROOT / "docs" / "capacity.md").read_text(encoding="utf-8")
SECONDS_PER_DAY, SECONDS_PER_HOUR = 86_400, 3_600


def rows(page: str, heading: str) -> dict[str, list[str]]:
    """Return the rows of the table with this heading, by their first cell."""
    lines = page[page.index(heading) :].splitlines()[2:]
    table = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first: rest for first, *rest in cells}


FIRST = rows(PAGE, "| flow | needed | ceiling |")
FLOODS = rows(PAGE, "| route | requests a second |")
COSTS = rows(CAPACITY, "| $ per million | CPU ms |")


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_page_names_flows_that_were_measured() -> None:
    assert FIRST.keys() - COSTS.keys() == {"email, to accounts"}


@pytest.mark.parametrize("flow", FIRST)
def test_ceiling_is_the_default_of_what_lifts_it(transformed: Template, flow: str) -> None:
    needed, ceiling, _, lifted_by, _ = FIRST[flow]
    default = transformed["Parameters"][lifted_by.strip("`")]["Default"]
    expected = default / SECONDS_PER_HOUR if lifted_by.startswith("`EmailsTo") else default
    assert number(ceiling) == round(expected, 1)
    assert number(needed) < number(ceiling)


@pytest.mark.parametrize(
    ("flow", "a_day"), [("login", 1), ("refresh", 8), ("GET me", 10), ("register, unknown address", 0.02)]
)
def test_need_is_five_times_the_mean_of_a_million_users(flow: str, a_day: float) -> None:
    needed = number(FIRST[flow][0])
    assert needed == pytest.approx(5 * a_day * 1e6 / SECONDS_PER_DAY, rel=0.05)


@pytest.mark.parametrize("flow", FLOODS)
def test_cost_of_a_flood_is_the_measured_one(flow: str) -> None:
    a_second, per_million, a_day = map(number, FLOODS[flow])
    assert per_million == pytest.approx(number(COSTS[flow][-1]), rel=0.1)
    assert a_day == round(a_second * per_million * SECONDS_PER_DAY / 1e6)


def test_time_of_a_sign_in_is_the_measured_one() -> None:
    (measured,) = re.findall(r"^\| login \| 1769 \| (\d+) ", CAPACITY, re.MULTILINE)
    (stated,) = re.findall(r"executions, (\d+) ms each", FIRST["login"][-1])
    assert number(stated) == pytest.approx(number(measured), rel=0.1)
