"""`make adopt`: the request to CloudFormation. `make rehearse` imports what a deleted stack left."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from samcli.yamlhelper import yaml_parse

from operations import adopt, retained
from operations.retained import QUEUE, SECRET, TABLE, Retained
from operations.stack import ROOT, OperationError, Stack
from operations.transformed import of_type, references

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
PROD = replace(Stack.of_stage("prod"), parameters={"KmsKeyArn": "arn:aws:kms:eu-west-1:1:key/1", "AppName": "Shop"})
PHYSICAL_ID = {
    TABLE: "shop-UsersTable-1ABCDEFGH",
    SECRET: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:SigningKeySecret-1-a1B2c3",
    QUEUE: "https://sqs.eu-west-1.amazonaws.com/111122223333/shop-UndeliveredEmailQueue-1",
}
LEFT = [
    Retained(name, kind, PHYSICAL_ID[kind])
    for kind in PHYSICAL_ID
    for name, resource in of_type(TEMPLATE, kind).items()
    if resource["DeletionPolicy"] == "Retain"
]


def validate(request: Any) -> None:
    """Raise ParamValidationError unless the request has the shape of botocore's model of CloudFormation."""
    model = boto3.client("cloudformation", region_name="eu-west-1").meta.service_model
    shape = model.operation_model("CreateChangeSet").input_shape
    assert shape is not None
    validate_parameters(request, shape)


@pytest.fixture
def request_() -> Any:
    return adopt.change_set(PROD, LEFT, TEMPLATE)


def test_request_has_the_shape_that_cloudformation_expects(request_: Any) -> None:
    validate(request_)
    with pytest.raises(ParamValidationError):
        validate({**request_, "ResourcesToImport": [{"LogicalResourceId": "UsersTable"}]})


@pytest.mark.parametrize("kind", PHYSICAL_ID)
def test_resources_are_identified_by_the_primary_identifier_of_their_type(kind: str, request_: Any) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
    (entry, *_) = (each for each in request_["ResourcesToImport"] if each["ResourceType"] == kind)
    assert [f"/properties/{name}" for name in entry["ResourceIdentifier"]] == schema["primaryIdentifier"]
    assert entry["ResourceIdentifier"].popitem()[1] == PHYSICAL_ID[kind]


def test_template_has_nothing_but_what_is_imported_each_with_a_deletion_policy(request_: Any) -> None:
    """CloudFormation refuses an import that creates or changes anything, has outputs, or lacks a deletion policy."""
    body = json.loads(request_["TemplateBody"])
    imported = {each["LogicalResourceId"] for each in request_["ResourcesToImport"]}
    assert body.keys() == {"AWSTemplateFormatVersion", "Description", "Parameters", "Resources"}
    assert body["Resources"].keys() == imported
    assert imported == {each.name for each in LEFT} - {"SendGridKeySecret"}  # which only SendGrid needs
    assert {resource["DeletionPolicy"] for resource in body["Resources"].values()} == {"Retain"}
    assert set(references(body["Resources"])) == set(body["Parameters"]) == {"KmsKeyArn"}
    assert request_["Parameters"] == [{"ParameterKey": "KmsKeyArn", "ParameterValue": PROD.parameters["KmsKeyArn"]}]
    assert len(request_["TemplateBody"]) <= 51_200


def test_sendgrid_key_is_adopted_where_sendgrid_is_used() -> None:
    request = adopt.change_set(replace(PROD, parameters={"MailProviders": "sendgrid"}), LEFT, TEMPLATE)
    assert {each["LogicalResourceId"] for each in request["ResourcesToImport"]} == {each.name for each in LEFT}
    assert "Condition" not in request["TemplateBody"]


def test_stack_that_exists_is_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "status", lambda _: "CREATE_COMPLETE")
    with pytest.raises(OperationError, match="make restore"):
        adopt.main(PROD)


@pytest.mark.parametrize("former", [None, "arn:aws:cloudformation:eu-west-1:1:stack/shop/1"])
def test_nothing_to_adopt_is_said(former: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "status", lambda _: None)
    monkeypatch.setattr(retained, "of_deleted", lambda _: None)
    monkeypatch.setattr(retained, "of", lambda _: [])
    with pytest.raises(OperationError, match="90 days"):
        adopt.main(PROD, former)
