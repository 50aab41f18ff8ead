"""What each flow consumes and costs: calls, read and write units, money, memory.

Run by `make capacity`, about four minutes. Every flow runs three times with 100 users in the tables and once with
100,000; CPU times are medians of the first three. Writes docs/capacity.md, between its markers.
"""

import platform
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks import memory, page, prices
from benchmarks.cloud import cloud, wait_for_slow_answers
from benchmarks.least import LEAST
from benchmarks.meter import Usage
from benchmarks.prices import ACTIVE_USERS, PRICES, PROFILE, Stack

FEW, MANY = 100, 100_000
_ROUNDS = 3
_TEMPLATES = ("template.yaml", "operations/template.yaml")
_METRICS = 9  # emitted by functions: `metrics.count` and `metrics.seconds`
_SIZED = ("login", "GET a user", "GET users, 20", "refresh", "email: choose a password", "retry job, nothing due")

Usages = Mapping[str, Usage]


def main() -> None:
    """Measure, and write the page."""
    wait_for_slow_answers()
    with cloud("s3") as project:
        # Imported here, since they read the environment.
        from benchmarks.flows import walk  # noqa: PLC0415
        from benchmarks.population import populate  # noqa: PLC0415

        megabytes = memory.needed({name: function.folder for name, function in project.functions.items()})
        populate(FEW, project.tables)
        walk(0)  # warms up
        rounds = [walk(number) for number in range(1, _ROUNDS + 1)]
        few = rounds[-1]
        for name, usage in few.items():
            usage.cpu = median(each[name].cpu for each in rounds)
        populate(MANY, project.tables)
        many = walk(_ROUNDS + 1)
        templates = "".join((page.ROOT / name).read_text() for name in _TEMPLATES)
        stack = Stack(
            alarms=templates.count("Type: AWS::CloudWatch::Alarm"),
            metrics=_METRICS,
            memory=project.functions["UserFunction"].memory,
            memory_hashing=project.functions["LoginFunction"].memory,
        )
    sections = {
        "Units": units(few, many),
        "A million of each": millions(few, stack),
        "A month": months(few, stack),
        "Memory": f"{needed(megabytes)}\n{sizes(few)}",
        "Prices": price_list(),
    }
    when = f"Measured on {page.today()}, Python {platform.python_version()} on {platform.machine()}. {memory.ASSUMED}"
    page.write("capacity", "\n".join([when, "", *(f"### {title}\n\n{text}" for title, text in sections.items())]))


# Tables --------------------------------------------------------------------------------------------


def units(few: Usages, many: Usages) -> str:
    """Return calls and units of each flow, beside the least."""
    rows = []
    for name, usage in many.items():
        least, before = LEAST[name], few[name]
        consumed, smaller = (f"{each.read:g} / {each.written:g}" for each in (usage, before))
        extra = {"read": usage.read - least.read, "write": usage.written - least.written}
        rows.append(
            [
                name,
                str(len(usage.calls)),
                f"{usage.read:g}",
                f"{usage.written:g}",
                "the same" if smaller == consumed else smaller,
                f"{least.read:g} / {least.written:g}",
                " ".join(f"{more:+g} {kind}" for kind, more in extra.items() if more),
                least.why,
            ]
        )
    heads = ["flow", "calls", "read", "written", f"with {FEW} users", "the least", "beyond it", "what is needed"]
    return page.table(heads, rows, (0, 6, 7))


def millions(few: Usages, stack: Stack) -> str:
    """Return what a million of each flow cost."""
    costs = {name: prices.parts(name, usage, stack) for name, usage in few.items()}
    rows = [
        [name, f"{few[name].cpu:.1f}", *(f"{dollars:.2f}" for dollars in (*cost.values(), sum(cost.values())))]
        for name, cost in costs.items()
    ]
    return page.table(["$ per million", "CPU ms", *costs["login"], "all"], rows)


def months(few: Usages, stack: Stack) -> str:
    """Return bills of a month, and those of the alternatives."""
    bills = [prices.month(users, few, stack) for users in ACTIVE_USERS]
    totals = [sum(bill.values()) for bill in bills]
    rows: dict[str, Sequence[float]] = {name: [bill[name] for bill in bills] for name in bills[0]}
    rows["**all**"] = totals
    rows["per thousand users"] = [total / users * 1000 for total, users in zip(totals, ACTIVE_USERS, strict=True)]
    rows["of all, the part that Cognito would replace, without email"] = [
        prices.without_cognito(users, few, stack) for users in ACTIVE_USERS
    ]
    for plan in ("Cognito Essentials", "Cognito Lite"):
        rows[f"{plan}, without email"] = [prices.cognito(users, plan) for users in ACTIVE_USERS]
    rows |= {name: [dollars] * len(ACTIVE_USERS) for name, dollars in prices.servers().items()}
    shown = page.table(
        ["$ a month", *(f"{users:,} users" for users in ACTIVE_USERS)],
        [[name, *(f"{each:,.2f}" for each in dollars)] for name, dollars in rows.items()],
    )
    assumed = ", ".join(f"{times:g} {name}" for name, times in PROFILE.items())
    return f"{shown}\nAssumed of an active user in a month: {assumed}.\n"


def needed(megabytes: Mapping[str, float]) -> str:
    """Return the peak memory of each function, the largest first."""
    rows = sorted(megabytes.items(), key=lambda row: -row[1])
    return page.table(["function", "peak MB"], [[name, f"{most:.0f}"] for name, most in rows])


def sizes(few: Usages) -> str:
    """Return time and price of some flows at each memory setting."""
    rows = []
    for name in _SIZED:
        cpu, calls = few[name].cpu, len(few[name].calls)
        for size in memory.SIZES:
            times = [memory.milliseconds(cpu, calls, size), memory.cold(size)]
            dollars = memory.gigabyte_seconds(cpu, calls, size) * PRICES["time"].usd * prices.MILLION
            rows.append([name, str(size), *(f"{time:.0f}" for time in times), f"{dollars:.2f}"])
    return page.table(["flow", "MB", "ms warm", "ms more if cold", "$ per million"], rows)


def price_list() -> str:
    """Return the prices, where they are published and where they were read."""
    rows = [
        [f"{price.usd:.10f}".rstrip("0").rstrip("."), price.unit, f"aws.amazon.com/{price.page}", price.read]
        for price in PRICES.values()
    ]
    return page.table(["$", "per", "published at", "read at"], rows, (1, 2, 3))


if __name__ == "__main__":
    main()
