"""The application in front of MiniStack: what it keeps on disk, and what it does when the disk fails."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.asgi import Message, Scope
from local.aws.durable.app import DurableApp
from local.aws.durable.generations import Generations
from local.aws.durable.ministack_app import Response

EMAIL = {"MessageId": "id-1", "To": ["ada@example.com"], "Timestamp": 1}


class ExitError(Exception):
    """The process has ended."""


class FakeMiniStack:
    """Accepts every request."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.saved = 0

    async def respond(self, scope: Scope, body: bytes) -> Response:
        answer: Any = {"messages": {"account": [EMAIL]}}
        if scope["method"] == "POST":
            self.bodies.append(body)
            answer = {"MessageId": EMAIL["MessageId"]}
        return Response(
            [
                {"type": "http.response.start", "status": 200},
                {"type": "http.response.body", "body": json.dumps(answer).encode()},
            ]
        )

    def save(self, folder: Path, *, dynamodb: bool) -> None:
        self.saved += 1
        if dynamodb:
            (folder / "dynamodb.json").write_text("{}")


class Served:
    """The application with its data in `folder`."""

    def __init__(self, folder: Path, notify: int) -> None:
        self.ministack = FakeMiniStack()
        self.generations = Generations(folder)
        self.app = DurableApp(self.ministack, self.generations, notify)  # type: ignore[arg-type]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a request. Returns the status of the response."""
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": path, "headers": encoded}
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return int(sent[0]["status"])


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    def end(status: int) -> None:
        raise ExitError(status)

    monkeypatch.setattr(os, "_exit", end)
    changes, notify = os.pipe()
    served = Served(tmp_path, notify)
    yield served
    served.generations.close()
    os.close(changes)
    os.close(notify)


SEND = "/v2/email/outbound-emails"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        pytest.param(SEND, b'{"text": "a&Action=ListUsers"}', JSON, id="JSON with a form in its text"),
        pytest.param("/", b"Version=1&Action=SendEmail&Text=b%26Action%3DListUsers", FORM, id="form"),
        pytest.param("/", b"Action=Send%45mail", FORM, id="encoded form"),
    ],
)
def test_accepted_email_is_kept(
    served: Served, tmp_path: Path, path: str, body: bytes, headers: dict[str, str]
) -> None:
    assert served.post(path, body, headers) == 200
    kept = [json.loads(line) for line in (tmp_path / "mail.jsonl").read_text().splitlines()]
    assert [email["MessageId"] for email in kept] == ["id-1"]


@pytest.mark.parametrize(("action", "saved"), [("ListQueues", 0), ("CreateQueue", 1)])
def test_action_of_a_form_that_only_reads_is_not_saved(served: Served, action: str, saved: int) -> None:
    assert served.post("/", f"Action={action}".encode(), FORM) == 200
    assert served.ministack.saved == saved
