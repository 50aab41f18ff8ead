"""Least privilege: each function's role allows exactly the AWS calls that its code makes.

The walks below call every endpoint and job; all AWS calls are recorded and compared with the roles in the template.
"""

import copy
import inspect
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from http import HTTPStatus
from typing import Any

import boto3
import pytest
import time_machine
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto.core.authorization import enable_iam_authentication
from samcli.yamlhelper import yaml_parse

from operations import privileges
from operations.privileges import Permissions
from operations.transformed import TEMPLATE, Template, references, resolve_conditions
from shared.core import aws, clock, config, tables
from shared.records import keys, outbox, proxy_keys
from shared.values import passwords
from tests.support import PASSWORD, accounts, faults, sendgrid
from tests.support.api import FUNCTIONS, Api, Inbox, deliver, entries, load, redrive, retry, routes
from tests.support.aws import forget_circuits
from tests.support.faults import Wire
from tests.support.feedback import bounce, complaint, receive
from tests.support.template import transformed_template

NO_RETRIES = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
NEW = "a rather different sentence"
TRANSACTION_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
# The attributes that functions which verify callers may write.
MARKED = {"userId", "sessionId", "used"}
# Lambda itself sends failed events to these queues, with the function's role.
USED_BY_LAMBDA = {("sqs:SendMessage", "UndeliveredEmailQueue"), ("sqs:SendMessage", "UnhandledFeedbackQueue")}


# Granted permissions -------------------------------------------------------------------------------


@cache
def stack(providers: str) -> Template:
    """Return the template of a stack with these email providers. Do not change it: it is cached."""
    return resolve_conditions(transformed_template(), MailProviders=providers)


@cache
def granted(providers: str = "ses") -> Permissions:
    """Return the permissions that the template grants to each function, by its folder."""
    declared = yaml_parse(TEMPLATE.read_text())["Resources"]
    return {
        declared[name]["Properties"]["CodeUri"].removeprefix("functions/"): permissions - USED_BY_LAMBDA
        for name, permissions in privileges.granted(stack(providers)).items()
    }


def differences(required: Permissions, allowed: Permissions) -> list[str]:
    """Describe each call that is not allowed, and each permission that is never used."""
    return [
        f"{folder} {problem}"
        for folder in sorted(required.keys() | allowed.keys())
        for problem in (
            *(f"calls {action} on {on}: not allowed" for action, on in sorted(required[folder] - allowed[folder])),
            *(f"may {action} on {on}: never called" for action, on in sorted(allowed[folder] - required[folder])),
        )
    ]


def statement_actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


# Recorded calls ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A call to AWS."""

    service: str
    operation: str
    params: dict[str, Any]


@pytest.fixture
def called(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[Call]]]:  # noqa: ARG001
    """The AWS calls that each function makes, by its folder."""
    calls: dict[str, list[Call]] = {}
    running: list[str] = []

    def handler(folder: str, original: Callable[..., Any], event: Any, context: Any) -> Any:
        running.append(folder)
        keys.memory.forget()  # a cold start makes the most calls
        try:
            return original(event, context)
        finally:
            running.pop()

    assert routes()
    for file in sorted(FUNCTIONS.glob("**/app.py")):
        folder = str(file.parent.relative_to(FUNCTIONS))
        module = load(folder)
        calls[folder] = []
        monkeypatch.setattr(module, "handler", partial(handler, folder, module.handler))

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        if running:
            calls[running[-1]].append(Call(model.service_model.service_name, model.name, copy.deepcopy(params)))

    clients = (aws.dynamodb(), aws.secretsmanager(), aws.sesv2(), aws.sqs())
    for client in clients:
        client.meta.events.register("provide-client-params", record, unique_id="permissions")
    yield calls
    for client in clients:
        client.meta.events.unregister("provide-client-params", record, unique_id="permissions")


def used(called: dict[str, list[Call]]) -> Permissions:
    """Return the permissions that these calls require, by folder."""
    return {
        folder: {permission for call in calls for permission in _actions(call.service, call.operation, call.params)}
        for folder, calls in called.items()
    }


def _actions(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if service != "dynamodb":
        on = params.get("SecretId") or params.get("QueueUrl") or "identity/*"
        yield f"{service.removesuffix('v2')}:{operation}", on
        if "ConfigurationSetName" in params:
            yield f"{service.removesuffix('v2')}:{operation}", f"configuration-set/{params['ConfigurationSetName']}"
        return
    if operation == "UpdateItem" and {*params["Key"], *params["ExpressionAttributeNames"].values()} == MARKED:
        yield "dynamodb:UpdateItem", f"{params['TableName']}{privileges.ONLY}{'+'.join(sorted(MARKED))}"
        return
    if operation != "TransactWriteItems":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        yield f"dynamodb:{operation}", params["TableName"] + index
        return
    for item in params["TransactItems"]:
        for verb, change in item.items():
            yield f"dynamodb:{TRANSACTION_ACTIONS[verb]}", change["TableName"]


def refused_by_moto(permissions: set[tuple[str, str]], calls: list[Call]) -> set[str]:
    """Repeat the calls with a role that has these permissions. Return the actions that moto's IAM refuses.

    moto compares resources only for SQS, and only the action for other services. Transactions are left out: moto checks
    an action TransactWriteItems, which AWS does not have.
    """
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:sqs:*:*:{on}" if action[:3] == "sqs" else "*"}
        for action, on in sorted(permissions)
    ]
    trust = {"Version": "2012-10-17", "Statement": []}
    with pytest.MonkeyPatch.context() as patch:
        # Functions may not call IAM, which is not in layers/shared/aws_services.py.
        patch.setattr(Loader, "load_service_model", inspect.unwrap(Loader.load_service_model))
        iam = boto3.client("iam")
    role = iam.create_role(RoleName="function", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_role_policy(RoleName="function", PolicyName="permissions", PolicyDocument=json.dumps(policy))
    assumed = boto3.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="function")["Credentials"]
    credentials = {
        "aws_access_key_id": assumed["AccessKeyId"],
        "aws_secret_access_key": assumed["SecretAccessKey"],
        "aws_session_token": assumed["SessionToken"],
    }
    # One call for each operation, and for each queue.
    distinct = {(call.service, call.operation, call.params.get("QueueUrl")): call for call in calls}
    client: Any = partial(boto3.client, config=NO_RETRIES, **credentials)
    clients = {service: client(service) for service in {call.service for call in calls}}
    refused = set()
    with enable_iam_authentication():
        for call in distinct.values():
            if call.operation == "TransactWriteItems":
                continue
            try:
                getattr(clients[call.service], xform_name(call.operation))(**call.params)
            except ClientError as error:
                # moto refuses with XML in every protocol, so only the HTTP status is reliable.
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.FORBIDDEN:
                    refused.add(f"{call.service}:{call.operation}")
    iam.delete_role_policy(RoleName="function", PolicyName="permissions")
    iam.delete_role(RoleName="function")
    return refused


# Tests ---------------------------------------------------------------------------------------------


def test_roles_allow_exactly_the_calls_that_are_made(
    called: dict[str, list[Call]], admin: Api, ada: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk_rotation()
    walk_registration(inbox)
    walk_sessions(ada, monkeypatch)
    walk_recovery(ada, inbox)
    walk_proxies(ada)
    walk_email_change(ada, inbox)
    walk_administration(admin, inbox)
    walk_forms(admin, inbox)
    walk_feedback(inbox)
    walk_delivery(inbox)
    walk_first_calls()
    found = differences(used(called), granted())
    assert not found, "\n".join(found)
    # Ask moto's IAM as well, about the same calls: the walks take too long to run twice.
    for folder, calls in called.items():
        assert refused_by_moto(granted()[folder], calls) == set(), folder


@pytest.mark.usefixtures("fake_aws")
def test_moto_refuses_calls_that_the_role_does_not_allow() -> None:
    calls = [
        Call("dynamodb", "Query", {"TableName": "UsersTable", "KeyConditionExpression": "id = :id"}),
        Call("secretsmanager", "GetSecretValue", {"SecretId": "SigningKeySecret"}),
        Call("sesv2", "SendEmail", {"Content": {}}),
        Call("sqs", "ReceiveMessage", {"QueueUrl": "UndeliveredEmailQueue"}),
    ]
    assert refused_by_moto(granted()["auth/me"], calls) == {
        "secretsmanager:GetSecretValue",
        "sesv2:SendEmail",
        "sqs:ReceiveMessage",
    }
    other_queue = {("sqs:ReceiveMessage", "UnhandledFeedbackQueue")}
    assert refused_by_moto(other_queue, calls[3:]) == {"sqs:ReceiveMessage"}


def test_missing_right_is_reported_with_function_action_and_resource() -> None:
    permissions = granted()
    missing = ("dynamodb:GetItem", "UsersTable")
    without = {**permissions, "auth/me": permissions["auth/me"] - {missing}}
    assert differences(permissions, without) == ["auth/me calls dynamodb:GetItem on UsersTable: not allowed"]


def test_unused_right_is_reported_with_function_action_and_resource() -> None:
    permissions = granted()
    spare = ("dynamodb:Query", "UsersTable/index/Newest")
    with_more = {**permissions, "health": permissions["health"] | {spare}}
    assert differences(permissions, with_more) == ["health may dynamodb:Query on UsersTable/index/Newest: never called"]


def test_only_functions_that_issue_tokens_read_the_signing_key() -> None:
    readers = {folder for folder, permissions in granted().items() for _, on in permissions if on == "SigningKeySecret"}
    issuers = {"login", "refresh", "reauthenticate", "change_password", "verify_email"}
    assert readers == {f"auth/{name}" for name in issuers} | {"jobs/rotate_signing_key"}


def test_only_its_rotation_reads_the_proxy_key() -> None:
    readers = {folder for folder, permissions in granted().items() for _, on in permissions if on == "ProxyKeySecret"}
    assert readers == {"jobs/rotate_proxy_key"}


def test_only_account_functions_and_email_jobs_access_credentials() -> None:
    folders = {folder for folder, permissions in granted().items() for _, on in permissions if on == "CredentialsTable"}
    jobs = {"jobs/deliver_email", "jobs/retry_emails", "jobs/suppress_address"}
    assert {folder for folder in folders if not folder.startswith(("auth/", "users/"))} == jobs
    assert "auth/me" not in folders


def test_no_right_has_a_wildcard_action_or_resource() -> None:
    for folder, permissions in granted("ses,sendgrid").items():
        for action, on in permissions:
            assert "*" not in action, (folder, action)
            # SES checks the identity of the sender and, in its sandbox, of the recipient, within this account.
            assert "*" not in on or on == "identity/*", (folder, action, on)


def test_permissions_boundary_allows_exactly_the_services_in_use() -> None:
    template = stack("ses,sendgrid")
    boundary = template["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = {action.partition(":")[0] for statement in boundary for action in statement_actions(statement)}
    in_use = {action.partition(":")[0] for permissions in granted("ses,sendgrid").values() for action, _ in permissions}
    assert in_use | {"logs", "xray"} == allowed
    for function in privileges.functions(template).values():
        role = template["Resources"][next(references(function["Role"]))]["Properties"]
        assert role["PermissionsBoundary"] == {"Ref": "FunctionBoundary"}


def test_privileges_page_matches_the_template() -> None:
    written = privileges.PAGE.read_text(encoding="utf-8")
    assert written == privileges.page(privileges.all_permissions()), "run `make privileges`"


@pytest.mark.parametrize("job", ["deliver_email", "retry_emails"])
def test_sendgrid_key_is_readable_only_where_sendgrid_is_used(
    called: dict[str, list[Call]], monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    key = ("secretsmanager:GetSecretValue", "SendGridKeySecret")
    assert granted("ses,sendgrid")[f"jobs/{job}"] - granted()[f"jobs/{job}"] == {key}
    aws.secretsmanager().put_secret_value(SecretId="SendGridKeySecret", SecretString=sendgrid.KEY)
    with sendgrid.serving() as server:
        monkeypatch.setenv("MAIL_PROVIDERS", "sendgrid")
        monkeypatch.setenv("SENDGRID_KEY_SECRET", "SendGridKeySecret")
        monkeypatch.setenv("SENDGRID_URL", server.url)
        config.settings.cache_clear()
        tables.write(outbox.sending("new_device", "ada@example.com", user_agent="Burner", ip="192.0.2.1"))
        deliver_by(job)
        assert len(server.accepted) == 1
    permissions = used(called)[f"jobs/{job}"]
    assert permissions <= granted("ses,sendgrid")[f"jobs/{job}"]
    assert key in permissions


# Walks ---------------------------------------------------------------------------------------------


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
    assert api.post("/api/auth/register", cyd).status == 202
    assert api.post("/api/auth/resend-verification", {"email": cyd["email"]}).status == 202
    proof = {"email": cyd["email"], "code": inbox.newest().code, "password": PASSWORD}
    assert api.post("/api/auth/verify-email", {**proof, "password": NEW}).status == 401
    for _ in range(2):
        assert api.post("/api/auth/verify-email", proof).status == 200
    hal = {**cyd, "email": "hal@example.com"}
    registered = api.post("/api/auth/register", hal).json["registration"]
    link = {"token": inbox.newest().token, "registration": registered}
    assert api.post("/api/auth/verify-email", link).status == 200
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
    device = api.post("/api/auth/login", login).json["device"]
    first = api.post("/api/auth/login", {**login, "device": device}).json["refreshToken"]
    assert Api(ip="198.51.100.1").post("/api/auth/refresh", {"refreshToken": first}).status == 200
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
    assert caller.post("/api/auth/reauthenticate", {"password": "wrong"}).status == 401
    assert caller.post("/api/auth/reauthenticate", {"password": NEW}).status == 200
    change = {"currentPassword": NEW, "newPassword": PASSWORD}
    assert caller.post("/api/auth/change-password", change).status == 200


def walk_proxies(api: Api) -> None:
    """Call each function that strangers use through a proxy, and rotate its key until the first one is removed."""
    for version in (f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)):
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret", "finishSecret"):
            load("jobs/rotate_proxy_key").handler(
                {"Step": step, "ClientRequestToken": version, "SecretId": "ProxyKeySecret"}, None
            )
    email = {"email": "nobody@example.com"}
    for path in ("forgot-password", "register", "resend-verification", "reset-password"):
        proxy_keys.memory.forget()
        api.post(f"/api/auth/{path}", email, x_proxy_key="wrong")


def walk_email_change(ada: Api, inbox: Inbox) -> None:
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
    assert caller.delete(me).status == 409
    caller.post("/api/auth/register", {"name": "Eve", "email": "dee2@example.com", "password": NEW})
    with time_machine.travel(clock.now() + 73 * clock.HOUR):
        caller = caller.signed_in("dee2@example.com", NEW)
        assert caller.delete(me).status == 204
    with time_machine.travel(clock.now() + 72 * clock.HOUR):
        # As if it had been written while the account was being closed.
        caller.post("/api/auth/register", {"name": "Eve", "email": "dee2@example.com", "password": NEW})
    with time_machine.travel(clock.now() + 73 * clock.HOUR):
        load("jobs/remove_closed_accounts").handler({}, None)
    with time_machine.travel(clock.now() + 74 * clock.HOUR):
        load("jobs/remove_closed_accounts").handler({}, None)


def walk_forms(admin: Api, inbox: Inbox) -> None:
    form = {"name": "Gil", "email": "gil@example.com", "message": "Hello"}
    assert Api().post("/api/contact", form, idempotency_key="k").status == 201
    assert admin.get("/api/contact").status == 200
    inbox.deliver()


def walk_feedback(inbox: Inbox) -> None:
    api, gus = Api(), {"name": "Gus", "email": "gus@example.com", "password": PASSWORD}
    receive(bounce(gus["email"]))
    registered = api.post("/api/auth/register", gus).json["registration"]
    link = {"token": inbox.newest().token, "registration": registered}
    assert api.post("/api/auth/verify-email", link).status == 200
    receive(complaint(gus["email"]))
    api.post("/api/auth/resend-verification", {"email": gus["email"]})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    api.post("/api/auth/forgot-password", {"email": gus["email"]})
    reset = {"token": inbox.newest().token, "password": NEW}
    receive(complaint(gus["email"]))
    assert api.post("/api/auth/reset-password", reset).status == 204


def walk_first_calls() -> None:
    """Call every function with tokens that a refresh has just brought, which the first call marks as used."""
    for number, (_, module) in enumerate(routes()):
        api = Api(ip=f"198.51.100.{number}")
        path = module.api.path.replace("{", "").replace("}", "")
        for method in module.api.methods:
            login = api.post("/api/auth/login", {"email": accounts.ADMIN_EMAIL, "password": PASSWORD}).json
            refreshed = api.post("/api/auth/refresh", {"refreshToken": login["refreshToken"]}).json
            assert api.with_token(refreshed["token"]).call(method, path, {}).status < HTTPStatus.INTERNAL_SERVER_ERROR


def walk_delivery(inbox: Inbox) -> None:
    """Deliver emails with and without an account and a token, until the circuit of SES opens, and after it closes."""
    for job in ("deliver_email", "retry_emails"):
        for kind in ("recovery", "password_changed", "invitation"):
            tables.write(outbox.sending(kind, "nobody@example.com"))
        Api().post("/api/auth/register", {"name": "Gus", "email": f"{job}.forgetful@example.com", "password": PASSWORD})
        tables.write(outbox.sending("recovery", f"{job}.forgetful@example.com"))
        tables.write(outbox.sending("recovery", "gus@example.com"))
        tables.write(outbox.sending("email_changed", "gus@example.com", userId=str(uuid.uuid4()), version="1"))
        Api().post("/api/auth/register", {"name": "Gus", "email": f"{job}@example.com", "password": PASSWORD})
        receive(bounce(f"{job}.bounces@example.com"))
        Api().post("/api/auth/register", {"name": "Gus", "email": f"{job}.bounces@example.com", "password": PASSWORD})
        Api().post("/api/contact", {"name": "Gil", "email": "gil@example.com", "message": "Hello"})
        digest = {"form": "contact", "hour": clock.timestamp()[:13]}
        tables.write(outbox.sending("submission_digest", "contact@example.com", **digest))
        deliver_by(job)
        wire = Wire()
        wire.fail(faults.read_timeout, on="SendEmail")
        for _ in range(5):
            tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
        deliver_by(job)
        wire.close()
        with time_machine.travel(clock.now() + 3600):
            tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
            deliver_by(job)
    tables.write(outbox.sending("new_device", "gus@example.com", user_agent="Burner", ip="192.0.2.1"))
    wire = Wire()
    wire.fail(faults.error("MessageRejected"), on="SendEmail")
    inbox.deliver()
    wire.close()
    aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody="a failure record of the stream")
    assert redrive()["batches"] == 1


def deliver_by(job: str) -> None:
    """Deliver the waiting emails with one of the two jobs, after a cold start."""
    forget_circuits()
    if job == "deliver_email":
        deliver(*entries())
        return
    with time_machine.travel(clock.now() + 120):
        retry()
