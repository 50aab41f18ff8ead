"""What has changed on disk since the last look: which functions, a layer, the template.

A look is a stat of each source file, well under a millisecond for this project; it works alike on every system and with every editor.
"""

import contextlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Signature = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Changes:
    """The functions to retire, and whether a layer or the template changed."""

    functions: frozenset[str]
    layers: bool
    template: bool

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.functions) or self.layers or self.template


class Watch:
    """Remembers what the files were like at the last look."""

    def __init__(self, template: Path, functions: Mapping[str, Path], layers: Sequence[Path]) -> None:
        self._template = template
        self._seen: dict[str, Signature] = {}
        self.follow(functions, layers)

    def follow(self, functions: Mapping[str, Path], layers: Sequence[Path]) -> None:
        """Watch these from now on. What was watched before is still compared with the last look, and not with this moment."""
        self._functions, self._layers = functions, layers
        self._seen = {**self._look(), **self._seen}

    def changes(self) -> Changes:
        """Compare with the last look."""
        before, self._seen = self._seen, self._look()
        changed = {key for key, signature in self._seen.items() if before.get(key) != signature}
        return Changes(
            functions=frozenset(name for name in self._functions if name in changed),
            layers=any(str(layer) in changed for layer in self._layers),
            template=str(self._template) in changed,
        )

    def _look(self) -> dict[str, Signature]:
        looks = {name: _signature(folder) for name, folder in self._functions.items()}
        looks |= {str(layer): _signature(layer) for layer in self._layers}
        looks[str(self._template)] = _signature(self._template)
        return looks


def _signature(path: Path) -> Signature:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if _counts(file.relative_to(path))]
    signature = {}
    for file in files:
        # Editors save by replacing: a file that is gone now will be there at the next look.
        with contextlib.suppress(FileNotFoundError):
            status = file.stat()
            if stat.S_ISREG(status.st_mode):
                signature[str(file)] = (status.st_mtime_ns, status.st_size)
    return signature


def _counts(path: Path) -> bool:
    return (
        "__pycache__" not in path.parts
        and not any(part.startswith(".") for part in path.parts)
        and path.suffix != ".pyc"
    )
