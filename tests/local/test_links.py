"""Links to files in the local S3: they work in a browser, and in a page that follows a redirect, until they expire."""

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import boto3
import pytest
import time_machine
from botocore.config import Config

from local.aws import REGION
from local.aws.credentials import Credentials
from shared.core import clock
from tests.local.harness import TIMEOUT, RunnerProcess
from tests.local.test_closed_ports import data_of

FILE = {"Bucket": "FilesBucket", "Key": "a/b c.json"}
# As a container of `sam local` has them.
OTHER = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "other", "region_name": "us-east-1"}


def s3(runner: RunnerProcess, path: str = "", **credentials: str) -> Any:
    own = Credentials.read(data_of(runner))
    given = credentials or {
        "aws_access_key_id": own.key_id,
        "aws_secret_access_key": own.secret,
        "region_name": REGION,
    }
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    make: Any = boto3.client
    return make("s3", endpoint_url=f"http://127.0.0.1:{runner.aws._port}{path}", config=config, **given)


def link_to_file(client: Any) -> str:
    """Store a file, and return a link to it."""
    client.put_object(**FILE, Body=b'{"a": 1}', ContentType="application/json")
    shown = {"ResponseContentDisposition": 'attachment; filename="a.json"'}
    link: str = client.generate_presigned_url("get_object", Params=FILE | shown, ExpiresIn=60)
    return link


def follow(link: str, **headers: str) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(link, headers=headers)  # noqa: S310  # ours, on loopback
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read(), refusal.headers


def test_link_brings_the_file(runner: RunnerProcess) -> None:
    status, content, headers = follow(link_to_file(s3(runner)))
    assert (status, content) == (200, b'{"a": 1}')
    assert headers["content-type"] == "application/json"
    assert headers["content-disposition"] == 'attachment; filename="a.json"'


def test_page_that_follows_a_redirect_to_the_link_may_read_the_file(runner: RunnerProcess) -> None:
    status, content, headers = follow(link_to_file(s3(runner)), Origin="null")
    assert (status, content) == (200, b'{"a": 1}')
    assert headers["access-control-allow-origin"] == "*"


def test_expired_link_is_refused(runner: RunnerProcess) -> None:
    client = s3(runner)
    client.put_object(**FILE, Body=b"")
    with time_machine.travel(clock.now() - 61):
        link = client.generate_presigned_url("get_object", Params=FILE, ExpiresIn=60)
    status, content, _ = follow(link)
    assert status == 403
    assert b"expired" in content


def test_link_of_another_key_is_refused(runner: RunnerProcess) -> None:
    link_to_file(s3(runner))
    link = s3(runner, **OTHER).generate_presigned_url("get_object", Params=FILE, ExpiresIn=60)
    assert follow(link)[0] == 403


def test_link_from_a_container_of_sam_local_brings_the_file(runner: RunnerProcess) -> None:
    path = f"/{runner.aws._credentials.key_id}"
    assert follow(link_to_file(s3(runner, path, **OTHER)))[:2] == (200, b'{"a": 1}')


@pytest.mark.parametrize("path", ["/_ministack/ses/messages", "/_durable"])
def test_link_leads_to_files_only(runner: RunnerProcess, path: str) -> None:
    parts = urlsplit(link_to_file(s3(runner)))
    link = urlunsplit(parts._replace(path=path))
    assert follow(link, Origin="https://evil.example")[0] == 403


def test_link_allows_to_read_only(runner: RunnerProcess) -> None:
    request = urllib.request.Request(link_to_file(s3(runner)), method="DELETE")  # noqa: S310  # ours, on loopback
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    refusal.value.close()
    assert refusal.value.code == 403
