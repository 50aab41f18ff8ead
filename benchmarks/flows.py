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
from tests.support.authenticator import Authenticator
from tests.support.aws import forget_circuits
from tests.support.factors import Phone

NEW = "a rather different sentence"
_ORIGIN = "http://localhost:3001"


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
        self._prove_factors()
        self._sign_in_by_email()
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

    def _prove_factors(self) -> None:
        email = self.address("fay")
        fay = member(self.api, "Fay", email)
        fay.get("/api/auth/me")
        login = {"email": email, "password": PASSWORD}
        added = self.post("POST factors", 201, {"type": "totp", "name": "Phone"}, fay, "factors").json["data"]
        phone = Phone(added["id"], added["secret"], [])
        path = f"factors/{phone.id}"
        codes = self.post("POST a factor, the first code", 200, {"code": phone.code(-1)}, fay, path).json["data"]
        token = self.post("login, before a factor", 403, login, path="login").json["mfa"]["token"]
        self.post("mfa, wrong code", 401, {"token": token, "code": "000000"}, path="mfa")
        tokens = self.post("mfa, code", 200, {"token": token, "code": phone.code()}, path="mfa").json
        token = self.api.post("/api/auth/login", login).json["mfa"]["token"]
        recovery = {"token": token, "recoveryCode": codes["recoveryCodes"][0]}
        self.post("mfa, recovery code", 200, recovery, path="mfa")
        fresh = self.api.with_token(tokens["token"])
        fresh.get("/api/auth/me")
        self.call("GET factors", 200, lambda: fresh.get("/api/auth/factors"))
        self.post("POST recovery-codes", 201, None, fresh, "recovery-codes")
        laptop = Authenticator()
        options = self.post("POST passkeys/options", 200, None, fresh, "passkeys/options").json
        credential = {"credential": laptop.create(options, _ORIGIN)}
        passkey = self.post("POST passkeys", 201, credential, fresh, "passkeys").json["data"]
        options = self.post("POST login/passkey/options", 200, None, path="login/passkey/options").json
        assertion = {"credential": laptop.get(options, _ORIGIN)}
        signed_in = self.post("POST login/passkey", 200, assertion, path="login/passkey").json
        fay = self.api.with_token(signed_in["token"])
        fay.get("/api/auth/me")
        options = self.api.post("/api/auth/login/passkey/options").json
        assertion = {"credential": laptop.get(options, _ORIGIN)}
        tokens = self.post("reauthenticate, passkey", 200, assertion, fay).json
        fay = self.api.with_token(tokens["token"])
        fay.get("/api/auth/me")
        place = f"/api/auth/factors/{passkey['id']}"
        self.call("PATCH a factor", 200, lambda: fay.patch(place, {"name": "Laptop"}))
        fay.post("/api/auth/logout", {"scope": "others"})
        self.call("DELETE a factor, 1 session", 204, lambda: fay.delete(place))
        user_id = signed_in["user"]["id"]
        self.call("DELETE a user's factors", 204, lambda: self.admin.delete(f"/api/users/{user_id}/factors"))

    def _sign_in_by_email(self) -> None:
        email = self.address("gil")
        member(self.api, "Gil", email)
        request = self.post("login/email", 202, {"email": email}).json["request"]
        token = self.email("sign in")
        body = {"token": token, "request": request}
        self.post("login/email/verify", 200, body)

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
