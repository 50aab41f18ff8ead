"""The calculations behind `make capacity`, and the page that it writes."""

import re

from benchmarks.least import LEAST
from benchmarks.memory import WHOLE_CORE, milliseconds
from benchmarks.meter import size
from benchmarks.page import ROOT
from benchmarks.prices import PROFILE, cognito

PAGE = (ROOT / "docs" / "capacity.md").read_text()


def test_page_lists_every_flow_with_the_least_it_can_consume() -> None:
    section = PAGE.partition("### Units")[2].partition("###")[0]
    rows = re.findall(r"^\| (.+?) \| \d+ \|.*\| ([\d.]+) / ([\d.]+) \|", section, re.MULTILINE)
    assert {name: (float(read), float(written)) for name, read, written in rows} == {
        name: (least.read, least.written) for name, least in LEAST.items()
    }


def test_profile_of_a_month_consists_of_measured_flows() -> None:
    assert set(PROFILE) <= set(LEAST)


def test_item_has_the_size_that_dynamodb_bills() -> None:
    # "DynamoDB item sizes and formats": names and texts in UTF-8, a number half its digits and 1, 3 for nesting.
    item = {
        "id": {"S": "ä"},
        "n": {"N": "1234"},
        "key": {"B": b"1234"},
        "yes": {"BOOL": True},
        "tags": {"L": [{"S": "abc"}]},
        "map": {"M": {"a": {"NULL": True}}},
    }
    assert size(item) == (2 + 2) + (1 + 3) + (3 + 4) + (3 + 1) + (4 + 3 + 1 + 3) + (3 + 3 + 1 + 2)


def test_function_speed_is_proportional_to_memory_up_to_a_whole_core() -> None:
    assert milliseconds(100, 0, WHOLE_CORE) == milliseconds(100, 0, 2 * WHOLE_CORE) == 100
    assert milliseconds(100, 0, WHOLE_CORE // 2) > 199


def test_cognito_is_free_for_ten_thousand_users() -> None:
    assert cognito(10_000, "Cognito Lite") == 0
    assert round(cognito(100_000, "Cognito Lite")) == 495
