"""Somebody else acts between what a flow has read and what it writes: the tightest race there is, made to happen."""

from collections.abc import Callable

import pytest

from shared.accounts import lifecycle
from shared.records import credentials
from shared.values import passwords
from tests.conftest import ADMIN_EMAIL, PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox, deliver, entries
from tests.support.faults import Wire
from tests.support.feedback import bounce, receive

pytestmark = pytest.mark.thorough

WRITE = "TransactWriteItems"
ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}
VERIFY, REGISTER = "/api/auth/verify-email", "/api/auth/register"
CHANGE, RESET = "/api/auth/change-password", "/api/auth/reset-password"
NEW, OTHER = "a rather different sentence", "another sentence yet"


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
    wire.meanwhile(lambda: lifecycle.ensure_admin(ADA["email"], "another password"), before=WRITE)
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

Meanwhile = Callable[[Callable[[], object]], None]


class Scene:
    """Ada, who holds links to move her account and to choose a password, and an administrator."""

    def __init__(self, admin: Api, ada: Api, inbox: Inbox) -> None:
        self.admin, self.ada, self.inbox, self.place = admin, ada, inbox, place(ada)
        ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
        self.move = inbox.newest().token
        self.reset = self.ask_for_a_link()
        self.others: list[Api] = []

    def ask_for_a_link(self) -> str:
        Api().post("/api/auth/forgot-password", {"email": ADA["email"]})
        return self.inbox.newest().token

    def sign_in(self) -> None:
        self.others.append(Api().signed_in(ADA["email"], PASSWORD))


ACTS: dict[str, Callable[[Scene], object]] = {
    "signs in": lambda scene: scene.sign_in(),
    "signs out everywhere": lambda scene: scene.ada.post("/api/auth/logout", {"scope": "global"}),
    "changes the password": lambda scene: scene.ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": OTHER}),
    "resets the password": lambda scene: Api().post(RESET, {"token": scene.reset, "password": OTHER}),
    "asks for another link": lambda scene: scene.ask_for_a_link(),
    "moves": lambda scene: Api().post(VERIFY, {"token": scene.move}),
    "is renamed": lambda scene: scene.admin.patch(scene.place, {"name": "Countess"}),
    "is promoted": lambda scene: scene.admin.patch(scene.place, {"role": "admin"}),
    "is disabled": lambda scene: scene.admin.patch(scene.place, {"status": "disabled"}),
    "is closed": lambda scene: scene.admin.delete(scene.place),
    "bounces": lambda _: receive(bounce(ADA["email"])),
}


@pytest.fixture
def scene(admin: Api, ada: Api, inbox: Inbox) -> Scene:
    return Scene(admin, ada, inbox)


@pytest.fixture(params=["while the password is hashed", "before the write"])
def meanwhile(request: pytest.FixtureRequest, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have somebody else act, once, at this point of a flow."""
    if request.param == "before the write":
        return lambda act: wire.meanwhile(act, before=WRITE)
    hashed = passwords.hashed

    def hash_while(act: Callable[[], object]) -> None:
        def acted(password: str) -> str:
            monkeypatch.setattr(passwords, "hashed", hashed)
            act()
            return hashed(password)

        monkeypatch.setattr(passwords, "hashed", acted)

    return hash_while


def sessions_that_count(scene: Scene) -> list[bool]:
    return [caller.get("/api/auth/me").status == 200 for caller in (scene.ada, *scene.others)]


@pytest.mark.parametrize(
    ("act", "status", "left"),
    [
        ("signs in", 204, [True, False]),
        ("signs out everywhere", 401, [False]),
        ("changes the password", 204, [True]),
        ("resets the password", 401, [False]),
        ("asks for another link", 204, [True]),
        ("moves", 204, [True]),
        ("is renamed", 204, [True]),
        ("is promoted", 204, [True]),
        ("is disabled", 401, [False]),
        ("is closed", 404, [False]),
        ("bounces", 204, [True]),
    ],
)
def test_the_account_while_its_password_is_changed(
    scene: Scene, meanwhile: Meanwhile, act: str, status: int, left: list[bool]
) -> None:
    meanwhile(lambda: ACTS[act](scene))
    assert scene.ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW}).status == status
    stored.check()
    assert sessions_that_count(scene) == left
    address = "countess@example.com" if act == "moves" else ADA["email"]
    assert (Api().post("/api/auth/login", {"email": address, "password": NEW}).status == 200) == (status == 204)
    assert Api().post("/api/auth/login", {"email": address, "password": PASSWORD}).status == (
        200 if act == "signs out everywhere" else 401
    )


@pytest.mark.parametrize(
    ("act", "status", "left"),
    [
        ("signs in", 204, [False, False]),
        ("signs out everywhere", 204, [False]),
        ("changes the password", 400, [True]),
        ("resets the password", 400, [False]),
        ("asks for another link", 400, [True]),
        ("moves", 400, [True]),
        ("is renamed", 204, [False]),
        ("is promoted", 400, [True]),
        ("is disabled", 400, [False]),
        ("is closed", 400, [False]),
        ("bounces", 204, [False]),
    ],
)
def test_the_account_while_its_password_is_reset(
    scene: Scene, meanwhile: Meanwhile, act: str, status: int, left: list[bool]
) -> None:
    meanwhile(lambda: ACTS[act](scene))
    reply = Api().post(RESET, {"token": scene.reset, "password": NEW})
    assert reply.status == status
    assert status == 204 or reply.json["code"] == "invalid_link"
    stored.check()
    assert sessions_that_count(scene) == left
    assert (Api().post("/api/auth/login", {**LOGIN, "password": NEW}).status == 200) == (status == 204)


@pytest.mark.parametrize("reset", [False, True])
def test_a_new_password_is_hashed_once_although_its_user_signs_in_meanwhile(
    scene: Scene, wire: Wire, monkeypatch: pytest.MonkeyPatch, *, reset: bool
) -> None:
    made: list[str] = []
    hashed = passwords.hashed

    def counted(password: str) -> str:
        made.append(password)
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", counted)
    wire.meanwhile(scene.sign_in, before=WRITE)
    if reset:
        reply = Api().post(RESET, {"token": scene.reset, "password": NEW})
    else:
        reply = scene.ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW})
    assert reply.status == 204
    assert made == [NEW]


def test_an_account_moves_while_its_user_signs_in_by_the_old_address(scene: Scene, wire: Wire) -> None:
    wire.meanwhile(lambda: ACTS["moves"](scene), before=WRITE)
    assert logs_in() == 401
    stored.check()
    assert Api().signed_in("countess@example.com", PASSWORD).get("/api/auth/me").status == 200


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
    lifecycle.ensure_admin("second@example.com", PASSWORD)
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
