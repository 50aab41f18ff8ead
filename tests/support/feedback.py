"""Bounce and complaint events as SES publishes them, delivered as SNS delivers them."""

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
    """Return a bounce event; `at` is in seconds since 1970 (default: now).

    `named` is the failed address in the report, if it differs from the one that the email was sent to.
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
    """Return a complaint event; some reports have no `kind`."""
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
    """Invoke `suppress_address` with this message, as SNS does."""
    text = message if isinstance(message, str) else json.dumps(message)
    load("jobs/suppress_address").handler({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]}, None)


def _time(at: float | None) -> str:
    return clock.rfc3339(time.time() if at is None else at)
