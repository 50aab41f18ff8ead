"""moto without work that nobody here looks at: most of what a test of a handler takes is moto's."""

import copy
from functools import cache
from typing import Any

import pytest
from aws_lambda_powertools.shared import user_agent
from moto.core import utils
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.table import Table

_member = ResponseSerializer._serialize_structure_member


def lean(patch: pytest.MonkeyPatch) -> None:
    """Leave that work out, in moto and in Powertools, until the patch is undone."""
    # A circuit adds a header to all later requests of its client: that of the tests sees hundreds of circuits.
    patch.setattr(user_agent, "register_feature_to_client", lambda client, feature: None)  # noqa: ARG005
    # It would list all methods of a service for each request.
    patch.setattr("moto.core.responses.method_names_from_class", cache(utils.method_names_from_class))
    patch.setattr(ResponseSerializer, "_serialize_structure_member", _serialize_member)
    patch.setattr(Table, "__deepcopy__", _copied, raising=False)


def _serialize_member(self: ResponseSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Skip what is not there: of the ten types of a value, all but one. moto would look for each by several names."""
    if type(value) is not dict or key in value:
        _member(self, serialized, value, shape, key)


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """Copy what a transaction may have to restore: of a table, its items. Of its stream nothing is read here."""
    copied = copy.copy(table)
    copied.items = copy.deepcopy(table.items, memo)
    return copied
