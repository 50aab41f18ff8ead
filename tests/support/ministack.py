"""MiniStack for tests: an AWS emulator with real races and transactions, on a free loopback port.

Its tables are created once and emptied for each test, because creating them takes longer than most tests.
"""

import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from socket import create_server

from shared.core import aws
from tests.support import ROOT

PYTHON = ROOT / ".venv-ministack/bin/python"


@contextmanager
def running(*more: str) -> Iterator[str]:
    """Run MiniStack with the services that the functions use, and `more`; yield its URL."""
    with closing(create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # Those of the tests, with which it verifies the signature of a link.
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "SERVICES": ",".join(["dynamodb", "s3", "secretsmanager", "ses", "sqs", "sts", *more]),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([PYTHON, "-m", "ministack"], env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process)
            yield address
        finally:
            process.kill()
            process.wait()


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "MiniStack exited"
        try:
            with urllib.request.urlopen(f"{address}/_ministack/health", timeout=1):  # noqa: S310  # ours, on loopback
                return
        except OSError:
            continue
    raise AssertionError("MiniStack did not start")


def empty(tables: Iterable[str]) -> None:
    """Delete all items of these tables."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(_empty, tables))


def _empty(table: str) -> None:
    client = aws.dynamodb()
    keys = [part["AttributeName"] for part in client.describe_table(TableName=table)["Table"]["KeySchema"]]
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            client.delete_item(TableName=table, Key={name: item[name] for name in keys})
