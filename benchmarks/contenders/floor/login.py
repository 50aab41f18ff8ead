"""POST /api/auth/login."""

import re
import time
import uuid
from typing import Any

from common import passwords, tokens
from common.items import activity, new_session, table, tries

from floor.base import Failed, answered, dynamodb, form, get, limit, stored
from floor.signing import signing_key

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    email, password = form(event, "email", "password")
    if not _EMAIL.fullmatch(email):
        raise Failed(400, "validation_failed")
    http = event["requestContext"]["http"]
    limit("login", event, 10)
    email = email.strip().casefold()
    lock = {"key": {"S": f"lock#{email}"}}
    _try(lock)
    credential = get("CREDENTIALS", {"email": email})
    user = get("USERS", {"id": credential["userId"] if credential else str(uuid.UUID(int=0))})
    right = passwords.is_right(password, credential["passwordHash"] if credential else None)
    if not (right and credential and user and user["status"] == "active"):
        raise Failed(401, "invalid_credentials")
    if not credential["verified"]:
        raise Failed(403, "email_not_verified")
    session = new_session(user, http["sourceIp"], http["userAgent"])
    body = tokens.signed_in(session, *signing_key())
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": table("CREDENTIALS"),
                    "Key": {"email": {"S": email}},
                    "UpdateExpression": "SET devices = :d ADD signIns :one",
                    "ConditionExpression": "version = :v",
                    "ExpressionAttributeValues": {
                        ":d": {"L": [{"S": device} for device in credential["devices"]]},
                        ":one": {"N": "1"},
                        ":v": {"N": str(credential["version"])},
                    },
                }
            },
            {
                "Put": {
                    "TableName": table("SESSIONS"),
                    "Item": stored(session),
                    "ConditionExpression": "attribute_not_exists(sessionId)",
                }
            },
            {"Delete": {"TableName": table("LIMITS"), "Key": lock}},
            {
                "Put": {
                    "TableName": table("ACTIVITY"),
                    "Item": stored(activity(user["id"], http["sourceIp"], http["userAgent"])),
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return 200, body


def _try(lock: dict[str, Any]) -> None:
    try:
        dynamodb.update_item(
            TableName=table("LIMITS"),
            Key=lock,
            UpdateExpression="SET tries = :t, failed = :f, lockedAt = :a, lockedUntil = :u, expiresAt = :e",
            ConditionExpression="attribute_not_exists(#k) OR expiresAt <= :n",
            ExpressionAttributeNames={"#k": "key"},
            ExpressionAttributeValues={
                **stored({f":{name}": value for name, value in zip("tfaue", tries().values(), strict=True)}),
                ":n": {"N": str(int(time.time()))},
            },
            ReturnValues="ALL_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise Failed(401, "invalid_credentials") from None
