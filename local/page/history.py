"""The latest requests: what was sent and answered, without secrets, and what the functions printed. In memory only."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Slow to import, see `runner.py`.
    from local.gateway.app import RequestRecord

_MAX_REQUESTS = 1_000
# In lines and in characters per line: together they limit the memory.
_MAX_LINES, _MAX_LINE = 10_000, 4_000
# Of all exchanges together, in characters.
_MAX_EXCHANGES = 8_000_000
_MAX_PATH = 2_000
# The most CORS warnings that are printed.
_MAX_WARNINGS = 100


class History:
    """The latest requests. Thread-safe. `secret_names` returns further names of fields to mask."""

    def __init__(self, secret_names: Callable[[], Iterable[str]] = tuple) -> None:
        self._secret_names = secret_names
        self._requests: deque[dict[str, Any]] = deque(maxlen=_MAX_REQUESTS)
        self._count = 0
        self._lines: OrderedDict[str, list[str]] = OrderedDict()
        self._line_count = 0
        self._exchanges: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._exchange_size = 0
        self._warnings: set[str] = set()
        self._lock = threading.Lock()

    def add_request(self, request: "RequestRecord") -> None:
        """Add an answered request."""
        from local.page import masking  # noqa: PLC0415 - it imports the gateway, which is slow

        exchange = masking.masked(request.exchange, self._secret_names())
        names = [field.name for field in fields(request) if field.name != "exchange"]
        with self._lock:
            self._count += 1
            kept = {name: getattr(request, name) for name in names}
            self._requests.append({"number": self._count, **kept, "path": request.path[:_MAX_PATH]})
            self._exchanges[self._count] = exchange
            self._exchange_size += masking.size_of(exchange)
            while self._exchange_size > _MAX_EXCHANGES or len(self._exchanges) > _MAX_REQUESTS:
                _, oldest = self._exchanges.popitem(last=False)
                self._exchange_size -= masking.size_of(oldest)

    def add_line(self, request_id: str, line: str) -> None:
        """Add a line that a function printed for this request."""
        with self._lock:
            self._lines.setdefault(request_id, []).append(line[:_MAX_LINE])
            self._line_count += 1
            while self._line_count > _MAX_LINES:
                oldest, lines = next(iter(self._lines.items()))
                self._line_count -= len(lines)
                del self._lines[oldest]

    def add_warning(self, warning: str) -> bool:
        """Remember a warning. Return whether to print it: not if it repeats, and not after many others."""
        with self._lock:
            is_new = warning not in self._warnings and len(self._warnings) < _MAX_WARNINGS
            if is_new:
                self._warnings.add(warning)
            return is_new

    def forget_warnings(self) -> None:
        """Let warnings be printed again: what they are about may have changed."""
        with self._lock:
            self._warnings.clear()

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the requests after this number, oldest first: {number, …the fields of `RequestRecord`}."""
        with self._lock:
            new = min(self._count - number, len(self._requests))
            return [self._requests[index] for index in range(len(self._requests) - new, len(self._requests))]

    def exchange(self, number: int) -> dict[str, Any] | None:
        """Return what was sent and answered in the request with this number, unless it has been discarded."""
        with self._lock:
            return self._exchanges.get(number)

    def lines(self, request_id: str) -> list[str]:
        """Return the lines printed for this request, unless they have been discarded."""
        with self._lock:
            return list(self._lines.get(request_id, ()))
