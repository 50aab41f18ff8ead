"""SES's mailbox simulator: a mail to `bounce@` or `complaint@simulator.amazonses.com` comes back, as SES tells of it.

As there, a label makes an address of one's own: `bounce+ada@simulator.amazonses.com`. Only mails sent since the start
come back.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.aws import ACCOUNT, REGION
from local.template import FeedbackRoute

_SIMULATED = re.compile(r"(bounce|complaint)(\+[^@]*)?@simulator\.amazonses\.com", re.IGNORECASE)


class Returns:
    """The mails that come back, read from where the accepted ones are kept."""

    def __init__(self, mails: Path) -> None:
        self._mails = mails
        self._read = mails.stat().st_size if mails.exists() else 0

    def events(self, routes: Sequence[FeedbackRoute]) -> Iterator[tuple[FeedbackRoute, str]]:
        """Give what came back since the last call: where it goes, and the event (JSON) as SNS hands it over."""
        for mail in self._new():
            for address in mail["To"]:
                simulated = _SIMULATED.fullmatch(address)
                if simulated:
                    kind = simulated[1].lower()
                    message = json.dumps(_message(kind, address, mail))
                    yield from ((route, _event(route.topic, message)) for route in routes if route.kind == kind)

    def _new(self) -> list[dict[str, Any]]:
        if not self._mails.exists() or self._mails.stat().st_size <= self._read:
            return []
        with self._mails.open("rb") as file:
            file.seek(self._read)
            whole, newline, _unfinished = file.read().rpartition(b"\n")
        self._read += len(whole + newline)
        return [json.loads(line) for line in whole.splitlines()]


def _message(kind: str, address: str, mail: Mapping[str, Any]) -> dict[str, Any]:
    now = _time(datetime.now(UTC))
    about: dict[str, Any] = {"feedbackId": str(uuid.uuid4()), "timestamp": now}
    if kind == "bounce":
        refused = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        about |= {"bounceType": "Permanent", "bounceSubType": "General", "reportingMTA": "dns; simulator"}
        about["bouncedRecipients"] = [{"emailAddress": address, **refused}]
    else:
        about |= {"complaintFeedbackType": "abuse", "complaintSubType": None, "arrivalDate": now}
        about["complainedRecipients"] = [{"emailAddress": address}]
    sent = _time(datetime.fromtimestamp(mail["Timestamp"], UTC))
    about_mail = {
        "timestamp": sent,
        "source": mail["Source"],
        "messageId": mail["MessageId"],
        "destination": mail["To"],
        "sendingAccountId": ACCOUNT,
    }
    return {"eventType": kind.capitalize(), kind: about, "mail": about_mail}


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
