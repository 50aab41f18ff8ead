"""Least privilege: what roles may never allow, and how the tests compare roles with calls (tests/support/rights.py)."""

import inspect
import json
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto.core.authorization import enable_iam_authentication

from operations import privileges
from operations.transformed import references
from shared.core import aws, config, tables
from shared.records import outbox
from tests.support import ROOT, rights, sendgrid
from tests.support.api import Api, Context, load
from tests.support.aws import deliver_by
from tests.support.rights import ALL_PROVIDERS, Call, Use, collecting, granted, permissions_of, stack

FOLDERS = sorted({str(file.parent.relative_to(ROOT / "events")) for file in (ROOT / "events").glob("*/**/*.json")})
NO_RETRIES = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def statement_actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


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


@pytest.mark.parametrize("folder", FOLDERS)
def test_moto_allows_the_calls_of_every_event(admin: Api, folder: str) -> None:
    """A second opinion on how a role's statements are read."""
    with collecting() as calls:
        for file in sorted((ROOT / "events" / folder).glob("*.json"), key=_step):
            event = json.loads(file.read_text())
            if "headers" in event:
                event["headers"]["authorization"] = f"Bearer {admin.token}"
            load(folder).handler(event, Context())
    assert refused_by_moto(granted()[folder], calls.get(folder, [])) == set()


def _step(file: Path) -> int:
    """Return the place of a rotation's step; other events have no order."""
    steps = ["create", "set", "test", "finish"]
    return steps.index(file.stem) if file.stem in steps else 0


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


def test_call_that_the_role_does_not_allow_fails_the_test(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "USED", set())
    monkeypatch.setattr(rights, "granted", lambda _: {"health": set()})
    with pytest.raises(AssertionError, match="health may dynamodb:Query on PublicKeysTable: its role does not"):
        api.get("/api/health")


def test_right_that_no_test_uses_is_reported_with_function_action_and_resource() -> None:
    used = {Use(folder, *permission) for folder, own in granted(ALL_PROVIDERS).items() for permission in own}
    missing = Use("auth/me", "dynamodb:GetItem", "UsersTable")
    assert rights.unused(used) == []
    assert rights.unused(used - {missing}) == [missing]
    assert str(missing) == "auth/me may dynamodb:GetItem on UsersTable"


def test_only_functions_that_issue_tokens_read_the_signing_key() -> None:
    readers = {folder for folder, permissions in granted().items() for _, on in permissions if on == "SigningKeySecret"}
    issuers = {
        "login/index",
        "login/email/verify",
        "login/passkey/index",
        "mfa",
        "oauth/token",
        "oauth/by_id/id_token",
        "refresh",
        "reauthenticate",
        "change_password",
        "verify_email",
    }
    assert readers == {f"auth/{name}" for name in issuers} | {"jobs/rotate_signing_key"}


def test_only_functions_that_seal_or_verify_factors_read_their_key() -> None:
    readers = {folder for folder, permissions in granted().items() for _, on in permissions if on == "FactorKeySecret"}
    verifiers = {"mfa", "reauthenticate", "factors/index", "factors/by_id", "recovery_codes", "oauth/by_id/id_token"}
    passkeys = {f"{folder}/{part}" for folder in ("passkeys", "login/passkey") for part in ("index", "options")}
    assert readers == {f"auth/{name}" for name in verifiers | passkeys}


def test_only_its_rotation_reads_the_proxy_key() -> None:
    readers = {folder for folder, permissions in granted().items() for _, on in permissions if on == "ProxyKeySecret"}
    assert readers == {"jobs/rotate_proxy_key"}


def test_only_account_functions_and_email_jobs_access_credentials() -> None:
    folders = {folder for folder, permissions in granted().items() for _, on in permissions if on == "CredentialsTable"}
    jobs = {"jobs/deliver_email", "jobs/retry_emails", "jobs/suppress_address"}
    assert {folder for folder in folders if not folder.startswith(("auth/", "users/"))} == jobs
    assert "auth/me" not in folders


def test_no_right_has_a_wildcard_action_or_resource() -> None:
    for folder, permissions in granted(ALL_PROVIDERS).items():
        for action, on in permissions:
            assert "*" not in action, (folder, action)
            # SES checks the identity of the sender and, in its sandbox, of the recipient, within this account. Files in
            # the bucket have random names.
            assert "*" not in on or on in {"identity/*", "ExportsBucket/*"}, (folder, action, on)


def test_permissions_boundary_allows_exactly_the_services_in_use() -> None:
    template = stack(ALL_PROVIDERS)
    boundary = template["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = {action.partition(":")[0] for statement in boundary for action in statement_actions(statement)}
    in_use = {action.partition(":")[0] for permissions in granted(ALL_PROVIDERS).values() for action, _ in permissions}
    assert in_use | {"logs", "xray"} == allowed
    for function in privileges.functions(template).values():
        role = template["Resources"][next(references(function["Role"]))]["Properties"]
        assert role["PermissionsBoundary"] == {"Ref": "FunctionBoundary"}


@pytest.mark.parametrize("job", ["deliver_email", "retry_emails"])
@pytest.mark.usefixtures("fake_aws", "services_on_loopback")
def test_sendgrid_key_is_readable_only_where_sendgrid_is_used(monkeypatch: pytest.MonkeyPatch, job: str) -> None:
    key = ("secretsmanager:GetSecretValue", "SendGridKeySecret")
    assert granted(ALL_PROVIDERS)[f"jobs/{job}"] - granted()[f"jobs/{job}"] == {key}
    aws.secretsmanager().put_secret_value(SecretId="SendGridKeySecret", SecretString=sendgrid.KEY)
    with sendgrid.serving() as server, collecting() as calls:
        monkeypatch.setenv("MAIL_PROVIDERS", "sendgrid")
        monkeypatch.setenv("SENDGRID_KEY_SECRET", "SendGridKeySecret")
        monkeypatch.setenv("SENDGRID_URL", server.url)
        config.settings.cache_clear()
        tables.write(outbox.sending("new_device", "ada@example.com", user_agent="Burner", ip="192.0.2.1"))
        deliver_by(job)
        assert len(server.accepted) == 1
    used = {permission for call in calls[f"jobs/{job}"] for permission in permissions_of(call)}
    assert used <= granted(ALL_PROVIDERS)[f"jobs/{job}"]
    assert key in used
