"""Errors: one shape for all of them."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import Secret
from shared.values.choices import Method


class FieldError(TypedDict):
    """What is wrong with one field."""

    field: Annotated[str, Field(examples=["email"])]
    """The field's path in the request, such as `address.city`."""
    message: Annotated[str, Field(examples=["is required"])]


class SecondStep(TypedDict):
    """What a sign-in needs besides its first step."""

    token: Secret
    """For /api/auth/mfa: stands for the first step. Accepted once."""
    methods: list[Method]
    """The proofs that are accepted there."""
    expiresIn: Annotated[int, Field(examples=[300])]
    """The seconds until the token expires."""


class Error(TypedDict):
    """An error. Branch on `code`, show `message`."""

    success: Literal[False]
    message: str
    code: str
    """Stable: one code has one meaning and one status."""
    requestId: Annotated[str, Field(examples=["MkR13hYRjoEEPwA="])]
    """The id of the request in the API's logs."""
    errors: NotRequired[list[FieldError]]
    """Only if fields are invalid."""
    mfa: NotRequired[SecondStep]
    """Only with `mfa_required`."""
    methods: NotRequired[list[Method]]
    """Only with `reauthentication_required`: the proofs that are accepted."""
