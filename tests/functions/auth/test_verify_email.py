"""/api/auth/verify-email and /api/auth/resend-verification."""

import base64
from typing import Any, NamedTuple

import pytest
import time_machine

from tests.support import PASSWORD, stored
from tests.support.api import Api, Email, Inbox, Reply
from tests.support.assertions import assert_error, assert_headers
from tests.support.feedback import bounce, receive

URL = "/api/auth/verify-email"
RESEND = "/api/auth/resend-verification"
ADDRESS = "ada@example.com"


class SignUp(NamedTuple):
    """A registration that was just made: its secret, and the email that it caused."""

    secret: str
    email: Email

    def with_link(self, **body: str) -> Reply:
        return Api().post(URL, {"token": self.email.token, "registration": self.secret, **body})

    def with_code(self, **body: str) -> Reply:
        return Api().post(URL, {"email": ADDRESS, "code": self.email.code, "registration": self.secret, **body})

    def with_wrong_code(self) -> Reply:
        return self.with_code(code=f"{(int(self.email.code) + 1) % 10**6:06}")


def register(inbox: Inbox, **fields: str) -> SignUp:
    reply = Api().post("/api/auth/register", {"name": "Ada", "email": ADDRESS, "password": PASSWORD, **fields})
    return SignUp(reply.json["registration"], inbox.newest())


@pytest.fixture
def sign_up(inbox: Inbox) -> SignUp:
    """Ada's registration."""
    return register(inbox)


def is_open() -> bool:
    """Whether Ada has an account."""
    stored.check()
    return [user["email"] for user in stored.profiles()] == [ADDRESS]


@pytest.mark.parametrize("proof", ["registration", "password"])
@pytest.mark.parametrize("way", ["code", "link"])
def test_mailbox_and_registrant_together_open_the_account_and_sign_in(
    api: Api, sign_up: SignUp, proof: str, way: str
) -> None:
    mailbox = (
        {"email": "ADA@example.com", "code": sign_up.email.code} if way == "code" else {"token": sign_up.email.token}
    )
    registrant = {"registration": sign_up.secret} if proof == "registration" else {"password": PASSWORD}
    reply = api.post(URL, {**mailbox, **registrant})
    assert reply.status == 200
    assert_headers(reply)
    assert reply.json["user"] == {"id": stored.profiles()[0]["id"], "email": ADDRESS, "name": "Ada", "role": "user"}
    assert api.with_token(reply.json["token"]).get("/api/auth/me").status == 200
    assert api.post("/api/auth/refresh", {"refreshToken": reply.json["refreshToken"]}).status == 200
    assert api.signed_in(ADDRESS, PASSWORD).get("/api/auth/me").status == 200
    assert is_open()


def test_mailbox_alone_consumes_nothing(api: Api, sign_up: SignUp) -> None:
    for body in ({"token": sign_up.email.token}, {"email": ADDRESS, "code": sign_up.email.code}):
        for _ in range(4):
            assert_error(api.post(URL, body), 400, "registration_required")
    assert not is_open()
    assert sign_up.with_code().status == 200


@pytest.mark.parametrize("registration", ["x", "é", "A" * 10_000, "/////w" + "A" * 38, "_" * 44])
def test_unknown_secret_is_like_none(sign_up: SignUp, registration: str) -> None:
    assert_error(sign_up.with_link(registration=registration), 400, "registration_required")
    assert_error(sign_up.with_code(registration=registration), 400, "registration_required")


def test_secret_of_another_address_is_like_none(sign_up: SignUp, inbox: Inbox) -> None:
    other = register(inbox, email="eve@example.com")
    assert_error(sign_up.with_link(registration=other.secret), 400, "registration_required")
    assert not is_open()


def test_wrong_passwords_lock_the_address(api: Api, sign_up: SignUp) -> None:
    for _ in range(5):
        body = {"token": sign_up.email.token, "password": "a wrong password"}
        assert_error(api.post(URL, body), 401, "invalid_credentials")
    assert_error(api.post(URL, {"token": sign_up.email.token, "password": PASSWORD}), 401, "invalid_credentials")
    assert sign_up.with_link().status == 200


# Repeats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["code", "link"])
@pytest.mark.parametrize("registrant", [{}, {"registration": "", "password": PASSWORD}])
def test_repeat_within_a_minute_returns_the_same_session(sign_up: SignUp, way: str, registrant: dict[str, str]) -> None:
    send = sign_up.with_code if way == "code" else sign_up.with_link
    first = send(**registrant)
    again = send(**registrant)
    assert (first.status, again.status) == (200, 200)
    assert again.json["refreshToken"] == first.json["refreshToken"]
    assert len(stored.sessions()) == 1
    assert len(stored.profiles()) == 1


def test_repeat_needs_the_same_proof_of_the_registrant(api: Api, sign_up: SignUp) -> None:
    assert sign_up.with_link().status == 200
    for body in ({}, {"password": PASSWORD}, {"registration": "x"}):
        assert_error(api.post(URL, {"token": sign_up.email.token, **body}), 400, "invalid_link")
    assert_error(api.post(URL, {"email": ADDRESS, "code": sign_up.email.code}), 400, "registration_required")


def test_used_link_and_code_are_invalid_after_a_minute(inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        sign_up = register(inbox)
        assert sign_up.with_link().status == 200
        clock.shift(59)
        assert sign_up.with_link().status == 200
        clock.shift(1)
        assert_error(sign_up.with_link(), 400, "invalid_link")
        assert_error(sign_up.with_code(), 400, "invalid_link")


def test_repeat_does_not_restore_a_session_that_ended(api: Api, sign_up: SignUp) -> None:
    token = sign_up.with_link().json["token"]
    api.with_token(token).post("/api/auth/logout")
    assert_error(sign_up.with_link(), 400, "invalid_link")


# Invalid links and codes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"email": ADDRESS}, {"code": "123456"}, {"token": None, "email": ADDRESS, "code": None}]
)
def test_token_or_email_and_code_are_required(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(URL, body)
    assert_error(reply, 400, "validation_failed")


def wrong_tokens(good: str) -> list[str]:
    return [good[:-4], good + "AAAA", good[::-1], " " + good, "é", "\x00", "a" * 100_000, "../../etc/passwd"]


def test_all_wrong_tokens_get_the_same_response(sign_up: SignUp) -> None:
    for token in wrong_tokens(sign_up.email.token):
        reply = sign_up.with_link(token=token)
        assert_error(reply, 400, "invalid_link")
        assert reply.json["message"] == "This link or code is invalid or expired: request a new one"
    assert not is_open()
    assert sign_up.with_link().status == 200


@pytest.mark.parametrize("token", [1, ["x"], {"x": 1}, True])
def test_token_must_be_a_string(api: Api, token: Any) -> None:
    assert_error(api.post(URL, {"token": token}), 400, "validation_failed")


def test_link_expires_after_a_day_and_code_after_ten_minutes(inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        sign_up = register(inbox)
        clock.shift(10 * 60)
        assert_error(sign_up.with_code(), 400, "invalid_link")
        clock.move_to(1_900_000_000 + 24 * 3600)
        assert_error(sign_up.with_link(), 400, "invalid_link")
        clock.shift(-1)
        assert sign_up.with_link().status == 200


def test_code_is_valid_until_its_last_second(inbox: Inbox) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        sign_up = register(inbox)
        clock.shift(10 * 60 - 1)
        assert sign_up.with_code().status == 200


def test_three_wrong_codes_invalidate_the_code_but_not_the_link(sign_up: SignUp) -> None:
    for _ in range(3):
        assert_error(sign_up.with_wrong_code(), 400, "invalid_link")
    assert_error(sign_up.with_code(), 400, "invalid_link")
    assert sign_up.with_link().status == 200


def test_third_attempt_with_the_right_code_succeeds(sign_up: SignUp) -> None:
    for _ in range(2):
        sign_up.with_wrong_code()
    assert sign_up.with_code().status == 200


def test_strangers_wrong_codes_do_not_count_against_the_owners(sign_up: SignUp, inbox: Inbox) -> None:
    stranger = register(inbox, password="eve's own password")
    for _ in range(5):
        stranger.with_wrong_code()
        stranger.with_code(code=sign_up.email.code)
    assert sign_up.with_code().status == 200


def test_code_does_not_open_another_registration(sign_up: SignUp, inbox: Inbox) -> None:
    """A code proves the mailbox to the registration that caused it. A link proves it to any."""
    stranger = register(inbox, name="Eve", password="eve's own password")
    if stranger.email.code != sign_up.email.code:  # equal once in a million runs
        assert_error(stranger.with_code(code=sign_up.email.code), 400, "invalid_link")
    assert not is_open()


@pytest.mark.parametrize("paste", [" {a} {b}", "{a}-{b}", "{a}\u2013{b}\n", "\u00a0{a}{b}\t", " -{a}--{b} "])
def test_code_is_read_as_people_paste_it(sign_up: SignUp, paste: str) -> None:
    code = sign_up.email.code
    assert sign_up.with_code(code=paste.format(a=code[:3], b=code[3:])).status == 200


@pytest.mark.parametrize("code", ["0", "1234567", "abcdef", "١٢٣٤٥٦", " ", "-1", "12345x", "123.456", "a" * 10_000])
def test_what_is_not_six_digits_is_a_field_error_and_no_attempt(sign_up: SignUp, code: str) -> None:
    for _ in range(4):
        reply = sign_up.with_code(code=code)
        assert_error(reply, 400, "validation_failed")
        assert [error["field"] for error in reply.json["errors"]] == ["code"]
    assert sign_up.with_code().status == 200


def test_invitation_token_opens_no_registration(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ada", "email": ADDRESS})
    assert_error(Api().post(URL, {"token": inbox.newest().token}), 400, "invalid_link")
    stored.check()


def test_only_hashes_of_secret_token_and_code_are_stored(sign_up: SignUp) -> None:
    text = stored.everything()
    for secret in (sign_up.email.token, sign_up.secret):
        assert secret not in text
        decoded = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        assert decoded.hex() not in text
        assert repr(decoded[8:])[2:-1] not in text
    assert f"'{sign_up.email.code}'" not in text


def test_secret_and_token_have_at_least_128_random_bits(sign_up: SignUp) -> None:
    assert len(base64.urlsafe_b64decode(sign_up.email.token + "=")) >= 16
    assert len(base64.urlsafe_b64decode(sign_up.secret)) - 8 >= 16


# Addresses that bounced ----------------------------------------------------------------------------


def test_account_of_a_bounced_address_needs_only_the_link(api: Api, ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADDRESS))
    api.post(RESEND, {"email": ADDRESS})
    token = inbox.newest().token
    for _ in range(2):
        reply = api.post(URL, {"token": token})
        assert (reply.status, reply.json) == (200, {"success": True, "message": "Your address is confirmed."})
    assert ada.get("/api/auth/me").json["data"]["user"]["emailStatus"] == "ok"
    stored.check()


def test_registration_of_a_bounced_address_lifts_its_suppression(inbox: Inbox) -> None:
    receive(bounce(ADDRESS))
    assert register(inbox).with_link().status == 200
    assert is_open()


# Resend --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [("email",), ("email", "registration")])
def test_resent_email_has_another_link_and_code_and_the_first_ones_stay_valid(
    api: Api, sign_up: SignUp, inbox: Inbox, fields: tuple[str, ...]
) -> None:
    body = {"email": ADDRESS, "registration": sign_up.secret}
    reply = api.post(RESEND, {name: body[name] for name in fields})
    later = inbox.newest()
    assert (reply.status, later.to) == (202, ADDRESS)
    assert later.token != sign_up.email.token
    assert sign_up.with_link().status == 200


def test_resent_code_is_for_the_registration_of_the_request(api: Api, sign_up: SignUp, inbox: Inbox) -> None:
    register(inbox, name="Eve", password="eve's own password")
    api.post(RESEND, {"email": ADDRESS, "registration": sign_up.secret})
    assert sign_up.with_code(code=inbox.newest().code).status == 200


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
