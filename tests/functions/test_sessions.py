"""/api/auth/sessions, and the email about a sign-in from a new device."""

import pytest

from shared.core import aws
from tests.support import PASSWORD
from tests.support.api import Api, Inbox
from tests.support.assertions import assert_error


def test_user_lists_sessions_and_ends_one(ada: Api, api: Api) -> None:
    other = api.signed_in("ada@example.com", PASSWORD)
    listed = ada.get("/api/auth/sessions").json["data"]
    assert len(listed) == 2
    assert {"id", "createdAt", "lastUsedAt", "ip", "userAgent", "current"} <= listed[0].keys()
    not_current = next(session for session in listed if not session["current"])
    assert ada.delete(f"/api/auth/sessions/{not_current['id']}").status == 204
    assert other.get("/api/auth/me").status == 401
    assert ada.delete(f"/api/auth/sessions/{not_current['id']}").status == 404


def test_session_of_another_user_is_not_found(ada: Api, admin: Api) -> None:
    mine = ada.get("/api/auth/sessions").json["data"][0]["id"]
    assert admin.delete(f"/api/auth/sessions/{mine}").status == 404
    assert ada.get("/api/auth/me").status == 200


@pytest.mark.usefixtures("ada")
def test_login_from_a_new_device_sends_an_email(api: Api, inbox: Inbox) -> None:
    before = len(inbox.all())
    body = {"email": "ada@example.com", "password": PASSWORD}
    api.post("/api/auth/login", body)
    assert len(inbox.all()) == before
    api.post("/api/auth/login", body, user_agent="Burner/1.0")
    assert "New sign-in" in inbox.newest().subject
    assert "Burner/1.0" in inbox.newest().text


# The caller's profile and session ------------------------------------------------------------------


def test_entity_tag_of_me_changes_with_the_profile_and_with_the_session(ada: Api, api: Api) -> None:
    def tag(caller: Api) -> str:
        reply = caller.get("/api/auth/me")
        assert caller.get("/api/auth/me", if_none_match=reply.headers["etag"]).status == 304
        assert_error(caller.get("/api/auth/me", if_match='"other"'), 412, "stale")
        return reply.headers["etag"]

    first = tag(ada)
    assert tag(ada) == first
    me = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    assert ada.patch(me, {"name": "Countess"}).status == 200
    second = tag(ada)
    assert second != first
    assert tag(api.signed_in("ada@example.com", PASSWORD)) != second


def test_me_of_an_account_that_is_being_closed_is_a_session_that_has_ended(ada: Api) -> None:
    me = ada.get("/api/auth/me").json["data"]["user"]["id"]
    aws.dynamodb().delete_item(TableName="UsersTable", Key={"id": {"S": me}})
    assert_error(ada.get("/api/auth/me"), 401, "session_ended")
