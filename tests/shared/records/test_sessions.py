"""Sessions: when they expire, and what they expose."""

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


def stored_session() -> sessions.Session:
    user = users.new(name="Ada", email="ada@example.com", role="user")
    session = sessions.new(user, Client("192.0.2.1", "tests/1.0"))
    tables.write(sessions.starting(session))
    return session


def test_unrefreshed_session_expires_after_30_days_though_still_stored() -> None:
    with time_machine.travel(START, tick=False) as clock:
        session = stored_session()
        clock.shift(30 * DAY - 1)
        assert vars(sessions.get(session.user_id, session.id)) == vars(session)
        clock.shift(1)
        with pytest.raises(SessionEnded):
            sessions.get(session.user_id, session.id)
        assert stored.sessions()[0]["expiresAt"] == START + 30 * DAY


def test_refreshed_session_expires_after_90_days_at_the_latest() -> None:
    with time_machine.travel(START, tick=False):
        session = stored_session()
    for refreshed, end in ((10, 40), (60, 90), (89, 90)):
        later = sessions.Session.from_item(session.item() | {"refreshedAt": START + refreshed * DAY})
        assert later.expires_at == START + end * DAY


def test_session_is_found_only_with_the_id_of_its_user() -> None:
    session, other = stored_session(), stored_session()
    with pytest.raises(SessionEnded):
        sessions.get(other.user_id, session.id)


def test_seal_depends_on_session_purpose_and_content() -> None:
    session, other = stored_session(), stored_session()
    assert session.seal("cursor", b"x") == session.seal("cursor", b"x")
    assert len({s.seal(p, c) for s in (session, other) for p in ("cursor", "refresh") for c in (b"x", b"y")}) == 8


def test_public_session_omits_key_and_counter() -> None:
    assert not {"key", "counter"} & stored_session().public(current=True).keys()
