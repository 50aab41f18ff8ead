"""Writes: what happens before and after the commit."""

import pytest

from shared.core import tables
from shared.core.tables import Change, Put
from shared.records.activity import ACTIVITY
from tests.support.faults import Wire


def puts(count: int) -> list[Change]:
    return [Put(table=ACTIVITY, item={"userId": "user", "position": str(number)}) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_hook_that_raises_is_logged_and_the_others_run(
    wire: Wire, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    changes, ran = puts(count), list[str]()

    def fail() -> None:
        ran.append("failing")
        raise RuntimeError("the output is closed")

    for change in changes:
        change.after_commit = fail
    tables.write(changes)
    assert len(wire.calls) == 1
    assert len(ran) == count
    assert caplog.text.count("RuntimeError: the output is closed") == count


def test_write_without_changes_calls_nothing(wire: Wire) -> None:
    tables.write()
    tables.write([], [])
    assert wire.calls == []


def test_too_many_changes_raise_before_the_call(wire: Wire) -> None:
    tables.write(puts(100))
    wire.reset()
    with pytest.raises(ValueError, match="room for 100 changes, not 101"):
        tables.write(puts(101))
    assert wire.calls == []
