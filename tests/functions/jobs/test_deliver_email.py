"""The outbox's stream: what each entry sends, and what happens when sending fails."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import time_machine

from shared.core import clock, config, tables
from shared.mail import messages
from shared.records import outbox
from tests.conftest import ADMIN_EMAIL, PASSWORD, forget_circuits
from tests.support import faults, stored
from tests.support.api import Api, Context, Inbox, deliver, entries, load, retry, stream_record
from tests.support.faults import Answer, PowerCut, Wire

ADA = "ada@example.com"
NOON = 1_900_000_000


def register(email: str = ADA, name: str = "Ada") -> None:
    reply = Api().post("/api/auth/register", {"name": name, "email": email, "password": PASSWORD})
    assert reply.status == 202


def failures(answer: Any) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def entry_of(item: Mapping[str, Any]) -> dict[str, Any]:
    (entry,) = [entry for entry in stored.items("OutboxTable") if entry["id"] == item["id"]["S"]]
    stored.check_entry(entry)
    return entry


def done(item: Mapping[str, Any]) -> bool:
    return stored.state(entry_of(item)) == "done"


# What each kind says -------------------------------------------------------------------------------------


def test_a_registration_is_mailed_a_link_and_a_code(inbox: Inbox) -> None:
    register("Ada@B\u00fccher.example.com", name="Buy at evil.example")
    mail = inbox.newest()
    assert mail.to == "Ada@xn--bcher-kva.example.com"
    assert mail.sender == "Lambda API Routes <no-reply@example.com>"
    assert mail.subject == "Confirm your address for Lambda API Routes"
    link = f"http://localhost:3001/verify-email?token={mail.token}"
    assert link in mail.text
    assert f'href="{link}"' in mail.html
    assert mail.code in mail.html
    assert mail.headers["X-Outbox-Id"] == entries()[0]["id"]["S"]
    assert "evil" not in mail.subject + mail.text + mail.html


@pytest.mark.usefixtures("inbox")
def test_a_mail_looks_its_address_up_once(admin: Api, wire: Wire) -> None:
    register()
    register("invited@example.com")
    admin.post("/api/users", {"name": "Grace", "email": "grace@example.com"})
    Api().post("/api/auth/resend-verification", {"email": "grace@example.com"})
    for entry in entries():
        forget_circuits()
        wire.forget()
        assert deliver(entry) == {"batchItemFailures": []}
        # The suppression, the credentials, the provider's circuit.
        assert (wire.count("GetItem"), wire.count("SendEmail")) == (3, 1)


def test_links_start_with_the_configured_front_end_whatever_the_host(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTEND_URL", "https://app.example.org/base")
    config.settings.cache_clear()
    stranger = Api({"host": "evil.example", "x-forwarded-host": "evil.example", "origin": "https://evil.example"})
    stranger.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    mail = inbox.newest()
    assert f"https://app.example.org/base/verify-email?token={mail.token}" in mail.text
    assert "evil" not in mail.text + mail.html


def test_what_html_means_something_in_is_escaped(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_NAME", 'A&B <script>"x"</script>')
    config.settings.cache_clear()
    register()
    mail = inbox.newest()
    assert "<script>" not in mail.html
    assert "A&amp;B &lt;script&gt;" in mail.html
    assert mail.subject == 'Confirm your address for A&B <script>"x"</script>'


def test_a_known_address_is_told_of_its_account_without_a_token(ada: Api, inbox: Inbox) -> None:
    assert ada is not None
    register()
    mail = inbox.newest()
    assert mail.to == ADA
    assert "http://localhost:3001/login" in mail.text
    assert "http://localhost:3001/forgot-password" in mail.text
    assert "token=" not in mail.text + mail.html


def test_an_invitation_is_mailed_a_link_and_no_code(admin: Api, inbox: Inbox) -> None:
    admin.post("/api/users", {"name": "<b>Ada</b>", "email": ADA})
    mail = inbox.newest()
    assert mail.subject == "You are invited to Lambda API Routes"
    assert f"http://localhost:3001/reset-password?token={mail.token}" in mail.text
    assert "Ada" not in mail.text + mail.html
    with pytest.raises(AssertionError):
        _ = mail.code


def test_every_mail_has_a_text_that_fits_its_html(admin: Api, inbox: Inbox) -> None:
    register()
    register(ADMIN_EMAIL)
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"})
    assert len(inbox.all()) == 3
    for mail in inbox.all():
        assert mail.html.startswith("<!doctype html>")
        assert "\n" not in mail.subject
        for part in (mail.subject, mail.text, mail.html):
            assert part.strip()
            assert "{{" not in part
            assert "{%" not in part
        for word in mail.text.split():
            if word.startswith("http"):
                assert word in mail.html


# What is not wanted any more -------------------------------------------------------------------------------


def test_a_confirmed_address_gets_no_mail_to_confirm_it(api: Api, inbox: Inbox) -> None:
    register()
    token = inbox.newest().token
    api.post("/api/auth/resend-verification", {"email": ADA})
    api.post("/api/auth/verify-email", {"token": token})
    (waiting,) = [entry for entry in entries() if entry["kind"]["S"] == "verification"]
    assert failures(deliver(waiting)) == []
    assert len(inbox.sent) == 1
    assert done(waiting)


@pytest.mark.usefixtures("cloud")
def test_an_address_without_account_gets_no_mail(inbox: Inbox) -> None:
    for kind in ("registration", "verification", "invitation"):
        tables.write(outbox.sending(kind, "nobody@example.com"))
    assert inbox.all() == []
    assert all(map(done, entries()))


def test_an_accepted_invitation_is_not_mailed_again(ada: Api, inbox: Inbox) -> None:
    assert ada is not None
    tables.write(outbox.sending("invitation", ADA))
    assert inbox.all() == []


# Once, and at least once -------------------------------------------------------------------------------------


def test_an_entry_that_comes_twice_is_sent_once(inbox: Inbox) -> None:
    register()
    (entry,) = entries()
    for _ in range(3):
        assert failures(deliver(entry)) == []
    assert failures(deliver(entry, entry)) == []
    assert len(inbox.sent) == 1


def test_an_entry_whose_answer_was_lost_is_sent_again_with_the_same_id(inbox: Inbox, wire: Wire, api: Api) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        register()
        (entry,) = entries()
        wire.forget()
        deliver_dies(entry, wire, after="SendEmail")
        assert not done(entry)
        assert failures(deliver(entry)) == []
        now.shift(119)
        retry()
        assert len(inbox.sent) == 1, "its lease has not ended"
        now.shift(1)
        retry()
        first, second = inbox.sent
        assert first.headers == second.headers
        assert done(entry)
        assert api.post("/api/auth/verify-email", {"token": second.token}).status == 200


def deliver_dies(entry: Mapping[str, Any], wire: Wire, after: str) -> None:
    def cut(operation: str) -> None:
        if operation == after:
            raise PowerCut

    wire.after = cut
    with pytest.raises(PowerCut):
        deliver(entry)
    wire.forget()


def test_an_entry_that_is_gone_is_not_sent(inbox: Inbox) -> None:
    register()
    (entry,) = entries()
    stranger = {**entry, "id": {"S": "gone"}}
    assert failures(deliver(stranger)) == []
    assert inbox.sent == []


# When it fails -----------------------------------------------------------------------------------------------

LATER = {
    "too many": faults.error("TooManyRequestsException", 429),
    "paused": faults.error("SendingPausedException"),
    "not verified": faults.error("MailFromDomainNotVerifiedException"),
    "suspended": faults.error("AccountSuspendedException"),
    "internal": faults.error("InternalFailure", 500),
    "no answer": faults.no_answer,
    "out of reach": faults.unreachable,
    "denied": faults.error("AccessDeniedException", 403),
}


@pytest.mark.parametrize("failure", LATER.values(), ids=LATER.keys())
def test_a_mail_that_could_not_be_sent_is_noted_and_sent_later(
    inbox: Inbox, wire: Wire, failure: Callable[[], Answer]
) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        register()
        (entry,) = entries()
        wire.fails(failure, on="SendEmail")
        assert failures(deliver(entry)) == []
        assert wire.count("SendEmail") == 1
        wire.forget()
        stored.check()
        assert failures(deliver(entry)) == []
        retry()
        assert not done(entry)
        now.shift(30)
        retry()
        assert done(entry)
        assert len(inbox.sent) == 1


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_mail_that_ses_will_never_take_holds_up_no_other_and_is_kept(
    inbox: Inbox, wire: Wire, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    for address in (ADA, "ben@example.com"):
        register(address)
    wire.fails(faults.error(code), on="SendEmail", times=1)
    refused, taken = entries()
    assert failures(deliver(refused, taken)) == []
    assert [mail.to for mail in inbox.sent] == ["ben@example.com"]
    dead = entry_of(refused)
    assert stored.state(dead) == "dead"
    assert dead["lastError"] == f"ses_{code}"
    (record,) = [record for record in caplog.records if record.getMessage() == "email rejected"]
    assert record.fields == {  # type: ignore[attr-defined]
        "entry": refused["id"]["S"],
        "kind": "registration",
        "attempts": 1,
        "reason": f"ses_{code}",
    }
    stored.check()


def test_a_mail_to_an_address_that_nobody_can_write_to_is_done(
    inbox: Inbox, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    register("\u0430\u0434\u0430@example.com")
    (entry,) = entries()
    assert failures(deliver(entry)) == []
    assert done(entry)
    assert inbox.sent == []
    assert wire.count("SendEmail") == 0
    assert "undeliverable address" in caplog.text


def test_a_defect_in_one_kind_of_mail_holds_up_no_other(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("new_device", "session_ended", "password_changed"):
        tables.write(outbox.sending(kind, f"{kind}@example.com"))
    monkeypatch.delitem(messages._COMPOSERS, "session_ended")
    details = {"at": "now", "ip": "192.0.2.1", "device": "Burner", "user_agent": "Burner"}
    for entry in stored.items("OutboxTable"):
        tables.write(tables.Update(table=outbox.OUTBOX, key={"id": entry["id"]}, set={"details": details}))
    assert failures(deliver(*entries())) == []
    assert {mail.to for mail in inbox.sent} == {"new_device@example.com", "password_changed@example.com"}
    (left,) = [entry for entry in stored.items("OutboxTable") if stored.state(entry) == "waiting"]
    assert left["lastError"] == "KeyError"
    assert "email not delivered" in caplog.text


def test_a_record_that_makes_no_sense_does_not_keep_the_others_of_its_batch(inbox: Inbox) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    first, second, third = (stream_record(entry) for entry in entries())
    del second["dynamodb"]["Keys"]["id"]
    answer = load("jobs/deliver_email").handler({"Records": [first, second, third]}, Context())
    assert failures(answer) == [second["dynamodb"]["SequenceNumber"]]
    assert sorted(mail.to for mail in inbox.sent) == ["user0@example.com", "user2@example.com"]


@pytest.mark.usefixtures("inbox")
def test_a_whole_batch_that_cannot_be_claimed_is_reported_and_not_raised(wire: Wire) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    records = [stream_record(entry) for entry in entries()]
    wire.fails(faults.no_answer)
    answer = load("jobs/deliver_email").handler({"Records": records}, Context())
    assert failures(answer) == [record["dynamodb"]["SequenceNumber"] for record in records]


def test_what_the_stream_could_not_note_is_sent_when_its_lease_ends(inbox: Inbox, wire: Wire) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        register()
        (entry,) = entries()
        wire.forget()
        wire.before = lambda _: faults.no_answer() if wire.count("UpdateItem") > 1 or wire.count("SendEmail") else None
        assert len(failures(deliver(entry))) == 1
        wire.forget()
        assert failures(deliver(entry)) == [], "the stream's next try leaves it alone"
        assert not done(entry)
        now.shift(120)
        retry()
        assert done(entry)
        assert len({mail.headers["X-Outbox-Id"] for mail in inbox.sent}) == 1


def test_no_mail_is_claimed_without_the_time_to_send_it(inbox: Inbox) -> None:
    for number in range(3):
        register(f"user{number}@example.com")
    records = [stream_record(entry) for entry in entries()]
    answer = load("jobs/deliver_email").handler({"Records": records}, Context(left=(50_000, 30_000, 15_000)))
    assert failures(answer) == [records[2]["dynamodb"]["SequenceNumber"]]
    assert len(inbox.sent) == 2
    assert failures(load("jobs/deliver_email").handler({"Records": records}, Context())) == []
    assert len(inbox.sent) == 3


def test_an_account_that_changes_while_its_mail_is_written_gets_the_mail_of_its_new_state(
    inbox: Inbox, wire: Wire, api: Api
) -> None:
    register()
    (entry,) = entries()
    wire.fails(faults.cancelled("None", "ConditionalCheckFailed"), on="TransactWriteItems", times=1)
    assert failures(deliver(entry)) == []
    (mail,) = inbox.sent
    assert api.post("/api/auth/verify-email", {"token": mail.token}).status == 200


def test_entries_are_kept_for_a_week_once_they_are_done_and_as_long_as_they_wait(inbox: Inbox) -> None:
    register()
    (entry,) = stored.items("OutboxTable")
    what = {"id", "kind", "to", "details", "createdAt", "attempts", "giveUpAt"}
    # With a provider out of reach for a week, thousands wait longer than that for one more try.
    assert set(entry) == what | {"unsent", "retryAt"}
    inbox.newest()
    (entry,) = stored.items("OutboxTable")
    assert set(entry) == what | {"doneAt", "expiresAt"}
    assert 0 <= clock.now() + 7 * 86400 - entry["expiresAt"] < 60
