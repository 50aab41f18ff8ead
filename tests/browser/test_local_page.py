"""/_local/ as people use it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.conftest import ADMIN, PASSWORD
from tests.browser.driver import DOWN, ENTER, RIGHT, TAB, Browser, Element
from tests.local.harness import Running

WIDTH_OF_A_PHONE = 375
VIEWS = ("Inbox", "Requests", "Routes", "Tables")


def view(browser: Browser, name: str) -> None:
    browser.click("nav a", name)


def form(browser: Browser, verb: str, path: str) -> None:
    """Open the form of a route."""
    view(browser, "Routes")
    if browser.run("return document.querySelector('#view-routes.opened .back')?.checkVisibility()"):
        browser.click("#view-routes .back")
    browser.until(lambda: browser.run(CLICK_ROUTE, verb, path), f"the route {verb} {path}")
    browser.find("h2", f"{verb} {path}")


CLICK_ROUTE = """
const link = [...document.querySelectorAll("#routes a")].find((one) =>
  one.children[0].textContent === arguments[0] && one.children[1].textContent === arguments[1]);
link?.click();
return !!link;
"""


def send(browser: Browser, body: object = None) -> tuple[int, str]:
    """Fill in the body, send the form; the answer's status and body."""
    if body is not None:
        browser.labelled("Body").type(json.dumps(body))
    browser.run("document.querySelector('#answer .outcome').replaceChildren()")
    browser.click("button", "Send")
    outcome = browser.find("#answer .outcome", " ms").text
    return int(outcome.split()[0]), browser.find("#answer [role=tabpanel]").text


def read_mail(browser: Browser, to: str) -> Element:
    """Open the newest mail to this address when it is there; its text."""
    view(browser, "Inbox")
    browser.click("#mails a", to)
    browser.find("#mail .facts", to)
    browser.click("[role=tab]", "Text")
    return browser.find("#mail pre")


def test_an_account_from_registration_to_its_profile(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/register")
    assert json.loads(browser.labelled("Body").value)["email"] == "ada@example.com", "the event's body"
    person = {"name": "Ada", "email": "ada.new@example.com", "password": PASSWORD}
    assert send(browser, person)[0] == 202
    code = re.search(r"(?m)(?:^|\s)(\d{6})$", read_mail(browser, "ada.new@example.com").text)
    assert code
    form(browser, "POST", "/api/auth/verify-email")
    assert send(browser, {"email": "ada.new@example.com", "code": code[1]})[0] == 200
    form(browser, "POST", "/api/auth/login")
    assert json.loads(browser.labelled("Body").value) == {"email": "ada.new@example.com", "password": PASSWORD}
    assert send(browser)[0] == 200
    assert "Signed in as ada.new@example.com (user)" in browser.find("#session").text
    form(browser, "GET", "/api/auth/me")
    status, body = send(browser)
    assert (status, json.loads(body)["data"]["user"]["name"]) == (200, "Ada")
    form(browser, "GET", "/api/users/{userId}")
    assert browser.labelled("userId").value == json.loads(body)["data"]["user"]["id"]
    assert send(browser)[0] == 200
    form(browser, "PATCH", "/api/users/{userId}")
    assert browser.labelled("If-Match").value.strip('W/"'), "the ETag of the answer before"
    assert send(browser, {"name": "Ada Lovelace"})[0] == 200
    browser.labelled("If-Match").type('"0"')
    assert send(browser, {"name": "Late"})[0] == 412
    browser.click("button", "Forget")
    form(browser, "GET", "/api/auth/me")
    assert send(browser)[0] == 401
    assert browser.find("#session").text == "Not signed in"


def test_a_new_mail_is_announced_and_marked_until_it_is_read(browser: Browser, send_mail: Callable[..., None]) -> None:
    browser.find("#view-inbox .empty")
    send_mail("grace@example.com", "Watch <b>this</b>")
    browser.find("#mails a.unread", "Watch <b>this</b>")
    assert "New mail to grace@example.com" in browser.run("return document.getElementById('announcement').textContent")
    assert browser.run("return document.title").startswith("(")
    browser.click("#mails a", "Watch")
    browser.find("#mail h2", "Watch <b>this</b>")
    assert "unread" not in (browser.find("#mails a", "Watch").attribute("class") or "")
    browser.click("[role=tab]", "Source")
    source = browser.find("#mail pre").text
    for header in ("From: no-reply@example.com", "To: grace@example.com", "Reply-To: answers@example.com"):
        assert header in source
    assert "X-Outbox-Id: entry-7" in source


def test_mails_are_found_by_address(browser: Browser, send_mail: Callable[..., None]) -> None:
    send_mail("find.me@example.com", "Found")
    send_mail("other@example.com", "Not found")
    browser.find("#mails a", "other@example.com")
    browser.find("#mail-filter").type("FIND.me")
    browser.until(lambda: browser.run("return document.querySelectorAll('#mails a').length") == 1, "one mail")
    assert "Found" in browser.find("#mails a").text


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A server of another origin, and what it was asked for: path and Referer."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Referer"]))
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
        yield f"http://127.0.0.1:{server.server_port}", asked
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


def test_a_hostile_mail_does_nothing_but_be_seen(
    tab: Browser,
    running: Running,
    send_mail: Callable[..., None],
    elsewhere: tuple[str, list[tuple[str, str | None]]],
) -> None:
    there, asked = elsewhere
    send_mail("hostile@example.com", "<img src=x onerror=alert(1)>", html=HOSTILE.format(there=there, tag="& rel=x"))
    page = f"http://localhost:{running.port}/_local/"
    tab.open(page)
    tab.click("#mails a", "hostile@example.com")
    frame = tab.find("iframe")
    assert set((frame.attribute("sandbox") or "").split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    tab.call("POST", "frame", {"id": {"element-6066-11e4-a52e-4f735466cecf": frame.id}})
    tab.find("p", "Read more & rel=x & so on")
    assert tab.run("return self.origin") == "null"
    tab.click("#submit")
    before = set(tab.call("GET", "window/handles"))
    # What comes after everything else that the mail may have tried.
    tab.click("#inside")
    (opened,) = tab.until(lambda: set(tab.call("GET", "window/handles")) - before, "a tab")
    tab.call("POST", "frame", {"id": None})
    assert tab.run("return location.href").startswith(page)
    assert tab.run("return document.title").endswith("Local API")
    tab.switch(opened)
    tab.until(lambda: tab.run("return document.title") == "Elsewhere", "the linked page")
    assert tab.run("return window.opener") is None
    assert [request for request in asked if request[0] != "/favicon.ico"] == [("/link", None)]


def test_a_mail_is_as_harmless_in_a_tab_of_its_own(
    tab: Browser, running: Running, send_mail: Callable[..., None]
) -> None:
    send_mail("alone@example.com", "Alone", html="<script>document.title = 'taken'</script><p>Hello")
    (mail_id,) = [mail["id"] for mail in running.get("/_local/inbox.json").json if mail["to"] == "alone@example.com"]
    tab.open(f"http://localhost:{running.port}/_local/mails/{mail_id}.html")
    tab.find("p", "Hello")
    assert tab.run("return [self.origin, document.title]") == ["null", ""]


def test_requests_come_in_live_with_cold_and_warm_starts_and_open_to_their_log_lines(
    browser: Browser, running: Running
) -> None:
    view(browser, "Requests")
    running.get("/.well-known/jwks.json")
    running.get("/.well-known/jwks.json")
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
    assert "route=/.well-known/jwks.json" in browser.find("#requests pre").text
    browser.click("button", "Pause")
    running.get("/.well-known/jwks.json")
    browser.find("#held", "Paused, 1 new")
    assert len(browser.run("return [...document.querySelectorAll('#requests tr:not(.detail-row)')]")) == len(rows)
    browser.click("button", "Go on")
    browser.until(lambda: browser.run("return document.querySelectorAll('#requests tr').length") == len(rows) + 1, "it")
    browser.click("button", "Clear")
    browser.find("#no-request", "No request")


def test_tables_show_their_items(browser: Browser) -> None:
    view(browser, "Tables")
    browser.click("#tables a", "CredentialsTable")
    browser.find("#table p", "Local data")
    browser.find("#table p", "Key: email")
    browser.click("summary", ADMIN[0])
    item = json.loads(browser.find("#table pre").text)
    assert (item["email"], item["verified"]) == (ADMIN[0], True)


def test_a_body_can_be_sent_as_a_form(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/login")
    for kind in ("Form, urlencoded", "Form, multipart"):
        browser.run(CHOOSE_KIND, kind)
        assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 415
    browser.run(CHOOSE_KIND, "JSON")
    assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 200
    assert f"Signed in as {ADMIN[0]} (admin)" in browser.find("#session").text


CHOOSE_KIND = "document.querySelector('[name=kind]').value = arguments[0]"


def test_a_form_half_filled_in_is_there_after_a_look_into_the_inbox(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/verify-email")
    browser.labelled("Body").type('{"email": "half')
    view(browser, "Inbox")
    browser.find("#view-inbox")
    view(browser, "Routes")
    browser.find("h2", "POST /api/auth/verify-email")
    assert browser.labelled("Body").value == '{"email": "half'


def test_a_sign_in_outlives_a_reload_of_the_page(browser: Browser) -> None:
    form(browser, "POST", "/api/auth/login")
    assert send(browser, {"email": ADMIN[0], "password": PASSWORD})[0] == 200
    browser.call("POST", "refresh", {})
    assert f"Signed in as {ADMIN[0]}" in browser.find("#session").text
    form(browser, "POST", "/api/auth/refresh")
    assert send(browser)[0] == 200, "with the refresh token that is remembered"
    form(browser, "POST", "/api/users")
    assert browser.labelled("Idempotency-Key").value
    assert send(browser, {"name": "Joan", "email": "joan@example.com"})[0] == 201
    assert "id" in json.loads(browser.find("#answer pre").text)["data"]


def test_the_keyboard_alone_is_enough(browser: Browser, send_mail: Callable[..., None]) -> None:
    send_mail("first@example.com", "Of the first")
    send_mail("second@example.com", "Of the second")
    browser.find("#mails a", "Of the second")

    def focus() -> str:
        return str(browser.run("return document.activeElement.textContent.trim() || document.activeElement.id"))

    def tab_to(text: str) -> None:
        for _ in range(12):
            browser.press(TAB)
            if text in focus():
                assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        raise AssertionError(f"no way to {text!r}")

    browser.run("document.querySelector('nav a').focus()")
    tab_to("mail-filter")
    tab_to("Of the second")
    browser.press("j")
    assert "Of the first" in focus()
    browser.press("k", DOWN, ENTER)
    browser.find("#mail h2", "Of the first")
    tab_to("Preview")
    browser.press(RIGHT)
    assert browser.find("#mail pre").text == "Hello"
    browser.run("document.querySelector('nav a').focus()")
    tab_to("Routes")
    browser.press(ENTER)
    browser.find("#routes a")
    tab_to("/.well-known/jwks.json")
    for _ in range(5):
        browser.press(DOWN)
    assert "/api/auth/login" in focus()
    browser.press(ENTER)
    browser.find("h2", "/api/auth/login")
    tab_to(browser.labelled("Body").attribute("id") or "")
    tab_to("Send")
    browser.press(ENTER)
    browser.find("#answer .outcome", "200")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(browser: Browser, send_mail: Callable[..., None], scheme: str) -> None:
    address = f"{'a-long-name-' * 4}{scheme}@{'sub.' * 6}example.com"
    send_mail(address, "Unbreakable" * 12, text="https://example.com/" + "x" * 300)
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.size(WIDTH_OF_A_PHONE, 740)

    def fits() -> None:
        assert browser.run("return document.documentElement.scrollWidth") <= WIDTH_OF_A_PHONE
        assert browser.run(TOO_FAINT) == []

    for name in VIEWS:
        view(browser, name)
        browser.find(f"#view-{name.lower()}")
        fits()
    view(browser, "Inbox")
    browser.click("#mails a", address)
    browser.find("#mail iframe")
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
    browser.click("summary")
    browser.find("#table pre")
    fits()
    browser.devtools("Emulation.setEmulatedMedia", features=[])


# Every text that is shown against what is behind it: WCAG 2.2, 1.4.3, level AA.
TOO_FAINT = """
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


def test_the_page_says_when_the_runner_is_gone(tab: Browser, running: Running) -> None:
    tab.open(f"http://localhost:{running.port}/_local/")
    tab.find("#view-inbox")
    tab.devtools("Network.enable")
    tab.devtools("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
    tab.find("#gone", "make start")
    tab.devtools(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )
    tab.until(lambda: tab.run("return document.getElementById('gone').hidden"), "the page to go on")
