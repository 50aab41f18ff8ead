"""Rules for the template that cfn-lint, its serverless rules and checkov lack, or apply to fewer resources.

cfn-lint loads this folder. Some rules only find something in the transformed template (`operations.transformed`), since
SAM adds roles and most permissions. A value from an intrinsic function is taken as set. An exception is declared at its
resource in the template, with its reason: `Metadata: {cfn-lint: {config: {ignore_checks: [E9005]}}}`.

cfn-lint reserves E9 for a project's own rules.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

Path: TypeAlias = list[str | int]
Resource: TypeAlias = dict[str, Any]
# Takes a resource and the template and yields what is wrong: a path below the resource, and a message.
Check: TypeAlias = Callable[[Resource, Template], Iterator[tuple[Path, str]]]

# AWS's own policies that SAM attaches to roles. They name no resource, and the template cannot narrow them.
MANAGED_POLICIES = {
    "AWSLambdaBasicExecutionRole",  # writes log lines
    "AWSLambdaDynamoDBExecutionRole",  # for a function behind a stream: reads streams
    "AWSLambdaSQSQueueExecutionRole",  # for a function behind a queue: takes messages
    "AWSXRayDaemonWriteAccess",  # writes traces
    "AWSXrayWriteOnlyAccess",  # ... in some regions
    "AWSCodeDeployRoleForLambda",  # for gradual deployments: moves aliases
}

# A dynamic reference, which is resolved before Lambda gets it, or the prefix of a PEM file, AWS or SendGrid key or JWT.
SECRET = re.compile(r"\{\{resolve:|-----BEGIN|^(AKIA|ASIA)[0-9A-Z]{16}$|^SG\.[\w-]+\.[\w-]+$|^eyJ[\w-]+\.[\w-]+\.")


def rule(number: str, title: str, *types: str) -> Callable[[Check], type[CloudFormationLintRule]]:
    """Turn a check into a rule. No base class, since cfn-lint takes every class that it finds as a rule."""

    def make(check: Check) -> type[CloudFormationLintRule]:
        def match(_: CloudFormationLintRule, template: Template) -> list[RuleMatch]:
            return [
                RuleMatch(["Resources", name, *path], f"{name}: {message}")
                for name, resource in template.get_resources(list(types)).items()
                for path, message in check(resource, template)
            ]

        fields = {"id": number, "shortdesc": title, "description": title, "tags": ["stack"], "match": match}
        return type(check.__name__, (CloudFormationLintRule,), fields)

    return make


@rule(
    "E9001",
    "Roles allow specific actions on specific resources",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::ManagedPolicy",
)
def least_privilege(resource: Resource, template: Template) -> Iterator[tuple[Path, str]]:
    if any(resource is template.get_resources().get(name) for name in _boundaries(template.template)):
        return  # A boundary allows nothing by itself: it limits what roles may allow.
    for path, statement in _allowing(resource["Properties"], ["Properties"]):
        for kind in {"NotAction", "NotResource"} & statement.keys():
            yield [*path, kind], f"{kind} allows everything except what it lists"
        for action in _listed(statement.get("Action", [])):
            if "*" in str(action):
                yield [*path, "Action"], f"the action {action} has a wildcard"
        for target in _listed(statement.get("Resource", [])):
            if "*" in _owner(target):
                yield [*path, "Resource"], f"the resource {_text(target)} can belong to any account"
    for arn in _listed(resource["Properties"].get("ManagedPolicyArns", [])):
        if _text(arn).rpartition("/")[2] not in MANAGED_POLICIES and "Ref" not in arn:
            message = f"the policy {_text(arn)} is not in MANAGED_POLICIES, the list of reviewed policies"
            yield ["Properties", "ManagedPolicyArns"], message


@rule("E9002", "Tables are encrypted, and their items expire or are protected from loss", "AWS::DynamoDB::Table")
def tables(resource: Resource, _: Template) -> Iterator[tuple[Path, str]]:
    properties = resource["Properties"]
    if not _on(properties, "SSESpecification", "SSEEnabled"):
        yield ["Properties"], "not encrypted with a key whose use is logged: SSESpecification is missing"
    if _on(properties, "TimeToLiveSpecification", "Enabled"):
        return
    lasting = {
        "DeletionPolicy: Retain": resource.get("DeletionPolicy") == "Retain",
        "UpdateReplacePolicy: Retain": resource.get("UpdateReplacePolicy") == "Retain",
        "DeletionProtectionEnabled": _on(properties, "DeletionProtectionEnabled"),
        "PointInTimeRecoverySpecification": _on(
            properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"
        ),
    }
    for name, is_set in lasting.items():
        if not is_set:
            yield ["Properties"], f"its items never expire, so they must not be lost: {name} is missing"


@rule("E9003", "Environment variables name secrets but contain none", "AWS::Lambda::Function")
def environments(resource: Resource, template: Template) -> Iterator[tuple[Path, str]]:
    path: Path = ["Properties", "Environment", "Variables"]
    hidden = {name for name, parameter in template.template.get("Parameters", {}).items() if parameter.get("NoEcho")}
    keys = set(template.get_resources(["AWS::IAM::AccessKey"]))
    for name, value in resource["Properties"].get("Environment", {}).get("Variables", {}).items():
        for leaf in _leaves(value):
            if leaf in hidden or leaf.partition(".")[0] in keys or SECRET.search(leaf):
                yield [*path, name], f"{name} contains a secret, which everyone who may view the function can read"


@rule("E9004", "Functions can be called by one source, not by a whole service", "AWS::Lambda::Permission")
def permissions(resource: Resource, _: Template) -> Iterator[tuple[Path, str]]:
    properties = resource["Properties"]
    if not {"SourceArn", "SourceAccount"} & properties.keys():
        yield ["Properties"], "SourceArn or SourceAccount is missing, so resources of any account can call the function"
    if properties.get("Principal") == "*":
        yield ["Properties", "Principal"], "anyone can call the function"


@rule("E9005", "Queues and topics are encrypted", "AWS::SQS::Queue", "AWS::SNS::Topic")
def queues(resource: Resource, _: Template) -> Iterator[tuple[Path, str]]:
    properties = resource.get("Properties", {})
    own = resource["Type"] == "AWS::SQS::Queue" and _on(properties, "SqsManagedSseEnabled")
    if not own and "KmsMasterKeyId" not in properties:
        yield [], "not encrypted: SqsManagedSseEnabled or KmsMasterKeyId is missing"


@rule("E9006", "Log groups have a retention period", "AWS::Logs::LogGroup", "AWS::Lambda::Function")
def logs(resource: Resource, template: Template) -> Iterator[tuple[Path, str]]:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::Logs::LogGroup":
        if "RetentionInDays" not in properties:
            yield [], "RetentionInDays is missing, so logs are kept forever"
    elif template.get_resources(["AWS::Logs::LogGroup"]) and "LogGroup" not in properties.get("LoggingConfig", {}):
        yield ["Properties"], "LoggingConfig.LogGroup is missing, so Lambda creates a log group that is kept forever"


def _boundaries(node: Any) -> Iterator[str]:
    """Yield the names of permissions boundaries: of roles, of SAM's functions and of their Globals."""
    if isinstance(node, dict):
        bound = node.get("PermissionsBoundary")
        if isinstance(bound, dict) and "Ref" in bound:
            yield bound["Ref"]
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _boundaries(child)


def _allowing(node: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every statement that allows something, at any depth, since conditions nest statements."""
    if isinstance(node, dict) and node.get("Effect") == "Allow":
        yield path, node
    elif isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _allowing(child, [*path, key])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Return the literal text of a string, or of a !Sub with x for every variable, or for each part of an ARN."""
    match value:
        case {"Fn::Sub": [str(text), *_]} | {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{[^}]*\}", "x", re.sub(r"\$\{[^}]*\.Arn\}", "x:x:x:x:x:x", text))
        case str():
            return value
    return ""


def _owner(resource: Any) -> str:
    """Return the part of an ARN up to the account: a * after that still names resources of this account.

    The ARN of a bucket has no account, so this is the part up to the bucket's name.
    """
    parts = _text(resource).split(":")
    return _text(resource).partition("/")[0] if parts[2:3] == ["s3"] else ":".join(parts[:5])


def _on(properties: dict[str, Any], *path: str) -> bool:
    value: Any = properties
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value not in {None, False, "false"} if not isinstance(value, dict | list) else True


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _leaves(child)
    else:
        yield str(value)
