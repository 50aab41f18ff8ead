"""What tests of the layer and of the functions share: the template's tables in moto, and an API to call.

moto runs in the test's own process and takes one request at a time: right for quick tests of one caller. Races,
transactions and capacity are tested against MiniStack.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.template import Project, read_project
from shared import accounts, aws, config, keys
from tests.api import Api, Inbox

ROOT = Path(__file__).parent.parent
# Lambda gets a function's folder as it is, so importing the file in it must leave nothing there.
sys.pycache_prefix = str(ROOT / ".venv" / "pycache")

ADMIN_EMAIL = "admin@example.com"
PASSWORD = "correct horse battery"
_NOT_IN_CREATE_TABLE = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")


@pytest.fixture(scope="session")
def project() -> Project:
    """What the template declares."""
    return read_project(ROOT / "template.yaml", {})


@pytest.fixture
def environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The variables that the template gives every function, and an AWS that is nowhere."""
    variables = {
        **project.functions["UsersFunction"].environment,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    variables.pop("AWS_ENDPOINT_URL", None)
    variables["RATE_LIMIT_MULTIPLIER"] = "1000"
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()
    yield variables
    config.settings.cache_clear()


@pytest.fixture
def cloud(project: Project, environment: Mapping[str, str]) -> Iterator[None]:
    """The template's tables, its secret with a first key, and the sender's address, in moto."""
    with mock_aws():
        for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2):
            client.cache_clear()
        for name, properties in project.tables.items():
            create_table(name, properties)
        for name in project.secrets:
            aws.secretsmanager().create_secret(Name=name, SecretString="{}")
        aws.sesv2().create_email_identity(EmailIdentity=environment["MAIL_FROM"])
        keys.memory.forget()
        rotate()
        yield


def create_table(name: str, properties: Mapping[str, Any]) -> None:
    """Create a table as the template describes it."""
    stream = properties.get("StreamSpecification")
    table = {key: value for key, value in properties.items() if key not in (*_NOT_IN_CREATE_TABLE, "Metadata")}
    if stream is not None:
        table["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if "SSESpecification" in table:
        table["SSESpecification"] = {"Enabled": True}
    boto3.client("dynamodb").create_table(TableName=name, **table)


def rotate(version: str = "00000000-0000-4000-8000-00000000000a") -> str:
    """Do the four steps of a rotation; give the key's id."""
    for step in (keys.create, keys.publish, keys.test, keys.finish):
        step(version)
    return version


@pytest.fixture
def api(cloud: None) -> Api:  # noqa: ARG001  # what the functions call
    """Every function of the template, by its path."""
    return Api()


@pytest.fixture
def inbox(cloud: None) -> Inbox:  # noqa: ARG001  # where the outbox is
    """The mails that were decided on, delivered when looked at."""
    return Inbox()


@pytest.fixture
def admin(api: Api) -> Api:
    """The API, called by an administrator."""
    accounts.ensure_admin(ADMIN_EMAIL, PASSWORD)
    return api.signed_in(ADMIN_EMAIL, PASSWORD)


@pytest.fixture
def ada(api: Api, inbox: Inbox) -> Api:
    """The API, called by a user like any other: Ada, who registered and confirmed her address."""
    api.post("/api/auth/register", {"name": "Ada", "email": "ada@example.com", "password": PASSWORD})
    api.post("/api/auth/verify-email", {"token": inbox.newest().token})
    return api.signed_in("ada@example.com", PASSWORD)
