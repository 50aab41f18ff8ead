"""Key rotation across containers: each caches keys for five minutes, and none rejects a token that another signed."""

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
from tests.support.aws import KEY_VERSION
from tests.support.faults import Wire

START = 1_900_000_000
SECOND, THIRD = "00000000-0000-4000-8000-00000000000b", "00000000-0000-4000-8000-00000000000c"
STEPS = (keys.create, keys.publish, keys.test, keys.finish)

UNKNOWN_KEY_TOKEN = jwt.encode(
    {}, ec.generate_private_key(ec.SECP256R1()), keys.ALGORITHM, headers={"typ": "at+jwt", "kid": "unknown"}
)

pytestmark = pytest.mark.usefixtures("fake_aws")


class Container:
    """An execution environment, with a key cache of its own."""

    def __init__(self, patch: pytest.MonkeyPatch, session: Session) -> None:
        self._memory, self._patch, self._session = keys._Memory(), patch, session

    def sign(self) -> str:
        self._patch.setattr(keys, "memory", self._memory)
        return tokens.access_token(self._session)

    def verify(self, token: str) -> None:
        self._patch.setattr(keys, "memory", self._memory)
        tokens.verify(token)

    def receive_unknown_key_id(self) -> None:
        """Use up the one lookup of an unknown key id that a container may do in a minute."""
        with pytest.raises(InvalidToken):
            self.verify(UNKNOWN_KEY_TOKEN)


@pytest.fixture
def session() -> Session:
    return sessions.new(users.new(name="Ada", email="ada@example.com", role="user"), Client())


# Rotation steps by minute: all four of the first rotation at once, and those of the second one a minute apart.
STEPS_BY_MINUTE = {10: [(step, SECOND) for step in STEPS]} | {
    25 + number: [(step, THIRD)] for number, step in enumerate(STEPS)
}


@pytest.mark.thorough
def test_no_container_rejects_a_valid_token_during_two_rotations(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers start in different minutes, so their caches expire in different ones. All receive unknown key ids."""
    containers = [Container(monkeypatch, session) for _ in range(3)]
    signed: dict[int, list[str]] = {}
    used: list[str] = []
    with time_machine.travel(START, tick=False) as now:
        for minute in range(100):
            started = containers[: minute + 1]
            for container in started:
                container.receive_unknown_key_id()
            for step, version in STEPS_BY_MINUTE.get(minute, []):
                step(version)
            signed[minute] = [container.sign() for container in started]
            used += [jwt.get_unverified_header(token)["kid"] for token in signed[minute]]
            for token in signed[minute] + signed.get(minute - 59, []):
                for container in started:
                    container.verify(token)
            now.shift(60)
    assert list(dict.fromkeys(used)) == [KEY_VERSION, SECOND, THIRD]


def test_new_key_signs_from_ten_minutes_after_publication(session: Session) -> None:
    with time_machine.travel(START, tick=False) as now:
        for step in STEPS:
            step(SECOND)
        for seconds, kid in ((0, KEY_VERSION), (599, KEY_VERSION), (600, SECOND)):
            now.move_to(START + seconds)
            keys.memory.forget()
            assert jwt.get_unverified_header(tokens.access_token(session))["kid"] == kid


def test_unknown_key_id_is_looked_up_once_a_minute_per_container(
    session: Session, monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    container = Container(monkeypatch, session)
    with time_machine.travel(START, tick=False) as now:
        token = container.sign()
        container.verify(token)
        wire.reset()
        for _ in range(4):
            for _ in range(3):
                container.receive_unknown_key_id()
            now.shift(clock.MINUTE)
        assert wire.calls == ["Query"] * 4
