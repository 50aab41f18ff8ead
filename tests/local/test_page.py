"""/_local/: the inbox, the requests and the routes, for this machine's browser only."""

import re

import pytest

from tests.local.harness import Running


def send(running: Running, subject: str) -> str:
    mail = {"to": "ada@example.com", "subject": subject, "text": "Hello <b>", "html": "<script>alert(1)</script>"}
    return str(running.post("/mail", mail).json["id"])


def test_mails_are_in_the_inbox_newest_first(running: Running) -> None:
    first, second = send(running, "First"), send(running, "Second")
    newest, older = running.get("/_local/inbox.json").json[:2]
    assert (newest["id"], older["id"]) == (second, first)
    assert {name: newest[name] for name in ("to", "subject", "text", "html")} == {
        "to": "ada@example.com",
        "subject": "Second",
        "text": "Hello <b>",
        "html": "<script>alert(1)</script>",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", newest["sentAt"])


def test_the_page_may_load_only_what_is_its_own(running: Running) -> None:
    page = running.get("/_local/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert running.get("/_local/page.js").headers["content-type"].startswith("text/javascript")


def test_requests_are_listed_with_their_function(running: Running) -> None:
    running.get("/echo")
    running.get("/trouble/raise")
    failed, echo = running.get("/_local/requests.json").json[:2]
    assert (echo["method"], echo["path"], echo["status"], echo["function"]) == ("GET", "/echo", 200, "EchoFunction")
    assert (failed["status"], failed["problem"]) == (502, "RuntimeError: as asked")
    assert echo["milliseconds"] > 0
    assert "/_local/" not in {request["path"] for request in running.get("/_local/requests.json").json}


def test_routes_are_listed(running: Running) -> None:
    routes = running.get("/_local/routes.json").json
    assert {"path": "/echo", "methods": ["ANY"], "function": "EchoFunction"} in routes
    assert {"path": "/items/{id}", "methods": ["GET"], "function": "EchoFunction"} in routes


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:3000"])
def test_this_machine_may_look(running: Running, host: str) -> None:
    assert running.get("/_local/", Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_a_foreign_name_for_this_address_may_not(running: Running, host: str) -> None:
    for path in ("/_local/", "/_local/inbox.json", "/_local/requests.json"):
        assert running.get(path, Host=host).status == 403
