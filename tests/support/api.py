"""The API as tests call it: real API Gateway events in, and what API Gateway would send out."""

import importlib.util
import json
import re
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from threading import Barrier
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.core import aws, clock
from tests.support import ROOT

USER_AGENT = "tests/1.0"
FUNCTIONS = ROOT / "functions"


@cache
def load(folder: str) -> ModuleType:
    """Import a function's app.py, as a module of its own."""
    name = f"functions.{folder.replace('/', '.')}.app"
    spec = importlib.util.spec_from_file_location(name, FUNCTIONS / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def routes() -> list[tuple[re.Pattern[str], ModuleType]]:
    """Every path of the code, as a pattern, with its module."""
    modules = [load(str(file.parent.relative_to(FUNCTIONS))) for file in sorted(FUNCTIONS.glob("**/app.py"))]
    return [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(module.api.path))), module)
        for module in modules
        if hasattr(module, "api")
    ]


@dataclass(frozen=True)
class Reply:
    """What came back; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Api:
    """The API, called with these headers."""

    headers: Mapping[str, str] = field(default_factory=dict)
    ip: str = "192.0.2.1"

    def get(self, url: str, **headers: str) -> Reply:
        return self.call("GET", url, None, **headers)

    def post(self, url: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", url, body, **headers)

    def put(self, url: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PUT", url, body, **headers)

    def patch(self, url: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PATCH", url, body, **headers)

    def delete(self, url: str, **headers: str) -> Reply:
        return self.call("DELETE", url, None, **headers)

    def call(self, method: str, url: str, body: Any = None, **headers: str) -> Reply:
        """Call with a body that is sent as it is if it is text, and as JSON otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named = {"content-type": "application/json", **named}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return self.send(event(method, url, text, {**self.headers, **named}, self.ip))

    def send(self, event: Mapping[str, Any]) -> Reply:
        """Hand an event to the function whose path it has."""
        for pattern, module in routes():
            match = pattern.fullmatch(event["rawPath"])
            if match:
                parameters = {name: unquote(value) for name, value in match.groupdict().items()}
                answer = module.handler({**event, "pathParameters": parameters}, None)
                headers = {name.lower(): value for name, value in answer["headers"].items()}
                return Reply(answer["statusCode"], headers, answer.get("body", ""))
        raise AssertionError(f"no function has the path {event['rawPath']}")

    def signed_in(self, email: str, password: str) -> "Api":
        """Give the API as this user calls it, after signing in."""
        reply = self.post("/api/auth/login", {"email": email, "password": password})
        assert reply.status == 200, reply.text
        return self.with_token(reply.json["token"])

    def with_token(self, token: str) -> "Api":
        """Give the API called with this access token."""
        return Api({**self.headers, "authorization": f"Bearer {token}"}, self.ip)

    @property
    def token(self) -> str:
        return self.headers["authorization"].removeprefix("Bearer ")


def at_once(*calls: Callable[[], Reply]) -> list[Reply]:
    """Make all calls at the same moment; give the answers in their order."""
    start = Barrier(len(calls))

    def make(call: Callable[[], Reply]) -> Reply:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(make, calls))


def event(method: str, url: str, body: str | None, headers: Mapping[str, str], ip: str = "192.0.2.1") -> dict[str, Any]:
    """Make the event that API Gateway makes of a request (payload format 2.0)."""
    parts = urlsplit(url)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"ANY {parts.path}",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {"host": "api.example.com", "user-agent": USER_AGENT, **headers},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": parts.path,
                "protocol": "HTTP/1.1",
                "sourceIp": ip,
                "userAgent": headers.get("user-agent", USER_AGENT),
            },
            "requestId": uuid.uuid4().hex,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if parts.query:
        event["queryStringParameters"] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if body is not None:
        event["body"] = body
    return event


@dataclass(frozen=True)
class Mail:
    """A mail that SES has taken."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    reply_to: Sequence[str]

    @property
    def token(self) -> str:
        """The token of the mail's link."""
        match = re.search(r"\?token=([\w%-]+)", self.text)
        assert match, self.text
        return unquote(match[1])

    @property
    def code(self) -> str:
        """The six digits to type in."""
        match = re.search(r"\b\d{6}\b", self.text)
        assert match, self.text
        return match[0]

    @classmethod
    def sent(cls, request: Mapping[str, Any]) -> "Mail":
        """Read what SES was asked to send."""
        simple = request["Content"]["Simple"]
        (to,) = request["Destination"]["ToAddresses"]
        return cls(
            to=to,
            sender=request["FromEmailAddress"],
            subject=simple["Subject"]["Data"],
            text=simple["Body"]["Text"]["Data"],
            html=simple["Body"]["Html"]["Data"],
            headers={header["Name"]: header["Value"] for header in simple["Headers"]},
            reply_to=request.get("ReplyToAddresses", []),
        )


class Inbox:
    """The mails that SES took. Looking at them first delivers what waits in the outbox, as its stream would."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self._delivered: set[str] = set()
        events = aws.sesv2().meta.events
        events.register("provide-client-params.sesv2.SendEmail", self._asked, unique_id="inbox-asked")
        events.register("after-call.sesv2.SendEmail", self._answered, unique_id="inbox-answered")

    def close(self) -> None:
        """Take no more mails."""
        events = aws.sesv2().meta.events
        events.unregister("provide-client-params.sesv2.SendEmail", unique_id="inbox-asked")
        events.unregister("after-call.sesv2.SendEmail", unique_id="inbox-answered")

    def all(self) -> list[Mail]:
        self.deliver()
        return self.sent

    def newest(self) -> Mail:
        return self.all()[-1]

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.all() if mail.to == address]

    def deliver(self) -> Any:
        """Hand what waits in the outbox to its function, once; give the answer."""
        found = entries()
        # Where a test has moved the clock, the stream is too late for what was decided on before.
        if any("unsent" in item and int(item["retryAt"]["N"]) <= clock.now() for item in found):
            retry()
        waiting = [item for item in found if item["id"]["S"] not in self._delivered]
        self._delivered.update(item["id"]["S"] for item in waiting)
        return deliver(*waiting) if waiting else {"batchItemFailures": []}

    @staticmethod
    def _asked(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params

    def _answered(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == HTTPStatus.OK:
            self.sent.append(Mail.sent(context["asked"]))


@dataclass(slots=True)
class Context:
    """What Lambda tells a function of its invocation: here, how many milliseconds are left at each look."""

    left: Sequence[int] = (60_000,)
    looks: int = 0

    def get_remaining_time_in_millis(self) -> int:
        self.looks += 1
        return self.left[min(self.looks, len(self.left)) - 1]


def entries() -> list[dict[str, Any]]:
    """Give everything in the outbox, oldest first, as DynamoDB has it."""
    items = aws.dynamodb().scan(TableName="OutboxTable", ConsistentRead=True)["Items"]
    return sorted(items, key=lambda item: item["createdAt"]["S"])


def deliver(*items: Mapping[str, Any]) -> Any:
    """Hand entries of the outbox to their function as their table's stream does; give its answer."""
    return load("jobs/deliver_email").handler({"Records": [stream_record(item) for item in items]}, Context())


def retry() -> None:
    """Try the mails that are due, as is done every minute."""
    load("jobs/retry_emails").handler({}, Context())


def redrive() -> dict[str, int]:
    """Put the dead mails back, as somebody does by hand; give the job's answer."""
    answer: dict[str, int] = load("jobs/redrive_emails").handler({}, Context())
    return answer


def stream_record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Make the record of a stream that tells of a new item."""
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {"id": item["id"]},
            "SequenceNumber": str(uuid.uuid4().int),
            "StreamViewType": "KEYS_ONLY",
        },
    }
