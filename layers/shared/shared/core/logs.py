"""Logs: one JSON object a line, on the handler that Lambda gives, so that CloudWatch can be asked about any field.

What a record says beyond its message goes into `extra={"fields": {…}}`. Never put there what signs anybody in.
"""

import json
import logging
import sys

from shared.core import clock

logger = logging.getLogger("api_routes")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": clock.rfc3339(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Make every logger of this process write JSON, from this level up."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    for handler in root.handlers:
        handler.setFormatter(_JsonFormatter())
    root.setLevel(logging.WARNING)
    logger.setLevel(level)
