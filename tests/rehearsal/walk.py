"""The contract, from outside: what is answered at the deployed address, over HTTP."""

import contextlib
import http.client
import json
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.rehearsal.cloud import Cloud
from tests.rehearsal.steps import RehearsalError
from tests.support.api import Email

EVENTS = Path(__file__).parent.parent.parent / "events"
ORIGIN = "https://app.example.com"
PASSWORD = "correct horse battery"
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_MAIL_PATIENCE = 30.0


@dataclass(frozen=True)
class Reply:
    """What came back; `headers` by lower-case name."""

    request: str
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def expect(self, status: int, code: str | None = None) -> "Reply":
        """Give the reply if it has this status, and this code if it is an error. Raises RehearsalError."""
        if self.status != status or (code is not None and self.json.get("code") != code):
            wanted = f"{status} {code or ''}".strip()
            raise RehearsalError(
                f"{self.request} was answered {self.status} {self.text}, not {wanted}.",
                "The function's log is below; `make start` and `make test` try the same without a deployment.",
            )
        return self


def check(*, that: bool, seen: str) -> None:
    """Raise RehearsalError with what was seen unless it is so."""
    if not that:
        raise RehearsalError(seen, "Compare with the contract in README.md and with tests/functions.")


@dataclass(frozen=True)
class Api:
    """The deployed API, called with this token if there is one."""

    cloud: Cloud
    id: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Call with a body that is sent as it is if it is text, and as JSON otherwise."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is not None:
            named = {"content-type": "application/json"} | named
        if self.token:
            named = {"authorization": f"Bearer {self.token}"} | named
        # Where AWS has https://{id}.execute-api.{region}.amazonaws.com.
        named["host"] = f"{self.id}.execute-api.localhost:{self.cloud.port}"
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.cloud.port, timeout=60)) as connection:
            connection.request(method, path, None if text is None else text.encode(), named)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(f"{method} {path}", answer.status, received, answer.read().decode())

    def signed_in(self, email: str, password: str = PASSWORD) -> "Api":
        reply = self.call("POST", "/api/auth/login", {"email": email, "password": password}).expect(200)
        return replace(self, token=reply.json["token"])

    def mail(self, to: str, what: Callable[[Email], bool] = lambda _: True) -> Email:
        """Wait for a mail to this address. Raises RehearsalError when none comes."""
        deadline = time.monotonic() + _MAIL_PATIENCE
        while time.monotonic() < deadline:
            for sent in reversed(self.cloud.mails()):
                mail = Email(to, sent["Source"], sent["Subject"], sent["BodyText"], sent["BodyHtml"], {}, [])
                if to in sent["To"] and what(mail):
                    return mail
            time.sleep(0.1)
        raise RehearsalError(
            f"No mail has come to {to}.",
            "See whether the outbox's stream has a mapping, and what DeliverEmailFunction is refused.",
        )


def events(api: Api) -> int:
    """Send every event of a route as committed; each is answered as `events/expected.json` says. Gives how many."""
    expected = {
        name: answers["asCommitted"]
        for name, answers in json.loads((EVENTS / "expected.json").read_text()).items()
        if "asCommitted" in answers
    }

    def send(name: str) -> None:
        event = json.loads((EVENTS / f"{name}.json").read_text())
        query = f"?{event['rawQueryString']}" if event["rawQueryString"] else ""
        own = {"host", "content-length", "accept-encoding"}
        headers = {key.replace("-", "_"): text for key, text in event["headers"].items() if key not in own}
        method, path = event["requestContext"]["http"]["method"], event["rawPath"] + query
        reply = api.call(method, path, event.get("body"), **headers).expect(expected[name])
        check(that="x-request-id" in reply.headers, seen=f"{reply.request} was answered without X-Request-Id.")

    # A cold start for each function; two at a time, as machines have at least two cores.
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(send, expected))
    return len(expected)


def refusals(api: Api) -> None:
    """Wrong verbs, paths, bodies and callers; CORS."""
    verbs: dict[str, set[str]] = {}
    for file in EVENTS.glob("*/**/*.json"):
        event = json.loads(file.read_text())
        if "rawPath" in event:
            verbs.setdefault(event["rawPath"], set()).add(event["requestContext"]["http"]["method"])
    for path, known in verbs.items():
        reply = api.call(next(verb for verb in _VERBS if verb not in known), path).expect(405, "method_not_allowed")
        allowed = reply.headers.get("allow", "")
        check(that=set(allowed.split(", ")) == known, seen=f"{reply.request} was answered with Allow: {allowed}.")
    api.call("GET", "/api/nothing").expect(404)
    api.call("POST", "/api/auth/login", "email=a", content_type="text/plain").expect(415)
    api.call("POST", "/api/auth/login", "{").expect(400)
    reply = api.call("GET", "/api/auth/me").expect(401)
    check(that="www-authenticate" in reply.headers, seen="A 401 was answered without WWW-Authenticate.")
    replace(api, token="invented").call("GET", "/api/auth/me").expect(401)
    for origin, may_call in ((ORIGIN, True), ("https://elsewhere.example", False)):
        preflight = {"origin": origin, "access_control_request_method": "POST"}
        given = api.call("OPTIONS", "/api/auth/login", **preflight).headers.get("access-control-allow-origin")
        told = f"A preflight from {origin} was answered with the origin {given}."
        check(that=given == (origin if may_call else None), seen=told)


def join(api: Api, email: str) -> Api:
    """Register, read the mail, verify, sign in, refresh and sign out; give the API as the new user calls it."""
    registration = {"name": "Ada", "email": email, "password": PASSWORD}
    api.call("POST", "/api/auth/register", registration).expect(202)
    token = api.mail(email).token
    login = {"email": email, "password": PASSWORD}
    api.call("POST", "/api/auth/login", login).expect(403, "email_not_verified")
    api.call("POST", "/api/auth/verify-email", {"token": token}).expect(200)
    api.call("POST", "/api/auth/login", login | {"password": "wrong horse battery"}).expect(401, "invalid_credentials")
    tokens = api.call("POST", "/api/auth/login", login).expect(200).json
    user = replace(api, token=tokens["token"]).call("GET", "/api/auth/me").expect(200).json["data"]["user"]
    check(that=user["email"] == email and user["emailVerified"], seen=f"GET /api/auth/me gave {user}.")
    again = api.call("POST", "/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}).expect(200).json
    refreshed = replace(api, token=again["token"])
    refreshed.call("GET", "/api/users").expect(403)
    refreshed.call("POST", "/api/auth/logout").expect(204)
    refreshed.call("GET", "/api/auth/me").expect(401, "session_ended")
    return api.signed_in(email)


def administer(admin: Api) -> None:
    """List, read, change, invite, let in and close accounts."""
    listed = admin.call("GET", "/api/users?limit=1").expect(200).json
    (first,) = listed["data"]
    check(that=listed["nextCursor"] is not None, seen="The list of two users and more has one page of one.")
    admin.call("GET", f"/api/users?cursor={listed['nextCursor']}").expect(200)
    path = f"/api/users/{first['id']}"
    etag = admin.call("GET", path).expect(200).headers["etag"]
    admin.call("PATCH", path, {"name": "Ada Lovelace"}, if_match=etag).expect(200)
    admin.call("PATCH", path, {"name": "Late"}, if_match=etag).expect(412)
    email = f"grace-{uuid.uuid4().hex[:8]}@example.com"
    invitation, key = {"name": "Grace", "email": email}, str(uuid.uuid4())
    made = [admin.call("POST", "/api/users", invitation, idempotency_key=key).expect(201).json for _ in range(2)]
    check(that=made[0] == made[1], seen=f"An invitation sent twice with one Idempotency-Key made {made}.")
    password = {"token": admin.mail(email).token, "password": PASSWORD}
    admin.call("POST", "/api/auth/reset-password", password).expect(204)
    grace = replace(admin, token="").signed_in(email)
    grace.call("GET", f"/api/users/{made[0]['data']['id']}").expect(200)
    admin.call("DELETE", f"/api/users/{made[0]['data']['id']}").expect(204)
    grace.call("GET", "/api/auth/me").expect(401)
