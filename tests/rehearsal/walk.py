"""The API contract, verified over HTTP at the deployed URL."""

import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp

from shared.records.flows import challenge_of
from tests.rehearsal.cloud import Cloud
from tests.rehearsal.steps import RehearsalError
from tests.support import PASSWORD, openid
from tests.support.api import Email
from tests.support.authenticator import Authenticator
from tests.support.openid import Provider

EVENTS = Path(__file__).parent.parent.parent / "events"
ORIGIN = "https://app.example.com"
# The default of the parameter FrontendUrl.
_FRONT_END = "http://localhost:3001"
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_EMAIL_TIMEOUT = 30.0
# Of 300 KB each: together more than the 5 MB that fit in a response.
_LARGE_ENTRIES = 20


@dataclass(frozen=True)
class Reply:
    """A response; header names are in lower case."""

    request: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def expect(self, status: int, code: str | None = None) -> "Reply":
        """Return the reply if it has this status and error code. Raises RehearsalError otherwise."""
        if self.status != status or (code is not None and self.json.get("code") != code):
            wanted = f"{status} {code or ''}".strip()
            raise RehearsalError(
                f"{self.request} returned {self.status} {self.text}, not {wanted}.",
                "Read the function's log below. `make start` and `make test` run the same code without a deployment.",
            )
        return self


def check(*, that: bool, seen: str) -> None:
    """Raise RehearsalError with what was seen, unless the condition holds."""
    if not that:
        raise RehearsalError(seen, "Compare with the contract in README.md and with tests/functions.")


@dataclass(frozen=True)
class Api:
    """The deployed API, called with the token if there is one."""

    cloud: Cloud
    id: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request. A body that is a string is sent unchanged, any other as JSON."""
        sent_headers = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is not None:
            sent_headers = {"content-type": "application/json"} | sent_headers
        if self.token:
            sent_headers = {"authorization": f"Bearer {self.token}"} | sent_headers
        # On AWS it would be https://{id}.execute-api.{region}.amazonaws.com.
        sent_headers["host"] = f"{self.id}.execute-api.localhost:{self.cloud.port}"
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)) as connection:
            connection.request(method, path, None if text is None else text.encode(), sent_headers)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(f"{method} {path}", answer.status, received, answer.read().decode())

    def signed_in(self, email: str, password: str = PASSWORD) -> "Api":
        reply = self.call("POST", "/api/auth/login", {"email": email, "password": password}).expect(200)
        return replace(self, token=reply.json["token"])

    def newest_email(self, to: str, subject: str = "") -> Email:
        """Wait for an email to this address, whose subject begins so, and return the newest.

        Raises RehearsalError if none arrives.
        """
        deadline = time.monotonic() + _EMAIL_TIMEOUT
        while time.monotonic() < deadline:
            for sent in reversed(self.cloud.emails()):
                if to in sent["To"] and sent["Subject"].startswith(subject):
                    return Email(to, sent["Source"], sent["Subject"], sent["BodyText"], sent["BodyHtml"], {}, [])
            time.sleep(0.1)
        raise RehearsalError(
            f"No email to {to} has arrived.",
            "Check that the outbox's stream is mapped to DeliverEmailFunction, and which calls of it are denied.",
        )


def send_events(api: Api) -> None:
    """Send every event unchanged, and verify that the status is the one in `events/expected.json`."""
    expected = {
        name: answers["asCommitted"]
        for name, answers in json.loads((EVENTS / "expected.json").read_text()).items()
        if "asCommitted" in answers
    }

    def send(name: str) -> None:
        event = json.loads((EVENTS / f"{name}.json").read_text())
        query = f"?{event['rawQueryString']}" if event["rawQueryString"] else ""
        # Set by the client for this connection.
        own = {"host", "content-length", "accept-encoding"}
        headers = {key.replace("-", "_"): text for key, text in event["headers"].items() if key not in own}
        method, path = event["requestContext"]["http"]["method"], event["rawPath"] + query
        reply = api.call(method, path, event.get("body"), **headers).expect(expected[name])
        check(that="x-request-id" in reply.headers, seen=f"{reply.request} returned no X-Request-Id.")

    # Each function has a cold start, so two run at a time: machines have at least two cores.
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(send, expected))


def check_refusals(api: Api) -> None:
    """Verify the errors for wrong verbs, paths, bodies and callers, and CORS."""
    verbs: dict[str, set[str]] = {}
    for file in EVENTS.glob("*/**/*.json"):
        event = json.loads(file.read_text())
        if "rawPath" in event:
            verbs.setdefault(event["rawPath"], set()).add(event["requestContext"]["http"]["method"])
    for path, known in verbs.items():
        reply = api.call(next(verb for verb in _VERBS if verb not in known), path).expect(405, "method_not_allowed")
        allowed = reply.headers.get("allow", "")
        check(that=set(allowed.split(", ")) == known, seen=f"{reply.request} returned Allow: {allowed}.")
    configuration = api.call("GET", "/.well-known/openid-configuration").expect(200).json
    keys = configuration["jwks_uri"].removeprefix(configuration["issuer"])
    check(that=bool(api.call("GET", keys).expect(200).json["keys"]), seen="The discovery document leads to no keys.")
    api.call("GET", "/api/nothing").expect(404)
    api.call("POST", "/api/auth/login", "email=a", content_type="text/plain").expect(415)
    api.call("POST", "/api/auth/login", "{").expect(400)
    reply = api.call("GET", "/api/auth/me").expect(401)
    check(that="www-authenticate" in reply.headers, seen="A 401 has no WWW-Authenticate.")
    replace(api, token="invented").call("GET", "/api/auth/me").expect(401)
    for origin, may_call in ((ORIGIN, True), ("https://elsewhere.example", False)):
        preflight = {"origin": origin, "access_control_request_method": "POST"}
        headers = api.call("OPTIONS", "/api/auth/login", **preflight).headers
        allowed_origin = headers.get("access-control-allow-origin")
        if may_call:
            allowed_headers = headers.get("access-control-allow-headers", "")
            seen = f"A preflight request returned the allowed headers {allowed_headers}."
            check(that={"authorization", "if-none-match", "traceparent"} <= set(allowed_headers.split(",")), seen=seen)
        seen = f"A preflight request from {origin} returned the allowed origin {allowed_origin}."
        check(that=allowed_origin == (origin if may_call else None), seen=seen)


def register_user(api: Api, email: str) -> Api:
    """Register, open the account, sign in, refresh and sign out. Returns the API as the new user, signed in again."""
    form = {"name": "Ada", "email": email, "password": PASSWORD}
    registered = api.call("POST", "/api/auth/register", form).expect(202).json
    proofs = {"token": api.newest_email(email).token, "registration": registered["registration"]}
    login = {"email": email, "password": PASSWORD}
    api.call("POST", "/api/auth/login", login).expect(401, "invalid_credentials")
    first = api.call("POST", "/api/auth/verify-email", proofs).expect(200).json
    replace(api, token=first["token"]).call("GET", "/api/auth/me").expect(200)
    api.call("POST", "/api/auth/login", login | {"password": "wrong horse battery"}).expect(401, "invalid_credentials")
    tokens = api.call("POST", "/api/auth/login", login).expect(200).json
    user = replace(api, token=tokens["token"]).call("GET", "/api/auth/me").expect(200).json["data"]["user"]
    check(that=user["email"] == email and user["emailVerified"], seen=f"GET /api/auth/me returned {user}.")
    refresh = api.call("POST", "/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}).expect(200).json
    refreshed = replace(api, token=refresh["token"])
    refreshed.call("GET", "/api/users").expect(403)
    refreshed.call("POST", "/api/auth/logout").expect(204)
    refreshed.call("GET", "/api/auth/me").expect(401, "session_ended")
    return api.signed_in(email)


def export_account(user: Api, activity_table: str) -> None:
    """Export an account that owns more than fits in a response, and follow the link to the file."""
    user_id = user.call("GET", "/api/auth/me").expect(200).json["data"]["user"]["id"]
    for number in range(_LARGE_ENTRIES):
        entry = {
            "userId": {"S": user_id},
            "position": {"S": f"2026-08-04T12:00:00.000Z#{number}"},
            "event": {"S": "login"},
            "outcome": {"S": "success"},
            "ip": {"S": "192.0.2.1"},
            "userAgent": {"S": "a" * 300_000},
            "expiresAt": {"N": str(int(time.time()) + 3600)},
        }
        user.cloud.client("dynamodb").put_item(TableName=activity_table, Item=entry)
    reply = user.call("GET", "/api/auth/export").expect(303)
    try:
        with urllib.request.urlopen(reply.headers["location"], timeout=60) as answer:  # noqa: S310  # on loopback
            found = json.load(answer)["data"]
    except urllib.error.HTTPError as problem:
        with problem:
            refusal = problem.read().decode(errors="replace")
        raise RehearsalError(
            f"The link to the file returned {problem.code} {refusal}.",
            "Check what ExportFunction may do with the file.",
        ) from problem
    check(
        that=found["user"]["id"] == user_id and len(found["activity"]) > _LARGE_ENTRIES,
        seen=f"The file has {len(found['activity'])} events of {found['user']}.",
    )
    user.call("GET", "/api/auth/export").expect(429, "too_many_requests")


def manage_users(admin: Api) -> None:
    """List, read, change, invite and delete users; sign in as an invited one."""
    listed = admin.call("GET", "/api/users?limit=1").expect(200).json
    (first,) = listed["data"]
    check(
        that=listed["nextCursor"] is not None,
        seen="The list has no second page, although there are at least two users.",
    )
    admin.call("GET", f"/api/users?cursor={listed['nextCursor']}").expect(200)
    path = f"/api/users/{first['id']}"
    etag = admin.call("GET", path).expect(200).headers["etag"]
    admin.call("PATCH", path, {"name": "Ada Lovelace"}, if_match=etag).expect(200)
    admin.call("PATCH", path, {"name": "Late"}, if_match=etag).expect(412)
    email = f"grace-{uuid.uuid4().hex[:8]}@example.com"
    invitation, key = {"name": "Grace", "email": email}, str(uuid.uuid4())
    invited = [admin.call("POST", "/api/users", invitation, idempotency_key=key).expect(201).json for _ in range(2)]
    check(that=invited[0] == invited[1], seen=f"One Idempotency-Key sent twice returned {invited}.")
    password = {"token": admin.newest_email(email).token, "password": PASSWORD}
    admin.call("POST", "/api/auth/reset-password", password).expect(204)
    grace = replace(admin, token="").signed_in(email)
    grace.call("GET", f"/api/users/{invited[0]['data']['id']}").expect(200)
    admin.call("DELETE", f"/api/users/{invited[0]['data']['id']}").expect(204)
    grace.call("GET", "/api/auth/me").expect(401)


@dataclass(frozen=True)
class Grace:
    """A user with an authenticator app and recovery codes."""

    email: str
    user_id: str
    id: str
    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """Return the code that the app shows now, or so many steps later."""
        return pyotp.TOTP(self.secret).at(int(time.time()), counter_offset=steps)

    def sign_in(self, api: Api, **proof: str) -> Api:
        """Sign in with the password and a factor."""
        body = {"email": self.email, "password": PASSWORD}
        mfa = api.call("POST", "/api/auth/login", body).expect(403, "mfa_required").json["mfa"]
        reply = api.call("POST", "/api/auth/mfa", {"token": mfa["token"], **proof}).expect(200)
        return replace(api, token=reply.json["token"])


def enroll_app(api: Api, email: str) -> Grace:
    """Register a user with an authenticator app. Use it at a sign-in, rename it, and create new recovery codes."""
    user = register_user(api, email)
    user_id = user.call("GET", "/api/auth/me").expect(200).json["data"]["user"]["id"]
    added = user.call("POST", "/api/auth/factors", {"type": "totp", "name": "Phone"}).expect(201).json["data"]
    grace = Grace(email, user_id, added["id"], added["secret"], [])
    path = f"/api/auth/factors/{grace.id}"
    user.call("POST", path, {"code": grace.code(-1)}).expect(200)
    raised = grace.sign_in(api, code=grace.code())
    raised.call("PATCH", path, {"name": "Old phone"}).expect(200)
    codes = raised.call("POST", "/api/auth/recovery-codes").expect(201).json["data"]["recoveryCodes"]
    reply = raised.call("POST", "/api/auth/reauthenticate", {"recoveryCode": codes[2]}).expect(200)
    listed = replace(api, token=reply.json["token"]).call("GET", "/api/auth/factors").expect(200).json
    check(that=listed["recoveryCodes"] == len(codes) - 1, seen=f"{listed} after a recovery code was used.")
    return replace(grace, recovery_codes=codes)


def use_other_ways_in(api: Api, email: str) -> None:
    """Sign in by email, register a passkey in that session, and sign in with it."""
    request = api.call("POST", "/api/auth/login/email", {"email": email}).expect(202).json["request"]
    proof = {"request": request, "code": api.newest_email(email, "Sign in").code}
    api.call("POST", "/api/auth/login/email/verify", proof).expect(200)
    user, device = api.signed_in(email), Authenticator()
    options = user.call("POST", "/api/auth/passkeys/options").expect(200).json
    user.call("POST", "/api/auth/passkeys", {"credential": device.create(options, _FRONT_END)}).expect(201)
    options = api.call("POST", "/api/auth/login/passkey/options").expect(200).json
    reply = api.call("POST", "/api/auth/login/passkey", {"credential": device.get(options, _FRONT_END)}).expect(200)
    signed_in = replace(api, token=reply.json["token"])
    (passkey,) = signed_in.call("GET", "/api/auth/factors").expect(200).json["data"]
    signed_in.call("DELETE", f"/api/auth/factors/{passkey['id']}").expect(204)


def sign_in_with_provider(api: Api, provider: Provider) -> None:
    """Go through a provider on this machine as a browser does, and redeem the code as a front end does."""
    provider.claims |= {"sub": "joan", "email": "joan@example.com", "name": "Joan"}
    (offered,) = api.call("GET", "/api/auth/providers").expect(200).json["data"]
    check(that=offered == {"id": "acme", "name": "Acme"}, seen=f"{offered} is offered.")
    verifier = "v" * 43
    away = api.call("GET", f"/api/auth/oauth/acme?codeChallenge={challenge_of(verifier)}").expect(303)
    cookie, _, attributes = away.headers["set-cookie"].partition("; ")
    check(that=cookie.startswith("__Host-") and "Secure" in attributes, seen=f"The cookie has {attributes}.")
    answer = urlencode(provider.authorize(away.headers["location"]))
    back = api.call("GET", f"/api/auth/oauth/acme/callback?{answer}", cookie=cookie).expect(303)
    code = openid.returned(back.headers["location"]).get("code", "")
    check(that=bool(code), seen=f"The browser was sent to {back.headers['location']}.")
    tokens = api.call("POST", "/api/auth/oauth/token", {"code": code, "codeVerifier": verifier}).expect(200).json
    user = replace(api, token=tokens["token"])
    (identity,) = user.call("GET", "/api/auth/identities").expect(200).json["data"]
    user.call("DELETE", f"/api/auth/identities/{identity['id']}").expect(409, "last_way_in")
    nonce = api.call("GET", "/api/auth/oauth/acme/id-token").expect(200).json["nonce"]
    token = {"idToken": provider.id_token(nonce), "nonce": nonce}
    again = api.call("POST", "/api/auth/oauth/acme/id-token", token).expect(200).json
    check(that=again["user"] == tokens["user"], seen="The same identity has signed in to another account.")
    user.call("POST", "/api/auth/identities", {"provider": "acme", "codeChallenge": challenge_of(verifier)}).expect(200)
