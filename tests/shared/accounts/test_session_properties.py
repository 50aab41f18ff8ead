"""Sessions under random sequences of requests, some of them concurrent, against MiniStack.

A model records the tokens of each client and which sessions are valid. After every step the service must agree with
it: an honest client stays signed in, a reused old refresh token ends the session, and an ended session stays ended.
"""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.accounts import lifecycle
from shared.core.errors import Outdated
from shared.records import credentials, one_time_tokens, sessions
from tests.support import PASSWORD
from tests.support.api import Api, Reply
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

PASSWORDS = (PASSWORD, "a rather different sentence")
_numbers = count()


@dataclass
class Device:
    """A client with its session: the refresh tokens in order, and how many of them the client has received."""

    access_token: str
    tokens: list[str]
    received: int = 1
    is_valid: bool = True


@dataclass
class Model:
    """The expected state of the account."""

    email: str
    user_id: str = ""
    password: str = PASSWORDS[0]
    devices: list[Device] = field(default_factory=list)

    @property
    def signed_in(self) -> list[Device]:
        return [device for device in self.devices if device.is_valid]

    def end_sessions(self, *, keep: Device | None = None) -> None:
        for device in self.devices:
            device.is_valid = device is keep and device.is_valid


def reset_token(email: str) -> str:
    """Return the token of a new link to reset the password, as an email would contain it."""
    while True:
        credential = credentials.find(email)
        assert credential is not None
        try:
            return one_time_tokens.issue(credential, "reset-password")
        except Outdated:
            continue


class Sessions(RuleBasedStateMachine):
    """One account with any number of clients."""

    def __init__(self) -> None:
        super().__init__()
        self.api = Api()
        self.model = Model(email=f"user{next(_numbers)}@example.com")
        lifecycle.ensure_admin(self.model.email, self.model.password)

    # Single requests -------------------------------------------------------------------------------

    @rule()
    def sign_in(self) -> None:
        reply = self._sign_in(self.model.password)
        assert reply.status == 200, reply.text
        self._record_sign_in(reply)

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data(), lost=st.booleans())
    def refresh(self, data: st.DataObject, *, lost: bool) -> None:
        device = self._pick(data)
        reply = self._refresh(device.tokens[device.received - 1])
        assert reply.status == 200, reply.text
        self._record_refresh(device, reply, lost=lost)

    @precondition(lambda self: any(len(device.tokens) > 2 for device in self.model.signed_in))
    @rule(data=st.data())
    def reuse_an_old_refresh_token(self, data: st.DataObject) -> None:
        device = data.draw(st.sampled_from([device for device in self.model.signed_in if len(device.tokens) > 2]))
        token = data.draw(st.sampled_from(device.tokens[:-2]))
        reply = self._refresh(token)
        assert (reply.status, reply.json["code"]) == (401, "refresh_token_reused")
        device.is_valid = False
        assert self._refresh(token).json["code"] == "invalid_refresh_token"

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data(), scope=st.sampled_from(["local", "others", "global"]))
    def sign_out(self, data: st.DataObject, scope: str) -> None:
        device = self._pick(data)
        assert self._as(device).post("/api/auth/logout", {"scope": scope}).status == 204
        if scope == "local":
            device.is_valid = False
        else:
            self.model.end_sessions(keep=device if scope == "others" else None)

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data())
    def change_password(self, data: st.DataObject) -> None:
        device = self._pick(data)
        body = {"currentPassword": self.model.password, "newPassword": self._other_password()}
        reply = self._as(device).post("/api/auth/change-password", body)
        assert reply.status == 200, reply.text
        self._record_new_key(device, reply)
        self.model.password = self._other_password()
        self.model.end_sessions(keep=device)

    @rule()
    def reset_password(self) -> None:
        assert self._reset().status == 204
        self.model.password = self._other_password()
        self.model.end_sessions()

    # Concurrent requests ---------------------------------------------------------------------------

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data(), tabs=st.integers(2, 8))
    def refresh_in_several_tabs(self, data: st.DataObject, tabs: int) -> None:
        device = self._pick(data)
        token = device.tokens[device.received - 1]
        replies = at_once(*[lambda: self._refresh(token)] * tabs)
        assert {reply.status for reply in replies} == {200}
        assert len({reply.json["refreshToken"] for reply in replies}) == 1
        self._record_refresh(device, replies[0], lost=False)

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data())
    def refresh_while_signing_out(self, data: st.DataObject) -> None:
        device = self._pick(data)
        refreshed, signed_out = at_once(
            lambda: self._refresh(device.tokens[device.received - 1]),
            lambda: self._as(device).post("/api/auth/logout", {}),
        )
        assert signed_out.status == 204
        assert refreshed.status in {200, 401}
        if refreshed.status == 200:
            self._record_refresh(device, refreshed, lost=False)
        device.is_valid = False

    @rule()
    def sign_in_while_resetting(self) -> None:
        old, new = self.model.password, self._other_password()
        signed_in, reset = at_once(lambda: self._sign_in(old), self._reset)
        assert reset.status == 204
        assert signed_in.status in {200, 401}
        if signed_in.status == 200:
            self._record_sign_in(signed_in)
        self.model.password = new
        self.model.end_sessions()

    @precondition(lambda self: self.model.signed_in)
    @rule(data=st.data())
    def refresh_while_changing_the_password(self, data: st.DataObject) -> None:
        changer, other = self._pick(data), self._pick(data)
        body = {"currentPassword": self.model.password, "newPassword": self._other_password()}
        changed, refreshed = at_once(
            lambda: self._as(changer).post("/api/auth/change-password", body),
            lambda: self._refresh(other.tokens[other.received - 1]),
        )
        assert changed.status == 200, changed.text
        assert refreshed.status in {200, 401}
        if refreshed.status == 200:
            self._record_refresh(other, refreshed, lost=False)
        self._record_new_key(changer, changed)
        self.model.password = self._other_password()
        self.model.end_sessions(keep=changer)

    @rule()
    def close_the_account_while_signing_in(self) -> None:
        user_id = self._credential().user_id
        other = f"other{next(_numbers)}@example.com"
        lifecycle.ensure_admin(other, PASSWORDS[0])
        admin = self.api.signed_in(other, PASSWORDS[0])
        closed, reply = at_once(
            lambda: admin.delete(f"/api/users/{user_id}"), lambda: self._sign_in(self.model.password)
        )
        assert closed.status == 204
        assert reply.status in {200, 401}
        if reply.status == 200:
            self._record_sign_in(reply)
        self.model.end_sessions()
        self.service_agrees_with_the_model()
        lifecycle.ensure_admin(self.model.email, self.model.password)

    # Invariant -------------------------------------------------------------------------------------

    @invariant()
    def service_agrees_with_the_model(self) -> None:
        for device in self.model.devices:
            status = self._as(device).get("/api/auth/me").status
            assert status == (200 if device.is_valid else 401)
        # An ended session never becomes valid again, so checking it once is enough.
        self.model.devices = self.model.signed_in

    def _pick(self, data: st.DataObject) -> Device:
        return data.draw(st.sampled_from(self.model.signed_in))

    def _as(self, device: Device) -> Api:
        return self.api.with_token(device.access_token)

    def _sign_in(self, password: str) -> Reply:
        return self.api.post("/api/auth/login", {"email": self.model.email, "password": password})

    def _refresh(self, token: str) -> Reply:
        return self.api.post("/api/auth/refresh", {"refreshToken": token})

    def _reset(self) -> Reply:
        token = reset_token(self.model.email)
        return self.api.post("/api/auth/reset-password", {"token": token, "password": self._other_password()})

    def _other_password(self) -> str:
        return PASSWORDS[1 - PASSWORDS.index(self.model.password)]

    def _credential(self) -> credentials.Credential:
        credential = credentials.find(self.model.email)
        assert credential is not None
        return credential

    def _record_sign_in(self, reply: Reply) -> None:
        self.model.devices.append(Device(reply.json["token"], [reply.json["refreshToken"]]))

    def _record_new_key(self, device: Device, reply: Reply) -> None:
        device.access_token, device.tokens, device.received = reply.json["token"], [reply.json["refreshToken"]], 1

    def _record_refresh(self, device: Device, reply: Reply, *, lost: bool) -> None:
        token = reply.json["refreshToken"]
        if device.received == len(device.tokens):
            device.tokens.append(token)
        # A lost response is repeated for ten seconds, and then replaced.
        device.tokens[-1] = token
        if not lost:
            device.received = len(device.tokens)
            device.access_token = reply.json["token"]


@pytest.mark.usefixtures("ministack")
def test_sessions_agree_with_the_model_in_any_sequence() -> None:
    run_state_machine_as_test(
        Sessions,
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.usefixtures("ministack")
def test_64_concurrent_refreshes_of_one_token_get_the_same_tokens() -> None:
    lifecycle.ensure_admin("many@example.com", PASSWORDS[0])
    api = Api()
    login = api.post("/api/auth/login", {"email": "many@example.com", "password": PASSWORDS[0]}).json
    replies = at_once(*[lambda: api.post("/api/auth/refresh", {"refreshToken": login["refreshToken"]})] * 64)
    assert {reply.status for reply in replies} == {200}
    assert len({reply.json["refreshToken"] for reply in replies}) == 1
    (session,) = sessions.of_user(login["user"]["id"])
    assert session.counter == 2
