"""Logs: one JSON object per line, on the handler that Lambda provides, so that CloudWatch can query every field.

Pass fields other than the message as `extra={"fields": {…}}`. Never log anything that can be used to sign in.
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
    """Make all loggers write JSON: ours from `level` up, those of libraries from WARNING up."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    for handler in root.handlers:
        handler.setFormatter(_JsonFormatter())
    root.setLevel(logging.WARNING)
    logger.setLevel(level)
