"""What a deployment on AWS would have that no local AWS shows: asserted on the template as CloudFormation gets it.

The faults are looked for in the template, and then in copies of it that have them.
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
    """Give the banner above each resource, by logical id."""
    parts = re.split(r"^  # -{20,}\n  # (.+)\n  # -{20,}$", TEMPLATE.read_text(), flags=re.MULTILINE)
    return {
        name: banner
        for banner, text in zip(parts[1::2], parts[2::2], strict=True)
        for name in re.findall(r"^  (\w+):$", text, flags=re.MULTILINE)
    }


def of_tables(template: Template) -> Iterator[str]:
    above = banners()
    for name, table in of_type(template, "AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        if not properties.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a key of the account"
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name} is not paid per request"
        kept = {
            "point-in-time recovery": properties.get("PointInTimeRecoverySpecification", {}).get(
                "PointInTimeRecoveryEnabled", False
            ),
            "deletion protection": properties.get("DeletionProtectionEnabled", False),
            "retention": is_retained(table),
        }
        if above[name] == KEPT:
            yield from (f"{name} must not be lost and has no {what}" for what, has in kept.items() if not has)
        elif above[name] == EXPIRING:
            # Paid for, and a deletion of the stack would stop at it.
            yield from (f"{name} expires and has {what}" for what, has in kept.items() if has)
            if not properties.get("TimeToLiveSpecification", {}).get("Enabled"):
                yield f"{name} expires and has no time to live"
        else:
            yield f"{name} is below the banner {above[name]!r}, which does not say how its items live"


def is_retained(resource: Mapping[str, Any]) -> bool:
    return resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"


def of_what_else_is_kept(template: Template) -> Iterator[str]:
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        if not is_retained(secret):
            yield f"{name} is not retained"
    for name, queue in of_type(template, "AWS::SQS::Queue").items():
        properties = queue["Properties"]
        if not is_retained(queue) or properties.get("MessageRetentionPeriod") != 1209600:
            yield f"{name} does not keep what it holds for 14 days, or goes with the stack"
        if not properties.get("SqsManagedSseEnabled") and not properties.get("KmsMasterKeyId"):
            yield f"{name} is not encrypted"


def of_functions(template: Template) -> Iterator[str]:
    (layer,) = of_type(template, "AWS::Lambda::LayerVersion")
    routed = set(integrations(template).values())
    roles: dict[str, str] = {}
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        properties = function["Properties"]
        role = properties["Role"]["Fn::GetAtt"][0]
        if role in roles:
            yield f"{name} and {roles[role]} have one role"
        roles[role] = name
        if properties.get("Layers") != [{"Ref": layer}]:
            yield f"{name} does not run with the layer"
        if properties.get("Runtime") != "python3.13":
            yield f"{name} runs on {properties.get('Runtime')}, and the layer is made for python3.13"
        if name in routed and properties["Timeout"] >= 30:
            yield f"{name} may take longer than API Gateway waits"
    for name, role in of_type(template, "AWS::IAM::Role").items():
        statements = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if name in roles and [statement["Principal"] for statement in statements] != [
            {"Service": ["lambda.amazonaws.com"]}
        ]:
            yield f"{name} may be taken by somebody other than Lambda"


def integrations(template: Template) -> dict[str, str]:
    """Give the function behind each path of the API."""
    found = {}
    for path, methods in body(template)["paths"].items():
        (operation, *_) = methods.values()
        uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        (name,) = re.findall(r"\$\{(\w+)(?:\.Arn)?\}/invocations", uri)
        found[path] = function_of(template, name)
    return found


def function_of(template: Template, name: str) -> str:
    """Give the function that a resource is, or is an alias of."""
    resource = template["Resources"][name]
    function: str = resource["Properties"]["FunctionName"]["Ref"] if resource["Type"].endswith("Alias") else name
    return function


def body(template: Template) -> Mapping[str, Any]:
    (api,) = of_type(template, "AWS::ApiGatewayV2::Api").values()
    found: Mapping[str, Any] = api["Properties"]["Body"]
    return found


def of_the_api(template: Template) -> Iterator[str]:
    permitted = {
        (function_of(template, permission["Properties"]["FunctionName"]["Ref"]), path)
        for permission in of_type(template, "AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        for path in re.findall(r"\$\{__Stage__\}/\*(/.*)", permission["Properties"]["SourceArn"]["Fn::Sub"][0])
    }
    for path, methods in body(template)["paths"].items():
        if list(methods) != ["x-amazon-apigateway-any-method"]:
            yield f"{path} takes {', '.join(methods)}: a wrong verb would get 404 from API Gateway instead of 405"
            continue
        integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        if (integration["type"], integration["payloadFormatVersion"]) != ("aws_proxy", "2.0"):
            yield f"{path} does not reach its function as an event of payload format 2.0"
        if (integrations(template)[path], re.sub(r"\{\w+\}", "*", path)) not in permitted:
            yield f"API Gateway may not call {integrations(template)[path]} for {path}"
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    if (stage["Properties"]["StageName"], stage["Properties"]["AutoDeploy"]) != ("$default", True):
        yield "the API's stage is not $default, or does not deploy changes"


def of_cors(template: Template) -> Iterator[str]:
    cors = body(template).get("x-amazon-apigateway-cors") or {}
    if cors.get("allowOrigins") != ["http://localhost:3001"]:
        yield f"the origins that may call are {cors.get('allowOrigins')}, not those of the parameter"
    if sorted(cors.get("allowMethods", ())) != VERBS:
        yield "the methods that pages may use are not those of the API"
    if missing := {"authorization", "content-type", "idempotency-key", "if-match"} - set(cors.get("allowHeaders", ())):
        yield f"pages may not send {', '.join(sorted(missing))}"
    if missing := {"allow", "etag", "link", "location", "retry-after"} - set(cors.get("exposeHeaders", ())):
        yield f"pages may not read {', '.join(sorted(missing))}"
    if cors.get("allowCredentials"):
        yield "pages may send cookies, and nothing here reads any"


def of_streams(template: Template) -> Iterator[str]:
    for name, mapping in of_type(template, "AWS::Lambda::EventSourceMapping").items():
        properties = mapping["Properties"]
        if "StartingPosition" not in properties:
            continue
        if properties["StartingPosition"] != "TRIM_HORIZON":
            yield f"{name} would skip what was written before it existed"
        if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} would repeat the mails of a batch that were sent"
        if not properties.get("BisectBatchOnFunctionError") or not 0 < properties.get("MaximumRetryAttempts", -1) < 100:
            yield f"{name} would be held up by one record for a day"
        if "OnFailure" not in properties.get("DestinationConfig", {}):
            yield f"{name} would lose what it gives up"


def of_rotation(template: Template) -> Iterator[str]:
    permissions = [permission["Properties"] for permission in of_type(template, "AWS::Lambda::Permission").values()]
    for name, schedule in of_type(template, "AWS::SecretsManager::RotationSchedule").items():
        properties = schedule["Properties"]
        if not properties.get("RotateImmediatelyOnUpdate"):
            yield f"{name} makes no first key"
        if not 0 < properties.get("RotationRules", {}).get("AutomaticallyAfterDays", 0) <= 366:
            yield f"{name} does not rotate every year"
        (called,) = properties["RotationLambdaARN"].values()
        function, secret = called if isinstance(called, str) else called[0], properties["SecretId"]
        if not any(
            (given["Principal"], given["FunctionName"]) == ("secretsmanager.amazonaws.com", {"Ref": function})
            and (given.get("SourceArn"), given.get("SourceAccount")) == (secret, {"Ref": "AWS::AccountId"})
            for given in permissions
        ):
            yield f"Secrets Manager may not call {function} for this secret alone"


CHECKS = [of_tables, of_what_else_is_kept, of_functions, of_the_api, of_cors, of_streams, of_rotation]


@pytest.mark.parametrize("check", CHECKS)
def test_is_as_it_should_be(transformed: Template, check: Callable[[Template], Iterator[str]]) -> None:
    assert list(check(transformed)) == []


def test_there_are_tables_of_both_kinds(transformed: Template) -> None:
    above = banners()
    assert {above[name] for name in of_type(transformed, "AWS::DynamoDB::Table")} == {KEPT, EXPIRING}


def test_several_origins_arrive_as_a_list() -> None:
    cors = body(transform(CorsOrigins="https://a.example,https://b.example"))["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == ["https://a.example", "https://b.example"]


# The checks ----------------------------------------------------------------------------------------

Resources: TypeAlias = dict[str, Any]


def without(resource: str, *names: str) -> Callable[[Resources], None]:
    """Give a change that takes an attribute or a property away."""

    def change(resources: Resources) -> None:
        for name in names:
            holder = resources[resource] if name in resources[resource] else resources[resource]["Properties"]
            del holder[name]

    return change


def having(resource: str, **properties: Any) -> Callable[[Resources], None]:
    """Give a change of properties."""
    return lambda resources: resources[resource]["Properties"].update(properties)


def cors_having(**settings: Any) -> Callable[[Resources], None]:
    return lambda resources: resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"].update(settings)


def get_alone(resources: Resources) -> None:
    paths = resources["Api"]["Properties"]["Body"]["paths"]
    paths["/api/health"] = {"get": paths["/api/health"]["x-amazon-apigateway-any-method"]}


def one_format(resources: Resources) -> None:
    operation = resources["Api"]["Properties"]["Body"]["paths"]["/api/health"]["x-amazon-apigateway-any-method"]
    operation["x-amazon-apigateway-integration"]["payloadFormatVersion"] = "1.0"


MAPPING = "DeliverEmailFunctionOutbox"
CHANGES: dict[str, Callable[[Resources], object]] = {
    "UsersTable is not encrypted": without("UsersTable", "SSESpecification"),
    "LimitsTable is not paid per request": having("LimitsTable", BillingMode="PROVISIONED"),
    "UsersTable must not be lost and has no point-in-time": without("UsersTable", "PointInTimeRecoverySpecification"),
    "UsersTable must not be lost and has no deletion prot": having("UsersTable", DeletionProtectionEnabled=False),
    "UsersTable must not be lost and has no retention": without("UsersTable", "UpdateReplacePolicy"),
    "SessionsTable expires and has no time to live": without("SessionsTable", "TimeToLiveSpecification"),
    "SessionsTable expires and has deletion protection": having("SessionsTable", DeletionProtectionEnabled=True),
    "SigningKeySecret is not retained": without("SigningKeySecret", "DeletionPolicy"),
    "UndeliveredEmailQueue does not keep": having("UndeliveredEmailQueue", MessageRetentionPeriod=345600),
    "UndeliveredEmailQueue is not encrypted": having("UndeliveredEmailQueue", SqsManagedSseEnabled=False),
    " have one role": having("MeFunction", Role={"Fn::GetAtt": ["HealthFunctionRole", "Arn"]}),
    "MeFunction does not run with the layer": without("MeFunction", "Layers"),
    "MeFunction runs on python3.12": having("MeFunction", Runtime="python3.12"),
    "MeFunction may take longer": having("MeFunction", Timeout=30),
    "MeFunctionRole may be taken by": lambda resources: resources["MeFunctionRole"]["Properties"][
        "AssumeRolePolicyDocument"
    ]["Statement"][0].update(Principal={"AWS": "*"}),
    "/api/health takes get": get_alone,
    "/api/health does not reach its function": one_format,
    "API Gateway may not call HealthFunction for /api/health": lambda resources: resources.pop(
        "HealthFunctionAnyPermission"
    ),
    "the API's stage is not": lambda resources: resources["ApiApiGatewayDefaultStage"]["Properties"].update(
        AutoDeploy=False
    ),
    "the origins that may call are ['*']": cors_having(allowOrigins=["*"]),
    "the methods that pages may use": cors_having(allowMethods=["GET"]),
    "pages may not send authorization, ": cors_having(allowHeaders=["if-match"]),
    "pages may not read allow, ": cors_having(exposeHeaders=["etag"]),
    "pages may send cookies": cors_having(allowCredentials=True),
    "would skip what was written": having(MAPPING, StartingPosition="LATEST"),
    "would repeat the mails": without(MAPPING, "FunctionResponseTypes"),
    "would be held up by one record": without(MAPPING, "MaximumRetryAttempts"),
    "would lose what it gives up": without(MAPPING, "DestinationConfig"),
    "SigningKeyRotation makes no first key": having("SigningKeyRotation", RotateImmediatelyOnUpdate=False),
    "SigningKeyRotation does not rotate": without("SigningKeyRotation", "RotationRules"),
    "Secrets Manager may not call": without("RotateSigningKeyPermission", "SourceArn"),
}


@pytest.mark.parametrize("told", CHANGES)
def test_a_fault_is_told(transformed: Template, told: str) -> None:
    faulty = copy.deepcopy(dict(transformed))
    CHANGES[told](faulty["Resources"])
    told_first = next((fault for check in CHECKS for fault in check(faulty) if told in fault), None)
    assert told_first is not None, [fault for check in CHECKS for fault in check(faulty)]
