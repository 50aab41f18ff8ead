"""Account enumeration: no response reveals whether an address has an account, or its state.

For every kind of address, a request gets the same response and causes the same AWS calls and password hashes.
benchmarks/timing.py shows that it also takes the same time.
"""

from collections.abc import Callable

import bcrypt
import pytest
import time_machine

from shared.core import clock, config
from shared.records import limits, tries
from shared.records.tries import Try
from tests.support import PASSWORD
from tests.support.accounts import member
from tests.support.api import Api, Inbox
from tests.support.faults import Wire
from tests.support.feedback import bounce, receive

NEW = "a rather different sentence"
KINDS = (
    "unknown",
    "known",
    "pending",
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
    "code": ("/api/auth/verify-email", lambda email: {"email": email, "code": "123456"}),
    "code and password": (
        "/api/auth/verify-email",
        lambda email: {"email": email, "code": "123456", "password": NEW},
    ),
    "sign in": ("/api/auth/login/email", lambda email: {"email": email, "name": "Eve"}),
    "change": ("/api/auth/change-email", lambda email: {"newEmail": email, "password": PASSWORD}),
}


@pytest.fixture
def caller(api: Api, admin: Api, inbox: Inbox) -> Api:
    """The API, called by Ben, with an address of each kind stored."""
    for kind in ("known", "disabled", "locked", "bounced"):
        member(api, kind, ADDRESSES[kind])
    api.post("/api/auth/register", {"name": "U", "email": ADDRESSES["pending"], "password": PASSWORD})
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
    """Lock the address with six failed attempts."""
    for _ in range(6):
        tried = tries.at_password(email)
        attempt = Try(tries.of_network(tried, "192.0.2.1"), tries.of_everyone(tried), is_known=False)
        if attempt.start():
            attempt.fail()


def observe(caller: Api, wire: Wire, hashes: list[bytes], url: str, body: dict[str, str]) -> object:
    """Return everything observable of a call: the response, the AWS calls and the hashes."""
    wire.reset()
    hashes.clear()
    reply = caller.post(url, body)
    answer = {**reply.json, "requestId": None} if reply.text else None
    for secret in ("registration", "request"):
        if answer and secret in answer:
            answer[secret] = len(answer[secret])
    # What is left for the client depends on its earlier calls.
    headers = {name: text for name, text in reply.headers.items() if name not in {"x-request-id", "ratelimit"}}
    return reply.status, answer, headers, tuple(wire.calls), tuple(hashes)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bcrypt cost of each hash."""
    prefixes: list[bytes] = []
    hashpw = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        prefixes.append(salt[:7])
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    return prefixes


@pytest.mark.parametrize("name", CALLS)
def test_all_kinds_of_address_look_alike(caller: Api, wire: Wire, hashes: list[bytes], name: str) -> None:
    url, body = CALLS[name]
    # The first try at a password in a session takes fewer writes than the next, whatever the address is.
    observe(caller, wire, hashes, url, body("first@example.com"))
    observed = {kind: observe(caller, wire, hashes, url, body(email)) for kind, email in ADDRESSES.items()}
    if name in {"login", "code and password"}:
        # The writes for the lock depend on earlier attempts, so compare with a locked address without an account.
        lock("nobody@example.com")
        assert observe(caller, wire, hashes, url, body("nobody@example.com")) == observed.pop("locked")
    assert [kind for kind, seen in observed.items() if seen != observed["unknown"]] == []


@pytest.mark.parametrize("setting", ["off", "on"])
def test_all_kinds_of_address_look_alike_to_someone_who_tries_codes(  # noqa: PLR0913, PLR0917  # fixtures
    caller: Api, inbox: Inbox, wire: Wire, hashes: list[bytes], monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """Before and after the email, with and without tries left."""
    monkeypatch.setenv("EMAIL_SIGN_UP", setting)
    ask, verify = "/api/auth/login/email", "/api/auth/login/email/verify"
    secrets = {kind: caller.post(ask, {"email": email}).json["request"] for kind, email in ADDRESSES.items()}
    seen = {}
    for number in range(5):
        for kind, secret in secrets.items():
            # No email has this code, except one in a million.
            seen[number, kind] = observe(caller, wire, hashes, verify, {"request": secret, "code": f"00000{number}"})
        wire.reset()
        inbox.deliver()
    assert [key for key, each in seen.items() if each != seen[0, "unknown"]] == []


@pytest.mark.usefixtures("email_limits")
@pytest.mark.parametrize("name", ["register", "forgot", "resend", "sign in", "change"])
def test_all_kinds_of_address_look_alike_above_the_email_limit(
    caller: Api, wire: Wire, hashes: list[bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    monkeypatch.setattr(limits, "_MAX_ADDRESS_CHANGES_PER_DAY", 100)
    url, body = CALLS[name]
    with time_machine.travel(clock.now() // 60 * 60 + 60, tick=False):
        observed = []
        for number, email in enumerate(ADDRESSES.values()):
            client = Api(caller.headers, ip=f"198.51.100.{number}")
            observe(client, wire, hashes, url, body(email))
            observed.append(observe(client, wire, hashes, url, body(email)))
    assert observed == [observed[0]] * len(observed)
