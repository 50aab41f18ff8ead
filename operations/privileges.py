"""What each function may do, read from the roles: docs/privileges.md, which `make sync` writes.

A permission is an action and the resource it is allowed on. DynamoDB has no action for a transaction: each part is
authorized on its own, as PutItem, UpdateItem, DeleteItem or ConditionCheckItem on its table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from operations.stack import ROOT
from operations.transformed import TEMPLATE, Template, of_type, resolve_conditions, transform

Permission: TypeAlias = tuple[str, str]
Permissions: TypeAlias = dict[str, set[Permission]]

PAGE = ROOT / "docs/privileges.md"
# SAM attaches these: logs and traces to every function, stream access to the functions behind a stream. The
# permissions boundary narrows them.
_ATTACHED_BY_SAM = frozenset(
    {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess", "AWSLambdaDynamoDBExecutionRole"}
)
_ARN = "Arn"
# Precedes the attributes in the resource of a permission that is limited to them.
ONLY = "/only/"


def granted(template: Template) -> Permissions:
    """Return each function's permissions, by logical id."""
    resources = template["Resources"]
    return {
        name: {
            (action, resource + _attributes(statement))
            for statement in _statements(_role(properties, resources), resources)
            for action in _as_list(statement["Action"])
            for resource in map(resource_name, _as_list(statement["Resource"]))
        }
        for name, properties in functions(template).items()
    }


def functions(template: Template) -> dict[str, Mapping[str, Any]]:
    """Return each function's properties, by logical id."""
    return {name: resource["Properties"] for name, resource in of_type(template, "AWS::Lambda::Function").items()}


def resource_name(resource: Any) -> str:  # a string or an intrinsic function
    """Return a statement's resource as a logical id and what follows it, for example `UsersTable/index/Newest`."""
    match resource:
        case str():
            return resource
        case {"Fn::GetAtt": [str(name), str(attribute)]} if attribute in {_ARN, "StreamArn"}:
            return name if attribute == _ARN else f"{name}/stream"
        case {"Ref": str(name)}:
            return name
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "").replace("}", "").rpartition(":")[2]
    raise ValueError(f"unsupported resource in a policy: {resource}")


def _attributes(statement: Mapping[str, Any]) -> str:
    """Return what follows the resource of a statement that allows only some attributes, such as `/only/id+used`."""
    attributes = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("dynamodb:Attributes", [])
    return f"{ONLY}{'+'.join(sorted(attributes))}" if attributes else ""


def _role(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Mapping[str, Any]:
    role: Mapping[str, Any] = resources[properties["Role"]["Fn::GetAtt"][0]]["Properties"]
    return role


def _statements(role: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in role.get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]
    for policy in role.get("ManagedPolicyArns", ()):
        if isinstance(policy, dict):
            yield from resources[policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
        elif policy.rpartition("/")[2] not in _ATTACHED_BY_SAM:
            raise ValueError(f"unknown managed policy: {policy}")


def _as_list(value: Any) -> list[Any]:  # a single value, or a list
    return value if isinstance(value, list) else [value]


_VERBS = {
    "GetItem": "get",
    "Query": "query",
    "PutItem": "put",
    "UpdateItem": "update",
    "DeleteItem": "delete",
    "BatchWriteItem": "batch",
    "ConditionCheckItem": "check",
}


def page(permissions: Permissions) -> str:
    """Return the permissions as Markdown: one row per function, one column per table, then the other permissions."""
    tables = sorted({_table(resource) for own in permissions.values() for action, resource in own if _is_table(action)})
    heads = ["function", *(table.removesuffix("Table") for table in tables), "other"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for function, own in permissions.items():
        cells = [_cell(own, table) for table in tables]
        others = sorted(f"{action} on {resource}" for action, resource in own if not _is_table(action))
        lines.append(_row([f"`{function.removesuffix('Function')}`", *cells, "<br>".join(others)]))
    return f"{_INTRODUCTION}\n{chr(10).join(lines)}\n"


_INTRODUCTION = """# Privileges

What each function may do, by table. `make sync` writes this page from the transformed template. A test runs
everything the functions do, and fails on a call that is not allowed and on a permission that is never used.

`put`, `update`, `delete` and `check` also cover the parts of a transaction, which DynamoDB authorizes one by one.
`query (Newest)` is a query of that index, `update (…)` one that may
name no other attributes. Every function may also write its log and traces, and the permissions
boundary `FunctionBoundary` keeps all of them within this stack.
"""


def _cell(own: set[Permission], table: str) -> str:
    verbs = []
    for action, resource in own:
        if _is_table(action) and _table(resource) == table:
            details = resource.partition("/index/")[2] or resource.partition(ONLY)[2].replace("+", ", ")
            verb = _VERBS.get(action.partition(":")[2], action.partition(":")[2])
            verbs.append(f"{verb} ({details})" if details else verb)
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


def all_permissions() -> Permissions:
    """Return the permissions in a stack with every option in use: SendGrid in addition to SES."""
    parameters = {"MailProviders": "ses,sendgrid"}
    return granted(resolve_conditions(transform(TEMPLATE, **parameters), **parameters))
