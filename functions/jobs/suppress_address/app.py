"""Run by SNS for the bounces and complaints that SES reports: suppress their addresses.

Errors are raised, and Lambda retries; an event that keeps failing ends in a queue.
"""

from typing import Any

from shared.core import startup
from shared.mail import feedback

startup.finish()


def handler(event: dict[str, Any], _context: object) -> None:
    """Process each event."""
    for record in event["Records"]:
        feedback.receive(record["Sns"]["Message"])
