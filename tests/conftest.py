"""Fixtures for tests of the layer and the functions: the template's resources in a fake AWS, and clients of the API.

By default the fake AWS is moto, which runs in the test's process and handles one request at a time: fast, and enough
for a single caller. Tests of races and transactions use MiniStack.
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

# A request to moto creates thousands of objects. With Python's default threshold, garbage collection takes a tenth of
# the time.
gc.set_threshold(50_000)


def pytest_collection_finish() -> None:
    """Exclude modules and tests, which live until the end, from garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _libyaml() -> Iterator[None]:
    """Let SAM CLI parse YAML with libyaml, which is ten times as fast as its Python parser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "SafeLoader", yaml.CSafeLoader)
        yield


@pytest.fixture(scope="session")
def project() -> Project:
    """The resources that the template declares."""
    return read_project(ROOT / "template.yaml", {})


@pytest.fixture(scope="session")
def transformed() -> Mapping[str, Any]:
    """The transformed template, as CloudFormation receives it. Shared by all tests: copy it before changing it."""
    return transformed_template()


@cache
def transformed_template() -> dict[str, Any]:
    """Return the transformed template, which takes a second to build; `resolve_conditions` applies parameters to it."""
    return transform()


@pytest.fixture(scope="session")
def variables(project: Project) -> Mapping[str, str]:
    """The environment variables that the template sets for every function, and dummy AWS credentials."""
    return {
        **{name: text for name, text in project.functions["UsersFunction"].environment.items() if text},
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        # Tests call more often than the rate limits allow. Tests of the limits set this to 1.
        "RATE_LIMIT_MULTIPLIER": "1000",
    }


@pytest.fixture
def environment(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    """The environment of a function, with the cheapest password hashes. The real cost has tests of its own."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # Only the AWS services that the layer includes, as on Lambda; moto keeps all. Set here first, to be restored later.
    for loader in (MotoLoader, Loader):
        monkeypatch.setattr(loader, "load_service_model", Loader.load_service_model)
    aws_services.limit(Loader)
    monkeypatch.setattr(passwords, "COST", 4)
    passwords._dummy_hash.cache_clear()
    config.settings.cache_clear()
    yield variables
    passwords._dummy_hash.cache_clear()
    config.settings.cache_clear()


@pytest.fixture(scope="session")
def reset_moto(project: Project, variables: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Start moto with the template's tables, secrets and queues, and a signing key.

    Yields a function that empties the tables and restores the secrets.
    """
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        for name, properties in project.tables.items():
            create_table(name, properties)
        forget_clients()
        aws._session.cache_clear()  # moto patches only sessions created after it started
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

        def reset() -> None:
            secrets.clear()
            secrets.update(copy.deepcopy(first_secrets))
            for name, table in tables.items():
                table.items = copy.deepcopy(first_items[name])
                if table.stream_shard is not None:
                    # moto copies the whole stream for each transaction.
                    table.stream_shard.items.clear()

        yield reset
        forget_clients()
        aws._session.cache_clear()


@pytest.fixture
def fake_aws(
    reset_moto: Callable[[], None],
    environment: Mapping[str, str],  # noqa: ARG001  # sets the names of the tables
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The template's tables, all empty, and a signing key, in moto; retries without pauses.

    Modules whose tests need real races override this fixture with `ministack`.
    """
    reset_moto()
    monkeypatch.setattr(tables, "_backoff", lambda: iter([0] * tables._ATTEMPTS))
    keys.memory.forget()
    forget_circuits()


def forget_clients() -> None:
    """Recreate the AWS clients from the current environment. The session stays: its data takes long to load."""
    for client in (aws.dynamodb, aws.secretsmanager, aws.sesv2, aws.sqs):
        client.cache_clear()
    forget_circuits()


def forget_circuits() -> None:
    """Forget the state of the email providers' circuit breakers, as after a cold start."""
    providers.circuits.cache_clear()
    for counts in (circuit_breaker._LOCAL_FAILURES, circuit_breaker._LOCAL_SUCCESSES):
        counts.clear()
    circuit_breaker._LAST_OBSERVED_STATE.clear()
    providers._PROVIDERS["sendgrid"] = providers.SendGrid()


def create_table(name: str, properties: Mapping[str, Any]) -> None:
    """Create a table with the properties from the template."""
    stream = properties.get("StreamSpecification")
    table = {key: value for key, value in properties.items() if key not in (*_NOT_IN_CREATE_TABLE, "Metadata")}
    if stream is not None:
        table["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if "SSESpecification" in table:
        table["SSESpecification"] = {"Enabled": True}
    boto3.client("dynamodb").create_table(TableName=name, **table)


def rotate(version: str = KEY_VERSION) -> str:
    """Rotate the signing key in its four steps. Return the key's id."""
    for step in (keys.create, keys.publish, keys.test, keys.finish):
        step(version)
    return version


@pytest.fixture
def api(fake_aws: None) -> Api:  # noqa: ARG001  # the functions call it
    """The API, called without signing in."""
    return Api()


@pytest.fixture
def inbox(fake_aws: None) -> Iterator[Inbox]:  # noqa: ARG001  # holds the outbox
    """The emails sent so far. Reading them first delivers what waits in the outbox."""
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture
def wire(fake_aws: None) -> Iterator[Wire]:  # noqa: ARG001  # receives the calls
    """The connection to AWS, to count calls and inject faults."""
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def admin(api: Api) -> Api:
    """The API, called by an administrator."""
    return member(api, "Administrator", ADMIN_EMAIL, role="admin")


@pytest.fixture
def ada(api: Api) -> Api:
    """The API, called by Ada, an ordinary user with a verified address."""
    return member(api, "Ada", "ada@example.com")


@pytest.fixture
def ben(api: Api) -> Api:
    """The API, called by Ben, another ordinary user."""
    return member(api, "Ben", "ben@example.com")


def member(api: Api, name: str, email: str, role: Role = "user") -> Api:
    """Return a client of a new account.

    Stores in one write what registering, verifying the address and signing in would have stored.
    """
    client = Client(ip=api.ip, user_agent=USER_AGENT)
    user = users.new(name=name, email=email, role=role, email_verified=True)
    new = credentials.new(email=email, user_id=user.id, password_hash=password_hash(), verified=True)
    credential = replace(new, devices=(sign_in._device(client),), sign_ins=1)
    session = sessions.new(user, client)
    tables.write(credentials.adding(credential), users.adding(user), sessions.starting(session))
    return api.with_token(tokens.access_token(session))


@cache
def password_hash() -> str:
    """Return a hash of `PASSWORD`, which all test users share."""
    return passwords.hashed(PASSWORD)


@pytest.fixture(scope="session")
def ministack_address(project: Project, variables: Mapping[str, str]) -> Iterator[str]:
    """The URL of a MiniStack with the template's tables, secrets and queues, and a signing key."""
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
    environment: Mapping[str, str],  # noqa: ARG001  # sets the names of the tables
    ministack_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """The template's tables, all empty, and a signing key, in MiniStack, which has real races and transactions."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack_address)
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(max_pool_connections=64)))
    forget_clients()
    empty(set(stored.TABLES) - {"PublicKeysTable"})
    keys.memory.forget()
    yield
    forget_clients()
    keys.memory.forget()
