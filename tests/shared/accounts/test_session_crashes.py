"""Signing in, recovery and change of address, stopped after any call to AWS: the user can go on, nothing is orphaned.

Each flow is stopped after its first call, after its second, and so on, in two ways: the power fails, or an answer is
lost and the caller gets 503. Then the user does what users do, which is to try again.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from shared.accounts import email_change, tokens
from shared.core import tables
from shared.records import credentials, keys, one_time_tokens, sessions, users
from shared.records.one_time_tokens import Purpose
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import passwords
from shared.values.client import Client
from tests.conftest import PASSWORD, member
from tests.support import stored
from tests.support.api import Api, Inbox, Reply
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA, NEW_ADDRESS = "ada@example.com", "countess@example.com"
NEW = "a rather different sentence"
Act = Callable[[], Reply]


@dataclass
class Stopped:
    """A flow that can be begun in the same state again and again, and stopped anywhere."""

    renew: Callable[[], None]
    wire: Wire
    points: int = 0

    def anywhere(self, begin: Callable[[], Act]) -> Iterator[Act]:
        """Give the act, to be tried again, once for each point at which it was stopped."""
        for how in (self.wire.cut_power_after, self.wire.lose_answer_to):
            call = 0
            while True:
                call += 1
                self.renew()
                keys.memory.forget()
                act = begin()
                self.wire.reset()
                how(call)
                with suppress(PowerCut):
                    reply = act()
                    assert reply.status == 503 or len(self.wire.calls) < call, reply.text
                finished = len(self.wire.calls) < call
                self.wire.reset()
                if finished:
                    break
                stored.check()
                self.points += 1
                yield act
                stored.check()
        assert self.points > 0


@pytest.fixture
def stopped(wire: Wire, reset_moto: Callable[[], None]) -> Stopped:
    return Stopped(reset_moto, wire)


def ada() -> tuple[User, list[Session], list[Api]]:
    """Store Ada's account with two sessions."""
    caller = member(Api(), "Ada", ADA)
    (user,) = users.with_email(ADA)
    other = sessions.new(user, Client(user_agent="tests/1.0"))
    tables.write(sessions.starting(other))
    mine = next(session for session in sessions.of_user(user.id) if session.id != other.id)
    return user, [mine, other], [caller, Api().with_token(tokens.access_token(other))]


def link(user: User, purpose: Purpose, target: str = "") -> str:
    return one_time_tokens.issue(users.credential_of(user), purpose, target=target).token


def told(kind: str) -> int:
    return [entry["kind"] for entry in stored.items("OutboxTable")].count(kind)


def noted(event: str) -> int:
    return [entry["event"] for entry in stored.items("ActivityTable")].count(event)


def sign_in(email: str = ADA, password: str = PASSWORD, **headers: str) -> int:
    return Api().post("/api/auth/login", {"email": email, "password": password}, **headers).status


def test_signing_in_from_a_new_device_with_an_outdated_hash(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin() -> Act:
        monkeypatch.setattr(passwords, "COST", 4)
        ada()
        monkeypatch.setattr(passwords, "COST", 5)
        return lambda: Api().post("/api/auth/login", {"email": ADA, "password": PASSWORD}, user_agent="Burner/1.0")

    for again in stopped.anywhere(begin):
        assert again().status == 200
        assert told("new_device") == 1
        (credential,) = stored.credentials()
        assert not passwords.is_outdated(credential["passwordHash"])


def test_refreshing(stopped: Stopped) -> None:
    def begin() -> Act:
        _, (mine, _), _ = ada()
        token = tokens.refresh_token(mine)
        return lambda: Api().post("/api/auth/refresh", {"refreshToken": token})

    for again in stopped.anywhere(begin):
        reply = again()
        assert reply.status == 200
        assert Api().post("/api/auth/refresh", {"refreshToken": reply.json["refreshToken"]}).status == 200


def test_refreshing_with_an_old_token(stopped: Stopped) -> None:
    def begin() -> Act:
        _, (mine, _), _ = ada()
        sessions.refresh(sessions.refresh(mine, Client()), Client())
        return lambda: Api().post("/api/auth/refresh", {"refreshToken": tokens.refresh_token(mine)})

    for again in stopped.anywhere(begin):
        assert again().status == 401
        assert len(stored.sessions()) == told("session_ended") == noted("token_reused") == 1


@pytest.mark.parametrize(("scope", "left"), [("local", 1), ("others", 1), ("global", 0)])
def test_signing_out(stopped: Stopped, scope: str, left: int) -> None:
    def begin() -> Act:
        _, _, (caller, _) = ada()
        return lambda: caller.post("/api/auth/logout", {"scope": scope})

    for again in stopped.anywhere(begin):
        assert again().status in {204, 401}
        assert len(stored.sessions()) == left


def test_ending_one_session(stopped: Stopped) -> None:
    def begin() -> Act:
        _, (_, other), (caller, _) = ada()
        return lambda: caller.delete(f"/api/auth/sessions/{other.id}")

    for again in stopped.anywhere(begin):
        assert again().status in {204, 404}
        assert len(stored.sessions()) == noted("logout") == 1


def test_forgetting_the_password(stopped: Stopped) -> None:
    inbox = Inbox()

    def begin() -> Act:
        ada()
        return lambda: Api().post("/api/auth/forgot-password", {"email": ADA})

    for again in stopped.anywhere(begin):
        assert again().status == 202
        body = {"token": inbox.newest().token, "password": NEW}
        assert Api().post("/api/auth/reset-password", body).status == 204
        assert sign_in(password=NEW) == 200
    inbox.close()


@pytest.mark.parametrize("purpose", ["reset-password", "accept-invitation"])
def test_choosing_a_password(stopped: Stopped, purpose: Purpose) -> None:
    def begin() -> Act:
        if purpose == "reset-password":
            user, _, _ = ada()
        else:
            user = users.new(name="Ada", email=ADA, role="admin")
            invited = credentials.new(email=ADA, user_id=user.id, password_hash=None)
            tables.write(credentials.adding(invited), users.adding(user))
        body = {"token": link(user, purpose), "password": NEW}
        return lambda: Api().post("/api/auth/reset-password", body)

    for again in stopped.anywhere(begin):
        assert again().status in {204, 400}
        assert stored.sessions() == []
        assert told("password_changed") == noted("user_password_reset") == 1
        assert sign_in(password=NEW) == 200


def test_changing_the_password(stopped: Stopped) -> None:
    def begin() -> Act:
        _, _, (caller, _) = ada()
        body = {"currentPassword": PASSWORD, "newPassword": NEW}
        return lambda: caller.post("/api/auth/change-password", body)

    for again in stopped.anywhere(begin):
        assert again().status in {204, 401}
        assert len(stored.sessions()) == told("password_changed") == noted("user_password_changed") == 1
        assert sign_in(password=NEW) == 200


def test_asking_for_another_address(stopped: Stopped) -> None:
    inbox = Inbox()

    def begin() -> Act:
        _, _, (caller, _) = ada()
        return lambda: caller.post("/api/auth/change-email", {"newEmail": NEW_ADDRESS, "password": PASSWORD})

    for again in stopped.anywhere(begin):
        assert again().status == 202
        assert Api().post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
        assert sign_in(NEW_ADDRESS) == 200
    inbox.close()


def test_moving_to_another_address(stopped: Stopped) -> None:
    def begin() -> Act:
        user, _, _ = ada()
        token = link(user, "change-email", NEW_ADDRESS)
        return lambda: Api().post("/api/auth/verify-email", {"token": token})

    for again in stopped.anywhere(begin):
        assert again().status in {200, 400}
        assert sign_in(NEW_ADDRESS) == 200
        assert sign_in(ADA) == 401
        assert len(stored.credentials()) == 2
        assert told("email_changed") == noted("user_email_changed") == 1


def moved() -> User:
    user, _, _ = ada()
    token = one_time_tokens.present(link(user, "change-email", NEW_ADDRESS), "change-email")
    email_change.confirm(token, Client())
    return users.get(user.id)


def test_moving_back(stopped: Stopped) -> None:
    inbox = Inbox()

    def begin() -> Act:
        token = link(moved(), "undo-email-change", ADA)
        return lambda: Api().post("/api/auth/verify-email", {"token": token})

    for again in stopped.anywhere(begin):
        assert again().status in {200, 400}
        assert stored.sessions() == []
        assert len(stored.credentials()) == told("recovery") == noted("user_email_change_undone") == 1
        body = {"token": next(mail.token for mail in inbox.to(ADA)[::-1] if "reset" in mail.text), "password": NEW}
        assert Api().post("/api/auth/reset-password", body).status == 204
        assert sign_in(password=NEW) == 200
    inbox.close()


def test_closing_an_account_that_has_moved(stopped: Stopped) -> None:
    def begin() -> Act:
        user = moved()
        link(user, "undo-email-change", ADA)
        link(user, "reset-password")
        (mine, *_) = sessions.of_user(user.id)
        caller = Api().with_token(tokens.access_token(mine))
        return lambda: caller.delete(f"/api/users/{user.id}")

    for again in stopped.anywhere(begin):
        assert again().status in {204, 401}
        for table in ("CredentialsTable", "SessionsTable", "OneTimeTokensTable"):
            assert stored.items(table) == []
