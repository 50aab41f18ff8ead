"""What CloudFormation keeps of a stack: the tables, secrets and queues whose deletion policy is Retain.

CloudFormation marks them as DELETE_SKIPPED when it deletes the stack, or rolls back its creation. Their names are
random, but it lists the resources of a deleted stack for 90 days, by the stack's id.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

import boto3
from botocore.exceptions import ClientError

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
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    found = (
        Retained(resource["LogicalResourceId"], resource["ResourceType"], resource["PhysicalResourceId"])
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceStatus"] == "DELETE_SKIPPED" and resource["ResourceType"] in _EXISTS
    )
    return [each for each in found if _exists(each)]


def last_deleted(name: str) -> str | None:
    """Return the id of the stack of this name that was deleted last, or None."""
    deleted = dict(_deleted(name))
    return max(deleted, key=deleted.__getitem__, default=None)


def _deleted(name: str) -> Iterator[tuple[str, float]]:
    """Yield the id and the time of deletion of each deleted stack of this name."""
    paginator = boto3.client("cloudformation").get_paginator("list_stacks")
    for page in paginator.paginate(StackStatusFilter=["DELETE_COMPLETE"]):
        for stack in page["StackSummaries"]:
            if stack["StackName"] == name:
                yield stack["StackId"], stack["DeletionTime"].timestamp()


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
