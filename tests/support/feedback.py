"""What SES tells of mails, as tests make it: events as SES publishes them, handed over as SNS does."""

import json
import time
from collections.abc import Mapping
from typing import Any

from shared.core import clock
from tests.support.api import load

Event = dict[str, Any]


def bounce(
    address: str, at: float | None = None, kind: str = "Permanent", detail: str = "General", named: str | None = None
) -> Event:
    """Make the event of a mail that bounced; `at` in seconds since 1970, now if not given.

    `named` is the address that the report of it says has failed, if it is another.
    """
    recipients = [{"emailAddress": address if named is None else named, "action": "failed", "status": "5.1.1"}]
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": detail,
            "bouncedRecipients": recipients,
            "timestamp": _time(at),
            "feedbackId": "0102018f0c1d3000-11111111-2222-4333-8444-555555555555-000000",
        },
        "mail": {"timestamp": _time(at), "destination": [address]},
    }


def complaint(address: str, at: float | None = None, kind: str | None = "abuse", named: str | None = None) -> Event:
    """Make the event of a mail that its reader calls spam; some reports leave out the kind."""
    report = {} if kind is None else {"complaintFeedbackType": kind}
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": address if named is None else named}],
            "timestamp": _time(at),
            "complaintSubType": None,
            **report,
        },
        "mail": {"timestamp": _time(at), "destination": [address]},
    }


def receive(message: Mapping[str, Any] | str) -> None:
    """Hand an event, or what is none, to its function as SNS does."""
    text = message if isinstance(message, str) else json.dumps(message)
    load("jobs/suppress_address").handler({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]}, None)


def _time(at: float | None) -> str:
    return clock.rfc3339(time.time() if at is None else at)
