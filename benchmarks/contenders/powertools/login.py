"""POST /api/auth/login."""

import time
import uuid

from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, UnauthorizedError
from boto3.dynamodb.conditions import Attr
from common import passwords, tokens
from common.items import activity, new_session, table, tries
from pydantic import EmailStr

from powertools.base import Model, app, client, dynamodb, get, handler, limit, tracer
from powertools.signing import SignedIn, signing_key

__all__ = ["handler"]


class Form(Model):
    """Who says to be who."""

    email: EmailStr
    password: str


@app.post("/api/auth/login")
@tracer.capture_method
def login(form: Form) -> SignedIn:
    limit("login", 10)
    email = form.email.casefold()
    lock = f"lock#{email}"
    _try(lock)
    credential = get("CREDENTIALS", {"email": email})
    user = get("USERS", {"id": credential["userId"] if credential else str(uuid.UUID(int=0))})
    right = passwords.is_right(form.password, credential["passwordHash"] if credential else None)
    if not (right and credential and user and user["status"] == "active"):
        raise UnauthorizedError("invalid_credentials")
    if not credential["verified"]:
        raise ForbiddenError("email_not_verified")
    ip, user_agent = client()
    session = new_session(user, ip, user_agent)
    signed_in = SignedIn.model_validate(tokens.signed_in(session, *signing_key()))
    # The resource's own client takes plain values.
    dynamodb.meta.client.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": table("CREDENTIALS"),
                    "Key": {"email": email},
                    "UpdateExpression": "SET devices = :d ADD signIns :one",
                    "ConditionExpression": "version = :v",
                    "ExpressionAttributeValues": {
                        ":d": credential["devices"],
                        ":one": 1,
                        ":v": credential["version"],
                    },
                }
            },
            {
                "Put": {
                    "TableName": table("SESSIONS"),
                    "Item": session,
                    "ConditionExpression": "attribute_not_exists(sessionId)",
                }
            },
            {"Delete": {"TableName": table("LIMITS"), "Key": {"key": lock}}},
            {"Put": {"TableName": table("ACTIVITY"), "Item": activity(user["id"], ip, user_agent)}},
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return signed_in


def _try(lock: str) -> None:
    limits = dynamodb.Table(table("LIMITS"))
    try:
        limits.update_item(
            Key={"key": lock},
            UpdateExpression="SET tries = :t, failed = :f, lockedAt = :a, lockedUntil = :u, expiresAt = :e",
            ConditionExpression=Attr("key").not_exists() | Attr("expiresAt").lte(int(time.time())),
            ExpressionAttributeValues={
                f":{name}": value for name, value in zip("tfaue", tries().values(), strict=True)
            },
            ReturnValues="ALL_NEW",
        )
    except dynamodb.meta.client.exceptions.ConditionalCheckFailedException:
        raise UnauthorizedError("invalid_credentials") from None
