"""Does the time of a response reveal whether an address has an account? Known and unknown addresses alternate.

Run as `python -m benchmarks.timing [n]`: n calls of each kind (default 60), with hashes at their real cost, in this
process, against MiniStack. Prints the medians and the two-sided Mann-Whitney U test, which asks whether one of two
samples tends to be larger, whatever their distributions. A p below 0.01 calls for a second run with a larger n.
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from math import erfc, sqrt
from random import SystemRandom
from statistics import median

from benchmarks import page
from benchmarks.cloud import cloud
from shared.records import limits
from tests.support import PASSWORD
from tests.support.accounts import member
from tests.support.api import Api

WRONG = "a rather different sentence"
_HEADS = ("answer", "n", "known ms", "unknown ms", "U", "p", "statuses")
_number = count()


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return U of the first sample and the two-sided p, by the normal approximation (good from n = 20 on)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    n, m = len(first), len(second)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return u, erfc(abs(z) / sqrt(2))


def compare(name: str, n: int, call: Callable[[str], int], known: Callable[[], str]) -> list[str]:
    """Time the call for known and unknown addresses, in random order; return a row of the table."""
    print(f"{name}: {2 * n} calls", file=sys.stderr, flush=True)
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    turns = [(kind, known() if kind == "known" else unknown()) for kind in times for _ in range(n)]
    SystemRandom().shuffle(turns)
    statuses = {call(unknown()) for _ in range(5)}
    for kind, email in turns:
        start = time.perf_counter()
        statuses.add(call(email))
        times[kind].append((time.perf_counter() - start) * 1000)
    u, p = mann_whitney(times["known"], times["unknown"])
    return [name, str(n), *(f"{median(each):.2f}" for each in times.values()), f"{u:.0f}", f"{p:.3f}", f"{statuses}"]


def unknown() -> str:
    return f"unknown{next(_number)}@example.com"


def main() -> None:
    """Compare every response that must not reveal an account."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with cloud():
        api = Api()
        ben = member(api, "Ben", "ben@example.com")
        # One account makes all the changes, more than it may in a day.
        limits._MAX_ADDRESS_CHANGES_PER_DAY = 10**6  # noqa: SLF001

        def known() -> str:
            email = f"known{next(_number)}@example.com"
            member(api, "Known", email)
            return email

        def post(path: str, caller: Api = api, field: str = "email", **body: str) -> Callable[[str], int]:
            return lambda email: caller.post(f"/api/auth/{path}", {field: email, **body}).status

        calls = {
            "login": post("login", password=WRONG),
            "register": post("register", name="E", password=WRONG),
            "forgot-password": post("forgot-password"),
            "resend": post("resend-verification"),
            "code": post("verify-email", code="000000"),
            "code and password": post("verify-email", code="000000", password=WRONG),
            "change-email": post("change-email", ben, "newEmail", password=PASSWORD),
        }
        print(page.table(_HEADS, [compare(name, n, call, known) for name, call in calls.items()], (0, 6)))


if __name__ == "__main__":
    main()
