"""The data of MiniStack on disk: numbered generations, each a snapshot and the journal that continues it (see `durable.py`)."""

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
        self._data = data
        for leftover in data.glob("*.new"):
            shutil.rmtree(leftover)
        self.current = max((int(folder.name) for folder in data.iterdir() if folder.name.isdigit()), default=0)
        self.folder.mkdir(exist_ok=True)
        self._open()

    @property
    def folder(self) -> Path:
        """The folder of the current generation."""
        return self._data / str(self.current)

    @property
    def journal_size(self) -> int:
        """Bytes in the journal."""
        return self._journal.tell()

    @property
    def snapshot_size(self) -> int:
        """Bytes in the current snapshot."""
        return sum(file.stat().st_size for file in self.folder.glob("*.json"))

    def entries(self) -> list[Any]:
        """The journal's entries. A last line that was not finished belongs to a request that was never answered: it goes."""
        path = self.folder / "journal.jsonl"
        lines = path.read_bytes().split(b"\n")
        if lines[-1]:
            os.truncate(path, path.stat().st_size - len(lines[-1]))
            self._open()
        try:
            return [json.loads(line) for line in lines[:-1]]
        except ValueError as problem:
            raise DamagedError(
                f"{path} is damaged ({problem}). Restore it, or start afresh by deleting {self._data.parent}."
            ) from problem

    def append(self, entry: Any) -> None:
        """Add an entry to the journal; it is the operating system's when this returns."""
        self._journal.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def add_mails(self, mails: list[Any]) -> None:
        """Add accepted mails to `mail.jsonl`, one JSON object a line. They belong to no generation."""
        with (self._data / "mail.jsonl").open("ab", buffering=0) as file:
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
        self._journal = (self.folder / "journal.jsonl").open("ab", buffering=0)


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
