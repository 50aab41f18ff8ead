"""Feedback: bounces and complaints that SES reports, and the suppression of their addresses.

Format: SES, "Contents of event data that Amazon SES publishes to Amazon SNS". An address is suppressed if it bounces
permanently or its owner complains: if we kept sending to it, SES would pause the whole account.

Threats. A stranger publishes to the topic: its policy allows only SES. An attacker makes us send an email to their own
address and returns a report that blames another one, which SES repeats: we suppress only the address that the email was
sent to. An event cannot be parsed: it is logged without its content, which is personal data, and dropped, because a
retry would fail again. Events arrive twice, late or out of order: `shared.records.suppressions` keeps only the latest
state of an address.
"""

import re
from datetime import UTC
from email.utils import parseaddr
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from shared.core import clock, logs
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, suppressions, users
from shared.records.suppressions import Reason, Suppression
from shared.values import emails
from shared.values.choices import Event
from shared.values.client import Client

_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")
_EVENTS: dict[Reason, Event] = {"bounced": "user_email_bounced", "complained": "user_email_complained"}
# Feedback types that have the format of complaints (RFC 5965) but do not blame the sender.
_NOT_COMPLAINTS = frozenset({"not-spam", "auth-failure"})


def _word(text: object) -> str:
    return text if isinstance(text, str) and _WORD.fullmatch(text) else ""


# A term of SES's, stored and logged only if it is a plain word.
_Word = Annotated[str, BeforeValidator(_word)]


class _Bounce(BaseModel):
    kind: _Word = Field(alias="bounceType")
    detail: _Word = Field(alias="bounceSubType", default="")
    timestamp: AwareDatetime


class _Complaint(BaseModel):
    detail: _Word = Field(alias="complaintFeedbackType", default="")
    timestamp: AwareDatetime


class _Mail(BaseModel):
    # Our emails have one recipient. With several, the report could be about any of them.
    destination: Annotated[list[str], Field(min_length=1, max_length=1)]


class _Event(BaseModel):
    kind: _Word = Field(alias="eventType")
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


def receive(message: str) -> None:
    """Process an event as SES publishes it, and suppress the address that bounced permanently or complained.

    Raises:
        Unavailable: DynamoDB is unreachable; retry later.

    """
    try:
        event = _Event.model_validate_json(message)
    except ValidationError as error:
        # One such message is expected: SES sends a plain text when it first publishes to the topic.
        _warn("feedback not readable", errors=error.error_count())
        return
    match event:
        case _Event(kind="Bounce", bounce=_Bounce(kind="Permanent") as bounce):
            _suppress(event.mail, "bounced", bounce)
        case _Event(kind="Complaint", complaint=_Complaint() as complaint) if complaint.detail not in _NOT_COMPLAINTS:
            _suppress(event.mail, "complained", complaint)
        case _:
            # For example a full mailbox, which SES itself has retried for hours.
            report = event.bounce or event.complaint
            kind, detail = event.bounce and event.bounce.kind, report and report.detail
            _log("feedback ignored", event=event.kind, kind=kind, detail=detail)


def _suppress(mail: _Mail, reason: Reason, report: _Bounce | _Complaint) -> None:
    # A time in the future would override every later event until then.
    at = min(clock.rfc3339(report.timestamp.astimezone(UTC).timestamp()), clock.timestamp())
    try:
        key = emails.key(emails.parse(parseaddr(mail.destination[0])[1]))
    except ValueError:
        _warn("feedback without a valid address", reason=reason)
    else:
        _store(key, reason, at, report.detail)


@optimistic
def _store(key: str, reason: Reason, at: str, detail: str) -> None:
    """Store the suppression of an address, and show it on the profile of the address's owner."""
    known = suppressions.latest(key)
    # If a bounce and a complaint have the same time, the complaint wins, whatever their order.
    if known is not None and (known.at, known.reason or "") >= (at, reason):
        return
    adding = suppressions.adding(Suppression(email=key, reason=reason, at=at, detail=detail), replaces=known)
    credential = credentials.by_key(key)
    if credential is None or credential.is_reserved:
        write(adding, credentials.checking_unused(key))
    else:
        user = users.of_credential(credential)
        if user.email_status == reason:
            write(adding)
        else:
            after = users.updated(user, email_status=reason)
            write(adding, users.replacing(user, after), activity.recording(_EVENTS[reason], user.id, Client()))
    _log("address suppressed", reason=reason, detail=detail)


def _log(message: str, **fields: object) -> None:
    logs.logger.info(message, extra={"fields": {name: value for name, value in fields.items() if value}})


def _warn(message: str, **fields: object) -> None:
    logs.logger.warning(message, extra={"fields": fields})
