"""Every minute: try the mails that are due, whatever became of the tries before; tell how the outbox stands."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.core import logs, metrics, startup
from shared.mail import delivery, providers
from shared.records import outbox

startup.finish()


def handler(_event: Any, context: LambdaContext) -> None:
    """Deliver what is due, as far as the time reaches; the next run goes on."""
    survey = outbox.survey()
    fields = {"waiting": survey.waiting, "due": len(survey.due), "dead": survey.dead, "oldestSeconds": survey.oldest}
    if survey.waiting or survey.dead:
        logs.logger.info("outbox", extra={"fields": fields})
    metrics.count("MailsWaiting", survey.waiting)
    metrics.count("MailsDead", survey.dead)
    metrics.seconds("OldestUnsentMail", survey.oldest)
    for pending in survey.due:
        if not delivery.has_time(context) or providers.all_resting():
            return
        entry = outbox.claim(pending)
        if entry is not None:
            delivery.deliver(entry)
