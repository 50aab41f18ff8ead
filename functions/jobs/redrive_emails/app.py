"""Run by hand once a problem is fixed: return every dead email to the outbox, and empty the queue of failed batches.

The queue holds stream positions. Their entries are still in the outbox, either waiting or dead.
"""

from typing import Any

from shared.core import logs, startup
from shared.mail import failed_batches
from shared.records import outbox

startup.finish()


def handler(_event: Any, _context: Any) -> dict[str, int]:
    """Return the numbers of emails put back and of failed batches removed from the queue."""
    result = {"emails": outbox.redrive(), "batches": failed_batches.purge()}
    logs.logger.info("dead emails put back", extra={"fields": result})
    return result
