"""Feedback: what SES tells of mails that bounced or were complained of, and what follows from it.

SES, "Contents of event data that Amazon SES publishes to Amazon SNS". An address that does not take mail for good, or
whose owner does not want any, is suppressed: to go on mailing it would have SES pause the whole account.

Threats. Somebody else publishes to the topic: its policy lets only SES. Somebody has us mail an address of theirs, and
returns the mail with a report that names another's as the one that failed, which SES repeats: what counts is the one
address that the mail was sent to, whatever the report says. An event cannot be read: it is logged without
its content, which is personal, and given up, since another try would read the same. An event comes twice, late or in
another order: `shared.records.suppressions` keeps the latest news of an address only.
"""

import re
from datetime import UTC
from email.utils import parseaddr
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from shared.core import clock, logs
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, suppressions, users
from shared.records.activity import Event
from shared.records.suppressions import Reason, Suppression
from shared.values import emails
from shared.values.client import Client

_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")
_EVENTS: dict[Reason, Event] = {"bounced": "user_email_bounced", "complained": "user_email_complained"}
# Reports of the format that complaints come in (RFC 5965) which say nothing against the sender.
_NO_COMPLAINTS = frozenset({"not-spam", "auth-failure"})


def _word(text: object) -> str:
    return text if isinstance(text, str) and _WORD.fullmatch(text) else ""


# SES's own words, of which only those are kept that look like one.
_Word = Annotated[str, BeforeValidator(_word)]


class _Bounce(BaseModel):
    kind: _Word = Field(alias="bounceType")
    detail: _Word = Field(alias="bounceSubType", default="")
    timestamp: AwareDatetime


class _Complaint(BaseModel):
    detail: _Word = Field(alias="complaintFeedbackType", default="")
    timestamp: AwareDatetime


class _Mail(BaseModel):
    # Each of ours has one recipient. Of a mail with several, nobody can say whose word the report is.
    destination: Annotated[list[str], Field(min_length=1, max_length=1)]


class _Event(BaseModel):
    kind: _Word = Field(alias="eventType")
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


def receive(message: str) -> None:
    """Suppress the address of the mail that an event, as SES publishes it, tells of.

    Raises:
        Unavailable: DynamoDB is out of reach; worth another try.

    """
    try:
        event = _Event.model_validate_json(message)
    except ValidationError as problem:
        # One of these is no fault: the plain text in which SES says that it has reached the topic for the first time.
        _warn("feedback that cannot be read", faults=problem.error_count())
        return
    match event:
        case _Event(kind="Bounce", bounce=_Bounce(kind="Permanent") as bounce):
            _suppress(event.mail, "bounced", bounce)
        case _Event(kind="Complaint", complaint=_Complaint() as complaint) if complaint.detail not in _NO_COMPLAINTS:
            _suppress(event.mail, "complained", complaint)
        case _:
            # A full mailbox, say, which SES itself has tried for hours.
            told = event.bounce or event.complaint
            kind, detail = event.bounce and event.bounce.kind, told and told.detail
            _log("feedback that suppresses nothing", event=event.kind, kind=kind, detail=detail)


def _suppress(mail: _Mail, reason: Reason, told: _Bounce | _Complaint) -> None:
    # A time to come would outdo all news until then.
    at = min(clock.rfc3339(told.timestamp.astimezone(UTC).timestamp()), clock.timestamp())
    try:
        key = emails.key(emails.parse(parseaddr(mail.destination[0])[1]))
    except ValueError:
        _warn("feedback on what is no address", reason=reason)
    else:
        _take_note(key, reason, at, told.detail)


@optimistic
def _take_note(key: str, reason: Reason, at: str, detail: str) -> None:
    """Suppress an address, and have the profile show it whose address it is."""
    known = suppressions.latest(key)
    # Of two at one moment it is the complaint, in whichever order they come.
    if known is not None and (known.at, known.reason or "") >= (at, reason):
        return
    adding = suppressions.adding(Suppression(email=key, reason=reason, at=at, detail=detail), after=known)
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
