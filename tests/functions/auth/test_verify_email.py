"""/api/auth/verify-email and /api/auth/resend-verification."""

import base64
from typing import Any

import pytest
import time_machine

from shared.records import one_time_tokens
from tests.conftest import PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox, Mail
from tests.support.predicates import has_headers, is_error

URL = "/api/auth/verify-email"
RESEND = "/api/auth/resend-verification"
EMAIL = "ada@example.com"


@pytest.fixture
def mail(api: Api, inbox: Inbox) -> Mail:
    """The mail to somebody who has just registered."""
    api.post("/api/auth/register", {"name": "Ada", "email": EMAIL, "password": PASSWORD})
    return inbox.newest()


def is_confirmed() -> bool:
    stored.check()
    (user,) = stored.profiles()
    return bool(user["emailVerified"])


def another_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_token_of_the_link_confirms_the_address(api: Api, mail: Mail) -> None:
    reply = api.post(URL, {"token": mail.token})
    assert (reply.status, reply.json) == (200, {"success": True, "message": "Your address is confirmed."})
    assert has_headers(reply)
    assert is_confirmed()
    assert stored.sessions() == []


def test_the_code_confirms_the_address(api: Api, mail: Mail) -> None:
    reply = api.post(URL, {"email": "ADA@example.com", "code": mail.code})
    assert (reply.status, reply.json) == (200, {"success": True, "message": "Your address is confirmed."})
    assert is_confirmed()


def test_either_counts_once(api: Api, mail: Mail) -> None:
    assert api.post(URL, {"token": mail.token}).status == 200
    assert is_error(api.post(URL, {"token": mail.token}), 400, "invalid_link")
    assert is_error(api.post(URL, {"email": EMAIL, "code": mail.code}), 400, "invalid_link")


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"email": EMAIL}, {"code": "123456"}, {"token": None, "email": EMAIL, "code": ""}]
)
def test_a_token_or_an_address_with_a_code_is_required(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(URL, body)
    assert is_error(reply, 400, "validation_failed")


def bad_tokens(good: str) -> list[str]:
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


def test_every_wrong_token_is_told_the_same(api: Api, mail: Mail) -> None:
    for token in bad_tokens(mail.token):
        reply = api.post(URL, {"token": token})
        assert is_error(reply, 400, "invalid_link"), token
        assert reply.json["message"] == "This link or code is invalid or expired: request a new one"
    assert not is_confirmed()
    assert api.post(URL, {"token": mail.token}).status == 200


@pytest.mark.parametrize("token", [1, ["x"], {"x": 1}, True])
def test_a_token_is_text(api: Api, token: Any) -> None:
    assert is_error(api.post(URL, {"token": token}), 400, "validation_failed")


def test_a_link_counts_for_a_day_and_a_code_for_ten_minutes(api: Api, inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        api.post("/api/auth/register", {"name": "Ada", "email": EMAIL, "password": PASSWORD})
        mail = inbox.newest()
        clock.shift(10 * 60)
        assert is_error(api.post(URL, {"email": EMAIL, "code": mail.code}), 400, "invalid_link")
        clock.move_to(1_900_000_000 + 24 * 3600)
        assert is_error(api.post(URL, {"token": mail.token}), 400, "invalid_link")
        clock.shift(-1)
        assert api.post(URL, {"token": mail.token}).status == 200


def test_a_code_counts_until_its_last_second(api: Api, inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        api.post("/api/auth/register", {"name": "Ada", "email": EMAIL, "password": PASSWORD})
        mail = inbox.newest()
        clock.shift(10 * 60 - 1)
        assert api.post(URL, {"email": EMAIL, "code": mail.code}).status == 200


def test_a_code_has_five_tries_and_the_link_goes_on(api: Api, mail: Mail) -> None:
    for _ in range(5):
        assert is_error(api.post(URL, {"email": EMAIL, "code": another_code(mail.code)}), 400, "invalid_link")
    assert is_error(api.post(URL, {"email": EMAIL, "code": mail.code}), 400, "invalid_link")
    assert api.post(URL, {"token": mail.token}).status == 200


def test_the_fifth_try_may_be_the_right_one(api: Api, mail: Mail) -> None:
    for _ in range(4):
        api.post(URL, {"email": EMAIL, "code": another_code(mail.code)})
    assert api.post(URL, {"email": EMAIL, "code": mail.code}).status == 200


@pytest.mark.parametrize("email", ["nobody@example.com", "ben@example.com"])
def test_a_code_for_an_address_without_account_is_told_the_same(api: Api, mail: Mail, email: str) -> None:
    assert is_error(api.post(URL, {"email": email, "code": mail.code}), 400, "invalid_link")


@pytest.mark.parametrize("code", ["0", "1234567", "abcdef", "١٢٣٤٥٦", " ", "-1", "a" * 10_000])
def test_a_code_that_is_none_is_told_the_same(api: Api, mail: Mail, code: str) -> None:
    assert mail is not None
    assert is_error(api.post(URL, {"email": EMAIL, "code": code}), 400, "invalid_link")


def test_a_later_mail_replaces_the_earlier(api: Api, inbox: Inbox, mail: Mail) -> None:
    reply = api.post(RESEND, {"email": EMAIL})
    later = inbox.newest()
    assert (reply.status, later.to) == (202, EMAIL)
    assert later.token != mail.token
    assert is_error(api.post(URL, {"token": mail.token}), 400, "invalid_link")
    assert is_error(api.post(URL, {"email": EMAIL, "code": mail.code}), 400, "invalid_link") or mail.code == later.code
    assert api.post(URL, {"token": later.token}).status == 200


def test_a_later_mail_gives_five_new_tries(api: Api, inbox: Inbox, mail: Mail) -> None:
    for _ in range(6):
        api.post(URL, {"email": EMAIL, "code": another_code(mail.code)})
    api.post(RESEND, {"email": EMAIL})
    assert api.post(URL, {"email": EMAIL, "code": inbox.newest().code}).status == 200


def test_a_token_of_an_invitation_confirms_no_address(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ada", "email": EMAIL})
    assert is_error(Api().post(URL, {"token": inbox.newest().token}), 400, "invalid_link")
    stored.check()


def test_only_hashes_of_tokens_and_codes_are_stored(mail: Mail) -> None:
    text = stored.everything()
    assert mail.token not in text
    assert base64.urlsafe_b64decode(mail.token)[16:].hex() not in text
    assert repr(base64.urlsafe_b64decode(mail.token)[16:])[2:-1] not in text
    assert f"'{mail.code}'" not in text


def test_a_token_has_at_least_128_random_bits(mail: Mail) -> None:
    assert len(base64.urlsafe_b64decode(mail.token)) - 16 >= 16
    assert one_time_tokens._SECRET_LENGTH >= 16


# Asking for another mail -------------------------------------------------------------------------------


def test_the_answer_is_the_same_for_every_address(api: Api, ada: Api, inbox: Inbox) -> None:
    replies = [api.post(RESEND, {"email": email}) for email in (EMAIL, "nobody@example.com")]
    for reply in replies:
        assert reply.status == 202
        assert reply.json == {
            "success": True,
            "message": "If this address needs to be confirmed, you will receive an email.",
        }
    assert inbox.all() == []
    assert ada.get("/api/auth/me").status == 200


def test_an_invited_address_gets_its_invitation_again(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ada", "email": EMAIL})
    first = inbox.newest()
    Api().post(RESEND, {"email": EMAIL})
    again = inbox.newest()
    assert (again.subject, again.to) == (first.subject, first.to)
    assert again.token != first.token


@pytest.mark.parametrize("body", [{}, {"email": ""}, {"email": None}])
def test_an_address_is_required(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(RESEND, body)
    assert is_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "Email is required"
    assert reply.json["errors"] == [{"field": "email", "message": "is required"}]
