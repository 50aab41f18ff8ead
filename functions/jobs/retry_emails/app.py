"""Run every minute: try the emails that are due, and report the state of the outbox."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery, providers
from shared.records import outbox

startup.finish()


def handler(_event: Any, context: LambdaContext) -> None:
    """Deliver the emails that are due. If the time runs out, the next run continues."""
    found = outbox.backlog()
    fields = {"waiting": found.waiting, "due": len(found.due), "dead": found.dead, "oldestSeconds": found.oldest_age}
    if found.waiting or found.dead:
        logs.logger.info("outbox", extra={"fields": fields})
    metrics.count("EmailsWaiting", found.waiting)
    metrics.count("EmailsDead", found.dead)
    metrics.seconds("OldestUnsentEmail", found.oldest_age)
    for unsent in found.due:
        if not delivery.has_time(context) or providers.all_circuits_open():
            return
        entry = outbox.claim(unsent)
        if entry is not None:
            delivery.deliver(entry)
