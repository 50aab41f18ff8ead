"""Who may call the runner's two ports: no web page, and the local AWS only with the credentials of this start."""

import http.client
import json
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.aws import containers
from local.aws.credentials import Credentials
from local.hosts import is_local
from tests.local.harness import TIMEOUT, RunnerProcess
from tests.support import ROOT

SECRET = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1"}
OWN = [
    "localhost",
    "LOCALHOST:3000",
    "localhost.:3000",
    "app.localhost",
    "127.0.0.1",
    "127.1.2.3:1",
    "[::1]",
    "[::1]:3000",
]
FOREIGN = [
    "evil.example",
    "evil.example:3000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "notlocalhost",
    "0.0.0.0",  # noqa: S104  # not bound
    "192.168.0.2:3000",
    "[::2]",
    "[2001:db8::1]:3000",
    "host.docker.internal",
    "2130706433",
    "@localhost",
    "localhost@evil.example",
    "[",
    "",
]


def data_of(runner: RunnerProcess) -> Path:
    return ROOT / runner.wait_for_line(r"credentials: (.*)")[1]


def read_secret(runner: RunnerProcess, *, key: str | None = None, **headers: str) -> tuple[int, bytes, list[str]]:
    """Ask the local AWS for the private key. Return status, body and the names of the response's headers."""
    aws = runner.aws
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    authorization = aws.authorization("secretsmanager")
    if key is not None:
        authorization = authorization.replace(aws._credentials.key_id, key)
    with closing(http.client.HTTPConnection("127.0.0.1", aws._port, timeout=TIMEOUT)) as connection:
        body = json.dumps({"SecretId": "KeySecret"})
        connection.request("POST", "/", body, {**SECRET, "Authorization": authorization, **named})
        response = connection.getresponse()
        return response.status, response.read(), [name.lower() for name, _ in response.getheaders()]


@pytest.mark.parametrize("host", OWN)
def test_loopback_is_accepted(runner: RunnerProcess, host: str) -> None:
    assert is_local(host)
    assert runner.get("/echo", Host=host).status == 200
    assert read_secret(runner, Host=host)[0] != 403


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_host_is_refused_on_both_ports(runner: RunnerProcess, host: str) -> None:
    assert not is_local(host)
    status, body, _ = read_secret(runner, Host=host)
    assert (status, json.loads(body)["__type"]) == (403, "AccessDeniedException")
    if host:
        answer = runner.get("/echo", Host=host)
        assert answer.status == 403
        assert "localhost" in json.loads(answer.body)["message"]


def test_hosts_of_containers_are_accepted_only_if_they_were_named() -> None:
    assert is_local("172.17.0.1:4566", {"172.17.0.1"})
    assert is_local("host.docker.internal:4566", {"host.docker.internal"})
    assert not is_local("172.17.0.2:4566", {"172.17.0.1"})


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3001", "null"])
def test_web_page_can_neither_call_the_local_aws_nor_read_a_response(runner: RunnerProcess, origin: str) -> None:
    status, _, names = read_secret(runner, Origin=origin)
    assert status == 403
    assert not [name for name in names if name.startswith("access-control-")]


def test_responses_of_the_local_aws_have_no_cors_headers(runner: RunnerProcess) -> None:
    status, _, names = read_secret(runner)
    assert status == 200
    assert not [name for name in names if name.startswith("access-control-")]


@pytest.mark.parametrize("key", ["", "local", "LOCAL", "LOCAL" + "0" * 32, "\xff"])
def test_other_credentials_are_refused(runner: RunnerProcess, key: str) -> None:
    status, body, _ = read_secret(runner, key=key)
    assert status == 403
    message = json.loads(body)["message"]
    assert "variables.json" in message
    # The data of this runner is elsewhere.
    assert ".local/" not in message


def query(runner: RunnerProcess, endpoint: str, region: str) -> int:
    """Read a secret as a container of `sam local` does, with the credentials of another account. Return the status."""
    aws, address = runner.aws, urlsplit(endpoint)
    with closing(http.client.HTTPConnection("127.0.0.1", address.port, timeout=TIMEOUT)) as connection:
        authorization = aws.authorization("secretsmanager").replace("eu-west-1", region)
        authorization = authorization.replace(aws._credentials.key_id, "AKIAIOSFODNN7EXAMPLE")
        body = json.dumps({"SecretId": "KeySecret"})
        headers = {**SECRET, "Authorization": authorization, "Host": address.netloc}
        connection.request("POST", address.path or "/", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status


def test_file_of_variables_is_all_that_a_container_needs(runner: RunnerProcess) -> None:
    endpoint = json.loads(data_of(runner).read_text())["Parameters"]["AWS_ENDPOINT_URL"]
    assert urlsplit(endpoint).hostname == (containers.address() or "host.docker.internal")
    assert query(runner, endpoint, "us-east-1") == 200
    without_key = endpoint.rpartition("/")[0]
    assert query(runner, without_key, "eu-west-1") == 403
    assert query(runner, f"{without_key}/LOCAL{32 * '0'}", "eu-west-1") == 403


@pytest.mark.parametrize("path", ["/_ministack/health", "/_ministack/ses/messages", "/_durable", "/"])
def test_nothing_is_answered_without_credentials(runner: RunnerProcess, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", runner.aws._port, timeout=TIMEOUT)) as connection:
        connection.request("GET", path)
        assert connection.getresponse().status == 403


def test_each_start_has_new_credentials(start: Callable[..., RunnerProcess]) -> None:
    first = start().ready()
    file = data_of(first)
    before = Credentials.read(file)
    first.stop()
    second = start().ready()
    assert data_of(second) == file
    assert Credentials.read(file).key_id != before.key_id
    assert read_secret(second, key=before.key_id)[0] == 403


def test_local_data_is_for_its_owner_only(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    folder = data_of(runner).parent
    runner.post("/echo", {})
    runner.stop()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert {path.name for path, mode in modes.items() if mode & 0o077} == set()
    assert "variables.json" in {path.name for path in modes}
