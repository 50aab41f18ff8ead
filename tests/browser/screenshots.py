"""`make screenshots`: takes the screenshots for docs/: the local page with a few accounts, and two emails."""

import base64
import sys
import tempfile
from pathlib import Path

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
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")


def main() -> int:
    """Take all screenshots. Returns the exit status: 1 if a file is too large."""
    environment = {"LOCAL_ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT_MULTIPLIER": "1000"}
    with tempfile.TemporaryDirectory() as data:
        runner = RunnerProcess(ROOT / "template.yaml", Path(data), **environment)
        with runner, Browser() as browser, browser.tab():
            port = runner.ready().port
            for name in reversed(PEOPLE):
                person = {"name": name, "email": f"{name.split()[0].lower()}@example.com", "password": PASSWORD}
                runner.post("/api/auth/register", person)
            _sign_in(browser, port)
            runner.post("/api/auth/forgot-password", {"email": "admin@example.com"})
            runner.request("PUT", "/api/auth/me")
            pictures = _pictures(browser)
            pictures["emails.png"] = _picture_of_emails(browser)
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


def _picture_of_emails(browser: Browser) -> bytes:
    """Show two emails as a phone does, light and dark, from the snapshots of the tests."""
    browser.size(1500, 666)
    browser.devtools("Emulation.setEmulatedMedia", features=[])
    browser.open("about:blank")
    browser.run(SHOW_EMAILS, [(SNAPSHOTS / f"{name}.html").read_text(encoding="utf-8") for name in EMAILS])
    return _picture(browser)


def _picture(browser: Browser) -> bytes:
    # Fonts, the frame and transitions are complete when two screenshots in a row are identical.
    before = b""
    while (picture := base64.b64decode(browser.call("GET", "screenshot"))) != before:
        before = picture
    return picture


if __name__ == "__main__":
    sys.exit(main())
