"""Random sequences of everything that concerns factors: no way in skips them, and no proof is accepted twice.

A model records what the account has, what was used, and which sessions a factor has raised. Strangers who know the
password try in between; the owner, who has a recovery code, gets in all the same.
"""

import os
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.support import PASSWORD
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Inbox, Reply
from tests.support.authenticator import Authenticator
from tests.support.factors import Phone

pytestmark = pytest.mark.thorough

ORIGIN = "http://localhost:3001"
FACTORS = "/api/auth/factors"
PASSWORDS = (PASSWORD, "a rather different sentence")
_numbers = count()


@dataclass(eq=False)
class Session:
    """A client that is signed in, and whether a factor has raised its session, which one, and whether it is valid."""

    api: Api
    factor: str


@dataclass
class Model:
    """The expected state of the account. `used` are proofs that were accepted."""

    email: str
    password: str = PASSWORDS[0]
    apps: list[Phone] = field(default_factory=list)
    passkeys: dict[str, Authenticator] = field(default_factory=dict)
    recovery_codes: list[str] = field(default_factory=list)
    used: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    void_tokens: list[str] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        kinds = [*(["totp"] if self.apps else []), *(["passkey"] if self.passkeys else [])]
        return [*kinds, "recovery_code"] if kinds else []


class Assurance(RuleBasedStateMachine):
    """One account, its owner, and strangers who know its password."""

    now: ClassVar[time_machine.Traveller]
    inbox: ClassVar[Inbox]

    def __init__(self) -> None:
        super().__init__()
        self.api = Api({"user-agent": "owner"}, "192.0.2.7")
        self.model = Model(email=f"user{next(_numbers)}@example.com")
        owner = member(self.api, "Ada", self.model.email)
        self.device = self._first_step("password").json["device"]
        self.model.sessions = [Session(owner, "")]
        self.admin = self.api.signed_in(ADMIN_EMAIL, PASSWORD)

    # Ways in ---------------------------------------------------------------------------------------

    @rule(way=st.sampled_from(["password", "link", "code"]))
    def no_first_step_is_enough_for_an_account_with_a_factor(self, way: str) -> None:
        reply = self._first_step(way)
        if not self.model.methods:
            self._record(reply, "")
            return
        assert (reply.status, reply.json["code"]) == (403, "mfa_required"), reply.text
        assert reply.json["mfa"]["methods"] == self.model.methods
        self.model.void_tokens.append(reply.json["mfa"]["token"])

    @precondition(lambda self: self.model.apps)
    @rule(data=st.data(), way=st.sampled_from(["password", "link", "code"]))
    def app_completes_a_sign_in(self, data: st.DataObject, way: str) -> None:
        app = data.draw(st.sampled_from(self.model.apps))
        self.now.shift(60)
        self._second_step(way, {"code": app.code()}, app.id)

    @precondition(lambda self: self.model.passkeys)
    @rule(data=st.data(), way=st.sampled_from(["password", "link", "passkey"]))
    def passkey_signs_in(self, data: st.DataObject, way: str) -> None:
        factor = data.draw(st.sampled_from(sorted(self.model.passkeys)))
        assertion = {"credential": self._signed(self.model.passkeys[factor])}
        if way == "passkey":
            reply = self.api.post("/api/auth/login/passkey", assertion)
            assert reply.status == 200, reply.text
            self._record(reply, factor)
            self.model.used.append(assertion)
        else:
            self._second_step(way, assertion, factor)

    @precondition(lambda self: self.model.recovery_codes)
    @rule()
    def owner_gets_in_with_a_recovery_code_whatever_strangers_did(self) -> None:
        self._second_step("password", {"recoveryCode": self.model.recovery_codes.pop()}, "recovery")

    # What must not work ----------------------------------------------------------------------------

    @precondition(lambda self: self.model.used and self.model.methods)
    @rule(data=st.data())
    def proof_is_never_accepted_again(self, data: st.DataObject) -> None:
        proof = data.draw(st.sampled_from(self.model.used))
        token = self._first_step("password").json["mfa"]["token"]
        reply = Api(ip=f"198.51.100.{next(_numbers) % 200}").post("/api/auth/mfa", {"token": token, **proof})
        assert reply.status == 401
        if "credential" in proof:
            assert self.api.post("/api/auth/login/passkey", proof).status == 401

    @precondition(lambda self: self.model.void_tokens)
    @rule(data=st.data())
    def token_of_a_changed_account_is_never_accepted(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.model.void_tokens))
        self._change_password()
        if self.model.recovery_codes:
            body = {"token": token, "recoveryCode": self.model.recovery_codes[-1]}
            assert self.api.post("/api/auth/mfa", body).json["code"] == "invalid_mfa_token"

    @rule(tries=st.integers(1, 8))
    def strangers_who_know_the_password_try(self, tries: int) -> None:
        for _ in range(tries):
            stranger = Api(ip=f"203.0.113.{next(_numbers) % 250}")
            login = {"email": self.model.email, "password": self.model.password}
            reply = stranger.post("/api/auth/login", login)
            if reply.status == 200:
                # Without a factor, nothing keeps them out.
                assert not self.model.methods
                continue
            if reply.json["code"] == "mfa_required":
                body = {"token": reply.json["mfa"]["token"], "recoveryCode": "AAAA-AAAA-AAAA-AAAA"}
                assert stranger.post("/api/auth/mfa", body).json["code"] == "invalid_credentials"

    @precondition(lambda self: self.model.methods)
    @rule(data=st.data())
    def password_does_not_make_a_session_fresh(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(self.model.sessions))
        reply = session.api.post("/api/auth/reauthenticate", {"password": self.model.password})
        assert (reply.status, reply.json["methods"]) == (403, self.model.methods)

    # Changes ---------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.apps) < 3)
    @rule()
    def add_an_app(self) -> None:
        owner = self._fresh()
        data = owner.post(FACTORS, {"type": "totp", "name": "App"}).json["data"]
        app = Phone(data["id"], data["secret"], [])
        proof = {"code": app.code()}
        reply = owner.post(f"{FACTORS}/{app.id}", proof)
        assert reply.status == 200, reply.text
        self._record_codes(reply)
        self.model.apps.append(app)
        self.model.used.append(proof)

    @precondition(lambda self: len(self.model.passkeys) < 3)
    @rule()
    def add_a_passkey(self) -> None:
        owner, device = self._fresh(), Authenticator()
        credential = device.create(owner.post("/api/auth/passkeys/options").json, ORIGIN)
        reply = owner.post("/api/auth/passkeys", {"credential": credential})
        assert reply.status == 201, reply.text
        self._record_codes(reply)
        self.model.passkeys[reply.json["data"]["id"]] = device

    @precondition(lambda self: self.model.methods)
    @rule(data=st.data())
    def remove_a_factor(self, data: st.DataObject) -> None:
        factor = data.draw(st.sampled_from(sorted([*(app.id for app in self.model.apps), *self.model.passkeys])))
        assert self._fresh().delete(f"{FACTORS}/{factor}").status == 204
        self.model.apps = [app for app in self.model.apps if app.id != factor]
        self.model.passkeys.pop(factor, None)
        if not self.model.methods:
            self.model.recovery_codes = []
        for session in self.model.sessions:
            if session.factor == factor or not self.model.methods:
                session.factor = ""

    @precondition(lambda self: self.model.methods)
    @rule()
    def renew_recovery_codes(self) -> None:
        old = self.model.recovery_codes
        reply = self._fresh().post("/api/auth/recovery-codes")
        self.model.used += [{"recoveryCode": code} for code in old]
        self.model.recovery_codes = reply.json["data"]["recoveryCodes"]

    @rule()
    def reset_the_password(self) -> None:
        """The factors stay."""
        self.api.post("/api/auth/forgot-password", {"email": self.model.email})
        self.now.shift(1)
        token = next(email.token for email in reversed(self.inbox.to(self.model.email)) if "reset" in email.text)
        self.model.password = self._other_password()
        reply = self.api.post("/api/auth/reset-password", {"token": token, "password": self.model.password})
        assert reply.status == 204, reply.text
        self.model.sessions = []
        self.device = ""
        self._fresh()

    @precondition(lambda self: self.model.methods)
    @rule()
    def administrator_resets_the_factors(self) -> None:
        user_id = self._fresh().get("/api/auth/me").json["data"]["user"]["id"]
        self.admin = self.api.signed_in(ADMIN_EMAIL, PASSWORD)
        assert self.admin.delete(f"/api/users/{user_id}/factors").status == 204
        self.model.used += [{"recoveryCode": code} for code in self.model.recovery_codes]
        self.model.apps, self.model.passkeys, self.model.recovery_codes = [], {}, []
        self.model.sessions = []
        self._fresh()

    # Invariant -------------------------------------------------------------------------------------

    @invariant()
    def session_is_raised_exactly_if_a_factor_that_exists_was_proved(self) -> None:
        for session in self.model.sessions:
            shown = session.api.get("/api/auth/me").json["data"]["session"]
            assert shown["aal"] == (2 if session.factor else 1)

    # Requests --------------------------------------------------------------------------------------

    def _first_step(self, way: str) -> Reply:
        email = self.model.email
        if way == "password":
            body = {"email": email, "password": self.model.password, "device": getattr(self, "device", "")}
            return self.api.post("/api/auth/login", body)
        request = self.api.post("/api/auth/login/email", {"email": email}).json["request"]
        self.now.shift(1)
        sent = next(each for each in reversed(self.inbox.to(email)) if "/login/email" in each.text)
        # After five emails in a day, they have only a link.
        code = re.search(r"^\d{6}$", sent.text, re.MULTILINE)
        proof = {"request": request, "code": code[0]} if code and way == "code" else {"token": sent.token}
        reply = self.api.post("/api/auth/login/email/verify", proof)
        if "token" in proof:
            assert self.api.post("/api/auth/login/email/verify", proof).status == 400
        return reply

    def _second_step(self, way: str, proof: dict[str, Any], factor: str) -> Reply:
        token = self._first_step(way).json["mfa"]["token"]
        reply = self.api.post("/api/auth/mfa", {"token": token, **proof})
        assert reply.status == 200, reply.text
        self.device = reply.json["device"]
        self._record(reply, factor)
        self.model.used.append(proof)
        return reply

    def _fresh(self) -> Api:
        """Sign in with whatever the account has, and return the client, whose session is fresh."""
        if self.model.passkeys:
            factor, device = next(iter(self.model.passkeys.items()))
            reply = self.api.post("/api/auth/login/passkey", {"credential": self._signed(device)})
            assert reply.status == 200, reply.text
            return self._record(reply, factor)
        if self.model.apps:
            self.now.shift(60)
            app = self.model.apps[0]
            reply = self._second_step("password", {"code": app.code()}, app.id)
            return self.model.sessions[-1].api
        return self._record(self._first_step("password"), "")

    def _signed(self, device: Authenticator) -> dict[str, Any]:
        return device.get(self.api.post("/api/auth/login/passkey/options").json, ORIGIN)

    def _change_password(self) -> None:
        owner, new = self._fresh(), self._other_password()
        body = {"currentPassword": self.model.password, "newPassword": new}
        reply = owner.post("/api/auth/change-password", body)
        assert reply.status == 200, reply.text
        (kept,) = (session for session in self.model.sessions if session.api is owner)
        kept.api = owner.with_token(reply.json["token"])
        self.model.sessions, self.model.password = [kept], new

    def _other_password(self) -> str:
        return PASSWORDS[1 - PASSWORDS.index(self.model.password)]

    def _record(self, reply: Reply, factor: str) -> Api:
        assert reply.status == 200, reply.text
        api = self.api.with_token(reply.json["token"])
        self.model.sessions.append(Session(api, factor))
        return api

    def _record_codes(self, reply: Reply) -> None:
        codes = reply.json["data"].get("recoveryCodes")
        assert (codes is not None) == (not self.model.methods)
        self.model.recovery_codes = codes or self.model.recovery_codes


@pytest.mark.usefixtures("admin")
def test_no_way_in_skips_a_factor_and_no_proof_counts_twice(inbox: Inbox) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as now:
        Assurance.now, Assurance.inbox = now, inbox
        run_state_machine_as_test(
            Assurance,
            settings=settings(
                max_examples=int(os.environ.get("EXAMPLES", "6")),
                stateful_step_count=20,
                deadline=None,
                # Shrinking takes minutes.
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
