"""FilterCriteria of an event source mapping: which records a function receives.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def passes(record: Mapping[str, Any], patterns: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a record matches at least one pattern; without patterns every record does. Raises ValueError."""
    return not patterns or any(_matches(record, pattern) for pattern in patterns)


def _matches(value: Any, pattern: Mapping[str, Any]) -> bool:
    for key, rule in pattern.items():
        if key == "$or":
            if not any(_matches(value, alternative) for alternative in rule):
                return False
            continue
        present = isinstance(value, Mapping) and key in value
        inner = value[key] if present else None
        if isinstance(rule, Mapping):
            if not _matches(inner, rule):
                return False
        elif not any(_allows(condition, inner, present=present) for condition in rule):
            return False
    return True


def _allows(condition: Any, value: Any, *, present: bool) -> bool:
    if not isinstance(condition, Mapping):
        return present and bool(value == condition)
    ((kind, operand),) = condition.items()
    if kind == "exists":
        return present is bool(operand)
    if kind == "anything-but":
        return present and value not in (operand if isinstance(operand, list) else [operand])
    if kind == "numeric":
        number = _number(value)
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return number is not None and all(_COMPARISONS[sign](number, limit) for sign, limit in pairs)
    if kind in {"prefix", "suffix", "equals-ignore-case"}:
        return isinstance(value, str) and _text(kind, value, operand)
    raise ValueError(f"{kind} is not a filter rule that the runner knows")


def _text(kind: str, value: str, operand: str) -> bool:
    if kind == "prefix":
        return value.startswith(operand)
    if kind == "suffix":
        return value.endswith(operand)
    return value.casefold() == operand.casefold()


def _number(value: Any) -> float | None:
    # DynamoDB writes numbers as strings: {"N": "3"}.
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
