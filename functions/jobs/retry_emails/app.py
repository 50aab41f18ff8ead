"""Run every minute: try the emails that are due and those held that can be sent now, and report the outbox's state."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery, providers
from shared.records import budgets, outbox
from shared.records.outbox import Unsent

startup.finish()


def handler(_event: Any, context: LambdaContext) -> None:
    """Deliver the emails that are due. If the time runs out, the next run continues."""
    found = outbox.backlog()
    fields = {
        "waiting": found.waiting,
        "due": len(found.due),
        "held": found.held,
        "dead": found.dead,
        "oldestSeconds": found.oldest_age,
    }
    if found.waiting or found.held or found.dead:
        logs.logger.info("outbox", extra={"fields": fields})
    metrics.count("EmailsWaiting", found.waiting)
    metrics.count("EmailsHeld", found.held)
    metrics.count("EmailsDead", found.dead)
    metrics.seconds("OldestUnsentEmail", found.oldest_age)
    for unsent in chain(found.due, _held_within_budget(context) if found.held else ()):
        if not delivery.has_time(context) or providers.all_circuits_open():
            return
        entry = outbox.claim(unsent)
        if entry is not None:
            delivery.deliver(entry)


def _held_within_budget(context: LambdaContext) -> Iterator[Unsent]:
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
