"""When AWS fails: callers are told to come back, and told nothing else; a defect is told as one."""

import base64
import json
import logging
from collections.abc import Callable

import pytest
from botocore.exceptions import NoCredentialsError, ParamValidationError

from shared.core import aws, logs, tables
from shared.records import keys
from tests.conftest import PASSWORD
from tests.support import faults, stored
from tests.support.api import Api, Reply
from tests.support.faults import Answer, Wire
from tests.support.predicates import is_error

REGISTRATION = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}

# Has the form of one; it is for a password, of a user that there is not.
RESET = base64.urlsafe_b64encode(bytes(16) + b"\x02" + bytes(22)).decode()

PASSING: dict[str, Callable[[], Answer]] = {
    "throttled": faults.error("ThrottlingException"),
    "throughput": faults.error("ProvisionedThroughputExceededException"),
    "requests": faults.error("RequestLimitExceeded"),
    "internal": faults.error("InternalServerError", 500),
    "unavailable": faults.error("ServiceUnavailable", 503),
    "a page instead of an answer": faults.error("502", 502),
    "in progress": faults.error("TransactionInProgressException"),
    "out of reach": faults.unreachable,
    "no answer": faults.read_timeout,
    "no connection": faults.connect_timeout,
}


def is_told_to_come_back(reply: Reply) -> bool:
    assert reply.headers["retry-after"] == "2"
    for detail in ("arn:", "private", "secret", "dynamodb", "amazonaws", "botocore", "Throttling"):
        assert detail not in reply.text
    return is_error(reply, 503, "unavailable")


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING.keys())
def test_a_passing_failure_is_503_wherever_it_happens(
    api: Api, ada: Api, wire: Wire, failure: Callable[[], Answer]
) -> None:
    me = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    tokens = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}).json
    wire.fail(failure)
    for reply in (
        api.get("/api/health"),
        api.get("/.well-known/jwks.json"),
        api.post("/api/auth/register", {**REGISTRATION, "email": "ben@example.com"}),
        api.post("/api/auth/verify-email", {"token": "A" * 52}),
        api.post("/api/auth/resend-verification", {"email": "ben@example.com"}),
        api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}),
        api.post("/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}),
        api.post("/api/auth/forgot-password", {"email": "ada@example.com"}),
        api.post("/api/auth/reset-password", {"token": RESET, "password": PASSWORD}),
        ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}),
        ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD}),
        ada.get("/api/auth/sessions"),
        ada.delete("/api/auth/sessions/00000000-0000-4000-8000-000000000000"),
        ada.get("/api/auth/activity"),
        ada.get("/api/auth/me"),
        ada.post("/api/auth/logout"),
        ada.get("/api/users"),
        ada.patch(me, {"name": "A"}),
        ada.delete(me),
    ):
        assert is_told_to_come_back(reply)
    wire.reset()
    assert ada.get("/api/auth/me").json["data"]["user"]["name"] == "Ada"
    stored.check()


def test_without_a_signing_key_nobody_signs_in_and_nothing_is_left_behind(api: Api, ada: Api, wire: Wire) -> None:
    keys.memory.forget()
    wire.fail(faults.error("ResourceNotFoundException"), on="GetSecretValue")
    assert is_told_to_come_back(api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}))
    assert len(stored.sessions()) == 1
    assert ada.get("/api/auth/me").status == 200


# Transactions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_others_get_in_the_way_of_is_tried_again(api: Api, wire: Wire, reason: str) -> None:
    wire.fail(
        faults.cancelled("None", reason, "None", "None", "None"), on="TransactWriteItems", times=tables._ATTEMPTS - 1
    )
    assert api.post("/api/auth/register", REGISTRATION).status == 202
    assert wire.count("TransactWriteItems") == tables._ATTEMPTS
    stored.check()


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_never_gets_through_is_503(api: Api, wire: Wire, reason: str) -> None:
    wire.fail(faults.cancelled("None", reason, "None", "None", "None"), on="TransactWriteItems")
    assert is_told_to_come_back(api.post("/api/auth/register", REGISTRATION))
    assert wire.count("TransactWriteItems") == tables._ATTEMPTS


def test_a_transaction_whose_condition_fails_is_told_by_that_condition(admin: Api, wire: Wire) -> None:
    """Although a conflict comes with it: that alone would be tried again."""
    reasons = ("None", "ConditionalCheckFailed", "TransactionConflict", "None", "None", "None")
    wire.fail(faults.cancelled(*reasons), on="TransactWriteItems")
    reply = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}, idempotency_key="k")
    assert is_error(reply, 409, "email_taken")
    assert wire.count("TransactWriteItems") == 1


def test_what_keeps_changing_under_us_is_read_again_and_then_503(api: Api, wire: Wire) -> None:
    wire.fail(faults.cancelled("ConditionalCheckFailed", "None", "None", "None", "None"), on="TransactWriteItems")
    assert is_told_to_come_back(api.post("/api/auth/register", REGISTRATION))
    # The limits of the client and of the address are counted once.
    again = ["GetItem", "GetItem", "TransactWriteItems"]
    assert wire.calls == ["UpdateItem", "UpdateItem", *again * tables._ATTEMPTS]


def test_each_try_of_a_transaction_bears_the_same_token(api: Api, wire: Wire) -> None:
    seen: list[str] = []
    aws.dynamodb().meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: seen.append(params["ClientRequestToken"]),
        unique_id="tokens",
    )
    wire.fail(faults.cancelled("TransactionConflict", "None", "None", "None", "None"), on="TransactWriteItems", times=2)
    api.post("/api/auth/register", REGISTRATION)
    aws.dynamodb().meta.events.unregister("provide-client-params.dynamodb.TransactWriteItems", unique_id="tokens")
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_a_single_write_that_meets_a_transaction_is_tried_again(api: Api, wire: Wire) -> None:
    wire.fail(faults.error("TransactionConflictException"), on="UpdateItem", times=1)
    assert api.post("/api/auth/resend-verification", {"email": "ada@example.com"}).status == 202
    wire.fail(faults.error("TransactionConflictException"), on="PutItem", times=1)
    assert api.post("/api/auth/resend-verification", {"email": "ada@example.com"}).status == 202
    assert wire.calls == ["UpdateItem"] * 3 + ["PutItem"] + ["UpdateItem"] * 2 + ["PutItem"] * 2


# Defects -----------------------------------------------------------------------------------------------


def no_credentials() -> Answer:
    raise NoCredentialsError


def wrong_parameters() -> Answer:
    raise ParamValidationError(report="arn:aws:private-detail")


DEFECTS: dict[str, Callable[[], Answer]] = {
    "denied": faults.error("AccessDeniedException"),
    "no such table": faults.error("ResourceNotFoundException"),
    "no sense": faults.error("ValidationException"),
    "a cancelled transaction without a known reason": faults.cancelled(
        "ValidationError", "None", "None", "None", "None"
    ),
    "no credentials": no_credentials,
    "wrong parameters": wrong_parameters,
    "division": lambda: (_ for _ in ()).throw(ZeroDivisionError("private-detail")),
}


@pytest.mark.parametrize("failure", DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_500_without_a_detail_and_logged_with_all(
    api: Api, wire: Wire, caplog: pytest.LogCaptureFixture, failure: Callable[[], Answer]
) -> None:
    wire.fail(failure, on="TransactWriteItems")
    with caplog.at_level(logging.INFO, "api_routes"):
        reply = api.post("/api/auth/register", REGISTRATION)
    assert is_error(reply, 500, "internal_error")
    assert reply.json["message"] == "Something went wrong on our side"
    assert "private" not in reply.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.fields["requestId"] == reply.json["requestId"]  # type: ignore[attr-defined]
    assert record.exc_info
    assert "retry-after" not in reply.headers


def test_a_log_line_is_json_with_the_request_and_the_traceback(
    api: Api, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.fail(faults.error("AccessDeniedException"))
    with caplog.at_level(logging.INFO, "api_routes"):
        api.get("/api/health")
        wire.reset()
        api.get("/api/health")
    failed, well = (json.loads(logs._JsonFormatter().format(record)) for record in caplog.records)
    assert failed["level"] == "ERROR"
    assert "Traceback" in failed["exception"]
    assert {
        "time",
        "level",
        "message",
        "requestId",
        "method",
        "route",
        "status",
        "durationMs",
        "coldStart",
        "ip",
    } <= set(well)
    assert (well["route"], well["status"], well["coldStart"]) == ("/api/health", 200, False)
