"""Functions that the template has invoked at a rate, as EventBridge does it.

The first time is one interval after the start. A run that takes longer than its interval does not keep the next from
starting, nor does one that fails.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from local.aws import ACCOUNT, REGION
from local.console import Console
from local.functions.pool import FunctionError, Result
from local.template import Schedule


class Schedules:
    """All schedules of a project, in a thread of their own."""

    def __init__(self, invoke: Callable[[str, str], Result], console: Console) -> None:
        self._invoke, self._console = invoke, console
        self._due: dict[Schedule, float] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def serve(self, declared: Collection[Schedule]) -> None:
        """Serve these from now on, instead of those before; what has not changed keeps its time."""
        now = time.monotonic()
        with self._changed:
            self._due = {schedule: self._due.get(schedule, now + schedule.seconds) for schedule in declared}
            self._changed.notify()

    def stop(self) -> None:
        """Begin no more runs."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def take_due(self, now: float) -> list[Schedule]:
        """Those whose time has come; each is due again one interval later."""
        with self._changed:
            due = [schedule for schedule, at in self._due.items() if at <= now]
            # After a sleep of the machine, what was missed is not made up for.
            self._due |= {schedule: max(self._due[schedule], now - 1) + schedule.seconds for schedule in due}
            return due

    def _run(self) -> None:
        while not self._ends_while_waiting():
            for schedule in self.take_due(time.monotonic()):
                threading.Thread(target=self.run, args=(schedule,), daemon=True).start()

    def _ends_while_waiting(self) -> bool:
        """Wait until one is due, or the schedules change or end; say whether they end."""
        with self._changed:
            if not self._stopping:
                next_at = min(self._due.values(), default=None)
                self._changed.wait(None if next_at is None else max(0.0, next_at - time.monotonic()))
            return self._stopping

    def run(self, schedule: Schedule) -> None:
        """Invoke the function once."""
        try:
            self._invoke(schedule.function, schedule.payload or _event(schedule))
        except FunctionError as problem:
            self._console.warn(f"{schedule.function} failed on its schedule: {problem}")


def _event(schedule: Schedule) -> str:
    # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-events.html
    return json.dumps(
        {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{schedule.name}"],
            "detail": {},
        }
    )
