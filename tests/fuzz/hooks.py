"""Runs in schemathesis: signs in as an administrator, again and again, because what it sends ends sessions."""

import json
import os
import urllib.request
from typing import Any

import schemathesis  # type: ignore[import-not-found]  # installed beside the checkers


@schemathesis.auth(refresh_interval=1)
class Admin:
    """A new session every second."""

    def get(self, _case: Any, _context: Any) -> str:
        """Sign in, and return the access token."""
        body = {"email": os.environ["FUZZ_EMAIL"], "password": os.environ["FUZZ_PASSWORD"]}
        request = urllib.request.Request(  # noqa: S310  # our own runner
            os.environ["FUZZ_URL"] + "/api/auth/login",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  # our own runner
            token: str = json.load(response)["token"]
        return token

    def set(self, case: Any, token: str, _context: Any) -> None:
        """Add it to a request."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
