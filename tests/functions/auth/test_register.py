"""/api/auth/register."""

from typing import Any

import pytest

from shared.values import passwords
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox
from tests.support.assertions import assert_error, assert_headers
from tests.support.faults import Wire

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
URL = "/api/auth/register"


def login_status(email: str, password: str) -> int:
    return Api().post("/api/auth/login", {"email": email, "password": password}).status


def test_register_answers_known_and_unknown_addresses_alike(api: Api, admin: Api) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    unknown = api.post(URL, ADA)
    unverified, verified, invited = (
        api.post(URL, {**ADA, "email": email}) for email in (ADA["email"], ADMIN_EMAIL, "ben@example.com")
    )
    assert unknown.status == unverified.status == verified.status == invited.status == 202
    assert unknown.json == {"success": True, "message": "Check your inbox to confirm your address."}
    assert unknown.text == unverified.text == verified.text == invited.text
    assert_headers(unknown)
    for reply in (unknown, unverified, verified, invited):
        assert reply.headers.keys() == unknown.headers.keys()


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
        # The limits of the client and of the address, the credentials, the suppression, and the write.
        assert wire.calls == ["UpdateItem", "UpdateItem", "GetItem", "GetItem", "TransactWriteItems"]
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


def test_login_before_verification_is_rejected(api: Api) -> None:
    api.post(URL, ADA)
    assert login_status(ADA["email"], PASSWORD) == 403
    assert stored.sessions() == []


# Repeated registration -----------------------------------------------------------------------------


def test_new_registration_replaces_the_unverified_one_and_its_link(api: Api, inbox: Inbox) -> None:
    api.post(URL, {**ADA, "name": "Eve", "password": "eve's own password"})
    first = inbox.newest()
    api.post(URL, ADA)
    assert_error(api.post("/api/auth/verify-email", {"token": first.token}), 400, "invalid_link")
    assert_error(api.post("/api/auth/verify-email", {"email": ADA["email"], "code": first.code}), 400, "invalid_link")
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert login_status(ADA["email"], "eve's own password") == 401
    assert login_status(ADA["email"], PASSWORD) == 200
    assert [user["name"] for user in stored.profiles()] == ["Ada"]
    stored.check()


def test_old_link_is_invalid_before_the_new_email_is_sent(api: Api, inbox: Inbox) -> None:
    api.post(URL, ADA)
    first = inbox.newest()
    api.post(URL, {**ADA, "password": "eve's own password"})
    assert_error(api.post("/api/auth/verify-email", {"token": first.token}), 400, "invalid_link")


@pytest.mark.parametrize("email", ["ADA@example.com", "ada@EXAMPLE.com", " ada@example.com\n"])
def test_two_spellings_of_an_address_share_one_account(api: Api, email: str) -> None:
    api.post(URL, ADA)
    api.post(URL, {**ADA, "email": email})
    assert len(stored.profiles()) == len(stored.credentials()) == 1
    stored.check()


def test_registering_a_verified_address_only_notifies_its_owner(ada: Api, inbox: Inbox) -> None:
    before = stored.profiles(), stored.credentials()
    assert Api().post(URL, {**ADA, "name": "Eve", "password": "eve's own password"}).status == 202
    assert (stored.profiles(), stored.credentials()) == before
    email = inbox.newest()
    assert (email.to, email.subject) == ("ada@example.com", "You already have an account at Lambda API Routes")
    assert "Eve" not in email.text + email.html
    assert stored.items("OneTimeTokensTable") == []
    assert ada.get("/api/auth/me").status == 200


@pytest.mark.parametrize("role", ["user", "admin"])
def test_registering_an_invited_address_sets_no_password(admin: Api, inbox: Inbox, role: str) -> None:
    admin.post("/api/users", {"name": "Ada", "email": "ada@example.com", "role": role})
    invitation = inbox.newest()
    assert Api().post(URL, {**ADA, "name": "Eve"}).status == 202
    assert login_status("ada@example.com", PASSWORD) == 401
    again = inbox.newest()
    assert "invited" in again.subject
    assert again.token != invitation.token
    (credential,) = [item for item in stored.credentials() if item["email"] == "ada@example.com"]
    assert credential["passwordHash"] is None
    assert "Eve" not in {user["name"] for user in stored.profiles()}
    stored.check()


def test_registering_does_not_enable_a_disabled_unverified_account(admin: Api, inbox: Inbox) -> None:
    Api().post(URL, ADA)
    url = "/api/users/" + admin.get("/api/users?email=ada@example.com").json["data"][0]["id"]
    admin.patch(url, {"status": "disabled"})
    Api().post(URL, ADA)
    assert Api().post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert login_status("ada@example.com", PASSWORD) == 401
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
    assert [user["name"] for user in stored.profiles()] == [name]


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_invalid_names_are_rejected_and_not_echoed(api: Api, name: str) -> None:
    reply = api.post(URL, {**ADA, "name": name})
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["name"]
    assert name not in reply.json["message"]
    assert stored.profiles() == []


def test_names_are_normalized_and_stripped(api: Api) -> None:
    api.post(URL, {**ADA, "name": "  A\u030ada "})
    assert [user["name"] for user in stored.profiles()] == ["\u00c5da"]


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
def test_equivalent_addresses_share_one_account(api: Api, one: str, other: str) -> None:
    api.post(URL, {**ADA, "email": one})
    api.post(URL, {**ADA, "email": other})
    assert len(stored.profiles()) == len(stored.credentials()) == 1


@pytest.mark.parametrize(
    "other", ["\u0430da@example.com", "ada@ex\u0430mple.com", "ada+1@example.com", "a.da@example.com"]
)
def test_lookalike_addresses_are_separate_accounts(api: Api, other: str) -> None:
    api.post(URL, ADA)
    assert api.post(URL, {**ADA, "email": other}).status == 202
    assert len(stored.profiles()) == len(stored.credentials()) == 2


def test_addresses_have_at_most_254_characters(api: Api, inbox: Inbox) -> None:
    domain = ".".join(["d" * 61] * 3) + ".com"
    longest = "a" * (254 - 1 - len(domain)) + "@" + domain
    assert len(longest) == 254
    assert api.post(URL, {**ADA, "email": longest}).status == 202
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
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
def test_emails_about_an_account_go_only_to_its_exact_address(
    api: Api, inbox: Inbox, owner: str, stranger: str
) -> None:
    """Case folding maps distinct mailboxes to one key: an email to one must not verify the other."""
    api.post(URL, {**ADA, "email": owner})
    inbox.deliver()
    api.post("/api/auth/resend-verification", {"email": stranger})
    inbox.deliver()
    assert [email.to for email in inbox.all() if email.to != owner] == []
    api.post(URL, {**ADA, "email": stranger, "password": "eve's own password"})
    for email in inbox.to(stranger):
        api.post("/api/auth/verify-email", {"token": email.token})
    verified = [user["email"] for user in stored.profiles() if user["emailVerified"]]
    assert verified in ([], [stranger])
    stored.check()
