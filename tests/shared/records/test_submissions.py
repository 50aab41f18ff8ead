"""Submissions of a form: they are spread over shards, and listed together, newest first."""

import threading
from itertools import count

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core import clock, tables
from shared.records import idempotency, submissions
from shared.records.submissions import Submission
from tests.support import stored
from tests.support.faults import Wire

pytestmark = pytest.mark.usefixtures("fake_aws")

START = 1_900_000_000
SHARDS = range(4)
# More pages, or submissions, than any test has.
ENDLESS = 50
_forms = (f"form{number}" for number in count())


def store(form: str, *, second: int, shard: int) -> Submission:
    """Store a submission of a second in one of the shards."""
    with time_machine.travel(START + second, tick=False):
        submission = Submission(submissions._shards_of(form)[shard], submissions.new_id(), clock.timestamp(), {})
    tables.write(tables.Put(table=submissions.SUBMISSIONS, item=submission.item()))
    return submission


def delete(submission: Submission) -> None:
    tables.write(tables.Delete(table=submissions.SUBMISSIONS, key=submission.key))


def pages(form: str, limit: int) -> list[list[Submission]]:
    """Return all pages."""
    found, position = submissions.newest(form, limit)
    read = [found]
    while position is not None:
        assert len(read) < ENDLESS
        found, position = submissions.newest(form, limit, before=position)
        read.append(found)
    return read


def newest_first(*stored_in_any_order: Submission) -> list[Submission]:
    return sorted(stored_in_any_order, key=lambda submission: submission.position, reverse=True)


def submit(form: str) -> None:
    once = idempotency.Once(operation="submit", scope="", key="", request=None)
    submissions.submit(form, {}, recipient="contact@example.com", once=once)


def test_submissions_are_distributed_over_the_shards() -> None:
    for _ in range(40):
        submit("contact")
    assert {item["form"] for item in stored.items("SubmissionsTable")} == set(submissions._shards_of("contact"))
    assert len(submissions.newest("contact", 100)[0]) == 40
    stored.check()


def test_submission_is_found_by_its_key_in_every_shard() -> None:
    for shard in SHARDS:
        submission = store("contact", second=0, shard=shard)
        assert submissions.find(submission.shard, submission.position) == submission
        assert submission.form == "contact"


def test_submission_from_before_there_were_shards_is_listed() -> None:
    with time_machine.travel(START, tick=False):
        position = f"{clock.timestamp()}#0198c0de"
    old = {"form": "contact", "position": position, "fields": [["name", "Ada"]]}
    tables.write(tables.Put(table=submissions.SUBMISSIONS, item=old))
    newer = store("contact", second=1, shard=3)
    found, _ = submissions.newest("contact", 20)
    assert [submission.id for submission in found] == [newer.id, "0198c0de"]
    assert found[1].fields == {"name": "Ada"}


def test_forms_do_not_see_each_others_submissions() -> None:
    for form in ("contact", "contact-us", "con"):
        for shard in SHARDS:
            store(form, second=shard, shard=shard)
    assert {submission.form for submission in submissions.newest("contact", 100)[0]} == {"contact"}
    assert len(submissions.newest("contact", 100)[0]) == 4


def test_page_starts_after_a_cursor_whose_submission_was_deleted() -> None:
    stored_newest_first = [store("contact", second=-number, shard=number % 4) for number in range(6)]
    _, position = submissions.newest("contact", 3)
    # On both sides of the edge.
    delete(stored_newest_first[2])
    delete(stored_newest_first[3])
    assert submissions.newest("contact", 3, before=position) == (stored_newest_first[4:], None)


def test_last_page_is_empty_if_its_submissions_were_deleted() -> None:
    first, second = store("contact", second=1, shard=0), store("contact", second=0, shard=1)
    found, position = submissions.newest("contact", 1)
    assert found == [first]
    delete(second)
    assert submissions.newest("contact", 1, before=position) == ([], None)


@pytest.mark.parametrize("limit", [1, 4, 11, 12, 100])
@pytest.mark.parametrize("distribution", ["0123" * 3, "2" * 12, "000000000123", "0" * 6 + "3" * 6])
def test_pages_of_any_size_hold_all_submissions_of_any_distribution(distribution: str, limit: int) -> None:
    # Three share a second, so that only the id orders them.
    expected = newest_first(
        *(store("contact", second=number // 3, shard=int(shard)) for number, shard in enumerate(distribution))
    )
    read = pages("contact", limit)
    assert [submission for page in read for submission in page] == expected
    assert [len(page) for page in read[:-1]] == [limit] * (len(read) - 1)
    assert read[-1]


def test_digest_reads_the_hour_from_every_shard_newest_first() -> None:
    with time_machine.travel(START, tick=False):
        hour = clock.timestamp()[:13]
    start = -(START % clock.HOUR)
    for shard in SHARDS:
        store("contact", second=start - 1, shard=shard)
        store("contact", second=start + clock.HOUR, shard=shard)
    within = newest_first(*(store("contact", second=start + number, shard=number % 4) for number in range(10)))
    assert submissions.of_hour("contact", hour, 20) == within
    assert submissions.of_hour("contact", hour, 7) == within[:7]


def test_list_queries_each_shard_once_in_parallel(wire: Wire) -> None:
    store("contact", second=0, shard=0)
    wire.reset()
    all_queries = threading.Barrier(4)

    def wait_for_the_others(_: str) -> None:
        all_queries.wait(timeout=10)

    wire.before = wait_for_the_others
    submissions.newest("contact", 20)
    assert wire.calls == ["Query"] * 4


Place = tuple[int, int]
places: st.SearchStrategy[Place] = st.tuples(st.integers(0, 3), st.sampled_from(SHARDS))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(places, max_size=14), limit=st.integers(1, 6), steps=st.data())
def test_reading_page_by_page_shows_what_stays_once_newest_first(
    before: list[Place], limit: int, steps: st.DataObject
) -> None:
    """Between any two pages, one submission is deleted, or a newer one arrives."""
    form = next(_forms)
    present = newest_first(*(store(form, second=second, shard=shard) for second, shard in before))
    seen: list[Submission] = []
    position, later = None, 10
    while True:
        page, position = submissions.newest(form, limit, before=position)
        seen += page
        assert len(seen) < ENDLESS
        if position is None:
            break
        assert len(page) == limit
        deleted = steps.draw(st.sampled_from([None, *present]))
        if deleted is None:
            later += 1
            store(form, second=later, shard=steps.draw(st.sampled_from(SHARDS)))
        else:
            delete(deleted)
            present.remove(deleted)
    assert [submission.position for submission in seen] == sorted({each.position for each in seen}, reverse=True)
    assert {submission.id for submission in present} <= {submission.id for submission in seen}
