"""Emails about form submissions, to our own inbox.

Threats. A stranger fills in a form to forge an email: what they write is text and never in a header, except for the
validated address in `Reply-To`. A stranger sends a thousand forms to fill the inbox: beyond a number of emails an hour,
the rest are listed in one.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from shared.core import clock
from shared.mail.message import Message
from shared.mail.rendering import Fields
from shared.records import budgets, outbox, submissions
from shared.records.outbox import Entry
from shared.records.submissions import Submission
from shared.values import emails

# The newest submissions that a digest shows, and how much of each field.
_MAX_IN_DIGEST = 100
_MAX_VALUE_IN_DIGEST = 300


def submission(entry: Entry) -> Message | None:
    """Show one submission, unless there have been too many this hour."""
    submission = submissions.find(entry.details["form"], entry.details["position"])
    if submission is None:
        return None
    is_counted = entry.is_counted or entry.attempts > 1
    if not is_counted and not budgets.take_form_email(submission.form, _hour(submission)):
        _ensure_digest(submission, entry.to)
        return None
    message = Message.from_template(
        "submission",
        entry.to,
        form=_label(submission.form),
        # Mail clients put emails with the same subject into one conversation, where a new one is easily missed.
        number=submission.id[:8],
        fields=_labelled(submission),
        sent_at=f"{datetime.fromisoformat(submission.created_at):%-d %B %Y, %H:%M} UTC",
    )
    return message._replace(reply_to=_reply_to(submission.fields.get("email")))


def _ensure_digest(submission: Submission, to: str) -> None:
    """Queue the email that lists all submissions of the hour, unless an earlier one has queued it."""
    hour = _hour(submission)
    # A little later, because a submission is stored a little after its time.
    end = int(datetime.fromisoformat(f"{hour}:00Z").timestamp()) + clock.HOUR + 2 * clock.MINUTE
    outbox.send_once(f"{submission.form}#{hour}", "submission_digest", to, due=end, form=submission.form, hour=hour)


def submission_digest(entry: Entry) -> Message | None:
    """List the submissions of an hour."""
    found = submissions.of_hour(entry.details["form"], entry.details["hour"], _MAX_IN_DIGEST + 1)
    if not found:
        return None
    shown = found[:_MAX_IN_DIGEST]
    hour = datetime.fromisoformat(f"{entry.details['hour']}:00Z")
    return Message.from_template(
        "submission_digest",
        entry.to,
        form=_label(entry.details["form"]),
        count=str(len(shown)) if len(shown) == len(found) else f"more than {len(shown)}",
        submissions=[
            (f"{datetime.fromisoformat(each.created_at):%H:%M} ({each.id[:8]})", _in_short(each)) for each in shown
        ],
        hour=f"{hour:%-d %B %Y, %H:%M} to {hour + timedelta(hours=1):%H:%M} UTC",
    )


def _hour(submission: Submission) -> str:
    """Return the hour of a submission: RFC 3339, up to the hour."""
    return submission.created_at[:13]


def _labelled(submission: Submission) -> Fields:
    return [(_label(name), _formatted(value)) for name, value in submission.fields.items()]


def _in_short(submission: Submission) -> str:
    """Return one line for each field, so that none can imitate another."""
    fields = [(label, " ".join(value.split())) for label, value in _labelled(submission)]
    return "\n".join(f"{label}: {value[:_MAX_VALUE_IN_DIGEST]}" for label, value in fields)


def _label(name: str) -> str:
    """Return a name as a label: `phoneNumber` becomes "Phone number"."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|[-_/]", r" \1", name).capitalize()


def _formatted(value: Any) -> str:  # any type that a form's field can have
    match value:
        case None:
            return "-"
        case bool():
            return "Yes" if value else "No"
        case list():
            return ", ".join(map(_formatted, value))
        case _:
            return str(value)


def _reply_to(address: Any) -> str:  # a form's field named `email` can have any type
    """Return the address if it is valid as `Reply-To`, else "": providers accept only ASCII local parts."""
    try:
        address = emails.parse(str(address))
    except ValueError:
        return ""
    return address if address.rpartition("@")[0].isascii() else ""
