"""The pydantic models that both frameworks validate with."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """Fields in snake_case here, in camelCase in JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
