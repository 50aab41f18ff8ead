"""The content of each email, decided at the moment of sending.

An email about an account goes to the account's stored address, not to the one that was typed to request it: two
spellings with the same key (`straße@` and `strasse@`, case-folded) may be two mailboxes.

Threats. A stranger registers with another person's address to send them a text of their choice: text that users enter,
such as a name, never appears in an email to an unverified address. A stranger fills in a form to forge an email: what
they write goes to our own inbox, as text and never in a header, except for the validated address in `Reply-To`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from shared.core import clock, config, logs, tables
from shared.core.config import settings
from shared.mail.rendering import Fields, render
from shared.records import (
    budgets,
    credentials,
    limits,
    one_time_tokens,
    outbox,
    registrations,
    sign_in_requests,
    submissions,
    suppressions,
    users,
)
from shared.records.budgets import Budget
from shared.records.credentials import Credential
from shared.records.outbox import Entry, Kind
from shared.records.registrations import Registration
from shared.records.submissions import Submission
from shared.values import emailed_codes, emails


class Message(NamedTuple):
    """An email in both forms, text and HTML. Replies go to `reply_to` unless it is empty.

    `budget` bounds what strangers can cause. Notices and the invitations of administrators have none.
    """

    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    budget: Budget | None = None


# The newest submissions that a digest shows, and how much of each field.
_MAX_IN_DIGEST = 100
_MAX_VALUE_IN_DIGEST = 300


class Withheld(Exception):
    """The email cannot be sent until a person fixes the problem, but must not be lost. `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@tables.optimistic
def compose(entry: Entry) -> Message | None:
    """Compose the email, and issue the token for its link. None if it is no longer needed or the address is suppressed.

    Raises:
        Withheld: our own inbox is suppressed.
        Outdated: the account kept changing; retry later.
        Unavailable: DynamoDB is unreachable; retry later.

    """
    reason = suppressions.reason_for(entry.to)
    if reason is None:
        return _COMPOSERS[entry.kind](entry)
    if entry.kind in {"submission", "submission_digest"}:
        # An inbox rarely has an account, so no profile would show the suppression, and no user could lift it.
        raise Withheld(f"inbox_{reason}")
    # Check before issuing the token: it would replace one that was already sent, without being sent itself.
    allowed = entry.kind in _PROOFS and suppressions.allow_proof_request(entry.to, entry.kind, entry.id)
    message = _PROOFS[entry.kind](entry) if allowed else None
    if message is None:
        fields = {"entry": entry.id, "kind": entry.kind, "reason": reason}
        logs.logger.info("email skipped", extra={"fields": fields})
    return message


# Emails with a link, to the owner of the address ---------------------------------------------------


def _registration(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None or credential.invited:
        return _confirmation(entry, credential)
    return None if credential.is_reserved or _pending(entry) is None else _already_registered(credential)


def _confirmation(entry: Entry, credential: Credential | None) -> Message | None:
    """Confirm an address without an account, or repeat the invitation to it."""
    if credential is not None:
        return _invitation_to(credential)
    registration = _pending(entry)
    if registration is None:
        return None
    number = int(entry.details["number"])
    code = registrations.issue_code(registration, number, entry.id) if number <= emailed_codes.MAX_A_DAY else ""
    return _open_account(entry.to, code)


def _pending(entry: Entry) -> Registration | None:
    position = entry.details["registration"]
    return registrations.at(entry.to, position) if position else registrations.newest_of_mailbox(entry.to)


def _open_account(address: str, code: str) -> Message:
    token = one_time_tokens.issue_for_mailbox(address)
    return _message("verify_email", address, url=_url("verify-email", token), digits=code)


def _invitation(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None or not credential.invited:
        return None
    # An administrator has caused it, perhaps for a whole company at once.
    return _invitation_to(credential)._replace(budget=None)


def _invitation_to(credential: Credential) -> Message:
    token = one_time_tokens.issue(credential, "accept-invitation")
    return _message("invitation", credential.address, url=_url("reset-password", token))


def _recovery(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None:
        return _unfinished_sign_up(entry)
    if credential.is_reserved:
        return None
    if credential.invited:
        return _invitation_to(credential)
    token = one_time_tokens.issue(credential, "reset-password")
    return _message("recovery", credential.address, url=_url("reset-password", token))


def _sign_in(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None:
        return _sign_up(entry)
    if credential.is_reserved:
        return None
    if credential.invited:
        return _invitation_to(credential)
    user = users.find(credential.user_id)
    if user is None or user.status != "active":
        return None
    code = _sign_in_code(entry)
    request = sign_in_requests.answer(entry.details["request"], credential, code)
    if request is None:
        return None
    token = one_time_tokens.issue_for_sign_in(credential, request.digest, is_bound=request.is_bound)
    bound = "yes" if request.is_bound else ""
    return _message("sign_in", credential.address, url=_url("login/email", token), digits=code, bound=bound)


def _sign_up(entry: Entry) -> Message | None:
    code = _sign_in_code(entry)
    if config.optional("EMAIL_SIGN_UP") is None or not sign_in_requests.answer(entry.details["request"], None, code):
        return None
    token = one_time_tokens.issue_for_mailbox(entry.to, "sign-up")
    return _message("sign_up", entry.to, url=_url("login/email", token), digits=code)


def _sign_in_code(entry: Entry) -> str:
    has_code = int(entry.details["number"]) <= emailed_codes.MAX_A_DAY
    return emailed_codes.derive(entry.details["request"], entry.id) if has_code else ""


def _unfinished_sign_up(entry: Entry) -> Message | None:
    """Confirm the address of someone who has a password, but no account yet. Counts like any other confirmation."""
    if registrations.newest_of_mailbox(entry.to) is None:
        return None
    is_counted = entry.attempts > 1 and not entry.held_at
    return _open_account(entry.to, "") if is_counted or limits.allow_email("registration", entry.to) else None


def _already_registered(owner: Credential) -> Message:
    pages = {"forgot_url": _url("forgot-password"), "sign_in_url": _url("login")}
    return _message("already_registered", owner.address, **pages)


# Emails about a change of address ------------------------------------------------------------------


def _email_change(entry: Entry, *, notify_owner: bool = True) -> Message | None:
    credential = _credential_of(entry.details["userId"])
    request = entry.details["request"]
    if credential is None or credential.email_change != request:
        return None
    owner = credentials.find(entry.to)
    if owner is not None and owner.user_id != credential.user_id:
        is_registered = not owner.invited and not owner.is_reserved
        return _already_registered(owner) if is_registered and notify_owner else None
    token = one_time_tokens.issue(credential, "change-email", target=entry.to, request=request)
    return _message("email_change", entry.to, url=_url("verify-email", token))


def _email_changed(entry: Entry) -> Message | None:
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    version = int(entry.details["version"])
    token = one_time_tokens.issue(credential, "undo-email-change", target=entry.to, version=version)
    return _message("email_changed", entry.to, url=_url("verify-email", token))


def _credential_of(user_id: str) -> Credential | None:
    user = users.find(user_id)
    return credentials.find(user.email) if user is not None else None


# Emails to suppressed addresses: only those by which the owner proves that they arrive -------------


def _proof(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None or credential.invited:
        return _confirmation(entry, credential)
    if credential.is_reserved:
        return None
    token = one_time_tokens.issue(credential, "prove-address")
    message = _message("verify_email", credential.address, url=_url("verify-email", token), digits="")
    return message._replace(budget="accounts")


_PROOFS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": _proof,
    "email_change": lambda entry: _email_change(entry, notify_owner=False),
}


# Notices, to the account's own address -------------------------------------------------------------


def _notice(name: str, **pages: str) -> Callable[[Entry], Message]:
    """Return the composer of a notice. `pages` are the front end's pages it links to, by name in its template."""

    def compose(entry: Entry) -> Message:
        urls = {value: _url(page) for value, page in pages.items()}
        return _message(name, entry.to, **urls, **entry.details)

    return compose


def _password_changed(entry: Entry) -> Message:
    """Compose the notice of a new password. It lists the ways to sign in, because one may have been added."""
    credential = credentials.find(entry.to)
    types = [] if credential is None else list(credential.factors.values())
    numbers = {"a passkey": types.count("passkey"), "an authenticator app as a second step": types.count("totp")}
    ways = ["the new password", *(name for name, number in numbers.items() if number), "a link or a code in an email"]
    return _message("password_changed", entry.to, ways=", ".join(ways), forgot_url=_url("forgot-password"))


# Form submissions, to our own inbox ----------------------------------------------------------------


def _submission(entry: Entry) -> Message | None:
    submission = submissions.find(entry.details["form"], entry.details["position"])
    if submission is None:
        return None
    is_counted = entry.is_counted or entry.attempts > 1
    if not is_counted and not budgets.take_form_email(submission.form, _hour(submission)):
        _ensure_digest(submission, entry.to)
        return None
    message = _message(
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


def _submission_digest(entry: Entry) -> Message | None:
    found = submissions.of_hour(entry.details["form"], entry.details["hour"], _MAX_IN_DIGEST + 1)
    if not found:
        return None
    shown = found[:_MAX_IN_DIGEST]
    hour = datetime.fromisoformat(f"{entry.details['hour']}:00Z")
    return _message(
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


_COMPOSERS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": _registration,
    "invitation": _invitation,
    "recovery": _recovery,
    "sign_in": _sign_in,
    "email_change": _email_change,
    "email_changed": _email_changed,
    "password_changed": _password_changed,
    "new_device": _notice("new_device", forgot_url="forgot-password"),
    "session_ended": _notice("session_ended", forgot_url="forgot-password"),
    "factor_added": _notice("factor_added", forgot_url="forgot-password"),
    "factor_removed": _notice("factor_removed", forgot_url="forgot-password"),
    "factors_reset": _notice("factors_reset", sign_in_url="login", forgot_url="forgot-password"),
    "recovery_codes_renewed": _notice("recovery_codes_renewed", forgot_url="forgot-password"),
    "recovery_code_used": _notice("recovery_code_used", forgot_url="forgot-password"),
    "passkey_cloned": _notice("passkey_cloned", forgot_url="forgot-password"),
    "role_changed": _notice("role_changed", forgot_url="forgot-password"),
    "account_disabled": _notice("account_disabled"),
    "account_closed": _notice("account_closed"),
    "account_enabled": _notice("account_enabled", sign_in_url="login"),
    "submission": _submission,
    "submission_digest": _submission_digest,
}


def _url(page: str, token: str = "") -> str:
    # The host comes from the configuration, never from a request's Host header, which a client can choose.
    return f"{settings().frontend_url}/{page}" + (f"?token={quote(token)}" if token else "")


_BUDGETS: Mapping[str, Budget] = {
    "already_registered": "accounts",
    "invitation": "accounts",
    "recovery": "accounts",
    "sign_in": "accounts",
    "sign_up": "others",
    "verify_email": "others",
    "email_change": "others",
}


def _message(name: str, to: str, **values: str | Fields) -> Message:
    subject, text, html = render(name, **values)
    return Message(to, subject, text, html, budget=_BUDGETS.get(name))
