"""Errors: one shape for all of them."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict


class FieldError(TypedDict):
    """What is wrong with one field."""

    field: Annotated[str, Field(examples=["email"])]
    """The field's path in the request, such as `address.city`."""
    message: Annotated[str, Field(examples=["is required"])]


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
    methods: NotRequired[list[Literal["password"]]]
    """Only with `reauthentication_required`: the proofs that are accepted."""
