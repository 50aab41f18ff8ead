"""Drives a headless Chromium through chromedriver: the W3C WebDriver protocol is JSON over HTTP.

https://www.w3.org/TR/webdriver2/
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

SECONDS = 20.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# How the protocol marks an element, and keys that are not letters.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, ESCAPE, LEFT, UP, RIGHT, DOWN, SPACE = (
    "\ue004",
    "\ue007",
    "\ue00c",
    "\ue012",
    "\ue013",
    "\ue014",
    "\ue015",
    " ",
)


class DriverError(Exception):
    """chromedriver said no."""


@dataclass(frozen=True)
class Element:
    """An element of the page that is open."""

    browser: "Browser"
    id: str

    @property
    def text(self) -> str:
        return str(self.browser.call("GET", f"element/{self.id}/text"))

    @property
    def value(self) -> str:
        return str(self.browser.call("GET", f"element/{self.id}/property/value"))

    def attribute(self, name: str) -> str | None:
        found: str | None = self.browser.call("GET", f"element/{self.id}/attribute/{name}")
        return found

    def click(self) -> None:
        self.browser.call("POST", f"element/{self.id}/click", {})

    def type(self, text: str) -> None:
        """Replace what is in a field."""
        self.browser.call("POST", f"element/{self.id}/clear", {})
        self.browser.call("POST", f"element/{self.id}/value", {"text": text})


class Browser:
    """One browser; `tab` begins a page without any memory of those before."""

    def __init__(self) -> None:
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._driver.stdout
        port = next(int(found[1]) for line in self._driver.stdout if (found := re.search(rb"on port (\d+)\.", line)))
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._session = ""
        binary = next(filter(None, map(shutil.which, _BROWSERS)), None)
        arguments = [
            "--headless=new",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            # Chromium refuses to be root in its sandbox.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]
        options = {
            "args": arguments,
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
            **({"binary": binary} if binary else {}),
        }
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": int(SECONDS * 1000)},
        }
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        with contextlib.suppress(DriverError, OSError):
            self._send("DELETE", self._session.rstrip("/"))
        self._connection.close()
        self._driver.terminate()
        self._driver.communicate()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a command of the session."""
        return self._send(method, self._session + path, body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body))
        value = json.loads(self._connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise DriverError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    @contextlib.contextmanager
    def tab(self) -> Iterator[Self]:
        """Work in a tab of its own, and close it with all that it has opened."""
        before = set(self.call("GET", "window/handles"))
        new = self.call("POST", "window/new", {"type": "tab"})["handle"]
        self.switch(new)
        self.size(1280, 800)
        try:
            yield self
        finally:
            self.devtools("Emulation.clearDeviceMetricsOverride")
            for handle in set(self.call("GET", "window/handles")) - before:
                self.switch(handle)
                self.call("DELETE", "window")
            self.switch(before.pop())

    def switch(self, handle: str) -> None:
        self.call("POST", "window", {"handle": handle})

    def size(self, width: int, height: int) -> None:
        """Give the page this much room, in CSS pixels."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def devtools(self, command: str, **parameters: Any) -> Any:
        """https://chromedevtools.github.io/devtools-protocol/."""
        return self.call("POST", "goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url: str) -> None:
        self.call("POST", "url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; what it returns."""
        return self.call("POST", "execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str, text: str = "") -> Element:
        """Wait for a visible element that fits the CSS selector, and has this text."""
        script = """return [...document.querySelectorAll(arguments[0])].find((one) =>
            one.checkVisibility() && one.textContent.replace(/\\s+/g, " ").includes(arguments[1]))"""
        found = self.until(lambda: self.run(script, selector, text), f"{selector} with {text!r}")
        return Element(self, found[_ELEMENT])

    def click(self, selector: str, text: str = "") -> None:
        """Wait for such an element and click it, again if the page has just put another in its place."""

        def clicked() -> bool:
            self.find(selector, text).click()
            return True

        self.until(clicked, f"a click on {selector} with {text!r}")

    def labelled(self, label: str) -> Element:
        """Wait for a field with this label."""
        return Element(
            self,
            self.until(
                lambda: self.run(
                    """return [...document.querySelectorAll("label")].find((one) =>
                    one.checkVisibility() && one.textContent.startsWith(arguments[0]))?.control""",
                    label,
                ),
                f"a field {label}",
            )[_ELEMENT],
        )

    def until(self, look: Any, what: str) -> Any:
        """Look until there is something, and return it."""
        deadline = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(DriverError):
                if found := look():
                    return found
            assert time.monotonic() < deadline, f"waited {SECONDS:.0f} s for {what}; the page:\n{self.page_text}"
            time.sleep(0.02)

    @property
    def page_text(self) -> str:
        return str(self.run("return document.body.innerText"))

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def complaints(self) -> list[str]:
        """What the console has said since the last look, policy violations included."""
        return [entry["message"] for entry in self.call("POST", "se/log", {"type": "browser"})]

    def hosts(self) -> set[str]:
        """The hosts that were asked for anything since the last look."""
        entries = self.call("POST", "se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        urls = [
            urlsplit(message["params"]["request"]["url"])
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        return {url.hostname or "" for url in urls if url.scheme in {"http", "https", "ws", "wss"}}
