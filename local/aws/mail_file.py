"""`mail.jsonl`, the accepted emails: one JSON object per line. `local.aws.durable` appends to it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class MailFile:
    """Reads the file. Skips an unreadable line, and warns about it once. Thread-safe."""

    def __init__(self, path: Path, warn: Callable[[str], None]) -> None:
        self._path, self._warn = path, warn
        self._reported: set[int] = set()

    def read(self, start: int, convert: Callable[[dict[str, Any]], T]) -> Iterator[tuple[int, T | None]]:
        """Yield the end of each line after position `start`, and its converted email, or None if it is unreadable.

        An incomplete last line is left out: it is still being written.
        """
        if not self._path.exists() or self._path.stat().st_size <= start:
            return
        with self._path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                start += len(line)
                yield start, self._converted(start, line, convert)

    def end(self) -> int:
        """Return the position after the last complete line."""
        return self._path.read_bytes().rfind(b"\n") + 1 if self._path.exists() else 0

    def source(self, start: int, end: int) -> dict[str, Any]:
        """Return the email between two positions."""
        with self._path.open("rb") as file:
            file.seek(start)
            email: dict[str, Any] = json.loads(file.read(end - start))
            return email

    def _converted(self, end: int, line: bytes, convert: Callable[[dict[str, Any]], T]) -> T | None:
        try:
            return convert(json.loads(line))
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one line, the others can be read
            if end not in self._reported:
                self._reported.add(end)
                self._warn(f"An email in {self._path} cannot be read ({problem!r}): {line[:80]!r} is skipped.")
            return None
