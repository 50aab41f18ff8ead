"""GET /api/users/{userId}."""

from common import users
from models import Model
from models.users import User

from powertools.base import app, caller, database, handler, tracer

__all__ = ["handler"]


class Reply(Model):
    """One user."""

    success: bool = True
    data: User


@app.get("/api/users/<user_id>")
@tracer.capture_method
def read(user_id: str) -> Reply:
    return Reply(data=User.model_validate(users.find(database, caller(), user_id)))
