"""GET /api/users/{userId}."""

from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, NotFoundError

from powertools.base import Model, User, app, caller, get, handler, tracer

__all__ = ["handler"]


class Reply(Model):
    """One user."""

    success: bool = True
    data: User


@app.get("/api/users/<user_id>")
@tracer.capture_method
def read(user_id: str) -> Reply:
    session = caller()
    if session["role"] != "admin" and session["userId"] != user_id:
        raise ForbiddenError("forbidden")
    user = get("USERS", {"id": user_id})
    if user is None:
        raise NotFoundError("user_not_found")
    return Reply(data=User.model_validate(user))
