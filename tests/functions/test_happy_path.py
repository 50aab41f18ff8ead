"""One user's journey from registration to sign-out."""

from tests.support import PASSWORD
from tests.support.api import Api, Inbox


def test_register_confirm_login_and_logout(api: Api, inbox: Inbox) -> None:
    registered = api.post("/api/auth/register", {"name": "Ada", "email": "Ada@Example.com", "password": PASSWORD})
    assert registered.status == 202
    email = inbox.newest()
    assert email.to == "Ada@example.com"

    too_early = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert (too_early.status, too_early.json["code"]) == (401, "invalid_credentials")

    proofs = {"token": email.token, "registration": registered.json["registration"]}
    confirmed = api.post("/api/auth/verify-email", proofs)
    assert confirmed.status == 200
    assert api.with_token(confirmed.json["token"]).get("/api/auth/me").status == 200
    login = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert login.status == 200
    assert login.json["user"]["name"] == "Ada"

    ada = api.with_token(login.json["token"])
    assert ada.get("/api/auth/me").json["data"]["user"]["emailVerified"] is True
    assert ada.post("/api/auth/logout").status == 204
    refused = ada.get("/api/auth/me")
    assert (refused.status, refused.json["code"]) == (401, "session_ended")
