"""Two requests that interleave in the worst way, forced to happen.

While the first request is between its reads and its write, a second one runs from start to end, so the first would
write based on outdated data. It must notice: it succeeds with the current data or is rejected, and what is stored is
consistent.
"""

from collections.abc import Callable

import pytest

from shared.accounts import lifecycle
from shared.records import credentials
from shared.values import passwords
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox, deliver, entries
from tests.support.faults import Wire
from tests.support.feedback import bounce, receive

pytestmark = pytest.mark.thorough

WRITE = "TransactWriteItems"
ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
LOGIN = {"email": ADA["email"], "password": PASSWORD}
NEW_ADDRESS = "countess@example.com"
VERIFY, REGISTER = "/api/auth/verify-email", "/api/auth/register"
CHANGE, RESET = "/api/auth/change-password", "/api/auth/reset-password"
NEW_PASSWORD, OTHER_PASSWORD = "a rather different sentence", "another sentence yet"


def profile_url(caller: Api) -> str:
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def sign_in() -> int:
    return Api().post("/api/auth/login", LOGIN).status


# Sign-in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "status"), [({"status": "disabled"}, 401), ({"role": "admin"}, 200)])
def test_sign_in_notices_a_change_of_status_or_role(
    admin: Api, ada: Api, wire: Wire, change: dict[str, str], status: int
) -> None:
    url = profile_url(ada)
    wire.meanwhile(lambda: admin.patch(url, change), before=WRITE)
    assert sign_in() == status
    stored.check()


def test_sign_in_fails_if_the_account_is_closed_meanwhile(ada: Api, wire: Wire) -> None:
    url = profile_url(ada)
    wire.meanwhile(lambda: ada.delete(url), before=WRITE)
    assert sign_in() == 401
    stored.check()
    assert stored.sessions() == []


def test_sign_in_fails_if_the_password_changes_meanwhile(ada: Api, wire: Wire) -> None:
    assert ada is not None
    wire.meanwhile(lambda: lifecycle.ensure_admin(ADA["email"], "another password"), before=WRITE)
    assert sign_in() == 401
    assert stored.sessions() == []


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"role": "admin"}])
def test_account_change_applies_to_a_session_started_meanwhile(
    admin: Api, ada: Api, wire: Wire, change: dict[str, str]
) -> None:
    url = profile_url(ada)
    wire.meanwhile(sign_in, before=WRITE)
    assert admin.patch(url, change).status == 200
    stored.check()


def test_closing_an_account_ends_a_session_started_meanwhile(ada: Api, wire: Wire) -> None:
    url = profile_url(ada)
    wire.meanwhile(sign_in, before=WRITE)
    assert ada.delete(url).status == 204
    stored.check()
    assert stored.sessions() == []


def test_role_change_does_not_restore_a_session_ended_meanwhile(admin: Api, ada: Api, wire: Wire) -> None:
    url = profile_url(ada)
    wire.meanwhile(lambda: ada.post("/api/auth/logout"), before=WRITE)
    assert admin.patch(url, {"role": "admin"}).status == 200
    assert ada.get("/api/auth/me").status == 401
    stored.check()


# Password changes and resets -----------------------------------------------------------------------

Meanwhile = Callable[[Callable[[], object]], None]


class Scene:
    """Ada, with links to change her address and to reset her password, and an administrator."""

    def __init__(self, admin: Api, ada: Api, inbox: Inbox) -> None:
        self.admin, self.ada, self.inbox, self.url = admin, ada, inbox, profile_url(ada)
        ada.post("/api/auth/change-email", {"newEmail": NEW_ADDRESS, "password": PASSWORD})
        self.email_change_token = inbox.newest().token
        self.reset_token = self.request_link()
        self.others: list[Api] = []

    def request_link(self) -> str:
        Api().post("/api/auth/forgot-password", {"email": ADA["email"]})
        return self.inbox.newest().token

    def sign_in(self) -> None:
        self.others.append(Api().signed_in(ADA["email"], PASSWORD))


# What happens to the account while its password is changed or reset.
ACTS: dict[str, Callable[[Scene], object]] = {
    "signs in": lambda scene: scene.sign_in(),
    "signs out everywhere": lambda scene: scene.ada.post("/api/auth/logout", {"scope": "global"}),
    "changes the password": lambda scene: scene.ada.post(
        CHANGE, {"currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD}
    ),
    "resets the password": lambda scene: Api().post(RESET, {"token": scene.reset_token, "password": OTHER_PASSWORD}),
    "requests another link": lambda scene: scene.request_link(),
    "changes the address": lambda scene: Api().post(VERIFY, {"token": scene.email_change_token}),
    "is renamed": lambda scene: scene.admin.patch(scene.url, {"name": "Countess"}),
    "is promoted": lambda scene: scene.admin.patch(scene.url, {"role": "admin"}),
    "is disabled": lambda scene: scene.admin.patch(scene.url, {"status": "disabled"}),
    "account is closed": lambda scene: scene.admin.delete(scene.url),
    "has a bounced email": lambda _: receive(bounce(ADA["email"])),
}


@pytest.fixture
def scene(admin: Api, ada: Api, inbox: Inbox) -> Scene:
    return Scene(admin, ada, inbox)


@pytest.fixture(params=["during hashing", "before the write"])
def meanwhile(request: pytest.FixtureRequest, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Return a function that schedules another request for this point of the next one."""
    if request.param == "before the write":
        return lambda act: wire.meanwhile(act, before=WRITE)
    hashed = passwords.hashed

    def during_hashing(act: Callable[[], object]) -> None:
        def act_and_hash(password: str) -> str:
            monkeypatch.setattr(passwords, "hashed", hashed)
            act()
            return hashed(password)

        monkeypatch.setattr(passwords, "hashed", act_and_hash)

    return during_hashing


def session_validity(scene: Scene) -> list[bool]:
    """Return for each of Ada's sessions whether it is valid."""
    return [caller.get("/api/auth/me").status == 200 for caller in (scene.ada, *scene.others)]


@pytest.mark.parametrize(
    ("act", "status", "valid"),
    [
        ("signs in", 200, [True, False]),
        ("signs out everywhere", 401, [False]),
        ("changes the password", 200, [True]),
        ("resets the password", 401, [False]),
        ("requests another link", 200, [True]),
        ("changes the address", 200, [True]),
        ("is renamed", 200, [True]),
        ("is promoted", 200, [True]),
        ("is disabled", 401, [False]),
        ("account is closed", 401, [False]),
        ("has a bounced email", 200, [True]),
    ],
)
def test_password_change_interleaved_with_another_request(
    scene: Scene, meanwhile: Meanwhile, act: str, status: int, valid: list[bool]
) -> None:
    meanwhile(lambda: ACTS[act](scene))
    assert scene.ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}).status == status
    stored.check()
    assert session_validity(scene) == valid
    address = NEW_ADDRESS if act == "changes the address" else ADA["email"]
    assert (Api().post("/api/auth/login", {"email": address, "password": NEW_PASSWORD}).status == 200) == (
        status == 200
    )
    assert Api().post("/api/auth/login", {"email": address, "password": PASSWORD}).status == (
        200 if act == "signs out everywhere" else 401
    )


@pytest.mark.parametrize(
    ("act", "status", "valid"),
    [
        ("signs in", 204, [False, False]),
        ("signs out everywhere", 204, [False]),
        ("changes the password", 400, [True]),
        ("resets the password", 400, [False]),
        ("requests another link", 204, [False]),
        ("changes the address", 400, [True]),
        ("is renamed", 204, [False]),
        ("is promoted", 400, [True]),
        ("is disabled", 400, [False]),
        ("account is closed", 400, [False]),
        ("has a bounced email", 204, [False]),
    ],
)
def test_password_reset_interleaved_with_another_request(
    scene: Scene, meanwhile: Meanwhile, act: str, status: int, valid: list[bool]
) -> None:
    meanwhile(lambda: ACTS[act](scene))
    reply = Api().post(RESET, {"token": scene.reset_token, "password": NEW_PASSWORD})
    assert reply.status == status
    assert status == 204 or reply.json["code"] == "invalid_link"
    stored.check()
    assert session_validity(scene) == valid
    assert (Api().post("/api/auth/login", {**LOGIN, "password": NEW_PASSWORD}).status == 200) == (status == 204)


@pytest.mark.parametrize("reset", [False, True])
def test_new_password_is_hashed_only_once_despite_a_retry(
    scene: Scene, wire: Wire, monkeypatch: pytest.MonkeyPatch, *, reset: bool
) -> None:
    recorded: list[str] = []
    hashed = passwords.hashed

    def record_and_hash(password: str) -> str:
        recorded.append(password)
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", record_and_hash)
    wire.meanwhile(scene.sign_in, before=WRITE)
    if reset:
        reply = Api().post(RESET, {"token": scene.reset_token, "password": NEW_PASSWORD})
    else:
        reply = scene.ada.post(CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD})
    assert reply.status == (204 if reset else 200)
    assert recorded == [NEW_PASSWORD]


def test_sign_in_with_the_old_address_fails_if_it_changes_meanwhile(scene: Scene, wire: Wire) -> None:
    wire.meanwhile(lambda: ACTS["changes the address"](scene), before=WRITE)
    assert sign_in() == 401
    stored.check()
    assert Api().signed_in(NEW_ADDRESS, PASSWORD).get("/api/auth/me").status == 200


# Registration and confirmation ---------------------------------------------------------------------

INVITE = "/api/users"


@pytest.fixture
def proofs(api: Api, inbox: Inbox) -> dict[str, str]:
    """The proofs that open Ada's account, just after registration."""
    secret = api.post(REGISTER, ADA).json["registration"]
    return {"token": inbox.newest().token, "registration": secret}


def test_confirmation_repeats_the_response_if_the_same_request_arrives_meanwhile(
    api: Api, proofs: dict[str, str], wire: Wire
) -> None:
    sessions: list[str] = []
    wire.meanwhile(lambda: sessions.append(api.post(VERIFY, proofs).json["refreshToken"]), before=WRITE)
    reply = api.post(VERIFY, proofs)
    assert (reply.status, reply.json["refreshToken"]) == (200, sessions[0])
    assert sign_in() == 200
    stored.check()


@pytest.mark.parametrize("link", ["the same link", "another link"])
def test_confirmation_fails_if_another_registration_is_confirmed_meanwhile(
    api: Api, inbox: Inbox, proofs: dict[str, str], wire: Wire, link: str
) -> None:
    other = api.post(REGISTER, {**ADA, "password": OTHER_PASSWORD}).json["registration"]
    theirs = {"token": proofs["token"] if link == "the same link" else inbox.newest().token, "registration": other}
    wire.meanwhile(lambda: api.post(VERIFY, theirs), before=WRITE)
    reply = api.post(VERIFY, proofs)
    assert (reply.status, reply.json["code"]) == (400, "invalid_link")
    assert len(stored.profiles()) == 1
    assert sign_in() == 401
    stored.check()


def test_confirmation_gets_409_if_the_address_is_invited_meanwhile(
    admin: Api, api: Api, proofs: dict[str, str], wire: Wire
) -> None:
    invitation = {"name": "Ada", "email": ADA["email"], "role": "admin"}
    wire.meanwhile(lambda: admin.post(INVITE, invitation), before=WRITE)
    reply = api.post(VERIFY, proofs)
    assert (reply.status, reply.json["code"]) == (409, "email_taken")
    credential = credentials.find(ADA["email"])
    assert credential is not None
    assert credential.invited
    assert credential.password_hash is None
    stored.check()


def test_confirmation_succeeds_if_registered_again_meanwhile(api: Api, proofs: dict[str, str], wire: Wire) -> None:
    wire.meanwhile(lambda: api.post(REGISTER, {**ADA, "password": OTHER_PASSWORD}), before=WRITE)
    assert api.post(VERIFY, proofs).status == 200
    assert sign_in() == 200
    stored.check()


def test_invitation_gets_409_if_the_address_is_confirmed_meanwhile(
    admin: Api, api: Api, proofs: dict[str, str], wire: Wire
) -> None:
    wire.meanwhile(lambda: api.post(VERIFY, proofs), before=WRITE)
    assert admin.post(INVITE, {"name": "Ada", "email": ADA["email"], "role": "admin"}).status == 409
    assert sign_in() == 200
    stored.check()


def test_registration_sets_no_password_if_invited_meanwhile(admin: Api, api: Api, wire: Wire) -> None:
    wire.meanwhile(lambda: admin.post(INVITE, {"name": "Ada", "email": ADA["email"], "role": "admin"}), before=WRITE)
    assert api.post(REGISTER, ADA).status == 202
    credential = credentials.find(ADA["email"])
    assert credential is not None
    assert credential.invited
    stored.check()


# Emails --------------------------------------------------------------------------------------------


def test_confirmation_email_is_valid_if_registered_again_meanwhile(api: Api, inbox: Inbox, wire: Wire) -> None:
    secret = api.post(REGISTER, ADA).json["registration"]
    (entry,) = entries()
    wire.meanwhile(lambda: api.post(REGISTER, {**ADA, "password": OTHER_PASSWORD}), before="PutItem")
    assert deliver(entry) == {"batchItemFailures": []}
    (email,) = inbox.sent
    assert api.post(VERIFY, {"token": email.token, "registration": secret}).status == 200
    assert sign_in() == 200


def test_invitation_is_not_sent_if_the_account_is_closed_meanwhile(admin: Api, inbox: Inbox, wire: Wire) -> None:
    url = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"]
    (entry,) = entries()
    wire.meanwhile(lambda: admin.delete(url), before=WRITE)
    deliver(entry)
    assert inbox.sent == []
    stored.check()


# Administrators ------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"role": "user"}, {"status": "disabled"}, None])
def test_two_admins_cannot_remove_each_other(admin: Api, api: Api, wire: Wire, change: dict[str, str] | None) -> None:
    lifecycle.ensure_admin("second@example.com", PASSWORD)
    second = api.signed_in("second@example.com", PASSWORD)
    mine, theirs = profile_url(admin), profile_url(second)

    def remove(caller: Api, url: str) -> int:
        return (caller.delete(url) if change is None else caller.patch(url, change)).status

    wire.meanwhile(lambda: remove(second, mine), before=WRITE)
    assert remove(admin, theirs) == 409
    stored.check()
    assert api.signed_in("second@example.com", PASSWORD).get("/api/users").status == 200


def test_interleaved_profile_changes_are_both_kept(admin: Api, ada: Api, wire: Wire) -> None:
    url = profile_url(ada)
    wire.meanwhile(lambda: admin.patch(url, {"role": "admin"}), before=WRITE)
    reply = ada.patch(url, {"name": "A"})
    assert reply.status == 200
    assert [reply.json["data"][key] for key in ("name", "role")] == ["A", "admin"]
    assert reply.json == admin.get(url).json
    stored.check()


def test_interleaved_requests_with_one_key_invite_once(admin: Api, wire: Wire) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    wire.meanwhile(lambda: admin.post("/api/users", body, idempotency_key="k"), before=WRITE)
    reply = admin.post("/api/users", body, idempotency_key="k")
    assert reply.status == 201
    assert len(stored.profiles()) == 2
    assert len(entries()) == 1


def test_different_request_with_the_same_key_gets_409(admin: Api, wire: Wire) -> None:
    wire.meanwhile(
        lambda: admin.post("/api/users", {"name": "Bob", "email": "bob@example.com"}, idempotency_key="k"),
        before=WRITE,
    )
    assert admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}, idempotency_key="k").status == 409
    assert len(stored.profiles()) == 2
    assert ADMIN_EMAIL in {user["email"] for user in stored.profiles()}
