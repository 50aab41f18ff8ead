"""What CloudFormation keeps of a stack: the tables, secrets and queues whose deletion policy is Retain.

The last event of each is DELETE_SKIPPED, whether the stack was deleted or its creation was rolled back. Their names are
random, but CloudFormation knows the events of a deleted stack for 90 days, by the stack's id.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

TABLE, SECRET, QUEUE = "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::SQS::Queue"
_NOT_FOUND = {
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}
_Check: TypeAlias = Callable[[str], bool]


class Retained(NamedTuple):
    """A resource that still exists: its name in the template, its type, and its physical id."""

    name: str
    kind: str
    id: str


def of(stack: str) -> list[Retained]:
    """Return what is retained of a stack, which is given by its name, or by its id if it is deleted."""
    pages = boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    last: dict[str, StackEventTypeDef] = {}
    # The newest event comes first.
    for event in (event for page in pages for event in page["StackEvents"]):
        last.setdefault(event["LogicalResourceId"], event)
    found = [
        Retained(name, event["ResourceType"], event["PhysicalResourceId"])
        for name, event in last.items()
        if event["ResourceStatus"] == "DELETE_SKIPPED" and event["ResourceType"] in _EXISTS
    ]
    return [each for each in sorted(found) if _exists(each)]


def of_deleted(name: str) -> tuple[str, list[Retained]] | None:
    """Return the deleted stack of this name that left tables, the last one if there are several, and what it left.

    The stack is given by its id. One that failed, and was discarded, comes after the one that has the data.
    """
    for stack in _deleted(name):
        found = of(stack)
        if any(each.kind == TABLE for each in found):
            return stack, found
    return None


def _deleted(name: str) -> list[str]:
    """Return the ids of the deleted stacks of this name, the last one first."""
    pages = boto3.client("cloudformation").get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    # Two stacks of one name cannot exist at once, so they were deleted in the order of their creation.
    created = {
        stack["StackId"]: stack["CreationTime"]
        for page in pages
        for stack in page["StackSummaries"]
        if stack["StackName"] == name
    }
    return sorted(created, key=created.__getitem__, reverse=True)


def _exists(resource: Retained) -> bool:
    try:
        return _EXISTS[resource.kind](resource.id)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in _NOT_FOUND:
            return False
        raise


def _table_exists(name: str) -> bool:
    return boto3.client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"] != "DELETING"


def _secret_exists(arn: str) -> bool:
    return "DeletedDate" not in boto3.client("secretsmanager").describe_secret(SecretId=arn)


def _queue_exists(url: str) -> bool:
    return bool(boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]))


_EXISTS: Mapping[str, _Check] = {TABLE: _table_exists, SECRET: _secret_exists, QUEUE: _queue_exists}
