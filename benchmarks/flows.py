"""Everything the product does for its users, once each: requests, emails and jobs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from benchmarks.meter import Meter, Usage
from shared.records import keys
from tests.support import PASSWORD, feedback
from tests.support.accounts import member
from tests.support.api import Api, Inbox, deliver, entries, retry
from tests.support.aws import forget_circuits

NEW = "a rather different sentence"


def walk(number: int) -> dict[str, Usage]:
    """Run every flow with users of its own per number; return what each consumed.

    Containers are warm: clients exist and the signing keys are cached.
    """
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123  # metrics go to stdout
        return _Walk(number).all()


class _Walk:
    def __init__(self, number: int) -> None:
        self.api, self.meter, self.inbox = Api(), Meter(), Inbox()
        self.number = number
        self.usages: dict[str, Usage] = {}
        self.admin = member(self.api, "Admin", self.address("admin"), role="admin")
        # Cached keys expire after five minutes: read them now, and not in the middle of a flow.
        keys.memory.forget()
        self.admin.get("/api/auth/me")

    def all(self) -> dict[str, Usage]:
        """Run every flow."""
        self._sign_up()
        self._sign_in()
        self._change_credentials()
        self._manage_users()
        self._write_to_us()
        self._work_in_the_background()
        self.inbox.close()
        self.meter.close()
        return self.usages

    # How a flow is measured ------------------------------------------------------------------------

    def address(self, name: str) -> str:
        return f"{name}{self.number}@example.com"

    @contextmanager
    def flow(self, name: str) -> Iterator[None]:
        with self.meter.measure() as usage:
            yield
        self.usages[name] = usage

    def call(self, name: str, status: int, call: Callable[[], Any]) -> Any:
        with self.flow(name):
            reply = call()
        if reply.status != status:
            raise SystemExit(f"{name}: expected {status}, got {reply.status}: {reply.text}")
        return reply

    def post(self, name: str, status: int, body: Any, caller: Api | None = None, path: str = "") -> Any:
        """Post to a path below /api/auth; the flow is named after it unless `path` is given."""
        where = f"/api/auth/{path or name.partition(',')[0]}"
        return self.call(name, status, lambda: (caller or self.api).post(where, body))

    def email(self, name: str) -> str:
        """Deliver the newest email of the outbox; return the token of its link, if it has one."""
        entry = entries()[-1]
        # A cached circuit expires after seconds: measure an email that has to read it.
        forget_circuits()
        with self.flow(f"email: {name}"):
            deliver(entry)
        email = self.inbox.sent[-1]
        return email.token if "token=" in email.text else ""

    # The flows -------------------------------------------------------------------------------------

    def _sign_up(self) -> None:
        cyd = {"name": "Cyd", "email": self.address("cyd"), "password": PASSWORD}
        secret = self.post("register, unknown address", 202, cyd).json["registration"]
        token = self.email("confirm the address")
        self.post("verify-email", 200, {"token": token, "registration": secret})
        self.post("register, known address", 202, cyd)
        self.api.post("/api/auth/register", {**cyd, "email": self.address("dot")})
        self.post("resend-verification", 202, {"email": self.address("dot")})

    def _sign_in(self) -> None:
        email = self.address("ada")
        ada = member(self.api, "Ada", email)
        ada.get("/api/auth/me")
        login = {"email": email, "password": PASSWORD}
        tokens = self.post("login", 200, login).json
        self.call(
            "login, another device", 200, lambda: self.api.post("/api/auth/login", login, user_agent="Burner/1.0")
        )
        self.post("login, wrong password", 401, {**login, "password": NEW})
        self.post("login, after a wrong password", 200, login)
        first = {"refreshToken": tokens["refreshToken"]}
        second = self.post("refresh", 200, first).json["refreshToken"]
        self.post("refresh, the same token again", 200, first)
        self.api.post("/api/auth/refresh", {"refreshToken": second})
        self.post("refresh, an old token", 401, first)
        self.call("GET me", 200, lambda: ada.get("/api/auth/me"))
        tokens = self.api.post("/api/auth/login", login).json
        tokens = self.api.post("/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}).json
        refreshed = self.api.with_token(tokens["token"])
        self.call("GET me, first after a refresh", 200, lambda: refreshed.get("/api/auth/me"))
        self.post("reauthenticate", 200, {"password": PASSWORD}, refreshed)
        refreshed.post("/api/auth/logout", {})
        sessions = self.call("GET sessions", 200, lambda: ada.get("/api/auth/sessions")).json["data"]
        other = next(session["id"] for session in sessions if not session["current"])
        self.call("DELETE a session", 204, lambda: ada.delete(f"/api/auth/sessions/{other}"))
        self.call("GET activity", 200, lambda: ada.get("/api/auth/activity"))
        self.post("logout", 204, {}, self.api.signed_in(email, PASSWORD))
        self.post("logout, everywhere, 3 sessions", 204, {"scope": "global"}, self.api.signed_in(email, PASSWORD))

    def _change_credentials(self) -> None:
        email = self.address("ada")
        self.post("forgot-password", 202, {"email": email})
        token = self.email("choose a password")
        self.api.signed_in(email, PASSWORD)
        self.post("reset-password, 1 session", 204, {"token": token, "password": NEW})
        self.email("the password was changed")
        ada = self.api.signed_in(email, NEW)
        change = {"currentPassword": NEW, "newPassword": PASSWORD}
        self.post("change-password, no other session", 200, change, ada)
        self.post("change-email", 202, {"newEmail": self.address("countess"), "password": PASSWORD}, ada)
        token = self.email("confirm the new address")
        self.post("verify-email, new address, 1 session", 200, {"token": token})
        token = self.email("undo it")
        self.post("verify-email, undo, 1 session", 200, {"token": token})

    def _manage_users(self) -> None:
        ben = member(self.api, "Ben", self.address("ben"))
        place = f"/api/users/{ben.get('/api/auth/me').json['data']['user']['id']}"
        self.call("GET a user", 200, lambda: ben.get(place))
        self.call("PATCH a user's name, 1 session", 200, lambda: ben.patch(place, {"name": "B"}))
        self.call("DELETE a user, 1 session", 204, lambda: ben.delete(place))
        admin = self.admin
        first = self.call("GET users, 20", 200, lambda: admin.get("/api/users"))
        cursor = first.json["nextCursor"]
        self.call("GET users, the next 20", 200, lambda: admin.get(f"/api/users?cursor={cursor}"))
        self.call("GET users, 100", 200, lambda: admin.get("/api/users?limit=100"))
        self.call("GET users, by address", 200, lambda: admin.get(f"/api/users?email={self.address('cyd')}"))
        guest = {"name": "Eve", "email": self.address("eve")}
        self.call("POST users", 201, lambda: admin.post("/api/users", guest))
        self.email("an invitation")

    def _write_to_us(self) -> None:
        form = {"name": "Ada", "email": self.address("ada"), "message": "Where do I find the manual?"}
        self.call("POST contact", 201, lambda: self.api.post("/api/contact", form))
        self.email("a form")
        key = f"k{self.number}"
        for name in ("POST contact, with a key", "POST contact, the same key again"):
            self.call(name, 201, lambda: self.api.post("/api/contact", form, idempotency_key=key))
        admin = self.admin
        self.call("GET contact, 20", 200, lambda: admin.get("/api/contact"))

    def _work_in_the_background(self) -> None:
        self.inbox.deliver()
        with self.flow("retry job, nothing due"):
            retry()
        with self.flow("bounce"):
            feedback.receive(feedback.bounce(self.address("cyd")))
        self.call("GET health", 200, lambda: self.api.get("/api/health"))
        self.call("GET jwks.json", 200, lambda: self.api.get("/.well-known/jwks.json"))
