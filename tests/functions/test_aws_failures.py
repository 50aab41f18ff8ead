"""AWS failures: a transient failure answers 503 with Retry-After, a defect 500; neither reveals details."""

import json
import logging
from collections.abc import Callable

import pytest
from botocore.exceptions import NoCredentialsError, ParamValidationError

from shared.core import aws, logs, tables
from shared.records import keys
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Reply
from tests.support.assertions import assert_error
from tests.support.faults import Answer, Wire

REGISTRATION = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}

# A well-formed token that was never issued.
LINK = "A" * 43

TRANSIENT: dict[str, Callable[[], Answer]] = {
    "throttled": faults.error("ThrottlingException"),
    "throughput exceeded": faults.error("ProvisionedThroughputExceededException"),
    "request limit exceeded": faults.error("RequestLimitExceeded"),
    "internal error": faults.error("InternalServerError", 500),
    "service unavailable": faults.error("ServiceUnavailable", 503),
    "bad gateway": faults.error("502", 502),
    "transaction in progress": faults.error("TransactionInProgressException"),
    "unreachable": faults.unreachable,
    "read timeout": faults.read_timeout,
    "connect timeout": faults.connect_timeout,
}


def assert_unavailable(reply: Reply) -> None:
    assert reply.headers["retry-after"] == "2"
    for detail in ("arn:", "private", "secret", "dynamodb", "amazonaws", "botocore", "Throttling"):
        assert detail not in reply.text
    assert_error(reply, 503, "unavailable")


@pytest.mark.parametrize("failure", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_transient_failure_answers_503_on_every_path(
    api: Api, ada: Api, wire: Wire, failure: Callable[[], Answer]
) -> None:
    me = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    tokens = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}).json
    wire.fail(failure)
    for reply in (
        api.get("/api/health"),
        api.get("/.well-known/jwks.json"),
        api.post("/api/auth/register", {**REGISTRATION, "email": "ben@example.com"}),
        api.post("/api/auth/verify-email", {"token": LINK}),
        api.post("/api/auth/resend-verification", {"email": "ben@example.com"}),
        api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}),
        api.post("/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}),
        api.post("/api/auth/forgot-password", {"email": "ada@example.com"}),
        api.post("/api/auth/reset-password", {"token": LINK, "password": PASSWORD}),
        ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}),
        ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD}),
        api.post("/api/contact", {"name": "Ada", "email": "ada@example.com", "message": "Hello"}),
        ada.get("/api/contact"),
        ada.get("/api/auth/sessions"),
        ada.delete("/api/auth/sessions/00000000-0000-4000-8000-000000000000"),
        ada.get("/api/auth/activity"),
        ada.get("/api/auth/me"),
        ada.post("/api/auth/logout"),
        ada.get("/api/users"),
        ada.patch(me, {"name": "A"}),
        ada.delete(me),
    ):
        assert_unavailable(reply)
    wire.reset()
    assert ada.get("/api/auth/me").json["data"]["user"]["name"] == "Ada"
    stored.check()


def test_login_without_a_signing_key_answers_503_and_stores_no_session(api: Api, ada: Api, wire: Wire) -> None:
    keys.memory.forget()
    wire.fail(faults.error("ResourceNotFoundException"), on="GetSecretValue")
    assert_unavailable(api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}))
    assert len(stored.sessions()) == 1
    assert ada.get("/api/auth/me").status == 200


# Transactions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_is_retried_after_a_conflict_or_throttling(api: Api, wire: Wire, reason: str) -> None:
    wire.fail(faults.cancelled("None", reason), on="TransactWriteItems", times=tables._ATTEMPTS - 1)
    assert api.post("/api/auth/register", REGISTRATION).status == 202
    assert wire.count("TransactWriteItems") == tables._ATTEMPTS
    stored.check()


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transaction_answers_503_when_its_retries_are_used_up(api: Api, wire: Wire, reason: str) -> None:
    wire.fail(faults.cancelled("None", reason), on="TransactWriteItems")
    assert_unavailable(api.post("/api/auth/register", REGISTRATION))
    assert wire.count("TransactWriteItems") == tables._ATTEMPTS


def test_failed_condition_takes_precedence_over_a_conflict(admin: Api, wire: Wire) -> None:
    """A conflict alone would be retried, but a failed condition takes precedence."""
    reasons = ("None", "ConditionalCheckFailed", "TransactionConflict", "None", "None", "None")
    wire.fail(faults.cancelled(*reasons), on="TransactWriteItems")
    reply = admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}, idempotency_key="k")
    assert_error(reply, 409, "email_taken")
    assert wire.count("TransactWriteItems") == 1


def test_optimistic_update_rereads_and_then_answers_503(admin: Api, wire: Wire) -> None:
    user = {"name": "Ben", "email": "ben@example.com"}
    target = admin.post("/api/users", user).headers["location"]
    wire.reset()
    wire.fail(faults.cancelled("ConditionalCheckFailed", "None", "None"), on="TransactWriteItems")
    assert_unavailable(admin.patch(target, {"name": "Benjamin"}))
    attempt = ["GetItem", "Query", "TransactWriteItems"]
    assert wire.calls == ["GetItem", *attempt * tables._ATTEMPTS]


def test_retries_of_a_transaction_send_the_same_request_token(api: Api, wire: Wire) -> None:
    tokens: list[str] = []
    aws.dynamodb().meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: tokens.append(params["ClientRequestToken"]),
        unique_id="tokens",
    )
    wire.fail(faults.cancelled("TransactionConflict", "None"), on="TransactWriteItems", times=2)
    api.post("/api/auth/register", REGISTRATION)
    aws.dynamodb().meta.events.unregister("provide-client-params.dynamodb.TransactWriteItems", unique_id="tokens")
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_single_write_is_retried_after_a_transaction_conflict(api: Api, wire: Wire) -> None:
    wire.fail(faults.error("TransactionConflictException"), on="UpdateItem", times=1)
    assert api.post("/api/auth/resend-verification", {"email": "ada@example.com"}).status == 202
    wire.fail(faults.error("TransactionConflictException"), on="PutItem", times=1)
    assert api.post("/api/auth/resend-verification", {"email": "ada@example.com"}).status == 202
    email = ["GetItem", "UpdateItem"]
    assert wire.calls == ["UpdateItem"] * 2 + [*email, "PutItem", "UpdateItem"] + [*email, "PutItem", "PutItem"]


# Defects -------------------------------------------------------------------------------------------


def no_credentials() -> Answer:
    raise NoCredentialsError


def invalid_parameters() -> Answer:
    raise ParamValidationError(report="arn:aws:private-detail")


DEFECTS: dict[str, Callable[[], Answer]] = {
    "access denied": faults.error("AccessDeniedException"),
    "missing table": faults.error("ResourceNotFoundException"),
    "invalid request": faults.error("ValidationException"),
    "cancelled for an unknown reason": faults.cancelled("ValidationError", "None", "None", "None", "None"),
    "no credentials": no_credentials,
    "invalid parameters": invalid_parameters,
    "bug in the code": lambda: (_ for _ in ()).throw(ZeroDivisionError("private-detail")),
}


@pytest.mark.parametrize("failure", DEFECTS.values(), ids=DEFECTS.keys())
def test_defect_answers_500_without_details_and_is_logged_with_them(
    api: Api, wire: Wire, caplog: pytest.LogCaptureFixture, failure: Callable[[], Answer]
) -> None:
    wire.fail(failure, on="TransactWriteItems")
    with caplog.at_level(logging.INFO, "api_routes"):
        reply = api.post("/api/auth/register", REGISTRATION)
    assert_error(reply, 500, "internal_error")
    assert reply.json["message"] == "Something went wrong on our side"
    assert "private" not in reply.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.fields["requestId"] == reply.json["requestId"]  # type: ignore[attr-defined]
    assert record.exc_info
    assert "retry-after" not in reply.headers


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (faults.unreachable, 'Could not connect to the endpoint URL: "https://dynamodb'),
        (faults.read_timeout, 'Read timeout on endpoint URL: "https://dynamodb'),
        (
            faults.error("ThrottlingException"),
            "An error occurred (ThrottlingException) when calling the Query operation",
        ),
    ],
)
def test_temporary_failure_is_logged_in_a_line_that_names_what_failed(
    api: Api, wire: Wire, caplog: pytest.LogCaptureFixture, failure: Callable[[], Answer], cause: str
) -> None:
    wire.fail(failure)
    with caplog.at_level(logging.INFO, "api_routes"):
        assert_unavailable(api.get("/api/health"))
    (record,) = caplog.records
    line = json.loads(logs._JsonFormatter().format(record))
    assert line["level"] == "ERROR"
    assert line["cause"].startswith(cause)
    assert "exception" not in line


def test_log_lines_are_json_with_request_and_traceback(api: Api, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.fail(faults.error("AccessDeniedException"))
    with caplog.at_level(logging.INFO, "api_routes"):
        api.get("/api/health")
        wire.reset()
        api.get("/api/health")
    failed, succeeded = (json.loads(logs._JsonFormatter().format(record)) for record in caplog.records)
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
    } <= set(succeeded)
    assert (succeeded["route"], succeeded["status"], succeeded["coldStart"]) == ("/api/health", 200, False)
