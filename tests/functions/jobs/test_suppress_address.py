"""Bounces and complaints: which addresses are suppressed, what they still get, and how they get off the list."""

import json
import logging
import time
from typing import Any

import pytest
import time_machine

from shared.core import aws, clock, logs, tables
from shared.core.errors import Unavailable
from shared.records import outbox, suppressions
from tests.conftest import PASSWORD
from tests.support import faults, stored
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


def ask(kind: str, email: str = ADA) -> None:
    tables.write(outbox.sending(kind, email))  # type: ignore[arg-type]  # of those that there are


# What suppresses an address ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "status"), [(bounce, "bounced"), (complaint, "complained")])
def test_a_bounce_and_a_complaint_suppress_the_address_and_show_on_the_profile(
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
def test_a_bounced_address_still_signs_in() -> None:
    receive(bounce(ADA))
    assert status_of(Api().signed_in(ADA, PASSWORD)) == "bounced"


NOTHING = {
    "a full mailbox": bounce(ADA, kind="Transient", detail="MailboxFull"),
    "an undetermined bounce": bounce(ADA, kind="Undetermined", detail="Undetermined"),
    "a report that it is no spam": complaint(ADA, kind="not-spam"),
    "a report on signatures": complaint(ADA, kind="auth-failure"),
    "a delivery": {"eventType": "Delivery", "delivery": {"recipients": [ADA]}, "mail": {"destination": [ADA]}},
    "a bounce without its part": {"eventType": "Bounce", "mail": {"destination": [ADA]}},
    "another's part": {**complaint(ADA), "eventType": "Bounce"},
}


@pytest.mark.parametrize("event", NOTHING.values(), ids=NOTHING.keys())
def test_what_may_pass_or_is_no_complaint_suppresses_nothing(
    ada: Api, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    before = profile(ada)
    with caplog.at_level(logging.INFO, "api_routes"):
        receive(event)
    assert (suppressed(), profile(ada)) == ({}, before)
    assert "feedback ignored" in caplog.messages


UNREADABLE = {
    "the text of a new topic": "Successfully validated SNS topic for Amazon SES event publishing.",
    "nothing": "",
    "no object": "[1, 2]",
    "null": "null",
    "deep": "[" * 100_000,
    "no kind": json.dumps({"bounce": {}}),
    "no mail": json.dumps({"eventType": "Bounce", "bounce": bounce(ADA)["bounce"]}),
    "no recipient": json.dumps({**bounce(ADA), "mail": {"destination": []}}),
    "a recipient that is none": json.dumps({**bounce(ADA), "mail": {"destination": [{"emailAddress": ADA}]}}),
    "a mail to several, which none of ours is": json.dumps({**bounce(ADA), "mail": {"destination": [ADA, ADA]}}),
    "no time": json.dumps({**bounce(ADA), "bounce": {**bounce(ADA)["bounce"], "timestamp": "soon"}}),
    "a time of nowhere": json.dumps(
        {**bounce(ADA), "bounce": {**bounce(ADA)["bounce"], "timestamp": "2026-08-04T12:00"}}
    ),
    "half a character": '{"eventType": "\\ud800"}',
    "an old notification": json.dumps({**bounce(ADA), "eventType": None, "notificationType": "Bounce"}),
}


@pytest.mark.parametrize("message", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_given_up_and_logged_without_its_content(
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
def test_a_report_speaks_for_the_address_that_was_mailed_and_for_no_other_that_it_names(ada: Api, event: Any) -> None:
    receive(event("eve@evil.example", named=ADA))
    assert status_of(ada) == "ok"
    assert list(suppressed()) == ["eve@evil.example"]


@pytest.mark.parametrize("address", ["", "nobody", "@", "a@b", "a@b@c.com", "<>", "x" * 300 + "@example.com", "\x00@é"])
@pytest.mark.usefixtures("cloud")
def test_what_is_no_address_is_logged_without_it(address: str, caplog: pytest.LogCaptureFixture) -> None:
    receive(bounce(address))
    assert suppressed() == {}
    assert "feedback without a valid address" in caplog.messages
    assert all(address not in str(record.__dict__.get("fields")) for record in caplog.records if len(address) > 2)


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ("Ada Lovelace <Ada@Example.com>", ADA),
        ("<ada@example.com>", ADA),
        ('"Lovelace, Ada" <ADA@example.com>', ADA),
        ("ada@xn--bcher-kva.example.com", "ada@xn--bcher-kva.example.com"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_an_address_is_found_however_it_is_written(told: str, key: str) -> None:
    receive(bounce(told))
    assert suppressed() == {key: "bounced"}
    typed = "ADA@b\u00fccher.example.com" if "xn--" in key else "ADA@EXAMPLE.com"
    assert suppressions.reason_for(typed) == "bounced"


def test_ses_s_word_for_the_kind_is_kept_if_it_is_one(ada: Api) -> None:
    receive(bounce(ADA, detail="OnAccountSuppressionList"))
    assert [item["detail"] for item in stored.items("SuppressionsTable")] == ["OnAccountSuppressionList"]
    receive(bounce(ADA, detail="<b>" + "x" * 100_000))
    assert [item["detail"] for item in stored.items("SuppressionsTable")] == [""]
    receive(complaint(ADA, kind=None))
    assert status_of(ada) == "complained"


# Twice, late, in another order ---------------------------------------------------------------------------------


def test_an_event_that_comes_twice_changes_nothing_the_second_time(ada: Api) -> None:
    event = bounce(ADA)
    receive(event)
    after, log = profile(ada), events(ada)
    receive(event)
    assert (profile(ada), events(ada)) == (after, log)


def test_another_bounce_of_a_bounced_address_leaves_the_profile_as_it_is(ada: Api) -> None:
    receive(bounce(ADA, at=time.time() - 60))
    after, log = profile(ada), events(ada)
    receive(bounce(ADA))
    assert (profile(ada), events(ada)) == (after, log)


@pytest.mark.parametrize("between", [0, 60])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_latest_of_two_events_counts_in_whichever_order_they_come(
    ada: Api,
    backwards: bool,  # noqa: FBT001  # a parameter of pytest's
    between: int,
) -> None:
    now = time.time()
    told = [bounce(ADA, at=now - between), complaint(ADA, at=now)]
    for event in reversed(told) if backwards else told:
        receive(event)
    assert status_of(ada) == "complained"


def test_a_bounce_that_comes_late_does_not_undo_the_proof(ada: Api, inbox: Inbox) -> None:
    event = bounce(ADA)
    receive(event)
    prove(ada, inbox)
    receive(event)
    assert status_of(ada) == "ok"
    with time_machine.travel(clock.now() + clock.DAY):
        receive(bounce(ADA))
        assert status_of(ada.signed_in(ADA, PASSWORD)) == "bounced"


def test_a_time_to_come_counts_as_now(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA, at=time.time() + 10 * clock.DAY))
    (item,) = stored.items("SuppressionsTable")
    assert item["at"] <= clock.timestamp()
    prove(ada, inbox)
    assert status_of(ada) == "ok"


def test_a_proof_is_kept_for_forty_days(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    prove(ada, inbox)
    (item,) = stored.items("SuppressionsTable")
    assert set(item) == {"email", "at", "expiresAt"}
    assert 0 <= clock.now() + 40 * clock.DAY - item["expiresAt"] < 60


@pytest.mark.usefixtures("ada")
def test_out_of_reach_is_raised_so_that_it_is_tried_again(wire: Wire) -> None:
    for failure in (faults.no_answer, faults.unreachable):
        wire.fails(failure)
        with pytest.raises(Unavailable):
            receive(bounce(ADA))
        wire.forget()
        assert suppressed() == {}
    receive(bounce(ADA))
    assert suppressed() == {ADA: "bounced"}


# No further mail -----------------------------------------------------------------------------------------------

KEPT_BACK = ("password_changed", "new_device", "session_ended", "recovery", "invitation", "registration")


@pytest.mark.parametrize("kind", KEPT_BACK)
@pytest.mark.usefixtures("ada")
def test_a_suppressed_address_gets_no_mail(inbox: Inbox, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    receive(bounce(ADA))
    ask(kind)
    with caplog.at_level(logging.INFO, "api_routes"):
        assert inbox.all() == []
    assert all("doneAt" in entry for entry in stored.items("OutboxTable"))
    (record,) = [record for record in caplog.records if record.getMessage() == "email skipped"]
    (entry,) = entries()
    assert record.__dict__["fields"] == {"entry": entry["id"]["S"], "kind": kind, "reason": "bounced"}


@pytest.mark.usefixtures("ada")
def test_a_mail_kept_back_leaves_the_link_of_the_one_before_good(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/forgot-password", {"email": ADA})
    token = inbox.newest().token
    receive(complaint(ADA))
    api.post("/api/auth/forgot-password", {"email": ADA})
    assert len(inbox.all()) == 1
    assert api.post("/api/auth/reset-password", {"token": token, "password": NEW}).status == 204


def test_what_is_sent_in_with_a_form_waits_for_a_person_while_our_own_inbox_gets_no_mail(
    api: Api, inbox: Inbox
) -> None:
    receive(bounce("contact@example.com"))
    api.post("/api/contact", {"name": "Ben", "email": "ben@example.com", "message": "Hello?"})
    assert inbox.all() == []
    (entry,) = stored.items("OutboxTable")
    stored.check_entry(entry)
    assert (stored.state(entry), entry["lastError"]) == ("dead", "inbox_bounced")
    aws.dynamodb().delete_item(TableName="SuppressionsTable", Key={"email": {"S": "contact@example.com"}})
    assert redrive()["emails"] == 1
    retry()
    assert [mail.to for mail in inbox.sent] == ["contact@example.com"]


@pytest.mark.usefixtures("ada")
def test_other_addresses_get_their_mails(ben: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    ben.post("/api/auth/forgot-password", {"email": "ben@example.com"})
    assert inbox.newest().to == "ben@example.com"


# A fresh verification ------------------------------------------------------------------------------------------


def prove(api: Api, inbox: Inbox, email: str = ADA) -> None:
    assert Api().post("/api/auth/resend-verification", {"email": email}).status == 202
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200


@pytest.mark.parametrize("how", ["token", "code"])
def test_a_suppressed_address_is_mailed_a_verification_that_lifts_it(ada: Api, inbox: Inbox, how: str) -> None:
    receive(bounce(ADA))
    ada.post("/api/auth/resend-verification", {"email": "ADA@example.com"})
    mail = inbox.newest()
    assert mail.subject == "Confirm your address for Lambda API Routes"
    proof = {"token": mail.token} if how == "token" else {"email": ADA, "code": mail.code}
    assert ada.post("/api/auth/verify-email", proof).status == 200
    assert (status_of(ada), suppressed()) == ("ok", {})
    assert events(ada)[0] == "user_email_verified"
    assert ada.post("/api/auth/verify-email", proof).status == 400
    ada.post("/api/auth/forgot-password", {"email": ADA})
    assert inbox.newest().subject.startswith("Choose a new password")


def test_confirming_again_disturbs_no_session_and_no_other_link(ada: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    link = inbox.newest().token
    receive(bounce(ADA))
    version = stored.credentials()[0]["version"]
    prove(ada, inbox)
    assert ada.get("/api/auth/me").status == 200
    assert stored.credentials()[0]["version"] == version
    assert ada.post("/api/auth/verify-email", {"token": link}).status == 200


@pytest.mark.usefixtures("ada")
def test_a_verified_address_that_is_not_suppressed_is_not_mailed_another_verification(api: Api, inbox: Inbox) -> None:
    api.post("/api/auth/resend-verification", {"email": ADA})
    assert inbox.all() == []


def test_a_suppressed_address_gets_one_verification_a_day(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    for _ in range(3):
        ada.post("/api/auth/resend-verification", {"email": ADA})
        inbox.deliver()
    (mail,) = inbox.sent
    receive(bounce(ADA))  # the verification itself
    ada.post("/api/auth/resend-verification", {"email": ADA})
    assert inbox.all() == [mail]
    with time_machine.travel(clock.now() + clock.DAY):
        ada.post("/api/auth/resend-verification", {"email": ADA})
        assert len(inbox.all()) == 2


def test_the_link_of_the_day_stays_good_however_often_another_is_asked_for(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    for _ in range(3):
        Api().post("/api/auth/resend-verification", {"email": ADA})
        inbox.deliver()
    assert ada.post("/api/auth/verify-email", {"token": inbox.sent[0].token}).status == 200
    assert status_of(ada) == "ok"


@pytest.mark.usefixtures("ada")
def test_a_verification_that_ses_did_not_take_is_tried_again_the_same_day(inbox: Inbox, wire: Wire) -> None:
    receive(bounce(ADA))
    ask("verification")
    (entry,) = entries()
    wire.fails(faults.no_answer, on="SendEmail")
    deliver(entry)
    assert inbox.sent == []
    wire.forget()
    with time_machine.travel(clock.now() + clock.HOUR):
        retry()
    assert len(inbox.sent) == 1


def test_registering_with_a_suppressed_address_is_mailed_a_verification(api: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    api.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
    assert [user["emailStatus"] for user in stored.profiles()] == ["bounced"]
    stored.check()
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert status_of(api.signed_in(ADA, PASSWORD)) == "ok"


def test_somebody_invited_at_a_suppressed_address_is_mailed_the_invitation_on_asking(admin: Api, inbox: Inbox) -> None:
    receive(complaint(ADA))
    user = admin.post("/api/users", {"name": "Ada", "email": ADA}).json["data"]
    assert user["emailStatus"] == "complained"
    assert inbox.all() == []
    Api().post("/api/auth/resend-verification", {"email": ADA})
    link = {"token": inbox.newest().token, "password": NEW}
    assert Api().post("/api/auth/reset-password", link).status == 204
    assert status_of(Api().signed_in(ADA, NEW)) == "ok"


@pytest.mark.usefixtures("cloud")
def test_a_suppressed_address_without_account_gets_nothing(inbox: Inbox) -> None:
    receive(bounce(ADA))
    for kind in ("registration", "verification"):
        ask(kind)
    assert inbox.all() == []


# Other addresses, other owners ---------------------------------------------------------------------------------


def test_moving_to_another_address_leaves_the_suppression_behind(ada: Api, inbox: Inbox) -> None:
    receive(bounce(ADA))
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert status_of(ada) == "ok"
    assert suppressed() == {ADA: "bounced"}


def test_moving_to_a_suppressed_address_proves_it(ada: Api, inbox: Inbox) -> None:
    receive(bounce("countess@example.com"))
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    assert inbox.newest().to == "countess@example.com"
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert (status_of(ada), suppressed()) == ("ok", {})


@pytest.mark.usefixtures("ben")
def test_a_suppressed_owner_is_not_told_that_somebody_wants_the_address(ada: Api, inbox: Inbox) -> None:
    receive(complaint("ben@example.com"))
    ada.post("/api/auth/change-email", {"newEmail": "ben@example.com", "password": PASSWORD})
    assert inbox.all() == []


def test_a_bounce_of_an_address_that_was_left_concerns_no_profile_until_it_is_proved_again(
    ada: Api, inbox: Inbox
) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "countess@example.com", "password": PASSWORD})
    ada.post("/api/auth/verify-email", {"token": inbox.newest().token})
    undo = inbox.newest().token
    receive(complaint(ADA))
    assert status_of(ada) == "ok"
    assert ada.post("/api/auth/verify-email", {"token": undo}).status == 200
    assert suppressed() == {}
    assert inbox.newest().to == ADA


def test_closing_an_account_leaves_the_suppression(ada: Api) -> None:
    receive(bounce(ADA))
    assert ada.delete(f"/api/users/{profile(ada)['id']}").status == 204
    assert suppressed() == {ADA: "bounced"}
    receive(complaint(ADA))
    assert suppressed() == {ADA: "complained"}


def test_a_suppressed_address_can_neither_be_set_nor_lifted_by_a_request(ada: Api, admin: Api) -> None:
    receive(bounce(ADA))
    place = f"/api/users/{profile(ada)['id']}"
    for caller in (ada, admin):
        assert caller.patch(place, {"emailStatus": "ok"}).status == 400
    assert ada.patch(place, {"name": "A"}).json["data"]["emailStatus"] == "bounced"
