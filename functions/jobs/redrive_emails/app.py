"""Run by hand once a problem is fixed: return every dead email to the outbox, and empty the queue of failed batches.

The queue holds stream positions. Their entries are still in the outbox, either waiting or dead.
"""

from typing import Any

from shared.core import logs, startup
from shared.mail import undelivered
from shared.records import outbox

startup.finish()


def handler(_event: Any, _context: Any) -> dict[str, int]:
    """Return the number of emails put back and of queue messages removed."""
    answer = {"emails": outbox.redrive(), "notes": undelivered.purge()}
    logs.logger.info("dead emails put back", extra={"fields": answer})
    return answer
