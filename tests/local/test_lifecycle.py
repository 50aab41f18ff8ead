"""Start and stop: errors are reported with the next step, and no process is left behind."""

import shutil
import signal
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.local.harness import RunnerProcess, alive, descendants, eventually

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_stopping_leaves_no_process(start: Callable[..., RunnerProcess], number: int, status: int) -> None:
    runner = start().ready()
    assert runner.get("/echo").status == 200
    children = descendants(runner.process.pid)
    assert len(children) >= 3, "MiniStack, the fork server and a worker"
    assert runner.stop(number) == status
    assert not list(filter(alive, children))
    assert "Traceback" not in runner.output


def test_stopping_while_starting_leaves_no_process(start: Callable[..., RunnerProcess]) -> None:
    runner = start()
    runner.wait_for_line("Starting MiniStack")
    children = eventually(lambda: descendants(runner.process.pid), what="a child")
    assert runner.stop(signal.SIGINT) == 130
    eventually(lambda: not any(map(alive, children)), what="the children to exit")
    assert "Traceback" not in runner.output


def test_stopping_during_a_request_leaves_no_process(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    runner.get("/trouble/fine")
    with closing(socket.create_connection(("127.0.0.1", runner.port))) as connection:
        connection.sendall(b"GET /trouble/hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
        runner.wait_for_line("hanging in")
        children = descendants(runner.process.pid)
        assert runner.stop() == 0
    assert not list(filter(alive, children))


def test_killing_the_runner_ends_its_processes(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    assert runner.get("/echo").status == 200
    # `kill` waits for the children, and fails if one is left.
    runner.kill()


def test_taken_port_is_reported_with_the_option_to_change_it(start: Callable[..., RunnerProcess]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        runner = start("--port", str(port))
        runner.wait_for_line(rf"Port {port} for the API cannot be used .* choose another with PORT=")
        assert runner.process.wait(10) == 1


def test_connections_are_refused_until_the_runner_can_answer(start: Callable[..., RunnerProcess]) -> None:
    port = free_port()
    runner = start("--port", str(port))
    runner.wait_for_line("Starting MiniStack")

    def accepted() -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            return None

    connection = eventually(accepted, what="a connection")
    assert connection
    with closing(connection):
        # The last step before.
        assert "Created " in runner.output
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(20).startswith(b"HTTP/1.1 200 ")


def test_two_copies_of_the_project_run_side_by_side(
    start: Callable[..., RunnerProcess], tmp_path: Path, project_copy: Path
) -> None:
    other = shutil.copytree(project_copy, tmp_path / "other")
    with RunnerProcess(other / "template.yaml", tmp_path / "other data") as second:
        first = start().ready()
        second.ready()
        assert first.post("/write/NotesTable", {"id": "a note"}).status == 201
        assert count_notes(first) == 1
        assert count_notes(second) == 0
        assert second.stop() == 0
        assert count_notes(first) == 1


def test_of_two_copies_started_together_on_one_port_the_second_says_so(tmp_path: Path, project_copy: Path) -> None:
    """Both can bind the port until one of them listens."""
    port = free_port()
    with (
        RunnerProcess(project_copy / "template.yaml", tmp_path / "first", "--port", str(port)) as first,
        RunnerProcess(project_copy / "template.yaml", tmp_path / "second", "--port", str(port)) as second,
    ):
        eventually(lambda: {first.process.poll(), second.process.poll()} != {None}, what="an exit")
        served, refused = (first, second) if first.process.poll() is None else (second, first)
        refused.wait_for_line(rf"Port {port} for the API cannot be used .* choose another with PORT=")
        assert "Traceback" not in refused.output
        assert refused.process.returncode == 1
        assert served.ready().get("/echo").status == 200


def test_second_runner_on_the_same_data_is_refused(start: Callable[..., RunnerProcess]) -> None:
    first = start().ready()
    second = start()
    second.wait_for_line(rf"Another runner \(process {first.process.pid}\) is using .*data.* --data DIR")
    assert second.process.wait(10) == 1
    assert first.get("/echo").status == 200


def test_missing_ministack_is_reported_with_the_command_that_installs_it(start: Callable[..., RunnerProcess]) -> None:
    runner = start("--ministack-python", "nowhere/bin/python")
    runner.wait_for_line("MiniStack is not installed: there is no .*nowhere/bin/python. `make start` installs it")
    assert runner.process.wait(10) == 1


@pytest.mark.parametrize("options", [["--port", "many"], ["--port", "70000"], ["--parameter-overrides", "novalue"]])
def test_invalid_option_is_reported_with_its_correct_form(
    start: Callable[..., RunnerProcess], options: list[str]
) -> None:
    runner = start(*options)
    assert runner.process.wait(10) == 2
    runner.wait_for_line("is not a port|write each parameter as Key=Value")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Resources:", "Resources: [", "template.yaml cannot be read: .*Correct the file"),
        ("Timeout: 5", "Timeout: soon", "template.yaml cannot be read: .*Correct the file"),
        ("Path: /broken", "Path: '/bro{ken'", "The template has an invalid route: .*Correct the Path"),
    ],
)
def test_invalid_template_prevents_the_start(
    start: Callable[..., RunnerProcess], project_copy: Path, old: str, new: str, error: str
) -> None:
    template = project_copy / "template.yaml"
    template.write_text(template.read_text().replace(old, new))
    runner = start()
    runner.wait_for_line(error)
    assert runner.process.wait(10) == 1
    assert "Traceback" not in runner.output


def test_handler_without_a_block_is_reported_at_the_start(
    start: Callable[..., RunnerProcess], project_copy: Path
) -> None:
    folder = project_copy / "functions/greet/by_id"
    folder.mkdir(parents=True)
    (folder / "app.py").write_text('api = Api("/greet/{greetId}")\n')
    runner = start().ready()
    line = "functions/greet/by_id/app.py has no block in template.yaml: /greet/{greetId} is not found. "
    assert runner.output.count(line) == 1
    assert "make endpoint URL='/greet/{greetId}'" in runner.output
    assert runner.get("/greet/7").json["message"].startswith("functions/greet/by_id/app.py has no block")


def test_table_that_differs_from_the_template_prevents_the_start(
    start: Callable[..., RunnerProcess], project_copy: Path
) -> None:
    start().ready().stop()
    template = project_copy / "template.yaml"
    template.write_text(template.read_text().replace("AttributeName: id", "AttributeName: key"))
    runner = start()
    runner.wait_for_line(
        r"(Notes|Events)Table exists with different keys, indexes or stream than in the template, .* `make reset`"
    )
    assert runner.process.wait(10) == 1


def test_everything_listens_on_loopback_only(runner: RunnerProcess) -> None:
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        for port in (runner.port, runner.aws._port):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, port), timeout=1)


def test_interrupted_rotation_is_completed(start: Callable[..., RunnerProcess], project_copy: Path) -> None:
    file = project_copy / "functions/rotate/app.py"
    good = file.read_text()
    file.write_text(
        good.replace('if event["Step"] == "finishSecret":', 'if event["Step"] == "testSecret":\n        raise OSError')
    )
    runner = start()
    runner.wait_for_line("KeySecret could not be rotated: testSecret failed, OSError")
    assert runner.process.wait(10) == 1
    file.write_text(good)
    runner = start().ready()
    versions = runner.aws.call("secretsmanager", "DescribeSecret", {"SecretId": "KeySecret"})["VersionIdsToStages"]
    assert sum("AWSCURRENT" in stages for stages in versions.values()) == 1
    assert runner.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})["SecretString"].startswith(
        "key "
    )


def test_data_survives_a_restart(start: Callable[..., RunnerProcess], project_copy: Path) -> None:
    lifecycle = project_copy / "layers/common/shared/accounts/lifecycle.py"
    lifecycle.parent.mkdir(parents=True)
    (lifecycle.parent / "__init__.py").touch()
    (lifecycle.parents[1] / "__init__.py").touch()
    lifecycle.write_text("def ensure_admin(email, password):\n    print('admin', email, password)\n")
    runner = start().ready()
    password = runner.wait_for_line(r"Admin +admin@example.com +(\S+)")[1]
    runner.wait_for_line(rf"CreateAdmin \| admin admin@example.com {password}")
    assert (runner.data / "admin-password").stat().st_mode & 0o777 == 0o600
    key = runner.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})
    assert key["SecretString"] == f"key {key['VersionId']}", "rotated"
    assert runner.post("/write/NotesTable", {"id": "kept"}).status == 201
    assert runner.post("/mail", {"to": "a@example.com", "subject": "Hi", "text": "t", "html": "h"}).status == 200
    emails = runner.get("/_local/inbox.json").json
    runner.stop()
    assert (runner.data / "cloud/1/journal.jsonl").stat().st_size == 0, "a clean stop leaves no journal"

    runner = start(LOCAL_ADMIN_EMAIL="root@example.com").ready()
    runner.wait_for_line(rf"Admin +root@example.com +{password}")
    assert "Created" not in runner.output
    again = runner.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "KeySecret"})
    assert again["VersionId"] == key["VersionId"]
    assert runner.aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"] == [{"id": {"S": "kept"}}]
    assert runner.get("/_local/inbox.json").json == emails


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


def count_notes(runner: RunnerProcess) -> int:
    return len(runner.aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"])
