"""The read and write units that each flow costs, as MiniStack reports them.

Run it as `python -m benchmarks.capacity`. One row is one request, or one mail delivered; a container has read the keys
before. An index is counted with its table. Units are DynamoDB's: a strongly consistent read of 4 KB is 1, a write of
1 KB is 1, and in a transaction twice that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.cloud import cloud
from shared import aws
from tests.api import Api, Inbox, deliver, entries
from tests.conftest import PASSWORD, member

_READS = frozenset({"GetItem", "Query"})
NEW = "a rather different sentence"
ADA = "ada@example.com"


class Meter:
    """Asks every call what it has consumed, and adds it up."""

    def __init__(self) -> None:
        self.read = self.written = 0.0
        self.calls = 0
        events = aws.dynamodb().meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("after-call.dynamodb", self._note)

    @contextmanager
    def row(self, name: str) -> Iterator[None]:
        """Print what is consumed meanwhile."""
        self.read, self.written, self.calls = 0.0, 0.0, 0
        yield
        print(f"| {name:<44} | {self.calls:5} | {self.read:5.1f} | {self.written:5.1f} |")

    @staticmethod
    def _ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"

    def _note(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls += 1
        consumed = parsed.get("ConsumedCapacity", [])
        for part in consumed if isinstance(consumed, list) else [consumed]:
            units = part.get("CapacityUnits", 0.0)
            self.read += part.get("ReadCapacityUnits", units if model.name in _READS else 0.0)
            self.written += part.get("WriteCapacityUnits", 0.0 if model.name in _READS else units)


def expect(status: int, call: Callable[[], Any]) -> Any:
    """Make a call that must answer so."""
    reply = call()
    if reply.status != status:
        raise SystemExit(f"expected {status}, got {reply.status}: {reply.text}")
    return reply


def main() -> None:  # noqa: PLR0915  # one row after the other
    """Walk through every flow once."""
    with cloud():
        api, meter, inbox = Api(), Meter(), Inbox()
        print("| flow                                         | calls | read | write |")
        print("|---|--:|--:|--:|")

        def post(row: str, status: int, caller: Api, path: str, body: Any) -> Any:
            with meter.row(row):
                return expect(status, lambda: caller.post(f"/api/auth/{path}", body))

        def delivered(row: str) -> str:
            entry = entries()[-1]
            with meter.row(f"  mail: {row}"):
                deliver(entry)
            mail = inbox.sent[-1]
            return mail.token if "token=" in mail.text else ""

        cyd = {"name": "Cyd", "email": "cyd@example.com", "password": PASSWORD}
        post("register, unknown address", 202, api, "register", cyd)
        token = delivered("confirm the address")
        post("verify-email", 200, api, "verify-email", {"token": token})
        post("register, known address", 202, api, "register", cyd)
        ada = member(api, "Ada", ADA)
        ada.get("/api/auth/me")
        login = {"email": ADA, "password": PASSWORD}
        tokens = post("login", 200, api, "login", login).json
        post("login, wrong password", 401, api, "login", {**login, "password": NEW})
        with meter.row("login, another device"):
            expect(200, lambda: api.post("/api/auth/login", login, user_agent="Burner/1.0"))
        first = {"refreshToken": tokens["refreshToken"]}
        second = post("refresh", 200, api, "refresh", first).json["refreshToken"]
        post("refresh, the same token again", 200, api, "refresh", first)
        expect(200, lambda: api.post("/api/auth/refresh", {"refreshToken": second}))
        post("refresh, an old token", 401, api, "refresh", first)
        for path in ("me", "sessions", "activity"):
            with meter.row(f"GET {path}"):
                expect(200, lambda path=path: ada.get(f"/api/auth/{path}"))  # type: ignore[misc]
        post("logout", 204, api.signed_in(ADA, PASSWORD), "logout", {})
        post("forgot-password", 202, api, "forgot-password", {"email": ADA})
        token = delivered("choose a password")
        post("reset-password, 2 sessions", 204, api, "reset-password", {"token": token, "password": NEW})
        ada = api.signed_in(ADA, NEW)
        change = {"currentPassword": NEW, "newPassword": PASSWORD}
        post("change-password, no other session", 204, ada, "change-password", change)
        body = {"newEmail": "countess@example.com", "password": PASSWORD}
        post("change-email", 202, ada, "change-email", body)
        token = delivered("confirm the new address")
        post("verify-email, new address, 1 session", 200, api, "verify-email", {"token": token})
        token = delivered("undo it")
        post("verify-email, undo, 1 session", 200, api, "verify-email", {"token": token})
        ben = member(api, "Ben", "ben@example.com")
        place = f"/api/users/{ben.get('/api/auth/me').json['data']['user']['id']}"
        with meter.row("PATCH a user's name, 1 session"):
            expect(200, lambda: ben.patch(place, {"name": "B"}))
        with meter.row("DELETE a user, 1 session"):
            expect(204, lambda: ben.delete(place))
        post(
            "logout, everywhere, 1 session",
            204,
            api.signed_in("cyd@example.com", PASSWORD),
            "logout",
            {"scope": "global"},
        )
        admin = member(api, "Admin", "admin@example.com", role="admin")
        admin.get("/api/auth/me")
        with meter.row("GET users"):
            expect(200, lambda: admin.get("/api/users"))
        form = {"name": "Ada", "email": ADA, "message": "Where do I find the manual?"}
        with meter.row("POST contact"):
            expect(201, lambda: api.post("/api/contact", form))
        delivered("a form")
        with meter.row("POST contact, with an Idempotency-Key"):
            expect(201, lambda: api.post("/api/contact", form, idempotency_key="k"))
        with meter.row("GET contact"):
            expect(200, lambda: admin.get("/api/contact"))
        inbox.close()


if __name__ == "__main__":
    main()
