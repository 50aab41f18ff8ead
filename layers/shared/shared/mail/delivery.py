"""Delivery: one try at a claimed entry of the outbox, and what becomes of it.

Nothing waits behind a mail that fails: whatever happens is noted on its entry, which says when the next try is due.
Only what cannot be noted, since DynamoDB is out of reach, is raised; the entry's lease then ends by itself.

A mail is sent twice only if a provider took it and its answer, or the note of it, was lost; both have one
`X-Outbox-Id`.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics
from shared.core.errors import Unavailable
from shared.mail import messages, providers
from shared.mail.messages import Message
from shared.records import outbox
from shared.records.outbox import Entry
from shared.values.emails import ascii_address

# What one mail takes where every provider hangs and DynamoDB is slow, in milliseconds.
_ONE_MAIL = 20_000


def has_time(context: LambdaContext) -> bool:
    """Say whether enough is left of the function's time to claim another mail."""
    return context.get_remaining_time_in_millis() > _ONE_MAIL


def deliver(entry: Entry) -> None:
    """Try a claimed mail once, and note how it went.

    Raises:
        Unavailable: that could not be noted.

    """
    try:
        mail = messages.compose(entry)
        if mail is not None and _is_writable(entry, mail):
            providers.send(mail, entry.id)
            metrics.count("EmailsSent")
    except (messages.Withheld, providers.PermanentFailure) as refusal:
        metrics.count("EmailsFailed")
        _log_failure("mail refused", entry, refusal.reason)
        outbox.mark_dead(entry, refusal.reason)
    except providers.TransientFailure as failure:
        _postpone(entry, failure.reason, failure.retry_after)
    except Unavailable as error:
        _postpone(entry, error.code)
    except Exception as error:  # noqa: BLE001  # it is logged and noted
        # A defect, in one kind of mail perhaps: it is tried until that is corrected, and holds up no other.
        logs.logger.exception("mail not delivered", extra={"fields": _fields(entry)})
        _postpone(entry, type(error).__name__)
    else:
        outbox.mark_done(entry)


def _is_writable(entry: Entry, mail: Message) -> bool:
    """Say whether there is a provider for such addresses: none takes a local part that is not ASCII (RFC 6531)."""
    if ascii_address(mail.to).isascii():
        return True
    logs.logger.warning("address nobody can write to", extra={"fields": _fields(entry)})
    return False


def _postpone(entry: Entry, reason: str, retry_after: int | None = None) -> None:
    metrics.count("EmailsFailed")
    retry_at = outbox.postpone(entry, reason, retry_after)
    if retry_at is None:
        _log_failure("mail given up", entry, reason)
        return
    fields = _fields(entry) | {"reason": reason, "retryAt": retry_at}
    logs.logger.warning("mail postponed", extra={"fields": fields})


def _log_failure(message: str, entry: Entry, reason: str) -> None:
    logs.logger.error(message, extra={"fields": _fields(entry) | {"reason": reason}})


def _fields(entry: Entry) -> dict[str, str | int]:
    return {"entry": entry.id, "kind": entry.kind, "attempts": entry.attempts}
