"""Invoke functions at the rates of the template, like EventBridge.

The first run is one interval after the start. The next run starts on time, even if a run fails or takes longer than the
interval.

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
    """The schedules of a project, in a thread of their own."""

    def __init__(self, invoke: Callable[[str, str], Result], console: Console) -> None:
        self._invoke, self._console = invoke, console
        self._due: dict[Schedule, float] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def serve(self, declared: Collection[Schedule]) -> None:
        """Replace the schedules. One that has not changed keeps its next run."""
        now = time.monotonic()
        with self._changed:
            self._due = {schedule: self._due.get(schedule, now + schedule.seconds) for schedule in declared}
            self._changed.notify()

    def stop(self) -> None:
        """Start no more runs."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def take_due(self, now: float) -> list[Schedule]:
        """Return the schedules that are due. Each is due again one interval later."""
        with self._changed:
            due = [schedule for schedule, at in self._due.items() if at <= now]
            # Runs that were missed while the machine was asleep are skipped.
            self._due |= {schedule: max(self._due[schedule], now - 1) + schedule.seconds for schedule in due}
            return due

    def _run(self) -> None:
        while self._wait_for_next():
            for schedule in self.take_due(time.monotonic()):
                threading.Thread(target=self.run, args=(schedule,), daemon=True).start()

    def _wait_for_next(self) -> bool:
        """Wait until a schedule is due or the schedules change. Returns False when they have been stopped."""
        with self._changed:
            if not self._stopping:
                next_at = min(self._due.values(), default=None)
                self._changed.wait(None if next_at is None else max(0.0, next_at - time.monotonic()))
            return not self._stopping

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
