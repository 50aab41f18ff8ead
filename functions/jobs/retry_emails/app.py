"""Every minute: try the mails that are due, whatever became of the tries before; tell how the outbox stands."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery, providers
from shared.records import outbox

startup.finish()


def handler(_event: Any, context: LambdaContext) -> None:
    """Deliver what is due, as far as the time reaches; the next run goes on."""
    found = outbox.backlog()
    fields = {"waiting": found.waiting, "due": len(found.due), "dead": found.dead, "oldestSeconds": found.oldest}
    if found.waiting or found.dead:
        logs.logger.info("outbox", extra={"fields": fields})
    metrics.count("EmailsWaiting", found.waiting)
    metrics.count("EmailsDead", found.dead)
    metrics.seconds("OldestUnsentEmail", found.oldest)
    for pending in found.due:
        if not delivery.has_time(context) or providers.all_circuits_open():
            return
        entry = outbox.claim(pending)
        if entry is not None:
            delivery.deliver(entry)
