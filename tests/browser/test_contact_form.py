"""/api/contact from a front end of another origin: HTML forms in both encodings, and a script."""

import threading
from collections.abc import Iterator

import pytest

from tests.browser.conftest import ADMIN
from tests.browser.driver import Browser
from tests.browser.front_end import FETCH, KINDS, FrontEnd, Handler
from tests.local.harness import RunnerProcess, eventually
from tests.support import ROOT


@pytest.fixture(scope="module")
def front_end() -> Iterator[FrontEnd]:
    with FrontEnd(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, front_end: FrontEnd) -> Iterator[RunnerProcess]:
    """A runner that accepts this front end's origin."""
    parameters = ["--parameter-overrides", f"FrontendUrl={front_end.origin}", f"CorsOrigins={front_end.origin}"]
    environment = {"LOCAL_ADMIN_EMAIL": ADMIN[0], "LOCAL_ADMIN_PASSWORD": ADMIN[1], "RATE_LIMIT_MULTIPLIER": "1000"}
    data = tmp_path_factory.mktemp("data")
    with RunnerProcess(ROOT / "template.yaml", data, *parameters, **environment) as runner:
        front_end.api = f"http://localhost:{runner.ready().port}/api/contact"
        yield runner


def verify_delivery(runner: RunnerProcess, message: str, sender: str) -> None:
    """Verify that the message is in the inbox once, and in the admin's list."""

    def recipients() -> list[str]:
        emails = runner.get("/_local/inbox.json").json
        return [email["to"] for email in emails if all(line in email["text"] for line in message.splitlines())]

    assert eventually(recipients, what=f"the email with {message!r}") == ["contact@example.com"]
    login = runner.post("/api/auth/login", {"email": ADMIN[0], "password": ADMIN[1]}).json
    listed = runner.get("/api/contact", Authorization=f"Bearer {login['token']}").json["data"]
    assert [each["email"] for each in listed if each["message"].replace("\r\n", "\n") == message] == [sender]


@pytest.mark.parametrize("kind", KINDS)
def test_html_form_redirects_to_the_thanks_page(
    tab: Browser, runner: RunnerProcess, front_end: FrontEnd, kind: str
) -> None:
    message = f"Grüße & mehr = 100 %, {kind}\nEine zweite Zeile <b>"
    sender = f"grace.{KINDS.index(kind)}@example.com"
    tab.open(f"{front_end.origin}/?{kind}")
    tab.labelled("Name").type("Grace Hopper")
    tab.labelled("Email").type(sender)
    tab.labelled("Message").type(message)
    tab.click("button", "Send")
    tab.until(lambda: tab.run("return location.href") == f"{front_end.origin}/contact/thanks", "the thanks page")
    verify_delivery(runner, message, sender)
    assert tab.console_messages() == []


def test_mistake_gets_a_page_that_keeps_what_was_typed(
    tab: Browser, runner: RunnerProcess, front_end: FrontEnd
) -> None:
    message = "Hello,\n<b>two</b> lines & more"
    tab.open(f"{front_end.origin}/?{KINDS[0]}")
    tab.run("document.forms[0].noValidate = true")
    tab.labelled("Name").type("Grace Hopper")
    tab.labelled("Email").type("grace.mistake@")
    tab.labelled("Message").type(message)
    tab.click("button", "Send")
    tab.until(
        lambda: tab.run("return document.querySelector('h1')?.textContent") == "Please correct what is marked.",
        "the page",
    )
    assert tab.run("return location.href") == front_end.api
    assert tab.run("return document.querySelector('#message').value") == message
    assert tab.run("return document.querySelector('#email').getAttribute('aria-invalid')") == "true"
    tab.labelled("Email").type("grace.mistake@example.com")
    tab.click("button", "Send")
    tab.until(lambda: tab.run("return location.href") == f"{front_end.origin}/contact/thanks", "the thanks page")
    verify_delivery(runner, message, "grace.mistake@example.com")
    (reported,) = tab.console_messages()
    assert "400 (Bad Request)" in reported


def test_script_of_the_front_end_can_send_json(tab: Browser, runner: RunnerProcess, front_end: FrontEnd) -> None:
    tab.open(front_end.origin)
    form = {"name": "Grace", "email": "grace@example.com", "message": "From a script"}
    status, answer = tab.run(FETCH, front_end.api, form)
    assert (status, answer["success"]) == (201, True)
    assert answer["data"]["id"]
    verify_delivery(runner, form["message"], form["email"])
    status, answer = tab.run(FETCH, front_end.api, form | {"email": "none"})
    assert (status, [error["field"] for error in answer["errors"]]) == (400, ["email"])


def test_bot_that_fills_the_hidden_field_is_thanked_and_ignored(
    tab: Browser, runner: RunnerProcess, front_end: FrontEnd
) -> None:
    tab.open(f"{front_end.origin}/?{KINDS[0]}")
    tab.labelled("Name").type("Bot")
    tab.labelled("Email").type("bot@example.com")
    tab.labelled("Message").type("Buy")
    tab.run("document.querySelector('[name=website]').value = 'http://spam.example'")
    tab.click("button", "Send")
    tab.until(lambda: tab.run("return location.href") == f"{front_end.origin}/contact/thanks", "the thanks page")
    tab.open(f"{front_end.origin}/?{KINDS[0]}")
    form = {"name": "Grace", "email": "after@example.com", "message": "After the bot"}
    assert tab.run(FETCH, front_end.api, form)[0] == 201
    verify_delivery(runner, form["message"], form["email"])
    assert not [email for email in runner.get("/_local/inbox.json").json if "Buy" in email["text"]]
