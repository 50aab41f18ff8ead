"""Crashes and lost responses during sign-in, recovery and change of address.

Each flow is interrupted after its first AWS call, after its second, and so on, in two ways: the process dies, or the
response is lost and the caller gets 503. What is stored must then be consistent, and when the user tries again, the
flow must end as if it had not been interrupted.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import pytest

from shared.accounts import email_change, tokens
from shared.core import tables
from shared.records import credentials, keys, one_time_tokens, sessions, users
from shared.records.one_time_tokens import Purpose
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import passwords
from shared.values.client import Client
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Inbox, Reply
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA, NEW_ADDRESS = "ada@example.com", "countess@example.com"
NEW = "a rather different sentence"
Flow = Callable[[], Reply]


@dataclass
class Interruptions:
    """Runs a flow from the same state again and again, each time interrupted after another AWS call."""

    reset: Callable[[], None]
    wire: Wire

    def of(self, prepare: Callable[[], Flow]) -> Iterator[Flow]:
        """Yield the flow, to be retried, after each interruption. `prepare` stores its initial state and returns it."""
        interruptions = 0
        for interrupt in (self.wire.cut_power_after, self.wire.lose_answer_to):
            for call in count(1):
                self.reset()
                keys.memory.forget()
                flow = prepare()
                self.wire.reset()
                interrupt(call)
                with suppress(PowerCut):
                    reply = flow()
                    # What fails after the commit does not concern the caller.
                    is_committed = "TransactWriteItems" in self.wire.calls[: call - 1]
                    assert reply.status == 503 or is_committed or len(self.wire.calls) < call, reply.text
                is_complete = len(self.wire.calls) < call
                self.wire.reset()
                if is_complete:
                    break
                stored.check()
                interruptions += 1
                yield flow
                stored.check()
        assert interruptions > 0


@pytest.fixture
def interruptions(wire: Wire, reset_moto: Callable[[], None]) -> Interruptions:
    return Interruptions(reset_moto, wire)


def ada() -> tuple[User, list[Session], list[Api]]:
    """Store Ada's account with two sessions. Return them with a client for each."""
    caller = member(Api(), "Ada", ADA)
    (user,) = users.with_email(ADA)
    other = sessions.new(user, Client(user_agent="tests/1.0"))
    tables.write(sessions.starting(other))
    mine = next(session for session in sessions.of_user(user.id) if session.id != other.id)
    return user, [mine, other], [caller, Api().with_token(tokens.access_token(other))]


def link(user: User, purpose: Purpose, target: str = "") -> str:
    """Return the token of a new link, as an email would contain it."""
    credential = users.credential_of(user)
    if purpose == "change-email":
        tables.write(credentials.requesting_change(credential, "request"))
    request = "request" if purpose == "change-email" else ""
    return one_time_tokens.issue(credential, purpose, target=target, request=request)


def count_emails(kind: str) -> int:
    return [entry["kind"] for entry in stored.items("OutboxTable")].count(kind)


def count_activity(event: str) -> int:
    return [entry["event"] for entry in stored.items("ActivityTable")].count(event)


def sign_in(email: str = ADA, password: str = PASSWORD, **headers: str) -> int:
    return Api().post("/api/auth/login", {"email": email, "password": password}, **headers).status


def test_sign_in_with_new_device_and_outdated_hash_can_be_retried(
    interruptions: Interruptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare() -> Flow:
        monkeypatch.setattr(passwords, "COST", 4)
        ada()
        monkeypatch.setattr(passwords, "COST", 5)
        return lambda: Api().post("/api/auth/login", {"email": ADA, "password": PASSWORD}, user_agent="Burner/1.0")

    for retry in interruptions.of(prepare):
        assert retry().status == 200
        assert count_emails("new_device") == 1
        (credential,) = stored.credentials()
        assert not passwords.is_outdated(credential["passwordHash"])


def test_refresh_can_be_retried(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        _, (mine, _), _ = ada()
        token = tokens.refresh_token(mine)
        return lambda: Api().post("/api/auth/refresh", {"refreshToken": token})

    for retry in interruptions.of(prepare):
        reply = retry()
        assert reply.status == 200
        assert Api().post("/api/auth/refresh", {"refreshToken": reply.json["refreshToken"]}).status == 200


def test_reused_refresh_token_is_reported_once(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        _, (mine, _), _ = ada()
        twice = sessions.refreshed(sessions.refreshed(mine, Client(), verdict="next"), Client(), verdict="next")
        tables.write(sessions.replacing(mine, twice))
        return lambda: Api().post("/api/auth/refresh", {"refreshToken": tokens.refresh_token(mine)})

    for retry in interruptions.of(prepare):
        assert retry().status == 401
        assert len(stored.sessions()) == count_emails("session_ended") == count_activity("token_reused") == 1


@pytest.mark.parametrize(("scope", "left"), [("local", 1), ("others", 1), ("global", 0)])
def test_sign_out_can_be_retried(interruptions: Interruptions, scope: str, left: int) -> None:
    def prepare() -> Flow:
        _, _, (caller, _) = ada()
        return lambda: caller.post("/api/auth/logout", {"scope": scope})

    for retry in interruptions.of(prepare):
        assert retry().status in {204, 401}
        assert len(stored.sessions()) == left


def test_ending_another_session_can_be_retried(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        _, (_, other), (caller, _) = ada()
        return lambda: caller.delete(f"/api/auth/sessions/{other.id}")

    for retry in interruptions.of(prepare):
        assert retry().status in {204, 404}
        assert len(stored.sessions()) == count_activity("logout") == 1


def test_recovery_request_can_be_retried(interruptions: Interruptions) -> None:
    inbox = Inbox()

    def prepare() -> Flow:
        ada()
        return lambda: Api().post("/api/auth/forgot-password", {"email": ADA})

    for retry in interruptions.of(prepare):
        assert retry().status == 202
        body = {"token": inbox.newest().token, "password": NEW}
        assert Api().post("/api/auth/reset-password", body).status == 204
        assert sign_in(password=NEW) == 200
    inbox.close()


@pytest.mark.parametrize("purpose", ["reset-password", "accept-invitation"])
def test_password_reset_can_be_retried(interruptions: Interruptions, purpose: Purpose) -> None:
    def prepare() -> Flow:
        if purpose == "reset-password":
            user, _, _ = ada()
        else:
            user = users.new(name="Ada", email=ADA, role="admin")
            invited = credentials.new(email=ADA, user_id=user.id, password_hash=None, invited=True)
            tables.write(credentials.adding(invited), users.adding(user))
        body = {"token": link(user, purpose), "password": NEW}
        return lambda: Api().post("/api/auth/reset-password", body)

    for retry in interruptions.of(prepare):
        assert retry().status == 204
        assert stored.sessions() == []
        assert count_emails("password_changed") == count_activity("user_password_reset") == 1
        assert sign_in(password=NEW) == 200


def test_password_change_can_be_retried(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        _, _, (caller, _) = ada()
        body = {"currentPassword": PASSWORD, "newPassword": NEW}
        return lambda: caller.post("/api/auth/change-password", body)

    for retry in interruptions.of(prepare):
        assert retry().status in {200, 401}
        assert (
            len(stored.sessions()) == count_emails("password_changed") == count_activity("user_password_changed") == 1
        )
        assert sign_in(password=NEW) == 200


def test_email_change_request_can_be_retried(interruptions: Interruptions) -> None:
    inbox = Inbox()

    def prepare() -> Flow:
        _, _, (caller, _) = ada()
        return lambda: caller.post("/api/auth/change-email", {"newEmail": NEW_ADDRESS, "password": PASSWORD})

    for retry in interruptions.of(prepare):
        assert retry().status == 202
        assert Api().post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
        assert sign_in(NEW_ADDRESS) == 200
    inbox.close()


def test_email_change_can_be_retried(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        user, _, _ = ada()
        token = link(user, "change-email", NEW_ADDRESS)
        return lambda: Api().post("/api/auth/verify-email", {"token": token})

    for retry in interruptions.of(prepare):
        assert retry().status == 200
        assert sign_in(NEW_ADDRESS) == 200
        assert sign_in(ADA) == 401
        assert len(stored.credentials()) == 2
        assert count_emails("email_changed") == count_activity("user_email_changed") == 1


def ada_with_new_address() -> User:
    """Store Ada's account after she has changed her address."""
    user, _, _ = ada()
    token = one_time_tokens.present(link(user, "change-email", NEW_ADDRESS), "change-email")
    email_change.confirm(token, Client())
    return users.get(user.id)


def test_undoing_an_email_change_can_be_retried(interruptions: Interruptions) -> None:
    inbox = Inbox()

    def prepare() -> Flow:
        token = link(ada_with_new_address(), "undo-email-change", ADA)
        return lambda: Api().post("/api/auth/verify-email", {"token": token})

    for retry in interruptions.of(prepare):
        assert retry().status == 200
        assert stored.sessions() == []
        assert len(stored.credentials()) == count_emails("recovery") == count_activity("user_email_change_undone") == 1
        body = {"token": next(email.token for email in inbox.to(ADA)[::-1] if "reset" in email.text), "password": NEW}
        assert Api().post("/api/auth/reset-password", body).status == 204
        assert sign_in(password=NEW) == 200
    inbox.close()


def test_closing_an_account_after_an_email_change_can_be_retried(interruptions: Interruptions) -> None:
    def prepare() -> Flow:
        user = ada_with_new_address()
        link(user, "undo-email-change", ADA)
        link(user, "reset-password")
        admin = member(Api(), "Administrator", ADMIN_EMAIL, role="admin")
        return lambda: admin.delete(f"/api/users/{user.id}")

    for retry in interruptions.of(prepare):
        assert retry().status in {204, 404}
        for table in ("CredentialsTable", "SessionsTable"):
            assert [each["email"] for each in stored.items(table)] == [ADMIN_EMAIL]
