"""/api/auth/factors and /api/auth/recovery-codes, and the admin's reset."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from cryptography.exceptions import InvalidTag

from operations import factor_key
from operations.stack import Stack
from shared.core import aws
from shared.records import factor_keys, factors, users
from tests.support import PASSWORD, ROOT, rights, stored
from tests.support.accounts import member
from tests.support.api import Api, Email, Inbox
from tests.support.authenticator import Authenticator
from tests.support.factors import Phone, enroll, mfa_token, sign_in

FACTORS = "/api/auth/factors"
ADA = "ada@example.com"


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stack's resources have the names of the template."""
    monkeypatch.setattr(Stack, "physical_name", lambda _, resource: resource)


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


def test_new_app_asks_for_nothing_until_its_first_code_confirms_it(ada: Api, api: Api, inbox: Inbox) -> None:
    added = ada.post(FACTORS, {"type": "totp", "name": "My phone"})
    assert added.status == 201
    data = added.json["data"]
    assert added.headers["location"] == f"{FACTORS}/{data['id']}"
    uri = urlsplit(data["uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", f"/Lambda%20API%20Routes:{ADA}")
    assert parse_qs(uri.query)["secret"] == [data["secret"]]
    assert ada.get(FACTORS).json == {"success": True, "data": [], "recoveryCodes": 0}
    assert api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 200
    assert ada.post(f"{FACTORS}/{data['id']}", {"code": "000000"}).json["code"] == "invalid_credentials"
    phone = enroll(ada)
    listed = ada.get(FACTORS).json
    assert listed["recoveryCodes"] == 10
    (factor,) = listed["data"]
    assert (factor["id"], factor["type"], factor["name"]) == (phone.id, "totp", "My phone")
    assert api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 403
    assert [email.subject for email in inbox.to(ADA)] == ["A second factor was added at Lambda API Routes"]


def test_only_the_first_factor_brings_recovery_codes(ada: Api, api: Api, now: time_machine.Traveller) -> None:
    phone = enroll(ada)
    assert len(set(phone.recovery_codes)) == 10
    assert all(len(code) == 19 for code in phone.recovery_codes)
    ada = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    now.shift(1)
    assert enroll(ada, "My tablet").recovery_codes == []
    assert [factor["name"] for factor in ada.get(FACTORS).json["data"]] == ["My phone", "My tablet"]


def test_factor_is_confirmed_once(ada: Api) -> None:
    factor_keys.memory.forget()
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    factor_keys.memory.forget()
    other = ada.post(FACTORS, {"type": "totp", "name": "My other phone"}).json["data"]
    assert ada.post(f"{FACTORS}/{data['id']}", {"code": "000000"}).json["code"] == "factor_not_found"
    phone = enroll(ada)
    assert ada.post(f"{FACTORS}/{other['id']}", {"code": phone.code()}).json["code"] == "reauthentication_required"
    renewed = ada.post("/api/auth/reauthenticate", {"code": phone.code()})
    fresh = ada.with_token(renewed.json["token"])
    assert fresh.post(f"{FACTORS}/{phone.id}", {"code": phone.code(1)}).json["code"] == "factor_confirmed"


def test_functions_read_the_key_at_a_cold_start(ada: Api) -> None:
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    phone = Phone(data["id"], data["secret"], [])
    for path, body in [
        (f"{FACTORS}/{phone.id}", {"code": phone.code(-1)}),
        ("/api/auth/reauthenticate", {"code": phone.code()}),
        ("/api/auth/recovery-codes", None),
    ]:
        factor_keys.memory.forget()
        reply = ada.post(path, body)
        assert reply.status in {200, 201}, reply.text
        ada = ada.with_token(reply.json.get("token", ada.token))


def test_app_that_is_not_confirmed_within_ten_minutes_is_gone(ada: Api, api: Api, now: time_machine.Traveller) -> None:
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    now.shift(10 * 60)
    again = api.signed_in(ADA, PASSWORD)
    assert again.post(f"{FACTORS}/{data['id']}", {"code": "000000"}).json["code"] == "factor_not_found"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", FACTORS, {"type": "totp", "name": "x"}),
        ("POST", f"{FACTORS}/1", {"code": "123456"}),
        ("PATCH", f"{FACTORS}/1", {"name": "x"}),
        ("DELETE", f"{FACTORS}/1", None),
        ("POST", "/api/auth/recovery-codes", None),
    ],
)
def test_changes_need_a_fresh_session(
    ada: Api, now: time_machine.Traveller, method: str, path: str, body: object
) -> None:
    now.shift(10 * 60)
    reply = ada.call(method, path, body)
    assert (reply.status, reply.json["code"], reply.json["methods"]) == (403, "reauthentication_required", ["password"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (FACTORS, {"type": "totp", "name": "x"}),
        (f"{FACTORS}/1", {"code": "123456"}),
        (f"{FACTORS}/1", None),
        ("/api/auth/recovery-codes", {}),
        ("/api/auth/passkeys", {"credential": None}),
        ("/api/auth/identities/1", None),
        ("/api/auth/change-email", {"newEmail": "new@example.com"}),
        ("/api/auth/change-password", {"newPassword": "a rather different sentence"}),
    ],
)
def test_account_that_is_closed_meanwhile_has_ended_the_session(
    ada: Api, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any] | None
) -> None:
    if body == {"credential": None}:
        body = {"credential": Authenticator().create(ada.post(f"{path}/options").json, "http://localhost:3001")}
    closing, find = partial(ada.delete, f"/api/users/{id_of(ada)}"), users.find

    def find_later(user_id: str) -> users.User | None:
        with rights.outside(), monkeypatch.context() as patched:
            patched.setattr(users, "find", find)
            closing()
        return find(user_id)

    with monkeypatch.context() as patched:
        patched.setattr(users, "find", find_later)
        reply = ada.delete(path) if body is None else ada.post(path, body)
    assert (reply.status, reply.json["code"]) == (401, "session_ended")


def test_factor_is_renamed(ada: Api) -> None:
    phone = enroll(ada)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
    renamed = fresh.patch(f"{FACTORS}/{phone.id}", {"name": "My old phone"})
    assert (renamed.status, renamed.json["data"]["name"]) == (200, "My old phone")
    assert fresh.get(FACTORS).json["data"][0]["name"] == "My old phone"
    assert fresh.patch(f"{FACTORS}/{uuid.uuid4()}", {"name": "x"}).json["code"] == "factor_not_found"
    assert fresh.delete(f"{FACTORS}/recovery").json["code"] == "factor_not_found"


def test_removing_the_last_factor_lowers_sessions_and_removes_recovery_codes(ada: Api, api: Api, inbox: Inbox) -> None:
    phone = enroll(ada)
    raised = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    assert raised.get("/api/auth/me").json["data"]["session"]["aal"] == 2
    assert raised.delete(f"{FACTORS}/{phone.id}").status == 204
    assert raised.get("/api/auth/me").json["data"]["session"]["aal"] == 1
    assert raised.get(FACTORS).json == {"success": True, "data": [], "recoveryCodes": 0}
    assert api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).status == 200
    assert "A second factor was removed at Lambda API Routes" in subjects(inbox)
    assert stored.items("FactorsTable") == []


def test_removing_one_of_two_factors_lowers_only_what_it_has_raised(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    by_phone = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    tablet = enroll(by_phone, "My tablet")
    by_tablet = api.with_token(sign_in(api, ADA, code=tablet.code()).json["token"])
    assert by_tablet.delete(f"{FACTORS}/{phone.id}").status == 204
    assert by_phone.get("/api/auth/me").json["data"]["session"]["aal"] == 1
    assert by_tablet.get("/api/auth/me").json["data"]["session"]["aal"] == 2
    assert by_tablet.get(FACTORS).json["recoveryCodes"] == 10


def test_unconfirmed_factor_is_removed_without_a_notice(ada: Api, inbox: Inbox) -> None:
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    assert ada.delete(f"{FACTORS}/{data['id']}").status == 204
    assert ada.delete(f"{FACTORS}/{data['id']}").json["code"] == "factor_not_found"
    assert inbox.all() == []


def test_account_has_at_most_five_apps(ada: Api, api: Api, now: time_machine.Traveller) -> None:
    phone = enroll(ada)
    for number in range(factors.MAX_APPS - 1):
        fresh = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
        enroll(fresh, f"Phone {number}")
        now.shift(30)
    fresh = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    reply = fresh.post(FACTORS, {"type": "totp", "name": "One more"})
    assert (reply.status, reply.json["code"]) == (409, "too_many_factors")


def test_new_recovery_codes_void_the_old_ones(ada: Api, api: Api, inbox: Inbox) -> None:
    reply = ada.post("/api/auth/recovery-codes")
    assert (reply.status, reply.json["code"]) == (409, "no_factors")
    phone = enroll(ada)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
    renewed = fresh.post("/api/auth/recovery-codes")
    assert renewed.status == 201
    codes = renewed.json["data"]["recoveryCodes"]
    assert len({*codes, *phone.recovery_codes}) == 20
    assert "New recovery codes at Lambda API Routes" in subjects(inbox)
    assert sign_in(api, ADA, recoveryCode=phone.recovery_codes[0]).json["code"] == "invalid_credentials"
    assert sign_in(api, ADA, recoveryCode=codes[0]).status == 200


def test_admin_resets_the_factors_of_a_user_who_has_lost_them(
    admin: Api, ada: Api, api: Api, ben: Api, inbox: Inbox
) -> None:
    enroll(ada)
    url = f"/api/users/{id_of(ada)}/factors"
    assert ben.delete(url).json["code"] == "forbidden"
    assert admin.delete(f"/api/users/{uuid.uuid4()}/factors").json["code"] == "user_not_found"
    assert admin.delete(url).status == 204
    assert ada.get("/api/auth/me").json["code"] == "session_ended"
    again = api.signed_in(ADA, PASSWORD)
    entries = again.get("/api/auth/activity").json["data"]
    assert [entry["by"] for entry in entries if entry["event"] == "factors_reset"] == ["admin"]
    assert "Your second factors at Lambda API Routes were removed" in subjects(inbox)
    assert stored.items("FactorsTable") == []


def test_admin_must_be_fresh_to_reset_factors(admin: Api, ada: Api, now: time_machine.Traveller) -> None:
    url = f"/api/users/{id_of(ada)}/factors"
    now.shift(10 * 60)
    assert admin.delete(url).json["code"] == "reauthentication_required"


def test_undoing_a_change_of_address_removes_what_was_added_since(
    ada: Api, api: Api, inbox: Inbox, now: time_machine.Traveller
) -> None:
    phone = enroll(ada)
    thief = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    thief.post("/api/auth/change-email", {"newEmail": "eve@example.com"})
    now.shift(5)
    assert api.post("/api/auth/verify-email", {"token": inbox.to("eve@example.com")[0].token}).status == 200
    undo = with_subject(inbox, "Your address at").token
    now.shift(30)
    enroll(thief, "Eve's phone")
    assert thief.post("/api/auth/recovery-codes").status == 201
    assert api.post("/api/auth/verify-email", {"token": undo}).status == 200
    reset = with_subject(inbox, "Choose a new password").token
    assert api.post("/api/auth/reset-password", {"token": reset, "password": PASSWORD}).status == 204
    now.shift(30)
    listed = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"]).get(FACTORS).json
    assert [factor["name"] for factor in listed["data"]] == ["My phone"]
    assert listed["recoveryCodes"] == 0


def test_closing_the_account_and_its_export_include_factors(ada: Api) -> None:
    phone = enroll(ada)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
    (exported,) = fresh.get("/api/auth/export").json["data"]["factors"]
    assert (exported["id"], "secret" in exported) == (phone.id, False)
    assert fresh.delete(f"/api/users/{id_of(fresh)}").status == 204
    assert stored.items("FactorsTable") == []


# The key --------------------------------------------------------------------------------------------


def test_secret_is_sealed_and_bound_to_its_factor(ada: Api) -> None:
    phone = enroll(ada)
    (app,) = factors.of_user(id_of(ada)).apps
    assert phone.secret.encode() not in app.secret
    assert phone.secret not in stored.everything()
    with pytest.raises(InvalidTag):
        factor_keys.unseal(app.secret, context="another user|another factor")


def test_earlier_key_stays_readable_and_seals_anew_on_use(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    (before,) = factors.of_user(id_of(ada)).apps
    first = factor_keys.current()
    add_key()
    ada = api.with_token(sign_in(api, ADA, code=phone.code()).json["token"])
    (after,) = factors.of_user(id_of(ada)).apps
    assert [app.secret[:8].decode() for app in (before, after)] == [first, factor_keys.current()]
    assert sign_in(api, ADA, code=phone.code(1)).status == 200
    assert sign_in(api, ADA, recoveryCode=phone.recovery_codes[0]).status == 200


def test_new_key_is_known_after_a_minute_to_an_environment_that_has_cached_the_old_ones(
    ada: Api, api: Api, now: time_machine.Traveller
) -> None:
    enroll(ada)
    old = factor_keys.memory.current, factor_keys.memory.keys, factor_keys.memory.read_at
    add_key()
    ben = member(api, "Ben", "ben@example.com")
    phone = enroll(ben)
    factor_keys.memory.current, factor_keys.memory.keys, factor_keys.memory.read_at = old
    now.shift(59)
    token = mfa_token(api, "ben@example.com")
    assert api.post("/api/auth/mfa", {"token": token, "code": phone.code()}).status == 503
    now.shift(1)
    assert api.post("/api/auth/mfa", {"token": token, "code": phone.code()}).status == 200


def test_lost_key_is_an_outage_and_not_a_wrong_code(ada: Api, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    phone = enroll(ada)
    token = mfa_token(api, ADA)
    other = '{"current": "another", "earlier": []}'
    aws.secretsmanager().put_secret_value(SecretId="FactorKeySecret", SecretString=other)
    factor_keys.memory.forget()
    assert api.post("/api/auth/mfa", {"token": token, "code": phone.code()}).status == 503
    assert "the secret FactorKeySecret has no key" in caplog.text


def add_key() -> None:
    """Add a key as `make factor-key` does."""
    factor_key.main(Stack("default", "stack", {}, ROOT))
    factor_keys.memory.forget()
