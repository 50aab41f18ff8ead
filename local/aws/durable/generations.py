"""The data on disk: numbered folders, each with a snapshot and the journal that continues it."""

import errno
import json
import os
import shutil
from io import FileIO
from pathlib import Path
from typing import Any


class DamagedError(Exception):
    """The data on disk cannot be used. The message names the file."""


class Generations:
    """The folders in `data`. There are two only while a switch is in progress, otherwise just the current one."""

    def __init__(self, data: Path) -> None:
        self._data, self._emails = data, data / "mail.jsonl"
        numbers = [int(folder.name) for folder in data.iterdir() if folder.name.isdigit()]
        self.current = max(numbers, default=0)
        self.folder.mkdir(exist_ok=True)
        # What a process that was killed during a switch has left.
        older = [data / str(number) for number in numbers if number != self.current]
        for leftover in (*data.glob("*.new"), *older):
            shutil.rmtree(leftover)
        _drop_unfinished_line(self._emails)
        _drop_unfinished_line(self._journal_path)
        self._open()

    @property
    def folder(self) -> Path:
        """The folder of the current generation."""
        return self._data / str(self.current)

    @property
    def _next(self) -> Path:
        return self._data / f"{self.current + 1}.new"

    @property
    def _journal_path(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def journal_size(self) -> int:
        """Bytes in the journal."""
        return self._journal.tell()

    @property
    def snapshot_size(self) -> int:
        """Bytes in the current snapshot."""
        return sum(file.stat().st_size for file in self.folder.glob("*.json"))

    def entries(self) -> list[tuple[bytes, bytes, bytes]]:
        """Return the requests in the journal: target, authorization and body. Raises DamagedError."""
        try:
            return [_entry(line) for line in self._journal_path.read_bytes().splitlines()]
        except ValueError as problem:
            remedy = f"Restore it, or delete {self._data.parent} to start with empty data."
            raise DamagedError(f"{self._journal_path} is damaged ({problem}). {remedy}") from problem

    def append(self, entry: list[str]) -> None:
        """Append a request to the journal, and hand it to the operating system. Raises OSError."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        _append(self._journal, line)

    def add_emails(self, emails: list[Any]) -> None:
        """Append accepted emails to `mail.jsonl`, one JSON object a line. They belong to no generation. Raises OSError.

        After an error the file may end with an incomplete line, which the next start removes.
        """
        with self._emails.open("ab", buffering=0) as file:
            _append(file, b"".join(json.dumps(email).encode() + b"\n" for email in emails))

    def prepare_next(self) -> Path:
        """Create an empty folder for the next snapshot."""
        self.drop_prepared()
        self._next.mkdir()
        return self._next

    def drop_prepared(self) -> None:
        """Delete the folder for the next snapshot, if there is one."""
        shutil.rmtree(self._next, ignore_errors=True)

    def switch(self, prepared: Path) -> None:
        """Force the prepared folder to the disk, then make it the current one by a rename.

        Raises OSError. The process must then exit: either folder may be the current one on disk.
        """
        for path in (*prepared.iterdir(), prepared):
            _fsync(path)
        previous = self.folder
        prepared.rename(prepared.with_suffix(""))
        self.current += 1
        _fsync(self._data)
        self.close()
        self._open()
        shutil.rmtree(previous)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _open(self) -> None:
        # Unbuffered: each append is one write to the operating system.
        self._journal = self._journal_path.open("ab", buffering=0)


def _entry(line: bytes) -> tuple[bytes, bytes, bytes]:
    match json.loads(line):
        case [str(target), str(authorization), str(body)]:
            return target.encode("latin-1"), authorization.encode("latin-1"), body.encode()
        case _:
            raise ValueError(f"{line[:80]!r} is not a request")


def _append(file: FileIO, content: bytes) -> None:
    # A full disk may accept only the first part of the content.
    if file.write(content) != len(content):
        raise OSError(errno.ENOSPC, "the disk is full")


def _drop_unfinished_line(path: Path) -> None:
    """Remove an incomplete last line: the process was killed while writing it, before it had answered."""
    if path.is_file() and (content := path.read_bytes()) and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
