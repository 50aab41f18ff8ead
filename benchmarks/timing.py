"""Does the time of an answer tell whether an address has an account? Known and unknown ones are called in turn.

Run it as `python -m benchmarks.timing [n]`: n calls of each kind (default 60), with hashes at their real cost, in this
process, against MiniStack. Prints the medians and the two-sided Mann-Whitney U test, which asks whether one of two
samples tends to be larger, whatever their distributions. A p below 0.01 is worth a second run with a larger n.
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from math import erfc, sqrt
from random import SystemRandom
from statistics import median

from benchmarks.cloud import cloud
from tests.conftest import PASSWORD, member
from tests.support.api import Api

WRONG = "a rather different sentence"
_number = count()


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Give U of the first sample and the two-sided p, by the normal approximation (good from n = 20 on)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    n, m = len(first), len(second)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return u, erfc(abs(z) / sqrt(2))


def compare(name: str, n: int, call: Callable[[str], int], known: Callable[[], str]) -> None:
    """Time the call for known and unknown addresses, in random order, and print a row."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    # An address has been called as often as any other when its turn comes.
    turns = [(kind, known() if kind == "known" else unknown()) for kind in times for _ in range(n)]
    SystemRandom().shuffle(turns)
    statuses = {call(unknown()) for _ in range(5)}
    for kind, email in turns:
        start = time.perf_counter()
        statuses.add(call(email))
        times[kind].append((time.perf_counter() - start) * 1000)
    u, p = mann_whitney(times["known"], times["unknown"])
    medians = f"{median(times['known']):9.2f} | {median(times['unknown']):9.2f}"
    print(f"| {name:<16} | {n:3} | {medians} | {u:7.0f} | {p:5.3f} | {sorted(statuses)} |", flush=True)


def unknown() -> str:
    return f"unknown{next(_number)}@example.com"


def main() -> None:
    """Compare every answer that must not tell."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with cloud():
        api = Api()

        def known() -> str:
            email = f"known{next(_number)}@example.com"
            member(api, "Known", email)
            return email

        def post(path: str, body: dict[str, str], caller: Api = api) -> int:
            return caller.post(f"/api/auth/{path}", body).status

        ben = member(api, "Ben", "ben@example.com")
        print("| answer           |   n | known ms  | unknown ms|       U |     p | statuses |")
        print("|---|--:|--:|--:|--:|--:|---|")
        compare("login", n, lambda email: post("login", {"email": email, "password": WRONG}), known)
        compare("register", n, lambda email: post("register", {"name": "E", "email": email, "password": WRONG}), known)
        compare("forgot-password", n, lambda email: post("forgot-password", {"email": email}), known)
        compare("resend", n, lambda email: post("resend-verification", {"email": email}), known)
        compare("code", n, lambda email: post("verify-email", {"email": email, "code": "000000"}), known)
        compare(
            "change-email", n, lambda email: post("change-email", {"newEmail": email, "password": PASSWORD}, ben), known
        )


if __name__ == "__main__":
    main()
