"""Passwords, tokens, codes and private keys never leak into logs, tables or responses that do not issue them."""

import base64
import logging

import pytest

from shared.core import logs
from shared.records import keys
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Inbox
from tests.support.faults import Wire

PASSWORDS = ("first secret phrase", "wrong secret phrase")


def test_sign_in_and_registration_leak_no_secrets(
    admin: Api, inbox: Inbox, wire: Wire, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong = PASSWORDS
    api = Api()
    answers: list[str] = []

    def call(caller: Api, verb: str, url: str, body: object = None) -> None:
        answers.append(caller.call(verb, url, body).text)

    with caplog.at_level(logging.DEBUG, "api_routes"):
        ada = {"name": "Ada", "email": "ada@example.com"}
        registration = api.post("/api/auth/register", {**ada, "password": right}).json["registration"]
        email = inbox.newest()
        wrong_code = f"{(int(email.code) + 1) % 10**6:06}"
        proof = {"registration": registration}
        call(api, "POST", "/api/auth/verify-email", {"email": ada["email"], "code": wrong_code, **proof})
        call(api, "POST", "/api/auth/verify-email", {"token": email.token[::-1], **proof})
        call(api, "POST", "/api/auth/verify-email", {"token": email.token, "password": wrong})
        first = api.post("/api/auth/verify-email", {"token": email.token, **proof}).json
        call(api, "POST", "/api/auth/login", {"email": ada["email"], "password": wrong})
        login = api.post("/api/auth/login", {"email": ada["email"], "password": right}).json
        caller = api.with_token(login["token"])
        call(caller, "GET", "/api/auth/me")
        call(admin, "POST", "/api/users", {"name": "Ben", "email": "ben@example.com"})
        invitation = inbox.newest()
        call(admin, "GET", "/api/users")
        wire.fail(faults.error("AccessDeniedException"))
        call(api, "POST", "/api/auth/login", {"email": ada["email"], "password": right})
        call(api, "POST", "/api/auth/register", {**ada, "password": right})
        call(caller, "GET", "/api/auth/me")
        wire.fail(lambda: (_ for _ in ()).throw(ZeroDivisionError))
        call(api, "POST", "/api/auth/login", {"email": ada["email"], "password": right})
        call(api, "POST", "/api/auth/verify-email", {"token": email.token})
        wire.reset()
        call(caller, "POST", "/api/auth/logout")
    hashes = [item["passwordHash"] for item in stored.credentials() if item["passwordHash"]]
    private = keys._ECDSA.to_jwk(keys.signing_key().private_key, as_dict=True)["d"]
    printed = capsys.readouterr()
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records)) + printed.out + printed.err
    assert "request failed" in log
    secrets = [*PASSWORDS, registration, email.token, invitation.token, private]
    secrets += [tokens[name] for tokens in (first, login) for name in ("token", "refreshToken")]
    for secret in [*secrets, *hashes, email.code]:
        assert secret not in log
    for secret in [*PASSWORDS, *hashes, private, email.token, invitation.token, "passwordHash", "bcrypt"]:
        assert all(secret not in answer for answer in answers)
    tables = stored.everything()
    for secret in [*secrets, repr(base64.urlsafe_b64decode(login["refreshToken"]))]:
        assert secret not in tables


def test_logs_contain_no_address(ada: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "api_routes"):
        ada.get("/api/auth/me")
        ada.post("/api/auth/resend-verification", {"email": "unknown@example.com"})
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records))
    assert "@example.com" not in log
    assert '"userId"' in log


def test_recovery_email_change_and_refresh_leak_no_secrets(
    ada: Api, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    email, new, typo = "ada@example.com", "second secret phrase", "typo of a phrase"
    answers: list[str] = []
    secrets = [PASSWORD, new, typo]

    def call(caller: Api, path: str, **body: str) -> None:
        answers.append(caller.post(f"/api/auth/{path}", body).text)

    with caplog.at_level(logging.DEBUG, "api_routes"):
        login = ada.post("/api/auth/login", {"email": email, "password": PASSWORD}).json
        tokens = [login["refreshToken"]]
        for _ in range(2):
            reply = ada.post("/api/auth/refresh", {"refreshToken": tokens[-1]}).json
            tokens.append(reply["refreshToken"])
            secrets.append(reply["token"])
        call(ada, "refresh", refreshToken=tokens[0])
        call(ada, "change-password", currentPassword=typo, newPassword=new)
        call(ada, "change-email", newEmail="countess@example.com", password=typo)
        call(ada, "forgot-password", email=email)
        secrets.append(inbox.newest().token)
        call(ada, "reset-password", token=secrets[-1], password="short")
        call(ada, "reset-password", token=secrets[-1], password=new)
        ada = ada.signed_in(email, new)
        call(ada, "change-email", newEmail="countess@example.com", password=new)
        for _ in range(2):
            secrets.append(inbox.newest().token)
            call(ada, "verify-email", token=secrets[-1])
        answers += [ada.get(f"/api/auth/{path}").text for path in ("activity", "sessions")]
        answers.append(ada.get("/api/auth/me").text)
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records))
    assert log.count('"message": "audit"') >= 9
    tables = stored.everything()
    for secret in [*secrets, *tokens]:
        assert secret not in log
        assert secret not in tables
        assert all(secret not in answer for answer in answers)
