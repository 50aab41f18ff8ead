"""`make deploy`: deploy what `sam build` made, and say what is left to do by hand."""

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
    """Deploy, after showing what would change; then tell the address and the next steps."""
    stack = Stack.of_stage(stage)
    account, region = _target()
    name = release.stamp(stack.build, stack.parameters)
    print(f"Deploying release {name} as {stack.name} (samconfig.toml, [{stage}]) to account {account} in {region}.")
    sys.stdout.flush()
    command = [f"{sys.prefix}/bin/sam", "deploy", "--config-env", stage]
    if "CI" in os.environ or not sys.stdin.isatty():
        command.append("--no-confirm-changeset")
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  # our own command
    if done.returncode:
        raise OperationError(
            "Nothing is half-deployed: CloudFormation went back to what was there. The reason stands above."
        )
    print(report(stack, stack.outputs()))


def report(stack: Stack, outputs: Mapping[str, str]) -> str:
    """Say where the API is, and each step that is still to be done."""
    steps = [*_mail_steps(outputs["MailFrom"]), *_admin_step(stack)]
    lines = [f"\n{outputs['ApiUrl']} serves {stack.name}.", f"  curl {outputs['ApiUrl']}/api/health"]
    if steps:
        lines += ["Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines)


def _target() -> tuple[str, str]:
    session = boto3.session.Session()
    if session.region_name is None:
        raise OperationError("No AWS region is set: AWS_REGION=eu-west-1 make deploy, or `aws configure`.")
    try:
        return session.client("sts").get_caller_identity()["Account"], session.region_name
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(
            f"AWS does not know who you are: {problem}. Sign in first, as with `aws sso login`."
        ) from problem


def _mail_steps(sender: str) -> list[str]:
    """What SES still wants before it sends to anybody."""
    address = parseaddr(sender)[1]
    domain = address.rpartition("@")[2]
    ses = boto3.client("sesv2")
    steps = []
    try:
        if not any(_is_verified(ses, identity) for identity in (domain, address)):
            steps.append(
                f"Verify the sender: aws sesv2 create-email-identity --email-identity {domain} "
                f"(or {address}), and set the DNS records it answers with."
            )
        if not _has_left_sandbox(ses):
            steps.append(
                "Leave SES's sandbox, which mails to verified addresses only: docs/runbooks.md, The SES sandbox."
            )
    except (BotoCoreError, ClientError) as problem:
        steps.append(f"Look at SES by hand, since it does not answer ({problem}): docs/runbooks.md, The SES sandbox.")
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


def _admin_step(stack: Stack) -> list[str]:
    stage = "" if stack.stage == "default" else f" STAGE={stack.stage}"
    return [f"Make the first administrator, unless there is one: make admin EMAIL=you@example.com{stage}"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make deploy", description="Deploy what sam build made.")
    parser.add_argument("--stage", default="default")
    try:
        main(parser.parse_args().stage)
    except OperationError as problem:
        sys.exit(str(problem))
