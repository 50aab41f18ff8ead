"""The content of each email, decided at the moment of sending."""

from collections.abc import Callable, Mapping

from shared.core import logs, tables
from shared.mail import account_messages, form_messages, notices
from shared.mail.message import Message
from shared.mail.rendering import speaking
from shared.records import credentials, registrations, suppressions, users
from shared.records.outbox import Entry, Kind
from shared.records.registrations import Registration
from shared.values import declared

_COMPOSERS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": account_messages.registration,
    "invitation": account_messages.invitation,
    "recovery": account_messages.recovery,
    "sign_in": account_messages.sign_in,
    "email_change": account_messages.email_change,
    "email_changed": account_messages.email_changed,
    "password_changed": notices.password_changed,
    "new_device": notices.composer("new_device", forgot_url="forgot-password"),
    "session_ended": notices.composer("session_ended", forgot_url="forgot-password"),
    "factor_added": notices.composer("factor_added", forgot_url="forgot-password"),
    "factor_removed": notices.composer("factor_removed", forgot_url="forgot-password"),
    "factors_reset": notices.composer("factors_reset", sign_in_url="login", forgot_url="forgot-password"),
    "recovery_codes_renewed": notices.composer("recovery_codes_renewed", forgot_url="forgot-password"),
    "recovery_code_used": notices.composer("recovery_code_used", forgot_url="forgot-password"),
    "passkey_cloned": notices.composer("passkey_cloned", forgot_url="forgot-password"),
    "account_opened": notices.composer("account_opened", sign_in_url="login/email"),
    "identity_link": account_messages.identity_link,
    "identity_linked": notices.composer("identity_linked", forgot_url="forgot-password"),
    "identity_unlinked": notices.composer("identity_unlinked", forgot_url="forgot-password"),
    "role_changed": notices.composer("role_changed", forgot_url="forgot-password"),
    "account_disabled": notices.composer("account_disabled"),
    "account_closed": notices.composer("account_closed"),
    "account_enabled": notices.composer("account_enabled", sign_in_url="login"),
    "submission": form_messages.submission,
    "submission_digest": form_messages.submission_digest,
}


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
    with speaking(_language(entry)):
        return _compose(entry, reason)


def _compose(entry: Entry, reason: str | None) -> Message | None:
    if reason is None:
        return _COMPOSERS[entry.kind](entry)
    if entry.kind in {"submission", "submission_digest"}:
        # An inbox rarely has an account, so no profile would show the suppression, and no user could lift it.
        raise Withheld(f"inbox_{reason}")
    # Check before issuing the token: it would replace one that was already sent, without being sent itself.
    allowed = entry.kind in account_messages.PROOFS and suppressions.allow_proof_request(entry.to, entry.kind, entry.id)
    message = account_messages.PROOFS[entry.kind](entry) if allowed else None
    if message is None:
        fields = {"entry": entry.id, "kind": entry.kind, "reason": reason}
        logs.logger.info("email skipped", extra={"fields": fields})
    return message


def _language(entry: Entry) -> str:
    """Return the language that the recipient has chosen: the field `language`, if the project adds one to its users."""
    if not declared.has("language"):
        return "en"
    # An email about a change of address has the id of its account.
    credential = credentials.find(entry.to)
    user_id = entry.details.get("userId") or (credential.user_id if credential is not None else "")
    owner = users.find(user_id) if user_id else _registration_of(entry)
    language: str | None = dict(owner.details).get("language") if owner is not None else None  # type: ignore[assignment]
    return language or "en"


def _registration_of(entry: Entry) -> Registration | None:
    position = entry.details.get("registration")
    return registrations.at(entry.to, position) if position else registrations.newest_of_mailbox(entry.to)
