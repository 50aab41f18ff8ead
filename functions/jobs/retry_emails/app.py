"""Run every minute for each part of the outbox: try the emails that are due or held back, and report the part's state.

The event names the part: `{"part": "waiting#0"}` to `{"part": "waiting#3"}` are the shards of the waiting emails, and
`{"part": "held"}` are those that a budget held back. The parts run side by side, because the CPU of one function is
enough for about 50 emails a second. Any other event means all parts, one after the other.
"""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery
from shared.records import budgets, outbox
from shared.records.outbox import Unsent

startup.finish()

_HELD = "held"
# Fewer emails are not worth another sender.
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
    delivery.deliver_all(found.due, context, senders=len(found.due) // _EMAILS_PER_SENDER + 1)


def _retry_held(context: LambdaContext) -> None:
    held, dead = outbox.count_held(), outbox.count_dead()
    if held or dead:
        logs.logger.info("outbox", extra={"fields": {"part": _HELD, "held": held, "dead": dead}})
    metrics.count("EmailsHeld", held)
    metrics.count("EmailsDead", dead)
    if held:
        delivery.deliver_all(_sendable_held(context), context)


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
