"""/api/auth/login/email and its /verify: signing in, and signing up, with a link or a code that was emailed."""

import re
from collections.abc import Callable, Iterator

import pytest
import time_machine

from shared.core import config, tables
from shared.records import credentials, limits, tries, users
from shared.values import passwords
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Email, Inbox, Reply
from tests.support.factors import enroll
from tests.support.faults import Wire
from tests.support.feedback import bounce, receive

URL = "/api/auth/login/email"
VERIFY = "/api/auth/login/email/verify"
ADA = "ada@example.com"
NEW = "a rather different sentence"
STRANGER = Api({"user-agent": "x"}, "203.0.113.5")


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    """Frozen time."""
    with time_machine.travel(1_800_000_000, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def sign_up(monkeypatch: pytest.MonkeyPatch, environment: object) -> None:
    """The parameter EmailSignUp is on."""
    assert environment
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")


def ask(api: Api, inbox: Inbox, email: str = ADA, **body: object) -> tuple[str, Email]:
    """Ask for an email. Return the secret of the request, and the email."""
    inbox.deliver()
    reply = api.post(URL, {"email": email, **body})
    assert reply.status == 202, reply.text
    return str(reply.json["request"]), inbox.newest()


def without_password(email: str = ADA) -> None:
    """Take the password from an account, as if it had signed up by email."""
    credential = credentials.find(email)
    assert credential is not None
    tables.write(credentials.changing(credential, passwordHash=None))


def wrong(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 10**6:06}"


def assert_invalid(reply: Reply) -> None:
    assert (reply.status, reply.json["code"]) == (400, "invalid_link"), reply.text


def session_of(api: Api, reply: Reply) -> dict[str, object]:
    assert reply.status == 200, reply.text
    session = api.with_token(reply.json["token"]).get("/api/auth/me").json["data"]["session"]
    assert isinstance(session, dict)
    return session


# Signing in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["link", "link and request", "code"])
def test_link_or_code_signs_in(ada: Api, api: Api, inbox: Inbox, way: str) -> None:
    secret, email = ask(api, inbox)
    assert (email.to, email.subject) == (ADA, "Sign in to Lambda API Routes")
    assert f"/login/email?token={email.token}" in email.text
    assert re.search(r"^\d{6}$", email.text, re.MULTILINE)
    body = {"link": {"token": email.token}, "code": {"request": secret, "code": email.code}}.get(
        way, {"token": email.token, "request": secret}
    )
    reply = api.post(VERIFY, body)
    session = session_of(api, reply)
    assert (session["amr"], session["aal"]) == (["otp"], 1)
    assert reply.json["user"]["id"] == ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert reply.json["device"]
    assert stored.everything().count(secret) == 0
    newest = ada.get("/api/auth/activity").json["data"][0]
    assert (newest["event"], newest["outcome"]) == ("login", "success")


@pytest.mark.usefixtures("ada")
def test_response_is_the_same_for_every_address_except_for_the_secret(api: Api, inbox: Inbox) -> None:
    known, unknown = (api.post(URL, {"email": email}) for email in (ADA, "nobody@example.com"))
    assert known.json.pop("request") != unknown.json.pop("request")
    assert {**known.json, "request": ""} == {**unknown.json, "request": ""}
    assert [email.to for email in inbox.all()] == [ADA]


@pytest.mark.usefixtures("ada")
def test_get_uses_nothing(api: Api, inbox: Inbox) -> None:
    """An email scanner opens links with GET or HEAD."""
    _, email = ask(api, inbox)
    for verb in ("GET", "HEAD"):
        assert api.call(verb, f"{VERIFY}?token={email.token}").status == 405
    assert api.post(VERIFY, {"token": email.token}).status == 200


@pytest.mark.usefixtures("ada")
def test_later_email_voids_no_earlier_one_and_using_one_voids_all(api: Api, inbox: Inbox) -> None:
    asked = [ask(api, inbox) for _ in range(4)]
    api.post("/api/auth/forgot-password", {"email": ADA})
    reset = inbox.newest()
    assert api.post(VERIFY, {"token": asked[1][1].token}).status == 200
    for secret, email in asked:
        assert_invalid(api.post(VERIFY, {"token": email.token, "request": secret}))
        assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))
    secret, email = ask(api, inbox)
    assert api.post(VERIFY, {"request": secret, "code": email.code}).status == 200
    assert_invalid(api.post(VERIFY, {"token": email.token, "request": secret}))
    # The version stays, and with it the link to choose a new password.
    assert api.post("/api/auth/reset-password", {"token": reset.token, "password": NEW}).status == 204


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("change", ["password", "reset", "status"])
def test_change_of_the_account_voids_links_and_codes(ada: Api, admin: Api, api: Api, inbox: Inbox, change: str) -> None:
    secret, email = ask(api, inbox)
    if change == "password":
        body = {"currentPassword": PASSWORD, "newPassword": NEW}
        assert ada.post("/api/auth/change-password", body).status == 200
    elif change == "reset":
        api.post("/api/auth/forgot-password", {"email": ADA})
        assert api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW}).status == 204
    else:
        (user,) = admin.get(f"/api/users?email={ADA}").json["data"]
        for status in ("disabled", "active"):
            assert admin.patch(f"/api/users/{user['id']}", {"status": status}).status == 200
    assert_invalid(api.post(VERIFY, {"token": email.token}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))


@pytest.mark.usefixtures("ada")
def test_link_and_code_are_valid_for_ten_minutes(api: Api, inbox: Inbox, now: time_machine.Traveller) -> None:
    secret, email = ask(api, inbox)
    later, newer = ask(api, inbox)
    now.shift(10 * 60 - 1)
    assert api.post(VERIFY, {"request": secret, "code": wrong(email.code)}).status == 400
    now.shift(1)
    assert_invalid(api.post(VERIFY, {"token": email.token}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))
    now.shift(10 * 60)
    assert_invalid(api.post(VERIFY, {"request": later, "code": newer.code}))


@pytest.mark.usefixtures("ada")
def test_email_that_is_late_is_not_sent(api: Api, inbox: Inbox, now: time_machine.Traveller) -> None:
    assert api.post(URL, {"email": ADA}).status == 202
    now.shift(10 * 60)
    assert inbox.all() == []


def test_malformed_bodies_and_secrets_are_rejected(api: Api) -> None:
    for body in ({}, {"request": "x"}, {"code": "123456"}, {"token": "x", "request": "y", "code": "123456"}):
        assert api.post(VERIFY, body).json["code"] == "validation_failed"
    for secret in ("x", "A" * 43, "é" * 43):
        assert_invalid(api.post(VERIFY, {"token": secret}))
        assert_invalid(api.post(VERIFY, {"request": secret, "code": "123456"}))


@pytest.mark.usefixtures("ada")
def test_secret_of_a_request_is_no_link_and_a_link_is_no_secret(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    assert_invalid(api.post(VERIFY, {"token": secret}))
    assert_invalid(api.post(VERIFY, {"request": email.token, "code": email.code}))
    assert_invalid(api.post("/api/auth/verify-email", {"token": email.token}))
    assert_invalid(api.post("/api/auth/reset-password", {"token": email.token, "password": NEW}))


def test_link_of_another_purpose_does_not_sign_in(ada: Api, api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert_invalid(api.post(VERIFY, {"token": inbox.newest().token}))
    ada.post("/api/auth/change-email", {"newEmail": "ada.new@example.com", "password": PASSWORD})
    assert_invalid(api.post(VERIFY, {"token": inbox.newest().token}))


# Codes ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_code_has_three_tries(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    for step in (1, 2, 3):
        assert_invalid(api.post(VERIFY, {"request": secret, "code": wrong(email.code, step)}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))
    # The link of the same email is not affected.
    assert api.post(VERIFY, {"token": email.token}).status == 200


def unverified(admin: Api, email: str) -> str:
    """Make the address of an account unverified. Return the user's id."""
    (found,) = admin.get(f"/api/users?email={email}").json["data"]
    user = users.get(found["id"])
    tables.write(users.replacing(user, users.updated(user, email_verified=False)))
    return user.id


def on_each_transaction(wire: Wire, act: Callable[[], object], times: int) -> None:
    """Run `act` before each of the next transactions."""
    left = times

    def before(operation: str) -> None:
        nonlocal left
        if operation == "TransactWriteItems" and left:
            left -= 1
            act()

    wire.before = before


def attempts() -> list[int]:
    return [item["attempts"] for item in stored.items("OneTimeTokensTable") if item["purpose"] == "sign-in-request"]


def test_retries_of_a_sign_in_count_as_one_try(admin: Api, api: Api, inbox: Inbox, wire: Wire) -> None:
    member(api, "Eve", "eve@example.com")
    user_id = unverified(admin, "eve@example.com")
    secret, email = ask(api, inbox, "eve@example.com")
    names = iter(("Eva", "Evi", "Evo", "Evy"))

    def rename() -> None:
        user = users.get(user_id)
        tables.write(users.replacing(user, users.updated(user, name=next(names))))

    on_each_transaction(wire, rename, times=4)
    assert api.post(VERIFY, {"request": secret, "code": email.code}).status == 200
    assert next(names, None) is None
    assert attempts() == [1]


def test_retries_of_a_reauthentication_count_as_one_try(api: Api, inbox: Inbox, wire: Wire) -> None:
    member(api, "Ada", ADA)
    login = api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).json
    without_password()
    secret, email = ask(api, inbox)
    tokens = [login["refreshToken"]]

    def refresh() -> None:
        renewed = api.post("/api/auth/refresh", {"refreshToken": tokens[-1]})
        assert renewed.status == 200, renewed.text
        tokens.append(renewed.json["refreshToken"])

    on_each_transaction(wire, refresh, times=4)
    body = {"request": secret, "mailCode": email.code}
    reply = api.with_token(login["token"]).post("/api/auth/reauthenticate", body)
    assert reply.status == 200, reply.text
    assert len(tokens) == 5
    assert attempts() == [1]


@pytest.mark.usefixtures("ada")
def test_code_belongs_to_its_request(api: Api, inbox: Inbox) -> None:
    """A stranger who asks for the same address can neither use nor use up the code of the owner's email."""
    secret, email = ask(api, inbox)
    theirs, _ = ask(STRANGER, inbox)
    for _ in range(3):
        assert_invalid(STRANGER.post(VERIFY, {"request": theirs, "code": email.code}))
    assert api.post(VERIFY, {"request": secret, "code": email.code}).status == 200


@pytest.mark.usefixtures("ada", "email_limits")
def test_first_five_emails_of_a_day_have_a_code(api: Api, inbox: Inbox, now: time_machine.Traveller) -> None:
    asked = []
    for _ in range(6):
        asked.append(ask(api, inbox))
        now.shift(15 * 60)
    assert [bool(re.search(r"\b\d{6}\b", email.text)) for _, email in asked] == [True] * 5 + [False]
    assert "This email has no code." in asked[-1][1].text
    secret, email = ask(api, inbox)
    assert api.post(VERIFY, {"token": email.token, "request": secret}).status == 200


@pytest.mark.usefixtures("ada", "email_limits")
def test_emails_to_an_address_are_limited_and_the_response_does_not_tell(api: Api, inbox: Inbox) -> None:
    replies = [api.post(URL, {"email": ADA}) for _ in range(3)]
    assert [reply.status for reply in replies] == [202] * 3
    assert len(inbox.all()) == 1
    # Asking to sign in uses up no other kind of email.
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert len(inbox.all()) == 2


def test_client_is_limited(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    statuses = [api.post(URL, {"email": f"{number}@example.com"}).status for number in range(6)]
    assert statuses == [202] * 5 + [429]
    statuses = [api.post(VERIFY, {"token": "x"}).status for _ in range(11)]
    assert statuses == [400] * 10 + [429]


# Binding, repeats -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_bound_link_needs_the_request_of_its_own_email(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox, bound=True)
    assert "in the browser that asked for it" in email.text
    other, _ = ask(STRANGER, inbox, bound=True)
    for body in ({}, {"request": other}, {"request": "A" * 43}):
        assert_invalid(api.post(VERIFY, {"token": email.token, **body}))
    assert api.post(VERIFY, {"token": email.token, "request": secret}).status == 200


@pytest.mark.usefixtures("ada")
def test_code_of_a_bound_link_works_on_other_devices(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox, bound=True)
    assert api.post(VERIFY, {"request": secret, "code": email.code}).status == 200


@pytest.mark.usefixtures("ada")
def test_link_by_itself_is_never_answered_twice(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    assert api.post(VERIFY, {"token": email.token}).status == 200
    for body in ({}, {"request": secret}, {"request": "A" * 43}):
        assert_invalid(api.post(VERIFY, {"token": email.token, **body}))
    # Nor with a secret that is not of its request.
    other, _ = ask(api, inbox)
    _, email = ask(api, inbox)
    assert api.post(VERIFY, {"token": email.token, "request": other}).status == 200
    assert_invalid(api.post(VERIFY, {"token": email.token, "request": other}))


@pytest.mark.parametrize("way", ["link", "code"])
def test_repeat_with_the_secret_gets_the_same_session_for_a_minute(
    ada: Api, api: Api, inbox: Inbox, now: time_machine.Traveller, way: str
) -> None:
    secret, email = ask(api, inbox)
    body = {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}
    replies = [api.post(VERIFY, body) for _ in range(3)]
    assert len({reply.json["refreshToken"] for reply in replies}) == 1
    assert len(ada.get("/api/auth/sessions").json["data"]) == 2
    # Only the same body is a repeat.
    other = {"request": secret, **({"code": email.code} if way == "link" else {"token": email.token})}
    assert_invalid(api.post(VERIFY, other))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": wrong(email.code)}))
    now.shift(60)
    assert_invalid(api.post(VERIFY, body))


@pytest.mark.usefixtures("ada")
def test_repeat_after_the_session_has_ended_brings_none(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    body = {"request": secret, "token": email.token}
    token = api.post(VERIFY, body).json["token"]
    assert api.with_token(token).post("/api/auth/logout").status == 204
    assert_invalid(api.post(VERIFY, body))


# Second factors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["link", "code"])
def test_factor_is_asked_for_and_the_link_or_code_is_used(ada: Api, api: Api, inbox: Inbox, way: str) -> None:
    phone = enroll(ada)
    before, old = ask(api, inbox)
    secret, email = ask(api, inbox)
    body = {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}
    sessions = len(stored.sessions())
    first, again = api.post(VERIFY, body), api.post(VERIFY, body)
    for reply in (first, again):
        assert (reply.status, reply.json["code"]) == (403, "mfa_required")
        assert reply.json["mfa"]["methods"] == ["totp", "recovery_code"]
    assert len(stored.sessions()) == sessions
    # Nothing of the account's can be used any more.
    assert_invalid(api.post(VERIFY, {"token": old.token}))
    assert_invalid(api.post(VERIFY, {"request": before, "code": old.code}))
    assert_invalid(api.post(VERIFY, {"token": email.token}))
    done = api.post("/api/auth/mfa", {"token": first.json["mfa"]["token"], "code": phone.code()})
    session = session_of(api, done)
    assert (session["amr"], session["aal"]) == (["otp", "mfa"], 2)


def test_repeat_asks_for_no_factor_of_an_account_that_has_changed(ada: Api, admin: Api, api: Api, inbox: Inbox) -> None:
    enroll(ada)
    secret, email = ask(api, inbox)
    body = {"request": secret, "token": email.token}
    assert api.post(VERIFY, body).json["code"] == "mfa_required"
    (user,) = admin.get(f"/api/users?email={ADA}").json["data"]
    assert admin.delete(f"/api/users/{user['id']}/factors").status == 204
    assert_invalid(api.post(VERIFY, body))


# Locks, devices, addresses --------------------------------------------------------------------------


def lock(client: Api) -> None:
    for _ in range(6):
        assert client.post("/api/auth/login", {"email": ADA, "password": NEW}).status == 401
    assert client.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 401


@pytest.mark.usefixtures("ada")
def test_sign_in_is_never_locked_and_clears_the_lock_of_its_client_only(inbox: Inbox) -> None:
    other = Api({"user-agent": "x"}, "203.0.113.6")
    lock(STRANGER)
    lock(other)
    _, email = ask(STRANGER, inbox)
    assert STRANGER.post(VERIFY, {"token": email.token}).status == 200
    assert STRANGER.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 200
    assert other.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 401


@pytest.mark.usefixtures("ada")
def test_wrong_codes_lock_nothing(inbox: Inbox) -> None:
    secret, email = ask(STRANGER, inbox)
    for step in range(1, 8):
        assert_invalid(STRANGER.post(VERIFY, {"request": secret, "code": wrong(email.code, step)}))
    assert limits.LIMITS.get(tries.of_network(tries.at_password(ADA), "203.0.113.5").item_key) is None
    assert STRANGER.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 200


@pytest.mark.usefixtures("ada")
def test_new_device_is_reported(inbox: Inbox) -> None:
    _, email = ask(STRANGER, inbox)
    assert STRANGER.post(VERIFY, {"token": email.token}).status == 200
    assert inbox.newest().subject == "New sign-in at Lambda API Routes"


def test_invited_account_gets_its_invitation_again(admin: Api, api: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    secret, email = ask(api, inbox, "ben@example.com")
    assert email.subject == "You are invited to Lambda API Routes"
    assert_invalid(api.post(VERIFY, {"token": email.token, "request": secret}))
    assert api.post("/api/auth/reset-password", {"token": email.token, "password": NEW}).status == 204


@pytest.mark.usefixtures("sign_up")
def test_disabled_reserved_and_suppressed_addresses_get_nothing(ada: Api, admin: Api, api: Api, inbox: Inbox) -> None:
    ben = member(api, "Ben", "ben@example.com")
    ben.post("/api/auth/change-email", {"newEmail": "moved@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    inbox.deliver()
    user = ada.get("/api/auth/me").json["data"]["user"]
    assert admin.patch(f"/api/users/{user['id']}", {"status": "disabled"}).status == 200
    before = len(inbox.all())
    for email in (ADA, "ben@example.com"):
        reply = api.post(URL, {"email": email})
        assert reply.status == 202
        assert_invalid(api.post(VERIFY, {"request": reply.json["request"], "code": "123456"}))
    assert len(inbox.all()) == before


def test_account_that_was_disabled_without_a_new_version_does_not_sign_in(ada: Api, api: Api, inbox: Inbox) -> None:
    _, email = ask(api, inbox)
    user = users.get(ada.get("/api/auth/me").json["data"]["user"]["id"])
    tables.write(users.replacing(user, users.updated(user, status="disabled")))
    assert_invalid(api.post(VERIFY, {"token": email.token}))


def test_unverified_address_is_verified(admin: Api, api: Api, inbox: Inbox) -> None:
    member(api, "Eve", "eve@example.com")
    user_id = unverified(admin, "eve@example.com")
    _, email = ask(api, inbox, "eve@example.com")
    assert api.post(VERIFY, {"token": email.token}).status == 200
    assert users.get(user_id).email_verified


def test_email_goes_to_the_account_s_own_spelling(api: Api, inbox: Inbox) -> None:
    member(api, "Eve", "Eve@example.com")
    _, email = ask(api, inbox, "EVE@example.com")
    assert email.to == "Eve@example.com"


@pytest.mark.parametrize("setting", ["off", "on"])
def test_pending_registration_is_never_touched(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", setting)
    registration = {"name": "Ada", "email": ADA, "password": PASSWORD}
    secret = api.post("/api/auth/register", registration).json["registration"]
    confirmation = inbox.newest()
    (before,) = stored.items("RegistrationsTable")
    reply = api.post(URL, {"email": ADA})
    assert len(inbox.all()) == (1 if setting == "off" else 2)
    assert_invalid(api.post(VERIFY, {"token": confirmation.token, "request": reply.json["request"]}))
    assert_invalid(api.post(VERIFY, {"request": reply.json["request"], "code": confirmation.code}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": confirmation.code}))
    assert stored.items("RegistrationsTable") == [before]
    proofs = {"token": confirmation.token, "registration": secret}
    assert api.post("/api/auth/verify-email", proofs).status == 200


# Signing up -----------------------------------------------------------------------------------------


def test_unknown_address_gets_no_email_unless_sign_up_is_on(api: Api, inbox: Inbox) -> None:
    reply = api.post(URL, {"email": ADA, "name": "Ada"})
    assert reply.status == 202
    assert inbox.all() == []
    assert_invalid(api.post(VERIFY, {"request": reply.json["request"], "code": "123456"}))


@pytest.mark.usefixtures("sign_up")
@pytest.mark.parametrize("way", ["link", "code"])
def test_sign_up_opens_an_account_without_a_password(admin: Api, api: Api, inbox: Inbox, way: str) -> None:
    secret, email = ask(api, inbox, name="Ada Lovelace")
    assert email.subject == "Finish your sign-up at Lambda API Routes"
    body = {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}
    reply, again = api.post(VERIFY, body), api.post(VERIFY, body)
    session = session_of(api, reply)
    assert (session["amr"], session["aal"]) == (["otp"], 1)
    assert again.json["refreshToken"] == reply.json["refreshToken"]
    other = {"request": secret, **({"code": email.code} if way == "link" else {"token": email.token})}
    assert_invalid(api.post(VERIFY, other))
    user = api.with_token(reply.json["token"]).get("/api/auth/me").json["data"]["user"]
    assert (user["name"], user["email"], user["emailVerified"], user["role"]) == ("Ada Lovelace", ADA, True, "user")
    assert {item["email"]: item["passwordHash"] for item in stored.credentials()}[ADA] is None
    assert admin.get(f"/api/users?email={ADA}").json["data"] == [user]
    # From now on it is an account like any other.
    _, email = ask(api, inbox)
    assert email.subject == "Sign in to Lambda API Routes"
    assert api.post(VERIFY, {"token": email.token}).status == 200


@pytest.mark.usefixtures("sign_up")
def test_sign_up_lifts_the_suppression_of_its_address(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    receive(bounce(ADA))
    assert api.post(VERIFY, {"token": email.token, "request": secret}).status == 200
    _, email = ask(api, inbox)
    assert email.subject == "Sign in to Lambda API Routes"


@pytest.mark.usefixtures("sign_up")
def test_name_is_taken_from_the_address_if_there_is_none(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    assert api.post(VERIFY, {"request": secret, "code": email.code}).json["user"]["name"] == "ada"
    assert api.post(URL, {"email": "\u3164@example.com"}).status == 202
    assert "example.com" in {item.get("name") for item in stored.items("OneTimeTokensTable")}


@pytest.mark.usefixtures("sign_up")
def test_link_alone_opens_no_account_and_is_not_used(api: Api, inbox: Inbox) -> None:
    """The owner of a mailbox follows the link of a stranger's sign-up."""
    secret, email = ask(STRANGER, inbox, name="Stranger")
    for body in ({}, {"request": "A" * 43}, {"request": "x"}):
        reply = api.post(VERIFY, {"token": email.token, **body})
        assert (reply.status, reply.json["code"]) == (400, "registration_required")
    assert stored.profiles() == []
    assert STRANGER.post(VERIFY, {"token": email.token, "request": secret}).status == 200


@pytest.mark.usefixtures("sign_up")
def test_link_and_request_open_the_account_of_the_request(api: Api, inbox: Inbox) -> None:
    """A stranger asks for my address before me: whichever email I use, it is my sign-up that opens."""
    theirs, stranger_s_email = ask(STRANGER, inbox, name="Stranger")
    mine, email = ask(api, inbox, name="Ada")
    reply = api.post(VERIFY, {"token": stranger_s_email.token, "request": mine})
    assert reply.json["user"]["name"] == "Ada"
    # Theirs can never open anything.
    for body in ({"token": email.token}, {"code": stranger_s_email.code}, {"token": stranger_s_email.token}):
        assert_invalid(STRANGER.post(VERIFY, {"request": theirs, **body}))
    assert len(stored.profiles()) == 1


@pytest.mark.usefixtures("sign_up")
def test_code_of_a_stranger_s_email_does_not_open_my_sign_up(api: Api, inbox: Inbox) -> None:
    theirs, stranger_s_email = ask(STRANGER, inbox, name="Stranger")
    mine, email = ask(api, inbox, name="Ada")
    assert_invalid(api.post(VERIFY, {"request": mine, "code": stranger_s_email.code}))
    assert_invalid(STRANGER.post(VERIFY, {"request": theirs, "code": email.code}))
    assert api.post(VERIFY, {"request": mine, "code": email.code}).status == 200


@pytest.mark.usefixtures("sign_up")
def test_request_for_another_address_opens_nothing(api: Api, inbox: Inbox) -> None:
    secret, _ = ask(api, inbox, "eve@example.com")
    _, email = ask(api, inbox)
    reply = api.post(VERIFY, {"token": email.token, "request": secret})
    assert reply.json["code"] == "registration_required"
    assert stored.profiles() == []


@pytest.mark.usefixtures("sign_up")
@pytest.mark.parametrize("way", ["link", "code"])
def test_address_that_has_got_an_account_in_the_meantime(admin: Api, api: Api, inbox: Inbox, way: str) -> None:
    secret, email = ask(api, inbox)
    admin.post("/api/users", {"name": "Ada", "email": ADA})
    body = {"request": secret, **({"token": email.token} if way == "link" else {"code": email.code})}
    reply = api.post(VERIFY, body)
    assert (reply.status, reply.json["code"]) == (409, "email_taken")


@pytest.mark.usefixtures("sign_up")
def test_registration_voids_a_sign_up_and_the_other_way_round(api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    registered = api.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    confirmation = inbox.newest()
    body = {"token": email.token, "request": secret}
    assert api.post(VERIFY, body).status == 200
    proofs = {"token": confirmation.token, "registration": registered.json["registration"]}
    assert_invalid(api.post("/api/auth/verify-email", proofs))
    proofs = {"token": confirmation.token, "password": PASSWORD}
    assert_invalid(api.post("/api/auth/verify-email", proofs))

    secret, email = ask(api, inbox, "ben@example.com")
    registered = api.post("/api/auth/register", {"name": "Ben", "email": "ben@example.com", "password": PASSWORD})
    proofs = {"token": inbox.newest().token, "registration": registered.json["registration"]}
    assert api.post("/api/auth/verify-email", proofs).status == 200
    assert_invalid(api.post(VERIFY, {"token": email.token, "request": secret}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))


@pytest.mark.usefixtures("sign_up")
@pytest.mark.parametrize("password", ["", "None", PASSWORD])
def test_sign_up_matches_no_password(api: Api, inbox: Inbox, password: str) -> None:
    secret, email = ask(api, inbox)
    for proof in ({"token": email.token}, {"email": ADA, "code": email.code}):
        for registrant in ({"password": password}, {"registration": secret}):
            assert api.post("/api/auth/verify-email", {**proof, **registrant}).status in {400, 401}
    assert stored.profiles() == []


@pytest.mark.usefixtures("sign_up")
def test_request_of_a_closed_account_opens_nothing(ada: Api, api: Api, inbox: Inbox) -> None:
    secret, email = ask(api, inbox)
    assert ada.delete(f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}").status == 204
    assert_invalid(api.post(VERIFY, {"token": email.token, "request": secret}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))


# Accounts without a password ------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_account_without_a_password_accepts_none_in_the_same_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    without_password()
    hashes: list[str | None] = []
    verify = passwords.verify

    def recorded(password: str, hashed: str | None) -> bool:
        hashes.append(hashed)
        return verify(password, hashed)

    monkeypatch.setattr(passwords, "verify", recorded)
    for password in ("", "None", PASSWORD):
        reply = api.post("/api/auth/login", {"email": ADA, "password": password})
        assert (reply.status, reply.json["code"]) == (401, "invalid_credentials")
    assert hashes == [None] * 3


@pytest.mark.usefixtures("ada")
def test_forgotten_password_sets_the_first_one(api: Api, inbox: Inbox) -> None:
    without_password()
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert api.post("/api/auth/reset-password", {"token": inbox.newest().token, "password": NEW}).status == 204
    assert api.post("/api/auth/login", {"email": ADA, "password": NEW}).status == 200


def test_fresh_session_sets_the_first_password(ada: Api, api: Api, inbox: Inbox, now: time_machine.Traveller) -> None:
    without_password()
    reply = ada.post("/api/auth/change-password", {"newPassword": NEW})
    assert (reply.status, reply.json["code"], reply.json["methods"]) == (403, "reauthentication_required", ["email"])
    _, email = ask(api, inbox)
    fresh = api.with_token(api.post(VERIFY, {"token": email.token}).json["token"])
    # A wrong one is rejected, however fresh the session is.
    reply = fresh.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW})
    assert reply.json["code"] == "invalid_credentials"
    changed = fresh.post("/api/auth/change-password", {"newPassword": NEW})
    assert changed.status == 200
    assert ada.get("/api/auth/me").status == 401
    assert api.post("/api/auth/login", {"email": ADA, "password": NEW}).status == 200
    # Now it has one.
    fresh = fresh.with_token(changed.json["token"])
    reply = fresh.post("/api/auth/change-password", {"newPassword": PASSWORD})
    assert (reply.status, reply.json["errors"]) == (400, [{"field": "currentPassword", "message": "is required"}])
    now.shift(11 * 60)


def test_password_of_an_account_with_a_factor_needs_the_factor(ada: Api, api: Api, inbox: Inbox) -> None:
    phone = enroll(ada)
    without_password()
    reply = ada.post("/api/auth/change-password", {"newPassword": NEW})
    assert reply.json["methods"] == ["totp", "recovery_code"]
    _, email = ask(api, inbox)
    token = api.post(VERIFY, {"token": email.token}).json["mfa"]["token"]
    fresh = api.with_token(api.post("/api/auth/mfa", {"token": token, "code": phone.code()}).json["token"])
    assert fresh.post("/api/auth/change-password", {"newPassword": NEW}).status == 200


# Reauthentication -----------------------------------------------------------------------------------


def reauthenticate(api: Api, secret: str, code: str) -> Reply:
    return api.post("/api/auth/reauthenticate", {"request": secret, "mailCode": code})


def test_session_of_an_account_without_a_password_is_fresh_after_a_code(
    ada: Api, api: Api, inbox: Inbox, now: time_machine.Traveller
) -> None:
    without_password()
    assert ada.get("/api/auth/export").json["methods"] == ["email"]
    other, old = ask(api, inbox)
    secret, email = ask(ada, inbox)
    renewed, again = (reauthenticate(ada, secret, email.code) for _ in range(2))
    assert renewed.status == 200, renewed.text
    assert again.json["refreshToken"] == renewed.json["refreshToken"]
    fresh = ada.with_token(renewed.json["token"])
    assert fresh.get("/api/auth/export").status == 200
    # It voids the others, and is no sign-in.
    assert_invalid(api.post(VERIFY, {"request": other, "code": old.code}))
    assert_invalid(api.post(VERIFY, {"request": secret, "code": email.code}))
    assert_invalid(api.post(VERIFY, {"request": secret, "token": email.token}))
    assert len(stored.sessions()) == 1
    now.shift(60)
    assert_invalid(reauthenticate(fresh, secret, email.code))


def test_code_of_another_account_makes_no_session_fresh(ada: Api, ben: Api, inbox: Inbox) -> None:
    without_password()
    secret, email = ask(ben, inbox, "ben@example.com")
    assert_invalid(reauthenticate(ada, secret, email.code))
    without_password("ben@example.com")
    secret, email = ask(ben, inbox, "ben@example.com")
    assert_invalid(reauthenticate(ada, secret, email.code))
    assert reauthenticate(ben, secret, email.code).status == 200
    assert_invalid(reauthenticate(ada, secret, email.code))


def test_repeat_in_another_session_of_the_account_makes_it_not_fresh(ada: Api, api: Api, inbox: Inbox) -> None:
    without_password()
    _, email = ask(api, inbox)
    second = api.with_token(api.post(VERIFY, {"token": email.token}).json["token"])
    secret, email = ask(ada, inbox)
    assert reauthenticate(ada, secret, email.code).status == 200
    assert_invalid(reauthenticate(second, secret, email.code))


def test_code_has_three_tries_in_a_session_too(ada: Api, inbox: Inbox) -> None:
    without_password()
    secret, email = ask(ada, inbox)
    for step in (1, 2, 3):
        assert_invalid(reauthenticate(ada, secret, wrong(email.code, step)))
    assert_invalid(reauthenticate(ada, secret, email.code))
    assert_invalid(reauthenticate(ada, "A" * 43, email.code))


def test_code_is_not_sufficient_for_an_account_that_has_more(ada: Api, admin: Api, inbox: Inbox) -> None:
    secret, email = ask(ada, inbox)
    assert reauthenticate(ada, secret, email.code).json["methods"] == ["password"]
    enroll(admin)
    secret, email = ask(admin, inbox, ADMIN_EMAIL)
    assert reauthenticate(admin, secret, email.code).json["methods"] == ["totp", "recovery_code"]


@pytest.mark.parametrize(
    "body", [{"request": "x"}, {"mailCode": "123456"}, {"request": "x", "mailCode": "123456", "password": PASSWORD}]
)
def test_code_of_an_email_comes_with_its_request_and_nothing_else(ada: Api, body: dict[str, str]) -> None:
    assert ada.post("/api/auth/reauthenticate", body).json["code"] == "validation_failed"


@pytest.mark.usefixtures("ada")
def test_sign_in_by_email_does_not_make_a_session_with_a_password_fresh(api: Api, inbox: Inbox) -> None:
    _, email = ask(api, inbox)
    signed_in = api.with_token(api.post(VERIFY, {"token": email.token}).json["token"])
    assert signed_in.get("/api/auth/export").json["methods"] == ["password"]
