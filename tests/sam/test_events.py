"""Every event in events/, as committed and from somebody who may: in this process, and in Lambda's containers."""

import copy
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import api as calls
from tests.api import Api
from tests.sam.conftest import Build, read_event
from tests.sam.containers import ROOT, Backend, Sam, free_port

# What an event is answered as it is, and in the hands of an administrator: with a token, and with the id of a user who
# exists. Those who need no token are answered the same.
ANYONE = {
    "auth/login/post": 401,
    "auth/register/post": 202,
    "auth/resend_verification/post": 202,
    "auth/verify_email/post": 400,
    "health/get": 200,
    "well_known/jwks/get": 200,
}
ADMIN = {
    "auth/logout/post": 204,
    "auth/me/get": 200,
    "users/by_id/delete": 204,
    "users/by_id/get": 200,
    "users/by_id/patch": 200,
    "users/by_id/put": 200,
    "users/index/get": 200,
    "users/index/post": 201,
}
AS_COMMITTED = ANYONE | dict.fromkeys(ADMIN, 401)
ROTATION = [f"jobs/rotate_signing_key/{step}" for step in ("create", "set", "test", "finish")]
DELIVERY = "jobs/deliver_email/stream"


def test_every_event_is_expected_to_have_an_answer() -> None:
    files = {str(file.relative_to(ROOT / "events").with_suffix("")) for file in (ROOT / "events").glob("**/*.json")}
    assert files == {*AS_COMMITTED, *ROTATION, DELIVERY}


def of_admin(event: Mapping[str, Any], token: str, user_id: str) -> dict[str, Any]:
    """Give the event as it comes from an administrator and is about this user."""
    changed = copy.deepcopy(dict(event))
    changed["headers"]["authorization"] = f"Bearer {token}"
    if "pathParameters" in changed:
        committed = changed["pathParameters"]["userId"]
        changed = json.loads(json.dumps(changed).replace(committed, user_id))
    return changed


# In this process -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AS_COMMITTED)
def test_as_committed(api: Api, name: str) -> None:
    assert api.send(read_event(name)).status == AS_COMMITTED[name]


@pytest.mark.parametrize("name", ADMIN)
def test_of_an_administrator(admin: Api, name: str) -> None:
    user = admin.post("/api/users", {"name": "Linus", "email": "linus@example.com"}).json["data"]
    event = of_admin(read_event(name), admin.token, user["id"])
    assert admin.send(event).status == ADMIN[name]


def test_the_jobs(api: Api) -> None:
    for name in ROTATION:
        assert calls.load("jobs/rotate_signing_key").handler(read_event(name), None) is None
    version = read_event(ROTATION[0])["ClientRequestToken"]
    assert version in {key["kid"] for key in api.get("/.well-known/jwks.json").json["keys"]}
    # A mail that has left the outbox is not wanted any more.
    assert calls.load("jobs/deliver_email").handler(read_event(DELIVERY), None) == {"batchItemFailures": []}


# In Lambda's containers ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Lambda:
    """`sam local start-lambda`: runs a function with any event."""

    port: int

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", f"/2015-03-31/functions/{function}/invocations", json.dumps(event))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


@pytest.fixture(scope="module")
def functions(builds: Mapping[str, Build]) -> Mapping[str, str]:
    """The function for a folder."""
    return {str(path.relative_to(ROOT / "functions")): name for name, path in builds["default"].functions.items()}


@pytest.fixture(scope="module")
def start_lambda(sam: Sam, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lambda]:
    log = tmp_path_factory.mktemp("lambda") / "sam.log"
    with sam.serve("start-lambda", free_port(), log) as port:
        yield Lambda(port)


def request(backend: Backend, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Call the runner, which has the same data."""
    connection = http.client.HTTPConnection("127.0.0.1", backend.port, timeout=60)
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.status < 300, content
    return json.loads(content) if content else None


def folder(name: str) -> str:
    return str(Path(name).parent)


def event_file(name: str) -> Path:
    return ROOT / "events" / f"{name}.json"


@pytest.mark.docker
@pytest.mark.parametrize("name", AS_COMMITTED)
def test_sam_local_invoke(sam: Sam, functions: Mapping[str, str], name: str) -> None:
    answer = sam.invoke(functions[folder(name)], event_file(name))
    assert answer["statusCode"] == AS_COMMITTED[name], answer


@pytest.mark.docker
def test_sam_local_invoke_of_the_jobs(sam: Sam, functions: Mapping[str, str]) -> None:
    for name in ROTATION:
        assert sam.invoke(functions[folder(name)], event_file(name)) is None
    keys = json.loads(sam.invoke(functions["well_known/jwks"], event_file("well_known/jwks/get"))["body"])["keys"]
    assert read_event(ROTATION[0])["ClientRequestToken"] in {key["kid"] for key in keys}
    assert sam.invoke(functions[folder(DELIVERY)], event_file(DELIVERY)) == {"batchItemFailures": []}


@pytest.mark.docker
@pytest.mark.parametrize("name", ADMIN)
def test_in_a_container_of_an_administrator(
    backend: Backend, start_lambda: Lambda, functions: Mapping[str, str], name: str
) -> None:
    login = {"email": backend.admin_email, "password": backend.admin_password}
    token = request(backend, "POST", "/api/auth/login", login)["token"]
    invited = {"name": "Linus", "email": f"linus-{name.replace('/', '-')}@example.com"}
    user = request(backend, "POST", "/api/users", invited, token)["data"]
    answer = start_lambda.invoke(functions[folder(name)], of_admin(read_event(name), token, user["id"]))
    assert answer["statusCode"] == ADMIN[name], answer
