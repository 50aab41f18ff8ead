"""Delivery: one attempt to send an entry of the outbox, and recording its result.

A failing email does not block others: its result is stored on its own entry, with the time of the next attempt. An
error is raised only if DynamoDB is unreachable, so that the result cannot be stored. The entry's lease then expires,
and the email is due again.

An email is sent twice only if a provider accepted it and the response, or storing the result, failed. Both copies have
the same `X-Outbox-Id`.
"""

import threading
from collections.abc import Iterable

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import clock, logs, metrics
from shared.core.errors import Unavailable
from shared.mail import messages, providers
from shared.mail.message import Message
from shared.records import budgets, limits, outbox
from shared.records.outbox import Entry, Hold, Unsent
from shared.values.emails import ascii_address

# The milliseconds that one email may take: it waits for its turn, then every provider times out, and DynamoDB is slow.
_TIME_PER_EMAIL = 30_000
# One sender sends about six emails a second. botocore keeps at most ten connections per client.
_MAX_SENDERS = 8


def has_time(context: LambdaContext) -> bool:
    """Return whether the function has enough time left to claim another email."""
    return context.get_remaining_time_in_millis() > _TIME_PER_EMAIL


def deliver_all(found: Iterable[Unsent], context: LambdaContext, senders: int = 1) -> None:
    """Claim emails in turn and try each once, with `senders` threads, eight at most, until the time runs out."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # the stream's function needs no threads

    left, lock = iter(found), threading.Lock()

    def send(_: int) -> None:
        while has_time(context):
            with lock:
                unsent = next(left, None)
            if unsent is None or providers.all_circuits_open():
                return
            entry = outbox.claim(unsent)
            if entry is not None:
                deliver(entry)

    with ThreadPoolExecutor(_MAX_SENDERS) as threads:
        list(threads.map(send, range(min(senders, _MAX_SENDERS))))


def deliver(entry: Entry) -> None:
    """Try once to send a claimed email, and store the result.

    Raises:
        Unavailable: the result could not be stored.

    """
    try:
        admitted = _admit(entry)
        if admitted is None:
            # Held, or already marked as done. A return skips `else`, which would mark it as done.
            return
        entry = admitted
        message = messages.compose(entry)
        if message is not None and _is_deliverable(entry, message):
            if message.budget is not None and not entry.is_counted and not budgets.take(message.budget):
                _hold(entry, message.budget)
                return
            entry = entry._replace(is_counted=True)
            providers.send(message, entry.id)
            metrics.count("EmailsSent")
    except (messages.Withheld, providers.PermanentFailure) as failure:
        metrics.count("EmailsFailed")
        _log_failure("email rejected", entry, failure.reason)
        outbox.mark_dead(entry, failure.reason)
    except providers.TransientFailure as failure:
        _postpone(entry, failure.reason, failure.retry_after)
    except Unavailable as error:
        _postpone(entry, error.code)
    except Exception as error:  # noqa: BLE001  # logged and stored
        # A bug, perhaps in one kind of email. Retry until it is fixed, without blocking other emails.
        logs.logger.exception("email not delivered", extra={"fields": _fields(entry)})
        _postpone(entry, type(error).__name__)
    else:
        outbox.mark_done(entry)


def _admit(entry: Entry) -> Entry | None:
    """Count an email in the share of its client's network. Return the entry, or None if it is now held or done."""
    if not entry.network or entry.is_admitted or entry.is_counted:
        return entry
    if providers.all_circuits_open():
        # Nothing is counted while nothing can be sent. Otherwise several hours' emails would be sent in one.
        raise providers.TransientFailure("circuits_open")
    if not budgets.take_share(entry.network):
        _hold(entry, "network")
        return None
    if entry.held_at:
        # While it was held it did not count against its address. Now it does, perhaps as one too many.
        number = limits.allow_email(entry.kind, entry.to)
        if not number:
            logs.logger.info("email dropped", extra={"fields": _fields(entry)})
            outbox.mark_done(entry)
            return None
        if "number" in entry.details:
            # Only the first five of a day have a code, however many of them had to wait.
            entry = entry._replace(details={**entry.details, "number": str(number)})
    return entry._replace(is_admitted=True)


def _is_deliverable(entry: Entry, message: Message) -> bool:
    """Return whether providers accept the address: none accepts a local part that is not ASCII (RFC 6531)."""
    if ascii_address(message.to).isascii():
        return True
    logs.logger.warning("undeliverable address", extra={"fields": _fields(entry)})
    return False


def _hold(entry: Entry, reason: Hold) -> None:
    """Let an email wait. Meanwhile it does not count against its address, whose owner may ask for another.

    Otherwise a stranger who has used up a budget could use up the emails of an address, without any being sent.
    """
    if entry.network and (entry.is_admitted or not entry.held_at):
        limits.give_back_email(entry.kind, entry.to, clock.now() if entry.held_at else entry.created_at)
    outbox.hold(entry, reason)
    logs.logger.warning("email held", extra={"fields": _fields(entry) | {"reason": reason}})


def _postpone(entry: Entry, reason: str, retry_after: int | None = None) -> None:
    metrics.count("EmailsFailed")
    retry_at = outbox.postpone(entry, reason, retry_after)
    if retry_at is None:
        _log_failure("email given up", entry, reason)
        return
    fields = _fields(entry) | {"reason": reason, "retryAt": retry_at}
    logs.logger.warning("email postponed", extra={"fields": fields})


def _log_failure(message: str, entry: Entry, reason: str) -> None:
    logs.logger.error(message, extra={"fields": _fields(entry) | {"reason": reason}})


def _fields(entry: Entry) -> dict[str, str | int]:
    return {"entry": entry.id, "kind": entry.kind, "attempts": entry.attempts}
