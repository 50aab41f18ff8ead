"""What AWS can do to us: answer with an error, answer nothing, be out of reach; and what a power cut does."""

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from shared.core import aws

Answer = tuple[AWSResponse, dict[str, Any]]
URL = "https://dynamodb.eu-west-1.amazonaws.com/secret-path"


class PowerCut(BaseException):
    """The process is gone: nothing catches it."""


class Wire:
    """The line to AWS: keeps a list of the calls, and lets tests disturb them."""

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

    def forget(self) -> None:
        """Start the list of calls anew, and disturb nothing."""
        self.calls.clear()
        self.before = lambda _: None
        self.after = lambda _: None

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def fails(self, answer: Callable[[], Answer], *, on: str = "", times: int = 10**6) -> None:
        """Have calls (of the operation `on`, if named) fail, so many times."""
        left = times

        def before(operation: str) -> Answer | None:
            nonlocal left
            if left == 0 or (on and operation != on):
                return None
            left -= 1
            return answer()

        self.before = before

    def meanwhile(self, act: Callable[[], object], *, before: str) -> None:
        """Have somebody else act, to the end, just before the next call of this operation is carried out."""

        def act_once(operation: str) -> None:
            if operation == before:
                self.before = lambda _: None
                act()

        self.before = act_once

    def dies_after(self, call: int) -> None:
        """Cut the power once so many calls have been carried out, before the answer to the last arrives."""

        def after(_: str) -> None:
            if len(self.calls) == call:
                raise PowerCut

        self.after = after

    def loses_the_answer_to(self, call: int) -> None:
        """Carry out so many calls, and lose the answer to the last: the process lives on."""

        def after(_: str) -> None:
            if len(self.calls) == call:
                no_answer()

        self.after = after

    @staticmethod
    def _clients() -> tuple[Any, ...]:
        return aws.dynamodb(), aws.secretsmanager(), aws.sesv2(), aws.sqs()

    def _before(self, model: Any, **_: Any) -> Answer | None:
        self.calls.append(model.name)
        return self.before(model.name)

    def _after(self, model: Any, **_: Any) -> None:
        self.after(model.name)


def error(code: str, status: int = 400, **more: Any) -> Callable[[], Answer]:
    """An error that AWS answers with."""
    parsed = {
        "Error": {"Code": code, "Message": "arn:aws:private-detail"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 2},
        **more,
    }
    return lambda: (AWSResponse(URL, status, HTTPHeaders(), None), parsed)


def cancelled(*reasons: str) -> Callable[[], Answer]:
    """A transaction that DynamoDB cancelled, with a reason for each of its changes."""
    return error("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])


def unreachable() -> Answer:
    raise EndpointConnectionError(endpoint_url=URL)


def no_answer() -> Answer:
    raise ReadTimeoutError(endpoint_url=URL)


def no_connection() -> Answer:
    raise ConnectTimeoutError(endpoint_url=URL)
