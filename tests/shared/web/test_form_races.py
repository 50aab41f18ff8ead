"""Forms sent by many at once, against MiniStack, whose transactions are isolated as DynamoDB's are."""

from functools import partial

import pytest

from tests.support import stored
from tests.support.api import Api, Inbox, at_once, routes

pytestmark = pytest.mark.thorough

URL = "/api/contact"
FORM = {"name": "Ada", "email": "ada@example.com", "message": "Where do I find the manual?"}


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # where it is
    """MiniStack in place of moto, with real waiting."""
    routes()  # loaded before anybody is in a hurry


def test_one_key_sends_once_however_often_at_once(api: Api, inbox: Inbox) -> None:
    replies = at_once(*[partial(api.post, URL, FORM, idempotency_key="k")] * 16)
    assert {reply.status for reply in replies} <= {201, 503}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert len(stored.items("SubmissionsTable")) == len(stored.items("OutboxTable")) == 1
    stored.check()
    assert len(inbox.all()) == 1
    assert api.post(URL, FORM, idempotency_key="k").text in {reply.text for reply in replies}


def test_one_key_with_two_messages_at_once_is_a_conflict_for_one(api: Api) -> None:
    for number in range(6):
        forms = [{**FORM, "message": text} for text in ("one", "two")]
        replies = at_once(*(partial(api.post, URL, form, idempotency_key=str(number)) for form in forms))
        assert sorted(reply.status for reply in replies) == [201, 409]
        (won,) = [form for form, reply in zip(forms, replies, strict=True) if reply.status == 201]
        assert [dict(item["fields"]) for item in stored.items("SubmissionsTable")].count(won) >= 1
        assert len(stored.items("SubmissionsTable")) == number + 1
        stored.check()


def test_what_is_sent_without_a_key_at_once_is_all_kept(api: Api, inbox: Inbox) -> None:
    forms = [{**FORM, "message": str(number)} for number in range(16)]
    replies = at_once(*(partial(api.post, URL, form) for form in forms))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.text for reply in replies}) == len(inbox.all()) == 16
    stored.check()
