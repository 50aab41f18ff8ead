"""POST /api/auth/login."""

from typing import Annotated

import boto3
from common.login import sign_in
from fastapi import Depends, Header, Request
from mangum import Mangum
from models import Model
from models.tokens import SignedIn
from pydantic import EmailStr

from fastapi_mangum.base import Limited, app, database, ip_of

_secretsmanager = boto3.client("secretsmanager")


class Form(Model):
    """Email and password to check."""

    email: EmailStr
    password: str


@app.post("/api/auth/login", dependencies=[Depends(Limited("login", 10))])
def login(form: Form, request: Request, user_agent: Annotated[str, Header()] = "") -> SignedIn:
    signed_in = sign_in(database, _secretsmanager, form.email, form.password, (ip_of(request), user_agent))
    return SignedIn.model_validate(signed_in)


handler = Mangum(app, lifespan="off")
