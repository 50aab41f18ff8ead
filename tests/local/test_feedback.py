"""SES's mailbox simulator in the runner: emails to its addresses cause notifications."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.aws.feedback import Simulator
from local.aws.mail_file import MailFile
from local.template import FeedbackRoute, read_project
from tests.local.harness import RunnerProcess, eventually
from tests.support import PASSWORD, ROOT

ROUTES = [FeedbackRoute("bounce", "Topic", "First"), FeedbackRoute("complaint", "Topic", "Second")]


def send(path: Path, *to: str) -> None:
    email = {"MessageId": "m", "Source": "no-reply@example.com", "To": list(to), "Timestamp": 1_800_000_000.0}
    with path.open("a") as file:
        file.write(json.dumps(email) + "\n")


def notifications(simulator: Simulator) -> list[tuple[str, str, str]]:
    """The function, the type and the address of each."""
    found = []
    for route, event in simulator.events(ROUTES):
        (record,) = json.loads(event)["Records"]
        message = json.loads(record["Sns"]["Message"])
        part = message[message["eventType"].lower()]
        (recipient,) = part.get("bouncedRecipients") or part["complainedRecipients"]
        found.append((route.function, message["eventType"], recipient["emailAddress"]))
    return found


def test_template_connects_ses_to_the_function() -> None:
    project = read_project(ROOT / "template.yaml", {})
    assert project.feedback == (
        FeedbackRoute("bounce", "FeedbackTopic", "SuppressAddressFunction"),
        FeedbackRoute("complaint", "FeedbackTopic", "SuppressAddressFunction"),
    )


def test_email_to_the_simulator_causes_one_notification(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    simulator = Simulator(MailFile(path, pytest.fail))
    assert notifications(simulator) == []
    send(path, "bounce@simulator.amazonses.com")
    send(path, "ada@example.com", "Complaint+Ada@simulator.amazonses.com")
    send(path, "success@simulator.amazonses.com", "bounce@example.com", "no-bounce@simulator.amazonses.com")
    assert notifications(simulator) == [
        ("First", "Bounce", "bounce@simulator.amazonses.com"),
        ("Second", "Complaint", "Complaint+Ada@simulator.amazonses.com"),
    ]
    assert notifications(simulator) == []


def test_email_from_before_the_start_causes_none(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    send(path, "bounce@simulator.amazonses.com")
    assert notifications(Simulator(MailFile(path, pytest.fail))) == []


def test_incomplete_line_is_read_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    send(path, "bounce@simulator.amazonses.com")
    line = path.read_text()
    path.write_text("")
    simulator = Simulator(MailFile(path, pytest.fail))
    path.write_text(line[:40])
    assert notifications(simulator) == []
    path.write_text(line)
    assert len(notifications(simulator)) == 1


def test_unreadable_email_does_not_stop_the_simulator(tmp_path: Path) -> None:
    path, warnings = tmp_path / "mail.jsonl", list[str]()
    simulator = Simulator(MailFile(path, warnings.append))
    path.write_text('{"To": ["bounce@simul\n[]\n{"To": ["bounce@simulator.amazonses.com", 1]}\n')
    send(path, "bounce@simulator.amazonses.com")
    assert len(notifications(simulator)) == 1
    assert notifications(simulator) == []
    assert len(warnings) == 3


def test_incomplete_line_from_before_the_start_may_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    path.write_text('{"To": ["bounce@simul')
    simulator = Simulator(MailFile(path, pytest.fail))
    path.write_text("")
    send(path, "bounce@simulator.amazonses.com")
    assert len(notifications(simulator)) == 1


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "status"), [("bounce", "bounced"), ("complaint", "complained")])
def test_notification_reaches_the_function_in_the_runner(tmp_path: Path, kind: str, status: str) -> None:
    address = f"{kind}+ada@simulator.amazonses.com"
    with RunnerProcess(ROOT / "template.yaml", tmp_path / "data", RATE_LIMIT_MULTIPLIER="1000") as runner:
        runner.ready()
        form = {"name": "Ada", "email": address, "password": PASSWORD}
        secret = runner.post("/api/auth/register", form).json["registration"]

        def item(table: str, **wanted: str) -> dict[str, Any]:
            items = runner.aws.call("dynamodb", "Scan", {"TableName": table})["Items"]
            return next((i for i in items if all(i.get(k) == {"S": v} for k, v in wanted.items())), {})

        def texts() -> list[str]:
            return [mail["text"] for mail in runner.get("/_local/inbox.json").json if mail["to"] == address]

        eventually(lambda: item("SuppressionsTable", email=address).get("reason") == {"S": status}, what=f"the {kind}")
        runner.post("/api/auth/forgot-password", {"email": address})
        kept = {"kind": "recovery", "to": address}
        eventually(lambda: "doneAt" in item("OutboxTable", **kept), what="the email that is held back")
        assert len(texts()) == 1
        token = texts()[0].split("token=")[1].split()[0]
        proofs = {"token": token, "registration": secret}
        assert runner.post("/api/auth/verify-email", proofs).status == 200
        assert "reason" not in item("SuppressionsTable", email=address)
        assert item("UsersTable", email=address)["emailStatus"] == {"S": "ok"}
