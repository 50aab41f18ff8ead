"""What attackers try with a stolen session, the password or the mailbox, and what races could leave."""

from collections.abc import Iterator

import pytest
import time_machine

from shared.accounts import factors as use_cases
from shared.records import factors, limits, sessions
from tests.support import PASSWORD, stored
from tests.support.api import Api, Inbox, Reply
from tests.support.authenticator import Authenticator
from tests.support.factors import Phone, enroll, sign_in

ADA = "ada@example.com"
FACTORS = "/api/auth/factors"
REAUTHENTICATE = "/api/auth/reauthenticate"
ORIGIN = "http://localhost:3001"


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(1_800_000_000, tick=False) as coordinates:
        yield coordinates


def register(api: Api, device: Authenticator) -> str:
    """Register a passkey. Return the id of the factor."""
    credential = device.create(api.post("/api/auth/passkeys/options").json, ORIGIN)
    reply = api.post("/api/auth/passkeys", {"credential": credential})
    assert reply.status == 201, reply.text
    return str(reply.json["data"]["id"])


def signed(api: Api, device: Authenticator) -> dict[str, object]:
    return {"credential": device.get(api.post("/api/auth/login/passkey/options").json, ORIGIN)}


def test_copied_access_token_does_not_become_fresh_by_the_owners_proof(ada: Api, now: time_machine.Traveller) -> None:
    phone = enroll(ada)
    copied = ada
    now.shift(11 * 60)
    renewed = ada.post(REAUTHENTICATE, {"code": phone.code()})
    now.shift(5)
    assert copied.get("/api/auth/me").status == 200
    assert copied.delete(f"{FACTORS}/{phone.id}").json["code"] == "reauthentication_required"
    assert copied.post("/api/auth/change-email", {"newEmail": "eve@example.com"}).status == 403
    assert ada.with_token(renewed.json["token"]).get("/api/auth/export").status == 200


def test_copied_access_token_of_an_account_without_factors_gains_nothing_either(
    ada: Api, now: time_machine.Traveller
) -> None:
    now.shift(11 * 60)
    ada.post(REAUTHENTICATE, {"password": PASSWORD})
    now.shift(9)
    reply = ada.post("/api/auth/change-email", {"newEmail": "eve@example.com"})
    assert reply.json["code"] == "reauthentication_required"


def test_used_assertion_clears_no_lock_and_reports_no_clone(ada: Api, api: Api, inbox: Inbox) -> None:
    stick = Authenticator(counts=True)
    register(ada, stick)
    used = signed(api, stick)
    assert api.post("/api/auth/login/passkey", used).status == 200
    for _ in range(4):
        assert ada.post(REAUTHENTICATE, {"recoveryCode": "AAAA"}).status == 401
        assert ada.post(REAUTHENTICATE, used).json["code"] == "invalid_credentials"
    # Locked: a correct proof is not accepted now.
    assert ada.post(REAUTHENTICATE, signed(api, stick)).json["code"] == "invalid_credentials"
    assert not any("copied" in email.subject for email in inbox.to(ADA))


def test_ten_failures_of_both_kinds_end_a_session(ada: Api, now: time_machine.Traveller) -> None:
    enroll(ada)
    wrong = {"currentPassword": "wrong horse", "newPassword": "a rather different sentence"}
    for _ in range(5):
        assert ada.post(REAUTHENTICATE, {"code": "000000"}).json["code"] == "invalid_credentials"
        assert ada.post("/api/auth/change-password", wrong).json["code"] == "invalid_credentials"
        now.shift(9 * 60)
    assert ada.get("/api/auth/me").json["code"] == "session_ended"


def test_used_code_does_not_count_even_if_it_was_the_fifth_try(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    assert sign_in(api, ADA, code=phone.code()).status == 200
    stranger = Api(ip="203.0.113.5")
    for _ in range(4):
        assert sign_in(stranger, ADA, code="000000").status == 401
    assert sign_in(stranger, ADA, code=phone.code()).json["code"] == "code_already_used"
    assert sign_in(stranger, ADA, recoveryCode=phone.recovery_codes[0]).status == 200


def test_known_device_gets_in_by_email_although_strangers_have_locked_the_account(
    ada: Api, api: Api, inbox: Inbox
) -> None:
    phone = enroll(ada)
    device = sign_in(api, ADA, code=phone.code()).json["device"]
    for number in range(6):
        sign_in(Api(ip=f"203.0.113.{number}"), ADA, code="000000")
    elsewhere = Api(ip="198.51.100.9")
    request = elsewhere.post("/api/auth/login/email", {"email": ADA}).json["request"]
    (email,) = (each for each in inbox.to(ADA) if each.subject.startswith("Sign in"))
    token = elsewhere.post("/api/auth/login/email/verify", {"request": request, "code": email.code}).json["mfa"][
        "token"
    ]
    proof = {"token": token, "recoveryCode": phone.recovery_codes[0]}
    assert elsewhere.post("/api/auth/mfa", proof).status == 401
    assert elsewhere.post("/api/auth/mfa", {**proof, "device": device}).status == 200


def test_changes_that_mail_their_owner_are_limited(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MAX_FACTOR_CHANGES_PER_DAY", 3)
    phone = enroll(ada)
    fresh = ada.with_token(ada.post(REAUTHENTICATE, {"code": phone.code()}).json["token"])
    statuses = [fresh.post("/api/auth/recovery-codes").status for _ in range(3)]
    assert statuses == [201, 201, 429]
    reply = fresh.delete(f"{FACTORS}/{phone.id}")
    assert (reply.status, reply.headers["retry-after"]) == (429, "86400")
    credential = Authenticator().create(fresh.post("/api/auth/passkeys/options").json, ORIGIN)
    assert fresh.post("/api/auth/passkeys", {"credential": credential}).status == 429
    app = fresh.post(FACTORS, {"type": "totp", "name": "x"}).json["data"]
    waiting = Phone(app["id"], app["secret"], [])
    assert fresh.post(f"{FACTORS}/{waiting.id}", {"code": waiting.code()}).status == 429


def test_confirmation_counts_the_apps_too(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    app = ada.post(FACTORS, {"type": "totp", "name": "x"}).json["data"]
    monkeypatch.setattr(use_cases, "MAX_APPS", 0)
    waiting = Phone(app["id"], app["secret"], [])
    assert ada.post(f"{FACTORS}/{waiting.id}", {"code": waiting.code()}).json["code"] == "too_many_factors"


# Races ---------------------------------------------------------------------------------------------


def test_app_that_is_confirmed_while_it_is_removed_is_removed_as_a_factor(
    ada: Api, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ada.post(FACTORS, {"type": "totp", "name": "x"}).json["data"]
    phone, removing = Phone(data["id"], data["secret"], []), factors.removing
    confirmed: list[int] = []

    def confirm_first(factor: factors.Factor) -> object:
        if not confirmed:
            confirmed.append(0)
            confirmed[0] = ada.post(f"{FACTORS}/{phone.id}", {"code": phone.code(-1)}).status
        return removing(factor)

    monkeypatch.setattr(factors, "removing", confirm_first)
    assert ada.delete(f"{FACTORS}/{phone.id}").status == 204
    assert confirmed == [200]
    assert api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 200
    assert stored.items("FactorsTable") == []


def test_factor_that_is_proved_while_it_is_removed_raises_no_session(
    ada: Api, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = enroll(ada)
    owner = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    lowering = sessions.lowering
    replies: list[Reply] = []

    def prove_meanwhile(user_id: str, factor: str | None = None) -> object:
        changes = lowering(user_id, factor)
        if not replies:
            replies.append(ada.post(REAUTHENTICATE, {"code": phone.code(1)}))
        return changes

    monkeypatch.setattr(sessions, "lowering", prove_meanwhile)
    assert owner.delete(f"{FACTORS}/{phone.id}").status == 204
    assert replies[0].status == 200
    thief = ada.with_token(replies[0].json["token"])
    assert thief.get("/api/auth/me").json["data"]["session"]["aal"] == 1


def test_undo_removes_recovery_codes_that_are_renewed_meanwhile_or_stand_in_for_nothing(
    ada: Api, api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, now: time_machine.Traveller
) -> None:
    assert ada.post("/api/auth/change-email", {"newEmail": "eve@example.com"}).status == 202
    assert api.post("/api/auth/verify-email", {"token": inbox.to("eve@example.com")[0].token}).status == 200
    (notice,) = (email for email in inbox.to(ADA) if email.subject.startswith("Your address"))
    now.shift(60)
    phone = enroll(ada)
    fresh = ada.with_token(ada.post(REAUTHENTICATE, {"code": phone.code()}).json["token"])
    of_user = factors.of_user
    renewed: list[int] = []

    def renew_meanwhile(user_id: str) -> factors.Factors:
        found = of_user(user_id)
        if not renewed:
            renewed.append(0)
            renewed[0] = fresh.post("/api/auth/recovery-codes").status
        return found

    monkeypatch.setattr(factors, "of_user", renew_meanwhile)
    assert api.post("/api/auth/verify-email", {"token": notice.token}).status == 200
    assert renewed == [201]
    assert stored.items("FactorsTable") == []
