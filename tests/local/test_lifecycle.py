"""Start and stop: problems are named with the next step, and no process is left running."""

import signal
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.local.harness import Running, alive, descendants, eventually

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_stopping_leaves_no_process(start: Callable[..., Running], number: int, status: int) -> None:
    running = start().ready()
    assert running.get("/echo").status == 200
    children = descendants(running.process.pid)
    assert len(children) >= 3, "MiniStack, the fork server and a worker"
    assert running.stop(number) == status
    assert not list(filter(alive, children))
    assert "Traceback" not in running.output


def test_stopping_while_starting_leaves_no_process(start: Callable[..., Running]) -> None:
    running = start()
    running.says("Starting MiniStack")
    children = eventually(lambda: descendants(running.process.pid), what="a child")
    assert running.stop(signal.SIGINT) == 130
    eventually(lambda: not any(map(alive, children)), what="the children to exit")
    assert "Traceback" not in running.output


def test_stopping_during_a_request_leaves_no_process(start: Callable[..., Running]) -> None:
    running = start().ready()
    running.get("/trouble/fine")
    with closing(socket.create_connection(("127.0.0.1", running.port))) as connection:
        connection.sendall(b"GET /trouble/hang HTTP/1.1\r\nHost: x\r\n\r\n")
        running.says("hanging in")
        children = descendants(running.process.pid)
        assert running.stop() == 0
    assert not list(filter(alive, children))


def test_killing_the_runner_ends_its_processes(start: Callable[..., Running]) -> None:
    running = start().ready()
    assert running.get("/echo").status == 200
    # `kill` waits for the children, and fails if one is left.
    running.kill()


def test_taken_port_is_named(start: Callable[..., Running]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        running = start("--port", str(port))
        running.says(rf"Port {port} for the API is taken .* choose another with PORT=")
        assert running.process.wait(10) == 1


def test_second_runner_on_the_same_data_is_refused(start: Callable[..., Running]) -> None:
    first = start().ready()
    second = start()
    second.says(rf"Another runner \(process {first.process.pid}\) is using .*data.* --data DIR")
    assert second.process.wait(10) == 1
    assert first.get("/echo").status == 200


def test_missing_ministack_is_named(start: Callable[..., Running]) -> None:
    running = start("--ministack-python", "nowhere/bin/python")
    running.says("MiniStack is not installed: there is no .*nowhere/bin/python. `make start` installs it")
    assert running.process.wait(10) == 1


@pytest.mark.parametrize("options", [["--port", "many"], ["--port", "70000"], ["--parameter-overrides", "novalue"]])
def test_invalid_option_is_named(start: Callable[..., Running], options: list[str]) -> None:
    running = start(*options)
    assert running.process.wait(10) == 2
    running.says("is not a port|write each parameter as Key=Value")


def test_invalid_template_prevents_the_start(start: Callable[..., Running], project: Path) -> None:
    (project / "template.yaml").write_text("Resources: [")
    running = start()
    running.says(r"template.yaml cannot be read: .*Correct the file")
    assert running.process.wait(10) == 1
    assert "Traceback" not in running.output


def test_table_that_differs_from_the_template_is_named(start: Callable[..., Running], project: Path) -> None:
    start().ready().stop()
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("AttributeName: id", "AttributeName: key"))
    running = start()
    running.says(r"(Notes|Events)Table in .* has other keys, indexes or stream than in the template.* `make reset`")
    assert running.process.wait(10) == 1


def test_everything_listens_on_loopback_only(running: Running) -> None:
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        for port in (running.port, running.aws._port):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, port), timeout=1)


def test_interrupted_rotation_is_completed(start: Callable[..., Running], project: Path) -> None:
    file = project / "functions/rotate/app.py"
    good = file.read_text()
    file.write_text(
        good.replace('if event["Step"] == "finishSecret":', 'if event["Step"] == "testSecret":\n        raise OSError')
    )
    running = start()
    running.says("KeySecret could not be rotated: testSecret failed, OSError")
    assert running.process.wait(10) == 1
    file.write_text(good)
    running = start().ready()
    versions = running.aws.call("secretsmanager", "DescribeSecret", {"SecretId": "KeySecret"})["VersionIdsToStages"]
    assert sum("AWSCURRENT" in stages for stages in versions.values()) == 1
    assert running.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})["SecretString"].startswith(
        "key "
    )


def test_data_survives_a_restart(start: Callable[..., Running], project: Path) -> None:
    lifecycle = project / "layers/common/shared/accounts/lifecycle.py"
    lifecycle.parent.mkdir(parents=True)
    (lifecycle.parent / "__init__.py").touch()
    (lifecycle.parents[1] / "__init__.py").touch()
    lifecycle.write_text("def ensure_admin(email, password):\n    print('admin', email, password)\n")
    running = start().ready()
    password = running.says(r"Admin +admin@example.com +(\S+)")[1]
    running.says(rf"CreateAdmin \| admin admin@example.com {password}")
    assert (running.data / "admin-password").stat().st_mode & 0o777 == 0o600
    key = running.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})
    assert key["SecretString"] == f"key {key['VersionId']}", "rotated"
    assert running.post("/write/NotesTable", {"id": "kept"}).status == 201
    assert running.post("/mail", {"to": "a@example.com", "subject": "Hi", "text": "t", "html": "h"}).status == 200
    emails = running.get("/_local/inbox.json").json
    running.stop()
    assert (running.data / "cloud/1/journal.jsonl").stat().st_size == 0, "a clean stop leaves no journal"

    running = start(LOCAL_ADMIN_EMAIL="root@example.com").ready()
    running.says(rf"Admin +root@example.com +{password}")
    assert "Created" not in running.output
    again = running.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})
    assert again["VersionId"] == key["VersionId"]
    assert running.aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"] == [{"id": {"S": "kept"}}]
    assert running.get("/_local/inbox.json").json == emails
