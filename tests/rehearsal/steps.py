"""What the rehearsal tells: each step with its seconds, and of a failure what was seen and what to do next."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class RehearsalError(Exception):
    """A step did not do what it should: what was seen, and what to do next."""

    def __init__(self, seen: str, todo: str) -> None:
        super().__init__(seen)
        self.todo = todo


@contextmanager
def step(name: str) -> Iterator[None]:
    """Tell the step when it is done, and how long it took; add its name to what went wrong in it."""
    start = time.monotonic()
    try:
        yield
    except RehearsalError:
        print(f"  FAILED  {name}", flush=True)
        raise
    print(f"{time.monotonic() - start:6.1f} s  {name}", flush=True)


def note(text: str) -> None:
    """Tell something beside the steps."""
    print(f"          {text}", flush=True)
