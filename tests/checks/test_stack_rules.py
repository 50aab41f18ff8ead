"""Each rule in checks/rules finds its fault in a faulty copy of the template, and none in the template itself."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, TypeAlias

import pytest

from tests.support import ROOT

Stack: TypeAlias = dict[str, Any]


@pytest.fixture
def stack(transformed: Mapping[str, Any]) -> Stack:
    """A copy of part of the template, for speed: one function, and everything that belongs to no function."""
    return deepcopy(
        {
            **transformed,
            "Resources": {
                name: resource
                for name, resource in transformed["Resources"].items()
                if name.startswith("MeFunction") or not re.match(r"\w+Function(Role|Any\w+)?$", name)
            },
        }
    )


@cache
def rules() -> dict[str, Any]:
    """Return the rules by number."""
    # cfn-lint takes half a second to import, and collecting the tests does not need it.
    from cfnlint.rules import Rules  # noqa: PLC0415

    return dict(Rules.create_from_directory(str(ROOT / "checks/rules")).items())


def findings(stack: Stack) -> set[str]:
    """Return the findings of all rules."""
    from cfnlint.template import Template  # noqa: PLC0415  # as above

    template = Template("template.json", stack, ["us-east-1"])
    return {
        f"{number} {match.message}"
        for number, rule in rules().items()
        for match in rule.match(template)
        if number not in exemptions(stack["Resources"].get(match.message.partition(":")[0], {}))
    }


def exemptions(resource: dict[str, Any]) -> list[str]:
    """Return the rules a resource is exempt from, which cfn-lint itself would skip."""
    config: dict[str, list[str]] = resource.get("Metadata", {}).get("cfn-lint", {}).get("config", {})
    return config.get("ignore_checks", [])


def test_template_follows_the_rules(transformed: Mapping[str, Any]) -> None:
    assert sorted(rules()) == ["E9001", "E9002", "E9003", "E9004", "E9005", "E9006"]
    assert findings(deepcopy(dict(transformed))) == set()


def change(name: str, *path: str | int, to: Any) -> Callable[[Stack], None]:
    """Return a change that sets a value in a resource; None removes it."""

    def edit(stack: Stack) -> None:
        node = stack["Resources"][name]
        for key in path[:-1]:
            node = node[key]
        if to is None:
            del node[path[-1]]
        else:
            node[path[-1]] = to

    return edit


def add(name: str, type_: str, **properties: Any) -> Callable[[Stack], None]:
    def edit(stack: Stack) -> None:
        stack["Resources"][name] = {"Type": type_, "Properties": properties}

    return edit


STATEMENT = ("MeFunctionRole", "Properties", "Policies", 0, "PolicyDocument", "Statement", 0)
VARIABLES = ("MeFunction", "Properties", "Environment", "Variables")


def hide_parameter(stack: Stack) -> None:
    stack["Parameters"]["AppName"]["NoEcho"] = True


def remove_log_group(stack: Stack) -> None:
    add("Logs", "AWS::Logs::LogGroup", RetentionInDays=30)(stack)
    stack["Resources"]["MeFunction"]["Properties"].pop("LoggingConfig", None)


FAULTS: dict[str, Callable[[Stack], None]] = {
    "E9001 MeFunctionRole: the action dynamodb:* ": change(*STATEMENT, "Action", to=["dynamodb:*"]),
    "E9001 MeFunctionRole: the resource * ": change(*STATEMENT, "Resource", to=["*"]),
    "E9001 MeFunctionRole: the resource arn:aws:dynamodb:*:1:table/x ": change(
        *STATEMENT, "Resource", to="arn:aws:dynamodb:*:1:table/x"
    ),
    "E9001 MeFunctionRole: the resource arn:aws:s3:::x* ": change(
        *STATEMENT, "Resource", to={"Fn::Sub": "arn:aws:s3:::${AWS::StackName}*"}
    ),
    "E9001 MeFunctionRole: NotAction ": change(*STATEMENT, "NotAction", to="iam:CreateUser"),
    "E9001 MeFunctionRole: the policy arn:aws:iam::aws:policy/AdministratorAccess ": change(
        "MeFunctionRole", "Properties", "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"]
    ),
    "E9001 CallerPolicy: the action * ": change(
        "CallerPolicy", "Properties", "PolicyDocument", "Statement", 0, "Action", to="*"
    ),
    "E9001 Boundary: the resource * ": add(
        "Boundary", "AWS::IAM::ManagedPolicy", PolicyDocument={"Statement": {"Effect": "Allow", "Resource": "*"}}
    ),
    "E9002 SessionsTable: not encrypted": change("SessionsTable", "Properties", "SSESpecification", to=None),
    "E9002 LimitsTable: its items never expire, so they must not be lost: DeletionProtectionEnabled": change(
        "LimitsTable", "Properties", "TimeToLiveSpecification", "Enabled", to=False
    ),
    "E9002 UsersTable: its items never expire, so they must not be lost: DeletionPolicy: Retain": change(
        "UsersTable", "DeletionPolicy", to=None
    ),
    "E9002 UsersTable: its items never expire, so they must not be lost: UpdateReplacePolicy: Retain": change(
        "UsersTable", "UpdateReplacePolicy", to="Delete"
    ),
    "E9002 UsersTable: its items never expire, so they must not be lost: PointInTimeRecoverySpecification": change(
        "UsersTable", "Properties", "PointInTimeRecoverySpecification", to=None
    ),
    "E9003 MeFunction: KEY ": change(*VARIABLES, "KEY", to="{{resolve:secretsmanager:key}}"),
    "E9003 MeFunction: PEM ": change(*VARIABLES, "PEM", to={"Fn::If": ["A", "-----BEGIN EC PRIVATE KEY-----", "off"]}),
    "E9003 MeFunction: ACCESS ": change(*VARIABLES, "ACCESS", to="AKIAIOSFODNN7EXAMPLE"),
    "E9003 MeFunction: APP_NAME ": hide_parameter,
    "E9004 RotateSigningKeyPermission: anyone": change("RotateSigningKeyPermission", "Properties", "Principal", to="*"),
    "E9004 MeFunctionAnyPermission: SourceArn or SourceAccount ": change(
        "MeFunctionAnyPermission", "Properties", "SourceArn", to=None
    ),
    "E9005 UndeliveredEmailQueue: not encrypted": change(
        "UndeliveredEmailQueue", "Properties", "SqsManagedSseEnabled", to=False
    ),
    "E9005 Topic: not encrypted": add("Topic", "AWS::SNS::Topic"),
    "E9006 Logs: RetentionInDays is missing": add("Logs", "AWS::Logs::LogGroup"),
    "E9006 MeFunction: LoggingConfig.LogGroup is missing": remove_log_group,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found(stack: Stack, fault: str) -> None:
    FAULTS[fault](stack)
    assert any(line.startswith(fault) for line in findings(stack)), findings(stack)


HARMLESS: dict[str, Callable[[Stack], None]] = {
    "a wildcard after the account": change(*STATEMENT, "Resource", to={"Fn::Sub": "arn:aws:ses:${R}:${A}:identity/*"}),
    "a deny statement": change(*STATEMENT, to={"Effect": "Deny", "Action": "*", "Resource": "*"}),
    "a topic with a key": add("Topic", "AWS::SNS::Topic", KmsMasterKeyId={"Ref": "Key"}),
    "conditional protection": change(
        "UsersTable", "Properties", "DeletionProtectionEnabled", to={"Fn::If": ["Prod", True, False]}
    ),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_harmless_setting_is_not_reported(stack: Stack, case: str) -> None:
    HARMLESS[case](stack)
    assert findings(stack) == set()


def test_permissions_boundary_is_not_checked_as_a_grant(stack: Stack) -> None:
    FAULTS["E9001 Boundary: the resource * "](stack)
    add("Role", "AWS::IAM::Role", PermissionsBoundary={"Ref": "Boundary"})(stack)
    assert findings(stack) == set()
