"""Conditions, and values in DynamoDB's format, compared with what boto3 generates."""

from typing import Any

import pytest
from boto3.dynamodb import conditions as boto3s
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core import attributes, conditions

OPERATORS = ["eq", "lt", "lte", "gt", "begins_with"]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def expression(condition: conditions.Condition) -> tuple[str, dict[str, str], dict[str, Any]]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}

    def name(text: str) -> str:
        names[f"#n{len(names)}"] = text
        return f"#n{len(names) - 1}"

    def value(plain: Any) -> str:
        values[f":v{len(values)}"] = plain
        return f":v{len(values) - 1}"

    return condition.expression(name, value), names, values


def boto3_expression(condition: boto3s.ConditionBase) -> tuple[str, dict[str, str], dict[str, Any]]:
    built = boto3s.ConditionExpressionBuilder().build_expression(condition)
    return built.condition_expression, built.attribute_name_placeholders, built.attribute_value_placeholders


@pytest.mark.parametrize("operator", OPERATORS)
def test_comparison_has_the_same_expression_as_in_boto3(operator: str) -> None:
    for ours, theirs in ((conditions.Attr, boto3s.Attr), (conditions.Key, boto3s.Key)):
        assert expression(getattr(ours("a"), operator)("x")) == boto3_expression(getattr(theirs("a"), operator)("x"))


def test_combined_conditions_have_the_same_expression_as_in_boto3() -> None:
    def combined(attr: Any) -> Any:
        return attr("a").eq(1) & (attr("b").not_exists() | attr("a").lte(2)) & attr("c").exists()

    assert expression(combined(conditions.Attr)) == boto3_expression(combined(boto3s.Attr))


@settings(max_examples=50, deadline=None)
@given(PLAIN)
def test_value_is_encoded_as_by_boto3_and_decoded_unchanged(value: Any) -> None:
    typed = attributes.typed(value)
    assert typed == TypeSerializer().serialize(value)
    assert attributes._plain(*typed.items()) == value
    assert plain(TypeDeserializer().deserialize(typed)) == value


def plain(value: Any) -> Any:
    """Replace boto3's own types in a value that it decoded."""
    match value:
        case Binary():
            return value.value  # type: ignore[attr-defined]  # missing in the stubs
        case list():
            return [plain(inner) for inner in value]
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case _:
            return value


def test_unsupported_dynamodb_types_raise_type_error() -> None:
    with pytest.raises(TypeError, match="SS"):
        attributes.decoded({"roles": {"SS": ["admin"]}})
