"""/api/auth/passkeys and /api/auth/login/passkey: registering passkeys, and signing in with them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jwt
import pytest
import time_machine

from shared.core import metrics, tables
from shared.records import credentials, factor_keys, factors, keys, users
from shared.values import base64url
from shared.values.choices import FactorType
from tests.support import PASSWORD, authenticator, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox, Reply
from tests.support.authenticator import ALGORITHMS, Authenticator, Passkey, Refused
from tests.support.factors import enroll, mfa_token
from tests.support.faults import Wire

PASSKEYS = "/api/auth/passkeys"
LOGIN = "/api/auth/login/passkey"
FACTORS = "/api/auth/factors"
ADA = "ada@example.com"
ORIGIN = "http://localhost:3001"


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(1_800_000_000, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The failed sign-ins, as metrics count them."""
    names: list[str] = []
    monkeypatch.setattr(metrics, "count", lambda name: names.append(name) if name == "SignInFailures" else None)
    return names


def id_of(api: Api) -> str:
    return str(api.get("/api/auth/me").json["data"]["user"]["id"])


def created(api: Api, device: Authenticator, origin: str = ORIGIN) -> dict[str, Any]:
    """Return the response of an authenticator to new options."""
    options = api.post(f"{PASSKEYS}/options")
    assert options.status == 200, options.text
    return device.create(options.json, origin)


def register(api: Api, device: Authenticator, **body: Any) -> Reply:
    return api.post(PASSKEYS, {"credential": created(api, device), **body})


def signed(api: Api, device: Authenticator, origin: str = ORIGIN) -> dict[str, Any]:
    """Return a signature of an authenticator over a new challenge."""
    return device.get(api.post(f"{LOGIN}/options").json, origin)


def sign_in(api: Api, device: Authenticator) -> Reply:
    return api.post(LOGIN, {"credential": signed(api, device)})


def events(api: Api) -> list[tuple[str, str]]:
    return [(entry["event"], entry["outcome"]) for entry in api.get("/api/auth/activity").json["data"]]


# Registration --------------------------------------------------------------------------------------


def test_options_are_those_of_a_discoverable_passkey_that_verifies_its_user(ada: Api) -> None:
    options = ada.post(f"{PASSKEYS}/options").json
    assert options["rp"] == {"id": "localhost", "name": "Lambda API Routes"}
    assert (options["user"]["name"], options["user"]["displayName"]) == (ADA, "Ada")
    assert base64url.decode(options["user"]["id"]).hex() == id_of(ada).replace("-", "")
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (options["attestation"], options["excludeCredentials"]) == ("none", [])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_passkey_is_registered_and_signs_in_without_a_second_step(ada: Api, api: Api, algorithm: int) -> None:
    phone = Authenticator(algorithms=(algorithm,))
    reply = register(ada, phone)
    assert reply.status == 201, reply.text
    data = reply.json["data"]
    assert (data["type"], data["name"], data["synced"]) == ("passkey", "Google Password Manager", True)
    assert len(data["recoveryCodes"]) == 10
    assert reply.headers["location"] == f"{FACTORS}/{data['id']}"
    signed_in = sign_in(api, phone)
    assert signed_in.status == 200, signed_in.text
    assert signed_in.json["user"]["email"] == ADA
    claims = jwt.decode(signed_in.json["token"], options={"verify_signature": False})
    assert (claims["amr"], claims["acr"]) == (["swk", "user", "mfa"], "aal2")
    fresh = api.with_token(signed_in.json["token"])
    (listed,) = fresh.get(FACTORS).json["data"]
    assert listed["lastUsedAt"] is not None
    assert fresh.get("/api/auth/export").status == 200
    assert ("factor_added", "success") in events(fresh)


def test_passkey_is_named_by_its_owner_or_after_its_authenticator(
    ada: Api, api: Api, now: time_machine.Traveller
) -> None:
    stick = Authenticator(aaguid="00000000-0000-0000-0000-000000000000", backup_eligible=False, backed_up=False)
    data = register(ada, stick).json["data"]
    assert (data["name"], data["synced"]) == ("Passkey", False)
    now.shift(1)
    fresh = api.with_token(sign_in(api, stick).json["token"])
    data = register(fresh, Authenticator(), name="My laptop").json["data"]
    assert (data["name"], "recoveryCodes" in data) == ("My laptop", False)
    assert [each["name"] for each in fresh.get(FACTORS).json["data"]] == ["Passkey", "My laptop"]


def test_authenticator_is_not_asked_to_register_twice(ada: Api, api: Api, phone: Authenticator) -> None:
    register(ada, phone)
    fresh = api.with_token(sign_in(api, phone).json["token"])
    with pytest.raises(Refused, match="InvalidStateError"):
        created(fresh, phone)


def test_credential_belongs_to_one_account(
    ada: Api, ben: Api, api: Api, phone: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(ada, phone)
    same_id = partial(Passkey, id=phone.passkeys[0].id)
    monkeypatch.setattr(authenticator, "Passkey", same_id)
    reply = register(ben, Authenticator())
    assert (reply.status, reply.json["code"]) == (409, "passkey_taken")
    assert ben.get(FACTORS).json["data"] == []
    assert sign_in(api, phone).status == 200


@pytest.mark.parametrize(
    "change",
    ["origin", "other session", "other account", "sign-in challenge", "used", "expired", "unverified", "garbage"],
)
def test_registration_is_rejected(  # noqa: PLR0913, PLR0917  # one case for each
    ada: Api, ben: Api, api: Api, phone: Authenticator, now: time_machine.Traveller, change: str
) -> None:
    caller = ada
    match change:
        case "origin":
            credential = created(ada, phone, "http://localhost:6666")
        case "other session":
            credential, caller = created(ada, phone), api.signed_in(ADA, PASSWORD)
        case "other account":
            credential, caller = created(ada, phone), ben
        case "sign-in challenge":
            options = {
                **ada.post(f"{PASSKEYS}/options").json,
                "challenge": api.post(f"{LOGIN}/options").json["challenge"],
            }
            credential = phone.create(options, ORIGIN)
        case "used":
            credential = created(ada, phone)
            assert ada.post(PASSKEYS, {"credential": credential}).status == 201
            caller = api.with_token(sign_in(api, phone).json["token"])
        case "expired":
            credential = created(ada, phone)
            now.shift(300)
        case "unverified":
            phone.user_verified = False
            credential = created(ada, phone)
        case _:
            credential = created(ada, phone)
            credential["response"]["attestationObject"] = "AAAA"
    before = stored.items("FactorsTable")
    reply = caller.post(PASSKEYS, {"credential": credential})
    assert (reply.status, reply.json["code"]) == (400, "invalid_passkey"), reply.text
    assert stored.items("FactorsTable") == before


def test_used_registration_challenge_is_rejected_in_its_own_session(ada: Api, phone: Authenticator) -> None:
    options = ada.post(f"{PASSKEYS}/options").json
    assert ada.post(PASSKEYS, {"credential": phone.create(options, ORIGIN)}).status == 201
    # The session is no longer fresh: the account has a factor now, which it has not proved.
    reply = ada.post(PASSKEYS, {"credential": Authenticator().create(options, ORIGIN)})
    assert reply.json["code"] == "reauthentication_required"
    renewed = ada.post("/api/auth/reauthenticate", {"credential": signed(ada, phone)})
    fresh = ada.with_token(renewed.json["token"])
    reply = fresh.post(PASSKEYS, {"credential": Authenticator().create(options, ORIGIN)})
    assert (reply.status, reply.json["code"]) == (400, "invalid_passkey")


def test_account_has_at_most_ten_passkeys(ada: Api, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.accounts.passkeys.MAX_PASSKEYS", 1)
    phone, tablet = Authenticator(), Authenticator()
    waiting = created(ada, tablet)
    register(ada, phone)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"credential": signed(api, phone)}).json["token"])
    for reply in (fresh.post(f"{PASSKEYS}/options"), fresh.post(PASSKEYS, {"credential": waiting})):
        assert (reply.status, reply.json["code"]) == (409, "too_many_factors")


@pytest.mark.parametrize("path", [f"{PASSKEYS}/options", PASSKEYS])
def test_registration_needs_a_fresh_session(
    ada: Api, phone: Authenticator, now: time_machine.Traveller, path: str
) -> None:
    credential = created(ada, phone)
    now.shift(10 * 60)
    reply = ada.post(path, {"credential": credential} if path == PASSKEYS else None)
    assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")


# Sign-in -------------------------------------------------------------------------------------------


def test_options_cost_no_write_and_name_no_account(api: Api, ada: Api, phone: Authenticator, wire: Wire) -> None:
    register(ada, phone)
    wire.reset()
    before = stored.everything()
    options = [api.post(f"{LOGIN}/options").json for _ in range(3)]
    assert len({each["challenge"] for each in options}) == 3
    assert [each["allowCredentials"] for each in options] == [[]] * 3
    assert (options[0]["rpId"], options[0]["userVerification"]) == ("localhost", "required")
    assert stored.everything() == before
    assert wire.calls == []


def test_functions_read_their_keys_at_a_cold_start(ada: Api, api: Api, phone: Authenticator) -> None:
    def cold() -> Api:
        keys.memory.forget()
        factor_keys.memory.forget()
        return api

    credential = phone.create(cold().with_token(ada.token).post(f"{PASSKEYS}/options").json, ORIGIN)
    assert cold().with_token(ada.token).post(PASSKEYS, {"credential": credential}).status == 201
    assertion = phone.get(cold().post(f"{LOGIN}/options").json, ORIGIN)
    assert cold().post(LOGIN, {"credential": assertion}).status == 200


@pytest.mark.parametrize(
    "change",
    [
        "origin", "used", "expired", "registration challenge", "invented challenge", "unverified", "signature",
        "another account", "unknown account", "no account", "unknown passkey", "not backup eligible", "disabled",
    ],
)  # fmt: skip
def test_assertion_is_rejected_without_a_hint(  # noqa: C901, PLR0912, PLR0913, PLR0917  # one case for each
    ada: Api,
    admin: Api,
    api: Api,
    phone: Authenticator,
    now: time_machine.Traveller,
    failures: list[str],
    change: str,
) -> None:
    user_id = id_of(ada)
    register(ada, phone)
    assertion = signed(api, phone)
    response = assertion["response"]
    match change:
        case "origin":
            assertion = signed(api, phone, "http://localhost:6666")
        case "used":
            assert api.post(LOGIN, {"credential": assertion}).status == 200
        case "expired":
            now.shift(300)
        case "registration challenge":
            options = api.post(f"{LOGIN}/options").json
            other = member(api, "Eve", "eve@example.com").post(f"{PASSKEYS}/options").json
            assertion = phone.get({**options, "challenge": other["challenge"]}, ORIGIN)
        case "invented challenge":
            options = api.post(f"{LOGIN}/options").json
            assertion = phone.get({**options, "challenge": base64url.encode(b"x" * 48)}, ORIGIN)
        case "unverified":
            phone.user_verified = False
            assertion = signed(api, phone)
        case "signature":
            response["signature"] = response["signature"][:-4] + "AAAA"
        case "another account":
            other = id_of(member(api, "Eve", "eve@example.com"))
            response["userHandle"] = base64url.encode(bytes.fromhex(other.replace("-", "")))
        case "unknown account":
            response["userHandle"] = base64url.encode(b"x" * 16)
        case "no account":
            del response["userHandle"]
        case "unknown passkey":
            assertion["rawId"] = assertion["id"] = base64url.encode(b"y" * 32)
        case "not backup eligible":
            phone.backup_eligible = phone.backed_up = False
            assertion = signed(api, phone)
        case _:
            assert admin.patch(f"/api/users/{user_id}", {"status": "disabled"}).status == 200
    before = stored.sessions()
    reply = api.post(LOGIN, {"credential": assertion})
    assert (reply.status, reply.json["message"]) == (401, "Invalid credentials")
    assert stored.sessions() == before
    assert failures == ["SignInFailures"]


def test_body_that_is_no_assertion_is_named(api: Api) -> None:
    for credential in (None, {}, {"id": "x", "rawId": "x", "type": "password", "response": {}}):
        assert api.post(LOGIN, {"credential": credential}).json["code"] == "validation_failed"


def test_wrong_assertions_of_strangers_lock_nobody(ada: Api, phone: Authenticator) -> None:
    register(ada, phone)
    stranger = Api(ip="203.0.113.5")
    for _ in range(12):
        assertion = signed(stranger, phone)
        assertion["response"]["signature"] = "AAAA"
        assert stranger.post(LOGIN, {"credential": assertion}).status == 401
    assert sign_in(stranger, phone).status == 200


def test_counter_that_does_not_grow_is_rejected_and_its_owner_is_told_once_a_day(
    ada: Api, api: Api, inbox: Inbox, now: time_machine.Traveller, failures: list[str]
) -> None:
    stick = Authenticator(counts=True)
    register(ada, stick)
    assert sign_in(api, stick).status == 200
    clone = stick.clone()
    assert sign_in(api, stick).status == 200
    for _ in range(2):
        clone.passkeys[0].sign_count = 1
        assert sign_in(api, clone).json["code"] == "invalid_credentials"
    subject = "A passkey at Lambda API Routes may have been copied"
    assert [email.subject for email in inbox.to(ADA)].count(subject) == 1
    assert events(ada).count(("passkey_clone_suspected", "failure")) == 2
    now.shift(24 * 3600)
    clone.passkeys[0].sign_count = 1
    assert sign_in(api, clone).status == 401
    assert failures == ["SignInFailures"] * 3
    assert [email.subject for email in inbox.to(ADA)].count(subject) == 2


def test_passkey_that_was_synced_since_is_shown_so(ada: Api, api: Api) -> None:
    laptop = Authenticator(backed_up=False)
    assert register(ada, laptop).json["data"]["synced"] is False
    laptop.backed_up = True
    fresh = api.with_token(sign_in(api, laptop).json["token"])
    assert fresh.get(FACTORS).json["data"][0]["synced"] is True


# As a factor ---------------------------------------------------------------------------------------


def test_passkey_is_a_second_step_after_the_password(ada: Api, api: Api, phone: Authenticator) -> None:
    register(ada, phone)
    reply = api.post("/api/auth/login", {"email": ADA, "password": PASSWORD})
    assert reply.json["mfa"]["methods"] == ["passkey", "recovery_code"]
    body = {"token": reply.json["mfa"]["token"], "credential": signed(api, phone)}
    signed_in = api.post("/api/auth/mfa", body)
    claims = jwt.decode(signed_in.json["token"], options={"verify_signature": False})
    assert (claims["amr"], claims["acr"]) == (["pwd", "swk", "user", "mfa"], "aal2")


def test_passkey_of_another_account_is_no_second_step(ada: Api, ben: Api, api: Api, phone: Authenticator) -> None:
    register(ada, phone)
    other = Authenticator()
    register(ben, other)
    body = {"token": mfa_token(api, ADA), "credential": signed(api, other)}
    assert api.post("/api/auth/mfa", body).json["code"] == "invalid_credentials"


def test_one_signature_is_accepted_once_over_all_ways(ada: Api, api: Api, phone: Authenticator) -> None:
    register(ada, phone)
    assertion = signed(api, phone)
    assert api.post(LOGIN, {"credential": assertion}).status == 200
    assert api.post("/api/auth/mfa", {"token": mfa_token(api, ADA), "credential": assertion}).status == 401
    assert ada.post("/api/auth/reauthenticate", {"credential": assertion}).status == 401


def test_passkey_makes_a_session_fresh_and_raises_it(ada: Api, phone: Authenticator, api: Api) -> None:
    register(ada, phone)
    assert ada.get("/api/auth/export").json["methods"] == ["passkey", "recovery_code"]
    renewed = ada.post("/api/auth/reauthenticate", {"credential": signed(api, phone)})
    fresh = ada.with_token(renewed.json["token"])
    assert fresh.get("/api/auth/export").status == 200
    assert fresh.get("/api/auth/me").json["data"]["session"]["aal"] == 2


def test_removed_passkey_signs_in_no_more_and_its_sessions_fall(ada: Api, api: Api, phone: Authenticator) -> None:
    passkey = register(ada, phone).json["data"]
    waiting = signed(api, phone)
    raised = api.with_token(sign_in(api, phone).json["token"])
    assert raised.delete(f"{FACTORS}/{passkey['id']}").status == 204
    session = raised.get("/api/auth/me").json["data"]["session"]
    assert (session["aal"], session["amr"]) == (1, [])
    assert raised.get("/api/auth/export").json["methods"] == ["password"]
    assert api.post(LOGIN, {"credential": waiting}).json["code"] == "invalid_credentials"
    assert stored.items("FactorsTable") == []


def test_last_way_in_cannot_be_removed(ada: Api, api: Api, phone: Authenticator) -> None:
    passkey = register(ada, phone).json["data"]
    user = users.get(id_of(ada))
    tables.write(credentials.changing(users.credential_of(user), passwordHash=None))
    fresh = api.with_token(sign_in(api, phone).json["token"])
    app = enroll(fresh)
    reply = fresh.delete(f"{FACTORS}/{passkey['id']}")
    assert (reply.status, reply.json["code"]) == (409, "last_way_in")
    assert fresh.delete(f"{FACTORS}/{app.id}").status == 204
    again = api.with_token(sign_in(api, phone).json["token"])
    assert register(again, Authenticator()).status == 201
    assert again.delete(f"{FACTORS}/{passkey['id']}").status == 204


def test_passkey_is_renamed_and_exported(ada: Api, api: Api, phone: Authenticator) -> None:
    passkey = register(ada, phone).json["data"]
    fresh = api.with_token(sign_in(api, phone).json["token"])
    assert fresh.patch(f"{FACTORS}/{passkey['id']}", {"name": "Phone"}).json["data"]["name"] == "Phone"
    (exported,) = fresh.get("/api/auth/export").json["data"]["factors"]
    assert exported == fresh.get(FACTORS).json["data"][0]
    reply = fresh.post(f"{FACTORS}/{passkey['id']}", {"code": "123456"})
    assert reply.json["code"] == "factor_confirmed"


def test_closing_the_account_frees_its_passkeys(ada: Api, api: Api, phone: Authenticator) -> None:
    register(ada, phone)
    fresh = api.with_token(sign_in(api, phone).json["token"])
    assert fresh.delete(f"/api/users/{id_of(fresh)}").status == 204
    assert stored.items("FactorsTable") == []
    assert sign_in(api, phone).json["code"] == "invalid_credentials"


def test_largest_account_is_closed_in_one_transaction(admin: Api, ada: Api, api: Api, inbox: Inbox) -> None:
    """It has ten passkeys, five apps, recovery codes, more sessions than fit, and former addresses."""
    user_id = id_of(ada)
    phone = Authenticator()
    passkey = register(ada, phone)
    (one,) = factors.of_user(user_id).passkeys
    credential = users.credential_of(users.get(user_id))
    copies = [one._replace(credential_id=bytes([number]) * 32) for number in range(factors.MAX_PASSKEYS - 1)]
    many: dict[str, FactorType] = {**credential.factors, **{each.id: "passkey" for each in copies}}
    tables.write(
        credentials.changing(credential, factors=many), [each for key in copies for each in factors.adding_passkey(key)]
    )
    fresh = api.with_token(sign_in(api, phone).json["token"])
    for number in range(factors.MAX_APPS):
        enroll(fresh, f"Phone {number}")
    for number in range(3):
        body = {"newEmail": f"ada{number}@example.com"}
        assert fresh.post("/api/auth/change-email", body).status == 202
        assert api.post("/api/auth/verify-email", {"token": inbox.to(body["newEmail"])[-1].token}).status == 200
    for _ in range(60):
        assert sign_in(api, phone).status == 200
    assert passkey.status == 201
    assert admin.delete(f"/api/users/{user_id}").status == 204
    assert stored.items("FactorsTable") == []
    assert [session for session in stored.sessions() if session["userId"] == user_id] == []


def test_notice_of_a_new_password_lists_the_ways_to_sign_in(
    ada: Api, api: Api, phone: Authenticator, inbox: Inbox
) -> None:
    register(ada, phone)
    fresh = api.with_token(sign_in(api, phone).json["token"])
    body = {"currentPassword": PASSWORD, "newPassword": "a rather different sentence"}
    assert fresh.post("/api/auth/change-password", body).status == 200
    (email,) = (each for each in inbox.to(ADA) if each.subject.startswith("Your password"))
    assert "the new password, a passkey, a link or a code in an email" in email.text
