"""Who asks about an address learns nothing of it: same answer, same calls to AWS, same hashes, whatever it is.

The rest of the proof, that they also take the same time, is in benchmarks/timing.py.
"""

from collections.abc import Callable

import bcrypt
import pytest
import time_machine

from shared.core import clock, config
from shared.records import limits
from tests.conftest import PASSWORD, member
from tests.support.api import Api, Inbox
from tests.support.faults import Wire
from tests.support.feedback import bounce, receive

NEW = "a rather different sentence"
KINDS = (
    "unknown",
    "known",
    "unverified",
    "invited",
    "disabled",
    "locked",
    "reserved",
    "moved",
    "bounced",
    "suppressed",
)
ADDRESSES = {kind: f"{kind}@example.com" for kind in KINDS}
CALLS: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "login": ("/api/auth/login", lambda email: {"email": email, "password": NEW}),
    "register": ("/api/auth/register", lambda email: {"name": "Eve", "email": email, "password": NEW}),
    "forgot": ("/api/auth/forgot-password", lambda email: {"email": email}),
    "resend": ("/api/auth/resend-verification", lambda email: {"email": email}),
    "code": ("/api/auth/verify-email", lambda email: {"email": email, "code": "12345x"}),
    "change": ("/api/auth/change-email", lambda email: {"newEmail": email, "password": PASSWORD}),
}


@pytest.fixture
def caller(api: Api, admin: Api, inbox: Inbox) -> Api:
    """The API as called by Ben, where there is an address of each kind."""
    for kind in ("known", "disabled", "locked", "bounced"):
        member(api, kind, ADDRESSES[kind])
    api.post("/api/auth/register", {"name": "U", "email": ADDRESSES["unverified"], "password": PASSWORD})
    admin.post("/api/users", {"name": "I", "email": ADDRESSES["invited"]})
    (disabled,) = admin.get(f"/api/users?email={ADDRESSES['disabled']}").json["data"]
    admin.patch(f"/api/users/{disabled['id']}", {"status": "disabled"})
    mover = member(api, "M", ADDRESSES["reserved"])
    mover.post("/api/auth/change-email", {"newEmail": ADDRESSES["moved"], "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    lock(ADDRESSES["locked"])
    for kind in ("bounced", "suppressed"):
        receive(bounce(ADDRESSES[kind]))
    inbox.deliver()
    return member(api, "Ben", "ben@example.com")


def lock(email: str) -> None:
    """Have six tries fail."""
    for _ in range(6):
        if limits.try_password(email):
            limits.record_failure(email)


def seen(caller: Api, wire: Wire, hashes: list[bytes], url: str, body: dict[str, str]) -> object:
    """Give all that tells one call from another."""
    wire.reset()
    hashes.clear()
    reply = caller.post(url, body)
    answer = {**reply.json, "requestId": None} if reply.text else None
    headers = {name: text for name, text in reply.headers.items() if name != "x-request-id"}
    return reply.status, answer, headers, tuple(wire.calls), tuple(hashes)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What each hash since has cost."""
    made: list[bytes] = []
    hashpw = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        made.append(salt[:7])
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    return made


@pytest.mark.parametrize("name", CALLS)
def test_all_kinds_of_address_look_alike(caller: Api, wire: Wire, hashes: list[bytes], name: str) -> None:
    url, body = CALLS[name]
    found = {kind: seen(caller, wire, hashes, url, body(email)) for kind, email in ADDRESSES.items()}
    if name == "login":
        # How many writes the lock takes depends on the tries before, for an address without an account just the same.
        lock("nobody@example.com")
        assert seen(caller, wire, hashes, url, body("nobody@example.com")) == found.pop("locked")
    assert [kind for kind, what in found.items() if what != found["unknown"]] == []


@pytest.mark.parametrize("name", ["register", "forgot", "resend", "change"])
def test_and_do_so_when_the_minute_of_their_mails_is_used_up(
    caller: Api, wire: Wire, hashes: list[bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    url, body = CALLS[name]
    with time_machine.travel(clock.now() // 60 * 60 + 60, tick=False):
        found = []
        for number, email in enumerate(ADDRESSES.values()):
            there = Api(caller.headers, ip=f"198.51.100.{number}")
            seen(there, wire, hashes, url, body(email))
            found.append(seen(there, wire, hashes, url, body(email)))
    assert found == [found[0]] * len(found)
