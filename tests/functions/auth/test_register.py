"""/api/auth/register."""

from typing import Any

import pytest
import time_machine

from shared.values import passwords
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox, Reply
from tests.support.assertions import assert_error, assert_headers
from tests.support.faults import Wire

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
URL = "/api/auth/register"


def login_status(email: str, password: str) -> int:
    return Api().post("/api/auth/login", {"email": email, "password": password}).status


def verify(registration: str, token: str) -> Reply:
    return Api().post("/api/auth/verify-email", {"token": token, "registration": registration})


def register(**fields: str) -> str:
    """Register, and return the registration's secret."""
    reply = Api().post(URL, {**ADA, **fields})
    assert reply.status == 202, reply.text
    return str(reply.json["registration"])


def pending() -> list[dict[str, Any]]:
    """Return the stored registrations. None of them has opened an account."""
    assert stored.profiles() == stored.credentials() == stored.sessions() == []
    return stored.items("RegistrationsTable")


def test_register_answers_known_and_unknown_addresses_alike(api: Api, admin: Api) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    replies = [api.post(URL, {**ADA, "email": email}) for email in (ADA["email"], ADMIN_EMAIL, "ben@example.com")]
    secrets = [reply.json["registration"] for reply in replies]
    for reply, secret in zip(replies, secrets, strict=True):
        assert reply.status == 202
        assert reply.json == {
            "success": True,
            "message": "Check your inbox to confirm your address.",
            "registration": secret,
        }
        assert len(secret) == len(secrets[0])
        assert reply.headers.keys() == replies[0].headers.keys()
    assert len(set(secrets)) == len(secrets)
    assert_headers(replies[0])


def test_register_does_the_same_work_for_known_and_unknown_addresses(
    api: Api, admin: Api, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    hashes: list[int] = []
    count = passwords._hashed

    def counted(password: str, salt: str, cost: int) -> str:
        hashes.append(cost)
        return count(password, salt, cost)

    monkeypatch.setattr(passwords, "_hashed", counted)
    for email in (ADA["email"], ADA["email"], ADMIN_EMAIL, "ben@example.com"):
        wire.reset()
        hashes.clear()
        api.post(URL, {**ADA, "email": email})
        # The limits of the client and of the address, and the write.
        assert wire.calls == ["UpdateItem", "GetItem", "UpdateItem", "TransactWriteItems"]
        assert hashes == [passwords.COST]


@pytest.mark.parametrize("absent", ["name", "email", "password"])
def test_each_field_is_required(api: Api, absent: str) -> None:
    for value in (None, ""):
        reply = api.post(URL, {**ADA, absent: value})
        assert_error(reply, 400, "validation_failed")
        if (absent, value) != ("password", ""):  # an empty password is present, but too short
            assert reply.json["message"] == "Name, email and password are required"
            assert reply.json["errors"] == [{"field": absent, "message": "is required"}]


@pytest.mark.parametrize(
    "password", ["short", "x" * 257, "ada@example.com", "my ADA@EXAMPLE.COM", "Lovelace1", "ab\u0301\u0301c"]
)
def test_invalid_password_is_rejected_and_not_echoed(api: Api, password: str) -> None:
    reply = api.post(
        URL,
        {
            "name": "Ada Lovelace",
            "email": "adalove@example.com",
            "password": password.replace("ada@", "adalove@").replace("ADA@", "ADALOVE@"),
        },
    )
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["password"]
    assert password not in reply.text


def test_signing_in_before_confirmation_is_like_a_wrong_password(api: Api) -> None:
    register()
    reply = api.post("/api/auth/login", {"email": ADA["email"], "password": PASSWORD})
    assert_error(reply, 401, "invalid_credentials")
    assert len(pending()) == 1


def test_registration_expires_after_a_day(api: Api, inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        early = register()
        clock.shift(24 * 3600)
        late = register(name="Ada the second")
        token = inbox.newest().token
        assert_error(verify(early, token), 400, "registration_required")
        body = {"token": token, "password": "a password of nobody"}
        assert_error(api.post("/api/auth/verify-email", body), 401, "invalid_credentials")
        assert verify(late, token).json["user"]["name"] == "Ada the second"


# Several registrations of one address --------------------------------------------------------------


@pytest.mark.parametrize("order", [["Ada", "Eve"], ["Eve", "Ada"]])
@pytest.mark.parametrize("link", [0, 1])
def test_link_and_secret_open_the_registration_of_the_secret(inbox: Inbox, order: list[str], link: int) -> None:
    """A stranger registers Ada's address too, before or after her: whichever email she reads, her password counts."""
    own = {"Ada": PASSWORD, "Eve": "another password"}
    secrets = {name: register(name=name, password=own[name]) for name in order}
    token = inbox.to(ADA["email"])[link].token
    assert verify(secrets["Ada"], token).json["user"]["name"] == "Ada"
    assert login_status(ADA["email"], own["Eve"]) == 401
    assert login_status(ADA["email"], PASSWORD) == 200
    stored.check()


def test_link_and_password_open_the_registration_of_the_password(api: Api, inbox: Inbox) -> None:
    register()
    register(name="Eve", password="eve's own password")
    reply = api.post("/api/auth/verify-email", {"token": inbox.newest().token, "password": PASSWORD})
    assert reply.json["user"]["name"] == "Ada"
    assert login_status(ADA["email"], "eve's own password") == 401


def test_secret_is_good_however_many_others_register(api: Api, inbox: Inbox) -> None:
    secret = register()
    token = inbox.newest().token
    for number in range(6):
        register(name="Eve", password=f"eve's own password {number}")
    # Only the newest five are compared with a password.
    assert_error(api.post("/api/auth/verify-email", {"token": token, "password": PASSWORD}), 401, "invalid_credentials")
    assert verify(secret, token).json["user"]["name"] == "Ada"


def test_who_is_not_among_the_newest_registers_again_and_uses_the_first_link(api: Api, inbox: Inbox) -> None:
    register()
    token = inbox.newest().token
    for number in range(5):
        register(name="Eve", password=f"eve's own password {number}")
    register()
    reply = api.post("/api/auth/verify-email", {"token": token, "password": PASSWORD})
    assert reply.json["user"]["name"] == "Ada"


def test_opening_one_registration_voids_the_others(api: Api, inbox: Inbox) -> None:
    ours = register()
    theirs = register(name="Eve", password="eve's own password")
    first, second = inbox.to(ADA["email"])
    assert verify(ours, first.token).status == 200
    assert_error(verify(theirs, second.token), 400, "invalid_link")
    assert_error(verify(ours, second.token), 400, "invalid_link")
    code = {"email": ADA["email"], "code": second.code, "registration": theirs}
    assert_error(api.post("/api/auth/verify-email", code), 400, "invalid_link")
    assert [user["name"] for user in stored.profiles()] == ["Ada"]
    stored.check()


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@EXAMPLE.com", " ada@example.com\n"])
def test_two_spellings_of_an_address_share_one_account(inbox: Inbox, email: str) -> None:
    one, other = register(), register(email=email)
    first, second = inbox.all()
    assert verify(one, first.token).status == 200
    assert_error(verify(other, second.token), 400, "invalid_link")
    assert len(stored.profiles()) == len(stored.credentials()) == 1
    stored.check()


def test_registering_an_address_with_an_account_only_notifies_its_owner(ada: Api, inbox: Inbox) -> None:
    before = stored.profiles(), stored.credentials()
    secret = register(name="Eve", password="eve's own password")
    assert (stored.profiles(), stored.credentials()) == before
    email = inbox.newest()
    assert (email.to, email.subject) == ("ada@example.com", "You already have an account at Lambda API Routes")
    assert "Eve" not in email.text + email.html
    assert stored.items("OneTimeTokensTable") == []
    code = {"email": ADA["email"], "code": "123456", "registration": secret}
    assert_error(Api().post("/api/auth/verify-email", code), 400, "invalid_link")
    assert ada.get("/api/auth/me").status == 200


@pytest.mark.parametrize("role", ["user", "admin"])
def test_registering_an_invited_address_sets_no_password(admin: Api, inbox: Inbox, role: str) -> None:
    admin.post("/api/users", {"name": "Ada", "email": "ada@example.com", "role": role})
    invitation = inbox.newest()
    secret = register(name="Eve")
    assert login_status("ada@example.com", PASSWORD) == 401
    again = inbox.newest()
    assert "invited" in again.subject
    assert again.token != invitation.token
    assert_error(verify(secret, again.token), 400, "invalid_link")
    (credential,) = [item for item in stored.credentials() if item["email"] == "ada@example.com"]
    assert credential["passwordHash"] is None
    assert "Eve" not in {user["name"] for user in stored.profiles()}
    stored.check()


def test_pending_registration_blocks_no_invitation(admin: Api, inbox: Inbox) -> None:
    """Who proves the mailbox afterwards is told that the address has an account, which the invitation opens."""
    secret = register()
    token = inbox.newest().token
    assert admin.post("/api/users", {"name": "Ada", "email": ADA["email"], "role": "admin"}).status == 201
    assert_error(verify(secret, token), 409, "email_taken")
    body = {"token": inbox.newest().token, "password": "a rather different sentence"}
    assert Api().post("/api/auth/reset-password", body).status == 204
    assert login_status(ADA["email"], PASSWORD) == 401
    stored.check()


def test_pending_registration_blocks_no_change_of_address(ada: Api, inbox: Inbox) -> None:
    secret = register(email="countess@example.com")
    token = inbox.newest().token
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    change = inbox.newest()
    assert Api().post("/api/auth/verify-email", {"token": change.token}).status == 200
    assert_error(verify(secret, token), 409, "email_taken")
    stored.check()


# Names and addresses -------------------------------------------------------------------------------

NAMES = [
    "Ada 👩🏽\u200d💻",
    "עדה",
    "Ådä",
    "李",
    "O'Brien",
    "a" * 100,
    "<b>Ada</b>",
    "\u200fAda",
    "Robert'); DROP TABLE",
]
INVALID_NAMES = [
    "a\nb", "a\rb", "a\x00b", "a\tb", "\x7fa", "a\u2028b", "a\u2029b", "a\u202eb", "a\u2066b", "\x1b[31m", "a\x85b",
    "a" * 101,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_are_stored_unchanged(api: Api, name: str) -> None:
    assert api.post(URL, {**ADA, "name": name}).status == 202
    assert [registration["name"] for registration in pending()] == [name]


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_invalid_names_are_rejected_and_not_echoed(api: Api, name: str) -> None:
    reply = api.post(URL, {**ADA, "name": name})
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["name"]
    assert name not in reply.json["message"]
    assert pending() == []


def test_names_are_normalized_and_stripped(api: Api) -> None:
    api.post(URL, {**ADA, "name": "  A\u030ada "})
    assert [registration["name"] for registration in pending()] == ["\u00c5da"]


INVALID_ADDRESSES: list[Any] = [
    "ada", "ada@", "@example.com", "ada@example", "ada@@example.com", "ada@exa mple.com", "a da@example.com",
    "ada@-a.com",
    "ada@example..com", ".ada@example.com", "ada@example.com\r\nBcc: eve@example.com",
    "ada@example.com,eve@example.com",
    "Ada <ada@example.com>", "ada@[127.0.0.1]", '"a b"@example.com', "ada@example.com\x00", "ada\x00@example.com",
    "a" * 400,
    "\u202eada@example.com", "ada@example.com\u2028x", "a@" + "b." * 130 + "com", 1, ["ada@example.com"],
    {"$ne": ""}, "mailto:a@b.c?x",
]  # fmt: skip


@pytest.mark.parametrize("email", INVALID_ADDRESSES)
def test_invalid_addresses_are_rejected_and_not_echoed(api: Api, email: Any) -> None:
    reply = api.post(URL, {**ADA, "email": email})
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["email"]
    if isinstance(email, str) and len(email) > 11:
        assert email not in reply.text
    assert stored.items("OutboxTable") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jos\u00e9@example.com", "jose\u0301@example.com"),
        ("ada@b\u00fccher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ada@b\u00fccher.example.com", "ada@bu\u0308cher.EXAMPLE.com"),
        ("JOS\u00c9@example.com", "jos\u00e9@example.com"),
    ],
)
@pytest.mark.usefixtures("api")
def test_equivalent_addresses_are_one_account(one: str, other: str) -> None:
    register(email=one)
    register(email=other)
    assert len({registration["email"] for registration in pending()}) == 1


@pytest.mark.parametrize(
    "other", ["\u0430da@example.com", "ada@ex\u0430mple.com", "ada+1@example.com", "a.da@example.com"]
)
@pytest.mark.usefixtures("api")
def test_lookalike_addresses_are_separate_accounts(other: str) -> None:
    register()
    register(email=other)
    assert len({registration["email"] for registration in pending()}) == 2


def test_addresses_have_at_most_254_characters(api: Api, inbox: Inbox) -> None:
    domain = ".".join(["d" * 61] * 3) + ".com"
    longest = "a" * (254 - 1 - len(domain)) + "@" + domain
    assert len(longest) == 254
    secret = register(email=longest)
    assert verify(secret, inbox.newest().token).status == 200
    assert Api().signed_in(longest, PASSWORD).get("/api/auth/me").status == 200
    assert_error(api.post(URL, {**ADA, "email": "a" + longest}), 400, "validation_failed")


@pytest.mark.parametrize(
    ("owner", "stranger"),
    [
        ("sam@example.com", "\u017fam@example.com"),
        ("strasse@example.com", "stra\u00dfe@example.com"),
        ("fish@example.com", "\ufb01sh@example.com"),
    ],
)
def test_account_has_the_address_that_was_proved(api: Api, inbox: Inbox, owner: str, stranger: str) -> None:
    """Case folding maps distinct mailboxes to one key: an email to one does not prove the other."""
    register(email=owner)
    inbox.deliver()
    api.post("/api/auth/resend-verification", {"email": stranger})
    inbox.deliver()
    assert [email.to for email in inbox.all() if email.to != owner] == []
    secret = register(email=stranger, password="eve's own password")
    (email,) = inbox.all()
    code = {"email": owner, "code": email.code, "registration": secret}
    assert_error(api.post("/api/auth/verify-email", code), 400, "invalid_link")
    assert verify(secret, email.token).json["user"]["email"] == owner
    stored.check()
