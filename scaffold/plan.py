"""Changes to files, shown as a diff or carried out together. Nothing is written before all of them are known."""

import difflib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scaffold.names import ScaffoldError
from scaffold.routes import ROOT


class Plan:
    """The new text of each file to write, or None for one to delete, by its path in the project."""

    def __init__(self) -> None:
        self._texts: dict[str, str | None] = {}

    def read(self, path: str) -> str:
        """Return the text of a file as it is planned."""
        planned = self._texts.get(path)
        return planned if planned is not None else (ROOT / path).read_text(encoding="utf-8")

    def paths(self) -> list[str]:
        """Return the files that change."""
        return sorted(self._texts)

    def exists(self, path: str) -> bool:
        """Return whether a file will exist."""
        return self._texts[path] is not None if path in self._texts else (ROOT / path).exists()

    def create(self, path: str, text: str) -> None:
        """Plan a new file.

        Raises:
            ScaffoldError: it exists.

        """
        if self.exists(path):
            raise ScaffoldError(f"{path} exists already.")
        self._texts[path] = text

    def change(self, path: str, text: str) -> None:
        """Plan another text for a file."""
        self._texts[path] = text

    def delete(self, path: str) -> None:
        """Plan to delete a file."""
        self._texts[path] = None

    def move(self, path: str, target: str) -> None:
        """Plan another place for a file."""
        self.create(target, self.read(path))
        self.delete(path)

    def diff(self) -> Iterator[str]:
        """Yield the lines of the difference."""
        for path, text in sorted(self._texts.items()):
            file = ROOT / path
            before = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
            after = (text or "").splitlines(keepends=True)
            names = (f"a/{path}" if before else "/dev/null", f"b/{path}" if text is not None else "/dev/null")
            yield from difflib.unified_diff(before, after, *names)

    def apply(self, *, only_planned_files: bool = False) -> Iterator[str]:
        """Carry the changes out, and yield a line for each.

        Git must be clean, or with `only_planned_files` clean in the files that change.

        Raises:
            ScaffoldError: git has changes that are not committed, so these could not be told from them.

        """
        files = sorted(self._texts) if only_planned_files else []
        status = subprocess.run(
            ["git", "status", "--porcelain", "--", *files],  # noqa: S607  # the developer's git
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if status.returncode or status.stdout:
            changed = [line[3:] for line in status.stdout.splitlines()]
            names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")  # noqa: PLR2004
            raise ScaffoldError(
                f"There are changes that are not committed: {names or 'git status fails'}. Commit them first, also an "
                "endpoint or a resource that was just added: then git can undo the next step."
            )
        for path, text in sorted(self._texts.items()):
            file = ROOT / path
            if text is None:
                file.unlink()
                _delete_if_empty(file.parent)
                yield f"deleted {path}"
            else:
                what = "changed" if file.exists() else "wrote  "
                file.parent.mkdir(parents=True, exist_ok=True)
                # At once: the runner, which reads a file whenever it changes, never sees half of it.
                temporary = file.with_name(f".{file.name}.new")
                temporary.write_text(text, encoding="utf-8")
                temporary.replace(file)
                yield f"{what} {path}"


def _delete_if_empty(folder: Path) -> None:
    """Delete a folder in which nothing but compiled files are left, and likewise the folders above it."""
    while folder != ROOT and not [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()
        folder = folder.parent
