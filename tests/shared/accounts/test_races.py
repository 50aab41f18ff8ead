"""Many callers at once, against MiniStack, whose transactions are isolated as DynamoDB's are."""

from collections.abc import Sequence
from functools import partial

import pytest
import time_machine

from shared.accounts import lifecycle
from shared.core import config
from shared.records import credentials
from shared.values.passwords import verify
from tests.conftest import ADMIN_EMAIL, PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox, Reply, at_once, routes

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
NOON = 1_800_000_000
LOGIN = {"email": ADA["email"], "password": PASSWORD}


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # where it is
    """MiniStack in place of moto, with real waiting."""
    routes()  # loaded before anybody is in a hurry


def statuses(replies: Sequence[Reply]) -> list[int]:
    return sorted(reply.status for reply in replies)


def place(caller: Api) -> str:
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def second_admin(api: Api) -> Api:
    lifecycle.ensure_admin("second@example.com", PASSWORD)
    return api.signed_in("second@example.com", PASSWORD)


def test_32_registrations_of_one_address_are_one_account(api: Api, inbox: Inbox) -> None:
    """Each may cause a mail here, so each is carried out: the next test has the limit as it is."""
    passwords = [f"password number {number}" for number in range(32)]
    replies = at_once(*(partial(api.post, "/api/auth/register", {**ADA, "password": p}) for p in passwords))
    assert set(statuses(replies)) <= {202, 503}
    accepted = statuses(replies).count(202)
    assert accepted >= 16
    stored.check()
    assert len(stored.profiles()) == len(stored.credentials()) == 1
    assert len(stored.items("OutboxTable")) == accepted
    mails = inbox.all()
    assert [mail.to for mail in mails] == [ADA["email"]] * accepted
    outcomes = [api.post("/api/auth/verify-email", {"token": mail.token}).status for mail in mails]
    assert outcomes == [400] * (accepted - 1) + [200]
    (credential,) = stored.credentials()
    right = [verify(password, credential["passwordHash"]) for password in passwords]
    assert right.count(True) == 1
    assert replies[right.index(True)].status == 202
    assert api.post("/api/auth/login", {**LOGIN, "password": passwords[right.index(True)]}).status == 200
    stored.check()
    assert stored.items("OneTimeTokensTable") == []


def test_of_32_registrations_at_once_the_first_counts_and_is_mailed(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    callers = [Api(ip=f"192.0.2.{number}") for number in range(32)]
    with time_machine.travel(NOON, tick=False):
        replies = at_once(*(partial(caller.post, "/api/auth/register", ADA) for caller in callers))
        assert statuses(replies) == [202] * 32
        assert len({reply.json["message"] for reply in replies}) == 1
        (mail,) = inbox.all()
        assert api.post("/api/auth/verify-email", {"token": mail.token}).status == 200
    assert len(stored.profiles()) == 1
    stored.check()


def test_no_session_survives_disabling_however_many_sign_in_meanwhile(admin: Api, ada: Api) -> None:
    url = place(ada)
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


def test_no_session_outlives_its_account(admin: Api, ada: Api) -> None:
    url = place(ada)
    replies = at_once(lambda: admin.delete(url), *[lambda: Api().post("/api/auth/login", LOGIN)] * 16)
    assert replies[0].status == 204
    assert set(statuses(replies[1:])) <= {200, 401}
    stored.check()
    assert len(stored.profiles()) == 1
    assert all(session["role"] == "admin" for session in stored.sessions())


def test_every_session_has_the_new_role_however_many_sign_in_meanwhile(admin: Api, ada: Api) -> None:
    url = place(ada)
    # As many as the lock lets through at once, whichever way they end.
    replies = at_once(lambda: admin.patch(url, {"role": "admin"}), *[lambda: Api().post("/api/auth/login", LOGIN)] * 4)
    assert statuses(replies) == [200] * 5
    stored.check()


@pytest.mark.usefixtures("ada")
def test_an_old_refresh_token_sent_16_times_at_once_is_told_once(api: Api, inbox: Inbox) -> None:
    tokens = [api.post("/api/auth/login", LOGIN).json["refreshToken"]]
    for _ in range(2):
        tokens.append(api.post("/api/auth/refresh", {"refreshToken": tokens[-1]}).json["refreshToken"])
    replies = at_once(*[lambda: api.post("/api/auth/refresh", {"refreshToken": tokens[0]})] * 16)
    assert statuses(replies) == [401] * 16
    assert sorted(reply.json["code"] for reply in replies) == ["invalid_refresh_token"] * 15 + ["refresh_token_reused"]
    assert len(inbox.all()) == 1
    assert [entry["event"] for entry in stored.items("ActivityTable")].count("token_reused") == 1
    stored.check()


def test_one_link_confirms_once_however_often_at_once(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", ADA)
    token = inbox.newest().token
    replies = at_once(*[lambda: api.post("/api/auth/verify-email", {"token": token})] * 16)
    assert statuses(replies) == [200] + [400] * 15
    stored.check()


def test_a_code_has_five_tries_however_many_at_once(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/register", ADA)
    code = inbox.newest().code
    wrong = [f"{(int(code) + 1 + number) % 10**6:06}" for number in range(24)]
    replies = at_once(*(partial(api.post, "/api/auth/verify-email", {"email": ADA["email"], "code": c}) for c in wrong))
    assert set(statuses(replies)) <= {400, 503}
    (token,) = stored.items("OneTimeTokensTable")
    assert token["codeTries"] == 5
    assert api.post("/api/auth/verify-email", {"email": ADA["email"], "code": code}).status == 400


def test_two_admins_who_demote_each_other_leave_one(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = place(admin), place(other)
    for change in ({"role": "user"}, {"status": "disabled"}):
        replies = at_once(partial(admin.patch, theirs, change), partial(other.patch, mine, change))
        assert 200 in statuses(replies)
        assert statuses(replies)[1] in {401, 403, 409}
        stored.check()
        for email in (ADMIN_EMAIL, "second@example.com"):
            lifecycle.ensure_admin(email, PASSWORD)
        admin, other = (api.signed_in(email, PASSWORD) for email in (ADMIN_EMAIL, "second@example.com"))


def test_two_admins_who_both_leave_leave_one(api: Api, admin: Api) -> None:
    other = second_admin(api)
    mine, theirs = place(admin), place(other)
    replies = at_once(lambda: admin.delete(mine), lambda: other.delete(theirs))
    assert statuses(replies) == [204, 409]
    stored.check()
    assert len(stored.profiles()) == 1


def test_one_idempotency_key_invites_once_however_often_at_once(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body, idempotency_key="k")] * 16)
    assert set(statuses(replies)) <= {201, 503}
    assert len({reply.text for reply in replies if reply.status == 201}) == 1
    assert len(stored.profiles()) == 2
    assert len(stored.items("OutboxTable")) == 1
    stored.check()


def test_one_idempotency_key_with_two_requests_at_once_is_a_conflict_for_one(admin: Api) -> None:
    bodies = [{"name": name, "email": f"{name}@example.com"} for name in ("ben", "bob")]
    replies = at_once(*(partial(admin.post, "/api/users", b, idempotency_key="k") for b in bodies))
    assert statuses(replies) == [201, 409]
    assert len(stored.profiles()) == 2


def test_two_invitations_of_one_address_at_once_are_one_account(admin: Api) -> None:
    body = {"name": "Ben", "email": "ben@example.com"}
    replies = at_once(*[lambda: admin.post("/api/users", body)] * 8)
    assert statuses(replies) == [201] + [409] * 7
    stored.check()


def test_registering_while_being_invited_puts_no_password_into_the_invitation(admin: Api, api: Api) -> None:
    for number in range(6):
        ben = {"name": "Ben", "email": f"ben{number}@example.com"}
        at_once(
            partial(admin.post, "/api/users", {**ben, "role": "admin"}),
            partial(api.post, "/api/auth/register", {**ben, "password": PASSWORD}),
        )
        stored.check()
        (user,) = admin.get(f"/api/users?email={ben['email']}").json["data"]
        credential = credentials.find(ben["email"])
        assert credential is not None
        assert (user["role"] == "admin") == credential.is_invited


def test_promoting_while_confirming_never_makes_a_strangers_password_an_administrators(
    admin: Api, api: Api, inbox: Inbox
) -> None:
    for number in range(6):
        email = f"boss{number}@example.com"
        api.post("/api/auth/register", {**ADA, "email": email})
        token = inbox.newest().token
        (user,) = admin.get(f"/api/users?email={email}").json["data"]
        confirmed, promoted = at_once(
            partial(api.post, "/api/auth/verify-email", {"token": token}),
            partial(admin.patch, f"/api/users/{user['id']}", {"role": "admin"}),
        )
        assert promoted.status == 200
        credential = credentials.find(email)
        assert credential is not None
        assert credential.is_invited == (confirmed.status == 400)
        stored.check()


def test_changes_of_one_version_at_once_are_one_change(ada: Api) -> None:
    url = place(ada)
    tag = ada.get(url).headers["etag"]
    names = [f"Ada {number}" for number in range(8)]
    replies = at_once(*(partial(ada.patch, url, {"name": n}, if_match=tag) for n in names))
    assert statuses(replies) == [200] + [412] * 7
    (won,) = [name for name, reply in zip(names, replies, strict=True) if reply.status == 200]
    assert ada.get(url).json["data"]["name"] == won


def test_changes_without_a_version_at_once_are_all_made(ada: Api) -> None:
    url = place(ada)
    before = ada.get(url).headers["etag"]
    replies = at_once(*(partial(ada.patch, url, {"name": f"Ada {n}"}) for n in range(8)))
    assert statuses(replies) == [200] * 8
    assert int(ada.get(url).headers["etag"].strip('"')) == int(before.strip('"')) + 8
