"""A client for headless Chromium through chromedriver, by the W3C WebDriver protocol (JSON over HTTP).

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

TIMEOUT = 20.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The protocol's key for an element's id, and its codes for special keys.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, ESCAPE, UP, RIGHT, DOWN = "\ue004", "\ue007", "\ue00c", "\ue013", "\ue014", "\ue015"


class DriverError(Exception):
    """chromedriver answered with an error."""


@dataclass(frozen=True)
class Element:
    """An element of the current page."""

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
        """Replace the text of a field."""
        self.browser.call("POST", f"element/{self.id}/clear", {})
        self.browser.call("POST", f"element/{self.id}/value", {"text": text})


class Browser:
    """A browser. `tab` opens a page without the storage of earlier ones."""

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
            # Chromium refuses to run as root inside its sandbox.
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
            "timeouts": {"script": int(TIMEOUT * 1000)},
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
        """Send a command to the session."""
        return self._send(method, self._session + path, body)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body))
        value = json.loads(self._connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise DriverError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    @contextlib.contextmanager
    def tab(self) -> Iterator[Self]:
        """Work in a new tab; close it at the end, with all tabs that were opened from it."""
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
        """Set the size of the page, in CSS pixels."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def devtools(self, command: str, **parameters: Any) -> Any:
        """Send a command of the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""
        return self.call("POST", "goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url: str) -> None:
        self.call("POST", "url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page and return its result."""
        return self.call("POST", "execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str, text: str = "") -> Element:
        """Wait for a visible element that matches the CSS selector and contains this text."""
        script = """return [...document.querySelectorAll(arguments[0])].find((one) =>
            one.checkVisibility() && one.textContent.replace(/\\s+/g, " ").includes(arguments[1]))"""
        found = self.until(lambda: self.run(script, selector, text), f"{selector} with {text!r}")
        return Element(self, found[_ELEMENT])

    def click(self, selector: str, text: str = "") -> None:
        """Wait for such an element and click it; retry if the page has replaced it in the meantime."""

        def clicked() -> bool:
            self.find(selector, text).click()
            return True

        self.until(clicked, f"a click on {selector} with {text!r}")

    def labelled(self, label: str) -> Element:
        """Wait for the field with this label."""
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
        """Call `look` until its result is true, and return the result."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            with contextlib.suppress(DriverError):
                if found := look():
                    return found
            assert time.monotonic() < deadline, f"waited {TIMEOUT:.0f} s for {what}; the page:\n{self.page_text}"
            time.sleep(0.02)

    @property
    def page_text(self) -> str:
        return str(self.run("return document.body.innerText"))

    def press(self, *keys: str) -> None:
        """Press keys in sequence, on the focused element."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def console_messages(self) -> list[str]:
        """Return the console messages since the last call, including violations of content security policies."""
        return [entry["message"] for entry in self.call("POST", "se/log", {"type": "browser"})]

    def hosts(self) -> set[str]:
        """Return the hosts that received requests since the last call."""
        entries = self.call("POST", "se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        urls = [
            urlsplit(message["params"]["request"]["url"])
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        return {url.hostname or "" for url in urls if url.scheme in {"http", "https", "ws", "wss"}}
