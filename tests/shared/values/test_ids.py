"""Ids of records."""

import uuid

import pytest
import time_machine

from shared.values import ids

ID = "0199d3a0-0000-7000-8000-000000000000"


def test_id_is_a_uuid_of_version_7() -> None:
    record_id = uuid.UUID(ids.new())
    assert (record_id.version, record_id.variant) == (7, uuid.RFC_4122)
    assert ids.is_id(str(record_id))


def test_ids_sort_by_the_time_when_they_were_created() -> None:
    created = []
    with time_machine.travel(1_800_000_000, tick=False) as time:
        for _ in range(100):
            created.append(ids.new())
            time.shift(0.001)
    assert created == sorted(created)


def test_ids_of_one_moment_differ() -> None:
    with time_machine.travel(1_800_000_000, tick=False):
        assert len({ids.new() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("text", ["", "1", "../1", "a" * 3000, str(uuid.UUID(int=0)), f"{ID.upper()}", f"{ID}\n"])
def test_anything_else_is_no_id(text: str) -> None:
    assert not ids.is_id(text)
