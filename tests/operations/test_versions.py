"""A deployment publishes versions of the functions that it changes, and of no others."""

import copy
from collections.abc import Callable

import pytest
from samcli.yamlhelper import yaml_parse

from operations.transformed import TEMPLATE, Template, of_type, translate

HASHING = {"ChangeEmail", "ChangePassword", "Login", "Reauthenticate", "Register", "ResetPassword", "VerifyEmail"}

PASSKEYS = {"LoginPasskey", "LoginPasskeyOptions", "Mfa", "Passkeys", "PasskeyOptions", "Reauthenticate"}


@pytest.fixture(scope="module")
def source() -> Template:
    template: Template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    return template


@pytest.fixture(scope="module")
def every_function(source: Template) -> set[str]:
    return {name.removesuffix("Function") for name in of_type(source, "AWS::Serverless::Function")}


def published(before: Template, /, *changes: Callable[[Template], None], **parameters: str) -> set[str]:
    """Return the functions of which a deployment with the changes and the parameters publishes a version."""
    after = copy.deepcopy(before)
    for change in changes:
        change(after)
    old = of_type(translate(copy.deepcopy(before), {}, resolve=True), "AWS::Lambda::Version")
    new = of_type(translate(after, parameters, resolve=True), "AWS::Lambda::Version")
    functions = (new[name]["Properties"]["FunctionName"]["Ref"] for name in new.keys() - old.keys())
    return {name.removesuffix("Function") for name in functions}


def test_every_function_repeats_the_settings(source: Template) -> None:
    settings = {name: source["Globals"]["Function"][name] for name in ("Environment", "SnapStart")}
    shared = settings["Environment"]["Variables"].items()
    for name, function in of_type(source, "AWS::Serverless::Function").items():
        properties = function["Properties"]
        assert properties.get("SnapStart") == settings["SnapStart"], f"{name} needs `<<: *settings` in template.yaml"
        own = properties["Environment"]["Variables"].items()
        assert shared <= own, f"{name} needs `<<: *variables` under Environment in template.yaml"


def test_deployment_without_a_change_publishes_nothing(source: Template) -> None:
    assert published(source) == set()


def test_change_of_one_functions_code_publishes_it_alone(source: Template) -> None:
    def change(template: Template) -> None:
        template["Resources"]["HealthFunction"]["Properties"]["CodeUri"] = "s3://bucket/another"

    assert published(source, change) == {"Health"}


def test_change_of_the_layer_publishes_every_function(source: Template, every_function: set[str]) -> None:
    def change(template: Template) -> None:
        template["Resources"]["SharedLayer"]["Properties"]["ContentUri"] = "s3://bucket/another"

    assert published(source, change) == every_function


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AppName", "Another"),
        ("FrontendUrl", "https://another.example.com"),
        ("LogLevel", "DEBUG"),
        ("RateLimitMultiplier", "2"),
        ("SnapStart", "PublishedVersions"),
        ("TokenIssuer", "https://api.example.com"),
        # Access tokens name it.
        ("DomainName", "api.example.com"),
    ],
)
def test_parameter_in_the_settings_publishes_every_function(
    source: Template, every_function: set[str], name: str, value: str
) -> None:
    assert published(source, **{name: value}) == every_function


@pytest.mark.parametrize(("name", "value"), [("MailProviders", "sendgrid"), ("BrandColor", "#000000")])
def test_parameter_of_emails_publishes_the_functions_that_send_them(source: Template, name: str, value: str) -> None:
    assert published(source, **{name: value}) == {"DeliverEmail", "RetryEmails"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("CorsOrigins", "https://a.example.com"), ("PasskeyRpId", "example.com"), ("PasskeyOrigins", "https://a.example")],
)
def test_parameter_of_passkeys_publishes_the_functions_that_verify_them(
    source: Template, name: str, value: str
) -> None:
    assert published(source, **{name: value}) == PASSKEYS


def test_limit_of_hashing_publishes_the_functions_that_hash(source: Template) -> None:
    assert published(source, HashingConcurrency="5") == HASHING


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AlarmEmail", "alarms@example.com"),
        ("Deployment", "Canary10Percent5Minutes"),
        ("LogRetentionDays", "5"),
        ("ThrottlingRate", "5"),
    ],
)
def test_parameter_outside_functions_publishes_none(source: Template, name: str, value: str) -> None:
    assert published(source, **{name: value}) == set()


def test_limit_that_is_no_part_of_a_version_changes_the_description_too(source: Template) -> None:
    """Lambda publishes no version of a function without a change, and CloudFormation reports that as an error."""
    before, after = (
        of_type(translate(copy.deepcopy(source), {"HashingConcurrency": limit}, resolve=True), "AWS::Lambda::Function")
        for limit in ("0", "5")
    )
    for name in HASHING:
        old, new = (functions[f"{name}Function"]["Properties"] for functions in (before, after))
        assert old["Description"] != new["Description"]
