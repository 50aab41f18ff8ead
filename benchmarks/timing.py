"""Compare response times: may one reveal whether an address has an account, or which kind of proof was wrong.

Known and unknown addresses alternate, and so do wrong codes and recovery codes, and invented challenges and wrong
signatures. Run as `python -m benchmarks.timing [n]`: n calls of each kind (default 60), with hashes at their real cost,
in this process, against MiniStack. Prints the medians and the two-sided Mann-Whitney U test, which asks whether one of
two samples tends to be larger, whatever their distributions. A p below 0.01 calls for a second run with a larger n.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import erfc, sqrt
from random import SystemRandom
from statistics import median
from typing import Any

from benchmarks import page
from benchmarks.cloud import cloud
from shared.accounts import first_step
from shared.core.errors import MfaRequired
from shared.records import credentials, limits
from shared.values import base64url
from tests.support import PASSWORD
from tests.support.accounts import member
from tests.support.api import Api
from tests.support.authenticator import Authenticator
from tests.support.factors import enroll

WRONG = "a rather different sentence"
_HEADS = ("answer", "n", "known or first ms", "unknown or second ms", "U", "p", "statuses")
_ORIGIN = "http://localhost:3001"
_number = count()


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return U of the first sample and the two-sided p, by the normal approximation (good from n = 20 on)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    n, m = len(first), len(second)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return u, erfc(abs(z) / sqrt(2))


def compare(
    name: str, n: int, call: Callable[[Any], int], first: Callable[[], object], second: Callable[[], object]
) -> list[str]:
    """Time the call with values of two kinds, in random order; return a row of the table."""
    print(f"{name}: {2 * n} calls", file=sys.stderr, flush=True)
    times: list[list[float]] = [[], []]
    turns = [(kind, make()) for kind, make in enumerate((first, second)) for _ in range(n)]
    SystemRandom().shuffle(turns)
    statuses = {call(second()) for _ in range(5)}
    for kind, value in turns:
        start = time.perf_counter()
        statuses.add(call(value))
        times[kind].append((time.perf_counter() - start) * 1000)
    u, p = mann_whitney(*times)
    return [name, str(n), *(f"{median(each):.2f}" for each in times), f"{u:.0f}", f"{p:.3f}", f"{statuses}"]


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
            "login/email": post("login/email"),
        }
        rows = [compare(name, n, call, known, unknown) for name, call in calls.items()]
        print(page.table(_HEADS, [*rows, *_factors(n, api)], (0, 6)))


def _factors(n: int, api: Api) -> list[list[str]]:
    """Compare wrong proofs of factors. Each try is the first one at its account, so none is locked."""

    def second_step(proof: Mapping[str, str]) -> Callable[[], Any]:
        def make() -> Any:
            email = f"factor{next(_number)}@example.com"
            enroll(member(api, "Fay", email))
            (credential,) = filter(None, [credentials.find(email)])
            try:
                first_step.require_second_step(credential, "password")
            except MfaRequired as required:
                return {"token": required.token, **proof}
            raise SystemExit("An account with a factor signs in without it")

        return make

    phone = Authenticator()
    caller = member(api, "Gil", "gil@example.com")
    credential = phone.create(caller.post("/api/auth/passkeys/options").json, _ORIGIN)
    caller.post("/api/auth/passkeys", {"credential": credential})

    def assertion(*, is_invented: bool) -> Callable[[], Any]:
        def make() -> Any:
            options = api.post("/api/auth/login/passkey/options").json
            if is_invented:
                options["challenge"] = base64url.encode(bytes(48))
            signed = phone.get(options, _ORIGIN)
            signed["response"]["signature"] = base64url.encode(bytes(64))
            return {"credential": signed}

        return make

    wrong_code, wrong_recovery = second_step({"code": "000000"}), second_step({"recoveryCode": "AAAA-AAAA-AAAA-AAAA"})
    return [
        compare(
            "mfa: wrong code, wrong recovery code",
            n,
            lambda body: api.post("/api/auth/mfa", body).status,
            wrong_code,
            wrong_recovery,
        ),
        compare(
            "login/passkey: invented challenge, wrong signature",
            n,
            lambda body: api.post("/api/auth/login/passkey", body).status,
            assertion(is_invented=True),
            assertion(is_invented=False),
        ),
    ]


if __name__ == "__main__":
    main()
