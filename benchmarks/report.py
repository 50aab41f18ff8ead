"""What `make bench` measured, as tables and as a picture."""

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any, NamedTuple, TypeAlias

from benchmarks import page

# Pairs of CPU and wall milliseconds, in the order of the rounds.
Figures: TypeAlias = Sequence[Sequence[float]]

CPU, WALL = 0, 1
OURS = "ours"
NAMES = {
    "ours": "this project",
    "floor": "floor",
    "floor_on_layer": "floor on this layer",
    "fastapi": "FastAPI, Mangum",
    "powertools": "Powertools",
}
ROUTES = {
    "user": "GET /api/users/{userId}",
    "users": "GET /api/users",
    "login": "POST /api/auth/login",
    "refresh": "POST /api/auth/refresh",
    "contact": "POST /api/contact",
}
READ, BODY = ("user", "users"), ("login", "refresh", "contact")
_PACKAGES = ("botocore", "boto3", "pyjwt", "cryptography", "pydantic", "fastapi", "mangum", "aws-lambda-powertools")
_RESAMPLED = 1000


class Aim(NamedTuple):
    """The most CPU time of a kind that this project may take, as a multiple of another contender's."""

    kind: str
    other: str
    most: float
    endpoints: Sequence[str] = READ + BODY


AIMS = (
    Aim("cold", "floor_on_layer", 1.05, READ),
    Aim("cold", "floor_on_layer", 1.15, BODY),
    Aim("cold", "fastapi", 0.50),
    Aim("cold", "powertools", 0.55),
    Aim("warm", "floor_on_layer", 1.20),
)
_TITLES = {"cold": "Cold start, to the first response", "warm": "Warm request"}


def write(result: dict[str, Any], lock: Path) -> None:
    """Write the tables between the markers of benchmarks.md, and benchmarks.svg."""
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
    versions = ", ".join(f"{name} {locked[name]}" for name in _PACKAGES)
    (page.ROOT / "docs" / "benchmarks.svg").write_text(picture(result))
    page.write("bench", tables(result, versions))


# Tables --------------------------------------------------------------------------------------------


def tables(result: dict[str, Any], versions: str) -> str:
    """Return the measured part of the page."""
    sections = []
    for kind, title in _TITLES.items():
        sections += [f"### {title}: CPU", "", table(result[kind], CPU), *aims(kind, result[kind]), ""]
        sections += [f"### {title}: wall clock", "", table(result[kind], WALL)]
    ends = [0.0, *map(median, result["parts"].values())]
    parts = [
        [name, f"{after - before:.0f}"] for name, before, after in zip(result["parts"], ends, ends[1:], strict=False)
    ]
    calls = [f"- `{ROUTES[name]}`: {', '.join(map(call, made))}" for name, made in result["calls"].items()]
    notes = [f"- {note}" for note in result["notes"]] or ["- none"]
    return f"""\
Measured on {page.today()}: {result["machine"]},
`{result["image"]}` with Python {result["python"]};
{versions}.
{result["rounds"]} rounds: in each, every contender starts, answers, and answers {result["requests"]} warm requests.

A cell has the median of the rounds in milliseconds (quartiles), and for the others the **ratio** of this project's
median to theirs, with its 95% interval (bootstrap over rounds).

{_lines(sections)}
One password hash at cost {result["hash"]["cost"]} takes {result["hash"]["cpu"]:.0f} ms of CPU on this machine in every
contender; sign-in was measured with a hash of lower cost.

### The parts of a cold start

{page.table(["with the layer's libraries", "CPU ms: medians"], parts)}
The functions import pydantic only for requests with a body or query parameters. Their own modules come on top.

### What was compared

The calls behind each response, on a cold start:

{_lines(calls)}

Differences between the contenders in this run:

{_lines(notes)}
"""


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def table(figures: dict[str, dict[str, Figures]], clock: int) -> str:
    """Return one table: medians with quartiles, and ratios with their 95% intervals."""
    rows = []
    for endpoint, measured in figures.items():
        times = {name: [pair[clock] for pair in pairs] for name, pairs in measured.items()}
        cells = [
            spread(mine) if name == OURS else f"{spread(mine)}<br>{ratio(times[OURS], mine)}"
            for name, mine in times.items()
        ]
        rows.append([f"`{ROUTES[endpoint]}`", *cells])
    return page.table(["", *(NAMES[name] for name in next(iter(figures.values())))], rows)


def spread(times: Sequence[float]) -> str:
    """Return median and quartiles."""
    low, middle, high = quantiles(times, method="inclusive") if len(times) > 1 else [times[0]] * 3
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2  # noqa: PLR2004  # three significant figures
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the ratio of the medians and its 95% interval, by drawing rounds with replacement (bootstrap)."""
    chance = Random(0)  # noqa: S311  # the same figures give the same interval
    rounds = range(len(ours))
    drawn = []
    for _ in range(_RESAMPLED):
        some = chance.choices(rounds, k=len(ours))
        drawn.append(median(ours[number] for number in some) / median(theirs[number] for number in some))
    drawn.sort()
    low, high = drawn[_RESAMPLED * 25 // 1000], drawn[_RESAMPLED * 975 // 1000]
    return f"**{median(ours) / median(theirs):.2f}** ({low:.2f} to {high:.2f})"


def aims(kind: str, figures: dict[str, dict[str, Figures]]) -> list[str]:
    """Return the aims for this table as a list, each with the ratios that missed it."""
    lines = ["Aims:", ""]
    for aim in AIMS:
        if aim.kind == kind:
            missed = [
                f"`{ROUTES[endpoint]}` {reached:.2f}"
                for endpoint in aim.endpoints
                if (reached := _median(figures[endpoint][OURS]) / _median(figures[endpoint][aim.other])) > aim.most
            ]
            what = {READ: " for reads", BODY: " for what takes a body"}.get(tuple(aim.endpoints), "")
            outcome = f"missed: {', '.join(missed)}" if missed else "met"
            lines.append(f"- at most {aim.most:.2f} of {NAMES[aim.other]}{what}: {outcome}")
    return lines


def _median(pairs: Figures) -> float:
    return median(pair[CPU] for pair in pairs)


def call(parts: Sequence[str]) -> str:
    """Return a call to the database in words."""
    operation, *about = parts
    return f"{operation} {' + '.join(part.removesuffix('Table') for part in about if part != 'consistent')}".strip()


# The picture ---------------------------------------------------------------------------------------

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 14px; font-weight: 600 }
  .figure { font-size: 11px; fill: #57606a }
  .ours { fill: #1f5fbf } .floor { fill: #8c959f } .floor_on_layer { fill: #b3bac2 }
  .fastapi { fill: #4a9d8f } .powertools { fill: #c98a2b }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .figure { fill: #9da7b1 }
    .ours { fill: #5b9bf3 } .floor { fill: #6e7681 } .floor_on_layer { fill: #8b949e }
    .fastapi { fill: #5fb8a8 } .powertools { fill: #d9a04a }
  }
"""
_WIDTH, _LEFT, _BAR, _GAP = 760, 190, 13, 14


def picture(result: dict[str, Any]) -> str:
    """Draw the medians of CPU time as bars, as SVG."""
    parts: list[str] = []
    y = 24
    for number, name in enumerate(NAMES):
        x = 12 + number * 148
        parts += [f'<rect class="{name}" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>']
        parts += [_text(x + 18, y, NAMES[name])]
    for kind, title in _TITLES.items():
        y += 36
        parts.append(_text(12, y, f"{title}: CPU ms", "title"))
        y += 12
        medians = {
            endpoint: {name: _median(pairs) for name, pairs in row.items()} for endpoint, row in result[kind].items()
        }
        scale = (_WIDTH - _LEFT - 60) / max(max(row.values()) for row in medians.values())
        for endpoint, row in medians.items():
            parts.append(_text(12, y + len(row) * _BAR / 2 + 4, ROUTES[endpoint]))
            for name, value in row.items():
                shape = f'x="{_LEFT}" y="{y}" width="{value * scale:.1f}" height="{_BAR - 2}" rx="2"'
                parts.append(f'<rect class="{name}" {shape}/>')
                shown = f"{value:.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004
                parts.append(_text(_LEFT + value * scale + 5, y + _BAR - 3, shown, "figure"))
                y += _BAR
            y += _GAP
    size = f'viewBox="0 0 {_WIDTH} {y + 8}" width="{_WIDTH}" height="{y + 8}"'
    described = "Bar chart: CPU time of cold starts and warm requests of all contenders, by endpoint"
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{described}">\n'
        f"  <style>{_STYLE}  </style>\n  {body}\n</svg>\n"
    )


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:.1f}" y="{y:.1f}">{text}</text>'
