"""What the benchmarks run against: the functions in this process, and a MiniStack of their own on loopback."""

import base64
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.config import Config

from benchmarks.page import ROOT
from local.aws.resources import generated
from local.clean import clean_environment
from local.template import Project, read_project
from shared.core import aws, deadlines
from shared.core.tables import Item, Put, Table
from tests.support.ministack import running


def read_template() -> Project:
    """Read the template, and set the environment of the functions as it says."""
    project = read_project(ROOT / "template.yaml", {})
    os.environ.update(environment(project))
    return project


def environment(project: Project) -> dict[str, str]:
    """Return the variables that the template gives every function, a region and credentials."""
    return {
        **{name: text for own in project.functions.values() for name, text in own.environment.items() if text},
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "RATE_LIMIT_MULTIPLIER": "1000000",
    }


@contextmanager
def cloud(*services: str) -> Iterator[Project]:
    """Start MiniStack with the template's tables and a signing key, and set the environment of the functions.

    `services` are those that the benchmark itself needs in addition. Yields what the template declares.
    """
    clean = clean_environment(os.environ)
    os.environ.clear()
    os.environ.update(clean)
    project = read_template()
    with running(*services) as address:
        os.environ.update(AWS_ENDPOINT_URL=address, LOG_LEVEL="CRITICAL")
        # Imported here, since it reads the environment.
        from tests.support.aws import create_table, rotate  # noqa: PLC0415

        logging.disable()
        for name, properties in project.tables.items():
            create_table(name, properties)
        for name, declared in project.secrets.items():
            text = generated(declared.get("GenerateSecretString") or {})
            aws.secretsmanager().create_secret(Name=name, SecretString=text)
        aws.sesv2().create_email_identity(EmailIdentity=os.environ["MAIL_FROM"])
        rotate()
        yield project


def wait_for_slow_answers() -> None:
    """Let calls of AWS take minutes: with 100,000 items, MiniStack takes seconds where DynamoDB takes milliseconds."""
    aws._CONFIG = aws._CONFIG.merge(Config(read_timeout=600))  # noqa: SLF001  # before the first client is created
    deadlines.check = lambda cause="": None  # noqa: ARG005  # as it is called


def typed_json(table: Table, item: Item) -> str:
    """Return an item in DynamoDB's typed form, as JSON."""
    _, parameters = Put(table=table, item=item).request()
    return json.dumps(parameters["Item"], default=lambda value: base64.b64encode(value).decode())
