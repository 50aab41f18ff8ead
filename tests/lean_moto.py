"""moto without work that nobody here looks at: most of what a test of a handler takes is moto's."""

import copy
from functools import cache
from typing import Any

import pytest
from aws_lambda_powertools.shared import user_agent
from moto.core import utils
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]  # moto turns mypy off
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]  # ... there

_member = ResponseSerializer._serialize_structure_member
_copied_value = DynamoType.__deepcopy__


def lean(patch: pytest.MonkeyPatch) -> None:
    """Leave that work out, in moto and in Powertools, until the patch is undone."""
    # It would list all methods of a service for each request, and parse each expression anew.
    patch.setattr("moto.core.responses.method_names_from_class", cache(utils.method_names_from_class))
    patch.setattr(UpdateExpressionParser, "make", cache(UpdateExpressionParser.make))
    patch.setattr(Node, "__deepcopy__", _copied_node, raising=False)
    patch.setattr(DepthFirstTraverser, "nodes_to_be_processed", _kinds)
    patch.setattr(ResponseSerializer, "_serialize_structure_member", _serialize_member)
    patch.setattr(Table, "__deepcopy__", _copied, raising=False)
    patch.setattr(DynamoType, "__deepcopy__", _copied_if_changed)
    # A circuit adds a header to all later requests of its client: that of the tests sees hundreds of circuits.
    patch.setattr(user_agent, "register_feature_to_client", lambda client, feature: None)  # noqa: ARG005


def _serialize_member(self: ResponseSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Skip what is not there: of the ten types of a value, all but one. moto would look for each by several names."""
    if type(value) is not dict or key in value:
        _member(self, serialized, value, shape, key)


def _kinds(traverser: DepthFirstTraverser) -> tuple[type, ...]:
    """Give what a traverser stops at. moto asks at each node of an expression."""
    kinds: tuple[type, ...] | None = getattr(traverser, "kinds", None)
    if kinds is None:
        kinds = traverser.kinds = tuple(traverser._processing_map())
    return kinds


def _copied_node(node: Node, memo: dict[int, Any]) -> Node:
    """Copy an expression, which moto does before it works on it: nodes and their parents alone."""
    copied: Node = copy.copy(node)
    if node.children is not None:
        copied.children = [_copied_node(child, memo) if isinstance(child, Node) else child for child in node.children]
        for child in copied.children:
            if isinstance(child, Node):
                child.parent = copied
    return copied


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """Copy what a transaction may have to restore: of a table, its items. Of its stream nothing is read here."""
    copied = copy.copy(table)
    copied.items = copy.deepcopy(table.items, memo)
    return copied


def _copied_if_changed(value: DynamoType, memo: dict[int, Any]) -> DynamoType:
    """Copy lists, maps and sets: moto changes these in place, and replaces all others."""
    return _copied_value(value, memo) if value.is_list() or value.is_map() or value.is_set() else value
