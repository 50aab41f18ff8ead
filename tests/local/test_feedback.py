"""SES's mailbox simulator in the runner: what is mailed to its addresses comes back to the project's own function."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.aws.feedback import Returns
from local.template import FeedbackRoute, read_project
from tests.local.harness import Running, eventually
from tests.support import ROOT

PASSWORD = "correct horse battery"
ROUTES = [FeedbackRoute("bounce", "Topic", "First"), FeedbackRoute("complaint", "Topic", "Second")]


def mailed(path: Path, *to: str) -> None:
    mail = {"MessageId": "m", "Source": "no-reply@example.com", "To": list(to), "Timestamp": 1_800_000_000.0}
    with path.open("a") as file:
        file.write(json.dumps(mail) + "\n")


def told(returns: Returns) -> list[tuple[str, str, str]]:
    """Who was told what of whom."""
    found = []
    for route, event in returns.events(ROUTES):
        (record,) = json.loads(event)["Records"]
        message = json.loads(record["Sns"]["Message"])
        part = message[message["eventType"].lower()]
        (recipient,) = part.get("bouncedRecipients") or part["complainedRecipients"]
        found.append((route.function, message["eventType"], recipient["emailAddress"]))
    return found


def test_the_template_leads_from_ses_to_the_function() -> None:
    project = read_project(ROOT / "template.yaml", {})
    assert project.feedback == (
        FeedbackRoute("bounce", "FeedbackTopic", "SuppressAddressFunction"),
        FeedbackRoute("complaint", "FeedbackTopic", "SuppressAddressFunction"),
    )


def test_a_mail_to_the_simulator_comes_back_once(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    returns = Returns(path)
    assert told(returns) == []
    mailed(path, "bounce@simulator.amazonses.com")
    mailed(path, "ada@example.com", "Complaint+Ada@simulator.amazonses.com")
    mailed(path, "success@simulator.amazonses.com", "bounce@example.com", "no-bounce@simulator.amazonses.com")
    assert told(returns) == [
        ("First", "Bounce", "bounce@simulator.amazonses.com"),
        ("Second", "Complaint", "Complaint+Ada@simulator.amazonses.com"),
    ]
    assert told(returns) == []


def test_what_was_mailed_before_the_start_does_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    mailed(path, "bounce@simulator.amazonses.com")
    assert told(Returns(path)) == []


def test_a_mail_that_is_just_being_written_down_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    mailed(path, "bounce@simulator.amazonses.com")
    line = path.read_text()
    path.write_text("")
    returns = Returns(path)
    path.write_text(line[:40])
    assert told(returns) == []
    path.write_text(line)
    assert len(told(returns)) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "status"), [("bounce", "bounced"), ("complaint", "complained")])
def test_the_whole_way_in_the_runner(tmp_path: Path, kind: str, status: str) -> None:
    address = f"{kind}+ada@simulator.amazonses.com"
    with Running(ROOT / "template.yaml", tmp_path / "data", RATE_LIMIT_MULTIPLIER="1000") as running:
        running.ready()
        running.post("/api/auth/register", {"name": "Ada", "email": address, "password": PASSWORD})

        def item(table: str, **wanted: str) -> dict[str, Any]:
            items = running.aws.call("dynamodb", "Scan", {"TableName": table})["Items"]
            return next((i for i in items if all(i.get(k) == {"S": v} for k, v in wanted.items())), {})

        def mails() -> list[str]:
            return [mail["text"] for mail in running.get("/_local/inbox.json").json if mail["to"] == address]

        eventually(lambda: item("SuppressionsTable", email=address).get("reason") == {"S": status}, what=f"the {kind}")
        assert item("UsersTable", email=address)["emailStatus"] == {"S": status}
        running.post("/api/auth/forgot-password", {"email": address})
        kept = {"kind": "recovery", "to": address}
        eventually(lambda: "doneAt" in item("OutboxTable", **kept), what="the mail that is kept back")
        assert len(mails()) == 1
        token = mails()[0].split("token=")[1].split()[0]
        assert running.post("/api/auth/verify-email", {"token": token}).status == 200
        assert item("UsersTable", email=address)["emailStatus"] == {"S": "ok"}
