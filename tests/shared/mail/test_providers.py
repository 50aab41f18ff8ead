"""SES and SendGrid: the requests, the handling of each response, and the circuit breakers."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import time_machine

from shared.core import aws, config
from shared.core.outbound import Service
from shared.mail import pace, providers
from shared.mail.message import Message
from shared.mail.providers import PermanentFailure, TransientFailure
from tests.support import faults, stored
from tests.support.api import Inbox
from tests.support.aws import forget_circuits
from tests.support.faults import Wire
from tests.support.sendgrid import KEY, Reply, Server, serving

NOON = 1_900_000_000
EMAIL = Message(
    "Ada@b\u00fccher.example.com", "Subject \u2713", "The text", "<p>The text</p>", reply_to="ben@m\u00fcll.example.com"
)
ENTRY_ID = "3d9c4b1e-6a0f-4f5b-8d1c-7e2a9b0c5f64"

pytestmark = pytest.mark.usefixtures("fake_aws")


def use_providers(monkeypatch: pytest.MonkeyPatch, names: str, server: Server | None = None) -> None:
    monkeypatch.setenv("MAIL_PROVIDERS", names)
    monkeypatch.setenv("SENDGRID_KEY_SECRET", "SendGridKey")
    if server is not None:
        monkeypatch.setenv("SENDGRID_URL", server.url)
    config.settings.cache_clear()


@pytest.fixture
def sendgrid(fake_aws: None, services_on_loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:  # noqa: ARG001  # stores the key
    """A SendGrid server, configured as the only provider."""
    aws.secretsmanager().create_secret(Name="SendGridKey", SecretString=f"{KEY}\n")
    with serving() as server:
        use_providers(monkeypatch, "sendgrid", server)
        yield server
        forget_circuits()


def set_short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service("sendgrid", "", connect=2, read=0.05, max_failures=None)
    monkeypatch.setattr(providers._PROVIDERS["sendgrid"], "_service", service)


def send() -> None:
    providers.send(EMAIL, ENTRY_ID)


def fail_to_send(times: int) -> TransientFailure:
    """Send an email this many times, each with a transient failure. Return the last one."""
    for _ in range(times):
        with pytest.raises(TransientFailure) as raised:
            send()
    return raised.value


def test_all_allowed_mail_providers_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in ("ses", "sendgrid", "ses,sendgrid", "sendgrid,ses"):
        use_providers(monkeypatch, names)
        assert set(config.variable("MAIL_PROVIDERS").split(",")) <= providers._PROVIDERS.keys()


# Requests ------------------------------------------------------------------------------------------


def test_ses_request_has_the_outbox_id_and_a_reply_address(inbox: Inbox, wire: Wire) -> None:
    requests = []
    events = aws.sesv2().meta.events
    events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: requests.append(params), "request")
    send()
    events.unregister("provide-client-params.sesv2.SendEmail", unique_id="request")
    (email,) = inbox.sent
    assert (email.to, email.subject, email.text) == ("Ada@xn--bcher-kva.example.com", EMAIL.subject, EMAIL.text)
    assert email.headers == {"X-Outbox-Id": ENTRY_ID, "Auto-Submitted": "auto-generated"}
    assert requests[0]["ReplyToAddresses"] == ["ben@xn--mll-hoa.example.com"]
    assert wire.count("SendEmail") == 1


def test_sendgrid_request_has_the_outbox_id_and_no_tracking(sendgrid: Server) -> None:
    send()
    (accepted,) = sendgrid.accepted
    request = accepted.request
    assert request["personalizations"] == [{"to": [{"email": "Ada@xn--bcher-kva.example.com"}]}]
    assert request["from"] == {"email": "no-reply@example.com", "name": "Lambda API Routes"}
    assert request["reply_to"] == {"email": "ben@xn--mll-hoa.example.com"}
    assert [part["value"] for part in request["content"]] == [EMAIL.text, EMAIL.html]
    assert request["headers"] == {"X-Outbox-Id": ENTRY_ID, "Auto-Submitted": "auto-generated"}
    assert request["custom_args"] == {"outbox_id": ENTRY_ID}
    assert not request["tracking_settings"]["click_tracking"]["enable"]


def test_email_without_a_reply_address_omits_the_field(sendgrid: Server) -> None:
    providers.send(Message("ada@example.com", "Subject", "Text", "<p>Text</p>"), ENTRY_ID)
    assert "reply_to" not in sendgrid.accepted[0].request


# SES's responses -----------------------------------------------------------------------------------


def rejected(message: str) -> Callable[[], faults.Answer]:
    return faults.error("MessageRejected", Error={"Code": "MessageRejected", "Message": message})


def test_rejection_by_ses_is_permanent(wire: Wire) -> None:
    wire.fail(rejected("The message contains a virus."), on="SendEmail")
    with pytest.raises(PermanentFailure, match=r"^ses_MessageRejected$"):
        send()


def test_unverified_address_in_ses_is_a_transient_account_error(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    message = (
        "Email address is not verified. The following identities failed the check in region EU-WEST-1: Ada@x.example"
    )
    wire.fail(rejected(message), on="SendEmail")
    assert fail_to_send(1).reason == "ses_unverified"
    assert "email provider rejects the account" in caplog.text
    assert "x.example" not in caplog.text


# SendGrid's responses ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 413])
def test_rejection_by_sendgrid_is_permanent(sendgrid: Server, status: int) -> None:
    sendgrid.replies(Reply(status))
    with pytest.raises(PermanentFailure, match=f"^sendgrid_{status}$"):
        send()


HTTP_DATE = format_datetime(datetime.fromtimestamp(NOON + 90, UTC), usegmt=True)
RETRY_HEADERS: list[tuple[dict[str, str], int | None]] = [
    ({"Retry-After": "120"}, 120),
    ({"Retry-After": HTTP_DATE}, 90),
    ({"X-RateLimit-Reset": str(NOON + 45)}, 45),
    ({"X-RateLimit-Reset": str(NOON - 45)}, 1),
    ({"Retry-After": "7", "X-RateLimit-Reset": str(NOON + 45)}, 7),
    ({"Retry-After": "soon", "X-RateLimit-Reset": "9" * 5000}, None),
    ({"Retry-After": f"Tue, 20 Nov 2035 19:12:08 +{'9' * 20}"}, None),
    ({}, None),
]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("headers", "seconds"), RETRY_HEADERS)
def test_retry_time_is_read_from_sendgrids_headers(
    sendgrid: Server, status: int, headers: dict[str, str], seconds: int | None
) -> None:
    sendgrid.replies(Reply(status, tuple(headers.items())))
    with time_machine.travel(NOON, tick=False):
        failure = fail_to_send(1)
    assert failure.reason == f"sendgrid_{status}"
    # Whoever throttles without naming a time may be called again soon.
    assert failure.retry_after == (pace.MAX_WAIT if status == 429 and seconds is None else seconds)


@pytest.mark.parametrize("status", [401, 403, 404, 415])
def test_account_error_from_sendgrid_is_logged_and_transient(
    sendgrid: Server, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    sendgrid.replies(Reply(status))
    assert fail_to_send(1).reason == f"sendgrid_{status}"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "email provider rejects the account"
    assert KEY not in caplog.text


INVALID_RESPONSES: dict[str, tuple[Reply, str]] = {
    "500": (Reply(500), "sendgrid_500"),
    "unknown status": (Reply(599), "sendgrid_599"),
    "200 instead of 202": (Reply(200), "sendgrid_200"),
    "no response": (Reply(hangs=True), "sendgrid_timed_out"),
    "closed connection": (Reply(cuts=True), "sendgrid_connection_failed_RemoteDisconnected"),
    "not HTTP": (Reply(garbage=b"\x00\xff garbage\r\n\r\n"), "sendgrid_not_understood_BadStatusLine"),
}


@pytest.mark.parametrize(("reply", "reason"), INVALID_RESPONSES.values(), ids=INVALID_RESPONSES.keys())
def test_invalid_response_is_transient(
    sendgrid: Server, reply: Reply, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_short_timeout(monkeypatch)
    sendgrid.replies(reply)
    failure = fail_to_send(1)
    assert (failure.reason, failure.retry_after) == (reason, None)


def test_refused_connection_is_transient(sendgrid: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sendgrid.accepted == []
    monkeypatch.setenv("SENDGRID_URL", "http://127.0.0.1:1")
    config.settings.cache_clear()
    assert fail_to_send(1).reason == "sendgrid_connection_failed_ConnectionRefusedError"


# SendGrid's key ------------------------------------------------------------------------------------


def test_key_is_read_once(sendgrid: Server, wire: Wire) -> None:
    for _ in range(3):
        send()
    assert len(sendgrid.accepted) == 3
    assert wire.count("GetSecretValue") == 1


def test_new_key_is_read_when_the_old_one_is_rejected(sendgrid: Server, wire: Wire) -> None:
    send()
    sendgrid.key = "SG.new"
    aws.secretsmanager().put_secret_value(SecretId="SendGridKey", SecretString="SG.new")
    send()
    assert len(sendgrid.accepted) == 2
    assert wire.count("GetSecretValue") == 2


@pytest.mark.parametrize("key", ["SG.two\nlines", "two words", "\u043a\u043b\u044e\u0447", " "])
def test_malformed_key_is_a_transient_error_and_not_logged(
    sendgrid: Server, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    aws.secretsmanager().put_secret_value(SecretId="SendGridKey", SecretString=key)
    assert fail_to_send(1).reason == "sendgrid_key_malformed"
    assert sendgrid.requests == []
    assert key.strip() == "" or key not in caplog.text


@pytest.mark.usefixtures("sendgrid")
def test_missing_or_unreadable_key_is_a_transient_error(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.fail(faults.error("ResourceNotFoundException"), on="GetSecretValue")
    assert fail_to_send(1).reason == "sendgrid_key_ResourceNotFoundException"
    assert "email provider rejects the account" in caplog.text
    wire.fail(faults.read_timeout, on="GetSecretValue")
    assert fail_to_send(1).reason == "sendgrid_key_ReadTimeoutError"


# Circuit breakers ----------------------------------------------------------------------------------


def circuit(name: str) -> str:
    return str(next(item["state"] for item in stored.items("LimitsTable") if item["key"] == f"circuit#{name}"))


def test_five_failures_open_the_circuit_for_30_seconds(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        fail_to_send(5)
        assert circuit("sendgrid") == "OPEN"
        now.shift(10)
        failure = fail_to_send(1)
        assert (failure.reason, failure.retry_after) == ("sendgrid_circuit_open", 20)
        assert len(sendgrid.requests) == 5
        now.shift(20)
        sendgrid.replies(Reply())
        send()
        assert circuit("sendgrid") == "CLOSED"
        assert len(sendgrid.accepted) == 1


def test_failed_probe_reopens_the_circuit(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        fail_to_send(5)
        now.shift(30)
        assert fail_to_send(1).reason == "sendgrid_500"
        assert fail_to_send(1).reason == "sendgrid_circuit_open"
        assert len(sendgrid.requests) == 6


def test_probe_with_a_rejected_email_closes_the_circuit(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        fail_to_send(5)
        now.shift(30)
        sendgrid.replies(Reply(400))
        with pytest.raises(PermanentFailure):
            send()
        assert circuit("sendgrid") == "CLOSED"


def test_rejected_emails_do_not_open_the_circuit(sendgrid: Server) -> None:
    sendgrid.replies(Reply(400))
    for _ in range(10):
        with pytest.raises(PermanentFailure):
            send()
    assert len(sendgrid.requests) == 10


def test_new_container_knows_that_the_circuit_is_open(sendgrid: Server) -> None:
    sendgrid.replies(Reply(500))
    fail_to_send(5)
    forget_circuits()
    assert fail_to_send(1).reason == "sendgrid_circuit_open"
    assert len(sendgrid.requests) == 5


def test_circuit_whose_state_cannot_be_read_is_treated_as_closed(sendgrid: Server, wire: Wire) -> None:
    wire.fail(faults.read_timeout, on="GetItem")
    send()
    assert len(sendgrid.accepted) == 1


@pytest.mark.parametrize("fault", [faults.read_timeout, faults.error("ThrottlingException")])
def test_failure_to_claim_the_probe_affects_only_that_provider(
    sendgrid: Server, inbox: Inbox, wire: Wire, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], faults.Answer]
) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        fail_to_send(5)
        now.shift(30)
        wire.fail(fault, on="PutItem")
        assert fail_to_send(1).reason == "sendgrid_state_unavailable"
        use_providers(monkeypatch, "sendgrid,ses")
        send()
    assert len(inbox.sent) == 1


def test_another_containers_probe_blocks_sending_until_its_lease_ends(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        fail_to_send(5)
        now.shift(30)
        assert not providers.all_circuits_open()
        assert providers.circuits().try_acquire_half_open("circuit#sendgrid", "another container", NOON)
        forget_circuits()
        assert providers.all_circuits_open()
        now.shift(30)
        assert not providers.all_circuits_open()
        sendgrid.replies(Reply())
        send()
        assert circuit("sendgrid") == "CLOSED"


# Two providers -------------------------------------------------------------------------------------


def test_second_provider_is_used_if_the_first_fails(
    sendgrid: Server, inbox: Inbox, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_providers(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(503))
    send()
    assert [email.headers["X-Outbox-Id"] for email in inbox.sent] == [ENTRY_ID]
    use_providers(monkeypatch, "ses,sendgrid")
    wire.fail(faults.error("SendingPausedException"), on="SendEmail")
    sendgrid.replies(Reply())
    send()
    assert [accepted.outbox_id for accepted in sendgrid.accepted] == [ENTRY_ID]


def test_second_provider_is_used_while_the_firsts_circuit_is_open(
    sendgrid: Server, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_providers(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(500))
    for _ in range(9):
        send()
    assert len(sendgrid.requests) == 5
    assert len(inbox.sent) == 9


def test_second_provider_is_not_used_for_a_rejected_email(
    sendgrid: Server, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_providers(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(400))
    with pytest.raises(PermanentFailure):
        send()
    assert inbox.sent == []


def test_if_both_fail_the_earlier_retry_time_is_used(
    sendgrid: Server, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_providers(monkeypatch, "ses,sendgrid")
    wire.fail(faults.error("ServiceUnavailable", 503), on="SendEmail")
    sendgrid.replies(Reply(503, (("Retry-After", "21600"),)))
    failure = fail_to_send(1)
    assert failure.reason == "ses_ServiceUnavailable,sendgrid_503"
    # SES named no time: it may recover long before the six hours that SendGrid asked for.
    assert failure.retry_after is None
    with time_machine.travel(NOON, tick=False) as now:
        fail_to_send(4)
        now.shift(10)
        failure = fail_to_send(1)
        assert failure.reason == "ses_circuit_open,sendgrid_circuit_open"
        assert failure.retry_after == 20


def test_neither_key_nor_content_of_an_email_is_logged(sendgrid: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "api_routes")
    sendgrid.replies(Reply(500), Reply(403), Reply(429), Reply(500), Reply(500), Reply(500))
    fail_to_send(7)
    logged = caplog.text + json.dumps([getattr(record, "fields", {}) for record in caplog.records])
    assert "email provider" in logged
    for secret in (KEY, EMAIL.text, EMAIL.subject, "cher.example.com"):
        assert secret not in logged
