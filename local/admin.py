"""The admin account of the local data: its password, and the task that creates it."""

import contextlib
import hashlib
import json
import os
import secrets
import threading
from pathlib import Path

from local.console import Console
from local.errors import RunnerError
from local.functions.pool import FunctionError, Pool


def stored_password(data: Path) -> str:
    """Return the stored password. The first call generates it, in a file that only this user can read."""
    path = data / "admin-password"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    password = secrets.token_urlsafe(12)
    _write_private(path, password)
    return password


def ensure(email: str, password: str, data: Path, pool: Pool, console: Console) -> None:
    """Create the admin with the task in `pool`, then stop the pool. Raises RunnerError.

    If an earlier start created this admin, the task runs in the background, and a failure is only a warning.
    """
    marker = _Marker(data / "admin-digest", email, password)
    if marker.matches:
        threading.Thread(target=_create_or_warn, args=(email, password, pool, console), daemon=True).start()
    else:
        _create(email, password, pool)
        marker.write()


def _create(email: str, password: str, pool: Pool) -> None:
    try:
        pool.invoke(json.dumps({"email": email, "password": password}))
    except FunctionError as problem:
        raise RunnerError(
            f"The admin {email} could not be created: {problem}. Correct the error, then start the runner again."
        ) from problem
    finally:
        pool.stop(0)


def _create_or_warn(email: str, password: str, pool: Pool, console: Console) -> None:
    try:
        _create(email, password, pool)
    except RunnerError as problem:
        console.warn(str(problem))


class _Marker:
    """A file that records which admin was created, as a digest that does not reveal the password."""

    def __init__(self, path: Path, email: str, password: str) -> None:
        self._path = path
        self._digest = hashlib.scrypt(password.encode(), salt=email.encode(), n=2**12, r=8, p=1).hex()

    @property
    def matches(self) -> bool:
        """Whether the file records this email and password."""
        return self._path.is_file() and self._path.read_text(encoding="utf-8") == self._digest

    def write(self) -> None:
        """Record this email and password."""
        self._path.unlink(missing_ok=True)
        _write_private(self._path, self._digest)


def _write_private(path: Path, text: str) -> None:
    def open_private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    try:
        with open(path, "x", encoding="utf-8", opener=open_private) as file:
            file.write(text)
    except OSError:
        # On a full disk, the file is there, and empty.
        path.unlink(missing_ok=True)
        raise
