"""What callers get while AWS hangs or is slow: the status and the seconds, per endpoint.

Run as `make stalls`. The functions run in this process. Between them and MiniStack is a proxy that withholds each
answer for some time. Fails if a caller waits too long, or gets anything but the answer or a 503 that says when to come
back.
"""

import io
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stdout
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.cloud import cloud
from shared.records import keys
from tests.support import PASSWORD
from tests.support.accounts import member
from tests.support.api import Api, Reply
from tests.support.aws import forget_clients

_LINK = "A" * 43
_ID = "00000000-0000-4000-8000-000000000000"


class Stall(NamedTuple):
    """How long each call to AWS waits for its answer, and the longest that a caller may wait for ours, in seconds."""

    name: str
    delay: float
    limit: float


STALLS = (
    Stall("hangs", 3600, 5),
    Stall("answers after 3 s", 3, 5),
    # Not a failure: what fits before the deadline succeeds. The limit is far from the functions' time-out, 15 s.
    Stall("answers after 1.2 s", 1.2, 9),
)


class Proxy:
    """Forwards connections to a port of this machine. Answers pass after `delay` seconds."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._server.getsockname()[1]
        self.delay = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            upstream = socket.create_connection(self._target)
            threading.Thread(target=self._copy, args=(client, upstream, lambda: 0), daemon=True).start()
            threading.Thread(target=self._copy, args=(upstream, client, lambda: self.delay), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, delay: Callable[[], float]) -> None:
        # MiniStack's answers are small: each is received, and so delayed, as a whole.
        with closing(source), closing(target):
            try:
                while content := source.recv(1 << 20):
                    time.sleep(delay())
                    target.sendall(content)
            except OSError:
                return


@contextmanager
def stalling() -> Iterator[Proxy]:
    """Start MiniStack, and direct the functions to a proxy before it."""
    with cloud():
        proxy = Proxy(urlsplit(os.environ["AWS_ENDPOINT_URL"]).port or 0)
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
        forget_clients()
        yield proxy


def calls() -> dict[str, Callable[[], Reply]]:
    """Return a call of every endpoint that would succeed, or would be refused for what is stored."""
    api = Api()
    ada = member(api, "Ada", "ada@example.com", role="admin")
    me = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    refresh = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}).json["refreshToken"]
    credentials = {"email": "ada@example.com", "password": PASSWORD}
    return {
        "GET /api/health": lambda: api.get("/api/health"),
        "GET /.well-known/jwks.json": lambda: api.get("/.well-known/jwks.json"),
        "POST register": lambda: api.post(
            "/api/auth/register", {"name": "Ben", **credentials, "email": "b@example.com"}
        ),
        "POST verify-email": lambda: api.post("/api/auth/verify-email", {"token": _LINK}),
        "POST resend-verification": lambda: api.post("/api/auth/resend-verification", {"email": "b@example.com"}),
        "POST login": lambda: api.post("/api/auth/login", credentials),
        "POST refresh": lambda: api.post("/api/auth/refresh", {"refreshToken": refresh}),
        "POST reauthenticate": lambda: ada.post("/api/auth/reauthenticate", {"password": PASSWORD}),
        "POST forgot-password": lambda: api.post("/api/auth/forgot-password", {"email": "ada@example.com"}),
        "POST reset-password": lambda: api.post("/api/auth/reset-password", {"token": _LINK, "password": PASSWORD}),
        "POST change-password": lambda: ada.post(
            "/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}
        ),
        "POST change-email": lambda: ada.post(
            "/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD}
        ),
        "GET me": lambda: ada.get("/api/auth/me"),
        "GET sessions": lambda: ada.get("/api/auth/sessions"),
        "DELETE a session": lambda: ada.delete(f"/api/auth/sessions/{_ID}"),
        "GET activity": lambda: ada.get("/api/auth/activity"),
        "GET users": lambda: ada.get("/api/users"),
        "POST users": lambda: ada.post("/api/users", {"name": "Cyd", "email": "c@example.com"}, idempotency_key="c"),
        "GET a user": lambda: ada.get(me),
        "PATCH a user": lambda: ada.patch(me, {"name": "Ada L."}),
        "POST contact": lambda: api.post("/api/contact", {"name": "Ada", "email": "a@example.com", "message": "Hello"}),
        "GET contact": lambda: ada.get("/api/contact"),
        "DELETE a user": lambda: ada.delete(me),
        "POST logout": lambda: ada.post("/api/auth/logout"),
    }


class Outcome(NamedTuple):
    """A response, and the seconds it took."""

    status: int
    retry_after: str
    seconds: float


def ask(call: Callable[[], Reply]) -> Outcome:
    """Call an endpoint once."""
    begin = time.monotonic()
    reply = call()
    return Outcome(reply.status, reply.headers.get("retry-after", ""), time.monotonic() - begin)


def is_acceptable(outcome: Outcome, stall: Stall) -> bool:
    """Return whether the caller was answered in time, and knows when to come back if that was in vain."""
    known = outcome.status < 500 or (outcome.status == 503 and outcome.retry_after != "")  # noqa: PLR2004  # HTTP
    return known and outcome.seconds <= stall.limit


def main() -> int:
    """Call each endpoint under each stall, and print the table."""
    rows: dict[str, list[Outcome]] = {}
    # The functions write their metrics to stdout.
    with redirect_stdout(io.StringIO()), stalling() as proxy, ThreadPoolExecutor(32) as threads:
        endpoints = calls()
        for stall in STALLS:
            print(f"AWS {stall.name}: {len(endpoints)} endpoints at the same time", file=sys.stderr, flush=True)
            proxy.delay = stall.delay
            # What an environment has cached it need not read, so begin with nothing.
            keys.memory.forget()
            forget_clients()
            for name, outcome in zip(endpoints, threads.map(ask, endpoints.values()), strict=True):
                rows.setdefault(name, []).append(outcome)
    print(f"{'':28}" + "".join(f"{stall.name:>22}" for stall in STALLS))
    failed = False
    for name, outcomes in rows.items():
        cells = []
        for stall, outcome in zip(STALLS, outcomes, strict=True):
            mark = "" if is_acceptable(outcome, stall) else " !"
            failed = failed or bool(mark)
            cells.append(f"{outcome.status} {outcome.seconds:5.1f} s{mark}")
        print(f"{name:28}" + "".join(f"{cell:>22}" for cell in cells))
    return failed


if __name__ == "__main__":
    # The proxy's threads may still hold back answers.
    code = main()
    sys.stdout.flush()
    os._exit(code)
