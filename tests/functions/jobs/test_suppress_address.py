"""The suppress_address job: which bounces and complaints suppress an address, what it still gets, what lifts it."""

import json
import logging
import time
from typing import Any

import pytest
import time_machine

from shared.core import aws, clock, logs, tables
from shared.core.errors import Unavailable
from shared.records import outbox, suppressions
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Inbox, deliver, entries, redrive, retry
from tests.support.faults import Wire
from tests.support.feedback import Event, bounce, complaint, receive

ADA = "ada@example.com"
NEW = "a rather different sentence"


def profile(api: Api) -> dict[str, Any]:
    user: dict[str, Any] = api.get("/api/auth/me").json["data"]["user"]
    return user


def status_of(api: Api) -> str:
    stored.check()
    return str(profile(api)["emailStatus"])


def suppressed() -> dict[str, str]:
    stored.check()
    return {item["email"]: item["reason"] for item in stored.items("SuppressionsTable") if "reason" in item}


def events(api: Api) -> list[str]:
    return [entry["event"] for entry in api.get("/api/auth/activity").json["data"]]


def queue(kind: str, email: str = ADA) -> None:
    details = {"registration": "", "number": "1"} if kind == "registration" else {}
    tables.write(outbox.sending(kind, email, **details))  # type: ignore[arg-type]  # a kind that exists


# Suppression ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "status"), [(bounce, "bounced"), (complaint, "complained")])
def test_bounce_or_complaint_suppresses_the_address_and_marks_the_profile(
    ada: Api, admin: Api, event: Any, status: str
) -> None:
    before = profile(ada)
    etag = ada.get(f"/api/users/{before['id']}").headers["etag"]
    receive(event(ADA))
    assert suppressed() == {ADA: status}
    after = profile(ada)
    assert after == {**before, "emailStatus": status, "updatedAt": after["updatedAt"]}
    seen = admin.get(f"/api/users/{before['id']}")
    assert seen.json["data"] == after
    assert seen.headers["etag"] != etag
    assert after in admin.get("/api/users").json["data"]
    assert events(ada)[0] == f"user_email_{status}"


@pytest.mark.usefixtures("ada")
def test_bounced_address_can_still_sign_in() -> None:
    receive(bounce(ADA))
    assert status_of(Api().signed_in(ADA, PASSWORD)) == "bounced"


HARMLESS = {
    "a full mailbox": bounce(ADA, kind="Transient", detail="MailboxFull"),
    "an undetermined bounce": bounce(ADA, kind="Undetermined", detail="Undetermined"),
    "a not-spam report": complaint(ADA, kind="not-spam"),
    "an authentication failure report": complaint(ADA, kind="auth-failure"),
    "a delivery": {"eventType": "Delivery", "delivery": {"recipients": [ADA]}, "mail": {"destination": [ADA]}},
    "a bounce without its bounce object": {"eventType": "Bounce", "mail": {"destination": [ADA]}},
    "a bounce with a complaint object": {**complaint(ADA), "eventType": "Bounce"},
}


@pytest.mark.parametrize("event", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_events_suppress_nothing(ada: Api, event: Event, caplog: pytest.LogCaptureFixture) -> None:
    before = profile(ada)
    with caplog.at_level(logging.INFO, "api_routes"):
        receive(event)
    assert (suppressed(), profile(ada)) == ({}, before)
    assert "feedback ignored" in caplog.messages


UNREADABLE = {
    "SNS topic validation": "Successfully validated SNS topic for Amazon SES event publishing.",
    "empty": "",
    "not an object": "[1, 2]",
    "null": "null",
    "deeply nested": "[" * 100_000,
    "no event type": json.dumps({"bounce": {}}),
    "no mail object": json.dumps({"eventType": "Bounce", "bounce": bounce(ADA)["bounce"]}),
    "no recipient": json.dumps({**bounce(ADA), "mail": {"destination": []}}),
    "a recipient that is not a string": json.dumps({**bounce(ADA), "mail": {"destination": [{"emailAddress": ADA}]}}),
    "several recipients, which our emails never have": json.dumps({**bounce(ADA), "mail": {"destination": [ADA, ADA]}}),
    "an invalid timestamp": json.dumps({**bounce(ADA), "bounce": {**bounce(ADA)["bounce"], "timestamp": "soon"}}),
    "a timestamp without a time zone": json.dumps(
        {**bounce(ADA), "bounce": {**bounce(ADA)["bounce"], "timestamp": "2026-08-04T12:00"}}
    ),
    "a lone surrogate": '{"eventType": "\\ud800"}',
    "a notification in the older format": json.dumps({**bounce(ADA), "eventType": None, "notificationType": "Bounce"}),
}


@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_message_is_dropped_and_logged_without_its_content(
    ada: Api, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = profile(ada)
    caplog.clear()
    receive(message)
    log = "\n".join(map(logs._JsonFormatter().format, caplog.records))
    assert (suppressed(), profile(ada)) == ({}, before)
    assert any(text in log for text in ("feedback not readable", "feedback ignored"))
    assert ADA not in log
    assert "Successfully" not in log


@pytest.mark.parametrize("event", [bounce, complaint])
def test_report_suppresses_only_the_address_the_email_was_sent_to(ada: Api, event: Any) -> None:
    receive(event("eve@evil.example", named=ADA))
    assert status_of(ada) == "ok"
    assert list(suppressed()) == ["eve@evil.example"]


@pytest.mark.parametrize("address", ["", "nobody", "@", "a@b", "a@b@c.com", "<>", "x" * 300 + "@example.com", "\x00@é"])
@pytest.mark.usefixtures("fake_aws")
def test_invalid_recipient_is_logged_without_its_text(address: str, caplog: pytest.LogCaptureFixture) -> None:
    receive(bounce(address))
    assert suppressed() == {}
    assert "feedback without a valid address" in caplog.messages
    assert all(address not in str(record.__dict__.get("fields")) for record in caplog.records if len(address) > 2)


@pytest.mark.parametrize(
    ("recipient", "key"),
    [
        ("Ada Lovelace <Ada@Example.com>", ADA),
        ("<ada@example.com>", ADA),
        ('"Lovelace, Ada" <ADA@example.com>', ADA),
        ("ada@xn--bcher-kva.example.com", "ada@xn--bcher-kva.example.com"),
    ],
)
@pytest.mark.usefixtures("fake_aws")
def test_recipient_matches_in_any_spelling(recipient: str, key: str) -> None:
    receive(bounce(recipient))
    assert suppressed() == {key: "bounced"}
    typed = "ADA@b\u00fccher.example.com" if "xn--" in key else "ADA@EXAMPLE.com"
    assert suppressions.reason_for(typed) == "bounced"


def test_subtype_is_stored_only_if_it_is_a_plain_word(ada: Api) -> None:
    receive(bounce(ADA, detail="OnAccountSuppressionList"))
    assert [item["detail"] for item in stored.items("SuppressionsTable")] == ["OnAccountSuppressionList"]
    receive(bounce(ADA, detail="<b>" + "x" * 100_000))
    assert [item["detail"] for item in stored.items("SuppressionsTable")] == [""]
    receive(complaint(ADA, kind=None))
    assert status_of(ada) == "complained"


# Duplicate and late events -------------------------------------------------------------------------


def test_duplicate_event_changes_nothing(ada: Api) -> None:
    event = bounce(ADA)
    receive(event)
    after, log = profile(ada), events(ada)
    receive(event)
    assert (profile(ada), events(ada)) == (after, log)


def test_second_bounce_does_not_change_the_profile(ada: Api) -> None:
    receive(bounce(ADA, at=time.time() - 60))
    after, log = profile(ada), events(ada)
    receive(bounce(ADA))
    assert (profile(ada), events(ada)) == (after, log)


@pytest.mark.parametrize("between", [0, 60])
@pytest.mark.parametrize("backwards", [False, True])
def test_latest_event_wins_in_any_order_of_arrival(
    ada: Api,
    backwards: bool,  # noqa: FBT001  # a pytest parameter
    between: int,
) -> None:
    now = time.time()
    in_order = [bounce(ADA, at=now - between), complaint(ADA, at=now)]
    for event in reversed(in_order) if backwards else in_order:
        receive(event)
    assert status_of(ada) == "complained"


def test_late_bounce_does_not_undo_a_verification(ada: Api, inbox: Inbox) -> None:
    event = bounce(ADA)
    receive(event)
    verify_again(ada, inbox)
    receive(event)
    assert status_of(ada) == "ok"
    with time_machine.travel(clock.now() + clock.DAY):
        receive(bounce(ADA))
        assert status_of(ada.signed_in(ADA, PASSWORD)) == "bounced"


def test_future_timestamp_is_read_as_now(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA, at=time.time() + 10 * clock.DAY))
    (item,) = stored.items("SuppressionsTable")
    assert item["at"] <= clock.timestamp()
    verify_again(ada, inbox)
    assert status_of(ada) == "ok"


def test_verification_is_remembered_for_40_days(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    verify_again(ada, inbox)
    (item,) = stored.items("SuppressionsTable")
    assert set(item) == {"email", "at", "expiresAt"}
    assert 0 <= clock.now() + 40 * clock.DAY - item["expiresAt"] < 60


@pytest.mark.usefixtures("ada")
def test_unreachable_database_raises_so_that_lambda_retries(wire: Wire) -> None:
    for failure in (faults.read_timeout, faults.unreachable):
        wire.fail(failure)
        with pytest.raises(Unavailable):
            receive(bounce(ADA))
        wire.reset()
        assert suppressed() == {}
    receive(bounce(ADA))
    assert suppressed() == {ADA: "bounced"}


# Withheld emails -----------------------------------------------------------------------------------

WITHHELD = ("password_changed", "new_device", "session_ended", "recovery", "invitation")


@pytest.mark.parametrize("kind", WITHHELD)
@pytest.mark.usefixtures("ada")
def test_suppressed_address_gets_no_email(inbox: Inbox, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    receive(bounce(ADA))
    queue(kind)
    with caplog.at_level(logging.INFO, "api_routes"):
        assert inbox.all() == []
    assert all("doneAt" in entry for entry in stored.items("OutboxTable"))
    (record,) = [record for record in caplog.records if record.getMessage() == "email skipped"]
    (entry,) = entries()
    assert record.__dict__["fields"] == {"entry": entry["id"]["S"], "kind": kind, "reason": "bounced"}


@pytest.mark.usefixtures("ada")
def test_withheld_email_keeps_the_previous_link_valid(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    receive(complaint(ADA))
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert len(inbox.all()) == 1
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 204


def test_submission_email_is_dead_while_our_own_inbox_is_suppressed(api: Api, inbox: Inbox) -> None:
    receive(bounce("contact@example.com"))
    api.post("/api/contact", {"name": "Ben", "email": "ben@example.com", "message": "Hello?"})
    assert inbox.all() == []
    (entry,) = stored.items("OutboxTable")
    stored.check_outbox_entry(entry)
    assert (stored.state(entry), entry["lastError"]) == ("dead", "inbox_bounced")
    aws.dynamodb().delete_item(TableName="SuppressionsTable", Key={"email": {"S": "contact@example.com"}})
    assert redrive()["emails"] == 1
    retry()
    assert [email.to for email in inbox.sent] == ["contact@example.com"]


@pytest.mark.usefixtures("ada")
def test_other_addresses_still_get_email(ben: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    ben.post("/api/auth/forgot-password", {"email": "ben@example.com"})
    assert inbox.newest().to == "ben@example.com"


# Verifying again -----------------------------------------------------------------------------------


def verify_again(api: Api, inbox: Inbox, email: str = ADA) -> None:
    assert Api().post("/api/auth/resend-verification", {"email": email}).status == 202
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200


def test_suppressed_address_gets_a_link_that_lifts_it(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    ada.post("/api/auth/resend-verification", {"email": "ADA@example.com"})
    email = inbox.newest()
    assert email.subject == "Confirm your address for Lambda API Routes"
    proof = {"token": email.token}
    assert ada.post("/api/auth/verify-email", proof).status == 200
    assert (status_of(ada), suppressed()) == ("ok", {})
    assert events(ada)[0] == "user_email_verified"
    with time_machine.travel(clock.now() + clock.MINUTE):
        assert ada.post("/api/auth/verify-email", proof).status == 400
    ada.post("/api/auth/forgot-password", {"email": ADA})
    assert inbox.newest().subject.startswith("Choose a new password")


def test_verifying_again_keeps_sessions_and_other_links(ada: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    link = inbox.newest().token
    receive(bounce(ADA))
    version = stored.credentials()[0]["version"]
    verify_again(ada, inbox)
    assert ada.get("/api/auth/me").status == 200
    assert stored.credentials()[0]["version"] == version
    assert ada.post("/api/auth/verify-email", {"token": link}).status == 200


@pytest.mark.usefixtures("ada")
def test_verified_address_without_suppression_gets_no_verification_email(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/resend-verification", {"email": ADA})
    assert inbox.all() == []


def test_suppressed_address_gets_one_verification_email_a_day(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    for _ in range(3):
        ada.post("/api/auth/resend-verification", {"email": ADA})
        inbox.deliver()
    (email,) = inbox.sent
    receive(bounce(ADA))  # the verification email bounces too
    ada.post("/api/auth/resend-verification", {"email": ADA})
    assert inbox.all() == [email]
    with time_machine.travel(clock.now() + clock.DAY):
        ada.post("/api/auth/resend-verification", {"email": ADA})
        assert len(inbox.all()) == 2


def test_further_requests_keep_the_link_of_the_day_valid(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    for _ in range(3):
        Api().post("/api/auth/resend-verification", {"email": ADA})
        inbox.deliver()
    assert ada.post("/api/auth/verify-email", {"token": inbox.sent[0].token}).status == 200
    assert status_of(ada) == "ok"


@pytest.mark.usefixtures("ada")
def test_failed_verification_email_is_retried_the_same_day(inbox: Inbox, wire: Wire) -> None:
    receive(bounce(ADA))
    queue("registration")
    (entry,) = entries()
    wire.fail(faults.read_timeout, on="SendEmail")
    deliver(entry)
    assert inbox.sent == []
    wire.reset()
    with time_machine.travel(clock.now() + clock.HOUR):
        retry()
    assert len(inbox.sent) == 1


def test_registering_a_suppressed_address_sends_a_link_that_lifts_it(api: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    registered = api.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    proofs = {"token": inbox.newest().token, "registration": registered.json["registration"]}
    opened = api.post("/api/auth/verify-email", proofs)
    assert status_of(api.with_token(opened.json["token"])) == "ok"


def test_invitation_to_a_suppressed_address_is_sent_on_request(admin: Api, inbox: Inbox) -> None:
    receive(complaint(ADA))
    user = admin.post("/api/users", {"name": "Ada", "email": ADA}).json["data"]
    assert user["emailStatus"] == "complained"
    assert inbox.all() == []
    Api().post("/api/auth/resend-verification", {"email": ADA})
    link = {"token": inbox.newest().token, "password": NEW}
    assert Api().post("/api/auth/reset-password", link).status == 204
    assert status_of(Api().signed_in(ADA, NEW)) == "ok"


@pytest.mark.usefixtures("fake_aws")
def test_suppressed_address_without_an_account_gets_nothing(inbox: Inbox) -> None:
    receive(bounce(ADA))
    queue("registration")
    assert inbox.all() == []


# Changed addresses and closed accounts -------------------------------------------------------------


def test_suppression_stays_with_the_old_address_after_a_change(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert status_of(ada) == "ok"
    assert suppressed() == {ADA: "bounced"}


def test_changing_to_a_suppressed_address_lifts_its_suppression(ada: Api, inbox: Inbox) -> None:
    receive(bounce("countess@example.com"))
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert inbox.newest().to == "countess@example.com"
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert (status_of(ada), suppressed()) == ("ok", {})


@pytest.mark.usefixtures("ben")
def test_suppressed_owner_of_a_requested_address_gets_no_email(ada: Api, inbox: Inbox) -> None:
    receive(complaint("ben@example.com"))
    ada.post("/api/auth/change-email", {"newEmail": "ben@example.com", "password": PASSWORD})
    assert inbox.all() == []


def test_complaint_about_a_former_address_does_not_affect_the_profile(ada: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    ada.post("/api/auth/verify-email", {"token": inbox.newest().token})
    undo = inbox.newest().token
    receive(complaint(ADA))
    assert status_of(ada) == "ok"
    assert ada.post("/api/auth/verify-email", {"token": undo}).status == 200
    assert suppressed() == {}
    assert inbox.newest().to == ADA


def test_closing_an_account_keeps_the_suppression(ada: Api) -> None:
    receive(bounce(ADA))
    assert ada.delete(f"/api/users/{profile(ada)['id']}").status == 204
    assert suppressed() == {ADA: "bounced"}
    receive(complaint(ADA))
    assert suppressed() == {ADA: "complained"}


def test_email_status_cannot_be_changed_by_a_request(ada: Api, admin: Api) -> None:
    receive(bounce(ADA))
    url = f"/api/users/{profile(ada)['id']}"
    for caller in (ada, admin):
        assert caller.patch(url, {"emailStatus": "ok"}).status == 400
    assert ada.patch(url, {"name": "A"}).json["data"]["emailStatus"] == "bounced"
