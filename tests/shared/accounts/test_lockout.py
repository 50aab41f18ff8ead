"""Attackers who guess an account's password, or try to lock its owner out, through a simulated day.

An attacker knows only the address, and signs in from any number of networks, each below the limits of a client. The
owner has a device, a known network, or only a mailbox.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle

import pytest
import time_machine
from _pytest.mark import ParameterSet

from shared.accounts import password_sign_in
from shared.core import clock, config, metrics
from shared.core.errors import InvalidCredentials
from shared.records import users
from shared.values.client import Client
from tests.support import PASSWORD
from tests.support.accounts import member
from tests.support.api import Api, Inbox
from tests.support.slow import in_make_thorough
from tests.support.threads import at_once

LOGIN = {"email": "ada@example.com", "password": PASSWORD}
HOME, OFFICE, TRAIN = "192.0.2.1", "192.0.2.2", "192.0.2.3"
NEW = "a rather different sentence"


def strangers(number: int) -> list[str]:
    return [f"10.{index // 65536}.{index // 256 % 256}.{index % 256}" for index in range(number)]


NETWORKS = {
    "1 network": strangers(1),
    "10 networks": strangers(10),
    "10,000 networks": strangers(10_000),
    "the owner's network": [HOME],
    "the owner's three networks and 10,000 others": [
        network for other in strangers(10_000) for network in (HOME, OFFICE, TRAIN, other)
    ],
}


@pytest.fixture
def now(ada: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """A clock that only the test moves, with the limits of clients as deployed."""
    del ada
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    with time_machine.travel(clock.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics that were counted: SignInFailures for a guess that was checked, LockedSignIns for the others."""
    names: list[str] = []
    monkeypatch.setattr(metrics, "count", names.append)
    return names


def guess(network: str) -> None:
    with pytest.raises(InvalidCredentials):
        password_sign_in.with_password(email=LOGIN["email"], password="wrong", device_token="", client=Client(network))


def login(network: str, **more: str) -> int:
    return Api(ip=network).post("/api/auth/login", {**LOGIN, **more}).status


def lock_strangers_out() -> None:
    for network in strangers(6):
        guess(network)


def attack(networks: Sequence[str], now: time_machine.Traveller, minutes: int, *, per_minute: int = 4) -> Iterator[int]:
    """Guess each time from the next network. Yield after every minute."""
    origins = cycle(networks)
    for minute in range(minutes):
        for _ in range(per_minute):
            guess(next(origins))
        yield minute
        now.shift(60)


def of_a_day() -> list[ParameterSet]:
    """Return the networks; `.ci/run` tries two of them, since a day takes most of a minute."""
    chosen = {"10 networks", "the owner's network"}
    return [
        pytest.param(networks, id=name, marks=[] if name in chosen else in_make_thorough)
        for name, networks in NETWORKS.items()
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("networks", of_a_day())
def test_fewer_than_500_guesses_a_day_are_checked(
    networks: Sequence[str], now: time_machine.Traveller, counted: list[str]
) -> None:
    for network in (HOME, OFFICE, TRAIN):
        assert login(network) == 200
    for _ in attack(networks, now, 60):
        pass
    for _ in attack(networks, now, 23 * 60, per_minute=1):
        pass
    assert 50 < counted.count("SignInFailures") < 500
    assert counted.count("LockedSignIns") > 1000


@pytest.mark.parametrize("networks", NETWORKS.values(), ids=NETWORKS)
def test_owner_with_a_known_device_always_gets_in(networks: Sequence[str], now: time_machine.Traveller) -> None:
    device = Api(ip=HOME).post("/api/auth/login", LOGIN).json["device"]
    for minute in attack(networks, now, 45):
        if minute % 5 == 0:
            reply = Api(ip=HOME).post("/api/auth/login", {**LOGIN, "device": device})
            assert reply.status == 200
            device = reply.json["device"]


@pytest.mark.parametrize("number", [1, 10, 10_000])
def test_owner_in_a_known_network_without_an_attacker_always_gets_in(number: int, now: time_machine.Traveller) -> None:
    assert login(HOME) == 200
    for minute in attack(strangers(number), now, 45):
        if minute % 5 == 0:
            assert login(HOME) == 200


@pytest.mark.parametrize("number", [1, 10, 10_000])
def test_owner_on_a_new_device_in_a_new_network_gets_in_by_a_reset(
    number: int, now: time_machine.Traveller, inbox: Inbox
) -> None:
    for _ in attack(strangers(number), now, 20):
        pass
    new = Api(ip="198.51.100.7")
    assert login(new.ip) == 401
    assert new.post("/api/auth/forgot-password", {"email": LOGIN["email"]}).status == 202
    assert new.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW}).status == 204
    assert login(new.ip, password=NEW) == 200


@pytest.mark.thorough
def test_parallel_guesses_get_no_further(ministack: None, ada: Api, counted: list[str]) -> None:
    del ministack, ada
    at_once(*[lambda network=network: guess(network) for network in strangers(64)])
    assert counted.count("SignInFailures") == 5


@pytest.mark.usefixtures("now")
def test_reset_forgets_the_devices_and_networks_of_before(inbox: Inbox) -> None:
    device = Api(ip=HOME).post("/api/auth/login", LOGIN).json["device"]
    new = Api(ip="198.51.100.7")
    new.post("/api/auth/forgot-password", {"email": LOGIN["email"]})
    assert new.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW}).status == 204
    lock_strangers_out()
    assert login(HOME, password=NEW) == 401
    assert login(HOME, password=NEW, device=device) == 401
    assert login(new.ip, password=NEW) == 200


def test_device_token_is_void_after_ten_failures_or_90_days(now: time_machine.Traveller) -> None:
    def device() -> str:
        return str(Api(ip=HOME).post("/api/auth/login", LOGIN).json["device"])

    new_networks = (f"198.51.100.{number}" for number in range(100, 104))

    def is_known(token: str) -> bool:
        lock_strangers_out()
        return login(next(new_networks), device=token) == 200

    worn, old = device(), device()
    assert is_known(worn)
    for _ in range(10):
        assert login("198.51.100.8", password="wrong", device=worn) == 401
        now.shift(16 * 60)
    assert not is_known(worn)
    assert is_known(old)
    now.shift(90 * clock.DAY)
    assert not is_known(old)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    "token", ["x", "é", "AQ", "A" * 10_000, "=" * 60, "AQAAAABrCIU5SvK0GvzyDzQOhW4ank2maImnCRNOhj_VNXy5"]
)
def test_forged_device_token_is_ignored(token: str) -> None:
    assert login(HOME, device=token) == 200
    lock_strangers_out()
    assert login("198.51.100.7", device=token) == 401


@pytest.mark.usefixtures("now", "ben")
def test_device_token_of_another_account_is_ignored() -> None:
    theirs = Api().post("/api/auth/login", {"email": "ben@example.com", "password": PASSWORD}).json["device"]
    lock_strangers_out()
    assert login("198.51.100.7", device=theirs) == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("reauthenticate", {"password": "wrong"}),
        ("change-password", {"currentPassword": "wrong", "newPassword": "a rather different sentence"}),
        ("change-email", {"password": "wrong", "newEmail": "countess@example.com"}),
    ],
)
def test_tenth_wrong_password_in_a_session_ends_it_and_locks_nobody_else(
    now: time_machine.Traveller, path: str, body: dict[str, str]
) -> None:
    thief = Api(ip=HOME).signed_in(LOGIN["email"], PASSWORD)
    owner = Api(ip=HOME).signed_in(LOGIN["email"], PASSWORD)
    for lock in (0, 0, 0, 0, 0, 30, 60, 120, 240, 480):
        now.shift(lock)
        assert thief.post(f"/api/auth/{path}", body).json["code"] == "invalid_credentials"
    assert thief.get("/api/auth/me").json["code"] == "session_ended"
    assert owner.post("/api/auth/reauthenticate", {"password": PASSWORD}).status == 200
    assert login(HOME) == 200


@pytest.mark.usefixtures("now")
def test_closed_account_leaves_no_lock_at_its_address(ada: Api) -> None:
    for _ in range(6):
        guess(ada.ip)
    (user,) = users.with_email(LOGIN["email"])
    assert ada.delete(f"/api/users/{user.id}").status == 204
    member(Api(), "Ada", LOGIN["email"])
    assert login(ada.ip) == 200
    assert login("198.51.100.7") == 200
