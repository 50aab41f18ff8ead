"""GET /api/users."""

from heapq import merge
from itertools import islice
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.exceptions import BadRequestError
from aws_lambda_powertools.event_handler.openapi.params import Query
from boto3.dynamodb.conditions import Key
from common import tokens
from common.items import table

from powertools.base import Model, User, admin, app, dynamodb, handler, tracer

__all__ = ["handler"]


class Reply(Model):
    """A page."""

    success: bool = True
    data: list[User]
    next_cursor: str | None


@app.get("/api/users")
@tracer.capture_method
def list_users(limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query()] = None) -> Reply:
    session = admin()
    try:
        before = tokens.position_of(session, cursor) if cursor is not None else None
    except ValueError:
        raise BadRequestError("invalid_cursor") from None
    shards = [_newest(shard, limit + 1, before) for shard in "0123"]
    found = list(islice(merge(*shards, key=lambda item: str(item["position"]), reverse=True), limit + 1))
    return Reply(
        data=[User.model_validate(item) for item in found[:limit]],
        next_cursor=tokens.cursor(session, found[limit - 1]["position"]) if len(found) > limit else None,
    )


def _newest(shard: str, limit: int, before: str | None) -> list[dict[str, Any]]:
    condition: Any = Key("shard").eq(shard)
    if before:
        condition &= Key("position").lt(before)
    answer = dynamodb.Table(table("USERS")).query(
        IndexName="Newest", KeyConditionExpression=condition, ScanIndexForward=False, Limit=limit
    )
    return answer["Items"]
