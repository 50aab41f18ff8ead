"""/api/users: listing users and inviting them."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from shared.accounts import closing, lifecycle
from shared.core import aws, tables
from shared.records import shards, users
from shared.records.idempotency import Once
from shared.shapes.users import PublicUser
from shared.values import declared
from shared.values.client import Client
from shared.values.details import Details
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox
from tests.support.assertions import assert_error
from tests.support.faults import Wire

KEYS = ["id", "name", "email", "role", "status", "emailVerified", "emailStatus", "createdAt", "updatedAt"]
KEYS += Details.__annotations__


def invite(number: int) -> PublicUser:
    """Invite a user without an HTTP request. Return the profile."""
    once = Once(operation="invite", scope="", key="", request=None)
    return lifecycle.invite(
        name=f"User {number}",
        email=f"user{number}@example.com",
        role="user",
        details=declared.details({}),
        once=once,
        client=Client(),
    )


# Listing -------------------------------------------------------------------------------------------


def test_listed_users_have_exactly_the_documented_fields(admin: Api) -> None:
    reply = admin.get("/api/users")
    assert reply.status == 200
    assert list(reply.json) == ["success", "data", "nextCursor"]
    assert reply.json["success"] is True
    assert reply.json["nextCursor"] is None
    (user,) = reply.json["data"]
    assert list(user) == KEYS
    assert {key: user[key] for key in KEYS[1:7]} == {
        "name": "Administrator",
        "email": ADMIN_EMAIL,
        "role": "admin",
        "status": "active",
        "emailVerified": True,
        "emailStatus": "ok",
    }
    assert user["createdAt"].endswith("Z")
    assert "link" not in reply.headers


def test_only_admins_list_and_invite_users(ada: Api) -> None:
    assert_error(ada.get("/api/users"), 403, "forbidden")
    assert_error(ada.get("/api/users?limit=nonsense"), 403, "forbidden")
    assert_error(ada.post("/api/users", "nonsense"), 403, "forbidden")


@pytest.mark.parametrize("limit", [1, 3, 7, 10])
def test_pages_hold_each_user_once_newest_first_while_others_join(admin: Api, limit: int) -> None:
    with time_machine.travel(1_900_000_000) as clock:
        admin = admin.signed_in(ADMIN_EMAIL, PASSWORD)
        expected = []
        for number in range(9):
            # Some users share a millisecond, so that only the id orders them.
            if number % 3 == 0:
                clock.shift(1)
            expected.append(invite(number)["id"])
        seen, url = [], f"/api/users?limit={limit}"
        while url:
            reply = admin.get(url)
            assert len(reply.json["data"]) <= limit
            seen += [user["id"] for user in reply.json["data"]]
            assert len(seen) <= 10
            clock.shift(1)
            invite(100 + len(seen))
            link = reply.headers.get("link")
            assert (link is None) == (reply.json["nextCursor"] is None)
            url = link.removeprefix("<").removesuffix('>; rel="next"') if link else ""
        assert set(expected) <= set(seen)
        assert len(seen) == len(set(seen)) == 10
        times = {user["id"]: user["createdAt"] for user in stored.profiles()}
        assert [times[user_id] for user_id in seen] == sorted((times[user_id] for user_id in seen), reverse=True)


def test_users_are_distributed_over_the_shards(admin: Api) -> None:
    for number in range(40):
        invite(number)
    assert {user["shard"] for user in stored.profiles()} == set(shards.ALL)
    assert len(admin.get("/api/users?limit=100").json["data"]) == 41


def test_page_that_ends_with_the_last_user_has_no_cursor(admin: Api) -> None:
    invite(1)
    assert admin.get("/api/users?limit=2").json["nextCursor"] is None
    assert admin.get("/api/users?limit=1").json["nextCursor"] is not None


def test_list_queries_each_shard_once_and_never_scans(admin: Api, wire: Wire) -> None:
    admin.get("/api/users")
    wire.reset()
    admin.get("/api/users")
    assert wire.calls == ["GetItem", "Query", "Query", "Query", "Query"]


def test_list_queries_the_shards_in_parallel(admin: Api, wire: Wire) -> None:
    admin.get("/api/users")
    all_queries = threading.Barrier(4)

    def wait_for_the_others(operation: str) -> None:
        if operation == "Query":
            all_queries.wait(timeout=10)

    wire.before = wait_for_the_others
    assert admin.get("/api/users").status == 200


def store_users(*shards: str) -> list[str]:
    """Store a user in each of these shards. Return their ids, newest first."""
    ids = []
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        for number, shard in enumerate(shards):
            # Some users share a millisecond, so that only the id orders them.
            if number % 3 == 0:
                clock.shift(1)
            user = users.new(name="U", email=f"user{number}@example.com", role="user")._replace(shard=shard)
            tables.write(users.adding(user))
            ids.append((user.position, user.id))
    return [user_id for _, user_id in sorted(ids, reverse=True)]


EVEN, ONE_SHARD, UNEVEN = "0123" * 11, "2" * 44, "0" * 15 + "123" * 5 + "1" * 14
LIMITS = (2, 7, 20, 43, 44, 100)


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize(
    "shards", [EVEN, ONE_SHARD, UNEVEN, "", "3", "0123"], ids=["even", "one", "uneven", "none", "1", "4"]
)
def test_pages_of_any_size_hold_all_users_of_any_distribution(shards: str) -> None:
    expected = store_users(*shards)
    for limit in LIMITS:
        seen: list[str] = []
        position = None
        while len(seen) <= len(expected):
            page, position = users.newest(limit, before=position)
            seen += [user.id for user in page]
            if position is None:
                break
            assert len(page) == limit
        assert seen == expected


@pytest.fixture
def read(fake_aws: None) -> Iterator[list[int]]:  # noqa: ARG001  # the queries run there
    """The number of items that each query reads."""
    counts: list[int] = []
    events = aws.dynamodb().meta.events
    name = "after-call.dynamodb.Query"
    events.register(name, lambda parsed, **_: counts.append(len(parsed["Items"])), unique_id="read")
    yield counts
    events.unregister(name, unique_id="read")


def test_page_reads_the_share_of_each_shard_and_a_margin(read: list[int]) -> None:
    store_users(*"0123" * 40)
    for limit, each in ((1, 2), (5, 5), (20, 12), (100, 39)):
        users.newest(limit)
        assert read == [each] * 4
        read.clear()


def test_only_a_shard_with_more_than_its_share_is_queried_again(read: list[int]) -> None:
    store_users(*"13", *ONE_SHARD)
    assert len(users.newest(20)[0]) == 20
    assert sorted(read) == [0, 1, 1, 12, 12]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "", "ten", "1,2", "9" * 30, "%00"])
def test_limit_outside_1_to_100_is_rejected(admin: Api, limit: str) -> None:
    reply = admin.get(f"/api/users?limit={limit}")
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["limit"]


def next_cursor(admin: Api) -> str:
    return str(admin.get("/api/users?limit=1").json["nextCursor"])


def test_forged_cursor_is_rejected(admin: Api) -> None:
    invite(1)
    good = next_cursor(admin)
    content = base64.urlsafe_b64decode(good)
    bad = [
        good[:-4],
        good[4:],
        good[::-1],
        base64.urlsafe_b64encode(content[:16] + b"9" + content[17:]).decode(),
        base64.urlsafe_b64encode(content[16:]).decode(),
        base64.urlsafe_b64encode(bytes(16) + content[16:]).decode(),
        "",
        "%20",
        "null",
        "%C3%A9",
        "a" * 512,
        json.dumps({"id": "x"}).replace('"', "%22"),
    ]
    assert admin.get(f"/api/users?limit=1&cursor={good}").status == 200
    for cursor in bad:
        assert_error(admin.get(f"/api/users?cursor={cursor}"), 400, "invalid_cursor")


def test_cursor_of_another_session_is_rejected(admin: Api) -> None:
    invite(1)
    other = admin.signed_in(ADMIN_EMAIL, PASSWORD)
    assert_error(other.get(f"/api/users?cursor={next_cursor(admin)}"), 400, "invalid_cursor")


def test_cursor_survives_the_deletion_of_its_user(admin: Api) -> None:
    first, second = invite(1), invite(2)
    page = admin.get("/api/users?limit=1").json
    closing.close(page["data"][0]["id"], Client())
    following = admin.get(f"/api/users?limit=5&cursor={page['nextCursor']}").json["data"]
    assert {user["id"] for user in following} | {page["data"][0]["id"]} >= {first["id"], second["id"]}


@pytest.mark.parametrize("email", ["user1@example.com", "USER1@Example.com", "%20user1@example.com"])
def test_user_is_found_by_address_in_any_spelling(admin: Api, email: str) -> None:
    user = invite(1)
    reply = admin.get(f"/api/users?email={email}")
    assert [found["id"] for found in reply.json["data"]] == [user["id"]]
    assert reply.json["nextCursor"] is None


def test_unknown_address_finds_no_user(admin: Api) -> None:
    assert admin.get("/api/users?email=nobody@example.com").json["data"] == []


@pytest.mark.parametrize("email", ["", "nonsense", "a@b", "a@@example.com"])
def test_invalid_address_filter_is_rejected(admin: Api, email: str) -> None:
    reply = admin.get(f"/api/users?email={email}")
    assert_error(reply, 400, "validation_failed")
    assert reply.json["errors"][0]["field"] == "email"


# Invitations ---------------------------------------------------------------------------------------

BEN = {"name": "Ben", "email": "Ben@Example.com"}


def test_invitation_creates_an_account_and_sends_a_link(admin: Api, inbox: Inbox) -> None:
    reply = admin.post("/api/users", BEN)
    assert reply.status == 201
    assert list(reply.json) == ["success", "data"]
    user = reply.json["data"]
    assert list(user) == KEYS
    assert {key: user[key] for key in KEYS[1:7]} == {
        "name": "Ben",
        "email": "Ben@example.com",
        "role": "user",
        "status": "active",
        "emailVerified": False,
        "emailStatus": "ok",
    }
    assert reply.headers["location"] == f"/api/users/{user['id']}"
    assert admin.get(reply.headers["location"]).json["data"] == user
    (email,) = inbox.all()
    assert email.to == "Ben@example.com"
    assert f"http://localhost:3001/reset-password?token={email.token}" in email.text
    stored.check()


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "Ben"}, {"email": "ben@example.com"}, {"name": "", "email": " "}, {"name": None, "email": None}],
)
def test_name_and_email_are_required(admin: Api, body: dict[str, Any]) -> None:
    reply = admin.post("/api/users", body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "Name and email are required"
    absent = [field for field in ("name", "email") if not (body.get(field) or "").strip()]
    assert reply.json["errors"] == [{"field": field, "message": "is required"} for field in absent]


@pytest.mark.parametrize("role", ["root", "Admin", "", 1, None, ["admin"]])
def test_invalid_role_is_rejected(admin: Api, role: Any) -> None:
    reply = admin.post("/api/users", {**BEN, "role": role})
    assert_error(reply, 400, "validation_failed")
    assert reply.json["errors"][0]["field"] == "role"


def test_inviting_a_known_address_answers_409(admin: Api, ada: Api) -> None:
    for email in ("ada@example.com", "ADA@EXAMPLE.COM", ADMIN_EMAIL):
        assert_error(admin.post("/api/users", {"name": "Eve", "email": email}), 409, "email_taken")
    assert ada.get("/api/auth/me").status == 200


def test_invited_account_cannot_sign_in(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {**BEN, "role": "admin"})
    for password in ("", "None", "null", PASSWORD):
        reply = Api().post("/api/auth/login", {"email": "ben@example.com", "password": password})
        assert_error(reply, 401, "invalid_credentials")
    assert_error(Api().post("/api/auth/verify-email", {"token": inbox.newest().token}), 400, "invalid_link")


def test_request_with_the_same_idempotency_key_is_executed_once(admin: Api, inbox: Inbox) -> None:
    first = admin.post("/api/users", BEN, idempotency_key="k1")
    again = admin.post(
        "/api/users", {"email": "ben@EXAMPLE.com ".replace("ben", "Ben"), "name": "Ben"}, idempotency_key="k1"
    )
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert first.headers["location"] == again.headers["location"]
    assert len(inbox.all()) == 1
    assert len(stored.profiles()) == 2


def test_idempotency_key_with_another_request_answers_409(admin: Api) -> None:
    admin.post("/api/users", BEN, idempotency_key="k1")
    for body in ({**BEN, "role": "admin"}, {**BEN, "name": "Bob"}, {**BEN, "email": "bob@example.com"}):
        assert_error(admin.post("/api/users", body, idempotency_key="k1"), 409, "idempotency_key_reused")
    assert len(stored.profiles()) == 2


def test_idempotency_key_is_scoped_to_the_caller(admin: Api) -> None:
    lifecycle.ensure_admin("other@example.com", PASSWORD)
    other = Api().signed_in("other@example.com", PASSWORD)
    admin.post("/api/users", BEN, idempotency_key="k1")
    assert_error(other.post("/api/users", BEN, idempotency_key="k1"), 409, "email_taken")


def test_idempotency_key_is_remembered_for_a_day(admin: Api) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        admin = admin.signed_in(ADMIN_EMAIL, PASSWORD)
        admin.post("/api/users", BEN, idempotency_key="k1")
        clock.shift(24 * 3600 - 1)
        admin = admin.signed_in(ADMIN_EMAIL, PASSWORD)
        assert admin.post("/api/users", BEN, idempotency_key="k1").status == 201
        clock.shift(1)
        assert_error(admin.post("/api/users", BEN, idempotency_key="k1"), 409, "email_taken")
        assert admin.post("/api/users", {"name": "Bob", "email": "bob@example.com"}, idempotency_key="k1").status == 201


def test_failed_request_does_not_use_up_its_idempotency_key(admin: Api) -> None:
    assert admin.post("/api/users", {"name": "Eve", "email": ADMIN_EMAIL}, idempotency_key="k1").status == 409
    assert admin.post("/api/users", BEN, idempotency_key="k1").status == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "\n", "a" * 256, "\x7f"])
def test_invalid_idempotency_key_is_rejected(admin: Api, key: str) -> None:
    assert_error(admin.post("/api/users", BEN, idempotency_key=key), 400, "validation_failed")
    assert admin.post("/api/users", BEN, idempotency_key="~" * 255).status == 201
