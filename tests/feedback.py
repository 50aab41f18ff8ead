"""What SES tells of mails, as tests make it: events as SES publishes them, handed over as SNS does."""

import json
import time
from collections.abc import Mapping
from typing import Any

from shared import clock
from tests.api import load

Event = dict[str, Any]


def bounce(*addresses: str, at: float | None = None, kind: str = "Permanent", detail: str = "General") -> Event:
    """Make the event of a mail that bounced; `at` in seconds since 1970, now if not given."""
    recipients = [{"emailAddress": address, "action": "failed", "status": "5.1.1"} for address in addresses]
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": detail,
            "bouncedRecipients": recipients,
            "timestamp": _time(at),
            "feedbackId": "0102018f0c1d3000-11111111-2222-4333-8444-555555555555-000000",
        },
        "mail": {"timestamp": _time(at), "destination": list(addresses)},
    }


def complaint(*addresses: str, at: float | None = None, kind: str | None = "abuse") -> Event:
    """Make the event of a mail that its reader calls spam; some reports leave out the kind."""
    report = {} if kind is None else {"complaintFeedbackType": kind}
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": address} for address in addresses],
            "timestamp": _time(at),
            "complaintSubType": None,
            **report,
        },
        "mail": {"timestamp": _time(at), "destination": list(addresses)},
    }


def receive(message: Mapping[str, Any] | str) -> None:
    """Hand an event, or what is none, to its function as SNS does."""
    text = message if isinstance(message, str) else json.dumps(message)
    load("jobs/suppress_address").handler({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]}, None)


def _time(at: float | None) -> str:
    return clock.rfc3339(time.time() if at is None else at)
