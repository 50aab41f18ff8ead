"""The runner's background tasks."""

import io
import threading

from local.console import Console
from local.runner import repeat


def test_failing_task_is_reported_once_and_called_again() -> None:
    out, stopping, calls = io.StringIO(), threading.Event(), iter(range(5))

    def task() -> None:
        number = next(calls)
        if number == 4:
            stopping.set()
        elif number != 2:
            raise KeyError("lost")

    repeat(task, 0, stopping, Console(out))
    # Calls 0 and 1 fail in the same manner, call 2 succeeds, call 3 fails again.
    assert out.getvalue().count("Traceback") == 2
    assert out.getvalue().count("KeyError: 'lost'") == 2
