"""What the terminal shows. One line per event, whole lines only, colour only for a terminal."""

import os
import re
import sys
import threading
from typing import TextIO

_RED, _YELLOW, _DIM, _BOLD = "31", "33", "2", "1"
_SERVER_ERROR = 500
# Any page in the browser can ask for a path with these in it: what moves a terminal's cursor, and worse.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class RunnerError(Exception):
    """Something the person at the keyboard can put right. The message says what is wrong and the next step."""


class Console:
    """Writes lines to `out`. Safe to use from several threads."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ

    def say(self, text: str = "") -> None:
        """Print `text` as it is."""
        with self._lock:
            try:
                self._out.write(text + "\n")
                self._out.flush()
            except (OSError, ValueError):
                # The terminal or the pipe is gone. The runner's work does not depend on being watched.
                return

    def title(self, text: str) -> None:
        """Print a line that stands out."""
        self.say(self._paint(text, _BOLD))

    def progress(self, text: str) -> None:
        """Print a step of the start."""
        self.say(self._paint(text, _DIM))

    def warn(self, text: str) -> None:
        """Print something that went wrong and that the runner survives."""
        self.say(self._paint(text, _YELLOW))

    def error(self, text: str) -> None:
        """Print why the runner stops."""
        self.say(self._paint(text, _RED))

    def output(self, function: str, line: str) -> None:
        """Print one line that a function wrote."""
        self.say(f"{self._paint(function, _DIM)} | {line}")

    def request(self, text: str, status: int) -> None:
        """Print one answered request, whose path is whatever somebody has asked for."""
        text = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", text)
        self.say(self._paint(text, _RED) if status >= _SERVER_ERROR else text)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
