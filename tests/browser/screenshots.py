"""`make screenshots`: takes the screenshots for docs/: the local page with a few accounts, and two emails."""

import base64
import sys
import tempfile
from pathlib import Path

from tests.browser.actions import add_user, form, sign_in, view
from tests.browser.driver import Browser
from tests.local.harness import RunnerProcess
from tests.support import PASSWORD, ROOT

DOCS = ROOT / "docs"
SNAPSHOTS = ROOT / "tests/shared/mail/snapshots"
EMAILS = ("registration", "new_device")
# An email follows the color scheme of the frame that shows it.
SHOW_EMAILS = """
document.body.style = "margin: 0; display: flex";
for (const scheme of ["light", "dark"])
  for (const email of arguments[0]) {
    const frame = document.createElement("iframe");
    frame.style = `width: 375px; height: 100vh; border: 0; color-scheme: ${scheme}`;
    frame.scrolling = "no";
    frame.srcdoc = email;
    document.body.append(frame);
  }
"""
# In bytes.
MAX_SIZE = 300_000
PEOPLE = ("Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")
ADA = {"name": "Ada Lovelace", "email": "ada@example.com", "password": PASSWORD}


def main() -> int:
    """Take all screenshots. Returns the exit status: 1 if a file is too large."""
    environment = {"LOCAL_ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT_MULTIPLIER": "1000"}
    with tempfile.TemporaryDirectory() as data:
        runner = RunnerProcess(ROOT / "template.yaml", Path(data), **environment)
        with runner, Browser() as browser, browser.tab():
            browser.open(f"http://localhost:{runner.ready().port}/_local/")
            _use_the_api(runner)
            sign_in(browser)
            pictures = _pictures(browser)
            pictures["emails.png"] = _picture_of_emails(browser)
    for name, picture in pictures.items():
        (DOCS / name).write_bytes(picture)
        print(f"docs/{name}: {len(picture) // 1000} kB")
    return int(any(len(picture) > MAX_SIZE for picture in pictures.values()))


def _use_the_api(runner: RunnerProcess) -> None:
    """Leave something to see: accounts, emails, and requests that succeed, fail, or are refused by browsers."""
    for name in PEOPLE:
        add_user(runner, name)
    runner.post("/api/auth/forgot-password", {"email": "grace@example.com"})
    runner.request("PUT", "/api/auth/me")
    preflight = {"Origin": "https://www.example.org", "Access-Control-Request-Method": "GET"}
    runner.request("OPTIONS", "/api/users", headers=preflight)
    runner.post("/api/auth/register", ADA)
    runner.post("/api/auth/forgot-password", {"email": "admin@example.com"})


def _pictures(browser: Browser) -> dict[str, bytes]:
    browser.size(1280, 720)
    return {
        "local-page.png": _inbox(browser),
        "local-page-routes.png": _routes(browser),
        "local-page-dark.png": _requests(browser),
        "local-page-tables.png": _tables(browser),
        "local-page-phone.png": _phone(browser),
    }


def _inbox(browser: Browser) -> bytes:
    view(browser, "Inbox")
    browser.find("#emails a.unread", "admin@example.com")
    browser.click("#emails a", "ada@example.com")
    browser.find("#email iframe")
    return _picture(browser)


def _routes(browser: Browser) -> bytes:
    form(browser, "POST", "/api/auth/verify-email")
    browser.click(".offers button", "Use code")
    return _picture(browser)


def _requests(browser: Browser) -> bytes:
    _color_scheme(browser, "dark")
    view(browser, "Requests")
    browser.find("#requests .badge", "CORS")
    browser.click("#requests button", "/api/auth/register")
    browser.find("#requests [aria-label='Log lines']")
    return _picture(browser)


def _tables(browser: Browser) -> bytes:
    _color_scheme(browser, "light")
    view(browser, "Tables")
    browser.click("#tables a", "UsersTable")
    browser.find(".items button")
    return _picture(browser)


def _phone(browser: Browser) -> bytes:
    _color_scheme(browser, "dark")
    browser.size(390, 780)
    form(browser, "PATCH", "/api/users/{userId}")
    browser.click(".part summary", "Body")
    return _picture(browser)


def _color_scheme(browser: Browser, scheme: str) -> None:
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def _picture_of_emails(browser: Browser) -> bytes:
    """Show two emails as a phone does, light and dark, from the snapshots of the tests."""
    browser.size(1500, 666)
    browser.devtools("Emulation.setEmulatedMedia", features=[])
    browser.open("about:blank")
    browser.run(SHOW_EMAILS, [(SNAPSHOTS / f"{name}.html").read_text(encoding="utf-8") for name in EMAILS])
    return _picture(browser)


def _picture(browser: Browser) -> bytes:
    # No link or button keeps the look of the last click.
    browser.run("document.activeElement.blur()")
    # Fonts, the frame and transitions are complete when two screenshots in a row are identical.
    before = b""
    while (picture := base64.b64decode(browser.call("GET", "screenshot"))) != before:
        before = picture
    return picture


if __name__ == "__main__":
    sys.exit(main())
