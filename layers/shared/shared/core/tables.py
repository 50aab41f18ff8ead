"""DynamoDB: reads, and writes that commit together or not at all.

No other module calls DynamoDB, except the circuit breaker in `shared.mail.providers`, through Powertools.

How a use case writes: the modules of `shared.records` have functions with names in *-ing*, for instance
`credentials.adding(credential)`, `sessions.ending_all(user_id)` or `outbox.sending("recovery", email)`. They write
nothing: each returns a list of changes, so callers need not know how many there are. The use case collects the changes
and commits them with one `write(...)`:

    write(
        credentials.changing(credential, passwordHash=password_hash),
        sessions.ending_all(user.id),
        activity.recording("user_password_changed", user.id, client),
    )

The records of `make resource` and form submissions change with nothing else of an account, so their modules write.

A transaction has room for 100 changes. Therefore `sessions.ending_all`, `sessions.updating_all` and `sessions.lowering`
are exceptions: they delete immediately what exceeds their share of it.

A change can have a condition (`when`), and names the error to raise if the condition fails (`otherwise`). The default
is `Outdated`: stored data has changed since it was read, and `optimistic` runs the whole use case again. Nothing is
ever locked, and a crash at any point leaves the state from either before or after the write.

A single change is a plain write. Several are a transaction with a ClientRequestToken, so that botocore's retry after a
lost response does not conflict with its own first attempt (AWS: TransactWriteItems).
"""

import functools
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from botocore.exceptions import ClientError

from shared.core import logs
from shared.core.attributes import decoded, encoded, typed
from shared.core.aws import dynamodb, error_code, translated_errors
from shared.core.conditions import Condition
from shared.core.config import settings, variable
from shared.core.errors import Error, Outdated, Unavailable

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item: TypeAlias = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")

_ATTEMPTS = 8
# DynamoDB's limit for one transaction.
_MAX_CHANGES = 100
# DynamoDB's limit for one BatchWriteItem.
_MAX_PER_BATCH = 25
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
# botocore keeps at most ten connections per client.
_CONNECTIONS = 10


# Reading -------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """A table, identified by the setting that holds its name, or the variable of the functions that use it."""

    setting: str

    @property
    def name(self) -> str:
        """The table's name in this deployment."""
        own = getattr(settings(), self.setting, None)
        return str(own) if own is not None else variable(self.setting.upper())

    def get(self, key: Item) -> Item | None:
        """Read one item, or None. The read is consistent: it sees every write acknowledged before it."""
        with translated_errors():
            response = dynamodb().get_item(TableName=self.name, Key=encoded(key), ConsistentRead=True)
        item = response.get("Item")
        return decoded(item) if item is not None else None

    def query(
        self,
        condition: Condition,
        *,
        index: str | None = None,
        page_size: int | None = None,
        newest_first: bool = False,
        attributes: Sequence[str] = (),
    ) -> Iterator[Item]:
        """Yield the items with one partition key, in the order of their sort key.

        Items are read in pages of `page_size`, or 1 MB if that is less. The next page is read when the caller asks for
        an item beyond the current one. Reads of the table are consistent; reads of an index cannot be. If `attributes`
        are given, items have only these; DynamoDB reads, and bills, the whole items all the same.
        """
        expression = _Expression()
        projection: Item = {"ProjectionExpression": ", ".join(map(expression.name, attributes))} if attributes else {}
        request = expression.parameters(
            TableName=self.name,
            KeyConditionExpression=expression.condition(condition),
            ScanIndexForward=not newest_first,
            **projection,
        )
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index
        if page_size is not None:
            request["Limit"] = page_size
        while True:
            with translated_errors():
                response = dynamodb().query(**request)
            yield from map(decoded, response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]


def in_parallel(queries: Iterable[Iterator[Item]]) -> list[Iterator[Item]]:
    """Read the first pages of several queries at the same time, so that the caller waits for DynamoDB only once."""
    # A thread has no context of its own, but the queries share the request's deadline.
    pages = [_pool().submit(copy_context().run, _with_first_page, query) for query in queries]
    return [page.result() for page in pages]


def _with_first_page(query: Iterator[Item]) -> Iterator[Item]:
    first = list(islice(query, 1))
    return chain(first, query)


@functools.cache
def _pool() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # most functions need no threads

    return ThreadPoolExecutor(max_workers=_CONNECTIONS)


# Changes -------------------------------------------------------------------------------------------


@dataclass(kw_only=True, eq=False, repr=False)
class Change(ABC):
    """One write to one item.

    If the condition `when` fails, nothing in the transaction is written and `otherwise` is raised. `after_commit` is
    called after the commit. If it raises, the exception is only logged.
    """

    table: Table
    when: Condition | None = None
    otherwise: type[Error] = Outdated
    after_commit: Callable[[], None] | None = None

    @abstractmethod
    def request(self) -> tuple[str, dict[str, Any]]:
        """Return the name that transactions use for this kind of change, and its parameters."""


@dataclass(kw_only=True, eq=False, repr=False)
class Put(Change):
    """Write a whole item, replacing any item with the same key."""

    item: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        return "Put", _Expression().parameters(self, Item=encoded(self.item))


@dataclass(kw_only=True, eq=False, repr=False)
class Update(Change):
    """Set, add to and remove attributes of an item. A missing item is created, unless `when` requires one."""

    key: Item
    set: Item = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def request(self) -> tuple[str, dict[str, Any]]:
        expression = _Expression()
        clauses = {
            "SET": [f"{expression.name(name)} = {expression.value(value)}" for name, value in self.set.items()],
            "ADD": [f"{expression.name(name)} {expression.value(value)}" for name, value in self.add.items()],
            "REMOVE": [expression.name(name) for name in self.remove],
        }
        update = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        return "Update", expression.parameters(self, Key=encoded(self.key), UpdateExpression=update)


@dataclass(kw_only=True, eq=False, repr=False)
class Delete(Change):
    """Delete an item. A missing item is not an error, unless `when` requires one."""

    key: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        return "Delete", _Expression().parameters(self, Key=encoded(self.key))


@dataclass(kw_only=True, eq=False, repr=False)
class Check(Change):
    """Write nothing, but require that `when` holds."""

    key: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        return "ConditionCheck", _Expression().parameters(self, Key=encoded(self.key))


def write(*changes: Change | Sequence[Change]) -> None:
    """Commit all changes, or none. An argument is a change or a list of changes.

    Raises:
        Error: a condition failed; raises `otherwise` of the first change whose condition failed.
        Unavailable: DynamoDB is throttling or unreachable, or conflicts with other writers persist.
        ValueError: more than 100 changes.

    """
    flat = [change for group in changes for change in ([group] if isinstance(group, Change) else group)]
    if not flat:
        return
    if len(flat) > _MAX_CHANGES:
        raise ValueError(f"A transaction has room for {_MAX_CHANGES} changes, not {len(flat)}")
    with translated_errors():
        if len(flat) == 1 and not isinstance(flat[0], Check):
            _write_one(flat[0])
        else:
            _write_transaction(flat)
    for change in flat:
        if change.after_commit is not None:
            try:
                change.after_commit()
            except Exception:  # noqa: BLE001  # the changes are stored, so the caller must not fail
                logs.logger.exception("action after a commit failed")


def delete_all(table: Table, condition: Condition, *, key: Sequence[str], index: str | None = None) -> Iterator[int]:
    """Delete the items with one partition key, of the table or of an index, in steps of up to 250.

    Yields the number of items after each step, so that the caller may stop there. `key` has the names of the table's
    key attributes. This is not a transaction: if it stops or raises, some items are deleted, and the others are found
    the next time.

    Raises:
        Unavailable: DynamoDB is throttling or unreachable.

    """
    # A step is a page of the query, and as many batches as there are connections.
    step = _CONNECTIONS * _MAX_PER_BATCH
    keys = table.query(condition, index=index, page_size=step, attributes=key)
    while found := list(islice(keys, step)):
        batches = [found[start : start + _MAX_PER_BATCH] for start in range(0, len(found), _MAX_PER_BATCH)]
        # A thread has no context of its own, but the batches share the caller's deadline.
        running = [_pool().submit(copy_context().run, _delete_batch, table, batch) for batch in batches]
        # All of them end before the first failure is raised, so that none goes on in the background.
        failures = [failure for each in running if (failure := each.exception()) is not None]
        if failures:
            raise failures[0]
        yield len(found)


def _delete_batch(table: Table, keys: Sequence[Item]) -> None:
    left: Any = {table.name: [{"DeleteRequest": {"Key": encoded(key)}} for key in keys]}
    for pause in _backoff():
        try:
            with translated_errors():
                left = dynamodb().batch_write_item(RequestItems=left)["UnprocessedItems"]
        except Unavailable as error:
            # What is throttled comes back as unprocessed. It is an error only if that is the whole batch.
            if not _is_throttled(error.__cause__):
                raise
        if not left:
            return
        time.sleep(pause)
    raise Unavailable("DynamoDB is throttling a batch")


def _is_throttled(error: BaseException | None) -> bool:
    return isinstance(error, ClientError) and error_code(error) in _THROTTLED


def try_update(change: Update) -> tuple[bool, Item]:
    """Apply one update if its condition holds. Return whether it did, and the item.

    The item is the updated one if the condition held, otherwise the stored one, which is empty if there is none. It is
    part of DynamoDB's response, so no read is needed. `otherwise` is not used.
    """
    _, parameters = change.request()
    returning = {"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    try:
        with translated_errors():
            response = _retry_conflicts(dynamodb().update_item, parameters | returning)
        return True, decoded(response["Attributes"])
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False, decoded(cast("dict[str, Any]", error.response).get("Item", {}))


def _write_one(change: Change) -> None:
    verb, parameters = change.request()
    operations: dict[str, Callable[..., Any]] = {
        "Put": dynamodb().put_item,
        "Update": dynamodb().update_item,
        "Delete": dynamodb().delete_item,
    }
    try:
        _retry_conflicts(operations[verb], parameters)
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            raise change.otherwise from error
        raise


def _retry_conflicts(operation: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Perform a plain write; retry it while a transaction is writing to the same item."""
    for pause in _backoff():
        try:
            return operation(**parameters)
        except ClientError as error:
            if error_code(error) != "TransactionConflictException":
                raise
            time.sleep(pause)
    raise Unavailable("conflicts with other writers persist")


def _write_transaction(changes: Sequence[Change]) -> None:
    items: list[TransactWriteItemTypeDef] = []
    for change in changes:
        verb, parameters = change.request()
        items.append({verb: parameters})  # type: ignore[misc]  # the verb is one of the four keys
    token = str(uuid.uuid4())
    for pause in _backoff():
        try:
            dynamodb().transact_write_items(TransactItems=items, ClientRequestToken=token)
        except dynamodb().exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            for change, reason in zip(changes, reasons, strict=True):
                if reason == "ConditionalCheckFailed":
                    raise change.otherwise from error
            # Conflicts with other writers and throttling are transient. Other reasons are not.
            if not {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} & set(reasons):
                raise
            time.sleep(pause)
        else:
            return
    raise Unavailable("conflicts with other writers persist")


def optimistic(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function again if its write raises `Outdated`, because stored data has changed since it was read.

    Raises:
        Outdated: eight attempts failed.

    """

    @functools.wraps(function)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for pause in _backoff():
            try:
                return function(*args, **kwargs)
            except Outdated:
                time.sleep(pause)
        raise Outdated

    return attempt


def reuse_once(value: R, read: Callable[[], R]) -> Callable[[], R]:
    """Return a function that returns `value` on the first call, and the result of `read` on later calls.

    For a use case that reads, does something slow such as hashing a password, and then calls an `optimistic` function:
    the first attempt reuses what was read before, and every retry reads again.
    """
    unused = [value]
    return lambda: unused.pop() if unused else read()


def _backoff() -> Iterator[float]:
    """Return the seconds to wait after each attempt: growing and random, so that competing writers fall out of step."""
    return (random.uniform(0, 0.01 * 2**attempt) for attempt in range(_ATTEMPTS))  # noqa: S311  # not for secrets


class _Expression:
    """The names and values of one request, behind placeholders, since DynamoDB reserves many words."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#c{len(self._names)}"
        self._names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":c{len(self._values)}"
        self._values[placeholder] = typed(value)
        return placeholder

    def condition(self, condition: Condition) -> str:
        return condition.expression(self.name, self.value)

    def parameters(self, change: "Change | None" = None, **own: Any) -> dict[str, Any]:
        """Return the parameters of the request. Those of a change include its table and its condition."""
        if change is not None:
            own["TableName"] = change.table.name
            if change.when is not None:
                own["ConditionExpression"] = self.condition(change.when)
        if self._names:
            own["ExpressionAttributeNames"] = self._names
        if self._values:
            own["ExpressionAttributeValues"] = self._values
        return own
