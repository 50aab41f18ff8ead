"""`make deploy`: deploy the output of `sam build`, then print the steps left to do by hand."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from email.utils import parseaddr
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import release
from operations.stack import ROOT, OperationError, Stack

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


def main(stage: str) -> None:
    """Show the changes and deploy them; then print the API's URL and the next steps."""
    stack = Stack.of_stage(stage)
    account, region = _account_and_region()
    name = release.stamp(stack.build, stack.parameters)
    print(f"Deploying release {name} as {stack.name} (samconfig.toml, [{stage}]) to account {account} in {region}.")
    sys.stdout.flush()
    command = [f"{sys.prefix}/bin/sam", "deploy", "--config-env", stage]
    if "CI" in os.environ or not sys.stdin.isatty():
        command.append("--no-confirm-changeset")
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  # our own command
    if done.returncode:
        raise OperationError(
            "`sam deploy` failed; the reason is printed above. CloudFormation rolls a failed change back completely."
        )
    print(report(stack, stack.outputs()))


def report(stack: Stack, outputs: Mapping[str, str]) -> str:
    """Return the API's URL and each step left to do, as text."""
    steps = [*_mail_steps(outputs["MailFrom"]), _admin_step(stack), _proxy_step(outputs["ProxyKeySecretArn"])]
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


def _mail_steps(sender: str) -> list[str]:
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


def _admin_step(stack: Stack) -> str:
    stage = "" if stack.stage == "default" else f" STAGE={stack.stage}"
    return f"Create the first administrator, unless there is one: make admin EMAIL=you@example.com{stage}"


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
