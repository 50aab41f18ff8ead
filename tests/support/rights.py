"""Least privilege, from what the tests do anyway: the AWS calls of each function, compared with its role.

Every handler that tests load is wrapped (`recorded`). A call that the role does not allow fails the test. At the end of
a complete run, tests/conftest.py fails it for what a role allows and no test has used (`unused`).
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import pytest
from botocore import signers
from botocore.client import BaseClient
from samcli.yamlhelper import yaml_parse

from operations import privileges
from operations.privileges import Permissions
from operations.transformed import TEMPLATE, Template, of_type, resolve_conditions
from tests.support.template import transformed_template

_TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# The attributes that functions which verify callers may write.
_MARKED = {"userId", "sessionId", "used"}
# Lambda itself sends failed events to these queues, with the function's role.
_USED_BY_LAMBDA = {("sqs:SendMessage", "UndeliveredEmailQueue"), ("sqs:SendMessage", "UnhandledFeedbackQueue")}
ALL_PROVIDERS = "ses,sendgrid"

# The folder of the function that is running.
_running: ContextVar[str] = ContextVar("running", default="")


class Use(NamedTuple):
    """A permission that a function used."""

    folder: str
    action: str
    on: str

    def __str__(self) -> str:
        return f"{self.folder} may {self.action} on {self.on}"


@dataclass(frozen=True)
class Call:
    """A call to AWS."""

    service: str
    operation: str
    params: dict[str, Any]


USED: set[Use] = set()
_collected: dict[str, list[Call]] | None = None


# Granted permissions -------------------------------------------------------------------------------


@cache
def stack(providers: str) -> Template:
    """Return the template of a stack with these email providers. Do not change it: it is cached."""
    return resolve_conditions(transformed_template(), MailProviders=providers)


@cache
def granted(providers: str = "ses") -> Permissions:
    """Return the permissions that the template grants to each function, by its folder."""
    declared = yaml_parse(TEMPLATE.read_text())["Resources"]
    return {
        declared[name]["Properties"]["CodeUri"].removeprefix("functions/"): permissions - _USED_BY_LAMBDA
        for name, permissions in privileges.granted(stack(providers)).items()
    }


def unused(used: set[Use]) -> list[Use]:
    """Return the permissions that no test has used."""
    allowed = {Use(folder, *permission) for folder, own in granted(ALL_PROVIDERS).items() for permission in own}
    return sorted(allowed - used)


def refused(used: set[Use], allowed: Permissions) -> list[Use]:
    """Return the uses that a role does not allow."""
    return sorted(use for use in used if (use.action, use.on) not in allowed[use.folder])


# Recorded calls ------------------------------------------------------------------------------------


def recorded(folder: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler whose AWS calls are recorded as those of this function, and compared with its role."""

    def handle(event: Any, context: Any) -> Any:
        token = _running.set(folder)
        try:
            answer = handler(event, context)
        finally:
            _running.reset(token)
        not_allowed = refused({use for use in USED if use.folder == folder}, granted(ALL_PROVIDERS))
        assert not not_allowed, "; ".join(f"{use}: its role does not" for use in not_allowed)
        return answer

    return handle


@contextmanager
def outside() -> Iterator[None]:
    """Run the block as a test, though a function is waiting for it: its calls are not the function's."""
    token = _running.set("")
    try:
        yield
    finally:
        _running.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """Record every AWS call that a function makes, in its own threads too, and those that it signs for others."""
    submit = ThreadPoolExecutor.submit
    original = BaseClient._make_api_call  # type: ignore[attr-defined]  # its stubs leave it out
    sign = signers.generate_presigned_url

    def make_call(self: Any, operation: str, params: dict[str, Any]) -> Any:
        record(self, operation, params)
        return original(self, operation, params)

    def presign(self: Any, method: str, Params: dict[str, Any], **more: Any) -> str:  # noqa: N803  # botocore's name
        record(self, self.meta.method_to_api_mapping[method], Params)
        url: str = sign(self, method, Params, **more)
        return url

    def record(self: Any, operation: str, params: dict[str, Any]) -> None:
        folder = _running.get()
        if folder:
            call = Call(self.meta.service_model.service_name, operation, params)
            USED.update(Use(folder, *permission) for permission in permissions_of(call))
            if _collected is not None:
                _collected.setdefault(folder, []).append(_kept(call))

    def submit_in_context(self: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        run: Callable[..., Any] = copy_context().run
        return submit(self, run, function, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", make_call)
        patch.setattr(ThreadPoolExecutor, "submit", submit_in_context)
        # Clients that are created from now on have it as their method.
        patch.setattr(signers, "generate_presigned_url", presign)
        yield


@contextmanager
def collecting() -> Iterator[Mapping[str, list[Call]]]:
    """Collect the calls that functions make in the block, by folder."""
    global _collected  # noqa: PLW0603  # one test at a time
    calls: dict[str, list[Call]] = {}
    _collected = calls
    try:
        yield calls
    finally:
        _collected = None


@cache
def _buckets() -> Mapping[str, str]:
    """Return the names of buckets in the template, by their names in lower case, which MiniStack requires."""
    return {name.lower(): name for name in of_type(stack("ses"), "AWS::S3::Bucket")}


def _kept(call: Call) -> Call:
    """Return the call with a copy of its parameters, but without a file."""
    return replace(call, params=copy.deepcopy({name: own for name, own in call.params.items() if name != "Body"}))


def permissions_of(call: Call) -> Iterator[tuple[str, str]]:
    """Yield the permissions that a call requires: actions, and the resources they are on."""
    params = call.params
    if call.service == "s3":
        yield f"s3:{call.operation}", f"{_buckets()[params['Bucket'].lower()]}/*"
        return
    if call.service != "dynamodb":
        on = params.get("SecretId") or params.get("QueueUrl") or "identity/*"
        yield f"{call.service.removesuffix('v2')}:{call.operation}", on
        if "ConfigurationSetName" in params:
            name = params["ConfigurationSetName"]
            yield f"{call.service.removesuffix('v2')}:{call.operation}", f"configuration-set/{name}"
        return
    if call.operation == "UpdateItem" and {*params["Key"], *params["ExpressionAttributeNames"].values()} == _MARKED:
        yield "dynamodb:UpdateItem", f"{params['TableName']}{privileges.ONLY}{'+'.join(sorted(_MARKED))}"
        return
    if call.operation == "BatchWriteItem":
        yield from (("dynamodb:BatchWriteItem", table) for table in params["RequestItems"])
        return
    if call.operation != "TransactWriteItems":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{call.operation}", params["TableName"] + index
        return
    for item in params["TransactItems"]:
        for verb, change in item.items():
            yield f"dynamodb:{_TRANSACTION_ACTIONS[verb]}", change["TableName"]
