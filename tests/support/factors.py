"""Second factors in tests: an authenticator app, and accounts that have one."""

import base64
from dataclasses import dataclass
from typing import Any

import time_machine

from shared.core import clock
from shared.values import totp
from tests.support import PASSWORD
from tests.support.api import Api, Reply


@dataclass(frozen=True)
class Phone:
    """An authenticator app, and the recovery codes that came with it."""

    id: str
    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """Return the code that the app shows now, or so many steps later."""
        padded = self.secret + "=" * (-len(self.secret) % 8)
        return totp.code(base64.b32decode(padded), clock.now() // totp.PERIOD + steps)


def enroll(api: Api, name: str = "My phone", *, steps: int = -1) -> Phone:
    """Add and confirm an app, with the code of an earlier step, so that the current one is still unused."""
    added = api.post("/api/auth/factors", {"type": "totp", "name": name})
    assert added.status == 201, added.text
    data = added.json["data"]
    phone = Phone(data["id"], data["secret"], [])
    # At one moment: half a minute must not end between the code and its check.
    with time_machine.travel(clock.now(), tick=False):
        confirmed = api.post(f"/api/auth/factors/{phone.id}", {"code": phone.code(steps)})
    assert confirmed.status == 200, confirmed.text
    return Phone(phone.id, phone.secret, confirmed.json["data"].get("recoveryCodes", []))


def mfa_token(api: Api, email: str, **body: Any) -> str:
    """Return the token of the first step."""
    reply = api.post("/api/auth/login", {"email": email, "password": PASSWORD, **body})
    assert (reply.status, reply.json["code"]) == (403, "mfa_required"), reply.text
    return str(reply.json["mfa"]["token"])


def sign_in(api: Api, email: str, **proof: str) -> Reply:
    """Sign in with the password and a factor."""
    return api.post("/api/auth/mfa", {"token": mfa_token(api, email), **proof})
