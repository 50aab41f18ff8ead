"""Users: one, and a page of them."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any

from common import tokens
from common.items import Failed


def find(database: Any, session: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Return a user that this session may see. Raises Failed."""
    if session["role"] != "admin" and session["userId"] != user_id:
        raise Failed(403, "forbidden")
    user = database.get("USERS", {"id": user_id})
    if user is None:
        raise Failed(404, "user_not_found")
    return user


def page(
    database: Any, session: dict[str, Any], limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the newest users after the cursor, and the next cursor. Raises Failed."""
    if session["role"] != "admin":
        raise Failed(403, "forbidden")
    try:
        before = tokens.position_of(session, cursor) if cursor is not None else None
    except ValueError:
        raise Failed(400, "invalid_cursor") from None
    shards = [_newest(database, shard, limit + 1, before) for shard in "0123"]
    found = list(islice(merge(*shards, key=lambda item: str(item["position"]), reverse=True), limit + 1))
    return found[:limit], tokens.cursor(session, found[limit - 1]["position"]) if len(found) > limit else None


def _newest(database: Any, shard: str, limit: int, before: str | None) -> Iterator[dict[str, Any]]:
    after: dict[str, Any] = {"ExpressionAttributeNames": {"#p": "position"}} if before else {}
    return database.query(
        "USERS",
        IndexName="Newest",
        KeyConditionExpression="shard = :s AND #p < :p" if before else "shard = :s",
        ExpressionAttributeValues={":s": shard, **({":p": before} if before else {})},
        **after,
        ScanIndexForward=False,
        Limit=limit,
    )
