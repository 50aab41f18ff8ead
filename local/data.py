"""The directory of the local data: `.local`, unless `--data` names another. `python -m local.data` deletes it."""

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from local import PROJECT
from local.errors import RunnerError

DIRECTORY = PROJECT / ".local"


@contextlib.contextmanager
def opened(data: Path) -> Iterator[None]:
    """Create the directory if it is missing, and keep other runners out. Raises RunnerError if that is impossible."""
    try:
        # It holds passwords, and the key that signs tokens.
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.chmod(0o700)
        lock = (data / "lock").open("a+")
    except OSError as problem:
        raise RunnerError(
            f"{data} cannot be used ({problem.strerror}). Make it a directory that you own and may write to, delete "
            "it, or choose another with --data DIR."
        ) from problem
    with lock:
        # The system releases the lock when this process exits, even by a kill.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RunnerError(
                f"Another runner (process {lock.read().strip()}) is using {data}. "
                "Stop it, or choose another directory with --data DIR."
            ) from None
        lock.truncate(0)
        # The id is only for the message above. On a full disk it may be missing, since `make reset` must not fail.
        with contextlib.suppress(OSError):
            os.write(lock.fileno(), str(os.getpid()).encode())
        yield


def delete(data: Path) -> None:
    """Delete the directory. Raises RunnerError if a runner is using it."""
    if data.exists():
        with opened(data):
            shutil.rmtree(data)


if __name__ == "__main__":
    try:
        delete(DIRECTORY.resolve())
    except RunnerError as refusal:
        sys.exit(str(refusal))
