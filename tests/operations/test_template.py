"""The template's operation: logs, traces, limits, deployments, each optional parameter on and off, AWS quotas."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest

from operations.transformed import GRADUAL, Template, of_type, references, resolve_conditions, transform

KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
# Functions that hash a password, to store it or to compare it.
HASHING = {"ChangeEmail", "ChangePassword", "Login", "Reauthenticate", "Register", "ResetPassword", "VerifyEmail"}


def functions(template: Template) -> dict[str, Mapping[str, Any]]:
    found = of_type(template, "AWS::Lambda::Function")
    return {name.removesuffix("Function"): function["Properties"] for name, function in found.items()}


def stage(template: Template) -> Mapping[str, Any]:
    (found,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    properties: Mapping[str, Any] = found["Properties"]
    return properties


# Logs and traces


@pytest.mark.parametrize("value", ["-", "200", "GET /api/users/{userId}"])
def test_access_log_line_is_json_for_any_values(transformed: Template, value: str) -> None:
    line = re.sub(r"\$context(\.\w+)+", value, stage(transformed)["AccessLogSettings"]["Format"])
    assert "\n" not in line
    assert set(json.loads(line).values()) == {value}


def test_access_log_names_caller_route_status_and_latency(transformed: Template) -> None:
    named = set(re.findall(r"\$context\.([\w.]+)", stage(transformed)["AccessLogSettings"]["Format"]))
    assert named >= {"requestId", "identity.sourceIp", "routeKey", "status", "responseLatency"}
    assert stage(transformed)["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}


def test_access_log_takes_up_no_room_in_the_accounts_resource_policy(transformed: Template) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html"""
    name = transformed["Resources"]["AccessLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert name.startswith("/aws/vendedlogs/")
    assert "${AWS::StackName}" in name, "two stacks of an account would share a log group"


def test_log_retention_is_a_parameter(transformed: Template) -> None:
    kept = {
        name: group["Properties"]["RetentionInDays"]
        for name, group in of_type(transformed, "AWS::Logs::LogGroup").items()
    }
    assert kept == {name: {"Ref": "LogRetentionDays"} for name in ("FunctionLogs", "AccessLogs")}


def test_every_function_is_traced_and_writes_to_the_shared_log(transformed: Template) -> None:
    for name, function in functions(transformed).items():
        assert function["TracingConfig"] == {"Mode": "Active"}, name
        # Lambda's JSON format would drop metrics below the log level.
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionLogs"}, "LogFormat": "Text"}, name


# Limits and deployments


def test_every_route_is_throttled(transformed: Template) -> None:
    settings = stage(transformed)
    limits = {"ThrottlingRateLimit": {"Ref": "ThrottlingRate"}, "ThrottlingBurstLimit": {"Ref": "ThrottlingBurst"}}
    assert limits.items() <= settings["DefaultRouteSettings"].items()
    (api,) = of_type(transformed, "AWS::ApiGatewayV2::Api").values()
    routes = {
        path.rpartition("/")[2].title().replace("-", ""): f"ANY {path}" for path in api["Properties"]["Body"]["paths"]
    }
    costly = {"ThrottlingRateLimit": {"Ref": "CostlyThrottlingRate"}}
    costly |= {"ThrottlingBurstLimit": {"Ref": "CostlyThrottlingBurst"}}
    expected = {routes[name]: costly for name in HASHING | {"Contact", "ForgotPassword", "Email", "ResendVerification"}}
    assert settings["RouteSettings"] == expected


@pytest.mark.parametrize(("limit", "limited"), [("0", set()), ("5", HASHING)])
def test_only_functions_that_hash_passwords_are_limited(transformed: Template, limit: str, limited: set[str]) -> None:
    found = functions(resolve_conditions(transformed, HashingConcurrency=limit))
    assert {name for name, function in found.items() if "ReservedConcurrentExecutions" in function} == limited
    assert {name for name, function in found.items() if function["MemorySize"] == 1769} == HASHING


GRADUALLY = ["Canary10Percent5Minutes", "Canary10Percent10Minutes", "Linear10PercentEvery1Minute"]


@pytest.mark.parametrize("deployment", GRADUALLY)
def test_deployment_is_gradual_as_configured_and_rolls_back_on_an_alarm(deployment: str) -> None:
    template = transform(Deployment=deployment)
    groups = of_type(template, "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(functions(template))
    for group in (each["Properties"] for each in groups.values()):
        text, values = group["DeploymentConfigName"]["Fn::Sub"]
        assert text.replace("${ConfigName}", values["ConfigName"]) == f"CodeDeployDefault.Lambda{deployment}"
        assert group["AlarmConfiguration"] == {"Enabled": True, "Alarms": [{"Name": {"Ref": "ServerErrorsAlarm"}}]}
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    policies = [alias["UpdatePolicy"] for alias in of_type(template, "AWS::Lambda::Alias").values()]
    assert set(references(policies)) == {*groups, "ServerlessDeploymentApplication"} <= template["Resources"].keys()


def test_deployment_at_once_is_made_without_codedeploy() -> None:
    """Its resources would count toward the limit of the stack, and it must not watch an alarm that is on."""
    template = transform(Deployment="AllAtOnce")
    assert [name for name, each in template["Resources"].items() if each["Type"].startswith("AWS::CodeDeploy::")] == []
    assert "CodeDeployServiceRole" not in template["Resources"]
    aliases = of_type(template, "AWS::Lambda::Alias")
    assert len(aliases) == len(functions(template))
    assert [name for name, alias in aliases.items() if "UpdatePolicy" in alias] == []


def test_every_kind_of_deployment_is_at_once_or_gradual(transformed: Template) -> None:
    kinds = transformed["Mappings"]["Deployments"]
    assert list(kinds) == transformed["Parameters"]["Deployment"]["AllowedValues"]
    assert [kind for kind, flags in kinds.items() if flags["Gradual"] == "true"] == GRADUALLY


def test_callers_reach_the_alias_that_deployments_shift(transformed: Template) -> None:
    aliases = set(of_type(transformed, "AWS::Lambda::Alias"))
    (mapping,) = of_type(transformed, "AWS::Lambda::EventSourceMapping").values()
    schedules = [each["Properties"]["Targets"] for each in of_type(transformed, "AWS::Events::Rule").values()]
    (subscription,) = of_type(transformed, "AWS::SNS::Subscription").values()
    called = [mapping["Properties"]["FunctionName"], *schedules, subscription["Properties"]]
    assert all(set(references(value)) & aliases for value in called)
    (api,) = of_type(transformed, "AWS::ApiGatewayV2::Api").values()
    assert set(references(api["Properties"]["Body"]["paths"])) <= aliases | {"AWS"}


# Optional parameters, on and off


def test_customer_managed_key_encrypts_tables_and_secrets(transformed: Template) -> None:
    for key, used in ((KEY, {"Ref": "KmsKeyArn"}), ("", None)):
        template = resolve_conditions(transformed, KmsKeyArn=key, MailProviders="ses,sendgrid")
        tables = of_type(template, "AWS::DynamoDB::Table").values()
        secrets = of_type(template, "AWS::SecretsManager::Secret").values()
        assert all(table["Properties"]["SSESpecification"].get("KMSMasterKeyId") == used for table in tables)
        assert all(secret["Properties"].get("KmsKeyId") == used for secret in secrets)
        statements = template["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
        assert ({"Ref": "KmsKeyArn"} in [statement["Resource"] for statement in statements]) is bool(key)


@pytest.mark.parametrize(("providers", "uses_ses"), [("ses", True), ("sendgrid,ses", True), ("sendgrid", False)])
def test_region_without_ses_can_have_sendgrid_alone(transformed: Template, providers: str, *, uses_ses: bool) -> None:
    template = resolve_conditions(transformed, MailProviders=providers)
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert any(kind.startswith("AWS::SES::") for kind in kinds) is uses_ses
    policy = json.dumps(template["Resources"]["DeliveryPolicy"])
    assert ("ses:SendEmail" in policy, "secretsmanager:GetSecretValue" in policy) == (uses_ses, "sendgrid" in providers)
    # What is left refers to nothing that is not created.
    declared = template["Resources"].keys() | template["Parameters"].keys()
    for name, resource in template["Resources"].items():
        named = {*references(resource), *_explicit(resource)}
        assert {each for each in named if not each.startswith("AWS")} <= declared, name


@pytest.mark.parametrize(
    ("parameters", "created"),
    [
        ({}, set()),
        ({"DomainName": "api.example.com"}, {"ApiDomain", "ApiMapping"}),
        ({"DomainName": "api.example.com", "HostedZoneId": "Z1"}, {"ApiDomain", "ApiMapping", "ApiRecords"}),
        ({"HostedZoneId": "Z1"}, set()),
    ],
)
def test_domain_is_created_if_named(transformed: Template, parameters: dict[str, str], created: set[str]) -> None:
    template = resolve_conditions(transformed, **parameters)
    assert {"ApiDomain", "ApiMapping", "ApiRecords"} & template["Resources"].keys() == created
    if created:
        assert template["Resources"]["ApiMapping"]["Properties"]["Stage"] == {"Ref": "ApiApiGatewayDefaultStage"}


def test_output_urls_use_the_domain_if_there_is_one(transformed: Template) -> None:
    for name in ("ApiUrl", "JwksUrl"):
        condition, own, _ = transformed["Outputs"][name]["Value"]["Fn::If"]
        assert condition == "HasDomain"
        assert own["Fn::Sub"].startswith("https://${DomainName}")


def test_snapstart_is_a_parameter(transformed: Template) -> None:
    assert transformed["Parameters"]["SnapStart"]["AllowedValues"] == ["None", "PublishedVersions"]
    for function in functions(transformed).values():
        assert function["SnapStart"] == {"ApplyOn": {"Ref": "SnapStart"}}


def test_replaced_versions_are_deleted_since_snapstart_bills_every_version(transformed: Template) -> None:
    versions = of_type(transformed, "AWS::Lambda::Version")
    assert len(versions) == len(functions(transformed))
    assert {version["DeletionPolicy"] for version in versions.values()} == {"Delete"}


# AWS quotas and dependencies


def dependencies(template: Template) -> dict[str, set[str]]:
    """Return the resources each resource depends on."""
    resources = template["Resources"]
    return {
        name: {other for other in (*references(resource), *_explicit(resource)) if other in resources}
        for name, resource in resources.items()
    }


def _explicit(resource: Mapping[str, Any]) -> Iterator[str]:
    given = resource.get("DependsOn", ())
    yield from [given] if isinstance(given, str) else given


@pytest.mark.parametrize("deployment", ["AllAtOnce", *GRADUALLY])
def test_resources_do_not_depend_on_each_other_in_a_cycle(deployment: str) -> None:
    assert list(TopologicalSorter(dependencies(transform(Deployment=deployment))).static_order())


def test_dependency_cycle_is_detected() -> None:
    faulty = transform(Deployment=GRADUAL)
    faulty["Resources"]["ServerErrorsAlarm"]["Properties"]["Dimensions"] = [{"Name": "ApiId", "Value": {"Ref": "Api"}}]
    with pytest.raises(CycleError):
        TopologicalSorter(dependencies(faulty)).prepare()


def test_stack_is_within_cloudformation_quotas() -> None:
    """500 resources, 200 parameters and outputs, a template of 1 MB after the transform.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """
    transformed = transform(Deployment=GRADUAL)
    assert len(transformed["Resources"]) <= 500
    assert max(len(transformed["Parameters"]), len(transformed["Outputs"])) <= 200
    assert len(json.dumps(transformed)) <= 1_000_000


def test_environment_fits_in_lambdas_4_kb(transformed: Template) -> None:
    """Assumes a stack name of 50 characters, and parameters of 150 without a maximum."""
    for name, function in functions(transformed).items():
        variables = function["Environment"]["Variables"]
        length = sum(len(key) + _longest(value, transformed["Parameters"]) for key, value in variables.items())
        assert length < 4096, (name, length)


def _longest(value: Any, parameters: Template) -> int:  # noqa: PLR0911  # a string, or one of the intrinsic functions
    match value:
        case str(text):
            return len(text)
        case {"Ref": "AWS::NoValue"}:
            return 0
        case {"Fn::If": [_, *both]}:
            return max(_longest(each, parameters) for each in both)
        case {"Ref": str(name)} if "MaxValue" in parameters.get(name, {}):
            return len(str(parameters[name]["MaxValue"]))
        case {"Ref": str(name)} if "AllowedValues" in parameters.get(name, {}):
            return max(len(str(allowed)) for allowed in parameters[name]["AllowedValues"])
        case {"Ref": str(name)} if "MaxLength" in parameters.get(name, {}):
            return int(parameters[name]["MaxLength"])
        case {"Ref": str(name)} if name.endswith(("Secret", "Queue")):
            # An ARN and a URL: both contain region and account.
            return len("https://sqs.ap-southeast-1.amazonaws.com/111122223333/") + 50 + len(name) + 14
        case {"Ref": str(name)} if name.endswith("Table"):
            return 50 + len(name) + 14
    return 150


def test_roles_and_policies_are_within_iam_quotas(transformed: Template) -> None:
    """10 managed policies and 10,240 characters in a role, 6,144 in a managed policy; white space is not counted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    for name, role in of_type(transformed, "AWS::IAM::Role").items():
        assert len(role["Properties"]["ManagedPolicyArns"]) <= 10, name
        assert _size(role["Properties"].get("Policies", [])) <= 10_240, name
    for name, policy in of_type(transformed, "AWS::IAM::ManagedPolicy").items():
        assert _size(policy["Properties"]["PolicyDocument"]) <= 6_144, name


def _size(policy: Any) -> int:  # assumes 150 characters for each resource's ARN
    text = json.dumps(policy, separators=(",", ":"))
    return len(text) + 150 * (text.count('"Ref"') + text.count('"Fn::'))


# Other services


@pytest.mark.parametrize("parameter", ["SendGridUrl", "BreachServiceUrl"])
def test_other_services_are_called_over_tls_except_on_this_machine(transformed: Template, parameter: str) -> None:
    allowed = re.compile(transformed["Parameters"][parameter]["AllowedPattern"])
    valid = ["https://api.example.com", "http://127.0.0.1:8025", "http://localhost:80", "http://[::1]"]
    assert [url for url in valid if not allowed.match(url)] == []
    invalid = ["http://api.example.com", "http://localhost.example.com", "http://127.0.0.1@example.com", "https://a/b"]
    assert [url for url in invalid if allowed.match(url)] == []
