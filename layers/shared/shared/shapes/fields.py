"""Kinds of text in responses. Each names its format and has an example."""

from typing import Annotated, TypeAlias

from pydantic import Field

Id: TypeAlias = Annotated[
    str, Field(json_schema_extra={"format": "uuid"}, examples=["0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42"])
]
Time: TypeAlias = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-08-04T12:00:00.000Z"])
]
Email: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "email"}, examples=["ada@example.com"])]
Name: TypeAlias = Annotated[str, Field(examples=["Ada Lovelace"])]
IpAddress: TypeAlias = Annotated[str, Field(examples=["203.0.113.10"])]
UserAgent: TypeAlias = Annotated[str, Field(examples=["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"])]
Secret: TypeAlias = Annotated[str, Field(examples=["1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"])]
