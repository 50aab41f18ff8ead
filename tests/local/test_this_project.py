"""The project itself in the runner: what a start prints, and concurrent registrations of one address."""

import json
import re
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.harness import TIMEOUT, RunnerProcess, eventually
from tests.support import PASSWORD, ROOT

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    data = tmp_path_factory.mktemp("data")
    with RunnerProcess(ROOT / "template.yaml", data, RATE_LIMIT_MULTIPLIER="1000") as runner:
        yield runner.ready()


def test_printed_tour_runs_in_a_shell(runner: RunnerProcess) -> None:
    runner.wait_for_line(r"/api/users/\$\(")
    tour = re.search(r"another terminal:\n\n((?:  .*\n?)+)", runner.output)
    assert tour
    shell = subprocess.run(["bash"], input=tour[1], capture_output=True, text=True, check=False, timeout=60)
    assert shell.stderr == ""
    statuses = re.findall(r"HTTP/1.1 (\d+)", shell.stdout)
    #        health, register, me, PUT,  logout, me,  users, PATCH
    assert statuses == ["200", "202", "200", "405", "204", "401", "200", "200"]
    assert re.search("^allow: GET", shell.stdout, re.IGNORECASE | re.MULTILINE)
    assert '"name":"Ada Lovelace"' in shell.stdout


def test_readme_shows_the_output_of_a_start(runner: RunnerProcess) -> None:
    """Ports, and the last word of each line, differ: addresses, the data directory, the password."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```\n(http://localhost:\d+ serves .+?)\n```", readme, re.DOTALL)
    assert shown
    runner.wait_for_line("another terminal:")
    printed = [re.sub(r":\d+|\S+$", "…", line) for line in runner.output.splitlines()]
    for line in shown[1].splitlines():
        assert re.sub(r":\d+|\S+$", "…", line) in printed


def test_concurrent_registrations_open_one_account(runner: RunnerProcess) -> None:
    form = {"name": "Grace", "email": "grace@example.com", "password": PASSWORD}
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: runner.post("/api/auth/register", form), range(32)))
    assert Counter(answer.status for answer in answers) == {202: 32}
    secrets = {answer.json["registration"] for answer in answers}
    assert len(secrets) == 32

    def token() -> str:
        emails = [email for email in runner.get("/_local/inbox.json").json if email["to"] == "grace@example.com"]
        return next((email["text"].split("token=")[1].split()[0] for email in emails), "")

    eventually(token, what="an email with a link")
    opened = [
        runner.post("/api/auth/verify-email", {"token": token(), "registration": secret}).status for secret in secrets
    ]
    assert Counter(opened) == {200: 1, 400: 31}
    users = runner.aws.call("dynamodb", "Scan", {"TableName": "UsersTable"})["Items"]
    (profile,) = [user for user in users if user.get("name") == {"S": "Grace"}]
    login = runner.post("/api/auth/login", {"email": "grace@example.com", "password": PASSWORD})
    assert login.status == 200
    assert login.json["user"]["id"] == profile["id"]["S"]


def test_link_to_a_large_export_brings_the_file(runner: RunnerProcess) -> None:
    login = {"email": "admin@example.com", "password": runner.wait_for_line(r"Admin +admin@example.com +(\S+)")[1]}
    signed_in = runner.post("/api/auth/login", login).json
    for number in range(20):
        entry = {
            "userId": {"S": signed_in["user"]["id"]},
            "position": {"S": f"2026-08-04T12:00:00.000Z#{number}"},
            "event": {"S": "login"},
            "outcome": {"S": "success"},
            "ip": {"S": "192.0.2.1"},
            "userAgent": {"S": "a" * 300_000},
            "expiresAt": {"N": str(int(time.time()) + 3600)},
        }
        runner.aws.call("dynamodb", "PutItem", {"TableName": "ActivityTable", "Item": entry})
    reply = runner.get("/api/auth/export", Authorization=f"Bearer {signed_in['token']}")
    assert reply.status == 303
    with urllib.request.urlopen(reply.headers["location"], timeout=TIMEOUT) as answer:  # noqa: S310  # on loopback
        found = json.load(answer)["data"]
    assert found["user"]["email"] == "admin@example.com"
    assert len(found["activity"]) > 20


def test_sign_in_with_one_click_proves_the_factor(runner: RunnerProcess) -> None:
    def one_click() -> dict[str, str]:
        headers = {"Origin": f"http://127.0.0.1:{runner.port}", "X-Local-Page": "1", "Content-Type": "application/json"}
        answer = runner.request("POST", "/_local/sign-in.json", json.dumps({"email": "admin@example.com"}), headers)
        return {"Authorization": f"Bearer {answer.json['token']}", "Content-Type": "application/json"}

    def call(verb: str, path: str, session: dict[str, str], body: dict[str, str] | None = None) -> Any:
        answer = runner.request(verb, path, None if body is None else json.dumps(body), session)
        assert answer.status < 300, answer.json
        return answer.json["data"]

    session = one_click()
    added = call("POST", "/api/auth/factors", session, {"type": "totp", "name": "Phone"})
    (app,) = runner.get("/_local/codes.json").json["apps"]
    assert (app["email"], app["name"], app["isConfirmed"]) == ("admin@example.com", "Phone", False)
    confirmed = call("POST", f"/api/auth/factors/{added['id']}", session, {"code": app["code"]})
    assert len(confirmed["recoveryCodes"]) == 10
    me = call("GET", "/api/auth/me", one_click())
    assert (me["session"]["aal"], set(me["session"]["amr"])) == (2, {"pwd", "otp", "mfa"})
    # Such a session is fresh.
    call("PATCH", f"/api/auth/factors/{added['id']}", one_click(), {"name": "Old phone"})
    runner.request("DELETE", f"/api/auth/factors/{added['id']}", headers=one_click())
    assert runner.get("/_local/codes.json").json == {"endsAt": 0, "apps": []}
