"""Concurrent submissions of a form, against MiniStack, whose transactions are isolated like DynamoDB's.

Many requests arrive at the same moment, with one idempotency key or without any. The same form with the same key
is stored and emailed once, a different form with the same key gets 409, and forms without a key are all stored.
"""

from functools import partial

import pytest

from tests.support import stored
from tests.support.api import Api, Inbox, routes
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

URL = "/api/contact"
FORM = {"name": "Ada", "email": "ada@example.com", "message": "Where do I find the manual?"}


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto, with real pauses between retries."""
    routes()  # imported before the race, not during it


def test_concurrent_forms_with_one_key_are_stored_once(api: Api, inbox: Inbox) -> None:
    replies = at_once(*[partial(api.post, URL, FORM, idempotency_key="k")] * 16)
    assert {reply.status for reply in replies} <= {201, 503}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert len(stored.items("SubmissionsTable")) == len(stored.items("OutboxTable")) == 1
    stored.check()
    assert len(inbox.all()) == 1
    assert api.post(URL, FORM, idempotency_key="k").text in {reply.text for reply in replies}


def test_two_concurrent_forms_with_one_key_conflict(api: Api) -> None:
    for number in range(6):
        forms = [{**FORM, "message": text} for text in ("one", "two")]
        replies = at_once(*(partial(api.post, URL, form, idempotency_key=str(number)) for form in forms))
        assert sorted(reply.status for reply in replies) == [201, 409]
        (won,) = [form for form, reply in zip(forms, replies, strict=True) if reply.status == 201]
        assert [dict(item["fields"]) for item in stored.items("SubmissionsTable")].count(won) >= 1
        assert len(stored.items("SubmissionsTable")) == number + 1
        stored.check()


def test_concurrent_forms_without_a_key_are_all_stored(api: Api, inbox: Inbox) -> None:
    forms = [{**FORM, "message": str(number)} for number in range(16)]
    replies = at_once(*(partial(api.post, URL, form) for form in forms))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.text for reply in replies}) == len(inbox.all()) == 16
    stored.check()
