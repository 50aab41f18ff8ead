"""Emails in the language of CONTRIBUTING.md. `test_emails.py` runs this in a copy with it."""

from tests.support import PASSWORD
from tests.support.api import Api, Email, Inbox
from tests.support.feedback import bounce, receive

ADA = "ada@example.com"
GERMAN, ENGLISH = "Adresse bestätigen für Lambda API Routes", "Confirm your address for Lambda API Routes"


def register(api: Api, inbox: Inbox, email: str = ADA, **fields: object) -> tuple[str, Email]:
    """Register, and return the secret and the email."""
    form = {"name": "Ada", "email": email, "password": PASSWORD, **fields}
    reply = api.post("/api/auth/register", form)
    assert reply.status == 202, reply.text
    return reply.json["registration"], inbox.newest()


def test_registration_decides_about_its_own_email(api: Api, inbox: Inbox) -> None:
    for fields, subject in (({"language": "de"}, GERMAN), ({"language": "en"}, ENGLISH), ({}, ENGLISH)):
        _, email = register(api, inbox, **fields)
        assert email.subject == subject
        assert ('<html lang="de">' in email.html) == (subject == GERMAN)
        assert ("kopieren Sie diesen Link" in email.html) == (subject == GERMAN)
        assert ("copy this link" in email.html) == (subject == ENGLISH)


def test_unknown_language_is_rejected(api: Api) -> None:
    form = {"name": "Ada", "email": ADA, "password": PASSWORD, "language": "../de"}
    assert api.post("/api/auth/register", form).status == 400


def test_forgotten_password_of_a_pending_registration_follows_it(api: Api, inbox: Inbox) -> None:
    register(api, inbox, language="de")
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert [email.subject for email in inbox.all()] == [GERMAN, GERMAN]


def test_email_without_a_translation_is_english_altogether(api: Api, inbox: Inbox) -> None:
    secret, email = register(api, inbox, language="de")
    assert api.post("/api/auth/verify-email", {"registration": secret, "token": email.token}).status == 200
    api.post("/api/auth/forgot-password", {"email": ADA})
    email = inbox.newest()
    assert email.subject == "Choose a new password for Lambda API Routes"
    assert '<html lang="en">' in email.html
    assert "copy this link" in email.html


def test_profile_decides_for_an_account(ada: Api, api: Api, inbox: Inbox) -> None:
    user = ada.get("/api/auth/me").json["data"]["user"]
    assert ada.patch(f"/api/users/{user['id']}", {"language": "de"}).status == 200
    # An address that has bounced is confirmed again, with the template that is translated.
    receive(bounce(ADA))
    api.post("/api/auth/resend-verification", {"email": ADA})
    assert inbox.newest().subject == GERMAN


def test_logo_has_a_text_instead(api: Api, inbox: Inbox) -> None:
    _, email = register(api, inbox)
    assert '<img src="https://www.example.com/logo.png" alt="Lambda API Routes" width="120"' in email.html
    assert "logo" not in email.text
