"""SES and SendGrid: what is sent, how each of their answers is taken, and when one is left alone."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import time_machine
import urllib3

from shared.core import aws, config
from shared.mail import providers
from shared.mail.messages import Message
from shared.mail.providers import PermanentFailure, TransientFailure
from tests.conftest import forget_circuits
from tests.support import faults, stored
from tests.support.api import Inbox
from tests.support.faults import Wire
from tests.support.sendgrid import KEY, Reply, Server, serving

NOON = 1_900_000_000
MAIL = Message(
    "Ada@b\u00fccher.example.com", "Subject \u2713", "The text", "<p>The text</p>", reply_to="ben@m\u00fcll.example.com"
)
ID = "3d9c4b1e-6a0f-4f5b-8d1c-7e2a9b0c5f64"

pytestmark = pytest.mark.usefixtures("fake_aws")


def use(monkeypatch: pytest.MonkeyPatch, names: str, server: Server | None = None) -> None:
    monkeypatch.setenv("MAIL_PROVIDERS", names)
    monkeypatch.setenv("SENDGRID_KEY_SECRET", "SendGridKey")
    if server is not None:
        monkeypatch.setenv("SENDGRID_URL", server.url)
    config.settings.cache_clear()


@pytest.fixture
def sendgrid(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:  # noqa: ARG001  # where the key is
    """SendGrid, which is the only provider, and waits for no answer long."""
    aws.secretsmanager().create_secret(Name="SendGridKey", SecretString=f"{KEY}\n")
    with serving() as server:
        use(monkeypatch, "sendgrid", server)
        yield server
        forget_circuits()


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=0.05))
    monkeypatch.setattr(providers._PROVIDERS["sendgrid"], "_pool", pool)


def send() -> None:
    providers.send(MAIL, ID)


def failing(times: int) -> TransientFailure:
    for _ in range(times):
        with pytest.raises(TransientFailure) as raised:
            send()
    return raised.value


# What is sent --------------------------------------------------------------------------------------


def test_ses_is_asked_for_one_mail_with_its_id_and_the_address_to_answer_to(inbox: Inbox, wire: Wire) -> None:
    asked = []
    events = aws.sesv2().meta.events
    events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params), "asked")
    send()
    events.unregister("provide-client-params.sesv2.SendEmail", unique_id="asked")
    (mail,) = inbox.sent
    assert (mail.to, mail.subject, mail.text) == ("Ada@xn--bcher-kva.example.com", MAIL.subject, MAIL.text)
    assert mail.headers == {"X-Outbox-Id": ID}
    assert asked[0]["ReplyToAddresses"] == ["ben@xn--mll-hoa.example.com"]
    assert wire.count("SendEmail") == 1


def test_sendgrid_is_asked_for_one_mail_with_its_id_and_no_tracking(sendgrid: Server) -> None:
    send()
    (taken,) = sendgrid.accepted
    request = taken.request
    assert request["personalizations"] == [{"to": [{"email": "Ada@xn--bcher-kva.example.com"}]}]
    assert request["from"] == {"email": "no-reply@example.com", "name": "Lambda API Routes"}
    assert request["reply_to"] == {"email": "ben@xn--mll-hoa.example.com"}
    assert [part["value"] for part in request["content"]] == [MAIL.text, MAIL.html]
    assert request["headers"] == {"X-Outbox-Id": ID}
    assert request["custom_args"] == {"outbox_id": ID}
    assert not request["tracking_settings"]["click_tracking"]["enable"]


def test_a_mail_that_nobody_is_to_answer_names_no_address_for_it(sendgrid: Server) -> None:
    providers.send(Message("ada@example.com", "Subject", "Text", "<p>Text</p>"), ID)
    assert "reply_to" not in sendgrid.accepted[0].request


# SES's answers -------------------------------------------------------------------------------------


def rejected(message: str) -> Callable[[], faults.Answer]:
    return faults.error("MessageRejected", Error={"Code": "MessageRejected", "Message": message})


def test_a_mail_that_ses_rejects_is_refused(wire: Wire) -> None:
    wire.fail(rejected("The message contains a virus."), on="SendEmail")
    with pytest.raises(PermanentFailure, match=r"^ses_MessageRejected$"):
        send()


def test_an_address_that_is_not_verified_is_the_accounts_fault_and_may_pass(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    told = "Email address is not verified. The following identities failed the check in region EU-WEST-1: Ada@x.example"
    wire.fail(rejected(told), on="SendEmail")
    assert failing(1).reason == "ses_unverified"
    assert "email provider rejects the account" in caplog.text
    assert "x.example" not in caplog.text


# SendGrid's answers --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 413])
def test_a_mail_that_sendgrid_refuses_is_refused(sendgrid: Server, status: int) -> None:
    sendgrid.replies(Reply(status))
    with pytest.raises(PermanentFailure, match=f"^sendgrid_{status}$"):
        send()


HTTP_DATE = format_datetime(datetime.fromtimestamp(NOON + 90, UTC), usegmt=True)
ASKED_FOR: list[tuple[dict[str, str], int | None]] = [
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
@pytest.mark.parametrize(("headers", "seconds"), ASKED_FOR)
def test_sendgrid_says_when_to_come_again(
    sendgrid: Server, status: int, headers: dict[str, str], seconds: int | None
) -> None:
    sendgrid.replies(Reply(status, tuple(headers.items())))
    with time_machine.travel(NOON, tick=False):
        failure = failing(1)
    assert failure.reason == f"sendgrid_{status}"
    assert failure.retry_after == seconds


@pytest.mark.parametrize("status", [401, 403, 404, 415])
def test_what_sendgrid_has_against_the_account_is_an_error_that_may_pass(
    sendgrid: Server, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    sendgrid.replies(Reply(status))
    assert failing(1).reason == f"sendgrid_{status}"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "email provider rejects the account"
    assert KEY not in caplog.text


BAD: dict[str, tuple[Reply, str]] = {
    "500": (Reply(500), "sendgrid_500"),
    "a status nobody knows": (Reply(599), "sendgrid_599"),
    "200, which sends nothing": (Reply(200), "sendgrid_200"),
    "hangs": (Reply(hangs=True), "sendgrid_ReadTimeoutError"),
    "hangs up": (Reply(cuts=True), "sendgrid_ProtocolError"),
    "garbage": (Reply(garbage=b"\x00\xff garbage\r\n\r\n"), "sendgrid_ProtocolError"),
}


@pytest.mark.parametrize(("reply", "reason"), BAD.values(), ids=BAD.keys())
def test_an_answer_that_is_none_may_pass(
    sendgrid: Server, reply: Reply, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    sendgrid.replies(reply)
    failure = failing(1)
    assert (failure.reason, failure.retry_after) == (reason, None)


def test_nobody_at_sendgrids_address_may_pass(sendgrid: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sendgrid.accepted == []
    monkeypatch.setenv("SENDGRID_URL", "http://127.0.0.1:1")
    config.settings.cache_clear()
    assert failing(1).reason == "sendgrid_NewConnectionError"


# SendGrid's key ------------------------------------------------------------------------------------


def test_the_key_is_read_once(sendgrid: Server, wire: Wire) -> None:
    for _ in range(3):
        send()
    assert len(sendgrid.accepted) == 3
    assert wire.count("GetSecretValue") == 1


def test_a_new_key_is_found_when_the_old_one_is_refused(sendgrid: Server, wire: Wire) -> None:
    send()
    sendgrid.key = "SG.new"
    aws.secretsmanager().put_secret_value(SecretId="SendGridKey", SecretString="SG.new")
    send()
    assert len(sendgrid.accepted) == 2
    assert wire.count("GetSecretValue") == 2


@pytest.mark.parametrize("key", ["SG.two\nlines", "two words", "\u043a\u043b\u044e\u0447", " "])
def test_a_key_that_is_none_is_an_error_that_may_pass_and_is_not_told(
    sendgrid: Server, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    aws.secretsmanager().put_secret_value(SecretId="SendGridKey", SecretString=key)
    assert failing(1).reason == "sendgrid_key_malformed"
    assert sendgrid.requests == []
    assert key.strip() == "" or key not in caplog.text


@pytest.mark.usefixtures("sendgrid")
def test_mails_wait_until_the_key_is_there(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.fail(faults.error("ResourceNotFoundException"), on="GetSecretValue")
    assert failing(1).reason == "sendgrid_key_ResourceNotFoundException"
    assert "email provider rejects the account" in caplog.text
    wire.fail(faults.read_timeout, on="GetSecretValue")
    assert failing(1).reason == "sendgrid_key_ReadTimeoutError"


# The circuits --------------------------------------------------------------------------------------


def circuit(name: str) -> str:
    return str(next(item["state"] for item in stored.items("LimitsTable") if item["key"] == f"circuit#{name}"))


def test_after_five_failures_a_provider_is_left_alone_for_half_a_minute(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        failing(5)
        assert circuit("sendgrid") == "OPEN"
        now.shift(10)
        failure = failing(1)
        assert (failure.reason, failure.retry_after) == ("sendgrid_circuit_open", 20)
        assert len(sendgrid.requests) == 5
        now.shift(20)
        sendgrid.replies(Reply())
        send()
        assert circuit("sendgrid") == "CLOSED"
        assert len(sendgrid.accepted) == 1


def test_a_probe_that_fails_opens_the_circuit_again(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        failing(5)
        now.shift(30)
        assert failing(1).reason == "sendgrid_500"
        assert failing(1).reason == "sendgrid_circuit_open"
        assert len(sendgrid.requests) == 6


def test_a_probe_that_is_refused_closes_the_circuit(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        failing(5)
        now.shift(30)
        sendgrid.replies(Reply(400))
        with pytest.raises(PermanentFailure):
            send()
        assert circuit("sendgrid") == "CLOSED"


def test_refusals_do_not_open_a_circuit(sendgrid: Server) -> None:
    sendgrid.replies(Reply(400))
    for _ in range(10):
        with pytest.raises(PermanentFailure):
            send()
    assert len(sendgrid.requests) == 10


def test_a_container_that_has_just_been_started_knows_an_open_circuit(sendgrid: Server) -> None:
    sendgrid.replies(Reply(500))
    failing(5)
    forget_circuits()
    assert failing(1).reason == "sendgrid_circuit_open"
    assert len(sendgrid.requests) == 5


def test_a_circuit_whose_state_cannot_be_read_is_closed(sendgrid: Server, wire: Wire) -> None:
    wire.fail(faults.read_timeout, on="GetItem")
    send()
    assert len(sendgrid.accepted) == 1


@pytest.mark.parametrize("fault", [faults.read_timeout, faults.error("ThrottlingException")])
def test_a_probe_that_cannot_be_elected_is_a_failure_of_that_provider_alone(
    sendgrid: Server, inbox: Inbox, wire: Wire, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], faults.Answer]
) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        failing(5)
        now.shift(30)
        wire.fail(fault, on="PutItem")
        assert failing(1).reason == "sendgrid_circuit_unavailable"
        use(monkeypatch, "sendgrid,ses")
        send()
    assert len(inbox.sent) == 1


def test_while_somebody_else_probes_or_has_died_of_it_no_mail_need_be_claimed(sendgrid: Server) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        sendgrid.replies(Reply(500))
        failing(5)
        now.shift(30)
        assert not providers.all_circuits_open()
        assert providers.circuits().try_acquire_half_open("circuit#sendgrid", "somebody else", NOON)
        forget_circuits()
        assert providers.all_circuits_open()
        now.shift(30)
        assert not providers.all_circuits_open()
        sendgrid.replies(Reply())
        send()
        assert circuit("sendgrid") == "CLOSED"


# Two providers -------------------------------------------------------------------------------------


def test_the_second_is_asked_where_the_first_fails(
    sendgrid: Server, inbox: Inbox, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(503))
    send()
    assert [mail.headers["X-Outbox-Id"] for mail in inbox.sent] == [ID]
    use(monkeypatch, "ses,sendgrid")
    wire.fail(faults.error("SendingPausedException"), on="SendEmail")
    sendgrid.replies(Reply())
    send()
    assert [taken.outbox_id for taken in sendgrid.accepted] == [ID]


def test_the_second_is_asked_at_once_while_the_firsts_circuit_is_open(
    sendgrid: Server, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(500))
    for _ in range(9):
        send()
    assert len(sendgrid.requests) == 5
    assert len(inbox.sent) == 9


def test_the_second_is_not_asked_for_a_mail_that_the_first_refuses(
    sendgrid: Server, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "sendgrid,ses")
    sendgrid.replies(Reply(400))
    with pytest.raises(PermanentFailure):
        send()
    assert inbox.sent == []


def test_where_both_fail_the_mail_is_tried_when_the_first_of_them_may_be_back(
    sendgrid: Server, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "ses,sendgrid")
    wire.fail(faults.error("TooManyRequestsException", 429), on="SendEmail")
    sendgrid.replies(Reply(429, (("Retry-After", "21600"),)))
    failure = failing(1)
    assert failure.reason == "ses_TooManyRequestsException,sendgrid_429"
    # SES has not said when: it is asked again as if there was nobody else.
    assert failure.retry_after is None
    with time_machine.travel(NOON, tick=False) as now:
        failing(4)
        now.shift(10)
        failure = failing(1)
        assert failure.reason == "ses_circuit_open,sendgrid_circuit_open"
        assert failure.retry_after == 20


def test_neither_the_key_nor_anything_of_a_mail_is_logged(sendgrid: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "api_routes")
    sendgrid.replies(Reply(500), Reply(403), Reply(429), Reply(500), Reply(500), Reply(500))
    failing(7)
    told = caplog.text + json.dumps([getattr(record, "fields", {}) for record in caplog.records])
    assert "mail provider" in told
    for secret in (KEY, MAIL.text, MAIL.subject, "cher.example.com"):
        assert secret not in told
