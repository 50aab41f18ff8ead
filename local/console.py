"""Output on the terminal: one whole line per event, in color only if the output is a terminal."""

import os
import re
import sys
import threading
from http import HTTPStatus
from typing import TextIO

_RED, _YELLOW, _DIM, _BOLD = "31", "33", "2", "1"
# Control characters and line separators. Any web page can request a path that contains them, and a terminal would obey
# them: move the cursor, or forge a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Console:
    """Writes lines to `out`. Thread-safe."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._color = self._out.isatty() and "NO_COLOR" not in os.environ

    def print(self, text: str = "") -> None:
        """Print `text` unchanged."""
        with self._lock:
            try:
                self._out.write(text + "\n")
                self._out.flush()
            except (OSError, ValueError):
                # The terminal or pipe is closed. The runner works on without it.
                return

    def title(self, text: str) -> None:
        """Print a line in bold."""
        self.print(self._paint(text, _BOLD))

    def progress(self, text: str) -> None:
        """Print what the runner has done or is doing."""
        self.print(self._paint(text, _DIM))

    def warn(self, text: str) -> None:
        """Print a failure that does not stop the runner."""
        self.print(self._paint(text, _YELLOW))

    def error(self, text: str) -> None:
        """Print a failure that needs a correction."""
        self.print(self._paint(text, _RED))

    def output(self, function: str, line: str) -> None:
        """Print a line that a function printed."""
        self.print(f"{self._paint(function, _DIM)} | {line}")

    def request(self, text: str, status: int) -> None:
        """Print an answered request, with control characters from its path escaped."""
        text = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", text)
        self.print(self._paint(text, _RED) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else text)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text
