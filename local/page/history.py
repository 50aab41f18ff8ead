"""The latest requests and what the functions printed for them, in memory only."""

import threading
from collections import OrderedDict, deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Slow to import, see `runner.py`.
    from local.gateway.app import RequestRecord

_MAX_REQUESTS = 1_000
# In lines and in characters per line: together they limit the memory.
_MAX_LINES, _MAX_LINE = 10_000, 4_000


class History:
    """The latest requests. Thread-safe."""

    def __init__(self) -> None:
        self._requests: deque[dict[str, Any]] = deque(maxlen=_MAX_REQUESTS)
        self._count = 0
        self._lines: OrderedDict[str, list[str]] = OrderedDict()
        self._line_count = 0
        self._lock = threading.Lock()

    def add_request(self, request: "RequestRecord") -> None:
        """Add an answered request."""
        with self._lock:
            self._count += 1
            self._requests.append({"number": self._count, **asdict(request)})

    def add_line(self, request_id: str, line: str) -> None:
        """Add a line that a function printed for this request."""
        with self._lock:
            self._lines.setdefault(request_id, []).append(line[:_MAX_LINE])
            self._line_count += 1
            while self._line_count > _MAX_LINES:
                oldest, lines = next(iter(self._lines.items()))
                self._line_count -= len(lines)
                del self._lines[oldest]

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the requests after this number, oldest first: {number, …the fields of `RequestRecord`}."""
        with self._lock:
            new = min(self._count - number, len(self._requests))
            return [self._requests[index] for index in range(len(self._requests) - new, len(self._requests))]

    def lines(self, request_id: str) -> list[str]:
        """Return the lines printed for this request, unless they have been discarded."""
        with self._lock:
            return list(self._lines.get(request_id, ()))
