"""One user's journey from registration to sign-out."""

from tests.support import PASSWORD
from tests.support.api import Api, Inbox


def test_register_verify_login_and_logout(api: Api, inbox: Inbox) -> None:
    registered = api.post("/api/auth/register", {"name": "Ada", "email": "Ada@Example.com", "password": PASSWORD})
    assert registered.status == 202
    email = inbox.newest()
    assert email.to == "Ada@example.com"

    unverified = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert (unverified.status, unverified.json["code"]) == (403, "email_not_verified")

    assert api.post("/api/auth/verify-email", {"token": email.token}).status == 200
    login = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert login.status == 200
    assert login.json["user"]["name"] == "Ada"

    ada = api.with_token(login.json["token"])
    assert ada.get("/api/auth/me").json["data"]["user"]["emailVerified"] is True
    assert ada.post("/api/auth/logout").status == 204
    refused = ada.get("/api/auth/me")
    assert (refused.status, refused.json["code"]) == (401, "session_ended")
