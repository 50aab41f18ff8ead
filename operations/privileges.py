"""What each function may do, as the transformed template's roles say: `make privileges` prints and writes it.

A right is an action and what it is allowed on. DynamoDB has no action for a transaction: each of its parts is
authorised by itself, as PutItem, UpdateItem, DeleteItem or ConditionCheckItem of its table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from operations.stack import ROOT
from operations.transformed import TEMPLATE, Template, decided, of_type, transform

Right: TypeAlias = tuple[str, str]
Rights: TypeAlias = dict[str, set[Right]]

PAGE = ROOT / "docs/privileges.md"
# SAM gives these by itself: writing logs and traces to all, reading a stream to whom it feeds. The boundary narrows
# them.
_GIVEN = frozenset({"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSLambdaDynamoDBExecutionRole"})
# The attribute that a resource's ARN is.
_ARN = "Arn"


def granted(template: Template) -> Rights:
    """Give each function's rights, by its logical id."""
    resources = template["Resources"]
    return {
        name: {
            (action, resource)
            for statement in _statements(_role(properties, resources), resources)
            for action in _listed(statement["Action"])
            for resource in map(named, _listed(statement["Resource"]))
        }
        for name, properties in functions(template).items()
    }


def functions(template: Template) -> dict[str, Mapping[str, Any]]:
    """Give the properties of each function, by its logical id."""
    return {name: resource["Properties"] for name, resource in of_type(template, "AWS::Lambda::Function").items()}


def named(resource: Any) -> str:  # a string or an intrinsic function
    """Say what a statement's resource is: a logical id with what follows it, as `UsersTable/index/Newest`."""
    match resource:
        case str():
            return resource
        case {"Fn::GetAtt": [str(name), str(attribute)]} if attribute in {_ARN, "StreamArn"}:
            return name if attribute == _ARN else f"{name}/stream"
        case {"Ref": str(name)}:
            return name
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "").replace("}", "").rpartition(":")[2]
    raise ValueError(f"a resource that this program cannot read: {resource}")


def _role(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Mapping[str, Any]:
    role: Mapping[str, Any] = resources[properties["Role"]["Fn::GetAtt"][0]]["Properties"]
    return role


def _statements(role: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in role.get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]
    for policy in role.get("ManagedPolicyArns", ()):
        if isinstance(policy, dict):
            yield from resources[policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
        elif policy.rpartition("/")[2] not in _GIVEN:
            raise ValueError(f"a policy whose statements this program does not know: {policy}")


def _listed(value: Any) -> list[Any]:  # one, or a list of them
    return value if isinstance(value, list) else [value]


# The page ------------------------------------------------------------------------------------------

_VERBS = {
    "GetItem": "get",
    "Query": "query",
    "PutItem": "put",
    "UpdateItem": "update",
    "DeleteItem": "delete",
    "ConditionCheckItem": "check",
}


def page(rights: Rights) -> str:
    """Write the rights as Markdown: a row for each function, a column for each table, and what else there is."""
    tables = sorted({_table(resource) for own in rights.values() for action, resource in own if _is_table(action)})
    heads = ["function", *(table.removesuffix("Table") for table in tables), "else"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for function, own in rights.items():
        cells = [_cell(own, table) for table in tables]
        others = sorted(f"{action} on {resource}" for action, resource in own if not _is_table(action))
        lines.append(_row([f"`{function.removesuffix('Function')}`", *cells, "<br>".join(others)]))
    return f"{_INTRODUCTION}\n{chr(10).join(lines)}\n"


_INTRODUCTION = """# Privileges

What each function may do, by table. Written by `make privileges` from the transformed template; a test walks every
function through all it does and fails on a call that is not allowed, and on a grant that nothing uses.

A transaction is authorised by its parts, so `put`, `update`, `delete` and `check` are those too. `query (Newest)` is of
that index. Beyond the table, every function may write its log and its traces, and `FunctionBoundary` keeps all of them
within this stack.
"""


def _cell(own: set[Right], table: str) -> str:
    verbs = []
    for action, resource in own:
        if _is_table(action) and _table(resource) == table:
            index = resource.partition("/index/")[2]
            verb = _VERBS.get(action.partition(":")[2], action.partition(":")[2])
            verbs.append(f"{verb} ({index})" if index else verb)
    order = list(_VERBS.values())
    return ", ".join(
        sorted(verbs, key=lambda verb: (order.index(verb.split()[0]) if verb.split()[0] in order else 9, verb))
    )


def _is_table(action: str) -> bool:
    return action.startswith("dynamodb:")


def _table(resource: str) -> str:
    return resource.partition("/")[0]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def everything() -> Rights:
    """Give the rights of a stack that uses all there is: with SendGrid beside SES."""
    parameters = {"MailProviders": "ses,sendgrid"}
    return granted(decided(transform(TEMPLATE, **parameters), **parameters))


if __name__ == "__main__":
    text = page(everything())
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    print(f"Written to {PAGE.relative_to(ROOT)}.", file=sys.stderr)
