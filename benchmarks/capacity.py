"""What each flow consumes and costs: calls, read and write units, money, memory.

Run it by `make capacity`, about four minutes. Every flow is gone through three times with 100 users in the
tables and once with 100,000; CPU times are medians of the first. Writes docs/capacity.md, between its markers.
"""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import memory, prices
from benchmarks.cloud import cloud
from benchmarks.least import LEAST
from benchmarks.meter import Usage
from benchmarks.prices import ACTIVE_USERS, PRICES, PROFILE, Stack

_ROOT = Path(__file__).parent.parent
_START, _END = "<!-- measured by make capacity -->", "<!-- end of what make capacity measured -->"
FEW, MANY = 100, 100_000
_ROUNDS = 3
_TEMPLATES = ("template.yaml", "operations/template.yaml")
_METRICS = 9  # that functions count: `metrics.count` and `metrics.seconds`


def main() -> None:
    """Measure, print and write down what came out."""
    with cloud("s3") as project:
        # Imported now, as they read the environment.
        from benchmarks.flows import walk  # noqa: PLC0415
        from benchmarks.population import populate  # noqa: PLC0415

        megabytes = memory.needed({name: function.folder for name, function in project.functions.items()})
        populate(FEW, project.tables)
        walk(0)  # so that containers are warm
        rounds = [walk(number) for number in range(1, _ROUNDS + 1)]
        few = rounds[-1]
        for name, usage in few.items():
            usage.cpu = median(each[name].cpu for each in rounds)
        populate(MANY, project.tables)
        many = walk(_ROUNDS + 1)
        templates = "".join((_ROOT / name).read_text() for name in _TEMPLATES)
        stack = Stack(
            alarms=templates.count("Type: AWS::CloudWatch::Alarm"),
            metrics=_METRICS,
            memory=project.functions["UserFunction"].memory,
            memory_hashing=project.functions["LoginFunction"].memory,
        )
    measured = page(few, many, megabytes, stack)
    print(measured)
    write(_ROOT / "docs" / "capacity.md", measured)


def write(path: Path, measured: str) -> None:
    """Put the tables between the page's markers."""
    before, _, rest = path.read_text().partition(_START)
    _, _, after = rest.partition(_END)
    path.write_text(f"{before}{_START}\n{measured}{_END}{after}")


def page(few: Mapping[str, Usage], many: Mapping[str, Usage], megabytes: Mapping[str, float], stack: Stack) -> str:
    """Give the measured part of the page."""
    when = f"Measured on {datetime.now(UTC).date()}, Python {platform.python_version()} on {platform.machine()}."
    sections = [
        ("Units", units(few, many)),
        ("A million of each", millions(few, stack)),
        ("A month", months(few, stack)),
        ("Memory", [*needed(megabytes), "", *sizes(few)]),
        ("Prices", price_list()),
    ]
    return f"\n{when}\n\n" + "".join(f"### {title}\n\n" + "\n".join(lines) + "\n\n" for title, lines in sections)


# Tables --------------------------------------------------------------------------------------------


def table(heads: list[str], rows: list[list[str]], words: tuple[int, ...] = (0,)) -> list[str]:
    """Give a table; columns are of numbers, but for those of words."""
    ruler = "|".join("---" if column in words else "--:" for column in range(len(heads)))
    return [f"| {' | '.join(heads)} |", f"|{ruler}|", *(f"| {' | '.join(row)} |" for row in rows)]


def units(few: Mapping[str, Usage], many: Mapping[str, Usage]) -> list[str]:
    """Give calls and units of each flow, beside the least."""
    rows = []
    for name, usage in many.items():
        least, before = LEAST[name], few[name]
        grown = (
            ""
            if (usage.read, usage.written) == (before.read, before.written)
            else f"{before.read:g} / {before.written:g}"
        )
        extra = (usage.read - least.read, usage.written - least.written)
        beyond = " ".join(f"{more:+g} {kind}" for more, kind in zip(extra, ("read", "write"), strict=True) if more)
        rows.append(
            [
                name,
                str(len(usage.calls)),
                f"{usage.read:g}",
                f"{usage.written:g}",
                grown or "the same",
                f"{least.read:g} / {least.written:g}",
                beyond,
                least.why,
            ]
        )
    heads = ["flow", "calls", "read", "written", f"with {FEW} users", "the least", "beyond it", "what is needed"]
    return table(heads, rows, (0, 6, 7))


def millions(few: Mapping[str, Usage], stack: Stack) -> list[str]:
    """Give what a million of each flow cost."""
    rows = []
    for name, usage in few.items():
        costs = prices.parts(name, usage, stack)
        rows.append(
            [name, f"{usage.cpu:.1f}", *(f"{dollars:.2f}" for dollars in (*costs.values(), sum(costs.values())))]
        )
    return table(["$ for a million", "CPU ms", *costs, "all"], rows)


def months(few: Mapping[str, Usage], stack: Stack) -> list[str]:
    """Give bills of a month, and what else could be paid."""

    def row(name: str, dollars: list[float]) -> list[str]:
        return [name, *(f"{each:,.2f}" for each in dollars)]

    bills = [prices.month(users, few, stack) for users in ACTIVE_USERS]
    rows = [row(name, [bill[name] for bill in bills]) for name in bills[0]]
    totals = [sum(bill.values()) for bill in bills]
    rows.append(row("**all**", totals))
    rows.append(
        row("for a thousand users", [total / users * 1000 for total, users in zip(totals, ACTIVE_USERS, strict=True)])
    )
    auth = [prices.without_cognito(users, few, stack) for users in ACTIVE_USERS]
    rows.append(row("of it what Cognito would replace, without mail", auth))
    rows += [
        row(f"{plan}, without mail", [prices.cognito(users, plan) for users in ACTIVE_USERS])
        for plan in ("Cognito Essentials", "Cognito Lite")
    ]
    rows += [row(name, [dollars] * len(ACTIVE_USERS)) for name, dollars in prices.servers().items()]
    assumed = ", ".join(f"{times:g} {name}" for name, times in PROFILE.items())
    heads = ["$ a month", *(f"{users:,} users" for users in ACTIVE_USERS)]
    return [*table(heads, rows), "", f"An active user in a month: {assumed}."]


def needed(megabytes: Mapping[str, float]) -> list[str]:
    """Give the memory that functions need at the most, the hungriest first."""
    rows = sorted(megabytes.items(), key=lambda row: -row[1])
    return table(["function", "MB at the most"], [[name, f"{most:.0f}"] for name, most in rows])


def sizes(few: Mapping[str, Usage]) -> list[str]:
    """Give time and price of some flows at each setting."""
    rows = []
    for name in (
        "login",
        "GET a user",
        "GET users, 20",
        "refresh",
        "mail: choose a password",
        "retry job, nothing due",
    ):
        usage = few[name]
        for size in memory.SIZES:
            billed = memory.gigabyte_seconds(usage.cpu, len(usage.calls), size)
            times = [memory.milliseconds(usage.cpu, len(usage.calls), size), memory.cold(size)]
            rows.append(
                [name, str(size), *(f"{time:.0f}" for time in times), f"{billed * PRICES['time'].usd * 1e6:.2f}"]
            )
    return table(["flow", "MB", "ms warm", "ms more if cold", "$ for a million"], rows)


def price_list() -> list[str]:
    """Give the prices, where they are published and where they were read."""
    rows = [
        [f"{price.usd:.10f}".rstrip("0").rstrip("."), price.unit, f"aws.amazon.com/{price.page}", price.read]
        for price in PRICES.values()
    ]
    return table(["$", "for a", "published at", "read at"], rows, (1, 2, 3))


if __name__ == "__main__":
    main()
