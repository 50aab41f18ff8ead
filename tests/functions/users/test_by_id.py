"""/api/users/{userId}."""

from typing import Any

import pytest
import time_machine

from shared.core import clock, tables
from shared.records import sessions, users
from shared.values.client import Client
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Inbox, Reply
from tests.support.assertions import assert_error, assert_headers

UNKNOWN_ID = "11111111-1111-4111-8111-111111111111"


def url(caller: Api) -> str:
    """Return the URL of the caller's own account."""
    return f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"


def register(api: Api, inbox: Inbox) -> Reply:
    """Register Ada's address, and open the account."""
    form = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
    secret = api.post("/api/auth/register", form).json["registration"]
    return api.post("/api/auth/verify-email", {"token": inbox.newest().token, "registration": secret})


# Reading -------------------------------------------------------------------------------------------


def test_user_and_admin_read_the_profile_with_its_version(ada: Api, admin: Api) -> None:
    mine, theirs = ada.get(url(ada)), admin.get(url(ada))
    assert mine.status == theirs.status == 200
    assert mine.json == theirs.json
    assert mine.json["data"]["email"] == "ada@example.com"
    assert mine.headers["etag"] == '"1"'


def test_other_users_get_403_whether_or_not_the_account_exists(ada: Api, ben: Api) -> None:
    for target in (url(ben), f"/api/users/{UNKNOWN_ID}", "/api/users/admins"):
        assert_error(ada.get(target), 403, "forbidden")
        assert_error(ada.patch(target, {"name": "Eve"}), 403, "forbidden")
        assert_error(ada.put(target, {"name": "Eve"}), 403, "forbidden")
        assert_error(ada.delete(target), 403, "forbidden")


@pytest.mark.parametrize(
    "user_id", [UNKNOWN_ID, "admins", "0", "a" * 3000, "%00", "é", UNKNOWN_ID.upper().replace("1", "A")]
)
def test_unknown_id_is_not_found(admin: Api, user_id: str) -> None:
    target = f"/api/users/{user_id}"
    assert_error(admin.get(target), 404, "user_not_found")
    assert_error(admin.patch(target, {"name": "Eve"}), 404, "user_not_found")
    assert_error(admin.put(target, {"name": "Eve", "role": "user", "status": "active"}), 404, "user_not_found")
    assert_error(admin.delete(target), 404, "user_not_found")


# Changes -------------------------------------------------------------------------------------------


def test_user_changes_their_own_name(ada: Api) -> None:
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
def test_user_cannot_change_role_or_status(ada: Api, change: dict[str, str], verb: str) -> None:
    reply = ada.call(verb, url(ada), {"name": "Ada", **change})
    assert_error(reply, 403, "forbidden")
    assert ada.get("/api/auth/me").json["data"]["user"]["role"] == "user"


@pytest.mark.parametrize(
    "field", ["id", "email", "emailVerified", "emailStatus", "createdAt", "version", "shard", "user_id", "position"]
)
def test_read_only_and_unknown_fields_are_ignored(ada: Api, field: str) -> None:
    before = ada.get(url(ada)).json["data"]
    after = ada.patch(url(ada), {"name": "Ada", field: "x"}).json["data"]
    assert after == before


@pytest.mark.parametrize("body", [{}, {"name": None}, {"nickname": "A"}, {"role": None, "status": None}])
def test_patch_requires_a_field(admin: Api, ada: Api, body: dict[str, Any]) -> None:
    assert_error(admin.patch(url(ada), body), 400, "validation_failed")


@pytest.mark.parametrize("field", ["name", "role", "status"])
@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_null_is_no_value_of_a_field_that_every_user_has(admin: Api, ada: Api, verb: str, field: str) -> None:
    before = ada.get(url(ada)).json
    reply = admin.call(verb, url(ada), {"name": "Augusta", "role": "user", "status": "active", field: None})
    assert_error(reply, 400, "validation_failed")
    assert reply.json["errors"] == [{"field": field, "message": "is required"}]
    assert ada.get(url(ada)).json == before


@pytest.mark.parametrize(
    "body", [{"name": "Ada"}, {"name": "Ada", "role": "user"}, {"role": "user", "status": "active"}]
)
def test_put_by_an_admin_requires_every_field(admin: Api, ada: Api, body: dict[str, Any]) -> None:
    assert_error(admin.put(url(ada), body), 400, "validation_failed")


def test_put_requires_a_name(ada: Api) -> None:
    reply = ada.put(url(ada), {})
    assert reply.json["message"] == "Name is required"
    assert reply.json["errors"] == [{"field": "name", "message": "is required"}]


def test_admin_changes_name_role_and_status(admin: Api, ada: Api) -> None:
    reply = admin.put(url(ada), {"name": "Ada L.", "role": "admin", "status": "active"})
    assert reply.status == 200
    assert [reply.json["data"][key] for key in ("name", "role", "status")] == ["Ada L.", "admin", "active"]
    stored.check()


@pytest.mark.parametrize(
    "change", [{"status": "gone"}, {"role": "root"}, {"name": ""}, {"name": "a" * 101}, {"name": 5}]
)
def test_invalid_values_are_reported_by_field(admin: Api, ada: Api, change: dict[str, Any]) -> None:
    reply = admin.patch(url(ada), change)
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == list(change)


def test_patch_without_a_difference_keeps_the_version(ada: Api) -> None:
    before = ada.get(url(ada))
    after = ada.patch(url(ada), {"name": "Ada"})
    assert (after.json, after.headers["etag"]) == (before.json, before.headers["etag"])


def test_patch_sets_updated_at(ada: Api) -> None:
    target = url(ada)
    with time_machine.travel("2033-01-02T03:04:05.678Z", tick=False):
        ada = ada.signed_in("ada@example.com", PASSWORD)
        assert ada.patch(target, {"name": "A"}).json["data"]["updatedAt"] == "2033-01-02T03:04:05.678Z"


# If-Match ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["*", " * ", '"1"', '"0", "1"', '"1","9"', 'W/"2", "1"', ', "x", "1" ,'])
def test_if_match_with_the_current_version_succeeds(ada: Api, header: str) -> None:
    assert ada.patch(url(ada), {"name": "A"}, if_match=header).status == 200


@pytest.mark.parametrize(
    "header",
    [
        '"0"',
        '"2"',
        'W/"1"',
        "1",
        "",
        "nonsense",
        '"',
        '"01x"',
        '"' + "9" * 400 + '"',
        '"0","2"',
        '"01"',
        'xx"1"yy',
        '"1" "2"',
        '"1";',
    ],
)
def test_if_match_with_another_version_is_stale(ada: Api, header: str) -> None:
    for verb in ("PUT", "PATCH"):
        assert_error(ada.call(verb, url(ada), {"name": "A"}, if_match=header), 412, "stale")
    assert ada.get(url(ada)).json["data"]["name"] == "Ada"


def test_second_change_of_one_version_is_stale(ada: Api) -> None:
    tag = ada.get(url(ada)).headers["etag"]
    assert ada.patch(url(ada), {"name": "A"}, if_match=tag).status == 200
    assert_error(ada.patch(url(ada), {"name": "B"}, if_match=tag), 412, "stale")


# If-None-Match -------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["*", '"1"', 'W/"1"', '"0", "1"'])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_what_the_caller_has_already_is_not_sent_again(ada: Api, verb: str, header: str) -> None:
    reply = ada.call(verb, url(ada), if_none_match=header)
    assert (reply.status, reply.headers["etag"], reply.text) == (304, '"1"', "")
    assert "content-type" not in reply.headers


@pytest.mark.parametrize(
    ("header", "status"), [("*", 200), ('"2", "1"', 200), ('"2"', 412), ('W/"1"', 412), ("1", 412)]
)
def test_only_a_version_that_the_caller_accepts_is_sent(ada: Api, header: str, status: int) -> None:
    assert ada.get(url(ada), if_match=header).status == status
    # If-Match comes first (RFC 9110, 13.2.2).
    assert ada.get(url(ada), if_match=header, if_none_match='"1"').status == (304 if status == 200 else 412)


@pytest.mark.parametrize("header", ["", '"2"', "1", "nonsense", 'x"1"'])
def test_other_entity_tags_get_the_profile(ada: Api, header: str) -> None:
    reply = ada.get(url(ada), if_none_match=header)
    assert (reply.status, reply.json["data"]["name"]) == (200, "Ada")


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("header", ["*", '"1"', '"7", "1"', 'W/"1"', "1", "*,*", "nonsense"])
def test_a_write_of_a_version_that_is_ruled_out_is_stale(ada: Api, verb: str, header: str) -> None:
    assert_error(ada.call(verb, url(ada), {"name": "A"}, if_none_match=header), 412, "stale")
    assert ada.get(url(ada)).json["data"]["name"] == "Ada"


def test_a_write_of_another_version_than_the_one_ruled_out_succeeds(ada: Api) -> None:
    assert ada.patch(url(ada), {"name": "A"}, if_none_match='"2"').status == 200


def test_an_account_is_closed_only_in_the_version_that_was_read(ada: Api) -> None:
    assert_error(ada.delete(url(ada), if_match='"0"'), 412, "stale")
    assert ada.delete(url(ada), if_match='"1"').status == 204


# Effects on sessions -------------------------------------------------------------------------------


def test_new_role_applies_to_existing_tokens_at_once(admin: Api, ada: Api) -> None:
    assert ada.get("/api/users").status == 403
    assert admin.patch(url(ada), {"role": "admin"}).status == 200
    assert ada.get("/api/users").status == 200
    assert admin.patch(url(ada), {"role": "user"}).status == 200
    assert ada.get("/api/users").status == 403
    stored.check()


def test_disabling_ends_all_sessions_and_enabling_restores_none(admin: Api, ada: Api) -> None:
    target, other = url(ada), ada.signed_in("ada@example.com", PASSWORD)
    assert admin.patch(target, {"status": "disabled"}).status == 200
    for caller in (ada, other):
        assert_error(caller.get("/api/auth/me"), 401, "session_ended")
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert_error(Api().post("/api/auth/login", login), 401, "invalid_credentials")
    assert admin.patch(target, {"status": "active"}).status == 200
    assert_error(ada.get("/api/auth/me"), 401, "session_ended")
    assert Api().post("/api/auth/login", login).status == 200
    stored.check()


def test_changes_reach_more_sessions_than_fit_into_one_transaction(admin: Api, ada: Api) -> None:
    target = url(ada)
    user = users.get(target.rpartition("/")[2])
    tables.write(*(sessions.starting(sessions.new(user, Client())) for _ in range(sessions._MAX_PER_TRANSACTION + 5)))
    assert admin.patch(target, {"role": "admin"}).status == 200
    stored.check()
    assert admin.patch(target, {"status": "disabled"}).status == 200
    assert all(session["role"] == "admin" for session in stored.sessions())
    stored.check()


# Notices -------------------------------------------------------------------------------------------


def test_user_is_told_about_a_new_role_or_status_but_not_about_a_name(admin: Api, ada: Api, inbox: Inbox) -> None:
    target = url(ada)
    for change, subjects in (
        ({"name": "Augusta"}, []),
        ({"role": "user", "status": "active"}, []),
        ({"role": "admin"}, ["Your role at Lambda API Routes was changed"]),
        ({"status": "disabled"}, ["Your account at Lambda API Routes was disabled"]),
        (
            {"status": "active", "role": "user"},
            ["Your account at Lambda API Routes was enabled", "Your role at Lambda API Routes was changed"],
        ),
    ):
        before = len(inbox.to("ada@example.com"))
        assert admin.patch(target, change).status == 200
        inbox.deliver()
        assert sorted(email.subject for email in inbox.to("ada@example.com")[before:]) == subjects
    assert "from admin to user" in " ".join(email.text for email in inbox.to("ada@example.com"))


def test_invited_user_is_not_told_before_the_invitation_is_accepted(admin: Api, inbox: Inbox) -> None:
    target = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"]
    for change in ({"role": "admin"}, {"status": "disabled"}, {"status": "active"}):
        assert admin.patch(target, change).status == 200
    inbox.deliver()
    assert [email.subject for email in inbox.to("ben@example.com")] == ["You are invited to Lambda API Routes"]


# The last administrator ----------------------------------------------------------------------------


def test_last_admin_cannot_be_deleted_demoted_or_disabled(admin: Api) -> None:
    me = url(admin)
    for refused in (
        admin.delete(me),
        admin.patch(me, {"role": "user"}),
        admin.patch(me, {"status": "disabled"}),
        admin.put(me, {"name": "A", "role": "user", "status": "disabled"}),
    ):
        assert_error(refused, 409, "last_admin")
    assert admin.get("/api/users").status == 200
    stored.check()


def test_refused_closing_changes_nothing(admin: Api) -> None:
    for _ in range(6):
        admin.post("/api/auth/login", {"email": ADMIN_EMAIL, "password": "wrong"})
    admin.post("/api/auth/register", {"name": "Eve", "email": ADMIN_EMAIL, "password": PASSWORD})
    before = stored.everything()
    assert_error(admin.delete(url(admin)), 409, "last_admin")
    assert stored.everything() == before


def test_invited_admin_is_not_counted(admin: Api) -> None:
    assert admin.post("/api/users", {"name": "Ben", "email": "ben@example.com", "role": "admin"}).status == 201
    assert_error(admin.delete(url(admin)), 409, "last_admin")


def test_disabled_admin_is_not_counted(admin: Api, ada: Api) -> None:
    admin.patch(url(ada), {"role": "admin"})
    admin.patch(url(ada), {"status": "disabled"})
    assert_error(admin.patch(url(admin), {"role": "user"}), 409, "last_admin")
    stored.check()


def test_one_of_two_admins_can_be_deleted(admin: Api, ada: Api) -> None:
    admin.patch(url(ada), {"role": "admin"})
    assert admin.delete(url(admin)).status == 204
    assert_error(ada.delete(url(ada)), 409, "last_admin")
    stored.check()


# Closing -------------------------------------------------------------------------------------------


def test_closing_an_account_deletes_its_data_and_frees_the_address(ada: Api, api: Api, inbox: Inbox) -> None:
    target, other = url(ada), ada.signed_in("ada@example.com", PASSWORD)
    reply = ada.delete(target)
    assert (reply.status, reply.text) == (204, "")
    assert_headers(reply)
    for caller in (ada, other):
        assert_error(caller.get("/api/auth/me"), 401, "session_ended")
    for table in ("UsersTable", "CredentialsTable", "SessionsTable"):
        assert stored.items(table) == [], table
    assert register(api, inbox).status == 200
    assert api.signed_in("ada@example.com", PASSWORD).token


def test_closing_an_account_voids_its_one_time_tokens(admin: Api, inbox: Inbox) -> None:
    target = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"]
    link = {"token": inbox.newest().token, "password": PASSWORD}
    assert admin.delete(target).status == 204
    assert_error(Api().post("/api/auth/reset-password", link), 400, "invalid_link")
    assert_error(admin.delete(target), 404, "user_not_found")


def test_queued_email_of_a_closed_account_is_not_sent(admin: Api, inbox: Inbox) -> None:
    admin.delete(admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}).headers["location"])
    assert inbox.all() == []
    stored.check()


@pytest.mark.parametrize("path", ["forgot-password", "invitation"])
def test_link_of_a_closed_account_does_not_open_the_next_one(
    admin: Api, ben: Api, api: Api, inbox: Inbox, path: str
) -> None:
    if path == "invitation":
        target = admin.post("/api/users", {"name": "Ada", "email": "ada@example.com"}).headers["location"]
    else:
        target = url(ben)
        admin.delete(target)
        register(api, inbox)
        (user,) = users.with_email("ada@example.com")
        target = f"/api/users/{user.id}"
        api.post("/api/auth/forgot-password", {"email": "ada@example.com"})
    link = inbox.to("ada@example.com")[-1].token
    assert admin.delete(target).status == 204
    with time_machine.travel(clock.now() + clock.MINUTE):
        assert register(api, inbox).status == 200
        body = {"token": link, "password": "a rather different sentence"}
        assert_error(api.post("/api/auth/reset-password", body), 400, "invalid_link")
        assert api.signed_in("ada@example.com", PASSWORD).token


def test_token_of_a_closed_account_stays_invalid_for_its_successor(ada: Api, api: Api, inbox: Inbox) -> None:
    ada.delete(url(ada))
    assert register(api, inbox).status == 200
    assert_error(ada.get("/api/auth/me"), 401, "session_ended")


def test_admin_finds_an_admin_by_address(admin: Api) -> None:
    assert len(admin.get(f"/api/users?email={ADMIN_EMAIL}").json["data"]) == 1
