"""What tests of the layer and of the functions share: the template's tables in moto, and an API to call.

moto runs in the test's own process and takes one request at a time: right for quick tests of one caller. Races,
transactions and capacity are tested against MiniStack.
"""

import copy
import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import pytest
import yaml
from aws_lambda_powertools.utilities.circuit_breaker import base as circuit_breaker
from botocore.config import Config
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.loaders import Loader as MotoLoader
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.secretsmanager.models import secretsmanager_backends

import aws_services
from local.template import Project, read_project
from operations.transformed import transform
from shared.accounts import sign_in, tokens
from shared.core import aws, config, tables
from shared.mail import providers
from shared.records import credentials, keys, sessions, users
from shared.records.users import Role
from shared.values import passwords
from shared.values.client import Client
from tests.support import ROOT, stored
from tests.support.api import USER_AGENT, Api, Inbox
from tests.support.faults import Wire
from tests.support.ministack import PYTHON, empty, running

REGION = "eu-west-1"
ADMIN_EMAIL = "admin@example.com"
PASSWORD = "correct horse battery"
KEY_VERSION = "00000000-0000-4000-8000-00000000000a"
_NOT_IN_CREATE_TABLE = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")

# A request to moto makes thousands of objects, beside those of all modules: as Python has it by default, a tenth of the
# time goes into looking for cycles among them.
gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """Look no more at what stays anyway: modules and tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _libyaml() -> Iterator[None]:
    """SAM CLI reads YAML with Python's parser; libyaml reads the same in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "SafeLoader", yaml.CSafeLoader)
        yield


@pytest.fixture(scope="session")
def project() -> Project:
    """What the template declares."""
    return read_project(ROOT / "template.yaml", {})


@pytest.fixture(scope="session")
def transformed() -> Mapping[str, Any]:
    """The template as CloudFormation gets it: read it, and copy it before changing it."""
    return transformed_once()


@cache
def transformed_once() -> dict[str, Any]:
    """Transform the template once, which takes a second: `decided` gives what other values of parameters make of it."""
    return transform()


@pytest.fixture(scope="session")
def variables(project: Project) -> Mapping[str, str]:
    """The variables that the template gives every function, and an AWS that is nowhere."""
    return {
        **{name: text for name, text in project.functions["UsersFunction"].environment.items() if text},
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        # Tests call more often than anybody may; those of the limits themselves say so.
        "RATE_LIMIT_MULTIPLIER": "1000",
    }


@pytest.fixture
def environment(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """A function's environment. Hashes cost next to nothing in it: what they cost is tested on its own."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # Only the AWS services that the layer includes, as on Lambda; moto keeps all. Set here first, to be restored later.
    for loader in (MotoLoader, Loader):
        monkeypatch.setattr(loader, "load_service_model", Loader.load_service_model)
    aws_services.limit(Loader)
    monkeypatch.setattr(passwords, "COST", 4)
    passwords._hash_of_nothing.cache_clear()
    config.settings.cache_clear()
    yield variables
    passwords._hash_of_nothing.cache_clear()
    config.settings.cache_clear()


@pytest.fixture(scope="session")
def moto(project: Project, variables: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """The template's tables in moto, and its secret with a first key: a function that makes them new again."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        for name, properties in project.tables.items():
            create_table(name, properties)
        forget_clients()
        aws._session.cache_clear()  # moto is in sessions that are made after it
        aws.sesv2().create_email_identity(EmailIdentity=variables["MAIL_FROM"])
        for name in project.secrets:
            aws.secretsmanager().create_secret(Name=name, SecretString="{}")
        for name in project.queues:
            aws.sqs().create_queue(QueueName=name)
        config.settings.cache_clear()
        rotate()
        secrets = secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION].secrets
        tables = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
        first_secrets = copy.deepcopy(dict(secrets))
        first_items = {name: copy.deepcopy(table.items) for name, table in tables.items()}

        def renew() -> None:
            secrets.clear()
            secrets.update(copy.deepcopy(first_secrets))
            for name, table in tables.items():
                table.items = copy.deepcopy(first_items[name])
                if table.stream_shard is not None:
                    # moto copies the whole stream for each transaction.
                    table.stream_shard.items.clear()

        yield renew
        forget_clients()
        aws._session.cache_clear()


@pytest.fixture
def cloud(
    moto: Callable[[], None],
    environment: Mapping[str, str],  # noqa: ARG001  # where the table's names are
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The template's tables, empty, and its secret with a first key. Nobody waits before trying again."""
    moto()
    monkeypatch.setattr(tables, "_pauses", lambda: iter([0] * tables._ATTEMPTS))
    keys.memory.forget()
    forget_circuits()


def forget_clients() -> None:
    """Have clients made anew, of the environment as it is. The session may stay: it holds what takes long to read."""
    for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2, aws.sqs):
        client.cache_clear()
    forget_circuits()


def forget_circuits() -> None:
    """Remember nothing of the mail providers, as a container that has just been started."""
    providers.circuits.cache_clear()
    for remembered in (circuit_breaker._LOCAL_FAILURES, circuit_breaker._LOCAL_SUCCESSES):
        remembered.clear()
    circuit_breaker._LAST_OBSERVED_STATE.clear()
    providers._PROVIDERS["sendgrid"] = providers.SendGrid()


def create_table(name: str, properties: Mapping[str, Any]) -> None:
    """Create a table as the template describes it."""
    stream = properties.get("StreamSpecification")
    table = {key: value for key, value in properties.items() if key not in (*_NOT_IN_CREATE_TABLE, "Metadata")}
    if stream is not None:
        table["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if "SSESpecification" in table:
        table["SSESpecification"] = {"Enabled": True}
    boto3.client("dynamodb").create_table(TableName=name, **table)


def rotate(version: str = KEY_VERSION) -> str:
    """Do the four steps of a rotation; give the key's id."""
    for step in (keys.create, keys.publish, keys.test, keys.finish):
        step(version)
    return version


@pytest.fixture
def api(cloud: None) -> Api:  # noqa: ARG001  # what the functions call
    """Every function of the template, by its path."""
    return Api()


@pytest.fixture
def inbox(cloud: None) -> Iterator[Inbox]:  # noqa: ARG001  # where the outbox is
    """The mails that were decided on, delivered when looked at."""
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def wire(cloud: None) -> Iterator[Wire]:  # noqa: ARG001  # what is at the other end
    """The line to AWS, to count calls and to disturb them."""
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def admin(api: Api) -> Api:
    """The API, called by an administrator."""
    return member(api, "Administrator", ADMIN_EMAIL, role="admin")


@pytest.fixture
def ada(api: Api) -> Api:
    """The API, called by a user like any other: Ada, whose address is confirmed."""
    return member(api, "Ada", "ada@example.com")


@pytest.fixture
def ben(api: Api) -> Api:
    """The API, called by another user."""
    return member(api, "Ben", "ben@example.com")


def member(api: Api, name: str, email: str, role: Role = "user") -> Api:
    """Store an account and a session as registering, confirming and signing in leave them, in one write."""
    client = Client(ip=api.ip, user_agent=USER_AGENT)
    user = users.new(name=name, email=email, role=role, email_verified=True)
    new = credentials.new(email=email, user_id=user.id, password_hash=password_hash(), verified=True)
    credential = replace(new, devices=(sign_in._device(client),), sign_ins=1)
    session = sessions.new(user, client)
    tables.write(credentials.adding(credential), users.adding(user), sessions.starting(session))
    return api.with_token(tokens.access_token(session))


@cache
def password_hash() -> str:
    """Give a hash of the password of all test users."""
    return passwords.hashed(PASSWORD)


def join(api: Api, inbox: Inbox, name: str, email: str) -> Api:
    """Register, confirm the address and sign in."""
    assert api.post("/api/auth/register", {"name": name, "email": email, "password": PASSWORD}).status == 202
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    return api.signed_in(email, PASSWORD)


@pytest.fixture(scope="session")
def ministack_address(project: Project, variables: Mapping[str, str]) -> Iterator[str]:
    """The address of a MiniStack of our own, with the template's tables and its secret with a first key."""
    if not PYTHON.exists():
        pytest.skip("MiniStack is not installed: make environments")
    with running() as address:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**variables, "AWS_ENDPOINT_URL": address}.items():
                patch.setenv(name, value)
            forget_clients()
            for name, properties in project.tables.items():
                create_table(name, properties)
            for name in project.secrets:
                aws.secretsmanager().create_secret(Name=name, SecretString="{}")
            for name in project.queues:
                aws.sqs().create_queue(QueueName=name)
            aws.sesv2().create_email_identity(EmailIdentity=variables["MAIL_FROM"])
            config.settings.cache_clear()
            keys.memory.forget()
            rotate()
            config.settings.cache_clear()
        yield address


@pytest.fixture
def ministack(
    environment: Mapping[str, str],  # noqa: ARG001  # where the table's names are
    ministack_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """The template's tables, empty, and its secret with a key, in MiniStack, whose races and transactions are real."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack_address)
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(max_pool_connections=64)))
    forget_clients()
    empty(set(stored.TABLES) - {"PublicKeysTable"})
    keys.memory.forget()
    yield
    forget_clients()
    keys.memory.forget()
