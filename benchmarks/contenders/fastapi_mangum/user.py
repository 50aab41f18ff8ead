"""GET /api/users/{userId}."""

from common import users
from mangum import Mangum
from models import Model
from models.users import User

from fastapi_mangum.base import Caller, app, database


class Reply(Model):
    """One user."""

    success: bool = True
    data: User


@app.get("/api/users/{user_id}")
def read(user_id: str, session: Caller) -> Reply:
    return Reply(data=User.model_validate(users.find(database, session, user_id)))


handler = Mangum(app, lifespan="off")
