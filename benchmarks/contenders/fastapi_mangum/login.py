"""POST /api/auth/login."""

import time
import uuid
from typing import Annotated, Any

from common import passwords, tokens
from common.items import activity, new_session, table, tries
from fastapi import Depends, Header, HTTPException, Request
from mangum import Mangum
from pydantic import EmailStr

from fastapi_mangum.base import Limited, Model, app, dynamodb, get, ip_of, stored
from fastapi_mangum.signing import SignedIn, signing_key


class Form(Model):
    """Who says to be who."""

    email: EmailStr
    password: str


@app.post("/api/auth/login", dependencies=[Depends(Limited("login", 10))])
def login(form: Form, request: Request, user_agent: Annotated[str, Header()] = "") -> SignedIn:
    email = form.email.casefold()
    lock = {"key": f"lock#{email}"}
    _try(lock)
    credential = get("CREDENTIALS", {"email": email})
    user = get("USERS", {"id": credential["userId"] if credential else str(uuid.UUID(int=0))})
    right = passwords.is_right(form.password, credential["passwordHash"] if credential else None)
    if not (right and credential and user and user["status"] == "active"):
        raise HTTPException(401, "invalid_credentials")
    if not credential["verified"]:
        raise HTTPException(403, "email_not_verified")
    session = new_session(user, ip_of(request), user_agent)
    signed_in = SignedIn.model_validate(tokens.signed_in(session, *signing_key()))
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": table("CREDENTIALS"),
                    "Key": stored({"email": email}),
                    "UpdateExpression": "SET devices = :d ADD signIns :one",
                    "ConditionExpression": "version = :v",
                    "ExpressionAttributeValues": stored(
                        {":d": credential["devices"], ":one": 1, ":v": credential["version"]}
                    ),
                }
            },
            {
                "Put": {
                    "TableName": table("SESSIONS"),
                    "Item": stored(session),
                    "ConditionExpression": "attribute_not_exists(sessionId)",
                }
            },
            {"Delete": {"TableName": table("LIMITS"), "Key": stored(lock)}},
            {
                "Put": {
                    "TableName": table("ACTIVITY"),
                    "Item": stored(activity(user["id"], session["ip"], user_agent)),
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return signed_in


def _try(lock: dict[str, Any]) -> None:
    try:
        dynamodb.update_item(
            TableName=table("LIMITS"),
            Key=stored(lock),
            UpdateExpression="SET tries = :t, failed = :f, lockedAt = :a, lockedUntil = :u, expiresAt = :e",
            ConditionExpression="attribute_not_exists(#k) OR expiresAt <= :n",
            ExpressionAttributeNames={"#k": "key"},
            ExpressionAttributeValues=stored(
                {
                    **{f":{name}": value for name, value in zip("tfaue", tries().values(), strict=True)},
                    ":n": int(time.time()),
                }
            ),
            ReturnValues="ALL_NEW",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise HTTPException(401, "invalid_credentials") from None


handler = Mangum(app, lifespan="off")
