"""`make rehearse`: deploy to MiniStack with the real SAM CLI, call the API, update the stack and delete it.

docs/rehearsal.md lists what this verifies and what it cannot.
"""

import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

import operations.stack
from operations import admin, adopt, discard, retained
from operations.transformed import GRADUAL
from tests.rehearsal import runbook, walk
from tests.rehearsal import stack as stacks
from tests.rehearsal.cloud import Cloud, find_lambda, running
from tests.rehearsal.runbook import Shell
from tests.rehearsal.stack import DEPLOYMENT_GROUP, FUNCTION, LAYER, TABLE, Build, Stack, build
from tests.rehearsal.steps import RehearsalError, note, step
from tests.rehearsal.walk import Api, check
from tests.support import openid

ADA, ADMIN, GRACE = "ada.rehearsal@example.com", "admin@example.com", "grace@example.com"
_ROTATION_TIMEOUT = 60.0


def main() -> int:
    """Rehearse. Returns 0, or 1 if a step failed."""
    # Clean up on SIGTERM as on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = time.monotonic()
    print("Rehearsing a deployment on this machine, with SAM CLI and MiniStack.")
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        try:
            rehearse(Path(folder))
        except RehearsalError as problem:
            print(f"\nSeen: {problem}\n\nNext: {problem.next_step}", file=sys.stderr)
            return 1
    print(f"\nAll steps passed in {time.monotonic() - start:.0f} s.")
    return 0


def rehearse(scratch: Path) -> None:
    """Build, deploy, call, update, delete."""
    functions = find_lambda()
    if functions.runs_layer:
        note(f"Functions run with {functions.python} and only the layer as built.")
    else:
        note("No Python 3.13 for Linux was found, so functions run with this environment's Python and packages,")
        note("and only `shared` comes from the layer. `make test-docker` verifies the layer's packages.")
    with step("sam build"):
        built = build(scratch / "build", functions)
    with running(scratch, functions) as cloud, openid.running() as provider:
        try:
            rehearse_on(
                cloud,
                scratch,
                built,
                provider,
                {
                    "Architecture": functions.architecture,
                    "CorsOrigins": f"https://example.com,{walk.ORIGIN}",
                    "TokenIssuer": "https://api.example.com",
                },
            )
        except operations.stack.OperationError as problem:
            raise RehearsalError(f"{problem}\n\n{diagnostics(cloud)}", "Read what the command says above.") from problem
        except RehearsalError as problem:
            raise RehearsalError(f"{problem}\n\n{diagnostics(cloud)}", problem.next_step) from problem


def rehearse_on(  # noqa: PLR0915  # the list of the steps
    cloud: Cloud, scratch: Path, built: Build, provider: openid.Provider, parameters: dict[str, str]
) -> None:
    """Deploy to this AWS, and run the remaining steps. `provider` is one to sign in with."""
    template = built.parsed()
    sender = template["Parameters"]["MailFrom"]["Default"]
    cloud.client("sesv2").create_email_identity(EmailIdentity=sender)
    stack = Stack(cloud, built, parameters)
    # For the programs in `operations`.
    os.environ.update(cloud.environment)
    with step("what a first deployment leaves when it fails is discarded"):
        fail_and_discard(stack)
    with step("sam deploy creates everything"):
        stack.deploy()
    # Before the first call: functions keep the settings for five minutes.
    configure_provider(stack, provider)
    api = Api(cloud, stack.api_id)
    with step("the rotation creates the first signing key"):
        wait_for_first_key(stack, api)
    with step("every event of events/ returns its expected status"):
        walk.send_events(api)
    with step("405, 404, 400, 401, 415, CORS"):
        walk.check_refusals(api)
    with step("register, email through the outbox's stream, verify, login, me, refresh, logout"):
        ada = walk.register_user(api, ADA)
    with step("an account over 5 MB is exported as a file, which its link brings, once an hour"):
        walk.export_account(ada, stack.resources(TABLE)["ActivityTable"])
    with step("an administrator manages users"):
        password = secrets.token_urlsafe(12)
        create_admin(stack, ADMIN, password)
        walk.manage_users(api.signed_in(ADMIN, password))
    with step("an authenticator app is enrolled, and signs in"):
        grace = walk.enroll_app(api, GRACE)
    with step("a code in an email and a passkey sign in"):
        walk.use_other_ways_in(api, ADA)
    with step("a provider signs in"):
        walk.sign_in_with_provider(api, provider)
    with step("without its role's policy, a function is denied access"):
        check_role_is_enforced(stack, api)
    with step("sam deploy: every function gets the changed layer"):
        change_layer(stack, api)
        ada.call("GET", "/api/auth/me").expect(200)
    with step("changed tags, TTL and parameters replace no table and lose no data"):
        change_tables(stack)
        ada.call("GET", "/api/auth/me").expect(200)
        api.signed_in(ADA)
    with step("the commands of docs/runbooks.md"):
        run_runbooks(stack, api, Shell(cloud, scratch), grace)
    with step("a changed table key would replace the table, and the change set shows it"):
        change_key(stack)
    with step("deleting the stack keeps what must not be lost"):
        delete(stack, template)
    with step("a new stack adopts what the deleted one left, and its users sign in with their passwords and factors"):
        adopt_retained(stack)
        replace(api, id=stack.api_id).signed_in(ADA)
        grace.sign_in(replace(api, id=stack.api_id), code=grace.code())


def fail_and_discard(stack: Stack) -> None:
    """Let the first deployment fail at its end, and discard it as `make discard` does: nothing remains."""
    original = stack.build.template.read_text()

    def break_(template: dict[str, Any]) -> None:
        template["Resources"]["Fault"] = {
            "Type": "AWS::SQS::Queue",
            "DependsOn": ["SigningKeyRotation", "ProxyKeyRotation", "UsersTable", "SuppressAddressFunction"],
            # SQS keeps messages for at least a minute.
            "Properties": {"MessageRetentionPeriod": 1},
        }

    stack.build.change_template(break_)
    try:
        stack.deploy()
    except RehearsalError:
        pass
    else:
        raise RehearsalError("A template with a fault was deployed.", "Find another fault that MiniStack refuses.")
    stack.build.template.write_text(original)
    left = retained.of(stacks.NAME)
    seen = f"The failed deployment is in state {stack.operated.status()}, and left {left}."
    check(that=stack.operated.status() in operations.stack.FIRST_DEPLOYMENT_FAILED and bool(left), seen=seen)
    discard.main(stack.operated)
    remaining = {kind: list_all(stack.cloud) for kind, list_all in RETAINABLE.items()}
    check(that=not any(remaining.values()), seen=f"{remaining} remain after `make discard`.")


def adopt_retained(stack: Stack) -> None:
    """Begin a new stack with what the deleted one left, as `make adopt` does, and deploy the rest."""
    deleted = retained.of_deleted(stacks.NAME)
    assert deleted is not None
    left = {each.name: each.id for each in deleted[1]}
    adopt.main(stack.operated)
    check(that=stack.resources() == left, seen=f"The import took {stack.resources()} of {left}.")
    stack.deploy()
    kept = {name: id_ for name, id_ in stack.resources().items() if name in left}
    check(that=kept == left, seen=f"The deployment replaced {left} with {kept}.")


def wait_for_first_key(stack: Stack, api: Api) -> None:
    """Wait until the first rotation is done: its version is current and its public key published."""
    wait_for(
        lambda: published_keys(api) == [current_version(stack, "SigningKeySecret")],
        "The rotation has created no key.",
        "Read the log of RotateSigningKeyFunction below.",
    )


def published_keys(api: Api) -> list[str]:
    """Return the ids of the keys that verify tokens."""
    return [key["kid"] for key in api.call("GET", "/.well-known/jwks.json").expect(200).json["keys"]]


def create_admin(stack: Stack, email: str, password: str) -> None:
    """Create an administrator as `make admin` does."""
    os.environ["ADMIN_PASSWORD"] = password
    admin.main(stack.operated, email)


def configure_provider(stack: Stack, provider: openid.Provider) -> None:
    """Store the settings of a provider, as docs/providers.md says."""
    settings = {"issuer": provider.issuer, "clientId": openid.CLIENT_ID, "clientSecret": openid.CLIENT_SECRET}
    stack.cloud.client("secretsmanager").put_secret_value(
        SecretId=stack.resources()["ProviderSecret"], SecretString=json.dumps({"acme": settings})
    )


def run_runbooks(stack: Stack, api: Api, shell: Shell, grace: walk.Grace) -> None:
    """Run each section's commands, and verify what they are for. `runbook.NOT_RUN` names the others.

    Grace is a user with a second factor.
    """
    page = runbook.sections()
    resources = stack.resources()
    for command in page["The SES sandbox"].commands:
        shell.run(command)

    rotate, unblock, list_previous = page["Rotating the signing key now"].blocks
    first = current_version(stack, "SigningKeySecret")
    # As a rotation leaves it that has failed. MiniStack would leave the label on the current version, too.
    secrets_manager, signing_key = stack.cloud.client("secretsmanager"), resources["SigningKeySecret"]
    if "AWSPENDING" in versions_of(stack, "SigningKeySecret")[first]:
        secrets_manager.update_secret_version_stage(
            SecretId=signing_key, VersionStage="AWSPENDING", RemoveFromVersionId=first
        )
    secrets_manager.put_secret_value(SecretId=signing_key, SecretString="unfinished", VersionStages=["AWSPENDING"])
    shell.run(unblock)
    stages = versions_of(stack, "SigningKeySecret").values()
    check(that=not any("AWSPENDING" in labels for labels in stages), seen=f"The versions are still {list(stages)}.")
    shell.run(rotate)
    wait_for(lambda: current_version(stack, "SigningKeySecret") != first, "The rotation has not finished.")
    previous, delete = list_previous.split("aws dynamodb", 1)
    check(that=shell.run(previous) == first, seen="The runbook finds another previous version.")
    shell.run(f"aws dynamodb{delete}", {"THAT-ID": first})
    published = published_keys(api)
    check(that=published == [current_version(stack, "SigningKeySecret")], seen=f"{published} are published.")

    check(
        that="make factor-key" in page["Replacing the key of second factors"].commands,
        seen="The page lacks `make factor-key`.",
    )
    shell.run("make factor-key")
    grace.sign_in(api, recoveryCode=grace.recovery_codes[0])

    (restore,) = page["Restoring a table"].blocks
    now = {"2026-01-31T09:00:00Z": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    shell.run(restore, now)
    # The same for a factor that was lost after that time: the keys of the secret still read it.
    copy, put_back = restore.replace("UsersTable", "FactorsTable").split("make restore", 1)
    shell.run(copy, now)
    stack.cloud.client("dynamodb").delete_item(
        TableName=resources["FactorsTable"], Key={"userId": {"S": grace.user_id}, "factor": {"S": grace.id}}
    )
    shell.run(f"make restore{put_back}")
    grace.sign_in(api, recoveryCode=grace.recovery_codes[1])

    check(that="make redrive" in page["Retrying undeliverable email"].commands, seen="The page lacks `make redrive`.")
    shell.run("make redrive")

    if shutil.which("jq"):
        process_feedback(stack, page["Processing failed bounces and complaints"].blocks, shell)
    else:
        note("Failed bounces are not processed, because jq is not installed.")

    stack.cloud.client("dynamodb").create_table(
        TableName="retained",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    (remove,) = page["Deleting the stack"].blocks
    shell.run(remove, {"NAME": "retained"})
    check(that="retained" not in tables_of(stack.cloud), seen="The retained table was not deleted.")


def process_feedback(stack: Stack, blocks: list[str], shell: Shell) -> None:
    """Process a bounce that has failed before, and verify that it has left the queue."""
    queue, sqs = stack.resources()["UnhandledFeedbackQueue"], stack.cloud.client("sqs")
    bounce = json.loads((walk.EVENTS / "jobs/suppress_address/bounce.json").read_text())
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"requestPayload": bounce}))
    (process,) = blocks
    shell.run(process)
    left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    check(that=left["ApproximateNumberOfMessages"] == "0", seen=f"The queue still has messages: {left}.")


def versions_of(stack: Stack, secret: str) -> dict[str, list[str]]:
    """Return the stages of each version of the secret."""
    described = stack.cloud.client("secretsmanager").describe_secret(SecretId=stack.resources()[secret])
    return dict(described["VersionIdsToStages"])


def current_version(stack: Stack, secret: str) -> str:
    """Return the id of the secret's current version."""
    return next(version for version, stages in versions_of(stack, secret).items() if "AWSCURRENT" in stages)


def wait_for(condition: Callable[[], bool], seen: str, next_step: str = "Read the logs below.") -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + _ROTATION_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise RehearsalError(seen, next_step)
        time.sleep(0.2)


def check_role_is_enforced(stack: Stack, api: Api) -> None:
    """Remove a function's policy, verify that the function fails, and restore the policy."""
    iam = stack.cloud.client("iam")
    role = stack.resources("AWS::IAM::Role")["HealthFunctionRole"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    api.call("GET", "/api/health").expect(500)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    api.call("GET", "/api/health").expect(200)


def change_layer(stack: Stack, api: Api) -> None:
    """Deploy another version of `shared`, and verify that every function gets it and that one reports it."""
    before = set(stack.resources(LAYER).values())
    version = api.call("GET", "/api/health").expect(200).json["data"]["version"]
    stack.build.change_layer(f'"{version}"', f'"{version}+rehearsal"')
    stack.deploy()
    (layer,) = stack.resources(LAYER).values()
    check(that=layer not in before, seen=f"The layer is still {layer}.")
    check_every_function(
        stack, layer, lambda configuration: [used["Arn"] for used in configuration["Layers"]] == [layer]
    )
    reported = api.call("GET", "/api/health").expect(200).json["data"]["version"]
    check(that=reported == f"{version}+rehearsal", seen=f"/api/health still reports version {reported} of the layer.")


def change_tables(stack: Stack) -> None:
    """Plan and execute changes that an operator may make at any time."""
    names = set(stack.resources(TABLE))

    def change(template: dict[str, Any]) -> None:
        for name in names:
            properties = template["Resources"][name]["Properties"]
            properties["Tags"] = [{"Key": "rehearsal", "Value": "yes"}]
            if "TimeToLiveSpecification" in properties:
                properties["TimeToLiveSpecification"]["Enabled"] = False

    stack.build.change_template(change)
    check(that=not stack.resources(DEPLOYMENT_GROUP), seen="A deployment at once has deployment groups.")
    plan = stack.plan(LogLevel="DEBUG", Deployment=GRADUAL)
    check(that=not plan.lost(TABLE), seen=f"The change set replaces {', '.join(sorted(plan.lost(TABLE)))}.")
    check(
        that=plan.changed(TABLE) == names, seen=f"The change set changes {sorted(plan.changed(TABLE))}, not all tables."
    )
    check(that=bool(plan.changed(FUNCTION)), seen="The change set gives no function the new parameter.")
    before = stack.resources(TABLE)
    stack.execute(plan)
    check(that=stack.resources(TABLE) == before, seen=f"{before} became {stack.resources(TABLE)}.")
    groups, functions = stack.resources(DEPLOYMENT_GROUP), stack.resources(FUNCTION)
    check(that=len(groups) == len(functions), seen=f"{len(functions)} functions have {len(groups)} deployment groups.")
    check_every_function(stack, "the parameter", lambda used: used["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG")


def check_every_function(stack: Stack, what: str, is_current: Callable[[dict[str, Any]], bool]) -> None:
    """Verify that every function has the change, in the version that callers reach."""
    outdated = sorted(name for name, configuration in stack.configurations().items() if not is_current(configuration))
    if outdated:
        raise RehearsalError(
            f"{what} has not reached {', '.join(outdated)}: callers still get the previous version.",
            "If callers reach functions through an alias, check that SAM publishes a version for every change.",
        )


def change_key(stack: Stack) -> None:
    """Verify that a change set shows the replacement of a table; it is not executed."""
    template = stack.template()
    table = template["Resources"]["CredentialsTable"]["Properties"]
    table["AttributeDefinitions"][0]["AttributeName"] = table["KeySchema"][0]["AttributeName"] = "address"
    lost = stack.plan_of(template).lost(TABLE)
    check(that=lost == {"CredentialsTable"}, seen=f"The change set shows {lost or 'no table'} as replaced.")


def delete(stack: Stack, template: dict[str, Any]) -> None:
    """Delete the stack, and verify that exactly what the template retains remains, with its items."""
    before = {name: (kind, stack.resources(kind)) for kind in RETAINABLE for name in stack.resources(kind)}
    retained = {name for name in before if template["Resources"][name].get("DeletionPolicy") == "Retain"}
    users = stack.resources(TABLE)["UsersTable"]
    stack.delete()
    existing = {kind: list_all(stack.cloud) for kind, list_all in RETAINABLE.items()}
    left = {name for name, (kind, ids) in before.items() if ids[name].rpartition("/")[2] in existing[kind]}
    check(that=left == retained, seen=f"{sorted(left)} remain after the deletion, not {sorted(retained)}.")
    check(that=not functions_of(stack.cloud), seen="Functions remain after the deletion.")
    count = stack.cloud.client("dynamodb").scan(TableName=users, Select="COUNT")["Count"]
    check(that=count > 1, seen=f"{users} has only {count} users after the deletion.")


def tables_of(cloud: Cloud) -> list[str]:
    return list(cloud.client("dynamodb").list_tables()["TableNames"])


def secrets_of(cloud: Cloud) -> list[str]:
    return [secret["ARN"] for secret in cloud.client("secretsmanager").list_secrets()["SecretList"]]


def queues_of(cloud: Cloud) -> list[str]:
    # A queue's physical id is its URL, whose host is spelled in more than one way.
    return [url.rpartition("/")[2] for url in cloud.client("sqs").list_queues().get("QueueUrls", ())]


def functions_of(cloud: Cloud) -> list[str]:
    return [function["FunctionName"] for function in cloud.client("lambda").list_functions()["Functions"]]


# The resource types that can be retained, and the functions that list their physical ids.
RETAINABLE = {TABLE: tables_of, "AWS::SecretsManager::Secret": secrets_of, "AWS::SQS::Queue": queues_of}


def diagnostics(cloud: Cloud) -> str:
    """Return failed resources, errors logged by functions, and the end of MiniStack's log, as text."""
    logs = cloud.client("logs")
    logged = [
        f"{group['logGroupName']}: {event['message'].strip()}"
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        if '"level": "ERROR"' in event["message"] or "Traceback" in event["message"]
    ]
    return "\n".join([*failed_resources(cloud), *logged[-3:], "End of MiniStack's log:", cloud.log_tail()])


def failed_resources(cloud: Cloud) -> list[str]:
    """Return the resources CloudFormation failed on, each with the reason."""
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
