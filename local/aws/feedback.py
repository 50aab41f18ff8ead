"""SES's mailbox simulator: an email to `bounce@` or `complaint@simulator.amazonses.com` causes SES's notification.

Addresses may have a label, as in SES: `bounce+ada@simulator.amazonses.com`. Emails sent before the start are ignored.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.aws import ACCOUNT, REGION
from local.aws.mail_file import MailFile
from local.template import FeedbackRoute

_SIMULATED = re.compile(r"(bounce|complaint)(\+[^@]*)?@simulator\.amazonses\.com", re.IGNORECASE)


class Simulator:
    """Reads the emails that are appended to the file after the start."""

    def __init__(self, emails: MailFile) -> None:
        self._emails = emails
        # The end of the last complete line: MiniStack's start removes an incomplete one.
        self._read = emails.end()

    def events(self, routes: Sequence[FeedbackRoute]) -> Iterator[tuple[FeedbackRoute, str]]:
        """Yield the notifications since the last call: the route and the event (JSON) as SNS delivers it."""
        for end, notifications in self._emails.read(self._read, _notifications):
            self._read = end
            for kind, message in notifications or ():
                yield from ((route, _event(route.topic, message)) for route in routes if route.kind == kind)


def _notifications(email: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the kind and the message (JSON) of each notification that the email causes."""
    kinds = [(found[1].lower(), address) for address in email["To"] if (found := _SIMULATED.fullmatch(address))]
    return [(kind, json.dumps(_message(kind, address, email))) for kind, address in kinds]


def _message(kind: str, address: str, email: Mapping[str, Any]) -> dict[str, Any]:
    now = _time(datetime.now(UTC))
    details: dict[str, Any] = {"feedbackId": str(uuid.uuid4()), "timestamp": now}
    if kind == "bounce":
        failure = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        details |= {"bounceType": "Permanent", "bounceSubType": "General", "reportingMTA": "dns; simulator"}
        details["bouncedRecipients"] = [{"emailAddress": address, **failure}]
    else:
        details |= {"complaintFeedbackType": "abuse", "complaintSubType": None, "arrivalDate": now}
        details["complainedRecipients"] = [{"emailAddress": address}]
    sent = _time(datetime.fromtimestamp(email["Timestamp"], UTC))
    original = {
        "timestamp": sent,
        "source": email["Source"],
        "messageId": email["MessageId"],
        "destination": email["To"],
        "sendingAccountId": ACCOUNT,
    }
    return {"eventType": kind.capitalize(), kind: details, "mail": original}


def _event(topic: str, message: str) -> str:
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
    notification = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": arn,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message,
        "Timestamp": _time(datetime.now(UTC)),
        "MessageAttributes": {},
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{arn}:{uuid.uuid4()}",
        "Sns": notification,
    }
    return json.dumps({"Records": [record]})


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
