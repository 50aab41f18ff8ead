"""`make screenshots`: takes the screenshots of the local page for docs/, with accounts and contact forms in it."""

import base64
import sys
import tempfile
import threading
from pathlib import Path

from tests.browser.driver import Browser
from tests.browser.front_end import FETCH, KINDS, FrontEnd, Handler
from tests.local.harness import RunnerProcess
from tests.support import PASSWORD, ROOT

DOCS = ROOT / "docs"
# In bytes.
MAX_SIZE = 300_000
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")


def main() -> int:
    """Take all screenshots. Returns the exit status: 1 if a file is too large."""
    environment = {"LOCAL_ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT_MULTIPLIER": "1000"}
    with tempfile.TemporaryDirectory() as data, FrontEnd(("127.0.0.1", 0), Handler) as front_end:
        threading.Thread(target=front_end.serve_forever, daemon=True).start()
        parameters = [f"FrontendUrl={front_end.origin}", f"CorsOrigins={front_end.origin}"]
        runner = RunnerProcess(ROOT / "template.yaml", Path(data), "--parameter-overrides", *parameters, **environment)
        with runner, Browser() as browser, browser.tab():
            port = runner.ready().port
            front_end.api = f"http://localhost:{port}/api/contact"
            for name in reversed(PEOPLE):
                person = {"name": name, "email": f"{name.split()[0].lower()}@example.com", "password": PASSWORD}
                runner.post("/api/auth/register", person)
            _sign_in(browser, port)
            runner.post("/api/auth/forgot-password", {"email": "admin@example.com"})
            runner.request("PUT", "/api/auth/me")
            pictures = _pictures(browser)
            _send_forms(browser, front_end)
            pictures |= _pictures_of_forms(browser, port)
        front_end.shutdown()
    for name, picture in pictures.items():
        (DOCS / name).write_bytes(picture)
        print(f"docs/{name}: {len(picture) // 1000} kB")
    return int(any(len(picture) > MAX_SIZE for picture in pictures.values()))


def _pictures(browser: Browser) -> dict[str, bytes]:
    pictures = {}
    browser.size(1280, 720)
    browser.click("nav a", "Inbox")
    browser.find("#emails a.unread", "admin@example.com")
    browser.click("#emails a", "ada@example.com")
    browser.find("#email iframe")
    pictures["local-page.png"] = _picture(browser)
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.click("nav a", "Requests")
    browser.click("#requests button", "/api/auth/register")
    browser.find("#requests pre")
    browser.run("document.activeElement.blur()")
    pictures["local-page-dark.png"] = _picture(browser)
    return pictures


def _sign_in(browser: Browser, port: int) -> None:
    browser.open(f"http://localhost:{port}/_local/#routes/POST%20%2Fapi%2Fauth%2Flogin")
    browser.click("button", "Send")
    browser.find("#session", "Signed in as")


def _send_forms(browser: Browser, front_end: FrontEnd) -> None:
    """Send the contact form from the front end: as an HTML form in both encodings, and by a script."""
    for name, kind in zip(PEOPLE, KINDS, strict=False):
        browser.open(f"{front_end.origin}/?{kind}")
        browser.labelled("Name").type(name)
        browser.labelled("Email").type(f"{name.split()[0].lower()}@example.com")
        browser.labelled("Message").type(f"Sent by a browser as {kind}.")
        browser.click("button", "Send")
        browser.until(lambda: browser.run("return location.pathname") == "/contact/thanks", "the thanks page")
    form = {"name": "Alan Turing", "email": "alan@example.com", "message": "Sent by a script as application/json."}
    browser.run(FETCH, front_end.api, form)


def _pictures_of_forms(browser: Browser, port: int) -> dict[str, bytes]:
    browser.devtools("Emulation.setEmulatedMedia", features=[])
    browser.open(f"http://localhost:{port}/_local/")
    browser.find("#emails a.unread", "Contact")
    browser.click("#emails a", "Contact")
    browser.find("#email iframe")
    pictures = {"contact-mail.png": _picture(browser)}
    _sign_in(browser, port)
    browser.open(f"http://localhost:{port}/_local/#routes/GET%20%2Fapi%2Fcontact")
    browser.click("button", "Send")
    browser.find("#answer", "Sent by a script")
    return pictures | {"contact-list.png": _picture(browser)}


def _picture(browser: Browser) -> bytes:
    # Fonts, the frame and transitions are complete when two screenshots in a row are identical.
    before = b""
    while (picture := base64.b64decode(browser.call("GET", "screenshot"))) != before:
        before = picture
    return picture


if __name__ == "__main__":
    sys.exit(main())
