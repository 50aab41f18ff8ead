"""What `make bench` measured, as tables and as a picture."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, TypeAlias

# Pairs of CPU and wall milliseconds, in the order of the rounds.
Figures: TypeAlias = Sequence[Sequence[float]]

CPU, WALL = 0, 1
OURS = "ours"
NAMES = {"ours": "this project", "floor": "floor", "fastapi": "FastAPI, Mangum", "powertools": "Powertools"}
ROUTES = {
    "user": "GET /api/users/{userId}",
    "users": "GET /api/users",
    "login": "POST /api/auth/login",
    "refresh": "POST /api/auth/refresh",
    "contact": "POST /api/contact",
}
_PACKAGES = ("botocore", "boto3", "pyjwt", "cryptography", "pydantic", "fastapi", "mangum", "aws-lambda-powertools")
_START, _END = "<!-- measured by make bench -->", "<!-- end of what make bench measured -->"
_RESAMPLED = 1000


def versions(lock: Path) -> dict[str, str]:
    """Give the versions in a lock of what matters here."""
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
    return {name: locked[name] for name in _PACKAGES}


def write(result: dict[str, Any], docs: Path) -> str:
    """Put the tables between the markers of benchmarks.md, and draw benchmarks.svg; give the tables."""
    measured = tables(result)
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition(_START)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_START}\n{measured}{_END}{after}")
    (docs / "benchmarks.svg").write_text(picture(result))
    return measured


# Tables --------------------------------------------------------------------------------------------


def tables(result: dict[str, Any]) -> str:
    """Give the measured part of the page."""
    machine, hashing = result["machine"], result["hash"]
    packages = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    where = f"{machine['processor']}, {machine['cores']} cores, `{result['image']}` with Python {machine['python']}"
    number = f"{result['rounds']} cold starts and {result['requests']} warm requests of each, in turn"
    lines = ["", f"Measured on {result['date']}: {where}; {packages}. {number}.", ""]
    for kind, title in (("cold", "Cold start, to the first answer"), ("warm", "Warm request")):
        for clock, unit in ((CPU, "CPU"), (WALL, "wall clock")):
            lines += [f"### {title}: {unit}", "", *table(result[kind], clock), ""]
    hash_time = f"One password hash at cost {hashing['cost']} takes {hashing['cpu']:.0f} ms of CPU on this machine"
    lines += [
        f"{hash_time}, for whoever computes it; sign-in was measured with hashes of cost 4.",
        "",
        "The calls behind each answer, on a cold start:",
        "",
        *(f"- `{ROUTES[name]}`: {', '.join(map(call, calls))}" for name, calls in result["calls"].items()),
        "",
    ]
    if result["notes"]:
        lines += ["Not alike in this run:", "", *(f"- {note}" for note in result["notes"]), ""]
    return "\n".join(lines)


def table(figures: dict[str, dict[str, Figures]], clock: int) -> list[str]:
    """Give the rows of one table: medians with quartiles, and ratios with their 95% intervals."""
    contenders = list(next(iter(figures.values())))
    others = [name for name in contenders if name != OURS]
    heads = ["ms: median (quartiles)", *(NAMES[name] for name in contenders)]
    heads += [f"of {NAMES[name]}" for name in others]
    rows = [f"| {' | '.join(heads)} |", f"|---|{'--:|' * (len(contenders) + len(others))}"]
    for endpoint, measured in figures.items():
        times = {name: [pair[clock] for pair in pairs] for name, pairs in measured.items()}
        cells = [f"`{ROUTES[endpoint]}`", *(spread(times[name]) for name in contenders)]
        cells += [ratio(times[OURS], times[name]) for name in others]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def spread(times: Sequence[float]) -> str:
    """Give median and quartiles."""
    low, middle, high = quantiles(times, method="inclusive") if len(times) > 1 else [times[0]] * 3
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2  # noqa: PLR2004  # three figures that count
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Give the ratio of the medians and its 95% interval, by drawing rounds with replacement (bootstrap)."""
    chance = Random(0)  # noqa: S311  # the same figures give the same interval
    rounds = range(len(ours))
    drawn = []
    for _ in range(_RESAMPLED):
        some = chance.choices(rounds, k=len(ours))
        drawn.append(median(ours[number] for number in some) / median(theirs[number] for number in some))
    drawn.sort()
    low, high = drawn[_RESAMPLED * 25 // 1000], drawn[_RESAMPLED * 975 // 1000]
    return f"**{median(ours) / median(theirs):.2f}** ({low:.2f} to {high:.2f})"


def call(parts: Sequence[str]) -> str:
    """Show a call to the database."""
    operation, *about = parts
    return f"{operation} {' + '.join(part.removesuffix('Table') for part in about if part != 'consistent')}".strip()


# The picture ---------------------------------------------------------------------------------------

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 14px; font-weight: 600 }
  .figure { font-size: 11px; fill: #57606a }
  .ours { fill: #1f5fbf } .floor { fill: #8c959f } .fastapi { fill: #4a9d8f } .powertools { fill: #c98a2b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .figure { fill: #9da7b1 }
    .ours { fill: #5b9bf3 } .floor { fill: #6e7681 } .fastapi { fill: #5fb8a8 } .powertools { fill: #d9a04a }
  }
"""
_WIDTH, _LEFT, _BAR, _GAP = 760, 190, 13, 14


def picture(result: dict[str, Any]) -> str:
    """Draw the medians of CPU time as bars, as SVG."""
    parts: list[str] = []
    y = 24
    for number, name in enumerate(NAMES):
        x = _LEFT + number * 140
        parts += [f'<rect class="{name}" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>']
        parts += [_text(x + 18, y, NAMES[name])]
    for kind, title in (("cold", "Cold start to the first answer, CPU ms"), ("warm", "Warm request, CPU ms")):
        y += 36
        parts.append(_text(12, y, title, "title"))
        y += 12
        y = _bars(parts, y, {name: _medians(measured) for name, measured in result[kind].items()})
    size = f'viewBox="0 0 {_WIDTH} {y + 8}" width="{_WIDTH}" height="{y + 8}"'
    described = "Bars: CPU time of cold starts and warm requests of four implementations, by endpoint"
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{described}">\n'
        f"  <style>{_STYLE}  </style>\n  {body}\n</svg>\n"
    )


def _medians(measured: dict[str, Figures]) -> dict[str, float]:
    return {name: median(pair[CPU] for pair in pairs) for name, pairs in measured.items()}


def _bars(parts: list[str], y: int, rows: dict[str, dict[str, float]]) -> int:
    """Draw one group of bars for each endpoint below y; give where they end."""
    scale: Callable[[float], float] = _scale(max(value for row in rows.values() for value in row.values()))
    for endpoint, row in rows.items():
        parts.append(_text(12, y + 2 * _BAR + 4, ROUTES[endpoint]))
        for name, value in row.items():
            width = scale(value)
            parts.append(f'<rect class="{name}" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}" rx="2"/>')
            shown = f"{value:.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004
            parts.append(_text(_LEFT + width + 5, y + _BAR - 3, shown, "figure"))
            y += _BAR
        y += _GAP
    return y


def _scale(longest: float) -> Callable[[float], float]:
    return lambda value: value / longest * (_WIDTH - _LEFT - 60)


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:.1f}" y="{y}">{text}</text>'
