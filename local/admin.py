"""The admin of the local data: who it is, and the task that creates it."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from local.template import Function


def kept_password(path: Path) -> str:
    """The password that was made at the first start, or a new one, kept where only this user can read it."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip()
    password = secrets.token_urlsafe(12)
    _write_private(path, password)
    return password


def task(environment: Mapping[str, str]) -> Function:
    """The function that creates the admin; it sees what the project's functions see."""
    folder = Path(__file__).with_name("tasks")
    return Function("CreateAdmin", folder, "create_admin.handler", timeout=60, memory=512, environment=environment)


class Note:
    """Remembers for which e-mail and password an admin was made, without telling the password."""

    def __init__(self, path: Path, email: str, password: str) -> None:
        self._path = path
        self._digest = hashlib.scrypt(password.encode(), salt=email.encode(), n=2**12, r=8, p=1).hex()

    @property
    def stands(self) -> bool:
        """Whether the admin of this e-mail and password was made before."""
        return self._path.is_file() and self._path.read_text(encoding="utf-8") == self._digest

    def write(self) -> None:
        """Remember."""
        self._path.unlink(missing_ok=True)
        _write_private(self._path, self._digest)


def _write_private(path: Path, text: str) -> None:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    with open(path, "x", encoding="utf-8", opener=private) as file:
        file.write(text)
