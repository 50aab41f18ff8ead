"""Progress output: each step with its duration; errors with what was seen and what to do next."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class RehearsalError(Exception):
    """A step failed: what was seen, and what to do next."""

    def __init__(self, seen: str, next_step: str) -> None:
        super().__init__(seen)
        self.next_step = next_step


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print the step's name and duration when it ends, or that it failed."""
    start = time.monotonic()
    try:
        yield
    except RehearsalError:
        print(f"  FAILED  {name}", flush=True)
        raise
    print(f"{time.monotonic() - start:6.1f} s  {name}", flush=True)


def note(text: str) -> None:
    """Print a line between the steps."""
    print(f"          {text}", flush=True)
