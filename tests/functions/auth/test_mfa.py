"""/api/auth/mfa: the second step of a sign-in, and reauthentication with a factor."""

import re
from collections.abc import Iterator

import jwt
import pytest
import time_machine

from shared.core import tables
from shared.records import credentials, factor_keys, users
from shared.values import base64url, passwords
from tests.support import PASSWORD, faults, stored
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Email, Inbox
from tests.support.factors import enroll, mfa_token, sign_in
from tests.support.faults import Wire

URL = "/api/auth/mfa"
ADA = "ada@example.com"
LOGIN = {"email": ADA, "password": PASSWORD}


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    """Frozen at the start of a step."""
    with time_machine.travel(1_800_000_000, tick=False) as coordinates:
        yield coordinates


def subjects(inbox: Inbox) -> list[str]:
    return [email.subject for email in inbox.to(ADA)]


def with_subject(inbox: Inbox, subject: str) -> Email:
    """Return the email to Ada with this subject. All have the same time, so there is no newest."""
    (email,) = (email for email in inbox.to(ADA) if email.subject.startswith(subject))
    return email


def id_of(api: Api) -> str:
    return str(api.get("/api/auth/me").json["data"]["user"]["id"])


def test_password_alone_starts_no_session(ada: Api, api: Api) -> None:
    enroll(ada)
    before = stored.sessions()
    reply = api.post("/api/auth/login", LOGIN)
    assert reply.status == 403
    mfa = reply.json["mfa"]
    assert (reply.json["code"], mfa["methods"], mfa["expiresIn"]) == ("mfa_required", ["totp", "recovery_code"], 300)
    assert "token" not in reply.json
    assert stored.sessions() == before


def test_code_completes_the_sign_in(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    reply = sign_in(api, ADA, code=phone.code())
    assert reply.status == 200
    assert reply.json.keys() == {"token", "tokenType", "expiresIn", "refreshToken", "device", "user"}
    claims = jwt.decode(reply.json["token"], options={"verify_signature": False})
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp", "mfa"], "aal2")
    session = api.with_token(reply.json["token"]).get("/api/auth/me").json["data"]["session"]
    assert (session["amr"], session["aal"]) == (["pwd", "otp", "mfa"], 2)
    assert "login" in [entry["event"] for entry in ada.get("/api/auth/activity").json["data"]]
    assert ada.get("/api/auth/factors").json["data"][0]["lastUsedAt"] is not None


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_a_step_before_or_after_is_accepted(ada: Api, api: Api, steps: int) -> None:
    phone = enroll(ada, steps=-1)
    token = mfa_token(api, ADA)
    with time_machine.travel(1_800_000_060, tick=False):
        assert api.post(URL, {"token": token, "code": phone.code(steps)}).status == 200
        for other in (-2, 2):
            assert sign_in(api, ADA, code=phone.code(other)).json["code"] == "invalid_credentials"


def test_code_is_accepted_once_and_a_repeat_is_no_failure(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    token = mfa_token(api, ADA)
    assert api.post(URL, {"token": token, "code": phone.code()}).status == 200
    assert api.post(URL, {"token": token, "code": phone.code()}).json["code"] == "code_already_used"
    for _ in range(10):
        reply = sign_in(api, ADA, code=phone.code())
        assert (reply.status, reply.json["code"]) == (401, "code_already_used")
    assert sign_in(api, ADA, code=phone.code(1)).status == 200


def test_replayed_code_does_not_clear_the_lock(ada: Api) -> None:
    phone = enroll(ada)
    stranger = Api({"user-agent": "x"}, "203.0.113.5")
    assert sign_in(stranger, ADA, code=phone.code()).status == 200
    stranger = Api({"user-agent": "x"}, "203.0.113.6")
    for _ in range(4):
        assert sign_in(stranger, ADA, code="000000").status == 401
        assert sign_in(stranger, ADA, code=phone.code()).json["code"] == "code_already_used"
    assert sign_in(stranger, ADA, code="000000").status == 401
    assert sign_in(stranger, ADA, code=phone.code(1)).json["code"] == "invalid_credentials"


def test_token_is_accepted_once_and_for_five_minutes(ada: Api, api: Api, now: time_machine.Traveller) -> None:
    phone = enroll(ada)
    first, second = mfa_token(api, ADA), mfa_token(api, ADA)
    assert first != second
    assert api.post(URL, {"token": first, "code": phone.code()}).status == 200
    now.shift(30)
    reply = api.post(URL, {"token": first, "code": phone.code()})
    assert (reply.status, reply.json["code"]) == (401, "invalid_mfa_token")
    now.shift(270)
    assert api.post(URL, {"token": second, "code": phone.code()}).json["code"] == "invalid_mfa_token"
    assert sign_in(api, ADA, code=phone.code()).status == 200


def test_token_is_bound_to_its_account(ada: Api, ben: Api, api: Api) -> None:
    mine, theirs = enroll(ada), enroll(ben)
    token = mfa_token(api, ADA)
    assert api.post(URL, {"token": token, "code": theirs.code()}).json["code"] == "invalid_credentials"
    for broken in (
        "",
        "x",
        token[:-1],
        token[:-2] + "AA",
        "AQ" + token,
        token[:9] + ("A" if token[9] != "A" else "B") + token[10:],
    ):
        reply = api.post(URL, {"token": broken, "code": mine.code()})
        assert (reply.status, reply.json["code"]) == (401, "invalid_mfa_token")
    assert api.post(URL, {"token": token, "code": mine.code()}).status == 200


@pytest.mark.parametrize("change", ["password", "factor", "status"])
def test_token_is_void_when_the_account_has_changed(ada: Api, admin: Api, api: Api, change: str) -> None:
    phone = enroll(ada)
    token = mfa_token(api, ADA)
    if change == "password":
        body = {"currentPassword": PASSWORD, "newPassword": "a rather different sentence"}
        assert ada.post("/api/auth/change-password", body).status == 200
    elif change == "factor":
        fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
        enroll(fresh, "My tablet")
    else:
        url = f"/api/users/{id_of(ada)}"
        for status in ("disabled", "active"):
            assert admin.patch(url, {"status": status}).status == 200
    reply = api.post(URL, {"token": token, "code": phone.code(1)})
    assert (reply.status, reply.json["code"]) == (401, "invalid_mfa_token")


def test_recovery_code_stands_in_once_and_its_owner_is_told(ada: Api, api: Api, inbox: Inbox) -> None:
    phone = enroll(ada)
    code = phone.recovery_codes[3]
    reply = sign_in(api, ADA, recoveryCode=code.lower().replace("-", " "))
    assert reply.status == 200
    assert api.with_token(reply.json["token"]).get("/api/auth/factors").json["recoveryCodes"] == 9
    email = with_subject(inbox, "A recovery code was used at Lambda API Routes")
    assert re.search(r"\b9\b", email.text)
    assert sign_in(api, ADA, recoveryCode=code).json["code"] == "invalid_credentials"
    assert all(code.replace("-", "") not in stored.everything() for code in phone.recovery_codes)


@pytest.mark.parametrize("body", [{}, {"code": "123456", "recoveryCode": "x"}, {"code": "12345"}])
def test_exactly_one_proof_is_accepted(ada: Api, api: Api, body: dict[str, str]) -> None:
    enroll(ada)
    assert api.post(URL, {"token": mfa_token(api, ADA), **body}).status == 400


def test_tries_are_counted_for_the_account_over_all_challenges_and_factors(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    stranger = Api(ip="203.0.113.5")
    for number in range(5):
        wrong = {"code": "000000"} if number % 2 else {"recoveryCode": "AAAA-AAAA-AAAA-AAAA"}
        assert sign_in(stranger, ADA, **wrong).json["code"] == "invalid_credentials"
    assert sign_in(stranger, ADA, code=phone.code()).json["code"] == "invalid_credentials"
    assert sign_in(Api(ip="203.0.113.6"), ADA, code=phone.code()).json["code"] == "invalid_credentials"
    # The owner's network is known, so the tries of strangers do not lock it.
    assert sign_in(api, ADA, recoveryCode=phone.recovery_codes[0]).status == 200


def test_token_of_another_version_is_not_valid(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    credential = credentials.find(ADA)
    assert credential is not None
    for version, status in ((b"\x02", 401), (b"\x01", 200)):
        content = version + base64url.decode(mfa_token(api, ADA))[1:-32]
        token = base64url.encode(content + credential.seal("mfa", content))
        assert api.post(URL, {"token": token, "code": phone.code()}).status == status


@pytest.mark.parametrize("proof", ["code", "recoveryCode"])
def test_tries_during_an_outage_are_not_counted(ada: Api, wire: Wire, proof: str) -> None:
    phone = enroll(ada)
    body = {proof: {"code": phone.code(), "recoveryCode": phone.recovery_codes[0]}[proof]}
    stranger = Api(ip="203.0.113.5")
    wire.fail(faults.unreachable, on="GetSecretValue")
    for _ in range(6):
        token = mfa_token(stranger, ADA)
        factor_keys.memory.forget()
        assert stranger.post(URL, {"token": token, **body}).status == 503
    wire.reset()
    assert sign_in(stranger, ADA, **body).status == 200


def test_device_of_the_first_step_is_not_locked_by_its_network(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    device = sign_in(api, ADA, code=phone.code()).json["device"]
    for _ in range(6):
        sign_in(api, ADA, code="000000")
    assert sign_in(api, ADA, code=phone.code(1)).json["code"] == "invalid_credentials"
    token = mfa_token(api, ADA, device=device)
    assert api.post(URL, {"token": token, "code": phone.code(1)}).status == 200


def test_correct_password_does_not_clear_the_lock_of_the_factors(ada: Api) -> None:
    phone = enroll(ada)
    stranger = Api(ip="203.0.113.5")
    for _ in range(6):
        sign_in(stranger, ADA, code="000000")
    assert sign_in(stranger, ADA, code=phone.code()).json["code"] == "invalid_credentials"


def test_outdated_hash_is_replaced_although_a_factor_is_asked_for(
    ada: Api, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = enroll(ada)
    monkeypatch.setattr(passwords, "COST", 5)
    before = stored.credentials()[0]["passwordHash"]
    token = mfa_token(api, ADA)
    assert stored.credentials()[0]["passwordHash"] != before
    assert api.post(URL, {"token": token, "code": phone.code()}).status == 200


def test_new_device_is_reported_when_the_sign_in_is_complete(ada: Api, inbox: Inbox) -> None:
    phone = enroll(ada)
    phone_app = Api({"user-agent": "Phone/1.0"}, "203.0.113.5")
    token = mfa_token(phone_app, ADA)
    assert [email.subject for email in inbox.to(ADA)] == ["A second factor was added at Lambda API Routes"]
    assert phone_app.post(URL, {"token": token, "code": phone.code()}).status == 200
    assert "New sign-in at Lambda API Routes" in subjects(inbox)


def test_resetting_the_password_keeps_the_factor(ada: Api, api: Api, inbox: Inbox) -> None:
    phone = enroll(ada)
    api.post("/api/auth/forgot-password", {"email": ADA})
    reset = {"token": with_subject(inbox, "Choose a new password").token, "password": "a rather different sentence"}
    assert api.post("/api/auth/reset-password", reset).status == 204
    reply = api.post("/api/auth/login", {"email": ADA, "password": "a rather different sentence"})
    assert reply.json["code"] == "mfa_required"
    assert api.post(URL, {"token": reply.json["mfa"]["token"], "code": phone.code()}).status == 200


# Reauthentication -----------------------------------------------------------------------------------


def test_session_of_an_account_with_a_factor_is_fresh_after_a_factor_only(
    ada: Api, now: time_machine.Traveller
) -> None:
    phone = enroll(ada)
    reply = ada.get("/api/auth/export")
    assert (reply.status, reply.json["methods"]) == (403, ["totp", "recovery_code"])
    reply = ada.post("/api/auth/reauthenticate", {"password": PASSWORD})
    assert (reply.status, reply.json["code"], reply.json["methods"]) == (
        403,
        "reauthentication_required",
        ["totp", "recovery_code"],
    )
    renewed = ada.post("/api/auth/reauthenticate", {"code": phone.code()})
    fresh = ada.with_token(renewed.json["token"])
    assert fresh.get("/api/auth/export").status == 200
    assert fresh.get("/api/auth/me").json["data"]["session"]["aal"] == 2
    now.shift(10 * 60)
    assert fresh.get("/api/auth/export").json["code"] == "reauthentication_required"
    # A password does not extend it.
    changed = fresh.post(
        "/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": "a rather different sentence"}
    )
    fresh = fresh.with_token(changed.json["token"])
    assert fresh.get("/api/auth/export").json["code"] == "reauthentication_required"
    recovered = fresh.post("/api/auth/reauthenticate", {"recoveryCode": phone.recovery_codes[0]})
    assert fresh.with_token(recovered.json["token"]).get("/api/auth/export").status == 200


def test_account_without_a_factor_cannot_reauthenticate_with_a_code(ada: Api) -> None:
    reply = ada.post("/api/auth/reauthenticate", {"code": "123456"})
    assert (reply.status, reply.json["methods"]) == (403, ["password"])


def test_used_code_does_not_make_a_session_fresh(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    assert sign_in(api, ADA, code=phone.code()).status == 200
    assert ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["code"] == "code_already_used"


def test_ten_failures_end_the_session_whatever_password_is_proved_in_between(
    ada: Api, now: time_machine.Traveller
) -> None:
    enroll(ada)
    for _ in range(9):
        assert ada.post("/api/auth/reauthenticate", {"code": "000000"}).json["code"] == "invalid_credentials"
        changed = ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD})
        ada = ada.with_token(changed.json["token"])
        now.shift(15 * 60)
    assert ada.post("/api/auth/reauthenticate", {"code": "000000"}).status == 401
    assert ada.get("/api/auth/me").json["code"] == "session_ended"


def test_change_of_address_needs_a_factor(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    body = {"newEmail": "ada.new@example.com", "password": PASSWORD}
    assert ada.post("/api/auth/change-email", body).json["code"] == "reauthentication_required"
    fresh = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    assert fresh.post("/api/auth/change-email", {"newEmail": "ada.new@example.com"}).status == 202


def test_administrator_with_a_factor_must_prove_it(admin: Api, ada: Api, api: Api) -> None:
    phone = enroll(admin)
    url = f"/api/users/{id_of(ada)}"
    assert admin.patch(url, {"role": "admin"}).json["methods"] == ["totp", "recovery_code"]
    fresh = api.with_token(sign_in(api, ADMIN_EMAIL, code=phone.code()).json["token"])
    assert fresh.patch(url, {"role": "admin"}).status == 200


def test_session_of_an_account_without_a_password_is_fresh_after_an_email_only(ada: Api) -> None:
    user = users.get(id_of(ada))
    tables.write(credentials.changing(users.credential_of(user), passwordHash=None))
    assert ada.get("/api/auth/export").json["methods"] == ["email"]
    assert ada.post("/api/auth/reauthenticate", {"password": PASSWORD}).json["methods"] == ["email"]


def test_every_account_that_has_no_factor_signs_in_as_before(api: Api) -> None:
    member(api, "Eve", "eve@example.com")
    assert api.post("/api/auth/login", {"email": "eve@example.com", "password": PASSWORD}).status == 200
