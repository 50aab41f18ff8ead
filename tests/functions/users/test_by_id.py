"""/api/users/{userId}: reading, changing and closing an account."""

from typing import Any

import pytest
import time_machine

from shared.core import tables
from shared.records import sessions, users
from shared.values.client import Client
from tests.conftest import ADMIN_EMAIL, PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox
from tests.support.predicates import has_headers, is_error

NOBODY = "11111111-1111-4111-8111-111111111111"


def url(caller: Api) -> str:
    """The caller's own place."""
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


# Reading -------------------------------------------------------------------------------------------


def test_self_and_admin_read_a_profile_with_its_version(ada: Api, admin: Api) -> None:
    mine, theirs = ada.get(url(ada)), admin.get(url(ada))
    assert mine.status == theirs.status == 200
    assert mine.json == theirs.json
    assert mine.json["data"]["email"] == "ada@example.com"
    assert mine.headers["etag"] == '"1"'


def test_others_may_neither_read_nor_learn_whether_there_is_somebody(ada: Api, ben: Api) -> None:
    for place in (url(ben), f"/api/users/{NOBODY}", "/api/users/admins"):
        assert is_error(ada.get(place), 403, "forbidden")
        assert is_error(ada.patch(place, {"name": "Eve"}), 403, "forbidden")
        assert is_error(ada.put(place, {"name": "Eve"}), 403, "forbidden")
        assert is_error(ada.delete(place), 403, "forbidden")


@pytest.mark.parametrize("user_id", [NOBODY, "admins", "0", "a" * 3000, "%00", "é", NOBODY.upper().replace("1", "A")])
def test_an_id_that_nobody_has_is_not_found(admin: Api, user_id: str) -> None:
    place = f"/api/users/{user_id}"
    assert is_error(admin.get(place), 404, "user_not_found")
    assert is_error(admin.patch(place, {"name": "Eve"}), 404, "user_not_found")
    assert is_error(admin.delete(place), 404, "user_not_found")


# Changing ------------------------------------------------------------------------------------------


def test_a_user_changes_their_own_name(ada: Api) -> None:
    before = ada.get(url(ada))
    for change, name in ((ada.patch, "Ada L."), (ada.put, "Ada Lovelace")):
        reply = change(url(ada), {"name": name})
        assert reply.status == 200
        assert reply.json["data"]["name"] == name
        assert reply.headers["etag"] != before.headers["etag"]
        assert reply.json == ada.get(url(ada)).json
        before = reply


@pytest.mark.parametrize(
    "change", [{"role": "admin"}, {"status": "disabled"}, {"role": "user"}, {"name": "A", "role": "admin"}]
)
@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_a_user_may_not_change_role_or_status(ada: Api, change: dict[str, str], verb: str) -> None:
    reply = ada.call(verb, url(ada), {"name": "Ada", **change})
    assert is_error(reply, 403, "forbidden")
    assert ada.get("/api/auth/me").json["data"]["user"]["role"] == "user"


@pytest.mark.parametrize(
    "field", ["id", "email", "emailVerified", "emailStatus", "createdAt", "version", "shard", "user_id", "position"]
)
def test_fields_that_are_not_to_be_written_are_ignored(ada: Api, field: str) -> None:
    before = ada.get(url(ada)).json["data"]
    after = ada.patch(url(ada), {"name": "Ada", field: "x"}).json["data"]
    assert after == before


@pytest.mark.parametrize("body", [{}, {"name": None}, {"nickname": "A"}, {"role": None, "status": None}])
def test_a_patch_gives_at_least_one_field(admin: Api, ada: Api, body: dict[str, Any]) -> None:
    assert is_error(admin.patch(url(ada), body), 400, "validation_failed")


@pytest.mark.parametrize(
    "body", [{"name": "Ada"}, {"name": "Ada", "role": "user"}, {"role": "user", "status": "active"}]
)
def test_a_put_by_an_admin_gives_every_field(admin: Api, ada: Api, body: dict[str, Any]) -> None:
    assert is_error(admin.put(url(ada), body), 400, "validation_failed")


def test_a_put_without_name_says_so(ada: Api) -> None:
    reply = ada.put(url(ada), {})
    assert reply.json["message"] == "Name is required"
    assert reply.json["errors"] == [{"field": "name", "message": "is required"}]


def test_an_admin_changes_name_role_and_status(admin: Api, ada: Api) -> None:
    reply = admin.put(url(ada), {"name": "Ada L.", "role": "admin", "status": "active"})
    assert reply.status == 200
    assert [reply.json["data"][key] for key in ("name", "role", "status")] == ["Ada L.", "admin", "active"]
    stored.check()


@pytest.mark.parametrize(
    "change", [{"status": "gone"}, {"role": "root"}, {"name": ""}, {"name": "a" * 101}, {"name": 5}]
)
def test_values_that_make_no_sense_are_told_by_field(admin: Api, ada: Api, change: dict[str, Any]) -> None:
    reply = admin.patch(url(ada), change)
    assert is_error(reply, 400, "validation_failed")
    assert [fault["field"] for fault in reply.json["errors"]] == list(change)


def test_a_change_that_changes_nothing_keeps_the_version(ada: Api) -> None:
    before = ada.get(url(ada))
    after = ada.patch(url(ada), {"name": "Ada"})
    assert (after.json, after.headers["etag"]) == (before.json, before.headers["etag"])


def test_a_change_is_dated(ada: Api) -> None:
    place = url(ada)
    with time_machine.travel("2033-01-02T03:04:05.678Z", tick=False):
        ada = ada.signed_in("ada@example.com", PASSWORD)
        assert ada.patch(place, {"name": "A"}).json["data"]["updatedAt"] == "2033-01-02T03:04:05.678Z"


# If-Match ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["*", " * ", '"1"', '"0", "1"', '"1","9"', 'W/"2", "1"'])
def test_a_change_of_the_version_that_was_read_is_made(ada: Api, header: str) -> None:
    assert ada.patch(url(ada), {"name": "A"}, if_match=header).status == 200


@pytest.mark.parametrize(
    "header", ['"0"', '"2"', 'W/"1"', "1", "", "nonsense", '"', '"01x"', '"' + "9" * 400 + '"', '"0","2"']
)
def test_a_change_of_another_version_is_stale(ada: Api, header: str) -> None:
    for verb in ("PUT", "PATCH"):
        assert is_error(ada.call(verb, url(ada), {"name": "A"}, if_match=header), 412, "stale")
    assert ada.get(url(ada)).json["data"]["name"] == "Ada"


def test_of_two_changes_of_one_version_the_second_is_stale(ada: Api) -> None:
    tag = ada.get(url(ada)).headers["etag"]
    assert ada.patch(url(ada), {"name": "A"}, if_match=tag).status == 200
    assert is_error(ada.patch(url(ada), {"name": "B"}, if_match=tag), 412, "stale")


# What a change does to whoever is signed in ----------------------------------------------------------


def test_a_new_role_counts_for_an_existing_token_at_the_next_call(admin: Api, ada: Api) -> None:
    assert ada.get("/api/users").status == 403
    assert admin.patch(url(ada), {"role": "admin"}).status == 200
    assert ada.get("/api/users").status == 200
    assert admin.patch(url(ada), {"role": "user"}).status == 200
    assert ada.get("/api/users").status == 403
    stored.check()


def test_disabling_ends_every_session_at_once_and_enabling_revives_none(admin: Api, ada: Api) -> None:
    place, other = url(ada), ada.signed_in("ada@example.com", PASSWORD)
    assert admin.patch(place, {"status": "disabled"}).status == 200
    for caller in (ada, other):
        assert is_error(caller.get("/api/auth/me"), 401, "session_ended")
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert is_error(Api().post("/api/auth/login", login), 401, "invalid_credentials")
    assert admin.patch(place, {"status": "active"}).status == 200
    assert is_error(ada.get("/api/auth/me"), 401, "session_ended")
    assert Api().post("/api/auth/login", login).status == 200
    stored.check()


def test_a_change_reaches_more_sessions_than_one_transaction_has_room_for(admin: Api, ada: Api) -> None:
    place = url(ada)
    user = users.get(place.rpartition("/")[2])
    tables.write(*(sessions.starting(sessions.new(user, Client())) for _ in range(sessions._MAX_PER_TRANSACTION + 5)))
    assert admin.patch(place, {"role": "admin"}).status == 200
    stored.check()
    assert admin.patch(place, {"status": "disabled"}).status == 200
    assert all(session["role"] == "admin" for session in stored.sessions())
    stored.check()


# The last administrator ------------------------------------------------------------------------------


def test_the_last_admin_can_neither_go_nor_be_demoted_nor_disabled(admin: Api) -> None:
    me = url(admin)
    for refused in (
        admin.delete(me),
        admin.patch(me, {"role": "user"}),
        admin.patch(me, {"status": "disabled"}),
        admin.put(me, {"name": "A", "role": "user", "status": "disabled"}),
    ):
        assert is_error(refused, 409, "last_admin")
    assert admin.get("/api/users").status == 200
    stored.check()


def test_an_invited_admin_who_cannot_sign_in_yet_does_not_count(admin: Api) -> None:
    assert admin.post("/api/users", {"name": "Ben", "email": "ben@example.com", "role": "admin"}).status == 201
    assert is_error(admin.delete(url(admin)), 409, "last_admin")


def test_a_disabled_admin_does_not_count(admin: Api, ada: Api) -> None:
    admin.patch(url(ada), {"role": "admin"})
    admin.patch(url(ada), {"status": "disabled"})
    assert is_error(admin.patch(url(admin), {"role": "user"}), 409, "last_admin")
    stored.check()


def test_one_of_two_admins_can_go(admin: Api, ada: Api) -> None:
    admin.patch(url(ada), {"role": "admin"})
    assert admin.delete(url(admin)).status == 204
    assert is_error(ada.delete(url(ada)), 409, "last_admin")
    stored.check()


# Promoting somebody whose address nobody has confirmed -----------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        [{"role": "admin"}],
        [{"role": "admin", "status": "disabled"}, {"status": "active"}],
        [{"status": "disabled"}, {"role": "admin"}, {"status": "active"}],
    ],
)
@pytest.mark.parametrize("confirming", ["before", "after"])
def test_a_strangers_password_never_becomes_an_administrators(
    admin: Api, api: Api, inbox: Inbox, changes: list[dict[str, str]], confirming: str
) -> None:
    api.post("/api/auth/register", {"name": "Eve", "email": "boss@example.com", "password": PASSWORD})
    early = inbox.newest().token
    place = "/api/users/" + admin.get("/api/users?email=boss@example.com").json["data"][0]["id"]
    for change in changes:
        assert admin.patch(place, change).status == 200
        if confirming == "before" and "role" in change:
            api.post("/api/auth/resend-verification", {"email": "boss@example.com"})
            inbox.deliver()
            for mail in inbox.to("boss@example.com"):
                api.post("/api/auth/verify-email", {"token": mail.token})
    api.post("/api/auth/resend-verification", {"email": "boss@example.com"})
    inbox.deliver()
    for mail in inbox.to("boss@example.com"):
        api.post("/api/auth/verify-email", {"token": mail.token})
    assert is_error(api.post("/api/auth/verify-email", {"token": early}), 400, "invalid_link")
    login = api.post("/api/auth/login", {"email": "boss@example.com", "password": PASSWORD})
    assert is_error(login, 401, "invalid_credentials")
    assert "invited" in inbox.newest().subject
    stored.check()


# Closing -------------------------------------------------------------------------------------------


def test_closing_an_account_leaves_nothing_and_frees_the_address(ada: Api, api: Api, inbox: Inbox) -> None:
    place, other = url(ada), ada.signed_in("ada@example.com", PASSWORD)
    reply = ada.delete(place)
    assert (reply.status, reply.text) == (204, "")
    assert has_headers(reply)
    for caller in (ada, other):
        assert is_error(caller.get("/api/auth/me"), 401, "session_ended")
    for table in ("UsersTable", "CredentialsTable", "SessionsTable", "OneTimeTokensTable"):
        assert stored.items(table) == [], table
    api.post("/api/auth/register", {"name": "Ada", "email": "ada@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert api.signed_in("ada@example.com", PASSWORD).token


def test_closing_removes_pending_tokens(admin: Api, inbox: Inbox) -> None:
    place = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"]
    inbox.deliver()
    assert len(stored.items("OneTimeTokensTable")) == 1
    assert admin.delete(place).status == 204
    assert stored.items("OneTimeTokensTable") == []
    assert is_error(admin.delete(place), 404, "user_not_found")


def test_a_mail_decided_on_before_closing_is_not_sent_after_it(admin: Api, inbox: Inbox) -> None:
    admin.delete(admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"])
    assert inbox.all() == []
    stored.check()


def test_a_token_of_a_closed_account_does_not_come_back_with_the_next_of_that_address(
    ada: Api, api: Api, inbox: Inbox
) -> None:
    ada.delete(url(ada))
    api.post("/api/auth/register", {"name": "Ada", "email": "ada@example.com", "password": PASSWORD})
    api.post("/api/auth/verify-email", {"token": inbox.newest().token})
    assert is_error(ada.get("/api/auth/me"), 401, "session_ended")


def test_the_address_of_an_admin_is_found_by_any_admin(admin: Api) -> None:
    assert len(admin.get(f"/api/users?email={ADMIN_EMAIL}").json["data"]) == 1
