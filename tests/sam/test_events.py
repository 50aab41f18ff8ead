"""Every event in events/, as committed and as an administrator's: in this process and in Lambda's containers."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sam.conftest import Build, Client, Lambda, read_event
from tests.sam.containers import Backend, Sam
from tests.support import PASSWORD, ROOT, records
from tests.support import api as calls
from tests.support.accounts import ADMIN_EMAIL, member
from tests.support.api import Api
from tests.support.slow import in_make_thorough

# By event. `asCommitted` is the status of the event as it is; `fromAdmin`, if it needs a token, the status with a token
# of an administrator and the id of an existing user. A job has a result (`answer`) instead. Written by `make sync`.
FILE = ROOT / "events" / "expected.json"
EXPECTED: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
AS_COMMITTED, FROM_ADMIN, JOBS = (
    {name: expected[key] for name, expected in EXPECTED.items() if key in expected}
    for key in ("asCommitted", "fromAdmin", "answer")
)
# The steps of a rotation.
STEPS = ["create", "set", "test", "finish"]


def of_admin(event: Mapping[str, Any], token: str, user_id: str) -> dict[str, Any]:
    """Return the event with an administrator's token and, if it is about a user, with this user's id."""
    committed = event.get("pathParameters", {}).get("userId", user_id)
    changed: dict[str, Any] = json.loads(json.dumps(event).replace(committed, user_id))
    changed["headers"]["authorization"] = f"Bearer {token}"
    return changed


# In this process -----------------------------------------------------------------------------------


def names() -> list[str]:
    """Return the events, those of a job in order."""
    files = (str(file.relative_to(ROOT / "events").with_suffix("")) for file in (ROOT / "events").glob("*/**/*.json"))
    return sorted(
        files, key=lambda name: (folder(name), STEPS.index(step) if (step := Path(name).name) in STEPS else 0)
    )


def test_events_get_their_expected_results(reset_moto: Callable[[], None], api: Api) -> None:
    found: dict[str, dict[str, Any]] = {}
    for name in names():
        event = read_event(name)
        if "rawPath" not in event:
            found[name] = {"answer": calls.load(folder(name)).handler(event, calls.Context())}
            continue
        reset_moto()
        found[name] = {"asCommitted": api.send(event).status}
        # Not where the caller's password is sent, which is another one in containers.
        if "authorization" in event["headers"] and PASSWORD not in event.get("body", ""):
            admin = member(api, "Administrator", ADMIN_EMAIL, role="admin")
            user = admin.post("/api/users", {"name": "Linus", "email": "linus@example.com"}).json["data"]
            found[name]["fromAdmin"] = admin.send(of_admin(event, admin.token, user["id"])).status
    records.verify(FILE, found)


def test_rotation_events_publish_a_key(api: Api) -> None:
    for step in STEPS:
        calls.load("jobs/rotate_signing_key").handler(read_event(f"jobs/rotate_signing_key/{step}"), calls.Context())
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
    for name in names():
        if name in JOBS:
            assert invoke(sam, functions, name) == JOBS[name]
    keys = json.loads(invoke(sam, functions, "well_known/jwks/get")["body"])["keys"]
    assert rotated() in {key["kid"] for key in keys}


@pytest.mark.docker
@pytest.mark.parametrize(
    # Each takes seconds, and the container of each function has been tried above: `.ci/run` takes one of three.
    "name",
    [pytest.param(name, marks=in_make_thorough if number % 3 else []) for number, name in enumerate(FROM_ADMIN)],
)
def test_admin_event_gets_its_expected_status_in_a_container(
    backend: Backend, start_lambda: Lambda, functions: Mapping[str, str], name: str
) -> None:
    runner = Client(backend.port)
    admin = runner.signed_in(backend.admin_email, backend.admin_password)
    invited = {"name": "Linus", "email": f"linus-{name.replace('/', '-')}@example.com"}
    user = admin.call("POST", "/api/users", invited).json["data"]
    answer = start_lambda.invoke(functions[folder(name)], of_admin(read_event(name), admin.token, user["id"]))
    assert answer["statusCode"] == FROM_ADMIN[name], answer
