"""MiniStack's data on disk: numbered generations of a snapshot and the journal after it (see `durable.py`)."""

import json
import os
import shutil
from pathlib import Path
from typing import Any


class DamagedError(Exception):
    """The data on disk cannot be used. The message names the file and the next step."""


class Generations:
    """The folders of the data directory: one snapshot and the journal that continues it."""

    def __init__(self, data: Path) -> None:
        self._data, self._mails = data, data / "mail.jsonl"
        for leftover in data.glob("*.new"):
            shutil.rmtree(leftover)
        self.current = max((int(folder.name) for folder in data.iterdir() if folder.name.isdigit()), default=0)
        self.folder.mkdir(exist_ok=True)
        _drop_unfinished_line(self._mails)
        _drop_unfinished_line(self._journal_path)
        self._open()

    @property
    def folder(self) -> Path:
        """The folder of the current generation."""
        return self._data / str(self.current)

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

    def entries(self) -> list[Any]:
        """Read the journal. Raises DamagedError."""
        lines = self._journal_path.read_bytes().splitlines()
        try:
            return [json.loads(line) for line in lines]
        except ValueError as problem:
            raise DamagedError(
                f"{self._journal_path} is damaged ({problem}). Restore it, or start afresh: delete {self._data.parent}."
            ) from problem

    def append(self, entry: Any) -> None:
        """Add an entry to the journal; it is the operating system's when this returns."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        if self._journal.write(line) != len(line):
            raise OSError("the disk is full")

    def add_mails(self, mails: list[Any]) -> None:
        """Add accepted mails to `mail.jsonl`, one JSON object a line. They belong to no generation."""
        with self._mails.open("ab", buffering=0) as file:
            file.write(b"".join(json.dumps(mail).encode() + b"\n" for mail in mails))

    def prepare_next(self) -> Path:
        """An empty folder for the next snapshot."""
        folder = self._data / f"{self.current + 1}.new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def switch(self, prepared: Path) -> None:
        """Make the prepared folder the current generation, on disk and in one step."""
        for path in (*prepared.iterdir(), prepared):
            _to_disk(path)
        previous = self.folder
        self.current += 1
        prepared.rename(self.folder)
        _to_disk(self._data)
        self._open()
        shutil.rmtree(previous)

    def _open(self) -> None:
        # Unbuffered: each append is one write to the operating system.
        self._journal = self._journal_path.open("ab", buffering=0)


def _drop_unfinished_line(path: Path) -> None:
    """Drop the end of a line that was being written when the process was killed: nobody was told that it counts."""
    if path.is_file() and (content := path.read_bytes()) and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
