"""Trusted proxies: whose address and user agent count, and who is believed."""

import json
import logging
from dataclasses import replace

import pytest
import time_machine

from shared.core import clock, config, logs
from shared.records import proxy_keys
from tests.support import PASSWORD, proof, stored
from tests.support.api import Api
from tests.support.aws import rotate_proxy_key
from tests.support.faults import Wire, unreachable

SERVER, BROWSER = "198.51.100.7", "203.0.113.9"
SECOND, THIRD = "00000000-0000-4000-8000-0000000000b2", "00000000-0000-4000-8000-0000000000b3"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
PATHS = list(proof.document()["paths"])
WRONG = {"email": "nobody@example.com", "password": "not it"}


@pytest.fixture
def key(ada: Api) -> str:  # noqa: ARG001  # her account, to sign in to
    """A valid proxy key."""
    return rotate_proxy_key()


@pytest.fixture
def server(key: str) -> Api:
    """The API, called by a front end's server, which has the key."""
    return Api({"x-proxy-key": key, "user-agent": "node"}, SERVER)


def sign_in(caller: Api, **headers: str) -> dict[str, str]:
    """Sign in through the proxy. Return the new session, as the user sees it."""
    token = caller.post("/api/auth/login", LOGIN, **headers).json["token"]
    listed = caller.with_token(token).get("/api/auth/sessions").json["data"]
    return next(session for session in listed if session["current"])


def test_session_shows_the_browser_behind_the_server(server: Api) -> None:
    session = sign_in(server, x_proxy_client_ip=BROWSER, x_proxy_user_agent="Firefox")
    assert (session["ip"], session["userAgent"]) == (BROWSER, "Firefox")


def test_users_of_a_site_have_limits_of_their_own(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    # In one minute, which the limits count.
    with time_machine.travel(clock.now() // 60 * 60 + 1, tick=False):
        failures = [server.post("/api/auth/login", WRONG, x_proxy_client_ip=BROWSER).status for _ in range(11)]
        assert failures[-1] == 429
        assert server.post("/api/auth/login", LOGIN, x_proxy_client_ip="203.0.113.10").status == 200
        assert server.post("/api/auth/login", LOGIN).status == 200


@pytest.mark.parametrize("key", ["", "wrong", "\N{GREEK SMALL LETTER ALPHA}", "\ud800", "a" * 10_000])
def test_without_a_valid_key_the_headers_are_ignored(ada: Api, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    rotate_proxy_key()
    claimed = {"x_proxy_client_ip": BROWSER, "x_proxy_user_agent": "Firefox"}
    session = sign_in(replace(ada, headers={"user-agent": "curl"}, ip=SERVER), x_proxy_key=key, **claimed)
    assert (session["ip"], session["userAgent"]) == (SERVER, "curl")
    assert '"WrongProxyKeys":1' in capsys.readouterr().out


@pytest.mark.parametrize("path", PATHS)
def test_every_function_checks_the_key_before_anything_else(path: str, key: str, wire: Wire) -> None:
    proxy_keys.memory.forget()
    wire.reset()
    assert Api({"x-proxy-key": key}, SERVER).call("TRACE", path).status == 405
    assert wire.calls == ["Query"]


def test_headers_without_a_key_are_ignored(ada: Api) -> None:
    claimed = {"x_proxy_client_ip": BROWSER, "x_proxy_user_agent": "Firefox", "x_forwarded_for": BROWSER}
    session = sign_in(replace(ada, headers={"user-agent": "curl"}, ip=SERVER), **claimed)
    assert (session["ip"], session["userAgent"]) == (SERVER, "curl")


@pytest.mark.parametrize(
    ("sent", "ip"),
    [
        ("203.0.113.9", BROWSER),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", BROWSER),
        ("::ffff:cb00:7109", BROWSER),
    ],
)
def test_address_is_stored_in_its_usual_form(server: Api, sent: str, ip: str) -> None:
    assert sign_in(server, x_proxy_client_ip=sent)["ip"] == ip


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "203.0.113.9:443",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "203.0.113.9, 203.0.113.10",
        "203.0.113.9,203.0.113.9",
        "203.0.113.0/24",
        "203.0.113.09",
        "fe80::1%eth0",
        "localhost",
        "unknown",
        "٢٠٣.0.113.9",
    ],
)
def test_what_is_not_exactly_one_address_is_the_servers_own(server: Api, sent: str) -> None:
    session = sign_in(server, x_proxy_client_ip=sent, x_proxy_user_agent="Firefox")
    assert (session["ip"], session["userAgent"]) == (SERVER, "Firefox")


def test_key_before_the_current_one_is_valid_and_an_older_one_is_not(key: str) -> None:
    with time_machine.travel(clock.now()) as moment:
        second = rotate_proxy_key(SECOND)
        moment.shift(clock.MINUTE)
        assert [proxy_keys.is_valid(each) for each in (key, second)] == [True, True]
        third = rotate_proxy_key(THIRD)
        moment.shift(clock.MINUTE)
        assert proxy_keys.is_valid(third)
        moment.shift(5 * clock.MINUTE)
        assert [proxy_keys.is_valid(each) for each in (key, second, third)] == [False, True, True]


def test_interrupted_rotation_invalidates_neither_key(key: str) -> None:
    rotate_proxy_key(SECOND)
    for step in (proxy_keys.create, proxy_keys.publish, proxy_keys.test):
        step("ProxyKeySecret", THIRD)
    proxy_keys.finish("ProxyKeySecret", SECOND)
    assert len([item for item in stored.items("PublicKeysTable") if item["use"] == "proxy"]) == 3
    assert proxy_keys.is_valid(key)


def test_checking_costs_one_read_in_five_minutes_and_wrong_keys_one_a_minute(key: str, wire: Wire) -> None:
    proxy_keys.memory.forget()
    with time_machine.travel(clock.now(), tick=False) as moment:
        assert all(proxy_keys.is_valid(key) for _ in range(10))
        assert wire.count("Query") == 1
        assert not any(proxy_keys.is_valid("wrong") for _ in range(10))
        assert wire.count("Query") == 1
        moment.shift(clock.MINUTE)
        assert not any(proxy_keys.is_valid("wrong") for _ in range(10))
        assert wire.count("Query") == 2


def test_server_gets_503_if_the_keys_cannot_be_read(server: Api, wire: Wire) -> None:
    proxy_keys.memory.forget()
    wire.fail(unreachable, on="Query")
    reply = server.post("/api/auth/login", LOGIN, x_proxy_client_ip=BROWSER)
    assert (reply.status, reply.headers["retry-after"]) == (503, "2")


def test_key_is_neither_stored_nor_logged(server: Api, key: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "api_routes"):
        sign_in(server, x_proxy_client_ip=BROWSER)
        sign_in(server, x_proxy_client_ip="nowhere")
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records))
    assert f'"ip": "{BROWSER}"' in log
    assert key not in log + stored.everything()


def test_page_of_another_origin_may_not_send_the_key(transformed: dict[str, object]) -> None:
    assert "x-proxy" not in json.dumps(transformed).lower()
