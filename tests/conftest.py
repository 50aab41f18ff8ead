"""Fixtures for tests of the layer and the functions: the template's resources in a fake AWS, and clients of the API.

By default the fake AWS is moto, which runs in the test's process and handles one request at a time: fast, and enough
for a single caller. Tests of races and transactions use MiniStack.
"""

import copy
import gc
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml
from botocore.config import Config
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.loaders import Loader as MotoLoader
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.secretsmanager.models import secretsmanager_backends

import aws_services
from local.aws.resources import generated
from local.clean import clean_environment
from local.hosts import is_local
from local.template import Project, read_project
from shared.accounts import openid
from shared.core import aws, config, tables
from shared.mail import pace, providers
from shared.records import factor_keys, keys, limits, proxy_keys
from shared.records import providers as provider_records
from shared.values import passwords
from tests.support import ISSUER, ROOT, proof, rights, stored
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api, Inbox
from tests.support.aws import REGION, create_bucket, create_table, forget_circuits, forget_clients, rotate
from tests.support.faults import Wire
from tests.support.ministack import PYTHON, empty, running
from tests.support.template import transformed_template

# A request to moto creates thousands of objects. With Python's default threshold, garbage collection takes a tenth of
# the time.
gc.set_threshold(50_000)


# What the developer has set for AWS would send the tests' requests to real accounts, or let them fail.
_CLEAN = clean_environment(os.environ)
os.environ.clear()
os.environ.update(_CLEAN)

ALLOWS_ANOTHER = limits._allows_another


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a complete run that has not seen all that is documented, or not used all that roles allow."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["seen"] = [list(outcome) for outcome in proof.SEEN]
        session.config.workeroutput["used"] = [list(use) for use in rights.USED]
    elif session.exitstatus == pytest.ExitCode.OK and _is_complete(session.config) and _missing():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker has seen and used. One that crashed has no output."""
    output = getattr(node, "workeroutput", {})
    proof.SEEN.update(proof.Outcome(*outcome) for outcome in output.get("seen", ()))
    rights.USED.update(rights.Use(*use) for use in output.get("used", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what is documented and was not seen, and what roles allow and was not used."""
    if not hasattr(config, "workerinput") and _is_complete(config):
        for problem in _missing():
            terminalreporter.line(problem, red=True)


def _missing() -> list[str]:
    return [
        *(f"docs/openapi.json: no test has seen {outcome}" for outcome in proof.unseen(proof.SEEN)),
        *(f"template.yaml: {use}, which no test does" for use in rights.unused(rights.USED)),
    ]


def _is_complete(config: pytest.Config) -> bool:
    """Return whether the run has all quick tests."""
    usual = config.getini("addopts")
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and config.option.markexpr in usual
        and not (config.option.keyword or config.option.deselect or config.option.collectonly)
        and not (getattr(config.option, "lf", False) or getattr(config.option, "failedfirst", False))
    )


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


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """Reach this machine directly, whatever proxy the developer uses."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Let no test reach another machine."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            assert is_local(host), f"A test connects to {host}, which is not this machine"
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_to_loopback)
        yield


@pytest.fixture(scope="session", autouse=True)
def _recording() -> Iterator[None]:
    """Record the AWS calls of the functions."""
    with rights.recording():
        yield


@pytest.fixture(scope="session")
def project() -> Project:
    """The resources that the template declares."""
    return read_project(ROOT / "template.yaml", {"TokenIssuer": ISSUER})


@pytest.fixture(scope="session")
def transformed() -> Mapping[str, Any]:
    """The transformed template, as CloudFormation receives it. Shared by all tests: copy it before changing it."""
    return transformed_template()


@pytest.fixture(scope="session")
def variables(project: Project) -> Mapping[str, str]:
    """The environment variables that the template sets for its functions, and dummy AWS credentials."""
    return {
        **{name: text for own in project.functions.values() for name, text in own.environment.items() if text},
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
    # As on Lambda, only the AWS services that the layer includes exist; moto keeps all. `limit` changes the Loader for
    # good, so monkeypatch sets the method first, to restore it after the test.
    for loader in (MotoLoader, Loader):
        monkeypatch.setattr(loader, "load_service_model", Loader.load_service_model)
    aws_services.limit(Loader)
    monkeypatch.setattr(passwords, "COST", 4)
    # Tests ask for more emails to an address than the limits allow. Tests of the limits use the fixture `email_limits`.
    monkeypatch.setattr(limits, "_allows_another", lambda *_: True)
    monkeypatch.setattr(limits, "_MAX_ADDRESS_CHANGES_PER_DAY", 1000)
    monkeypatch.setattr(limits, "_MAX_FACTOR_CHANGES_PER_DAY", 1000)
    monkeypatch.setattr(limits, "_PER_EXPORT", 0)
    monkeypatch.setattr(limits, "_PER_ATTEMPT", 0)
    passwords._dummy_hash.cache_clear()
    config.settings.cache_clear()
    yield variables
    passwords._dummy_hash.cache_clear()
    config.settings.cache_clear()


@pytest.fixture
def services_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let functions call services on this machine, as in the runner."""
    monkeypatch.setattr(config, "runs_locally", lambda: True)


@pytest.fixture
def email_limits(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # undoes its patch
    """The limits of emails, which other tests do without."""
    monkeypatch.setattr(limits, "_allows_another", ALLOWS_ANOTHER)
    monkeypatch.setattr(limits, "_MAX_ADDRESS_CHANGES_PER_DAY", 5)


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
        for name, declared in project.secrets.items():
            aws.secretsmanager().create_secret(
                Name=name, SecretString=generated(declared.get("GenerateSecretString") or {})
            )
        for name in project.queues:
            aws.sqs().create_queue(QueueName=name)
        for name in project.buckets:
            create_bucket(name)
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
    for module in (pace, providers):
        monkeypatch.setattr(module, "sleep", lambda _: None)
    keys.memory.forget()
    factor_keys.memory.forget()
    provider_records.memory.forget()
    openid.memory.clear()
    proxy_keys.memory.forget()
    forget_circuits()


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
            for name, declared in project.secrets.items():
                aws.secretsmanager().create_secret(
                    Name=name, SecretString=generated(declared.get("GenerateSecretString") or {})
                )
            for name in project.queues:
                aws.sqs().create_queue(QueueName=name)
            for name in project.buckets:
                create_bucket(name.lower())
            aws.sesv2().create_email_identity(EmailIdentity=variables["MAIL_FROM"])
            config.settings.cache_clear()
            keys.memory.forget()
            factor_keys.memory.forget()
            rotate()
            config.settings.cache_clear()
        yield address


@pytest.fixture
def ministack(
    environment: Mapping[str, str],
    ministack_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """The template's tables, all empty, and a signing key, in MiniStack, which has real races and transactions."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack_address)
    # Like AWS, and unlike moto, MiniStack has buckets with names in lower case only.
    monkeypatch.setenv("EXPORTS_BUCKET", environment["EXPORTS_BUCKET"].lower())
    monkeypatch.setattr(aws, "_CONFIG", aws._CONFIG.merge(Config(max_pool_connections=64)))
    forget_clients()
    empty(set(stored.tables()) - {"PublicKeysTable"})
    keys.memory.forget()
    factor_keys.memory.forget()
    provider_records.memory.forget()
    yield
    forget_clients()
    keys.memory.forget()
    factor_keys.memory.forget()
