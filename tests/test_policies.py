"""Each function's policy in the template holds what its code calls, and no more: all paths are walked and compared."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import time_machine
from samcli.yamlhelper import yaml_parse

from shared import aws, clock, keys, outbox, passwords, tables
from tests.api import FUNCTIONS, Api, Inbox, load, routes
from tests.conftest import PASSWORD
from tests.feedback import bounce, complaint, receive

ROOT = Path(__file__).parent.parent
NEW = "a rather different sentence"
Rights: TypeAlias = dict[str, set[tuple[str, str]]]
IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def granted() -> Rights:
    """Give each function's actions and what they are allowed on, by the name of its folder."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): {
            (action, _named(statement["Resource"]))
            for policy in resource["Properties"].get("Policies", [])
            for statement in _statements(policy, resources)
            for action in _listed(statement["Action"])
        }
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def _statements(policy: dict[str, Any], resources: dict[str, Any]) -> list[dict[str, Any]]:
    if "Ref" in policy:
        statements: list[dict[str, Any]] = resources[policy["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
        return statements
    return list(policy["Statement"])


def _named(resource: dict[str, Any]) -> str:
    match resource:
        case {"Fn::GetAtt": [name, _]} | {"Fn::GetAtt": str(name)} | {"Ref": name}:
            return str(name).removesuffix(".Arn")
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "").replace("}", "").rpartition(":")[2]
    raise AssertionError(resource)


def _listed(action: str | list[str]) -> list[str]:
    return [action] if isinstance(action, str) else action


@pytest.fixture
def used(cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rights]:  # noqa: ARG001  # what is called
    """What each function has called since, by the name of its folder."""
    rights: Rights = {}
    running: list[str] = []

    def handler(folder: str, original: Callable[..., Any], event: Any, context: Any) -> Any:
        running.append(folder)
        keys.memory.forget()  # a container that has just been started reads most
        try:
            return original(event, context)
        finally:
            running.pop()

    assert routes()
    for file in sorted(FUNCTIONS.glob("**/app.py")):
        folder = str(file.parent.relative_to(FUNCTIONS))
        module = load(folder)
        rights[folder] = set()
        monkeypatch.setattr(module, "handler", partial(handler, folder, module.handler))

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if running:
            rights[running[-1]].update(_actions(model.service_model.service_name, model.name, params))

    clients = (aws.dynamodb(), aws.secretsmanager(), aws.sesv2())
    for client in clients:
        client.meta.events.register("provide-client-params", note, unique_id="rights")
    yield rights
    for client in clients:
        client.meta.events.unregister("provide-client-params", note, unique_id="rights")


def _actions(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if service != "dynamodb":
        yield f"{service.removesuffix('v2')}:{operation}", params.get("SecretId", "identity/*")
        if "ConfigurationSetName" in params:
            yield f"{service.removesuffix('v2')}:{operation}", f"configuration-set/{params['ConfigurationSetName']}"
        return
    if operation != "TransactWriteItems":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", params["TableName"] + index
        return
    for item in params["TransactItems"]:
        for verb, change in item.items():
            yield f"dynamodb:{IN_TRANSACTION[verb]}", change["TableName"]


def test_policies_hold_what_is_called_and_no_more(
    used: Rights, admin: Api, ada: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk_rotation()
    walk_registration(inbox)
    walk_sessions(ada, monkeypatch)
    walk_recovery(ada, inbox)
    walk_change_of_address(ada, inbox)
    walk_administration(admin, inbox)
    walk_forms(admin, inbox)
    walk_feedback(inbox)
    for kind in ("verification", "password_changed"):
        tables.write(outbox.sending(kind, "nobody@example.com"))
    inbox.deliver()
    for folder, rights in granted().items():
        assert sorted(used[folder]) == sorted(rights), folder


def walk_rotation() -> None:
    rotation = load("jobs/rotate_signing_key")
    for version in ("b", "c"):
        for step in rotation.STEPS:
            rotation.handler(
                {"Step": step, "ClientRequestToken": f"00000000-0000-4000-8000-00000000000{version}"}, None
            )


def walk_registration(inbox: Inbox) -> None:
    api, cyd = Api(), {"name": "Cyd", "email": "cyd@example.com", "password": PASSWORD}
    api.get("/api/health")
    api.get("/.well-known/jwks.json")
    for _ in range(2):
        assert api.post("/api/auth/register", cyd).status == 202
    assert api.post("/api/auth/resend-verification", {"email": cyd["email"]}).status == 202
    proof = {"email": cyd["email"], "code": inbox.newest().code}
    assert api.post("/api/auth/login", cyd).status == 403
    assert api.post("/api/auth/verify-email", proof).status == 200
    assert api.post("/api/auth/register", cyd).status == 202
    inbox.deliver()


def walk_sessions(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api, login = Api(), {"email": "ada@example.com", "password": PASSWORD}
    assert api.post("/api/auth/login", {**login, "password": "wrong"}).status == 401
    monkeypatch.setattr(passwords, "COST", 5)
    first = api.post("/api/auth/login", login, user_agent="Burner/1.0").json["refreshToken"]
    token = first
    for _ in range(2):
        token = api.post("/api/auth/refresh", {"refreshToken": token}).json["refreshToken"]
    assert api.post("/api/auth/refresh", {"refreshToken": first}).json["code"] == "refresh_token_reused"
    other = api.signed_in("ada@example.com", PASSWORD)
    session = other.get("/api/auth/me").json["data"]["session"]["id"]
    assert ada.delete(f"/api/auth/sessions/{session}").status == 204
    for scope in ("local", "others", "global"):
        caller = api.signed_in("ada@example.com", PASSWORD)
        api.signed_in("ada@example.com", PASSWORD)
        assert caller.post("/api/auth/logout", {"scope": scope}).status == 204


def walk_recovery(ada: Api, inbox: Inbox) -> None:
    api = Api()
    api.post("/api/auth/forgot-password", {"email": "ada@example.com"})
    body = {"token": inbox.newest().token, "password": NEW}
    api.signed_in("ada@example.com", PASSWORD)
    assert api.post("/api/auth/reset-password", body).status == 204
    assert ada.get("/api/auth/me").status == 401
    caller = api.signed_in("ada@example.com", NEW)
    api.signed_in("ada@example.com", NEW)
    change = {"currentPassword": NEW, "newPassword": PASSWORD}
    assert caller.post("/api/auth/change-password", change).status == 204


def walk_change_of_address(ada: Api, inbox: Inbox) -> None:
    ada = ada.signed_in("ada@example.com", PASSWORD)
    for taken in ("cyd@example.com", "countess@example.com"):
        assert ada.post("/api/auth/change-email", {"newEmail": taken, "password": PASSWORD}).status == 202
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert ada.get("/api/auth/activity").status == ada.get("/api/auth/sessions").status == 200
    assert ada.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    inbox.deliver()


def walk_administration(admin: Api, inbox: Inbox) -> None:
    dee = {"name": "Dee", "email": "dee@example.com", "role": "admin"}
    assert admin.post("/api/users", dee, idempotency_key="k").status == 201
    invited = {"token": inbox.newest().token, "password": NEW}
    assert admin.post("/api/auth/reset-password", invited).status == 204
    eve = admin.post("/api/users", {**dee, "email": "eve@example.com"}).json["data"]["id"]
    admin.delete(f"/api/users/{eve}")
    assert admin.get("/api/users").status == admin.get("/api/users?email=dee@example.com").status == 200
    caller = admin.signed_in("dee@example.com", NEW)
    me = f"/api/users/{caller.get('/api/auth/me').json['data']['user']['id']}"
    assert caller.get(me).status == caller.patch(me, {"name": "D"}).status == 200
    caller.post("/api/auth/change-email", {"newEmail": "dee2@example.com", "password": NEW})
    caller.post("/api/auth/verify-email", {"token": inbox.newest().token})
    inbox.deliver()
    assert admin.patch(me, {"role": "user"}).status == 200
    unverified = {"name": "Fay", "email": "fay@example.com", "password": PASSWORD}
    admin.post("/api/auth/register", unverified)
    (fay,) = admin.get("/api/users?email=fay@example.com").json["data"]
    assert admin.patch(f"/api/users/{fay['id']}", {"role": "admin"}).status == 200
    with time_machine.travel(clock.now() + 60):
        assert caller.delete(me).status == 204


def walk_forms(admin: Api, inbox: Inbox) -> None:
    form = {"name": "Gil", "email": "gil@example.com", "message": "Hello"}
    assert Api().post("/api/contact", form, idempotency_key="k").status == 201
    assert admin.get("/api/contact").status == 200
    inbox.deliver()


def walk_feedback(inbox: Inbox) -> None:
    api, gus = Api(), {"name": "Gus", "email": "gus@example.com", "password": PASSWORD}
    receive(bounce(gus["email"]))
    api.post("/api/auth/register", gus)
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    receive(complaint(gus["email"]))
    api.post("/api/auth/resend-verification", {"email": gus["email"]})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    api.post("/api/auth/forgot-password", {"email": gus["email"]})
    reset = {"token": inbox.newest().token, "password": NEW}
    receive(complaint(gus["email"]))
    assert api.post("/api/auth/reset-password", reset).status == 204
