"""GET /api/users."""

from typing import Annotated

from common import users
from fastapi import Query
from mangum import Mangum
from models import Model
from models.users import User

from fastapi_mangum.base import Caller, app, database


class Reply(Model):
    """A page."""

    success: bool = True
    data: list[User]
    next_cursor: str | None


@app.get("/api/users")
def list_users(
    session: Caller, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: Annotated[str | None, Query()] = None
) -> Reply:
    found, next_cursor = users.page(database, session, limit, cursor)
    return Reply(data=[User.model_validate(item) for item in found], next_cursor=next_cursor)


handler = Mangum(app, lifespan="off")
