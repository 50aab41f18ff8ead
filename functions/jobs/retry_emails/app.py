"""Run every minute for each part of the outbox: try the emails that are due or held back, and report the part's state.

The event names the part: `{"part": "waiting#0"}` to `{"part": "waiting#3"}` are the shards of the waiting emails, and
`{"part": "held"}` are those that a budget held back. The parts run side by side, because the CPU of one function is
enough for about 50 emails a second. Any other event means all parts, one after the other.
"""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery, providers
from shared.records import budgets, outbox
from shared.records.outbox import Unsent

startup.finish()

_HELD = "held"
# A provider takes about a tenth of a second per email, so one thread could send ten a second. botocore keeps at most
# ten connections per client.
_MAX_SENDERS = 8
# Fewer emails are not worth another thread.
_EMAILS_PER_SENDER = 10


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Deliver the emails of a part that are due. If the time runs out, the next run continues."""
    for part in [event["part"]] if "part" in event else [*outbox.SHARDS, _HELD]:
        if part == _HELD:
            _retry_held(context)
        else:
            _retry_due(part, context)


def _retry_due(shard: str, context: LambdaContext) -> None:
    found = outbox.backlog(shard)
    if found.waiting:
        fields = {"part": shard, "waiting": found.waiting, "due": len(found.due), "oldestSeconds": found.oldest_age}
        logs.logger.info("outbox", extra={"fields": fields})
    metrics.count("EmailsWaiting", found.waiting)
    metrics.seconds("OldestUnsentEmail", found.oldest_age)
    senders = min(len(found.due) // _EMAILS_PER_SENDER + 1, _MAX_SENDERS)
    _deliver_all(found.due, context, senders)


def _retry_held(context: LambdaContext) -> None:
    held, dead = outbox.count_held(), outbox.count_dead()
    if held or dead:
        logs.logger.info("outbox", extra={"fields": {"part": _HELD, "held": held, "dead": dead}})
    metrics.count("EmailsHeld", held)
    metrics.count("EmailsDead", dead)
    if held:
        _deliver_all(_sendable_held(context), context)


def _deliver_all(found: Iterable[Unsent], context: LambdaContext, senders: int = 1) -> None:
    """Deliver emails with several threads, each taking the next when it has sent one."""
    left, lock = iter(found), threading.Lock()

    def send(number: int) -> None:
        while delivery.has_time(context):
            with lock:
                unsent = next(left, None)
            if unsent is None or providers.all_circuits_open():
                return
            if number and providers.all_are_behind():
                # The first sender alone can wait for the next turn.
                return
            entry = outbox.claim(unsent)
            if entry is not None:
                delivery.deliver(entry)

    if senders == 1:
        send(0)
        return
    with ThreadPoolExecutor(senders) as threads:
        for sender in [threads.submit(send, number) for number in range(senders)]:
            sender.result()


def _sendable_held(context: LambdaContext) -> Iterator[Unsent]:
    """Yield the held entries whose budget and whose network's share have something left, newest first."""
    spent: set[str] = set()
    for reason in outbox.HOLDS:
        for unsent in outbox.held(reason):
            if not delivery.has_time(context):
                return
            if reason != "network" and budgets.is_spent(reason):
                break
            if unsent.network not in spent and budgets.is_share_spent(unsent.network):
                spent.add(unsent.network)
            if unsent.network not in spent:
                yield unsent
