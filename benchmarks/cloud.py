"""What the benchmarks run against: the functions in this process, and a MiniStack of their own on loopback."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.template import Project, read_project
from shared.core import aws
from tests.support.ministack import running


@contextmanager
def cloud(*services: str) -> Iterator[Project]:
    """Start MiniStack with the template's tables and a signing key, and set the environment of the functions.

    `services` are what the benchmark itself needs beyond theirs. Gives what the template declares.
    """
    project = read_project(Path(__file__).parent.parent / "template.yaml", {})
    variables = {name: text for name, text in project.functions["UsersFunction"].environment.items() if text}
    with running(*services) as address:
        os.environ.update(
            variables,
            AWS_ENDPOINT_URL=address,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",  # noqa: S106  # MiniStack's
            AWS_DEFAULT_REGION="eu-west-1",
            RATE_LIMIT_MULTIPLIER="1000000",
            LOG_LEVEL="CRITICAL",
        )
        # Imported now, as it reads the environment.
        from tests import conftest  # noqa: PLC0415

        logging.disable()
        for name, properties in project.tables.items():
            conftest.create_table(name, properties)
        for name in project.secrets:
            aws.secretsmanager().create_secret(Name=name, SecretString="{}")
        aws.sesv2().create_email_identity(EmailIdentity=variables["MAIL_FROM"])
        conftest.rotate()
        yield project
