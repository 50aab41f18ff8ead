"""The ASGI application in front of MiniStack: keeps each change on disk, then answers the request."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from local.asgi import ClientGoneError, Message, Receive, Scope, Send, TooLargeError, read_body
from local.aws.durable import CHANGED, DISK_FULL, REPLAY_FAILED
from local.aws.durable.access_rules import AccessRules, is_link
from local.aws.durable.generations import DamagedError, Generations
from local.aws.durable.ministack_app import MiniStackApp, Response
from local.errors import is_disk_full

_READS = re.compile(r"Get|List|Describe|Query$|Scan$|BatchGet|TransactGet|Receive|Search")
_SENDS_EMAIL = re.compile(r"/v2/email/outbound-(bulk-)?emails$|Send\w*Email$")
_DYNAMODB = "DynamoDB_"
_SUCCESS = range(200, 300)
_MAX_BODY = 64 * 1024 * 1024


class DurableApp:
    """Responds to requests. Writes `CHANGED` to the pipe `notify` after each change in DynamoDB."""

    def __init__(self, ministack: MiniStackApp, generations: Generations, notify: int, rules: AccessRules) -> None:
        self._ministack, self._generations, self._notify, self._rules = ministack, generations, notify, rules
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Load the snapshot and replay the journal. Raises DamagedError."""
        try:
            await self._ministack.start()
        except Exception as problem:  # MiniStack's own errors, too: another attempt would read the same files.
            raise DamagedError(f"the snapshot in {self._generations.folder} cannot be read: {problem!r}") from problem
        entries = self._generations.entries()
        failed = 0
        for target, authorization, body in entries:
            headers = [(b"x-amz-target", target), (b"authorization", authorization)]
            response = await self._ministack.respond(_scope("POST", "/", headers), body)
            if response.status not in _SUCCESS:
                # Only successful requests are in the journal.
                failed += 1
                print(f"Replaying {target!r} failed: {response.status} {response.body!r}", flush=True)
        if failed:
            self._write_to_runner(REPLAY_FAILED)
        print(f"Replayed {len(entries)} requests, {failed} failed.", flush=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            body = await read_body(receive, _MAX_BODY)
            scope = _with_bucket(self._rules.with_credentials(scope))
            refusal = self._rules.refusal(scope)
            response = (
                _json(HTTPStatus.FORBIDDEN, {"__type": "AccessDeniedException", "message": refusal})
                if refusal
                else await self._respond(scope, body)
            )
        except ClientGoneError:
            return
        except TooLargeError:
            response = _json(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": "The request is too large."})
        for message in response.messages:
            await send(message if is_link(scope) else _without_cors(message))

    async def _respond(self, scope: Scope, body: bytes) -> Response:
        if scope["path"] == "/_durable":
            try:
                known = json.loads(body) if scope["method"] == "POST" else None
            except ValueError:
                return _json(HTTPStatus.BAD_REQUEST, {"message": "The body is not JSON."})
            return await self._manage(known)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        target = headers.get("x-amz-target", "")
        operation = _operation(headers, scope["path"], body)
        if scope["method"] in {"GET", "HEAD"} or _READS.match(operation):
            return await self._ministack.respond(scope, body)
        if scope["path"].startswith("/_ministack/"):
            # A reset clears only the memory: the next start would load the data on disk again.
            return _json(HTTPStatus.FORBIDDEN, {"message": "Stop the runner and run `make reset`."})
        if target.startswith(_DYNAMODB) and not _is_utf8(body):
            # The journal cannot contain it, so refuse it before it takes effect.
            error = {"__type": "SerializationException", "message": "The body is not UTF-8."}
            return _json(HTTPStatus.BAD_REQUEST, error)
        async with self._changing:
            response = await self._ministack.respond(scope, body)
            if response.status in _SUCCESS:
                with _exit_on_failure("A change cannot be kept"):
                    if _SENDS_EMAIL.search(operation):
                        await self._keep_emails(body, response)
                    elif target.startswith(_DYNAMODB):
                        self._keep_request(target, headers.get("authorization", ""), body)
                    else:
                        self._ministack.save(self._generations.folder, dynamodb=False)
        return response

    def _keep_request(self, target: str, authorization: str, body: bytes) -> None:
        self._generations.append([target, authorization, body.decode()])
        self._write_to_runner(CHANGED)

    def _write_to_runner(self, news: bytes) -> None:
        # If the pipe is full, the runner has enough bytes to read: it will look for new records anyway.
        with contextlib.suppress(BlockingIOError):
            os.write(self._notify, news)

    async def _keep_emails(self, body: bytes, response: Response) -> None:
        listed = await self._ministack.respond(_scope("GET", "/_ministack/ses/messages", []), b"")
        accounts = json.loads(listed.body)["messages"].values()
        sent = response.body.decode()
        extra = _extra_fields(body)
        self._generations.add_emails(
            [email | extra for emails in accounts for email in emails if email["MessageId"] in sent]
        )

    async def _manage(self, known: Any) -> Response:
        """Return the state of the data on disk. If it equals `known`, write a snapshot first, or answer 507."""
        async with self._changing:
            if known == self._state():
                try:
                    prepared = self._generations.prepare_next()
                    self._ministack.save(prepared, dynamodb=True)
                except OSError as problem:
                    if not is_disk_full(problem):
                        raise
                    # Free what was written, so that the journal can still grow.
                    self._generations.drop_prepared()
                    return _json(HTTPStatus.INSUFFICIENT_STORAGE, {"message": "The disk is full."})
                with _exit_on_failure("The new snapshot cannot be used"):
                    self._generations.switch(prepared)
            return _json(HTTPStatus.OK, self._state())

    def _state(self) -> dict[str, int]:
        return {
            "generation": self._generations.current,
            "journal": self._generations.journal_size,
            "snapshot": self._generations.snapshot_size,
        }


@contextlib.contextmanager
def _exit_on_failure(what: str) -> Iterator[None]:
    """End the process if the block raises. The next process starts from the disk.

    No client may see a change that is not on disk.
    """
    try:
        yield
    except Exception as problem:  # noqa: BLE001 - after any error, memory and disk differ
        with contextlib.suppress(OSError):
            print(f"{what}: {problem!r}", file=sys.stderr, flush=True)
        os._exit(DISK_FULL if is_disk_full(problem) else 1)


def _operation(headers: Mapping[str, str], path: str, body: bytes) -> str:
    """Return the AWS operation: `PutItem` of a JSON request, the Action of a form, the path of a REST request."""
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    # The text of an email, in JSON, may look like a form.
    if headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode(errors="replace")).get("Action", [path])[0]
    return path


def _with_bucket(scope: Scope) -> Scope:
    """Return a request for S3 with the name of its bucket in lower case, as S3 requires.

    The bucket of the template is named after its logical id, because that is what `!Ref` is in the runner and in
    `sam local`.
    """
    if not any(name.lower() == b"authorization" and b"/s3/aws4_request" in value for name, value in scope["headers"]):
        return scope
    bucket, slash, key = scope["path"].removeprefix("/").partition("/")
    raw_bucket, raw_slash, raw_key = scope["raw_path"].removeprefix(b"/").partition(b"/")
    return {
        **scope,
        "path": f"/{bucket.lower()}{slash}{key}",
        "raw_path": b"/" + raw_bucket.lower() + raw_slash + raw_key,
    }


def _without_cors(message: Message) -> Message:
    """Return a message of a response without the headers with which MiniStack lets web pages read it."""
    if "headers" not in message:
        return message
    kept = [header for header in message["headers"] if not header[0].lower().startswith(b"access-control-")]
    return {**message, "headers": kept}


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _extra_fields(body: bytes) -> dict[str, Any]:
    """Return the fields of SendEmail (SES API v2) that MiniStack drops: reply addresses and custom headers."""
    try:
        request = json.loads(body)
        simple = request["Content"]["Simple"]
        return {"ReplyTo": request.get("ReplyToAddresses") or [], "Headers": simple.get("Headers") or []}
    # Another operation, such as SendBulkEmail.
    except (ValueError, KeyError, TypeError):
        return {}


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
    }


def _json(status: HTTPStatus, value: Any) -> Response:
    headers = [(b"content-type", b"application/json")]
    return Response(
        [
            {"type": "http.response.start", "status": status.value, "headers": headers},
            {"type": "http.response.body", "body": json.dumps(value).encode()},
        ]
    )
