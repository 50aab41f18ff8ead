"""POST /api/auth/login."""

import boto3
from common.items import limit
from common.login import sign_in
from models import Model
from models.tokens import SignedIn
from pydantic import EmailStr

from powertools.base import app, client, database, handler, tracer

__all__ = ["handler"]
_secretsmanager = boto3.client("secretsmanager")


class Form(Model):
    """Email and password to check."""

    email: EmailStr
    password: str


@app.post("/api/auth/login")
@tracer.capture_method
def login(form: Form) -> SignedIn:
    ip, user_agent = client()
    limit(database, "login", 10, ip)
    return SignedIn.model_validate(sign_in(database, _secretsmanager, form.email, form.password, (ip, user_agent)))
