"""Sessions: how long they count."""

import pytest
import time_machine

from shared.core import tables
from shared.core.errors import SessionEnded
from shared.records import sessions, users
from shared.values.client import Client
from tests.support import stored

DAY = 86_400
START = 1_900_000_000

pytestmark = pytest.mark.usefixtures("fake_aws")


def started() -> sessions.Session:
    user = users.new(name="Ada", email="ada@example.com", role="user")
    session = sessions.new(user, Client("192.0.2.1", "tests/1.0"))
    tables.write(sessions.starting(session))
    return session


def test_a_session_that_is_not_refreshed_counts_for_30_days_although_it_is_still_stored() -> None:
    with time_machine.travel(START, tick=False) as clock:
        session = started()
        clock.shift(30 * DAY - 1)
        assert sessions.get(session.user_id, session.id) == session
        clock.shift(1)
        with pytest.raises(SessionEnded):
            sessions.get(session.user_id, session.id)
        assert stored.sessions()[0]["expiresAt"] == START + 30 * DAY


def test_a_session_that_is_refreshed_counts_for_90_days_at_most() -> None:
    with time_machine.travel(START, tick=False):
        session = started()
    for refreshed, end in ((10, 40), (60, 90), (89, 90)):
        later = sessions.Session.from_item(session.item() | {"refreshedAt": START + refreshed * DAY})
        assert later.expires_at == START + end * DAY


def test_a_session_is_found_by_user_and_id_alone() -> None:
    session, other = started(), started()
    with pytest.raises(SessionEnded):
        sessions.get(other.user_id, session.id)


def test_what_a_session_seals_nobody_else_can_seal() -> None:
    session, other = started(), started()
    assert session.seal("cursor", b"x") == session.seal("cursor", b"x")
    assert len({s.seal(p, c) for s in (session, other) for p in ("cursor", "refresh") for c in (b"x", b"y")}) == 8


def test_a_users_keys_are_not_shown() -> None:
    assert not {"key", "counter"} & started().public(current=True).keys()
