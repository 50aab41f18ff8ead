"""Run every five minutes: remove what closed accounts left behind.

If the time runs out, or removing the data of one account fails, the next run continues.
"""

from typing import Any

from shared.accounts import closing
from shared.core import logs, startup
from shared.records import closures

startup.finish()


def handler(_event: Any, _context: Any) -> None:
    """Remove the data of each closed account."""
    for closure in closures.pending():
        try:
            closing.remove_remains(closure)
        except Exception:  # noqa: BLE001  # one account must not block the others
            logs.logger.exception("closed account not removed", extra={"fields": {"userId": closure.user_id}})
