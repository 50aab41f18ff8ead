"""POST /api/contact."""

from typing import Annotated

from common.contact import submit
from fastapi import Depends, Header
from mangum import Mangum
from models.contact import Form, Reply, Stored

from fastapi_mangum.base import Limited, app, database


@app.post("/api/contact", status_code=201, dependencies=[Depends(Limited("contact", 5))])
def write(form: Form, idempotency_key: Annotated[str, Header()]) -> Reply:
    stored = submit(database, form.model_dump(), form.model_dump_json(), idempotency_key)
    return Reply(data=Stored.model_validate(stored))


handler = Mangum(app, lifespan="off")
