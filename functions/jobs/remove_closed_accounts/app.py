"""Run every five minutes: remove what closed accounts left behind.

Accounts take turns, in random order, so that one with a million rows does not delay the others. If the time runs
out, or removing the data of one account fails, the next run continues.
"""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Any

from shared.accounts import removal
from shared.core import deadlines, logs, startup
from shared.records import closures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from shared.records.closures import Closure

startup.finish()

# The seconds before the timeout at which no call begins any more. A call that hangs ends after 4 s.
_RESERVE = 10


def handler(_event: Any, context: LambdaContext) -> None:
    """Remove the data of each closed account, as far as the time allows."""
    with deadlines.within(context.get_remaining_time_in_millis() / 1000 - _RESERVE):
        pending = list(closures.pending())
        random.shuffle(pending)
        left = _take_turns(deque((closure, removal.remove_remains(closure)) for closure in pending))
    if left:
        logs.logger.info("closed accounts wait for the next run", extra={"fields": {"accounts": left}})


def _take_turns(turns: deque[tuple[Closure, Iterator[None]]]) -> int:
    """Take a step for each account, and again, until all are complete or the time is out. Return how many are left."""
    while turns and not deadlines.has_passed():
        closure, steps = turns.popleft()
        try:
            next(steps)
        except StopIteration:
            continue
        except Exception:  # noqa: BLE001  # one account must not block the others
            if deadlines.has_passed():
                # It has not failed: there was no time for another call.
                return len(turns) + 1
            logs.logger.exception("closed account not removed", extra={"fields": {"userId": closure.user_id}})
        else:
            turns.append((closure, steps))
    return len(turns)
