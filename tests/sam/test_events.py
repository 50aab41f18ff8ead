"""Every event in events/, as committed and as an administrator's: in this process and in Lambda's containers."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sam.conftest import Build, Client, Lambda, read_event
from tests.sam.containers import Backend, Sam
from tests.support import ROOT
from tests.support import api as calls
from tests.support.api import Api

# `asCommitted` is the status of the event as it is; `fromAdmin`, if it needs a token, the status with a token of an
# administrator and the id of an existing user. A job has a result (`answer`) instead; its steps are in order.
EXPECTED: dict[str, dict[str, Any]] = json.loads((ROOT / "events" / "expected.json").read_text())
AS_COMMITTED, FROM_ADMIN, JOBS = (
    {name: expected[key] for name, expected in EXPECTED.items() if key in expected}
    for key in ("asCommitted", "fromAdmin", "answer")
)


def test_every_event_has_an_expected_result() -> None:
    files = (ROOT / "events").glob("*/**/*.json")
    assert {str(file.relative_to(ROOT / "events").with_suffix("")) for file in files} == EXPECTED.keys()


def of_admin(event: Mapping[str, Any], token: str, user_id: str) -> dict[str, Any]:
    """Return the event with an administrator's token and, if it is about a user, with this user's id."""
    committed = event.get("pathParameters", {}).get("userId", user_id)
    changed: dict[str, Any] = json.loads(json.dumps(event).replace(committed, user_id))
    changed["headers"]["authorization"] = f"Bearer {token}"
    return changed


# In this process -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AS_COMMITTED)
def test_committed_event_gets_its_expected_status(api: Api, name: str) -> None:
    assert api.send(read_event(name)).status == AS_COMMITTED[name]


@pytest.mark.parametrize("name", FROM_ADMIN)
def test_admin_event_gets_its_expected_status(admin: Api, name: str) -> None:
    user = admin.post("/api/users", {"name": "Linus", "email": "linus@example.com"}).json["data"]
    event = of_admin(read_event(name), admin.token, user["id"])
    assert admin.send(event).status == FROM_ADMIN[name]


def test_job_events_get_their_expected_results(api: Api) -> None:
    for name, answer in JOBS.items():
        assert calls.load(folder(name)).handler(read_event(name), calls.Context()) == answer
    assert rotated() in {key["kid"] for key in api.get("/.well-known/jwks.json").json["keys"]}


def rotated() -> str:
    """Return the id of the key that the rotation events create."""
    version: str = read_event("jobs/rotate_signing_key/create")["ClientRequestToken"]
    return version


def folder(name: str) -> str:
    return str(Path(name).parent)


# In Lambda's containers ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def functions(builds: Mapping[str, Build]) -> Mapping[str, str]:
    """The function of each folder."""
    return {str(path.relative_to(ROOT / "functions")): name for name, path in builds["default"].functions.items()}


@pytest.fixture(scope="module")
def answers(sam: Sam, functions: Mapping[str, str]) -> Mapping[str, Any]:
    """The results of `sam local invoke` for the events as committed; two at a time, since each starts a container."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(AS_COMMITTED, pool.map(lambda name: invoke(sam, functions, name), AS_COMMITTED), strict=True))


def invoke(sam: Sam, functions: Mapping[str, str], name: str) -> Any:
    return sam.invoke(functions[folder(name)], ROOT / "events" / f"{name}.json")


@pytest.mark.docker
@pytest.mark.parametrize("name", AS_COMMITTED)
def test_committed_event_gets_its_expected_status_in_a_container(answers: Mapping[str, Any], name: str) -> None:
    assert answers[name]["statusCode"] == AS_COMMITTED[name], answers[name]


@pytest.mark.docker
def test_job_events_get_their_expected_results_in_containers(sam: Sam, functions: Mapping[str, str]) -> None:
    for name, answer in JOBS.items():
        assert invoke(sam, functions, name) == answer
    keys = json.loads(invoke(sam, functions, "well_known/jwks/get")["body"])["keys"]
    assert rotated() in {key["kid"] for key in keys}


@pytest.mark.docker
@pytest.mark.parametrize("name", FROM_ADMIN)
def test_admin_event_gets_its_expected_status_in_a_container(
    backend: Backend, start_lambda: Lambda, functions: Mapping[str, str], name: str
) -> None:
    runner = Client(backend.port)
    admin = runner.signed_in(backend.admin_email, backend.admin_password)
    invited = {"name": "Linus", "email": f"linus-{name.replace('/', '-')}@example.com"}
    user = admin.call("POST", "/api/users", invited).json["data"]
    answer = start_lambda.invoke(functions[folder(name)], of_admin(read_event(name), admin.token, user["id"]))
    assert answer["statusCode"] == FROM_ADMIN[name], answer
