"""POST /api/contact."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response, content_types
from common.contact import submit
from common.items import Failed, limit
from models.contact import Form, Reply, Stored

from powertools.base import app, client, database, handler, tracer

__all__ = ["handler"]


@app.post("/api/contact")
@tracer.capture_method
def write(form: Form) -> Response[str]:
    limit(database, "contact", 5, client()[0])
    key = app.current_event.headers.get("idempotency-key")
    if not key:
        raise Failed(400, "idempotency_key_required")
    stored = submit(database, form.model_dump(), form.model_dump_json(), key)
    reply = Reply(data=Stored.model_validate(stored))
    return Response(HTTPStatus.CREATED, content_types.APPLICATION_JSON, reply.model_dump_json())
