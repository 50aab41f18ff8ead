"""Concurrent requests about second factors, against MiniStack, whose transactions are isolated like DynamoDB's.

At most four tries come from one network at once. More would lock it, and wait for each other.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import pytest
import time_machine

from tests.support import PASSWORD, stored
from tests.support.accounts import member
from tests.support.api import Api, Reply, routes
from tests.support.factors import Phone, enroll, mfa_token, sign_in
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

ADA = "ada@example.com"
FACTORS = "/api/auth/factors"
MFA = "/api/auth/mfa"


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto, with real pauses between retries."""
    routes()  # imported before the race, not during it


@pytest.fixture(autouse=True)
def now() -> Iterator[time_machine.Traveller]:
    """Frozen, so that all requests are in one step."""
    with time_machine.travel(1_800_000_000, tick=False) as coordinates:
        yield coordinates


def codes(replies: Sequence[Reply]) -> list[str]:
    """Return the sorted codes of the replies: "" for a success."""
    return sorted("" if reply.status < 400 else reply.json["code"] for reply in replies)


def test_one_code_is_accepted_once_even_if_it_is_sent_four_times_at_once(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    tokens = [mfa_token(api, ADA) for _ in range(4)]
    replies = at_once(*(partial(api.post, MFA, {"token": token, "code": phone.code()}) for token in tokens))
    assert codes(replies).count("") == 1
    assert set(codes(replies)) <= {"", "code_already_used", "unavailable"}
    assert len(stored.sessions()) == 2


def test_one_token_starts_one_session_with_whatever_proofs(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    token = mfa_token(api, ADA)
    proofs = [{"code": phone.code()}, *({"recoveryCode": code} for code in phone.recovery_codes[:3])]
    replies = at_once(*(partial(api.post, MFA, {"token": token, **proof}) for proof in proofs))
    assert codes(replies).count("") == 1
    assert set(codes(replies)) <= {"", "invalid_mfa_token", "unavailable"}
    assert len(stored.sessions()) == 2


def test_code_and_recovery_code_at_once_are_each_accepted_once(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    recovery = phone.recovery_codes[0]
    bodies = [{"code": phone.code()}] * 2 + [{"recoveryCode": recovery}] * 2
    replies = at_once(*(partial(api.post, MFA, {"token": mfa_token(api, ADA), **body}) for body in bodies))
    assert codes(replies[:2]).count("") == 1
    assert codes(replies[2:]).count("") == 1
    left = api.with_token(next(reply.json["token"] for reply in replies if reply.status == 200)).get(FACTORS)
    assert left.json["recoveryCodes"] == 9
    assert sign_in(api, ADA, recoveryCode=recovery).json["code"] == "invalid_credentials"


def test_recovery_codes_at_once_are_all_accepted(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    tokens = [mfa_token(api, ADA) for _ in range(4)]
    calls = (
        partial(api.post, MFA, {"token": token, "recoveryCode": code})
        for token, code in zip(tokens, phone.recovery_codes[:4], strict=True)
    )
    replies = at_once(*calls)
    assert set(codes(replies)) <= {"", "unavailable"}
    used = codes(replies).count("")
    assert ada.get(FACTORS).json["recoveryCodes"] == 10 - used
    assert used > 0


def test_two_confirmations_at_once_bring_one_set_of_recovery_codes(ada: Api) -> None:
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    phone = Phone(data["id"], data["secret"], [])
    replies = at_once(*[partial(ada.post, f"{FACTORS}/{phone.id}", {"code": phone.code()})] * 6)
    assert codes(replies).count("") == 1
    # A later one finds the factor confirmed, or its session no longer fresh.
    assert set(codes(replies)) <= {"", "factor_confirmed", "reauthentication_required", "unavailable"}
    confirmed = next(reply for reply in replies if reply.status == 200)
    assert len(confirmed.json["data"]["recoveryCodes"]) == 10
    assert ada.get(FACTORS).json["recoveryCodes"] == 10
    (credential,) = stored.credentials()
    assert credential["factors"] == {phone.id: "totp"}


def test_last_factor_is_removed_while_it_signs_in(ada: Api, api: Api) -> None:
    phone = enroll(ada)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
    bodies = [{"token": mfa_token(api, ADA), "recoveryCode": code} for code in phone.recovery_codes[:4]]
    calls = [partial(api.post, MFA, body) for body in bodies]
    removed, *replies = at_once(partial(fresh.delete, f"{FACTORS}/{phone.id}"), *calls)
    assert removed.status in {204, 503}
    if removed.status == 204:
        # Whoever was faster has a session, which the factor no longer raises.
        assert all(session["factors"] == {} for session in stored.sessions())
        assert {"recovery_code", "totp"}.isdisjoint(method for each in stored.sessions() for method in each["proofs"])
        assert stored.items("FactorsTable") == []
        assert stored.credentials()[0]["factors"] == {}
    assert set(codes(replies)) <= {"", "invalid_mfa_token", "invalid_credentials", "unavailable"}


def test_factor_is_confirmed_while_the_password_signs_in(ada: Api, api: Api) -> None:
    """A sign-in that comes after the confirmation is asked for the factor; one before it is not."""
    data = ada.post(FACTORS, {"type": "totp", "name": "My phone"}).json["data"]
    phone = Phone(data["id"], data["secret"], [])
    sign_ins = [partial(api.post, "/api/auth/login", {"email": ADA, "password": PASSWORD})] * 4
    confirmed, *replies = at_once(partial(ada.post, f"{FACTORS}/{phone.id}", {"code": phone.code()}), *sign_ins)
    assert confirmed.status in {200, 503}
    assert set(codes(replies)) <= {"", "mfa_required", "unavailable"}
    assert all(session["factors"] == {} for session in stored.sessions())


def test_reset_and_sign_in_at_once_leave_no_raised_session(admin: Api, ada: Api, api: Api) -> None:
    phone = enroll(ada)
    url = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}/factors"
    bodies = [{"token": mfa_token(api, ADA), "recoveryCode": code} for code in phone.recovery_codes[:4]]
    reset, *_ = at_once(partial(admin.delete, url), *(partial(api.post, MFA, body) for body in bodies))
    assert reset.status in {204, 503}
    if reset.status == 204:
        assert [session for session in stored.sessions() if session["email"] == ADA] == []


def test_tries_sent_at_once_are_counted_before_they_are_checked(
    ada: Api, api: Api, now: time_machine.Traveller
) -> None:
    phone = enroll(ada)
    stranger = Api(ip="203.0.113.5")
    tokens = [mfa_token(stranger, ADA) for _ in range(24)]
    calls = [partial(stranger.post, MFA, {"token": token, "code": f"{n:06}"}) for n, token in enumerate(tokens)]
    assert set(codes(at_once(*calls))) <= {"invalid_credentials", "unavailable"}
    # Later than any of them is still being checked: the next one would wait for it.
    now.shift(4)
    assert sign_in(stranger, ADA, code=phone.code()).json["code"] == "invalid_credentials"
    assert sign_in(api, ADA, code=phone.code()).status == 200


def test_removals_of_both_factors_at_once_leave_nothing(ada: Api, api: Api) -> None:
    member(api, "Ben", "ben@example.com")
    phone = enroll(ada)
    fresh = ada.with_token(ada.post("/api/auth/reauthenticate", {"code": phone.code()}).json["token"])
    tablet = enroll(fresh, "My tablet")
    replies = at_once(*(partial(fresh.delete, f"{FACTORS}/{each.id}") for each in (phone, tablet)))
    # The first lowers the session, so the second may no longer be fresh.
    assert set(codes(replies)) <= {"", "reauthentication_required", "unavailable"}
    (credential,) = (each for each in stored.credentials() if each["email"] == ADA)
    apps = [item["factor"] for item in stored.items("FactorsTable") if item["type"] == "totp"]
    assert sorted(credential["factors"]) == sorted(apps)
    assert bool(apps) == any(item["type"] == "recovery" for item in stored.items("FactorsTable"))


def test_apps_added_at_once_leave_one_that_waits(ada: Api) -> None:
    replies = at_once(*[partial(ada.post, FACTORS, {"type": "totp", "name": "x"})] * 16)
    assert {reply.status for reply in replies} <= {201, 503}
    assert len(stored.items("FactorsTable")) == 1
    apps = [
        Phone(reply.json["data"]["id"], reply.json["data"]["secret"], []) for reply in replies if reply.status == 201
    ]
    confirmed = [ada.post(f"{FACTORS}/{app.id}", {"code": app.code()}) for app in apps]
    assert codes(confirmed).count("") == 1
    assert set(codes(confirmed)) <= {"", "factor_not_found", "reauthentication_required"}
