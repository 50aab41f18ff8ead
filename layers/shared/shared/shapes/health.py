"""The health of the API."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Health(TypedDict):
    """The API answers, and so does its database."""

    status: Literal["ok"]
    version: Annotated[str, Field(examples=["1.0.0"])]
