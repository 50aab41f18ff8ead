"""The page /_local/, used with mouse and keyboard."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.actions import form, send, view
from tests.browser.conftest import ADMIN
from tests.browser.driver import DOWN, ENTER, ESCAPE, RIGHT, TAB, Browser, Element
from tests.local.harness import RunnerProcess
from tests.support import PASSWORD

PHONE_WIDTH = 375
VIEWS = ("Inbox", "Requests", "Routes", "Tables")


def read_email(browser: Browser, to: str) -> Element:
    """Wait for an email to this address and open the newest one. Returns its text."""
    view(browser, "Inbox")
    browser.click("#emails a", to)
    browser.find("#email .facts", to)
    browser.click("[role=tab]", "Text")
    return browser.find("#email pre")


def test_account_from_registration_to_profile(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/register")
    assert json.loads(browser.labelled("Body").value)["email"] == "ada@example.com", "the event's body"
    person = {"name": "Ada", "email": "ada.new@example.com", "password": PASSWORD}
    assert send(browser, person)[0] == 202
    code = re.search(r"(?m)(?:^|\s)(\d{6})$", read_email(browser, "ada.new@example.com").text)
    assert code
    form(browser, "POST", "/api/auth/verify-email")
    proofs = json.loads(browser.labelled("Body").value)
    assert proofs["email"] == "ada.new@example.com"
    assert send(browser, {**proofs, "code": code[1]})[0] == 200
    browser.find("#session", "Signed in as ada.new@example.com (user)")
    form(browser, "POST", "/api/auth/login")
    assert json.loads(browser.labelled("Body").value) == {"email": "ada.new@example.com", "password": PASSWORD}
    assert send(browser)[0] == 200
    browser.find("#session", "Signed in as ada.new@example.com (user)")
    form(browser, "GET", "/api/auth/me")
    status, body = send(browser)
    assert (status, json.loads(body)["data"]["user"]["name"]) == (200, "Ada")
    form(browser, "GET", "/api/users/{userId}")
    user_id = json.loads(body)["data"]["user"]["id"]
    browser.labelled("userId").type(user_id)
    assert send(browser)[0] == 200
    form(browser, "PATCH", "/api/users/{userId}")
    browser.labelled("userId").type(user_id)
    browser.press(TAB)
    browser.find("form [role=status]", "These are the current values")
    assert browser.labelled("If-Match").value.strip('W/"'), "the current ETag"
    assert send(browser, {"name": "Ada Lovelace"})[0] == 200
    browser.labelled("If-Match").type('"0"')
    assert send(browser, {"name": "Late"})[0] == 412
    browser.click("button", "Sign out")
    form(browser, "GET", "/api/auth/me")
    assert send(browser)[0] == 401
    assert browser.find("#session").text.startswith("Not signed in")


def test_new_email_is_announced_and_unread_until_opened(browser: Browser, send_email: Callable[..., None]) -> None:
    browser.find("#view-inbox .empty")
    send_email("grace@example.com", "Watch <b>this</b>")
    browser.find("#emails a.unread", "Watch <b>this</b>")
    assert "New email to grace@example.com" in browser.run("return document.getElementById('announcement').textContent")
    assert browser.run("return document.title").startswith("(")
    browser.click("#emails a", "Watch")
    browser.find("#email h2", "Watch <b>this</b>")
    assert "unread" not in (browser.find("#emails a", "Watch").attribute("class") or "")
    browser.click("[role=tab]", "Source")
    source = browser.find("#email pre").text
    for header in ("From: no-reply@example.com", "To: grace@example.com", "Reply-To: answers@example.com"):
        assert header in source
    assert "X-Outbox-Id: entry-7" in source


def test_emails_are_filtered_by_address(browser: Browser, send_email: Callable[..., None]) -> None:
    send_email("find.me@example.com", "Found")
    send_email("other@example.com", "Not found")
    browser.find("#emails a", "other@example.com")
    browser.find("#email-filter").type("FIND.me")
    browser.until(lambda: browser.run("return document.querySelectorAll('#emails a').length") == 1, "one email")
    assert "Found" in browser.find("#emails a").text


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A server of another origin, and the requests it received: path and Referer."""
    received: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append((self.path, self.headers["Referer"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


HOSTILE = """
<base href="{there}/base/"><meta http-equiv="refresh" content="0; url={there}/refresh">
<link rel="stylesheet" href="{there}/style"><style>p {{ background: url({there}/background) }}</style>
<script>parent.document.title = "taken"; top.location = "{there}/script"; fetch("{there}/fetch")</script>
<script src="{there}/source"></script>
<img src="{there}/image"><img src="x" onerror="top.location = '{there}/onerror'">
<iframe src="{there}/frame"></iframe><object data="{there}/object"></object><video src="{there}/video" autoplay></video>
<form action="{there}/form" id="f"><button id="submit">Win</button></form>
<p><a id="inside" rel="opener" target="_top" href="{there}/link">Read more</a> {tag} &amp; <b>so on</b></p>
"""


def test_hostile_email_is_only_displayed(
    tab: Browser,
    runner: RunnerProcess,
    send_email: Callable[..., None],
    elsewhere: tuple[str, list[tuple[str, str | None]]],
) -> None:
    there, received = elsewhere
    send_email("hostile@example.com", "<img src=x onerror=alert(1)>", html=HOSTILE.format(there=there, tag="& rel=x"))
    page = f"http://localhost:{runner.port}/_local/"
    tab.open(page)
    tab.click("#emails a", "hostile@example.com")
    frame = tab.find("iframe")
    assert set((frame.attribute("sandbox") or "").split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    tab.call("POST", "frame", {"id": {"element-6066-11e4-a52e-4f735466cecf": frame.id}})
    tab.find("p", "Read more & rel=x & so on")
    assert tab.run("return self.origin") == "null"
    tab.click("#submit")
    before = set(tab.call("GET", "window/handles"))
    # When this click takes effect, everything else in the email has had its chance.
    tab.click("#inside")
    (opened,) = tab.until(lambda: set(tab.call("GET", "window/handles")) - before, "a tab")
    tab.call("POST", "frame", {"id": None})
    assert tab.run("return location.href").startswith(page)
    assert tab.run("return document.title").endswith("Local API")
    tab.switch(opened)
    tab.until(lambda: tab.run("return document.title") == "Elsewhere", "the linked page")
    assert tab.run("return window.opener") is None
    assert [request for request in received if request[0] != "/favicon.ico"] == [("/link", None)]


def test_email_in_its_own_tab_is_sandboxed(
    tab: Browser, runner: RunnerProcess, send_email: Callable[..., None]
) -> None:
    send_email("alone@example.com", "Alone", html="<script>document.title = 'taken'</script><p>Hello")
    (email_id,) = [each["id"] for each in runner.get("/_local/inbox.json").json if each["to"] == "alone@example.com"]
    tab.open(f"http://localhost:{runner.port}/_local/emails/{email_id}.html")
    tab.find("p", "Hello")
    assert tab.run("return [self.origin, document.title]") == ["null", ""]


def test_requests_appear_live_and_open_to_their_log_lines(browser: Browser, runner: RunnerProcess) -> None:
    view(browser, "Requests")
    runner.get("/.well-known/jwks.json")
    runner.get("/.well-known/jwks.json")
    browser.find("#request-filter").type("jwks")
    browser.find("tr", "warm")
    rows = browser.run("return [...document.querySelectorAll('#requests tr')].map((row) => row.innerText.split('\\t'))")
    newest, first = rows[:2]
    assert newest[1:4] == ["GET", "/.well-known/jwks.json", "200"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d", newest[0])
    assert re.fullmatch(r"[\d.]+ ms", newest[4])
    assert (newest[5].strip(), newest[6]) == ("warm", "JwksFunction")
    assert "cold" in first[5]
    browser.click("#requests button")
    assert "route=/.well-known/jwks.json" in browser.find("#requests [aria-label='Log lines']").text
    browser.click("button", "Pause")
    runner.get("/.well-known/jwks.json")
    browser.find("#held", "Paused, 1 new")
    assert len(browser.run("return [...document.querySelectorAll('#requests tr:not(.detail-row)')]")) == len(rows)
    browser.click("button", "Resume")
    browser.until(
        lambda: browser.run("return document.querySelectorAll('#requests tr').length") == len(rows) + 1, "the new row"
    )
    browser.click("button", "Clear")
    browser.find("#no-request", "No request")


def test_request_shows_the_calls_to_other_services(browser: Browser, runner: RunnerProcess) -> None:
    view(browser, "Requests")
    runner.get("/.well-known/jwks.json")
    # No function of the project calls a service unless it is configured to.
    call = {"service": "weather", "method": "GET", "outcome": "timed out", "attempts": 2, "milliseconds": 34.5}
    answer = json.dumps({"lines": [], "calls": [call]})
    browser.run(
        "const real = fetch; window.fetch = (url, ...rest) =>"
        f" /requests\\/.+json/.test(url) ? Promise.resolve(new Response({answer!r})) : real(url, ...rest)"
    )
    browser.find("#request-filter").type("jwks")
    browser.click("#requests button")
    shown = browser.find("#requests [aria-label='Calls to other services']").text
    assert " ".join(shown.split()) == "GET weather timed out 34.5 ms 2 attempts"


def test_tables_show_their_items(browser: Browser) -> None:
    view(browser, "Tables")
    browser.click("#tables a", "CredentialsTable")
    browser.find("#table p", "Local data")
    columns = browser.run("return [...document.querySelectorAll('.items th')].map((one) => one.textContent)")
    assert columns[0] == "email", "the key"
    browser.click(".items button", ADMIN[0])
    browser.find("dialog table")
    rows = browser.run(
        "return [...document.querySelectorAll('dialog tr')].map((row) => [...row.children].map((one) => one.innerText))"
    )
    assert rows[0] == ["email\ntext", ADMIN[0]]
    assert ["invited\nboolean", "false"] in rows


def test_body_can_be_sent_as_a_form(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/login")
    for kind in ("Form, urlencoded", "Form, multipart"):
        browser.run(CHOOSE_KIND, kind)
        assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 415
    browser.run(CHOOSE_KIND, "JSON")
    assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 200
    browser.find("#session", f"Signed in as {ADMIN[0]} (admin)")


CHOOSE_KIND = "document.querySelector('[name=kind]').value = arguments[0]"


def test_half_filled_form_survives_a_change_of_view(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/verify-email")
    browser.labelled("Body").type('{"email": "half')
    view(browser, "Inbox")
    browser.find("#view-inbox")
    view(browser, "Routes")
    browser.find("h2", "POST /api/auth/verify-email")
    assert browser.labelled("Body").value == '{"email": "half'


def test_session_survives_a_page_reload(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/login")
    assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 200
    browser.call("POST", "refresh", {})
    browser.find("#session", f"Signed in as {ADMIN[0]}")
    form(browser, "POST", "/api/auth/refresh")
    assert send(browser)[0] == 200, "with the stored refresh token"
    form(browser, "POST", "/api/users")
    assert browser.labelled("Idempotency-Key").value
    assert send(browser, {"name": "Joan", "email": "joan@example.com"})[0] == 201
    assert "id" in json.loads(browser.find("#answer pre").text)["data"]


def test_page_is_usable_by_keyboard_alone(browser: Browser, send_email: Callable[..., None]) -> None:
    send_email("first@example.com", "Of the first")
    send_email("second@example.com", "Of the second")
    browser.find("#emails a", "Of the second")

    def focus() -> str:
        return str(browser.run("return document.activeElement.textContent.trim() || document.activeElement.id"))

    def tab_to(text: str) -> None:
        for _ in range(12):
            browser.press(TAB)
            if text in focus():
                assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        raise AssertionError(f"Tab does not reach {text!r}")

    browser.run("document.querySelector('nav a').focus()")
    tab_to("email-filter")
    tab_to("Of the second")
    browser.press("j")
    assert "Of the first" in focus()
    browser.press("k", DOWN, ENTER)
    browser.find("#email h2", "Of the first")
    tab_to("Preview")
    browser.press(RIGHT)
    assert browser.find("#email pre").text == "Hello"
    browser.run("document.querySelector('nav a').focus()")
    tab_to("Routes")
    browser.press(ENTER)
    browser.find("#routes a")
    tab_to("/.well-known/jwks.json")
    for _ in range(int(browser.run("return document.querySelectorAll('#routes a').length"))):
        browser.press(DOWN)
        if "/api/auth/login" in focus():
            break
    assert "/api/auth/login" in focus()
    browser.press(ENTER)
    browser.find("h2", "/api/auth/login")
    tab_to("Go to the form")
    browser.press(ENTER)
    assert focus() == browser.labelled("Body").attribute("id")
    tab_to("Send")
    browser.press(ENTER)
    browser.find("#answer .outcome", "200")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone_with_readable_contrast(
    browser: Browser, send_email: Callable[..., None], scheme: str
) -> None:
    address = f"{'a-long-name-' * 4}{scheme}@{'sub.' * 6}example.com"
    send_email(address, "Unbreakable" * 12, text="https://example.com/" + "x" * 300)
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.size(PHONE_WIDTH, 740)

    def fits() -> None:
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE_WIDTH
        assert browser.run(LOW_CONTRAST) == []

    for name in VIEWS:
        view(browser, name)
        browser.find(f"#view-{name.lower()}")
        fits()
    view(browser, "Inbox")
    browser.click("#emails a", address)
    browser.find("#email iframe")
    fits()
    for name in ("Text", "Source"):
        browser.click("[role=tab]", name)
        fits()
    form(browser, "POST", "/api/auth/login")
    fits()
    assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 200
    fits()
    view(browser, "Requests")
    browser.click("#requests button")
    browser.find("#requests pre")
    fits()
    view(browser, "Tables")
    browser.click("#tables a", "CredentialsTable")
    browser.find(".grid")
    fits()
    browser.click(".items button")
    browser.find("dialog table")
    fits()
    browser.click("button", "Edit as JSON")
    fits()
    browser.press(ESCAPE)
    browser.click("button", "Switch user")
    browser.find("dialog .user")
    fits()
    browser.devtools("Emulation.setEmulatedMedia", features=[])


# Finds visible text with less than the minimum contrast to its background (WCAG 2.2, 1.4.3, level AA).
LOW_CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (one) => {
  for (let at = one; at; at = at.parentElement) {
    const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
    if (a === 1) return [r, g, b];
  }
  return [255, 255, 255];
};
document.getAnimations().forEach((one) => one.finish());
return [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility() && !one.matches(".unseen")
    && (one.matches("input, textarea")
      || [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())))
  .map((one) => {
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    return [one.tagName, one.textContent.slice(0, 30), (a + 0.05) / (b + 0.05)];
  })
  .filter(([, , ratio]) => ratio < 4.5);
"""


def test_page_shows_when_the_runner_does_not_respond(tab: Browser, runner: RunnerProcess) -> None:
    tab.open(f"http://localhost:{runner.port}/_local/")
    tab.find("#view-inbox")
    tab.devtools("Network.enable")
    tab.devtools("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    tab.find("#gone", "make start")
    tab.devtools(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )
    tab.until(lambda: tab.run("return document.getElementById('gone').hidden"), "the page to reconnect")
