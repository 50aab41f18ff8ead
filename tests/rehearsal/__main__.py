"""A rehearsal of a deployment (`make rehearse`): real `sam build` and `sam deploy`, calls, updates, on MiniStack.

docs/rehearsal.md tells what it shows and what it cannot.
"""

import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

import operations.stack
from operations import admin
from tests.rehearsal import stack as stacks
from tests.rehearsal import walk
from tests.rehearsal.cloud import Cloud, find_lambda, running
from tests.rehearsal.stack import FUNCTION, LAYER, TABLE, Build, Stack, build
from tests.rehearsal.steps import RehearsalError, note, step
from tests.rehearsal.walk import Api, check

ADA, ADMIN = "ada.rehearsal@example.com", "admin@example.com"
_ROTATION_PATIENCE = 60.0


def main() -> int:
    """Rehearse; give 0, or 1 when something was not as it should be."""
    # Ended from outside, it clears up as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = time.monotonic()
    print("Rehearsing a deployment on this machine: real SAM CLI, MiniStack for AWS.")
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        try:
            rehearse(Path(folder))
        except RehearsalError as problem:
            print(f"\nSeen: {problem}\n\nNext: {problem.todo}", file=sys.stderr)
            return 1
    print(f"\nAll of it is as it should be, after {time.monotonic() - start:.0f} s.")
    return 0


def rehearse(scratch: Path) -> None:
    """Build, deploy, call, update, delete."""
    functions = find_lambda()
    if functions.runs_layer:
        note(f"Functions run with {functions.python} and the layer as built, nothing else.")
    else:
        note("There is no Python 3.13 for Linux here: functions run with this environment's Python and packages,")
        note("and only `shared` of the layer. Whether the layer's packages are complete shows `make test-docker`.")
    with step("sam build"):
        built = build(scratch / "build", functions)
    with running(scratch, functions) as cloud:
        try:
            on(
                cloud,
                built,
                {"Architecture": functions.architecture, "CorsOrigins": f"https://example.com,{walk.ORIGIN}"},
            )
        except RehearsalError as problem:
            raise RehearsalError(f"{problem}\n\n{failures(cloud)}", problem.todo) from problem


def on(cloud: Cloud, built: Build, parameters: dict[str, str]) -> None:
    """Deploy to this AWS, and go on from there."""
    template = built.parsed()
    sender = template["Parameters"]["MailFrom"]["Default"]
    cloud.client("sesv2").create_email_identity(EmailIdentity=sender)
    stack = Stack(cloud, built, parameters)
    with step("sam deploy: everything is created"):
        stack.deploy()
    api = Api(cloud, stack.api_id)
    with step("the first signing key, made by its rotation"):
        first_key(stack, api)
    with step("every event of events/ at the deployed address"):
        walk.events(api)
    with step("405, 404, 400, 401, 415, CORS"):
        walk.refusals(api)
    with step("register, mail through the outbox's stream, verify, login, me, refresh, logout"):
        ada = walk.join(api, ADA)
    with step("users, by an administrator"):
        password = secrets.token_urlsafe(12)
        make_admin(stack, ADMIN, password)
        walk.administer(api.signed_in(ADMIN, password))
    with step("without its role's policy, a function is refused"):
        roles_count(stack, api)
    with step("sam deploy: a changed layer reaches every function"):
        change_layer(stack, api)
        ada.call("GET", "/api/auth/me").expect(200)
    with step("a change of tags, TTL and parameters replaces no table and loses nothing"):
        change_tables(stack)
        ada.call("GET", "/api/auth/me").expect(200)
        api.signed_in(ADA)
    with step("a change of a key would: the plan says so"):
        change_key(stack)
    with step("the stack deleted: what must not be lost is still there"):
        delete(stack, template)


def first_key(stack: Stack, api: Api) -> None:
    """Wait for the rotation that the deployment has started: its version is current, and its public half published."""
    secret = stack.resources()["SigningKeySecret"]
    deadline = time.monotonic() + _ROTATION_PATIENCE
    while time.monotonic() < deadline:
        keys = api.call("GET", "/.well-known/jwks.json").expect(200).json["keys"]
        versions = stack.cloud.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
        if [key["kid"] for key in keys] == [current]:
            return
        time.sleep(0.2)
    raise RehearsalError("The rotation has made no key.", "The log of RotateSigningKeyFunction is below.")


def make_admin(stack: Stack, email: str, password: str) -> None:
    """Make an administrator as `make admin` does."""
    os.environ.update(stack.cloud.environment, ADMIN_PASSWORD=password)
    admin.main(operations.stack.Stack("rehearsal", stacks.NAME, stack.parameters, stack.build.folder), email)


def roles_count(stack: Stack, api: Api) -> None:
    """Take a function's policy away for a moment."""
    iam = stack.cloud.client("iam")
    role = stack.resources("AWS::IAM::Role")["HealthFunctionRole"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    api.call("GET", "/api/health").expect(500)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    api.call("GET", "/api/health").expect(200)


def change_layer(stack: Stack, api: Api) -> None:
    """Deploy a layer that has another version of `shared`: every function runs with it, and one says so."""
    before = set(stack.resources(LAYER).values())
    version = api.call("GET", "/api/health").expect(200).json["data"]["version"]
    stack.build.change_layer(f'"{version}"', f'"{version}+rehearsal"')
    stack.deploy()
    (layer,) = stack.resources(LAYER).values()
    check(that=layer not in before, seen=f"The layer is still {layer}.")
    everywhere(stack, layer, lambda configuration: [used["Arn"] for used in configuration["Layers"]] == [layer])
    told = api.call("GET", "/api/health").expect(200).json["data"]["version"]
    check(that=told == f"{version}+rehearsal", seen=f"/api/health still runs version {told} of the layer.")


def change_tables(stack: Stack) -> None:
    """Plan and carry out what an operator may change at any time."""
    names = set(stack.resources(TABLE))

    def change(template: dict[str, Any]) -> None:
        for name in names:
            properties = template["Resources"][name]["Properties"]
            properties["Tags"] = [{"Key": "rehearsal", "Value": "yes"}]
            if "TimeToLiveSpecification" in properties:
                properties["TimeToLiveSpecification"]["Enabled"] = False

    stack.build.change_template(change)
    plan = stack.plan(LogLevel="DEBUG")
    check(that=not plan.lost(TABLE), seen=f"The plan replaces {', '.join(sorted(plan.lost(TABLE)))}.")
    check(that=plan.changed(TABLE) == names, seen=f"The plan changes {sorted(plan.changed(TABLE))}, not all tables.")
    check(that=bool(plan.changed(FUNCTION)), seen="The plan gives no function the new parameter.")
    before = stack.resources(TABLE)
    stack.execute(plan)
    check(that=stack.resources(TABLE) == before, seen=f"{before} became {stack.resources(TABLE)}.")
    everywhere(stack, "the parameter", lambda used: used["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG")


def everywhere(stack: Stack, what: str, has: Callable[[dict[str, Any]], bool]) -> None:
    """See to it that what was changed has reached every function, as its callers reach it."""
    left = sorted(name for name, configuration in stack.configurations().items() if not has(configuration))
    if left:
        raise RehearsalError(
            f"{what} has not reached {', '.join(left)}: those who call get what was there before.",
            "If functions are called by an alias, see that SAM publishes a version for every change.",
        )


def change_key(stack: Stack) -> None:
    """Prove that a plan tells of a table that would be replaced; it is not carried out."""
    template = stack.template()
    table = template["Resources"]["CredentialsTable"]["Properties"]
    table["AttributeDefinitions"][0]["AttributeName"] = table["KeySchema"][0]["AttributeName"] = "address"
    lost = stack.plan_of(template).lost(TABLE)
    check(that=lost == {"CredentialsTable"}, seen=f"The plan tells of {lost or 'no table'} to be replaced.")


def delete(stack: Stack, template: dict[str, Any]) -> None:
    """Delete the stack; what the template retains is there with its items, and all else is gone."""
    before = {name: (kind, stack.resources(kind)) for kind in KEPT for name in stack.resources(kind)}
    retained = {name for name in before if template["Resources"][name].get("DeletionPolicy") == "Retain"}
    users = stack.resources(TABLE)["UsersTable"]
    stack.delete()
    there = {kind: list_all(stack.cloud) for kind, list_all in KEPT.items()}
    left = {name for name, (kind, ids) in before.items() if ids[name].rpartition("/")[2] in there[kind]}
    check(that=left == retained, seen=f"After the deletion there are {sorted(left)}, and not {sorted(retained)}.")
    check(that=not functions_of(stack.cloud), seen="After the deletion there are functions.")
    count = stack.cloud.client("dynamodb").scan(TableName=users, Select="COUNT")["Count"]
    check(that=count > 1, seen=f"After the deletion there are {count} users in {users}.")


def tables_of(cloud: Cloud) -> list[str]:
    return list(cloud.client("dynamodb").list_tables()["TableNames"])


def secrets_of(cloud: Cloud) -> list[str]:
    return [secret["ARN"] for secret in cloud.client("secretsmanager").list_secrets()["SecretList"]]


def queues_of(cloud: Cloud) -> list[str]:
    # A queue's physical id is its address, whose host is written in more than one way.
    return [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues().get("QueueUrls", ())]


def functions_of(cloud: Cloud) -> list[str]:
    return [function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]]


# The types of resources that may be retained, and how to list them by their physical ids.
KEPT = {TABLE: tables_of, "AWS::SecretsManager::Secret": secrets_of, "AWS::SQS::Queue": queues_of}


def failures(cloud: Cloud) -> str:
    """Give what CloudFormation could not do, what functions have logged of failures, and the end of MiniStack's log."""
    logs = cloud.client("logs")
    logged = [
        f"{group['logGroupName']}: {event['message'].strip()}"
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        if '"level": "ERROR"' in event["message"] or "Traceback" in event["message"]
    ]
    return "\n".join([*refused(cloud), *logged[-3:], "MiniStack's log ends so:", cloud.logged()])


def refused(cloud: Cloud) -> list[str]:
    """Give what CloudFormation could not do, and why."""
    pages = cloud.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stacks.NAME)
    try:
        return [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
            for page in pages
            for event in page["StackEvents"]
            if event["ResourceStatus"].endswith("_FAILED")
        ]
    except ClientError:
        return []


if __name__ == "__main__":
    sys.exit(main())
