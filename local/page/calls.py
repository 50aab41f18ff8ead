"""The calls to other services that a function has logged while it served a request."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

# The message of `shared.core.outbound`.
_MESSAGE = "outgoing call"


def outgoing(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the calls in these log lines: {service, method, outcome, attempts, milliseconds}, as they ended.

    `outcome` is a status or, without an answer, what failed.
    """
    return list(_calls(lines))


def _calls(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict) and fields.get("message") == _MESSAGE:
            yield {
                "service": fields.get("service"),
                "method": fields.get("method"),
                "outcome": fields.get("status", fields.get("cause")),
                "attempts": fields.get("attempts"),
                "milliseconds": fields.get("durationMs"),
            }
