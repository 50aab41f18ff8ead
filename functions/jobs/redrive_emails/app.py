"""By hand, once its cause is gone: put every dead mail back, and empty the queue of what the stream gave up.

The queue holds positions in the stream, of records whose entries still wait in the outbox or are dead in it.
"""

from typing import Any

from shared.core import logs, startup
from shared.mail import undelivered
from shared.records import outbox

startup.finish()


def handler(_event: Any, _context: Any) -> dict[str, int]:
    """Give how many mails were put back, and how many notes of the stream were removed."""
    answer = {"emails": outbox.redrive(), "notes": undelivered.purge()}
    logs.logger.info("dead mails put back", extra={"fields": answer})
    return answer
