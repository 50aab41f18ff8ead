"""The application in front of MiniStack: what it keeps on disk, and what it does when the disk fails."""

import asyncio
import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.asgi import Message, Scope
from local.aws.durable import DISK_FULL
from local.aws.durable.access_rules import AccessRules
from local.aws.durable.app import DurableApp
from local.aws.durable.generations import DamagedError, Generations
from local.aws.durable.ministack_app import Response
from tests.local.harness import size_limit

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
        self.app = DurableApp(self.ministack, self.generations, notify, AccessRules("KEY"))  # type: ignore[arg-type]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send a request. Returns the status of the response."""
        own = {"host": "127.0.0.1", "authorization": "AWS4-HMAC-SHA256 Credential=KEY/20260804/eu-west-1/x"}
        encoded = [(name.encode(), value.encode()) for name, value in {**own, **headers}.items()]
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


@pytest.mark.parametrize("room", [0, 20])
def test_email_that_does_not_fit_on_the_disk_is_not_accepted(served: Served, tmp_path: Path, room: int) -> None:
    file = tmp_path / "mail.jsonl"
    file.write_bytes(b"x" * 1_000_000 + b"\n")
    before = file.read_bytes()
    with size_limit(len(before) + room), pytest.raises(ExitError, match=str(DISK_FULL)):
        served.post(SEND, b"{}", JSON)
    Generations(tmp_path).close()
    assert file.read_bytes() == before, "the next start drops the incomplete line"


PUT = {"x-amz-target": "DynamoDB_20120810.PutItem"}


def snapshot(served: Served) -> int:
    known = {"generation": served.generations.current, "journal": served.generations.journal_size}
    return served.post("/_durable", json.dumps(known | {"snapshot": served.generations.snapshot_size}).encode(), {})


@pytest.mark.parametrize("failing", ["rename", "open"])
def test_failure_while_switching_to_a_snapshot_ends_the_process(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    assert served.post("/", b'{"first": 1}', PUT) == 200

    original = getattr(Path, failing)

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name in {"1.new", "journal.jsonl"}:
            raise OSError(24, "Too many open files")
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(ExitError):
        snapshot(served)
    monkeypatch.setattr(Path, failing, original)
    if failing == "rename":
        assert served.generations.current == 0
    # The next process continues with the change: in the journal, or in the snapshot that contains it.
    again = Generations(tmp_path)
    assert again.entries() if failing == "rename" else again.current == 1
    again.close()


def test_snapshot_that_does_not_fit_on_the_disk_leaves_the_room_to_the_journal(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(folder: Path, *, dynamodb: bool) -> None:
        assert dynamodb
        (folder / "dynamodb.json").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    assert served.post("/", b'{"first": 1}', PUT) == 200
    with monkeypatch.context() as patch:
        patch.setattr(served.ministack, "save", save)
        assert snapshot(served) == 507
    assert not (tmp_path / "1.new").exists()
    assert served.post("/", b'{"second": 2}', PUT) == 200
    assert len(served.generations.entries()) == 2
    assert snapshot(served) == 200
    assert served.generations.current == 1


def test_folders_that_a_kill_has_left_are_removed_at_the_start(tmp_path: Path) -> None:
    for name in ("1", "2", "3.new"):
        (tmp_path / name).mkdir()
    generations = Generations(tmp_path)
    generations.close()
    assert generations.current == 2
    assert [path.name for path in tmp_path.iterdir()] == ["2"]


def test_body_that_cannot_be_kept_is_refused_before_it_takes_effect(served: Served) -> None:
    assert served.post("/", '{"key": "é"}'.encode("utf-16"), PUT) == 400
    assert served.ministack.bodies == []
    assert served.generations.entries() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_invalid_request_for_a_snapshot_answers_400(served: Served, body: bytes) -> None:
    assert served.post("/_durable", body, {}) == 400
    assert served.generations.current == 0


@pytest.mark.parametrize(
    "line",
    [
        *("{", "null", "1", '"abc"', '{"a": 1, "b": 2, "c": 3}', '["a", "b"]', '["a", "b", 1]', '["a", null, "c"]'),
        # No header has this character, and no UTF-8 text has a lone surrogate.
        *(r'["\u2028", "b", "c"]', r'["a", "b", "\ud800"]'),
    ],
)
def test_journal_line_that_is_no_request_is_damage(tmp_path: Path, line: str) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0/journal.jsonl").write_text(f'["a", "b", "c"]\n{line}\n')
    with contextlib.closing(Generations(tmp_path)) as generations, pytest.raises(DamagedError, match="is damaged"):
        generations.entries()
