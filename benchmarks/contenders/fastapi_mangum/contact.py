"""POST /api/contact."""

import hashlib
import time
import uuid
from typing import Annotated

from common.items import DAY, table, timestamp
from fastapi import Depends, Header, HTTPException
from mangum import Mangum
from pydantic import EmailStr, StringConstraints

from fastapi_mangum.base import Limited, Model, app, dynamodb, get, stored


class Form(Model):
    """What somebody writes."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    email: EmailStr
    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Written(Model):
    """What became of it."""

    id: str


class Reply(Model):
    """The answer."""

    success: bool = True
    data: Written


@app.post("/api/contact", status_code=201, dependencies=[Depends(Limited("contact", 5))])
def write(form: Form, idempotency_key: Annotated[str, Header()]) -> Reply:
    key = hashlib.sha256(f"contact {idempotency_key}".encode()).hexdigest()
    request = hashlib.sha256(form.model_dump_json().encode()).hexdigest()
    known = get("IDEMPOTENCY", {"key": key})
    if known is not None:
        if known["request"] != request:
            raise HTTPException(409, "idempotency_key_reused")
        return Reply(data=Written.model_validate(known["answer"]))
    now, answer = int(time.time()), {"id": str(uuid.uuid4())}
    written = form.model_dump()
    submission = {"form": "contact", "position": f"{timestamp()}#{answer['id']}", **answer, **written}
    mail = {"id": str(uuid.uuid4()), "kind": "contact", "details": written, "expiresAt": now + 7 * DAY}
    idempotency = {"key": key, "request": request, "answer": answer, "expiresAt": now + DAY}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table("SUBMISSIONS"), "Item": stored(submission)}},
            {"Put": {"TableName": table("OUTBOX"), "Item": stored(mail)}},
            {
                "Put": {
                    "TableName": table("IDEMPOTENCY"),
                    "Item": stored(idempotency),
                    "ConditionExpression": "attribute_not_exists(#k)",
                    "ExpressionAttributeNames": {"#k": "key"},
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return Reply(data=Written.model_validate(answer))


handler = Mangum(app, lifespan="off")
