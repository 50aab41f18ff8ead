"""What `make mail-storm` and `make mail-pace` send: emails in MiniStack's outbox, through a SendGrid on loopback."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.cloud import cloud
from local.template import Project
from shared.core import aws, config, tables
from shared.records import outbox
from tests.support import sendgrid


@contextmanager
def provider() -> Iterator[tuple[Project, sendgrid.Server]]:
    """Start MiniStack, and a SendGrid as the only provider. Yields what the template declares, and the server."""
    with cloud() as project, sendgrid.serving() as server:
        os.environ.update(MAIL_PROVIDERS="sendgrid", SENDGRID_URL=server.url, SENDGRID_KEY_SECRET="BenchmarkKey")  # noqa: S106  # a name
        config.settings.cache_clear()
        aws.secretsmanager().create_secret(Name="BenchmarkKey", SecretString=sendgrid.KEY)
        yield project, server


def write(count: int) -> None:
    """Write emails to the outbox."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(_write_one, range(count)))


def _write_one(number: int) -> None:
    details = {"user_agent": "Benchmark", "ip": "192.0.2.1"}
    tables.write(outbox.sending("new_device", f"user{number}@example.com", **details))
