"""GET /api/users."""

from heapq import merge
from itertools import islice
from typing import Any

from common import tokens
from common.items import PUBLIC, table

from floor.base import Failed, answered, caller, dynamodb, plain


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    session = caller(event)
    if session["role"] != "admin":
        raise Failed(403, "forbidden")
    query = event.get("queryStringParameters") or {}
    try:
        limit = int(query.get("limit", 20))
        before = tokens.position_of(session, query["cursor"]) if "cursor" in query else None
    except ValueError:
        raise Failed(400, "validation_failed") from None
    shards = [_newest(shard, limit + 1, before) for shard in "0123"]
    found = islice(merge(*shards, key=lambda item: str(item["position"]["S"]), reverse=True), limit + 1)
    users = [plain(item) for item in found]
    shown = [{name: user[name] for name in PUBLIC} for user in users[:limit]]
    cursor = tokens.cursor(session, users[limit - 1]["position"]) if len(users) > limit else None
    return 200, {"success": True, "data": shown, "nextCursor": cursor}


def _newest(shard: str, limit: int, before: str | None) -> Any:
    values = {":s": {"S": shard}, **({":p": {"S": before}} if before else {})}
    return dynamodb.query(
        TableName=table("USERS"),
        IndexName="Newest",
        KeyConditionExpression="shard = :s AND #p < :p" if before else "shard = :s",
        ExpressionAttributeValues=values,
        **({"ExpressionAttributeNames": {"#p": "position"}} if before else {}),
        ScanIndexForward=False,
        Limit=limit,
    )["Items"]
