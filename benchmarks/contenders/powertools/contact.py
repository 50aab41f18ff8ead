"""POST /api/contact."""

import hashlib
import time
import uuid
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from common.items import DAY, table, timestamp
from pydantic import EmailStr, StringConstraints

from powertools.base import Model, app, dynamodb, get, handler, limit, tracer

__all__ = ["handler"]


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


@app.post("/api/contact")
@tracer.capture_method
def write(form: Form) -> Response[str]:
    limit("contact", 5)
    header = app.current_event.headers.get("idempotency-key")
    if not header:
        raise BadRequestError("Idempotency-Key is required")
    key = hashlib.sha256(f"contact {header}".encode()).hexdigest()
    request = hashlib.sha256(form.model_dump_json().encode()).hexdigest()
    known = get("IDEMPOTENCY", {"key": key})
    if known is not None:
        if known["request"] != request:
            raise ServiceError(409, "idempotency_key_reused")
        return _created(known["answer"])
    now, answer = int(time.time()), {"id": str(uuid.uuid4())}
    written = form.model_dump()
    submission = {"form": "contact", "position": f"{timestamp()}#{answer['id']}", **answer, **written}
    mail = {"id": str(uuid.uuid4()), "kind": "contact", "details": written, "expiresAt": now + 7 * DAY}
    idempotency = {"key": key, "request": request, "answer": answer, "expiresAt": now + DAY}
    # The resource's own client takes plain values.
    dynamodb.meta.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table("SUBMISSIONS"), "Item": submission}},
            {"Put": {"TableName": table("OUTBOX"), "Item": mail}},
            {
                "Put": {
                    "TableName": table("IDEMPOTENCY"),
                    "Item": idempotency,
                    "ConditionExpression": "attribute_not_exists(#key)",
                    "ExpressionAttributeNames": {"#key": "key"},
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return _created(answer)


def _created(answer: dict[str, str]) -> Response[str]:
    reply = Reply(data=Written.model_validate(answer))
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, reply.model_dump_json())
