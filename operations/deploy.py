"""`make deploy`: deploy the output of `sam build`, then print the steps left to do by hand.

Before it deploys, it says what will differ: an alarm that is on, tables of a deleted stack, a new issuer of access
tokens.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import issuer, retained
from operations.stack import FIRST_DEPLOYMENT_FAILED, ROOT, OperationError, Stack, is_attended, is_missing, override

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# The executions that Lambda insists on keeping unreserved.
_UNRESERVED_CONCURRENCY = 100
# The sign-ins, and the reads of a list, per second of one execution (docs/capacity.md).
_SIGN_INS_PER_EXECUTION, _READS_PER_EXECUTION = 3, 25


def main(stage: str) -> None:
    """Show the changes and deploy them; then print the API's URL and the next steps."""
    stack = Stack.of_stage(stage)
    account, region = _account_and_region()
    status = stack.status()
    if status in FIRST_DEPLOYMENT_FAILED:
        raise OperationError(_failure(stack, status))
    check_bytecode(stack.build)
    print(f"Deploying {stack.name} (samconfig.toml, [{stage}]) to account {account} in {region}.")
    if status is None:
        print(_forgotten_tables(stack), end="")
    command = [f"{sys.prefix}/bin/sam", "deploy", "--config-env", stage]
    overrides = {} if status is None else {**_announce_all_at_once(stack), **issuer.parameters(stack)}
    if overrides:
        # On the command line, they replace those of samconfig.toml.
        command += ["--parameter-overrides", *map(override, ({**stack.parameters, **overrides}).items())]
    if not is_attended():
        command.append("--no-confirm-changeset")
    sys.stdout.flush()
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  # our own command
    if done.returncode:
        raise OperationError(f"`sam deploy` failed; the reason is printed above. {_failure(stack, stack.status())}")
    print(report(stack, stack.outputs()))


def check_bytecode(build: Path) -> None:
    """Raise OperationError if the build's layer has no bytecode, unless WITHOUT_BYTECODE=1."""
    if os.environ.get("WITHOUT_BYTECODE") == "1" or any((build / "SharedLayer").rglob("*.pyc")):
        return
    raise OperationError(
        "The layer has no bytecode, because no Python 3.13 was found to compile it: cold starts would take more than "
        "twice as long. Install one (any way that puts python3.13 on the PATH, or: .venv/bin/uv python install 3.13), "
        "run `make clean`, and deploy again. To deploy without it: make deploy WITHOUT_BYTECODE=1"
    )


def _failure(stack: Stack, status: str | None) -> str:
    """Return what a failed deployment has left, and what to do next."""
    if status is None:
        return f"There is no stack {stack.name}, as before."
    if status in FIRST_DEPLOYMENT_FAILED:
        return (
            f"The first deployment of {stack.name} failed. CloudFormation keeps the tables, secrets and queues that it "
            "had created, since they must not be lost. Fix the cause, delete them and the failed stack with "
            f"`make discard{stack.option}`, and deploy again."
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        return (
            f"CloudFormation could not restore the release before, so {stack.name} has parts of both. Fix the cause, "
            f"run `aws cloudformation continue-update-rollback --stack-name {stack.name}`, and deploy again. If the "
            "cause is `Unable to find Route`, add `--resources-to-skip ApiApiGatewayDefaultStage`."
        )
    if status.endswith("_COMPLETE"):
        return f"The stack {stack.name} is as it was before ({status})."
    return f"The stack {stack.name} is in state {status}: aws cloudformation describe-stack-events shows why."


def _forgotten_tables(stack: Stack) -> str:
    """Return a warning if an earlier stack of this name left tables, because a new stack begins with empty ones."""
    try:
        _, found = retained.of_deleted(stack.name) or ("", [])
    except (BotoCoreError, ClientError) as problem:
        return f"Whether a deleted stack {stack.name} left tables could not be read: {problem}.\n"
    tables = [each for each in found if each.kind == retained.TABLE]
    if not tables:
        return ""
    names = "\n".join(f"  {each.name}  {each.id}" for each in tables)
    return (
        f"An earlier stack {stack.name} was deleted, and its tables still exist:\n{names}\n"
        "This deployment begins with empty tables. To begin with the old ones, stop it and run "
        f"`make adopt{stack.option}` first.\n"
    )


def _announce_all_at_once(stack: Stack) -> dict[str, str]:
    """Announce that all calls shift at once if an alarm would stop a gradual deployment. Return its parameter."""
    if not _alarm_is_on(stack):
        return {}
    print(
        "The alarm ServerErrorsAlarm is on, and would stop a gradual deployment at its beginning. So this one "
        "shifts all calls at once, and no alarm rolls it back."
    )
    return {"Deployment": "AllAtOnce"}


def _alarm_is_on(stack: Stack) -> bool:
    """Return whether the alarm that a gradual deployment watches is on."""
    if stack.parameters.get("Deployment", "AllAtOnce") == "AllAtOnce":
        return False
    try:
        name = stack.physical_name("ServerErrorsAlarm")
        found = boto3.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    except (BotoCoreError, ClientError) as problem:
        # A stack that `make adopt` has begun has no alarm yet.
        if is_missing(problem):
            return False
        raise OperationError(f"The alarm of {stack.name} cannot be read: {problem}.") from problem
    return any(alarm["StateValue"] == "ALARM" for alarm in found)


def report(stack: Stack, outputs: Mapping[str, str]) -> str:
    """Return the API's URL and each step left to do, as text."""
    steps = [
        *_mail_steps(stack, outputs["MailFrom"]),
        *_concurrency_steps(),
        _admin_step(stack),
        *_issuer_steps(stack),
        _proxy_step(outputs["ProxyKeySecretArn"]),
    ]
    lines = [f"\n{stack.name} is live at {outputs['ApiUrl']}.", f"  curl {outputs['ApiUrl']}/api/health"]
    if steps:
        lines += ["Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines)


def _account_and_region() -> tuple[str, str]:
    session = boto3.session.Session()
    if session.region_name is None:
        raise OperationError("No AWS region is set: AWS_REGION=eu-west-1 make deploy, or `aws configure`.")
    try:
        return session.client("sts").get_caller_identity()["Account"], session.region_name
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(
            f"AWS rejects your credentials: {problem}. Sign in first, for example with `aws sso login`."
        ) from problem


def _mail_steps(stack: Stack, sender: str) -> list[str]:
    """Return what is left to do before emails are sent to any address."""
    providers = stack.parameters.get("MailProviders", "ses").split(",")
    steps = _ses_steps(sender) if "ses" in providers else []
    if "sendgrid" in providers:
        steps.append(
            "Verify the sender in SendGrid, and store its API key, unless that is done: docs/runbooks.md, SendGrid."
        )
    return steps


def _ses_steps(sender: str) -> list[str]:
    """Return what is left to do before SES sends email to any address."""
    address = parseaddr(sender)[1]
    domain = address.rpartition("@")[2]
    ses = boto3.client("sesv2")
    steps = []
    try:
        if not any(_is_verified(ses, identity) for identity in (domain, address)):
            steps.append(
                f"Verify the sender: aws sesv2 create-email-identity --email-identity {domain} "
                f"(or {address}), and create the DNS records it returns."
            )
        if not _has_left_sandbox(ses):
            steps.append(
                "Leave the SES sandbox, which delivers to verified addresses only: docs/runbooks.md, The SES sandbox."
            )
    except (BotoCoreError, ClientError) as problem:
        steps.append(f"Check SES by hand, because it could not be read ({problem}): docs/runbooks.md, The SES sandbox.")
    return steps


def _has_left_sandbox(ses: "SESV2Client") -> bool:
    return bool(ses.get_account()["ProductionAccessEnabled"])


def _is_verified(ses: "SESV2Client", identity: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=identity)["VerifiedForSendingStatus"])
    except ClientError as problem:
        if problem.response["Error"]["Code"] == "NotFoundException":
            return False
        raise


def _concurrency_steps() -> list[str]:
    """Return what to do if the account can run few functions at once, as a new one: AWS raises the quota on request."""
    try:
        quota = boto3.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except (BotoCoreError, ClientError) as problem:
        return [f"Check Lambda's quota of concurrent executions by hand, because it could not be read ({problem})."]
    if quota > _UNRESERVED_CONCURRENCY:
        return []
    rate = quota * _SIGN_INS_PER_EXECUTION
    step = (
        f"Request more concurrent executions: this account runs {quota} functions at once, about {rate} sign-ins a "
        "second, and further calls fail. aws service-quotas request-service-quota-increase --service-code lambda "
        f"--quota-code L-B99A9384 --desired-value 1000. Until then, CostlyThrottlingRate={rate}, "
        f"ThrottlingRate={quota * _READS_PER_EXECUTION}, CostlyThrottlingBurst={quota} and ThrottlingBurst={quota} in "
        "samconfig.toml keep one route from using up all of them, and HashingConcurrency must stay 0."
    )
    return [step]


def _admin_step(stack: Stack) -> str:
    return f"Create the first administrator, unless there is one: make admin EMAIL=you@example.com{stack.option}"


def _issuer_steps(stack: Stack) -> list[str]:
    """Return what is left to do before other services can verify access tokens without settings."""
    if issuer.is_set(stack):
        return []
    step = "If other services will verify access tokens, deploy once more, which sets their issuer: make deploy"
    return [f"{step}{stack.option} (docs/front-end.md)."]


def _proxy_step(secret: str) -> str:
    """Return the command that shows the proxy key. Never the key: pipelines keep what they print."""
    show = f"aws secretsmanager get-secret-value --secret-id {secret} --query SecretString --output text"
    return f"If a front end's own server calls the API, give it the proxy key: {show} (docs/proxies.md)."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make deploy", description="Deploy the output of sam build.")
    parser.add_argument("--stage", default="default")
    try:
        main(parser.parse_args().stage)
    except OperationError as problem:
        sys.exit(str(problem))
