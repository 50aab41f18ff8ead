"""GET /api/users."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from common import users
from models import Model
from models.users import User

from powertools.base import app, caller, database, handler, tracer

__all__ = ["handler"]


class Reply(Model):
    """A page."""

    success: bool = True
    data: list[User]
    next_cursor: str | None


@app.get("/api/users")
@tracer.capture_method
def list_users(limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query()] = None) -> Reply:
    found, next_cursor = users.page(database, caller(), limit, cursor)
    return Reply(data=[User.model_validate(item) for item in found], next_cursor=next_cursor)
