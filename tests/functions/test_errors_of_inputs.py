"""The errors that follow from what an operation takes, for every operation that documents them.

An endpoint that only takes a caller, a body, a query or a limit needs no test of its own for these.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine

from shared.core import clock, config
from shared.records import keys, proxy_keys
from tests.support import faults, proof
from tests.support.api import Api, Reply
from tests.support.assertions import assert_error
from tests.support.faults import Wire

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Operation:
    """A documented operation, with the examples of its parameters and its body."""

    path: str
    method: str

    @property
    def declared(self) -> Any:
        return proof.document()["paths"][self.path][self.method.lower()]

    @property
    def url(self) -> str:
        url = self.path
        for parameter in self.parameters("path"):
            url = url.replace(f"{{{parameter['name']}}}", parameter["schema"]["examples"][0])
        required = {own["name"]: own["schema"]["examples"][0] for own in self.parameters("query") if own["required"]}
        return f"{url}?{urlencode(required)}" if required else url

    @property
    def needs_caller(self) -> bool:
        return "security" in self.declared

    @property
    def body(self) -> Any:
        """The example of its body, or None."""
        content = self.declared.get("requestBody", {}).get("content", {})
        return content["application/json"]["example"] if "application/json" in content else None

    def parameters(self, place: str) -> list[Any]:
        return [own for own in self.declared.get("parameters", ()) if own["in"] == place]

    def call(self, api: Api, body: Any = None, url: str = "", **headers: str) -> Reply:
        return api.call(self.method, url or self.url, self.body if body is None else body, **headers)


def with_no_token(operation: Operation, given: "Given") -> Reply:
    # The body is wrong too: nobody learns anything about it before signing in.
    return operation.call(given.api, "not json" if operation.body is not None else None)


def with_invalid_token(operation: Operation, given: "Given") -> Reply:
    return operation.call(given.api.with_token("nonsense"))


def with_expired_token(operation: Operation, given: "Given") -> Reply:
    with time_machine.travel(clock.now() + clock.HOUR + 1):
        return operation.call(given.user)


def with_ended_session(operation: Operation, given: "Given") -> Reply:
    assert given.user.post("/api/auth/logout").status == 204
    return operation.call(given.user)


def as_ordinary_user(operation: Operation, given: "Given") -> Reply:
    return operation.call(given.user)


def with_invalid_input(operation: Operation, given: "Given") -> Reply:
    if operation.body is not None:
        return operation.call(given.caller(operation), '{"truncated": ')
    if operation.parameters("query"):
        return operation.call(given.caller(operation), url=f"{operation.url.partition('?')[0]}?limit=0")
    return operation.call(given.caller(operation), idempotency_key="")


def with_invalid_cursor(operation: Operation, given: "Given") -> Reply:
    return operation.call(given.caller(operation), url=f"{operation.url}?cursor=AAAA")


def with_another_verb(operation: Operation, given: "Given") -> Reply:
    return given.api.call("TRACE", operation.url)


def with_large_body(operation: Operation, given: "Given") -> Reply:
    return operation.call(given.caller(operation), json.dumps("a" * MEGABYTE))


def with_another_media_type(operation: Operation, given: "Given") -> Reply:
    return operation.call(given.caller(operation), content_type="text/plain")


def too_often(operation: Operation, given: "Given") -> Reply:
    given.monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", "1")
    config.settings.cache_clear()
    reply = operation.call(given.caller(operation))
    most = int(reply.headers["ratelimit-policy"].partition(";q=")[2].partition(";")[0])
    # At one time, or the calls could fall into two windows.
    with time_machine.travel(clock.now(), tick=False):
        for _ in range(most + 1):
            reply = operation.call(given.caller(operation))
    return reply


def without_rights(operation: Operation, given: "Given") -> Reply:
    """Call it on AWS with a role that lacks a right, which is a defect of ours."""
    caller = given.caller(operation)
    # As at a cold start, which makes the most calls.
    keys.memory.forget()
    proxy_keys.memory.forget()
    given.wire.fail(faults.error("AccessDeniedException"))
    return call_with_aws(operation, caller)


def while_aws_throttles(operation: Operation, given: "Given") -> Reply:
    caller = given.caller(operation)
    given.wire.fail(faults.error("ThrottlingException"))
    return call_with_aws(operation, caller)


def call_with_aws(operation: Operation, caller: Api) -> Reply:
    """Call an operation so that it calls AWS: if it has no reason of its own, it checks a proxy key."""
    reply = operation.call(caller)
    return reply if reply.status >= 500 else operation.call(caller, x_proxy_key="wrong")


@dataclass(frozen=True)
class Given:
    """Who calls, and what may happen to the calls."""

    api: Api
    user: Api
    admin: Api
    wire: Wire
    monkeypatch: pytest.MonkeyPatch

    def caller(self, operation: Operation) -> Api:
        return self.admin if operation.needs_caller else self.api


@pytest.fixture
def given(api: Api, ada: Api, admin: Api, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(api, ada, admin, wire, monkeypatch)


Provoke = Callable[[Operation, Given], Reply]

# By code, how to provoke an error wherever it is documented.
PROVOKE: dict[str, Provoke] = {
    "no_token": with_no_token,
    "invalid_token": with_invalid_token,
    "token_expired": with_expired_token,
    "session_ended": with_ended_session,
    "forbidden": as_ordinary_user,
    "validation_failed": with_invalid_input,
    "invalid_cursor": with_invalid_cursor,
    "method_not_allowed": with_another_verb,
    "body_too_large": with_large_body,
    "unsupported_media_type": with_another_media_type,
    "internal_error": without_rights,
    "unavailable": while_aws_throttles,
}


def cases() -> list[Any]:
    """Return each documented error that `PROVOKE` has, and those of limits of the client."""
    found = []
    for outcome in sorted(proof.documented()):
        operation = Operation(outcome.path, outcome.method)
        provoke = PROVOKE.get(outcome.code)
        if outcome.code == "forbidden" and "404" in operation.declared["responses"]:
            # It depends on whose record it is, so its own tests provoke it.
            provoke = None
        if outcome.code == "too_many_requests" and "RateLimit" in headers_of_success(operation):
            provoke = too_often
        if provoke is not None:
            found.append(pytest.param(operation, outcome, provoke, id=str(outcome)))
    return found


def headers_of_success(operation: Operation) -> Any:
    return next(iter(operation.declared["responses"].values())).get("headers", {})


@pytest.mark.parametrize(("operation", "outcome", "provoke"), cases())
def test_error_is_answered_as_documented(
    given: Given, operation: Operation, outcome: proof.Outcome, provoke: Provoke
) -> None:
    assert_error(provoke(operation, given), outcome.status, outcome.code)
