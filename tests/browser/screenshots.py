"""`make screenshots`: pictures of the local page for docs/, taken while somebody opens an account in it."""

import base64
import sys
import tempfile
from pathlib import Path

from tests.browser.driver import Browser
from tests.local.harness import ROOT, Running

DOCS = ROOT / "docs"
LARGEST = 300_000
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov")
PASSWORD = "correct horse battery"


def main() -> int:
    """Take every picture. Returns the exit status."""
    environment = {"LOCAL_ADMIN_PASSWORD": PASSWORD, "RATE_LIMIT_MULTIPLIER": "1000"}
    with tempfile.TemporaryDirectory() as data:
        running = Running(ROOT / "template.yaml", Path(data), **environment)
        with running, Browser() as browser, browser.tab():
            page = f"http://localhost:{running.ready().port}/_local/"
            for name in reversed(PEOPLE):
                person = {"name": name, "email": f"{name.split()[0].lower()}@example.com", "password": PASSWORD}
                running.post("/api/auth/register", person)
            browser.open(f"{page}#routes/POST%20%2Fapi%2Fauth%2Flogin")
            browser.click("button", "Send")
            browser.find("#session", "Signed in as")
            running.post("/api/auth/forgot-password", {"email": "admin@example.com"})
            running.request("PUT", "/api/auth/me")
            pictures = _pictures(browser)
    for name, picture in pictures.items():
        (DOCS / name).write_bytes(picture)
        print(f"docs/{name}: {len(picture) // 1000} kB")
    return int(any(len(picture) > LARGEST for picture in pictures.values()))


def _pictures(browser: Browser) -> dict[str, bytes]:
    pictures = {}
    browser.size(1280, 720)
    browser.click("nav a", "Inbox")
    browser.find("#mails a.unread", "admin@example.com")
    browser.click("#mails a", "ada@example.com")
    browser.find("#mail iframe")
    pictures["local-page.png"] = _picture(browser)
    browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.click("nav a", "Requests")
    browser.click("#requests button", "/api/auth/register")
    browser.find("#requests pre")
    browser.run("document.activeElement.blur()")
    pictures["local-page-dark.png"] = _picture(browser)
    return pictures


def _picture(browser: Browser) -> bytes:
    # Fonts, the frame and transitions are where they should be when two pictures are the same.
    before = b""
    while (picture := base64.b64decode(browser.call("GET", "screenshot"))) != before:
        before = picture
    return picture


if __name__ == "__main__":
    sys.exit(main())
