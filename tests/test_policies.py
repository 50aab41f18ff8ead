"""Each function's policy in the template holds what its code calls, and no more: all paths are walked and compared."""

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import time_machine
from samcli.yamlhelper import yaml_parse

from shared import aws, clock, config, keys, outbox, passwords, tables
from tests import faults, sendgrid
from tests.api import FUNCTIONS, Api, Inbox, deliver, entries, load, redrive, retry, routes
from tests.conftest import PASSWORD, forget_circuits
from tests.faults import Wire

ROOT = Path(__file__).parent.parent
NEW = "a rather different sentence"
Rights: TypeAlias = dict[str, set[tuple[str, str]]]
IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def granted(*conditions: str) -> Rights:
    """Give each function's actions and what they are allowed on where these hold, by the name of its folder."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): {
            (action, _named(statement["Resource"]))
            for policy in resource["Properties"].get("Policies", [])
            for declared in _statements(policy, resources)
            if (statement := _chosen(declared, conditions)) is not None
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


def _chosen(statement: dict[str, Any], conditions: tuple[str, ...]) -> dict[str, Any] | None:
    """Give what an `!If` comes to, which is None where that is `AWS::NoValue`."""
    if "Fn::If" not in statement:
        return statement
    condition, then, otherwise = statement["Fn::If"]
    chosen: dict[str, Any] = then if condition in conditions else otherwise
    return None if chosen == {"Ref": "AWS::NoValue"} else chosen


def _named(resource: dict[str, Any]) -> str:
    match resource:
        case {"Fn::GetAtt": [name, _]} | {"Fn::GetAtt": str(name)} | {"Ref": name}:
            return str(name).removesuffix(".Arn")
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "").rpartition(":")[2]
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

    clients = (aws.dynamodb(), aws.secretsmanager(), aws.sesv2(), aws.sqs())
    for client in clients:
        client.meta.events.register("provide-client-params", note, unique_id="rights")
    yield rights
    for client in clients:
        client.meta.events.unregister("provide-client-params", note, unique_id="rights")


def _actions(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if service != "dynamodb":
        on = params.get("SecretId") or params.get("QueueUrl") or "identity/*"
        yield f"{service.removesuffix('v2')}:{operation}", on
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
    walk_delivery(inbox)
    for folder, rights in granted().items():
        assert sorted(used[folder]) == sorted(rights), folder


@pytest.mark.parametrize("job", ["deliver_email", "retry_emails"])
def test_where_sendgrid_is_used_its_key_may_be_read(used: Rights, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    key = ("secretsmanager:GetSecretValue", "SendGridKeySecret")
    assert granted("UsesSendGrid")[f"jobs/{job}"] - granted()[f"jobs/{job}"] == {key}
    aws.secretsmanager().put_secret_value(SecretId="SendGridKeySecret", SecretString=sendgrid.KEY)
    with sendgrid.serving() as server:
        monkeypatch.setenv("MAIL_PROVIDERS", "sendgrid")
        monkeypatch.setenv("SENDGRID_KEY_SECRET", "SendGridKeySecret")
        monkeypatch.setenv("SENDGRID_URL", server.url)
        config.settings.cache_clear()
        tables.write(outbox.sending("new_device", "ada@example.com", user_agent="Burner", ip="192.0.2.1"))
        deliver_by(job)
        assert len(server.taken) == 1
    assert used[f"jobs/{job}"] <= granted("UsesSendGrid")[f"jobs/{job}"]
    assert key in used[f"jobs/{job}"]


def deliver_by(job: str) -> None:
    """Have one of the two jobs deliver what waits, from a container that has just been started."""
    forget_circuits()
    if job == "deliver_email":
        deliver(*entries())
        return
    with time_machine.travel(clock.now() + 120):
        retry()


def walk_delivery(inbox: Inbox) -> None:
    """Deliver mails with and without an account and a token, until SES is left alone, and after it is asked again."""
    for job in ("deliver_email", "retry_emails"):
        for kind in ("verification", "password_changed", "invitation"):
            tables.write(outbox.sending(kind, "nobody@example.com"))
        tables.write(outbox.sending("email_changed", "gus@example.com", userId=str(uuid.uuid4()), version="1"))
        Api().post("/api/auth/register", {"name": "Gus", "email": f"{job}@example.com", "password": PASSWORD})
        deliver_by(job)
        wire = Wire()
        wire.fails(faults.no_answer, on="SendEmail")
        for _ in range(5):
            tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
        deliver_by(job)
        wire.close()
        with time_machine.travel(clock.now() + 3600):
            tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
            deliver_by(job)
    tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
    wire = Wire()
    wire.fails(faults.error("MessageRejected"), on="SendEmail")
    inbox.deliver()
    wire.close()
    aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody="a note of the stream")
    assert redrive()["notes"] == 1


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
