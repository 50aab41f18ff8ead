"""The runner's stand-in for a front end: the pages that emails link to, without JavaScript."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from local.page.links import Links
from local.page.stand_in.screens import SCREENS
from tests.local.harness import Answer, RunnerProcess, eventually
from tests.support import PASSWORD, ROOT
from tests.support.factors import Phone

pytestmark = pytest.mark.thorough

# Nothing listens there.
FRONT_END = "http://localhost:9"
HOME = "/_local/front-end"
EMAIL = "ada@example.com"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    parameters = ["--parameter-overrides", f"FrontendUrl={FRONT_END}"]
    data = tmp_path_factory.mktemp("data")
    with RunnerProcess(ROOT / "template.yaml", data, *parameters, RATE_LIMIT_MULTIPLIER="1000") as runner:
        yield runner.ready()


def form(answer: Answer) -> tuple[str, dict[str, str]]:
    """Return the address of a page's form, and its hidden fields."""
    text = answer.body.decode()
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', text)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return unescape(action), {name: unescape(value) for name, value in hidden}


def submit(runner: RunnerProcess, page: Answer, headers: dict[str, str] | None = None, **typed: str) -> Answer:
    action, hidden = form(page)
    encoded = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **(headers or {})}
    return runner.request("POST", action, urlencode({**hidden, **typed}), encoded)


def email(runner: RunnerProcess, subject: str, to: str = EMAIL) -> Any:
    """Return the newest email to this address with this subject, with its links."""

    def newest() -> Any:
        inbox = runner.get("/_local/inbox.json").json
        return next((each for each in inbox if each["to"] == to and re.search(subject, each["subject"])), None)

    return runner.get(f"/_local/emails/{eventually(newest, what=subject)['id']}.json").json


def test_first_click_after_the_start_works(runner: RunnerProcess) -> None:
    page = submit(runner, runner.get(f"{HOME}/register"), name="Ada", email=EMAIL, password=PASSWORD)
    assert "Confirm your email address" in page.body.decode()
    assert form(page)[1].keys() == {"registration"}

    confirmation = email(runner, "Confirm")
    (link,) = confirmation["links"]
    assert link["url"].startswith(f"{FRONT_END}/verify-email?token=")
    assert link["opens"] == HOME + link["url"].removeprefix(FRONT_END)
    preview = unescape(runner.get(f"/_local/emails/{confirmation['id']}.html").body.decode())
    assert f'href="{link["opens"]}"' in preview
    assert f'href="{FRONT_END}' not in preview
    assert link["url"] in confirmation["text"], "the email itself has the configured address"

    asked = submit(runner, runner.get(link["opens"]))
    assert (asked.status, "registration_required" in asked.body.decode()) == (400, True)
    wrong = submit(runner, asked, password="not the password")
    assert wrong.status == 401
    signed_in = submit(runner, asked, password=PASSWORD)
    assert "You are signed in as Ada (ada@example.com, user)." in signed_in.body.decode()

    assert "it gets a link" in submit(runner, runner.get(f"{HOME}/forgot-password"), email=EMAIL).body.decode()
    reset = runner.get(email(runner, "[Rr]eset|password")["links"][0]["opens"])
    saved = submit(runner, reset, password="another long enough one")
    assert "All sessions have ended" in saved.body.decode()
    login = submit(runner, runner.get(f"{HOME}/login"), email=EMAIL, password="another long enough one")
    assert "You are signed in as Ada" in login.body.decode()


def with_app(runner: RunnerProcess, address: str) -> Phone:
    """Open an account that has an authenticator app."""
    registered = runner.post("/api/auth/register", {"name": "Grace", "email": address, "password": PASSWORD}).json
    (token,) = re.findall(r"token=([\w-]+)", email(runner, "Confirm", address)["text"])
    proof = {"token": token, "registration": registered["registration"]}
    session = runner.post("/api/auth/verify-email", proof).json["token"]
    headers = {"Authorization": f"Bearer {session}", "Content-Type": "application/json"}
    app = json.dumps({"type": "totp", "name": "Phone"})
    added = runner.request("POST", "/api/auth/factors", app, headers).json["data"]
    phone = Phone(added["id"], added["secret"], [])
    # The current code stays unused.
    code = json.dumps({"code": phone.code(-1)})
    confirmed = runner.request("POST", f"/api/auth/factors/{phone.id}", code, headers).json["data"]
    return replace(phone, recovery_codes=confirmed["recoveryCodes"])


def test_account_with_a_factor_signs_in_with_a_second_step(runner: RunnerProcess) -> None:
    grace = "grace@example.com"
    phone = with_app(runner, grace)
    step = submit(runner, runner.get(f"{HOME}/login"), email=grace, password=PASSWORD)
    assert (step.status, form(step)[0], set(form(step)[1])) == (200, f"{HOME}/login/second-step", {"token"})
    assert 'role="alert"' not in step.body.decode()
    neither = submit(runner, step, code="", recoveryCode="")
    wrong = submit(runner, neither, code="", recoveryCode="AAAA-AAAA-AAAA-AAAA")
    assert [(page.status, form(page)) for page in (neither, wrong)] == [(400, form(step)), (401, form(step))]
    signed_in = submit(runner, wrong, code=phone.code(), recoveryCode="")
    assert "You are signed in as Grace (grace@example.com, user)." in signed_in.body.decode()

    runner.post("/api/auth/login/email", {"email": grace})
    link = runner.get(email(runner, "Sign in", grace)["links"][0]["opens"])
    signed_in = submit(runner, submit(runner, link), code="", recoveryCode=phone.recovery_codes[0])
    assert "You are signed in as Grace" in signed_in.body.decode()


def test_fault_stands_beside_its_field_and_what_was_typed_stays(runner: RunnerProcess) -> None:
    page = submit(runner, runner.get(f"{HOME}/register"), name='"<b>', email="ada@", password=PASSWORD)
    text = page.body.decode()
    assert page.status == 400
    assert 'value="&#34;&lt;b&gt;"' in text
    assert 'id="email-fault"' in text
    assert PASSWORD not in text


def test_contact_form_leads_to_the_thanks_page(runner: RunnerProcess) -> None:
    page = submit(runner, runner.get(f"{HOME}/contact"), name="Ada", email=EMAIL, message="Hello")
    assert "We have received your message." in page.body.decode()


def test_browser_that_has_posted_a_form_to_the_api_is_led_to_the_thanks_page(runner: RunnerProcess) -> None:
    form = urlencode({"name": "Ada", "email": EMAIL, "message": "Hello"})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    for more, location in (({"Sec-Fetch-Mode": "navigate"}, HOME), ({}, FRONT_END)):
        answer = runner.request("POST", "/api/contact", form, headers | more)
        assert (answer.status, answer.headers["location"]) == (303, f"{location}/contact/thanks")


def test_form_of_another_site_is_refused(runner: RunnerProcess) -> None:
    other = {"Sec-Fetch-Site": "cross-site"}
    assert submit(runner, runner.get(f"{HOME}/login"), other, email=EMAIL, password=PASSWORD).status == 403


def test_pages_allow_no_script_and_unknown_ones_are_not_found(runner: RunnerProcess) -> None:
    for name in SCREENS:
        policy = runner.get(f"{HOME}/{name}").headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self';")
    assert runner.get(f"{HOME}/nothing").status == 404
    assert runner.request("POST", f"{HOME}/contact/thanks").status == 404


def links(front_end: str) -> Links:
    function = SimpleNamespace(environment={"FRONTEND_URL": front_end})
    return Links(SimpleNamespace(functions={"A": function}))  # type: ignore[arg-type]


def test_links_stay_as_they_are_where_a_front_end_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert links(url).of(f"Sign in:\n{url}/login\n") == [{"url": f"{url}/login", "opens": f"{url}/login"}]


@pytest.mark.parametrize("front_end", ["https://www.example.com", "http://192.0.2.1:3001"])
def test_front_end_on_another_machine_is_not_asked(front_end: str) -> None:
    (link,) = links(front_end).of(f"{front_end}/login\n")
    assert link["opens"] == link["url"]


def test_page_that_the_runner_does_not_have_stays() -> None:
    (link,) = links(FRONT_END).of(f"{FRONT_END}/pricing")
    assert link["opens"] == link["url"]


@pytest.mark.parametrize("text", [f"{FRONT_END}//[x", f"{FRONT_END}//login"])
def test_odd_link_of_a_strangers_message_stays(text: str) -> None:
    assert all(link["opens"] == link["url"] for link in links(FRONT_END).of(text))


@pytest.mark.parametrize("front_end", ["http://localhost:99999", "http://localhost:abc", "http://[::1"])
def test_front_end_without_a_valid_port_is_left_alone(front_end: str) -> None:
    (link,) = links(front_end).of(f"{front_end}/login")
    assert link["opens"] == link["url"]


def test_stand_in_serves_links_to_an_address_of_ipv6() -> None:
    (link,) = links("http://[::1]:9").of("http://[::1]:9/login")
    assert link["opens"] == f"{HOME}/login"


def test_front_end_is_asked_once_for_all_links(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def is_running(url: str) -> bool:
        asked.append(url)
        return False

    monkeypatch.setattr("local.page.links._is_running", is_running)
    found = links(FRONT_END).of("\n".join(f"{FRONT_END}/login?{number}" for number in range(40)))
    assert (len(found), len(asked)) == (40, 1)
