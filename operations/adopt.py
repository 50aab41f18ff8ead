"""`make adopt`: begin a new stack with the tables, secrets and queues that a deleted stack of this name left.

They are imported into a stack that contains nothing else, because an import can neither create nor change a resource.
`make deploy` then adds the rest to it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html
"""

import argparse
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samcli.yamlhelper import yaml_parse

from operations import retained
from operations.retained import QUEUE, SECRET, TABLE, Retained
from operations.stack import OperationError, Stack
from operations.transformed import TEMPLATE, Template, references, resolve_conditions

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import CreateChangeSetInputTypeDef

# How CloudFormation identifies a resource to import: by the primary identifier of its type.
_IDENTIFIERS = {TABLE: "TableName", SECRET: "Id", QUEUE: "QueueUrl"}


def main(stack: Stack, former: str | None = None) -> None:
    """Import what is retained of the stack with the id `former`: by default, the last one of this name.

    Raises OperationError if there is a stack already, if nothing is retained, or if the import fails.
    """
    if stack.status() is not None:
        raise OperationError(
            f"The stack {stack.name} exists and has tables of its own. Copy the items that an earlier stack left into "
            f"them: make restore TABLE=UsersTable FROM=its-name{stack.option}"
        )
    try:
        if former is None:
            former, found = retained.of_deleted(stack.name) or ("", [])
        else:
            found = retained.of(former)
        if not found:
            raise OperationError(
                f"No stack {stack.name} that left tables was deleted in the last 90 days. If there are tables from "
                f"before, deploy, and then copy their items: make restore TABLE=UsersTable FROM=its-name{stack.option}"
            )
        request = change_set(stack, found, _template())
        adopted = request["ResourcesToImport"]
        _execute(request)
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(
            f"The import failed: {problem}. The resources are unchanged. If there is a stack {stack.name} now, it is "
            "empty: delete it before you try again."
        ) from problem
    print(f"The stack {stack.name} now has what {former} left:")
    print(
        "\n".join(
            f"  {each['LogicalResourceId']}  {', '.join(each['ResourceIdentifier'].values())}" for each in adopted
        )
    )
    print(f"Next: make deploy{stack.option}, which adds the rest. Everybody has to sign in again.")


def change_set(stack: Stack, found: Sequence[Retained], template: Template) -> "CreateChangeSetInputTypeDef":
    """Return the request for a change set that imports these resources, as the template declares them."""
    declared = resolve_conditions(template, **stack.parameters)["Resources"]
    adopted = [each for each in found if declared.get(each.name, {}).get("Type") == each.kind]
    resources = {each.name: _without_condition(declared[each.name]) for each in adopted}
    parameters = {name: template["Parameters"][name] for name in references(resources)}
    body = {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Description": "What a deleted stack left. Deploy to add the rest.",
        # Without any, the section must be missing.
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
    }
    return {
        "StackName": stack.name,
        # A name that an earlier attempt has not used.
        "ChangeSetName": f"adopt-{uuid.uuid4().hex}",
        "ChangeSetType": "IMPORT",
        "TemplateBody": json.dumps(body),
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": stack.parameters[name]}
            for name in parameters
            if name in stack.parameters
        ],
        "ResourcesToImport": [
            {
                "ResourceType": each.kind,
                "LogicalResourceId": each.name,
                "ResourceIdentifier": {_IDENTIFIERS[each.kind]: each.id},
            }
            for each in adopted
        ],
    }


def _without_condition(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource without its condition, which holds, and without what only checkers read."""
    return {key: value for key, value in resource.items() if key not in {"Condition", "Metadata"}}


def _template() -> Template:
    return dict(yaml_parse(TEMPLATE.read_text(encoding="utf-8")))


def _execute(request: "CreateChangeSetInputTypeDef") -> None:
    cloudformation = boto3.client("cloudformation")
    created = cloudformation.create_change_set(**request)
    cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=created["Id"], WaiterConfig={"Delay": 2})
    cloudformation.execute_change_set(ChangeSetName=created["Id"])
    cloudformation.get_waiter("stack_import_complete").wait(StackName=created["StackId"], WaiterConfig={"Delay": 2})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make adopt", description="Begin a stack with what a deleted one left.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("--former", default=None, help="the id of the deleted stack; the last one by default")
    arguments = parser.parse_args()
    try:
        main(Stack.of_stage(arguments.stage), arguments.former)
    except OperationError as problem:
        sys.exit(str(problem))
