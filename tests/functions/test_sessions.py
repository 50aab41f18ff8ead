"""/api/auth/sessions, and the email about a sign-in from a new device."""

import pytest

from tests.support import PASSWORD
from tests.support.api import Api, Inbox


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
