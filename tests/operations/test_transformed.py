"""Settings that only AWS itself would show, verified in the transformed template.

Each check runs on the template, and must then find its fault in a copy of the template that has it.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import pytest

from operations.transformed import TEMPLATE, of_type, transform

Template: TypeAlias = Mapping[str, Any]
VERBS = ["DELETE", "GET", "PATCH", "POST", "PUT"]
KEPT, EXPIRING = "Tables that must not be lost", "Tables whose items expire"


def banners() -> dict[str, str]:
    """Return the banner above each resource in template.yaml, by logical id."""
    parts = re.split(r"^  # -{20,}\n  # (.+)\n  # -{20,}$", TEMPLATE.read_text(), flags=re.MULTILINE)
    return {
        name: banner
        for banner, text in zip(parts[1::2], parts[2::2], strict=True)
        for name in re.findall(r"^  (\w+):$", text, flags=re.MULTILINE)
    }


def check_tables(template: Template) -> Iterator[str]:
    above = banners()
    for name, table in of_type(template, "AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        if not properties.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a KMS key"
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name} is not billed per request"
        protection = {
            "point-in-time recovery": properties.get("PointInTimeRecoverySpecification", {}).get(
                "PointInTimeRecoveryEnabled", False
            ),
            "deletion protection": properties.get("DeletionProtectionEnabled", False),
            "a Retain policy": is_retained(table),
        }
        if above[name] == KEPT:
            yield from (
                f"{name} must not be lost but lacks {what}" for what, is_set in protection.items() if not is_set
            )
        elif above[name] == EXPIRING:
            # It would cost money and block the deletion of the stack.
            yield from (f"{name} expires but has {what}" for what, is_set in protection.items() if is_set)
            if not properties.get("TimeToLiveSpecification", {}).get("Enabled"):
                yield f"{name} expires but has no time to live"
        else:
            yield f"{name} is below the banner {above[name]!r}, not below one for tables"


def is_retained(resource: Mapping[str, Any]) -> bool:
    return resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"


def check_secrets_and_queues(template: Template) -> Iterator[str]:
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        if not is_retained(secret):
            yield f"{name} is not retained"
    for name, queue in of_type(template, "AWS::SQS::Queue").items():
        properties = queue["Properties"]
        if not is_retained(queue) or properties.get("MessageRetentionPeriod") != 1209600:
            yield f"{name} does not keep messages for 14 days, or is deleted with the stack"
        if not properties.get("SqsManagedSseEnabled") and not properties.get("KmsMasterKeyId"):
            yield f"{name} is not encrypted"


def check_functions(template: Template) -> Iterator[str]:
    (layer,) = of_type(template, "AWS::Lambda::LayerVersion")
    routed = set(integrations(template).values())
    roles: dict[str, str] = {}
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        properties = function["Properties"]
        role = properties["Role"]["Fn::GetAtt"][0]
        if role in roles:
            yield f"{name} and {roles[role]} share a role"
        roles[role] = name
        if properties.get("Layers") != [{"Ref": layer}]:
            yield f"{name} does not use the layer"
        if properties.get("Runtime") != "python3.13":
            yield f"{name} runs on {properties.get('Runtime')}, but the layer is built for python3.13"
        if name in routed and properties["Timeout"] >= 30:
            yield f"{name} has a longer timeout than API Gateway"
    for name, role in of_type(template, "AWS::IAM::Role").items():
        statements = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if name in roles and [statement["Principal"] for statement in statements] != [
            {"Service": ["lambda.amazonaws.com"]}
        ]:
            yield f"{name} can be assumed by other principals than Lambda"


def integrations(template: Template) -> dict[str, str]:
    """Return the function behind each path of the API."""
    found = {}
    for path, methods in body(template)["paths"].items():
        (operation, *_) = methods.values()
        uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        (name,) = re.findall(r"\$\{(\w+)(?:\.Arn)?\}/invocations", uri)
        found[path] = function_of(template, name)
    return found


def function_of(template: Template, name: str) -> str:
    """Return the function that a resource is or is an alias of."""
    resource = template["Resources"][name]
    function: str = resource["Properties"]["FunctionName"]["Ref"] if resource["Type"].endswith("Alias") else name
    return function


def body(template: Template) -> Mapping[str, Any]:
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    found: Mapping[str, Any] = api["Properties"]["Body"]
    return found


def check_api(template: Template) -> Iterator[str]:
    permitted = {
        (function_of(template, permission["Properties"]["FunctionName"]["Ref"]), path)
        for permission in of_type(template, "AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        for path in re.findall(r"\$\{__Stage__\}/\*(/.*)", permission["Properties"]["SourceArn"]["Fn::Sub"][0])
    }
    for path, methods in body(template)["paths"].items():
        if list(methods) != ["x-amazon-apigateway-any-method"]:
            yield f"{path} accepts only {', '.join(methods)}: API Gateway would answer other verbs with 404, not 405"
            continue
        integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        if (integration["type"], integration["payloadFormatVersion"]) != ("aws_proxy", "2.0"):
            yield f"{path} does not use payload format 2.0"
        if (integrations(template)[path], re.sub(r"\{\w+\}", "*", path)) not in permitted:
            yield f"API Gateway is not allowed to call {integrations(template)[path]} for {path}"
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    if (stage["Properties"]["StageName"], stage["Properties"]["AutoDeploy"]) != ("$default", True):
        yield "the API's stage is not $default, or does not deploy automatically"


def check_cors(template: Template) -> Iterator[str]:
    cors = body(template).get("x-amazon-apigateway-cors") or {}
    if cors.get("allowOrigins") != ["http://localhost:3001"]:
        yield f"allowed origins are {cors.get('allowOrigins')}, not those of the parameter"
    if sorted(cors.get("allowMethods", ())) != VERBS:
        yield "allowed methods are not those of the API"
    allowed = resolved(cors.get("allowHeaders", ()))
    if missing := {"authorization", "content-type", "idempotency-key", "if-match", "traceparent"} - set(allowed):
        yield f"headers not allowed in requests: {', '.join(sorted(missing))}"
    if missing := {"allow", "etag", "link", "location", "retry-after"} - set(cors.get("exposeHeaders", ())):
        yield f"headers not exposed in responses: {', '.join(sorted(missing))}"
    if cors.get("allowCredentials"):
        yield "credentials are allowed, but the API uses no cookies"


def resolved(value: Any) -> Any:
    """Return what CloudFormation makes of `Fn::Split` and `Fn::Join`."""
    match value:
        case {"Fn::Split": [separator, text]}:
            return resolved(text).split(separator)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(resolved, parts))
    return value


def check_streams(template: Template) -> Iterator[str]:
    for name, mapping in of_type(template, "AWS::Lambda::EventSourceMapping").items():
        properties = mapping["Properties"]
        if "StartingPosition" not in properties:
            continue
        if properties["StartingPosition"] != "TRIM_HORIZON":
            yield f"{name} would skip records written before it was created"
        if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} would send the emails of a partly failed batch again"
        if not properties.get("BisectBatchOnFunctionError") or not 0 < properties.get("MaximumRetryAttempts", -1) < 100:
            yield f"{name} would be blocked by one failing record for a day"
        if "OnFailure" not in properties.get("DestinationConfig", {}):
            yield f"{name} would lose the records it gives up on"


def check_rotation(template: Template) -> Iterator[str]:
    permissions = [permission["Properties"] for permission in of_type(template, "AWS::Lambda::Permission").values()]
    for name, schedule in of_type(template, "AWS::SecretsManager::RotationSchedule").items():
        properties = schedule["Properties"]
        if not properties.get("RotateImmediatelyOnUpdate"):
            yield f"{name} does not create the first key"
        if not 0 < properties.get("RotationRules", {}).get("AutomaticallyAfterDays", 0) <= 366:
            yield f"{name} does not rotate every year"
        (called,) = properties["RotationLambdaARN"].values()
        function, secret = called if isinstance(called, str) else called[0], properties["SecretId"]
        if not any(
            (permission["Principal"], permission["FunctionName"]) == ("secretsmanager.amazonaws.com", {"Ref": function})
            and (permission.get("SourceArn"), permission.get("SourceAccount")) == (secret, {"Ref": "AWS::AccountId"})
            for permission in permissions
        ):
            yield f"{function} has no permission that lets only Secrets Manager call it for this secret"


CHECKS = [check_tables, check_secrets_and_queues, check_functions, check_api, check_cors, check_streams, check_rotation]


@pytest.mark.parametrize("check", CHECKS)
def test_template_has_no_fault(transformed: Template, check: Callable[[Template], Iterator[str]]) -> None:
    assert list(check(transformed)) == []


def test_template_has_tables_of_both_kinds(transformed: Template) -> None:
    above = banners()
    assert {above[name] for name in of_type(transformed, "AWS::DynamoDB::Table")} == {KEPT, EXPIRING}


def test_several_origins_become_a_list() -> None:
    cors = body(transform(CorsOrigins="https://a.example,https://b.example"))["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == ["https://a.example", "https://b.example"]


# Faults

Resources: TypeAlias = dict[str, Any]


def without(resource: str, *names: str) -> Callable[[Resources], None]:
    """Return a change that removes attributes or properties of a resource."""

    def change(resources: Resources) -> None:
        for name in names:
            holder = resources[resource] if name in resources[resource] else resources[resource]["Properties"]
            del holder[name]

    return change


def with_properties(resource: str, **properties: Any) -> Callable[[Resources], None]:
    """Return a change that sets properties of a resource."""
    return lambda resources: resources[resource]["Properties"].update(properties)


def with_cors(**settings: Any) -> Callable[[Resources], None]:
    return lambda resources: resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"].update(settings)


def allow_get_only(resources: Resources) -> None:
    paths = resources["Api"]["Properties"]["Body"]["paths"]
    paths["/api/health"] = {"get": paths["/api/health"]["x-amazon-apigateway-any-method"]}


def use_payload_format_1(resources: Resources) -> None:
    operation = resources["Api"]["Properties"]["Body"]["paths"]["/api/health"]["x-amazon-apigateway-any-method"]
    operation["x-amazon-apigateway-integration"]["payloadFormatVersion"] = "1.0"


MAPPING = "DeliverEmailFunctionOutbox"
FAULTS: dict[str, Callable[[Resources], object]] = {
    "UsersTable is not encrypted": without("UsersTable", "SSESpecification"),
    "LimitsTable is not billed per request": with_properties("LimitsTable", BillingMode="PROVISIONED"),
    "UsersTable must not be lost but lacks point-in-time": without("UsersTable", "PointInTimeRecoverySpecification"),
    "UsersTable must not be lost but lacks deletion prot": with_properties(
        "UsersTable", DeletionProtectionEnabled=False
    ),
    "UsersTable must not be lost but lacks a Retain policy": without("UsersTable", "UpdateReplacePolicy"),
    "SessionsTable expires but has no time to live": without("SessionsTable", "TimeToLiveSpecification"),
    "SessionsTable expires but has deletion protection": with_properties(
        "SessionsTable", DeletionProtectionEnabled=True
    ),
    "SigningKeySecret is not retained": without("SigningKeySecret", "DeletionPolicy"),
    "UndeliveredEmailQueue does not keep": with_properties("UndeliveredEmailQueue", MessageRetentionPeriod=345600),
    "UndeliveredEmailQueue is not encrypted": with_properties("UndeliveredEmailQueue", SqsManagedSseEnabled=False),
    " share a role": with_properties("MeFunction", Role={"Fn::GetAtt": ["HealthFunctionRole", "Arn"]}),
    "MeFunction does not use the layer": without("MeFunction", "Layers"),
    "MeFunction runs on python3.12": with_properties("MeFunction", Runtime="python3.12"),
    "MeFunction has a longer timeout": with_properties("MeFunction", Timeout=30),
    "MeFunctionRole can be assumed by": lambda resources: resources["MeFunctionRole"]["Properties"][
        "AssumeRolePolicyDocument"
    ]["Statement"][0].update(Principal={"AWS": "*"}),
    "/api/health accepts only get": allow_get_only,
    "/api/health does not use payload format": use_payload_format_1,
    "API Gateway is not allowed to call HealthFunction for /api/health": lambda resources: resources.pop(
        "HealthFunctionAnyPermission"
    ),
    "the API's stage is not": lambda resources: resources["ApiApiGatewayDefaultStage"]["Properties"].update(
        AutoDeploy=False
    ),
    "allowed origins are ['*']": with_cors(allowOrigins=["*"]),
    "allowed methods are not": with_cors(allowMethods=["GET"]),
    "headers not allowed in requests: authorization, ": with_cors(allowHeaders=["if-match"]),
    "headers not exposed in responses: allow, ": with_cors(exposeHeaders=["etag"]),
    "credentials are allowed": with_cors(allowCredentials=True),
    "would skip records": with_properties(MAPPING, StartingPosition="LATEST"),
    "would send the emails": without(MAPPING, "FunctionResponseTypes"),
    "would be blocked by one failing record": without(MAPPING, "MaximumRetryAttempts"),
    "would lose the records": without(MAPPING, "DestinationConfig"),
    "SigningKeyRotation does not create the first key": with_properties(
        "SigningKeyRotation", RotateImmediatelyOnUpdate=False
    ),
    "SigningKeyRotation does not rotate": without("SigningKeyRotation", "RotationRules"),
    "has no permission that lets only Secrets Manager": without("RotateSigningKeyPermission", "SourceArn"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found(transformed: Template, fault: str) -> None:
    faulty = copy.deepcopy(dict(transformed))
    FAULTS[fault](faulty["Resources"])
    found = [message for check in CHECKS for message in check(faulty)]
    assert any(fault in message for message in found), found
