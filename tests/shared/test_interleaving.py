"""Somebody else acts between what a flow has read and what it writes: the tightest race there is, made to happen."""

from collections.abc import Callable

import pytest

from shared import accounts, credentials
from tests import stored
from tests.api import Api, Inbox, Reply, deliver, entries
from tests.conftest import ADMIN_EMAIL, PASSWORD
from tests.faults import Wire

pytestmark = pytest.mark.thorough

WRITE = "TransactWriteItems"
ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}
VERIFY, REGISTER = "/api/auth/verify-email", "/api/auth/register"
CHANGE, RESET = "/api/auth/change-password", "/api/auth/reset-password"
NEW = "a rather different sentence"


def place(caller: Api) -> str:
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def logs_in() -> int:
    return Api().post("/api/auth/login", LOGIN).status


# Signing in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "status"), [({"status": "disabled"}, 401), ({"role": "admin"}, 200)])
def test_an_account_changes_while_its_user_signs_in(
    admin: Api, ada: Api, wire: Wire, change: dict[str, str], status: int
) -> None:
    url = place(ada)
    wire.meanwhile(lambda: admin.patch(url, change), before=WRITE)
    assert logs_in() == status
    stored.check()


def test_an_account_is_closed_while_its_user_signs_in(ada: Api, wire: Wire) -> None:
    url = place(ada)
    wire.meanwhile(lambda: ada.delete(url), before=WRITE)
    assert logs_in() == 401
    stored.check()
    assert stored.sessions() == []


def test_a_password_changes_while_its_user_signs_in_with_the_old_one(ada: Api, wire: Wire) -> None:
    assert ada is not None
    wire.meanwhile(lambda: accounts.ensure_admin(ADA["email"], "another password"), before=WRITE)
    assert logs_in() == 401
    assert stored.sessions() == []


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"role": "admin"}])
def test_a_user_signs_in_while_the_account_is_changed(admin: Api, ada: Api, wire: Wire, change: dict[str, str]) -> None:
    url = place(ada)
    wire.meanwhile(logs_in, before=WRITE)
    assert admin.patch(url, change).status == 200
    stored.check()


def test_a_user_signs_in_while_the_account_is_closed(ada: Api, wire: Wire) -> None:
    url = place(ada)
    wire.meanwhile(logs_in, before=WRITE)
    assert ada.delete(url).status == 204
    stored.check()
    assert stored.sessions() == []


def test_a_user_signs_out_while_the_role_is_changed(admin: Api, ada: Api, wire: Wire) -> None:
    url = place(ada)
    wire.meanwhile(lambda: ada.post("/api/auth/logout"), before=WRITE)
    assert admin.patch(url, {"role": "admin"}).status == 200
    assert ada.get("/api/auth/me").status == 401
    stored.check()


# A new password, or another address ----------------------------------------------------------------------


@pytest.fixture
def moves(ada: Api, api: Api, inbox: Inbox) -> Callable[[], Reply]:
    """The click that moves Ada's account to another address."""
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    token = inbox.newest().token
    return lambda: api.post(VERIFY, {"token": token})


def test_an_account_moves_while_its_user_signs_in_by_the_old_address(
    api: Api, wire: Wire, moves: Callable[[], Reply]
) -> None:
    wire.meanwhile(moves, before=WRITE)
    assert logs_in() == 401
    stored.check()
    assert api.signed_in("countess@example.com", PASSWORD).get("/api/auth/me").status == 200


def test_an_account_moves_while_its_password_is_changed(
    ada: Api, api: Api, wire: Wire, moves: Callable[[], Reply]
) -> None:
    wire.meanwhile(moves, before=WRITE)
    assert ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW}).status == 204
    stored.check()
    assert api.signed_in("countess@example.com", NEW).get("/api/auth/me").status == 200


def test_an_account_moves_while_its_password_is_reset(
    ada: Api, api: Api, inbox: Inbox, wire: Wire, moves: Callable[[], Reply]
) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA["email"]})
    token = inbox.newest().token
    wire.meanwhile(moves, before=WRITE)
    assert api.post(RESET, {"token": token, "password": NEW}).status == 400
    stored.check()
    assert ada.get("/api/auth/me").status == 200


# Confirming ----------------------------------------------------------------------------------------------


@pytest.fixture
def token(api: Api, inbox: Inbox) -> str:
    """What was mailed to somebody who has just registered."""
    api.post(REGISTER, ADA)
    return inbox.newest().token


def test_an_address_is_confirmed_twice_at_once(api: Api, token: str, wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(VERIFY, {"token": token}), before=WRITE)
    assert api.post(VERIFY, {"token": token}).status == 400
    assert logs_in() == 200
    stored.check()


def test_an_address_is_registered_again_while_it_is_confirmed(api: Api, token: str, wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(REGISTER, {**ADA, "password": "eve's own password"}), before=WRITE)
    assert api.post(VERIFY, {"token": token}).status == 400
    assert not stored.credentials()[0]["verified"]
    stored.check()


def test_a_later_mail_is_sent_while_the_earlier_link_is_used(api: Api, inbox: Inbox, token: str, wire: Wire) -> None:
    def ask_again() -> None:
        api.post("/api/auth/resend-verification", {"email": ADA["email"]})
        inbox.deliver()

    wire.meanwhile(ask_again, before=WRITE)
    assert api.post(VERIFY, {"token": token}).status == 400
    assert api.post(VERIFY, {"token": inbox.newest().token}).status == 200
    stored.check()


def test_an_account_is_closed_while_its_address_is_confirmed(admin: Api, api: Api, token: str, wire: Wire) -> None:
    (user,) = admin.get(f"/api/users?email={ADA['email']}").json["data"]
    wire.meanwhile(lambda: admin.delete(f"/api/users/{user['id']}"), before=WRITE)
    assert api.post(VERIFY, {"token": token}).status == 400
    stored.check()


@pytest.mark.parametrize("first", ["confirming", "promoting"])
def test_an_account_is_promoted_while_its_address_is_confirmed(
    admin: Api, api: Api, token: str, wire: Wire, first: str
) -> None:
    (user,) = admin.get(f"/api/users?email={ADA['email']}").json["data"]
    url = f"/api/users/{user['id']}"
    if first == "promoting":
        wire.meanwhile(lambda: admin.patch(url, {"role": "admin"}), before=WRITE)
        assert api.post(VERIFY, {"token": token}).status == 400
        assert logs_in() == 401
    else:
        wire.meanwhile(lambda: api.post(VERIFY, {"token": token}), before=WRITE)
        assert admin.patch(url, {"role": "admin"}).status == 200
        assert logs_in() == 200
    stored.check()


# Registering ---------------------------------------------------------------------------------------------


def test_an_address_is_registered_twice_at_once(api: Api, inbox: Inbox, wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(REGISTER, {**ADA, "password": "eve's own password"}), before=WRITE)
    assert api.post(REGISTER, ADA).status == 202
    assert api.post(VERIFY, {"token": inbox.newest().token}).status == 200
    assert logs_in() == 200
    assert len(stored.profiles()) == 1
    stored.check()


def test_an_address_is_confirmed_while_it_is_registered_again(api: Api, token: str, wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(VERIFY, {"token": token}), before=WRITE)
    assert api.post(REGISTER, {**ADA, "name": "Eve", "password": "eve's own password"}).status == 202
    assert logs_in() == 200
    assert [user["name"] for user in stored.profiles()] == ["Ada"]
    stored.check()


def test_an_address_is_invited_while_it_is_registered(admin: Api, api: Api, wire: Wire) -> None:
    wire.meanwhile(lambda: admin.post("/api/users", {**ADA, "role": "admin"}), before=WRITE)
    assert api.post(REGISTER, ADA).status == 202
    credential = credentials.find(ADA["email"])
    assert credential is not None
    assert credential.is_invited
    stored.check()


def test_an_address_is_registered_while_it_is_invited(admin: Api, api: Api, wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(REGISTER, ADA), before=WRITE)
    assert admin.post("/api/users", {**ADA, "role": "admin"}).status == 409
    stored.check()


@pytest.mark.parametrize("verified", [False, True])
def test_an_account_is_closed_while_its_address_is_registered(
    admin: Api, api: Api, token: str, wire: Wire, *, verified: bool
) -> None:
    if verified:
        api.post(VERIFY, {"token": token})
    (user,) = admin.get(f"/api/users?email={ADA['email']}").json["data"]
    wire.meanwhile(lambda: admin.delete(f"/api/users/{user['id']}"), before=WRITE)
    assert api.post(REGISTER, ADA).status == 202
    assert len(stored.profiles()) == 2
    stored.check()


# Mail ----------------------------------------------------------------------------------------------------


def test_an_address_is_registered_again_while_its_mail_is_written(api: Api, inbox: Inbox, wire: Wire) -> None:
    api.post(REGISTER, {**ADA, "password": "eve's own password"})
    (entry,) = entries()
    wire.meanwhile(lambda: api.post(REGISTER, ADA), before=WRITE)
    assert deliver(entry) == {"batchItemFailures": []}
    assert len(inbox.sent) == 1
    assert api.post(VERIFY, {"token": inbox.newest().token}).status == 200
    assert logs_in() == 200


def test_an_account_is_closed_while_its_mail_is_written(admin: Api, inbox: Inbox, wire: Wire) -> None:
    url = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"]
    (entry,) = entries()
    wire.meanwhile(lambda: admin.delete(url), before=WRITE)
    deliver(entry)
    assert inbox.sent == []
    stored.check()


# The last administrator ----------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"role": "user"}, {"status": "disabled"}, None])
def test_two_admins_turn_on_each_other(admin: Api, api: Api, wire: Wire, change: dict[str, str] | None) -> None:
    accounts.ensure_admin("second@example.com", PASSWORD)
    second = api.signed_in("second@example.com", PASSWORD)
    mine, theirs = place(admin), place(second)

    def turn(caller: Api, url: str) -> int:
        return (caller.delete(url) if change is None else caller.patch(url, change)).status

    wire.meanwhile(lambda: turn(second, mine), before=WRITE)
    assert turn(admin, theirs) == 409
    stored.check()
    assert api.signed_in("second@example.com", PASSWORD).get("/api/users").status == 200


def test_a_profile_is_changed_by_two_at_once(admin: Api, ada: Api, wire: Wire) -> None:
    url = place(ada)
    wire.meanwhile(lambda: admin.patch(url, {"role": "admin"}), before=WRITE)
    reply = ada.patch(url, {"name": "A"})
    assert reply.status == 200
    assert [reply.json["data"][key] for key in ("name", "role")] == ["A", "admin"]
    assert reply.json == admin.get(url).json
    stored.check()


def test_one_idempotency_key_comes_twice_at_once(admin: Api, wire: Wire) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    wire.meanwhile(lambda: admin.post("/api/users", body, idempotency_key="k"), before=WRITE)
    reply = admin.post("/api/users", body, idempotency_key="k")
    assert reply.status == 201
    assert len(stored.profiles()) == 2
    assert len(entries()) == 1


def test_one_idempotency_key_comes_with_two_requests_at_once(admin: Api, wire: Wire) -> None:
    wire.meanwhile(
        lambda: admin.post("/api/users", {"name": "Bob", "email": "bob@example.com"}, idempotency_key="k"),
        before=WRITE,
    )
    assert admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}, idempotency_key="k").status == 409
    assert len(stored.profiles()) == 2
    assert ADMIN_EMAIL in {user["email"] for user in stored.profiles()}
