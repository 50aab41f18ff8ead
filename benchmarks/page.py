"""What the pages share: the machine, numbers, tables, and the part of a page between its markers."""

import contextlib
import os
import platform
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent


def write(target: str, measured: str) -> None:
    """Print what `make <target>` measured, and replace it in its page: docs/benchmarks.md for bench."""
    page = ROOT / "docs" / f"{'benchmarks' if target == 'bench' else target}.md"
    start, end = f"<!-- measured by make {target} -->", f"<!-- end of what make {target} measured -->"
    before, _, rest = page.read_text().partition(start)
    page.write_text(f"{before}{start}\n\n{measured.strip()}\n{end}{rest.partition(end)[2]}")
    print(measured)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[int] = (0,)) -> str:
    """Return a Markdown table; columns hold numbers, except those of words."""
    ruler = "|".join("---" if column in words else "--:" for column in range(len(heads)))
    return "\n".join([f"| {' | '.join(heads)} |", f"|{ruler}|", *(f"| {' | '.join(row)} |" for row in rows), ""])


def shown(number: float) -> str:
    """Return a number with three significant figures at least."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2  # noqa: PLR2004
    return f"{number:,.{digits}f}"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def machine() -> str:
    """Return the processor's name and the number of its cores."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        name = found[1] if found else name
    return f"{name}, {os.cpu_count()} cores"
