"""POST /api/auth/refresh."""

import boto3
from common import refresh
from models import Model
from models.tokens import SignedIn

from powertools.base import app, client, database, handler, tracer

__all__ = ["handler"]
_secretsmanager = boto3.client("secretsmanager")


class Form(Model):
    """The session's last refresh token."""

    refresh_token: str


@app.post("/api/auth/refresh")
@tracer.capture_method
def renew(form: Form) -> SignedIn:
    return SignedIn.model_validate(refresh.refresh(database, _secretsmanager, form.refresh_token, client()))
