"""POST /api/auth/refresh."""

from typing import Annotated

import boto3
from common import refresh
from fastapi import Header, Request
from mangum import Mangum
from models import Model
from models.tokens import SignedIn

from fastapi_mangum.base import app, database, ip_of

_secretsmanager = boto3.client("secretsmanager")


class Form(Model):
    """The session's last refresh token."""

    refresh_token: str


@app.post("/api/auth/refresh")
def renew(form: Form, request: Request, user_agent: Annotated[str, Header()] = "") -> SignedIn:
    signed_in = refresh.refresh(database, _secretsmanager, form.refresh_token, (ip_of(request), user_agent))
    return SignedIn.model_validate(signed_in)


handler = Mangum(app, lifespan="off")
