"""Call the API in tests: build API Gateway events, run the handlers, and read their responses."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import scaffold.routes
from shared.core import aws, clock
from tests.support import ROOT, proof, rights

USER_AGENT = "tests/1.0"
FUNCTIONS = ROOT / "functions"


@cache
def load(folder: str) -> ModuleType:
    """Import a function's app.py under a module name of its own. Its AWS calls are compared with its role."""
    module = scaffold.routes.load(folder)
    vars(module)["handler"] = rights.recorded(folder, module.handler)
    return module


@cache
def routes() -> list[tuple[re.Pattern[str], ModuleType]]:
    """Return a pattern for each path in the code, with the module that serves it."""
    modules = [load(str(file.parent.relative_to(FUNCTIONS))) for file in sorted(FUNCTIONS.glob("**/app.py"))]
    # Like API Gateway, prefer a fixed part of a path to a parameter.
    found = [module for module in modules if hasattr(module, "api")]
    found.sort(key=lambda module: module.api.path.replace("{", "~"))
    return [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(module.api.path))), module) for module in found
    ]


@dataclass(frozen=True)
class Reply:
    """An HTTP response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookie: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Api:
    """A client of the API. Sends `headers` with each call."""

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
        """Call a URL. A string is sent unchanged as the body, anything else as JSON; `if_match=` sets If-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named = {"content-type": "application/json", **named}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return self.send(event(method, url, text, {**self.headers, **named}, self.ip))

    def send(self, event: Mapping[str, Any]) -> Reply:
        """Invoke the function that serves the event's path."""
        for pattern, module in routes():
            match = pattern.fullmatch(event["rawPath"])
            if match:
                parameters = {name: unquote(value) for name, value in match.groupdict().items()}
                answer = module.handler({**event, "pathParameters": parameters}, None)
                headers = {name.lower(): value for name, value in answer["headers"].items()}
                cookie = "; ".join(answer.get("cookies", ()))
                reply = Reply(answer["statusCode"], headers, answer.get("body", ""), cookie)
                method = ((event["requestContext"] or {}).get("http") or {}).get("method", "")
                proof.see(module.api.path, method, reply.status, reply.headers, reply.text)
                return reply
        raise AssertionError(f"no function serves {event['rawPath']}")

    def signed_in(self, email: str, password: str) -> "Api":
        """Sign in, and return a client with the new access token."""
        reply = self.post("/api/auth/login", {"email": email, "password": password})
        assert reply.status == 200, reply.text
        return self.with_token(reply.json["token"])

    def with_token(self, token: str) -> "Api":
        """Return a client with this access token."""
        return Api({**self.headers, "authorization": f"Bearer {token}"}, self.ip)

    @property
    def token(self) -> str:
        return self.headers["authorization"].removeprefix("Bearer ")


def event(method: str, url: str, body: str | None, headers: Mapping[str, str], ip: str = "192.0.2.1") -> dict[str, Any]:
    """Return the API Gateway event of a request (payload format 2.0)."""
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
    if cookie := event["headers"].pop("cookie", ""):
        event["cookies"] = cookie.split("; ")
    if parts.query:
        event["queryStringParameters"] = dict(parse_qsl(parts.query, keep_blank_values=True))
    if body is not None:
        event["body"] = body
    return event


@dataclass(frozen=True)
class Email:
    """An email that SES accepted."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    reply_to: Sequence[str]

    @property
    def token(self) -> str:
        """The token in the email's link."""
        match = re.search(r"\?token=([\w%-]+)", self.text)
        assert match, self.text
        return unquote(match[1])

    @property
    def code(self) -> str:
        """The six-digit code."""
        match = re.search(r"\b\d{6}\b", self.text)
        assert match, self.text
        return match[0]

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> "Email":
        """Read a SendEmail request."""
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
    """The emails that SES accepted. Reading them first delivers the waiting outbox entries, as the stream would."""

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self._delivered: set[str] = set()
        events = aws.sesv2().meta.events
        events.register("provide-client-params.sesv2.SendEmail", self._before_call, unique_id="inbox-before")
        events.register("after-call.sesv2.SendEmail", self._after_call, unique_id="inbox-after")

    def close(self) -> None:
        """Stop recording emails."""
        events = aws.sesv2().meta.events
        events.unregister("provide-client-params.sesv2.SendEmail", unique_id="inbox-before")
        events.unregister("after-call.sesv2.SendEmail", unique_id="inbox-after")

    def all(self) -> list[Email]:
        self.deliver()
        return self.sent

    def newest(self) -> Email:
        return self.all()[-1]

    def to(self, address: str) -> list[Email]:
        return [email for email in self.all() if email.to == address]

    def deliver(self) -> Any:
        """Deliver each new outbox entry once. Return what the function returns."""
        found = entries()
        # The stream leaves entries whose lease has ended (a test moved the clock) to the retry job.
        if any("unsent" in item and int(item["retryAt"]["N"]) <= clock.now() for item in found):
            retry()
        waiting = [item for item in found if item["id"]["S"] not in self._delivered]
        self._delivered.update(item["id"]["S"] for item in waiting)
        return deliver(*waiting) if waiting else {"batchItemFailures": []}

    @staticmethod
    def _before_call(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["request"] = params

    def _after_call(self, http_response: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code == HTTPStatus.OK:
            self.sent.append(Email.from_request(context["request"]))


@dataclass(slots=True)
class Context:
    """Lambda's context. `left` is the remaining time in milliseconds at each reading; its last value repeats."""

    left: Sequence[int] = (60_000,)
    readings: int = 0

    def get_remaining_time_in_millis(self) -> int:
        self.readings += 1
        return self.left[min(self.readings, len(self.left)) - 1]


def entries() -> list[dict[str, Any]]:
    """Return all outbox entries, oldest first, in DynamoDB's format."""
    with rights.outside():
        items = aws.dynamodb().scan(TableName="OutboxTable", ConsistentRead=True)["Items"]
    return sorted(items, key=lambda item: item["createdAt"]["S"])


def deliver(*items: Mapping[str, Any]) -> Any:
    """Invoke `deliver_email` with these outbox entries, as the table's stream does."""
    return load("jobs/deliver_email").handler({"Records": [stream_record(item) for item in items]}, Context())


def retry() -> None:
    """Run `retry_emails`, which is scheduled every minute."""
    load("jobs/retry_emails").handler({}, Context())


def redrive() -> dict[str, int]:
    """Run `redrive_emails`, which an operator starts by hand. Return its counts."""
    answer: dict[str, int] = load("jobs/redrive_emails").handler({}, Context())
    return answer


def stream_record(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stream record of a new item."""
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
