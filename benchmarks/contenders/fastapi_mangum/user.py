"""GET /api/users/{userId}."""

from fastapi import HTTPException
from mangum import Mangum

from fastapi_mangum.base import Caller, Model, User, app, get


class Reply(Model):
    """One user."""

    success: bool = True
    data: User


@app.get("/api/users/{user_id}")
def read(user_id: str, session: Caller) -> Reply:
    if session["role"] != "admin" and session["userId"] != user_id:
        raise HTTPException(403, "forbidden")
    user = get("USERS", {"id": user_id})
    if user is None:
        raise HTTPException(404, "user_not_found")
    return Reply(data=User.model_validate(user))


handler = Mangum(app, lifespan="off")
