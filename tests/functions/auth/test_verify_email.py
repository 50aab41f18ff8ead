"""/api/auth/verify-email and /api/auth/resend-verification."""

import base64
from typing import Any

import pytest
import time_machine

from shared.records import one_time_tokens
from tests.support import PASSWORD, stored
from tests.support.api import Api, Email, Inbox
from tests.support.assertions import assert_error, assert_headers

URL = "/api/auth/verify-email"
RESEND = "/api/auth/resend-verification"
ADDRESS = "ada@example.com"


@pytest.fixture
def email(api: Api, inbox: Inbox) -> Email:
    """The verification email to a user who has just registered."""
    api.post("/api/auth/register", {"name": "Ada", "email": ADDRESS, "password": PASSWORD})
    return inbox.newest()


def is_verified() -> bool:
    stored.check()
    (user,) = stored.profiles()
    return bool(user["emailVerified"])


def wrong_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_token_of_the_link_verifies_the_address(api: Api, email: Email) -> None:
    reply = api.post(URL, {"token": email.token})
    assert (reply.status, reply.json) == (200, {"success": True, "message": "Your address is confirmed."})
    assert_headers(reply)
    assert is_verified()
    assert stored.sessions() == []


def test_code_verifies_the_address(api: Api, email: Email) -> None:
    reply = api.post(URL, {"email": "ADA@example.com", "code": email.code})
    assert (reply.status, reply.json) == (200, {"success": True, "message": "Your address is confirmed."})
    assert is_verified()


def test_token_and_code_work_once(api: Api, email: Email) -> None:
    assert api.post(URL, {"token": email.token}).status == 200
    assert_error(api.post(URL, {"token": email.token}), 400, "invalid_link")
    assert_error(api.post(URL, {"email": ADDRESS, "code": email.code}), 400, "invalid_link")


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"email": ADDRESS}, {"code": "123456"}, {"token": None, "email": ADDRESS, "code": ""}]
)
def test_token_or_email_and_code_are_required(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(URL, body)
    assert_error(reply, 400, "validation_failed")


def wrong_tokens(good: str) -> list[str]:
    content = base64.urlsafe_b64decode(good)
    return [
        good[:-4],
        good + "AAAA",
        good[::-1],
        base64.urlsafe_b64encode(content[:16] + bytes(20)).decode(),
        base64.urlsafe_b64encode(bytes(16) + content[16:]).decode(),
        " " + good,
        "é",
        "\x00",
        "a" * 100_000,
        "../../etc/passwd",
    ]


def test_all_wrong_tokens_get_the_same_response(api: Api, email: Email) -> None:
    for token in wrong_tokens(email.token):
        reply = api.post(URL, {"token": token})
        assert_error(reply, 400, "invalid_link")
        assert reply.json["message"] == "This link or code is invalid or expired: request a new one"
    assert not is_verified()
    assert api.post(URL, {"token": email.token}).status == 200


@pytest.mark.parametrize("token", [1, ["x"], {"x": 1}, True])
def test_token_must_be_a_string(api: Api, token: Any) -> None:
    assert_error(api.post(URL, {"token": token}), 400, "validation_failed")


def test_link_expires_after_a_day_and_code_after_ten_minutes(api: Api, inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        api.post("/api/auth/register", {"name": "Ada", "email": ADDRESS, "password": PASSWORD})
        email = inbox.newest()
        clock.shift(10 * 60)
        assert_error(api.post(URL, {"email": ADDRESS, "code": email.code}), 400, "invalid_link")
        clock.move_to(1_900_000_000 + 24 * 3600)
        assert_error(api.post(URL, {"token": email.token}), 400, "invalid_link")
        clock.shift(-1)
        assert api.post(URL, {"token": email.token}).status == 200


def test_code_is_valid_until_its_last_second(api: Api, inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        api.post("/api/auth/register", {"name": "Ada", "email": ADDRESS, "password": PASSWORD})
        email = inbox.newest()
        clock.shift(10 * 60 - 1)
        assert api.post(URL, {"email": ADDRESS, "code": email.code}).status == 200


def test_five_wrong_codes_invalidate_the_code_but_not_the_link(api: Api, email: Email) -> None:
    for _ in range(5):
        assert_error(api.post(URL, {"email": ADDRESS, "code": wrong_code(email.code)}), 400, "invalid_link")
    assert_error(api.post(URL, {"email": ADDRESS, "code": email.code}), 400, "invalid_link")
    assert api.post(URL, {"token": email.token}).status == 200


def test_fifth_attempt_with_the_right_code_succeeds(api: Api, email: Email) -> None:
    for _ in range(4):
        api.post(URL, {"email": ADDRESS, "code": wrong_code(email.code)})
    assert api.post(URL, {"email": ADDRESS, "code": email.code}).status == 200


@pytest.mark.parametrize("address", ["nobody@example.com", "ben@example.com"])
def test_code_for_an_unknown_address_is_rejected_alike(api: Api, email: Email, address: str) -> None:
    assert_error(api.post(URL, {"email": address, "code": email.code}), 400, "invalid_link")


@pytest.mark.parametrize("code", ["0", "1234567", "abcdef", "١٢٣٤٥٦", " ", "-1", "a" * 10_000])
@pytest.mark.usefixtures("email")
def test_malformed_code_is_rejected_alike(api: Api, code: str) -> None:
    assert_error(api.post(URL, {"email": ADDRESS, "code": code}), 400, "invalid_link")


def test_resent_email_invalidates_the_first(api: Api, inbox: Inbox, email: Email) -> None:
    reply = api.post(RESEND, {"email": ADDRESS})
    later = inbox.newest()
    assert (reply.status, later.to) == (202, ADDRESS)
    assert later.token != email.token
    assert_error(api.post(URL, {"token": email.token}), 400, "invalid_link")
    if email.code != later.code:  # equal once in a million runs
        assert_error(api.post(URL, {"email": ADDRESS, "code": email.code}), 400, "invalid_link")
    assert api.post(URL, {"token": later.token}).status == 200


def test_resent_email_allows_five_more_attempts(api: Api, inbox: Inbox, email: Email) -> None:
    for _ in range(6):
        api.post(URL, {"email": ADDRESS, "code": wrong_code(email.code)})
    api.post(RESEND, {"email": ADDRESS})
    assert api.post(URL, {"email": ADDRESS, "code": inbox.newest().code}).status == 200


def test_invitation_token_does_not_verify_an_address(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ada", "email": ADDRESS})
    assert_error(Api().post(URL, {"token": inbox.newest().token}), 400, "invalid_link")
    stored.check()


def test_only_hashes_of_token_and_code_are_stored(email: Email) -> None:
    text = stored.everything()
    assert email.token not in text
    assert base64.urlsafe_b64decode(email.token)[16:].hex() not in text
    assert repr(base64.urlsafe_b64decode(email.token)[16:])[2:-1] not in text
    assert f"'{email.code}'" not in text


def test_token_has_at_least_128_random_bits(email: Email) -> None:
    assert len(base64.urlsafe_b64decode(email.token)) - 16 >= 16
    assert one_time_tokens._SECRET_LENGTH >= 16


# Resend --------------------------------------------------------------------------------------------


def test_resend_answers_all_addresses_alike(api: Api, ada: Api, inbox: Inbox) -> None:
    replies = [api.post(RESEND, {"email": address}) for address in (ADDRESS, "nobody@example.com")]
    for reply in replies:
        assert reply.status == 202
        assert reply.json == {
            "success": True,
            "message": "If this address needs to be confirmed, you will receive an email.",
        }
    assert inbox.all() == []
    assert ada.get("/api/auth/me").status == 200


def test_resend_to_an_invited_address_sends_the_invitation(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ada", "email": ADDRESS})
    first = inbox.newest()
    Api().post(RESEND, {"email": ADDRESS})
    again = inbox.newest()
    assert (again.subject, again.to) == (first.subject, first.to)
    assert again.token != first.token


@pytest.mark.parametrize("body", [{}, {"email": ""}, {"email": None}])
def test_resend_requires_an_email(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(RESEND, body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "Email is required"
    assert reply.json["errors"] == [{"field": "email", "message": "is required"}]
