"""GET /api/users."""

from heapq import merge
from itertools import islice
from typing import Annotated, Any

from common import tokens
from common.items import table
from fastapi import HTTPException, Query
from mangum import Mangum

from fastapi_mangum.base import Admin, Model, User, app, dynamodb, plain, stored


class Reply(Model):
    """A page."""

    success: bool = True
    data: list[User]
    next_cursor: str | None


@app.get("/api/users")
def list_users(
    session: Admin, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query()] = None
) -> Reply:
    try:
        before = tokens.position_of(session, cursor) if cursor is not None else None
    except ValueError:
        raise HTTPException(400, "invalid_cursor") from None
    shards = [_newest(shard, limit + 1, before) for shard in "0123"]
    found = list(islice(merge(*shards, key=lambda item: str(item["position"]), reverse=True), limit + 1))
    return Reply(
        data=[User.model_validate(item) for item in found[:limit]],
        next_cursor=tokens.cursor(session, found[limit - 1]["position"]) if len(found) > limit else None,
    )


def _newest(shard: str, limit: int, before: str | None) -> list[dict[str, Any]]:
    answer = dynamodb.query(
        TableName=table("USERS"),
        IndexName="Newest",
        KeyConditionExpression="shard = :s AND #p < :p" if before else "shard = :s",
        ExpressionAttributeValues=stored({":s": shard, **({":p": before} if before else {})}),
        **({"ExpressionAttributeNames": {"#p": "position"}} if before else {}),
        ScanIndexForward=False,
        Limit=limit,
    )
    return [plain(item) for item in answer["Items"]]


handler = Mangum(app, lifespan="off")
