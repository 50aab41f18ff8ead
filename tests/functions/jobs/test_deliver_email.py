"""The deliver_email job: the email that each outbox entry sends, and how failures are handled."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import time_machine

from shared.core import clock, config, tables
from shared.mail import messages
from shared.records import outbox, registrations
from tests.support import PASSWORD, faults, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api, Context, Inbox, deliver, entries, load, retry, stream_record
from tests.support.aws import deliver_by, forget_circuits
from tests.support.faults import Answer, PowerCut, Wire
from tests.support.feedback import bounce, receive

ADA = "ada@example.com"
START = 1_900_000_000


def register(email: str = ADA, name: str = "Ada") -> str:
    """Register, and return the registration's secret."""
    reply = Api().post("/api/auth/register", {"name": name, "email": email, "password": PASSWORD})
    assert reply.status == 202
    return str(reply.json["registration"])


def failures(answer: Any) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def entry_of(item: Mapping[str, Any]) -> dict[str, Any]:
    (entry,) = [entry for entry in stored.items("OutboxTable") if entry["id"] == item["id"]["S"]]
    stored.check_outbox_entry(entry)
    return entry


def is_done(item: Mapping[str, Any]) -> bool:
    return stored.state(entry_of(item)) == "done"


# Kinds of email ------------------------------------------------------------------------------------


def test_registration_email_has_a_link_and_a_code(inbox: Inbox) -> None:
    register("Ada@B\u00fccher.example.com", name="Buy at evil.example")
    email = inbox.newest()
    assert email.to == "Ada@xn--bcher-kva.example.com"
    assert email.sender == "Lambda API Routes <no-reply@example.com>"
    assert email.subject == "Confirm your address for Lambda API Routes"
    link = f"http://localhost:3001/verify-email?token={email.token}"
    assert link in email.text
    assert f'href="{link}"' in email.html
    assert email.code in email.html
    assert email.headers["X-Outbox-Id"] == entries()[0]["id"]["S"]
    assert "evil" not in email.subject + email.text + email.html


@pytest.mark.usefixtures("inbox")
def test_each_email_looks_up_its_address_once(admin: Api, wire: Wire) -> None:
    register()
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    Api().post("/api/auth/resend-verification", {"email": "grace@example.com"})
    for entry in entries():
        forget_circuits()
        wire.reset()
        assert deliver(entry) == {"batchItemFailures": []}
        # The suppression, the credentials, the provider's circuit, and without an account the registration.
        assert (wire.count("GetItem"), wire.count("SendEmail")) == (4 if entry["to"]["S"] == ADA else 3, 1)


def test_links_use_the_configured_front_end_not_the_host_header(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTEND_URL", "https://app.example.org/base")
    config.settings.cache_clear()
    stranger = Api({"host": "evil.example", "x-forwarded-host": "evil.example", "origin": "https://evil.example"})
    stranger.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    email = inbox.newest()
    assert f"https://app.example.org/base/verify-email?token={email.token}" in email.text
    assert "evil" not in email.text + email.html


def test_html_is_escaped(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_NAME", 'A&B <script>"x"</script>')
    config.settings.cache_clear()
    register()
    email = inbox.newest()
    assert "<script>" not in email.html
    assert "A&amp;B &lt;script&gt;" in email.html
    assert email.subject == 'Confirm your address for A&B <script>"x"</script>'


@pytest.mark.usefixtures("ada")
def test_registering_a_known_address_sends_no_token(inbox: Inbox) -> None:
    register()
    email = inbox.newest()
    assert email.to == ADA
    assert "http://localhost:3001/login" in email.text
    assert "http://localhost:3001/forgot-password" in email.text
    assert "token=" not in email.text + email.html


def test_invitation_email_has_a_link_and_no_code(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "<b>Ada</b>", "email": ADA})
    email = inbox.newest()
    assert email.subject == "You are invited to Lambda API Routes"
    assert f"http://localhost:3001/reset-password?token={email.token}" in email.text
    assert "Ada" not in email.text + email.html
    with pytest.raises(AssertionError):
        _ = email.code


def test_each_email_has_text_and_html_with_the_same_links(admin: Api, inbox: Inbox) -> None:
    register()
    register(ADMIN_EMAIL)
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    assert len(inbox.all()) == 3
    for email in inbox.all():
        assert email.html.startswith("<!doctype html>")
        assert "\n" not in email.subject
        for part in (email.subject, email.text, email.html):
            assert part.strip()
            assert "{{" not in part
            assert "{%" not in part
        for word in email.text.split():
            if word.startswith("http"):
                assert word in email.html


# Obsolete entries ----------------------------------------------------------------------------------


def test_first_five_emails_of_a_day_have_a_code_and_later_ones_say_that_they_have_none(inbox: Inbox) -> None:
    secret = register()
    for number in range(1, 8):
        details = {"registration": registrations.position_of(secret), "number": str(number)}
        tables.write(outbox.sending("registration", ADA, **details))
    emails = inbox.all()[1:]
    assert [bool(re.search(r"^\d{6}$", email.text, re.MULTILINE)) for email in emails] == [True] * 5 + [False] * 2
    assert ["This email has no code." in email.text for email in emails] == [False] * 5 + [True] * 2


@pytest.mark.usefixtures("ada")
def test_email_that_was_not_allowed_is_never_sent(inbox: Inbox) -> None:
    tables.write(outbox.sending_if(0, "recovery", ADA))
    (entry,) = entries()
    assert failures(deliver(entry)) == []
    retry()
    assert inbox.all() == []
    assert is_done(entry)


def test_confirmation_of_an_address_that_has_an_account_by_now_is_a_notice(api: Api, inbox: Inbox) -> None:
    secret = register()
    token = inbox.newest().token
    api.post("/api/auth/resend-verification", {"email": ADA})
    assert api.post("/api/auth/verify-email", {"token": token, "registration": secret}).status == 200
    assert inbox.newest().subject.startswith("You already have an account")


@pytest.mark.usefixtures("fake_aws")
def test_address_without_an_account_gets_no_email(inbox: Inbox) -> None:
    tables.write(outbox.sending("registration", "nobody@example.com", registration="", number="1"))
    tables.write(outbox.sending("invitation", "nobody@example.com"))
    tables.write(outbox.sending("recovery", "nobody@example.com"))
    assert inbox.all() == []
    assert all(map(is_done, entries()))


@pytest.mark.usefixtures("ada")
def test_accepted_invitation_is_not_sent_again(inbox: Inbox) -> None:
    tables.write(outbox.sending("invitation", ADA))
    assert inbox.all() == []


# Duplicates ----------------------------------------------------------------------------------------


def test_entry_delivered_twice_by_the_stream_is_sent_once(inbox: Inbox) -> None:
    register()
    (entry,) = entries()
    for _ in range(3):
        assert failures(deliver(entry)) == []
    assert failures(deliver(entry, entry)) == []
    assert len(inbox.sent) == 1


def test_entry_is_sent_again_with_the_same_id_after_a_power_cut(inbox: Inbox, wire: Wire, api: Api) -> None:
    with time_machine.travel(START, tick=False) as now:
        secret = register()
        (entry,) = entries()
        wire.reset()
        deliver_with_power_cut(entry, wire, after="SendEmail")
        assert not is_done(entry)
        assert failures(deliver(entry)) == []
        now.shift(119)
        retry()
        assert len(inbox.sent) == 1, "sent again before its lease ended"
        now.shift(1)
        retry()
        first, second = inbox.sent
        assert first.headers == second.headers
        assert is_done(entry)
        assert first.code == second.code
        body = {"token": first.token, "registration": secret}
        assert api.post("/api/auth/verify-email", body).status == 200


def deliver_with_power_cut(entry: Mapping[str, Any], wire: Wire, after: str) -> None:
    def cut(operation: str) -> None:
        if operation == after:
            raise PowerCut

    wire.after = cut
    with pytest.raises(PowerCut):
        deliver(entry)
    wire.reset()


def test_missing_entry_is_not_sent(inbox: Inbox) -> None:
    register()
    (entry,) = entries()
    missing = {**entry, "id": {"S": "missing"}}
    assert failures(deliver(missing)) == []
    assert inbox.sent == []


# Failures ------------------------------------------------------------------------------------------

TRANSIENT = {
    "quota of the day": faults.error("TooManyRequestsException", 429, "Daily message quota exceeded"),
    "sending paused": faults.error("SendingPausedException"),
    "domain not verified": faults.error("MailFromDomainNotVerifiedException"),
    "account suspended": faults.error("AccountSuspendedException"),
    "internal failure": faults.error("InternalFailure", 500),
    "read timeout": faults.read_timeout,
    "unreachable": faults.unreachable,
    "access denied": faults.error("AccessDeniedException", 403),
}


@pytest.mark.parametrize("failure", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_email_is_postponed_after_a_transient_failure(inbox: Inbox, wire: Wire, failure: Callable[[], Answer]) -> None:
    with time_machine.travel(START, tick=False) as now:
        register()
        (entry,) = entries()
        wire.fail(failure, on="SendEmail")
        assert failures(deliver(entry)) == []
        assert wire.count("SendEmail") == 1
        wire.reset()
        stored.check()
        assert failures(deliver(entry)) == []
        retry()
        assert not is_done(entry)
        now.shift(30)
        retry()
        assert is_done(entry)
        assert len(inbox.sent) == 1


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_permanently_rejected_email_is_kept_and_blocks_no_other(
    inbox: Inbox, wire: Wire, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    for address in (ADA, "ben@example.com"):
        register(address)
    wire.fail(faults.error(code), on="SendEmail", times=1)
    rejected, accepted = entries()
    assert failures(deliver(rejected, accepted)) == []
    assert [email.to for email in inbox.sent] == ["ben@example.com"]
    dead = entry_of(rejected)
    assert stored.state(dead) == "dead"
    assert dead["lastError"] == f"ses_{code}"
    (record,) = [record for record in caplog.records if record.getMessage() == "email rejected"]
    assert record.fields == {  # type: ignore[attr-defined]
        "entry": rejected["id"]["S"],
        "kind": "registration",
        "attempts": 1,
        "reason": f"ses_{code}",
    }
    stored.check()


def test_undeliverable_address_is_done_without_sending(
    inbox: Inbox, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    register("\u0430\u0434\u0430@example.com")
    (entry,) = entries()
    assert failures(deliver(entry)) == []
    assert is_done(entry)
    assert inbox.sent == []
    assert wire.count("SendEmail") == 0
    assert "undeliverable address" in caplog.text


def test_defect_in_one_kind_of_email_blocks_no_other(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("new_device", "session_ended", "password_changed"):
        tables.write(outbox.sending(kind, f"{kind}@example.com"))
    monkeypatch.delitem(messages._COMPOSERS, "session_ended")
    details = {"at": "now", "ip": "192.0.2.1", "device": "Burner", "user_agent": "Burner"}
    for entry in stored.items("OutboxTable"):
        tables.write(tables.Update(table=outbox.OUTBOX, key={"id": entry["id"]}, set={"details": details}))
    assert failures(deliver(*entries())) == []
    assert {email.to for email in inbox.sent} == {"new_device@example.com", "password_changed@example.com"}
    (left,) = [entry for entry in stored.items("OutboxTable") if stored.state(entry) == "waiting"]
    assert left["lastError"] == "KeyError"
    assert "email not delivered" in caplog.text


def test_malformed_record_fails_alone(inbox: Inbox) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    first, second, third = (stream_record(entry) for entry in entries())
    del second["dynamodb"]["Keys"]["id"]
    answer = load("jobs/deliver_email").handler({"Records": [first, second, third]}, Context())
    assert failures(answer) == [second["dynamodb"]["SequenceNumber"]]
    assert sorted(email.to for email in inbox.sent) == ["user0@example.com", "user2@example.com"]


@pytest.mark.usefixtures("inbox")
def test_batch_that_cannot_be_claimed_is_reported_not_raised(wire: Wire) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    records = [stream_record(entry) for entry in entries()]
    wire.fail(faults.read_timeout)
    answer = load("jobs/deliver_email").handler({"Records": records}, Context())
    assert failures(answer) == [record["dynamodb"]["SequenceNumber"] for record in records]


def test_entry_is_retried_after_its_lease_if_its_failure_was_not_saved(inbox: Inbox, wire: Wire) -> None:
    with time_machine.travel(START, tick=False) as now:
        register()
        (entry,) = entries()
        wire.reset()
        # The claim succeeds; sending fails, and so does noting the failure.
        wire.before = lambda _: (
            faults.read_timeout() if wire.count("UpdateItem") > 1 or wire.count("SendEmail") else None
        )
        assert len(failures(deliver(entry))) == 1
        wire.reset()
        assert failures(deliver(entry)) == [], "the stream did not leave the claimed entry to the retry job"
        assert not is_done(entry)
        now.shift(120)
        retry()
        assert is_done(entry)
        assert len({email.headers["X-Outbox-Id"] for email in inbox.sent}) == 1


def test_no_email_is_claimed_without_enough_time_to_send_it(inbox: Inbox) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    records = [stream_record(entry) for entry in entries()]
    answer = load("jobs/deliver_email").handler({"Records": records}, Context(left=(50_000, 31_000, 30_000)))
    assert failures(answer) == []
    assert len(inbox.sent) == 2
    assert failures(load("jobs/deliver_email").handler({"Records": records}, Context())) == []
    assert len(inbox.sent) == 3


@pytest.mark.usefixtures("ada")
def test_email_is_composed_again_if_the_account_changes_meanwhile(inbox: Inbox, wire: Wire, api: Api) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    (entry,) = entries()
    wire.fail(faults.cancelled("None", "ConditionalCheckFailed"), on="TransactWriteItems", times=1)
    assert failures(deliver(entry)) == []
    (email,) = inbox.sent
    body = {"token": email.token, "password": "a rather different sentence"}
    assert api.post("/api/auth/reset-password", body).status == 204


def test_done_entries_expire_after_a_week_and_waiting_ones_never(inbox: Inbox) -> None:
    register()
    (entry,) = stored.items("OutboxTable")
    common = {"id", "kind", "to", "details", "network", "createdAt", "attempts", "giveUpAt"}
    # A provider may be unreachable for more than a week: waiting entries must not expire.
    assert set(entry) == common | {"unsent", "retryAt"}
    inbox.newest()
    (entry,) = stored.items("OutboxTable")
    assert set(entry) == common | {"doneAt", "expiresAt"}
    assert 0 <= clock.now() + 7 * 86400 - entry["expiresAt"] < 60


# Both jobs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", ["deliver_email", "retry_emails"])
def test_both_jobs_deliver_every_kind_of_email(api: Api, ada: Api, inbox: Inbox, job: str) -> None:
    details = {"user_agent": "Burner", "ip": "192.0.2.1"}
    receive(bounce("bounces@example.com"))
    for email in ("new@example.com", "bounces@example.com"):
        api.post("/api/auth/register", {"name": "Eve", "email": email, "password": PASSWORD})
    api.post("/api/contact", {"name": "Gil", "email": "gil@example.com", "message": "Hello"})
    digest = {"form": "contact", "hour": clock.timestamp()[:13]}
    me = ada.get("/api/auth/me").json["data"]["user"]["id"]
    tables.write(
        outbox.sending("recovery", "ada@example.com"),
        outbox.sending("recovery", "nobody@example.com"),
        outbox.sending("recovery", "new@example.com"),
        outbox.sending("password_changed", "ada@example.com"),
        outbox.sending("invitation", "nobody@example.com"),
        outbox.sending("email_changed", "ada@example.com", userId=me, version="1"),
        outbox.sending("new_device", "ada@example.com", **details),
        outbox.sending("submission_digest", "contact@example.com", **digest),
    )
    deliver_by(job)
    assert [item for item in stored.items("OutboxTable") if "doneAt" not in item] == []
    assert len(inbox.sent) >= 6


@pytest.mark.parametrize("job", ["deliver_email", "retry_emails"])
def test_both_jobs_share_the_circuit_of_a_provider(inbox: Inbox, wire: Wire, job: str) -> None:
    details = {"user_agent": "Burner", "ip": "192.0.2.1"}
    wire.fail(faults.read_timeout, on="SendEmail")
    for number in range(5):
        tables.write(outbox.sending("new_device", f"ada{number}@example.com", **details))
    deliver_by(job)
    assert inbox.sent == []
    wire.reset()
    with time_machine.travel(clock.now() + clock.HOUR):
        tables.write(outbox.sending("new_device", "ben@example.com", **details))
        deliver_by(job)
    assert inbox.sent
