"""Tables, secrets and expired items in MiniStack."""

import io
import os
import time
from collections.abc import Iterator

import pytest

from local.aws import expiry, resources
from local.aws.client import Aws
from local.aws.ministack import MiniStack
from local.console import Console
from local.template import Project, read_project
from tests.local.harness import PROJECT
from tests.support import ROOT


@pytest.fixture(scope="module")
def declared() -> Project:
    return read_project(PROJECT / "template.yaml", {})


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, declared: Project) -> Iterator[Aws]:
    lifeline, write_end = os.pipe()
    python = ROOT / ".venv-ministack/bin/python"
    ministack = MiniStack(tmp_path_factory.mktemp("data"), python, 0, lifeline, Console(io.StringIO()))
    ministack.wait_until_ready()
    created = resources.create_missing(declared, ministack.aws)
    assert created == ["NotesTable", "EventsTable", "KeySecret", "PlainSecret", "FailedQueue", "FilesBucket"]
    yield ministack.aws
    ministack.kill()
    ministack.aws.close()
    os.close(lifeline)
    os.close(write_end)


def test_existing_resources_are_left_alone(aws: Aws, declared: Project) -> None:
    before = aws.call("secretsmanager", "DescribeSecret", {"SecretId": "KeySecret"})
    assert resources.create_missing(declared, aws) == []
    assert aws.call("secretsmanager", "DescribeSecret", {"SecretId": "KeySecret"}) == before


def test_first_value_of_a_secret_is_a_placeholder(aws: Aws) -> None:
    value = aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})
    assert value["VersionId"] == resources.placeholder_version("KeySecret")


def test_table_with_a_stream_is_created_with_it(aws: Aws) -> None:
    table = aws.call("dynamodb", "DescribeTable", {"TableName": "EventsTable"})["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}


def test_only_expired_items_are_deleted(aws: Aws, declared: Project) -> None:
    now = int(time.time())
    expirations = {"past": {"N": str(now - 1)}, "future": {"N": str(now + 60)}, "text": {"S": "0"}}
    for name, expires_at in expirations.items():
        item = {"id": {"S": name}, "expiresAt": expires_at}
        aws.call("dynamodb", "PutItem", {"TableName": "NotesTable", "Item": item})
    aws.call("dynamodb", "PutItem", {"TableName": "NotesTable", "Item": {"id": {"S": "never"}}})
    tables = resources.time_to_live(declared)
    assert tables == {"NotesTable": "expiresAt"}
    assert expiry.delete_expired(tables, aws) == 1
    left = aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"]
    assert {item["id"]["S"] for item in left} == {"future", "text", "never"}
