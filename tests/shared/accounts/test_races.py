"""Concurrent requests about accounts, against MiniStack, whose transactions are isolated like DynamoDB's.

Up to 32 requests start at the same moment, and which of them wins is up to chance. Whichever does, the outcome must be
possible for requests sent one after the other (some may also get 503), and what is stored must be consistent.
"""

from collections.abc import Sequence
from functools import partial

import pytest
import time_machine

from shared.accounts import lifecycle
from shared.core import config
from shared.records import credentials
from shared.values.passwords import verify
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox, Reply, routes
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
NOON = 1_800_000_000
LOGIN = {"email": ADA["email"], "password": PASSWORD}


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto, with real pauses between retries."""
    routes()  # imported before the race, not during it


def statuses(replies: Sequence[Reply]) -> list[int]:
    return sorted(reply.status for reply in replies)


def profile_url(caller: Api) -> str:
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def second_admin(api: Api) -> Api:
    lifecycle.ensure_admin("second@example.com", PASSWORD)
    return api.signed_in("second@example.com", PASSWORD)


def test_16_concurrent_registrations_open_one_account(api: Api, inbox: Inbox) -> None:
    """Here each registration may send an email. The next test has the real limit."""
    passwords = [f"password number {number}" for number in range(16)]
    replies = at_once(*(partial(api.post, "/api/auth/register", {**ADA, "password": p}) for p in passwords))
    assert statuses(replies) == [202] * 16
    secrets = [reply.json["registration"] for reply in replies]
    emails = inbox.all()
    assert [email.to for email in emails] == [ADA["email"]] * 16
    proofs = [{"token": e.token, "registration": s} for e, s in zip(emails, secrets, strict=True)]
    outcomes = at_once(*(partial(api.post, "/api/auth/verify-email", proof) for proof in proofs))
    assert set(statuses(outcomes)) <= {200, 400, 503}
    assert statuses(outcomes).count(200) == 1
    opened = [reply.status for reply in outcomes].index(200)
    assert len(stored.profiles()) == len(stored.credentials()) == len(stored.sessions()) == 1
    (credential,) = stored.credentials()
    assert [verify(password, credential["passwordHash"]) for password in passwords].index(True) == opened
    assert api.post("/api/auth/login", {**LOGIN, "password": passwords[opened]}).status == 200
    stored.check()


@pytest.mark.usefixtures("email_limits")
def test_32_concurrent_registrations_send_one_email(api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the 32 can open the account with it."""
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    callers = [Api(ip=f"192.0.2.{number}") for number in range(32)]
    with time_machine.travel(NOON, tick=False):
        replies = at_once(*(partial(caller.post, "/api/auth/register", ADA) for caller in callers))
        assert statuses(replies) == [202] * 32
        assert len({reply.json["message"] for reply in replies}) == 1
        (email,) = inbox.all()
        proofs = {"token": email.token, "registration": replies[17].json["registration"]}
        assert api.post("/api/auth/verify-email", proofs).status == 200
    assert len(stored.profiles()) == 1
    stored.check()


def test_no_session_survives_disabling_the_account(admin: Api, ada: Api) -> None:
    url = profile_url(ada)
    replies = at_once(
        lambda: admin.patch(url, {"status": "disabled"}), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16
    )
    assert replies[0].status == 200
    assert set(statuses(replies[1:])) <= {200, 401}
    assert all(session["role"] == "admin" for session in stored.sessions())
    stored.check()
    for reply in replies[1:]:
        if reply.status == 200:
            assert Api().with_token(reply.json["token"]).get("/api/auth/me").status == 401


def test_no_session_survives_closing_the_account(admin: Api, ada: Api) -> None:
    url = profile_url(ada)
    replies = at_once(lambda: admin.delete(url), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16)
    assert replies[0].status == 204
    assert set(statuses(replies[1:])) <= {200, 401}
    stored.check()
    assert len(stored.profiles()) == 1
    assert all(session["role"] == "admin" for session in stored.sessions())


def test_every_session_has_the_new_role(admin: Api, ada: Api) -> None:
    url = profile_url(ada)
    # Four sign-ins: the account lock allows no more attempts before one of them has succeeded.
    replies = at_once(lambda: admin.patch(url, {"role": "admin"}), *[lambda: Api().post("/api/auth/login", LOGIN)] * 4)
    assert statuses(replies) == [200] * 5
    stored.check()


@pytest.mark.usefixtures("ada")
def test_concurrent_reuse_of_a_refresh_token_is_reported_once(api: Api, inbox: Inbox) -> None:
    tokens = [api.post("/api/auth/login", LOGIN).json["refreshToken"]]
    for _ in range(2):
        tokens.append(api.post("/api/auth/refresh", {"refreshToken": tokens[-1]}).json["refreshToken"])
    replies = at_once(*[lambda: api.post("/api/auth/refresh", {"refreshToken": tokens[0]})] * 16)
    assert statuses(replies) == [401] * 16
    assert sorted(reply.json["code"] for reply in replies) == ["invalid_refresh_token"] * 15 + ["refresh_token_reused"]
    assert len(inbox.all()) == 1
    assert [entry["event"] for entry in stored.items("ActivityTable")].count("token_reused") == 1
    stored.check()


def test_16_concurrent_confirmations_with_one_link_start_one_session(api: Api, inbox: Inbox) -> None:
    secret = api.post("/api/auth/register", ADA).json["registration"]
    proofs = {"token": inbox.newest().token, "registration": secret}
    replies = at_once(*[lambda: api.post("/api/auth/verify-email", proofs)] * 16)
    assert set(statuses(replies)) <= {200, 503}
    assert len({reply.json["refreshToken"] for reply in replies if reply.status == 200}) == 1
    assert len(stored.sessions()) == 1
    stored.check()


def test_code_allows_three_concurrent_attempts(api: Api, inbox: Inbox) -> None:
    secret = api.post("/api/auth/register", ADA).json["registration"]
    code = inbox.newest().code
    wrong = [f"{(int(code) + 1 + number) % 10**6:06}" for number in range(24)]
    body = {"email": ADA["email"], "registration": secret}
    replies = at_once(*(partial(api.post, "/api/auth/verify-email", {**body, "code": c}) for c in wrong))
    assert set(statuses(replies)) <= {400, 503}
    (registration,) = stored.items("RegistrationsTable")
    assert registration["code1Attempts"] == 3
    assert api.post("/api/auth/verify-email", {**body, "code": code}).status == 400


def test_two_admins_who_demote_each_other_leave_one(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = profile_url(admin), profile_url(other)
    for change in ({"role": "user"}, {"status": "disabled"}):
        replies = at_once(partial(admin.patch, theirs, change), partial(other.patch, mine, change))
        assert 200 in statuses(replies)
        assert statuses(replies)[1] in {401, 403, 409}
        stored.check()
        for email in (ADMIN_EMAIL, "second@example.com"):
            lifecycle.ensure_admin(email, PASSWORD)
        admin, other = (api.signed_in(email, PASSWORD) for email in (ADMIN_EMAIL, "second@example.com"))


def test_last_two_admins_cannot_both_close_their_accounts(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = profile_url(admin), profile_url(other)
    replies = at_once(lambda: admin.delete(mine), lambda: other.delete(theirs))
    assert statuses(replies) == [204, 409]
    stored.check()
    assert len(stored.profiles()) == 1


def test_concurrent_requests_with_one_key_invite_once(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body, idempotency_key="k")] * 16)
    assert set(statuses(replies)) <= {201, 503}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert len(stored.profiles()) == 2
    assert len(stored.items("OutboxTable")) == 1
    stored.check()


def test_two_different_requests_with_one_key_conflict(admin: Api) -> None:
    bodies = [{"name": name, "email": f"{name}@example.com"} for name in ("ben", "bob")]
    replies = at_once(*(partial(admin.post, "/api/users", b, idempotency_key="k") for b in bodies))
    assert statuses(replies) == [201, 409]
    assert len(stored.profiles()) == 2


def test_concurrent_invitations_create_one_account(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body)] * 8)
    assert statuses(replies) == [201] + [409] * 7
    stored.check()


def test_address_belongs_to_the_invitation_or_to_the_registration(admin: Api, api: Api, inbox: Inbox) -> None:
    for number in range(6):
        ben = {"name": "Ben", "email": f"ben{number}@example.com"}
        secret = api.post("/api/auth/register", {**ben, "password": PASSWORD}).json["registration"]
        proofs = {"token": inbox.newest().token, "registration": secret}
        invited, confirmed = at_once(
            partial(admin.post, "/api/users", {**ben, "role": "admin"}),
            partial(api.post, "/api/auth/verify-email", proofs),
        )
        assert sorted([invited.status, confirmed.status]) in ([200, 409], [201, 409])
        stored.check()
        credential = credentials.find(ben["email"])
        assert credential is not None
        assert credential.invited == (invited.status == 201)


def test_one_of_concurrent_changes_with_the_same_etag_succeeds(ada: Api) -> None:
    url = profile_url(ada)
    tag = ada.get(url).headers["etag"]
    names = [f"Ada {number}" for number in range(8)]
    replies = at_once(*(partial(ada.patch, url, {"name": n}, if_match=tag) for n in names))
    assert statuses(replies) == [200] + [412] * 7
    (won,) = [name for name, reply in zip(names, replies, strict=True) if reply.status == 200]
    assert ada.get(url).json["data"]["name"] == won


def test_concurrent_changes_without_an_etag_are_all_made(ada: Api) -> None:
    url = profile_url(ada)
    before = ada.get(url).headers["etag"]
    replies = at_once(*(partial(ada.patch, url, {"name": f"Ada {n}"}) for n in range(8)))
    assert statuses(replies) == [200] * 8
    assert int(ada.get(url).headers["etag"].strip('"')) == int(before.strip('"')) + 8


# Sign-in by email ----------------------------------------------------------------------------------


ASK, VERIFY = "/api/auth/login/email", "/api/auth/login/email/verify"


def ask(api: Api, inbox: Inbox) -> tuple[dict[str, str], dict[str, str]]:
    """Ask for an email to Ada. Return the bodies that sign in with its link, and with its code."""
    inbox.deliver()
    secret = api.post(ASK, {"email": ADA["email"]}).json["request"]
    email = inbox.newest()
    return {"token": email.token}, {"request": secret, "code": email.code}


def test_one_link_used_16_times_at_once_starts_one_session(ada: Api, api: Api, inbox: Inbox) -> None:
    link, _ = ask(api, inbox)
    replies = at_once(*[lambda: api.post(VERIFY, link)] * 16)
    assert set(statuses(replies)) <= {200, 400, 503}
    assert statuses(replies).count(200) == 1
    assert len(ada.get("/api/auth/sessions").json["data"]) == 2
    stored.check()


@pytest.mark.parametrize("way", ["link", "code"])
def test_repeats_at_once_get_one_session(ada: Api, api: Api, inbox: Inbox, way: str) -> None:
    link, code = ask(api, inbox)
    body = code if way == "code" else {**link, "request": code["request"]}
    # A try at the code is counted for each that has not seen the session yet: three may.
    replies = at_once(*[lambda: api.post(VERIFY, body)] * (2 if way == "code" else 16))
    assert set(statuses(replies)) <= {200, 503}
    assert len({reply.json["refreshToken"] for reply in replies if reply.status == 200}) == 1
    assert len(ada.get("/api/auth/sessions").json["data"]) == 2
    stored.check()


def test_links_and_codes_at_once_start_one_session(ada: Api, api: Api, inbox: Inbox) -> None:
    bodies = [body for _ in range(4) for body in ask(api, inbox)]
    replies = at_once(*(partial(api.post, VERIFY, body) for body in bodies))
    assert set(statuses(replies)) <= {200, 400, 503}
    assert statuses(replies).count(200) == 1
    assert len(ada.get("/api/auth/sessions").json["data"]) == 2
    stored.check()


def test_no_session_by_email_survives_a_new_password(ada: Api, api: Api, inbox: Inbox) -> None:
    # Only five emails of a day have a code.
    for number in range(2):
        before, after = (f"password number {number + step}" if number + step else PASSWORD for step in (0, 1))
        bodies = [*ask(api, inbox), *ask(api, inbox)]
        changed, *replies = at_once(
            partial(ada.post, "/api/auth/change-password", {"currentPassword": before, "newPassword": after}),
            *(partial(api.post, VERIFY, body) for body in bodies),
        )
        assert changed.status == 200
        assert set(statuses(replies)) <= {200, 400, 503}
        ada = api.with_token(changed.json["token"])
        assert len(ada.get("/api/auth/sessions").json["data"]) == 1
        for reply in replies:
            if reply.status == 200:
                assert api.with_token(reply.json["token"]).get("/api/auth/me").status == 401
        stored.check()


@pytest.mark.usefixtures("ada")
def test_code_to_sign_in_allows_three_concurrent_tries(api: Api, inbox: Inbox) -> None:
    _, body = ask(api, inbox)
    wrong = [f"{(int(body['code']) + 1 + number) % 10**6:06}" for number in range(24)]
    replies = at_once(*(partial(api.post, VERIFY, {**body, "code": code}) for code in wrong))
    assert set(statuses(replies)) <= {400, 503}
    assert api.post(VERIFY, body).status == 400


def test_sign_ups_of_an_address_at_once_open_one_account(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_SIGN_UP", "on")
    asked = [ask(api, inbox) for _ in range(4)]
    bodies = [body for link, code in asked for body in ({**link, "request": code["request"]}, code)]
    registered = api.post("/api/auth/register", ADA)
    proofs = {"token": inbox.newest().token, "registration": registered.json["registration"]}
    replies = at_once(
        partial(api.post, "/api/auth/verify-email", proofs), *(partial(api.post, VERIFY, body) for body in bodies)
    )
    assert set(statuses(replies)) <= {200, 400, 503}
    assert statuses(replies).count(200) == 1
    assert len(stored.profiles()) == len(stored.credentials()) == len(stored.sessions()) == 1
    stored.check()
