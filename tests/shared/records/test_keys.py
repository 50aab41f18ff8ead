"""Rotation as containers see it: each remembers keys for five minutes of its own, none refuses what another signed."""

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec

from shared.accounts import tokens
from shared.core import clock
from shared.core.errors import InvalidToken
from shared.records import keys, sessions, users
from shared.records.sessions import Session
from shared.values.client import Client
from tests.conftest import KEY_VERSION
from tests.support.faults import Wire

START = 1_900_000_000
SECOND, THIRD = "00000000-0000-4000-8000-00000000000b", "00000000-0000-4000-8000-00000000000c"
STEPS = (keys.create, keys.publish, keys.test, keys.finish)

INVENTED = jwt.encode(
    {}, ec.generate_private_key(ec.SECP256R1()), keys.ALGORITHM, headers={"typ": "at+jwt", "kid": "invented"}
)

pytestmark = pytest.mark.usefixtures("fake_aws")


class Container:
    """An execution environment with a memory of its own."""

    def __init__(self, patch: pytest.MonkeyPatch, session: Session) -> None:
        self._memory, self._patch, self._session = keys._Memory(), patch, session

    def sign(self) -> str:
        self._patch.setattr(keys, "memory", self._memory)
        return tokens.access_token(self._session)

    def verify(self, token: str) -> None:
        self._patch.setattr(keys, "memory", self._memory)
        tokens.verify(token)

    def is_sent_an_invented_key_id(self) -> None:
        """Use up the lookup that it has a minute."""
        with pytest.raises(InvalidToken):
            self.verify(INVENTED)


@pytest.fixture
def session() -> Session:
    return sessions.new(users.new(name="Ada", email="ada@example.com", role="user"), Client())


# What Secrets Manager asks for at which minute: a rotation all at once, and another at a step a minute.
STEPS_AT = {10: [(step, SECOND) for step in STEPS]} | {
    25 + number: [(step, THIRD)] for number, step in enumerate(STEPS)
}


@pytest.mark.thorough
def test_no_container_refuses_a_good_token_at_any_minute_of_two_rotations(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers start at different minutes, so that they remember until different ones, and all are pestered."""
    containers = [Container(monkeypatch, session) for _ in range(3)]
    signed: dict[int, list[str]] = {}
    used: list[str] = []
    with time_machine.travel(START, tick=False) as now:
        for minute in range(100):
            started = containers[: minute + 1]
            for container in started:
                container.is_sent_an_invented_key_id()
            for step, version in STEPS_AT.get(minute, []):
                step(version)
            signed[minute] = [container.sign() for container in started]
            used += [jwt.get_unverified_header(token)["kid"] for token in signed[minute]]
            for token in signed[minute] + signed.get(minute - 59, []):
                for container in started:
                    container.verify(token)
            now.shift(60)
    assert list(dict.fromkeys(used)) == [KEY_VERSION, SECOND, THIRD]


def test_a_key_signs_ten_minutes_after_it_was_published_and_until_then_the_one_before(session: Session) -> None:
    with time_machine.travel(START, tick=False) as now:
        for step in STEPS:
            step(SECOND)
        for seconds, kid in ((0, KEY_VERSION), (599, KEY_VERSION), (600, SECOND)):
            now.move_to(START + seconds)
            keys.memory.forget()
            assert jwt.get_unverified_header(tokens.access_token(session))["kid"] == kid


def test_an_unknown_key_id_is_looked_up_once_a_minute_in_each_container(
    session: Session, monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    container = Container(monkeypatch, session)
    with time_machine.travel(START, tick=False) as now:
        token = container.sign()
        container.verify(token)
        wire.reset()
        for _ in range(4):
            for _ in range(3):
                container.is_sent_an_invented_key_id()
            now.shift(clock.MINUTE)
        assert wire.calls == ["Query"] * 4
