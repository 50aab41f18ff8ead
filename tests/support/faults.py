"""Faults to inject into AWS calls: error responses, time-outs, an unreachable endpoint, and a power cut."""

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from shared.core import aws
from tests.support import rights

Answer = tuple[AWSResponse, dict[str, Any]]
URL = "https://dynamodb.eu-west-1.amazonaws.com/secret-path"


class PowerCut(BaseException):
    """The process dies. No handler in the code catches a BaseException."""


class Wire:
    """The connection to AWS: records the calls and injects faults.

    `before` runs before each call and may return the response in its place; `after` runs once the call was carried out.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.before: Callable[[str], Answer | None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        for client in self._clients():
            client.meta.events.register_first("before-call", self._before, unique_id="wire-before")
            client.meta.events.register_last("after-call", self._after, unique_id="wire-after")

    def close(self) -> None:
        for client in self._clients():
            client.meta.events.unregister("before-call", unique_id="wire-before")
            client.meta.events.unregister("after-call", unique_id="wire-after")

    def reset(self) -> None:
        """Clear the recorded calls and the faults."""
        self.calls.clear()
        self.before = lambda _: None
        self.after = lambda _: None

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def fail(self, answer: Callable[[], Answer], *, on: str = "", times: int = 10**6) -> None:
        """Let the next `times` calls fail, only those of the operation `on` if it is given."""
        left = times

        def before(operation: str) -> Answer | None:
            nonlocal left
            if left == 0 or (on and operation != on):
                return None
            left -= 1
            return answer()

        self.before = before

    def meanwhile(self, act: Callable[[], object], *, before: str) -> None:
        """Run `act`, to its end, just before the next call of the operation `before`."""

        def act_once(operation: str) -> None:
            if operation == before:
                self.before = lambda _: None
                act()

        self.before = act_once

    def cut_power_after(self, call: int) -> None:
        """Cut the power after this many calls: the last one was carried out, but its response never arrives."""

        def after(_: str) -> None:
            if len(self.calls) == call:
                raise PowerCut

        self.after = after

    def lose_answer_to(self, call: int) -> None:
        """Let the response to this call time out, though it was carried out; the process continues."""

        def after(_: str) -> None:
            if len(self.calls) == call:
                read_timeout()

        self.after = after

    @staticmethod
    def _clients() -> tuple[Any, ...]:
        return aws.dynamodb(), aws.secretsmanager(), aws.sesv2(), aws.sqs()

    def _before(self, model: Any, **_: Any) -> Answer | None:
        self.calls.append(model.name)
        with rights.outside():
            return self.before(model.name)

    def _after(self, model: Any, **_: Any) -> None:
        with rights.outside():
            self.after(model.name)


def error(code: str, status: int = 400, message: str = "arn:aws:private-detail", **more: Any) -> Callable[[], Answer]:
    """Return a fault: AWS responds with this error."""
    parsed = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 2},
        **more,
    }
    return lambda: (AWSResponse(URL, status, HTTPHeaders(), None), parsed)


def cancelled(*reasons: str) -> Callable[[], Answer]:
    """Return a fault: DynamoDB cancels the transaction, with one reason for each change."""
    return error("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])


def unreachable() -> Answer:
    raise EndpointConnectionError(endpoint_url=URL)


def read_timeout() -> Answer:
    raise ReadTimeoutError(endpoint_url=URL)


def connect_timeout() -> Answer:
    raise ConnectTimeoutError(endpoint_url=URL)
