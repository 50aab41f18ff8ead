"""The commands of docs/runbooks.md, read from the page and run as they are written."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.rehearsal.cloud import Cloud
from tests.rehearsal.steps import RehearsalError
from tests.support import ROOT

PAGE = ROOT / "docs/runbooks.md"
_COMMAND = re.compile(r"`((?:aws|make|curl|git|\.venv/bin/\w+) [^`]+)`")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# The sections whose blocks, and whose commands in the text, are run (`run_runbooks` in `__main__.py`).
RUN = frozenset(
    {
        "The SES sandbox",
        "Rotating the signing key now",
        "Replacing the key of second factors",
        "Restoring a table",
        "Retrying undeliverable email",
        "Processing failed bounces and complaints",
        "Deleting the stack",
    }
)
# The commands that the rehearsal does not run, each with the reason. docs/rehearsal.md names them too.
NOT_RUN: Mapping[str, str] = {
    "curl $(output ApiUrl)/api/health": "the rehearsal calls the same path, but MiniStack has no host names for APIs",
    "make admin EMAIL=you@example.com": "the rehearsal runs the same program with its own build",
    "make deploy": "the rehearsal deploys the same way, with its own build",
    "make discard": "the rehearsal runs the same program with its own build",
    "make adopt": "the rehearsal runs the same program with its own build",
    "git checkout TAG && make deploy STAGE=prod": "needs an earlier release",
    ".venv/bin/sam delete --stack-name lambda-api-routes-dev": "cannot read the URL of a nested stack on MiniStack; "
    "CloudFormation deletes the stack instead",
    "aws cloudformation continue-update-rollback --stack-name lambda-api-routes-dev": "needs a rollback that failed",
    "aws sso login": "needs an identity provider",
    "aws secretsmanager put-secret-value": "the stack of the rehearsal does not use SendGrid",
    "make factor-key FROM=old-secret": "needs the secret of another stack; tests/operations/test_factor_key.py runs it",
    "make restore TABLE=UsersTable FROM=old-name": "run as the block of Restoring a table",
}


class Section(NamedTuple):
    """What a section asks to run: whole blocks, and commands in its text."""

    blocks: list[str]
    commands: list[str]


def sections() -> dict[str, Section]:
    """Return each section by its heading; what precedes the first heading is under an empty one."""
    heads = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = {"": heads[0], **dict(zip(heads[1::2], heads[2::2], strict=True))}
    return {
        name: Section(
            [body for language, body in _FENCE.findall(text) if language == "sh"],
            [" ".join(command.split()) for command in _COMMAND.findall(_FENCE.sub("", text))],
        )
        for name, text in texts.items()
    }


class Shell:
    """A shell in a folder like the project's, whose `aws` reaches the rehearsal's AWS."""

    def __init__(self, cloud: Cloud, scratch: Path) -> None:
        self._folder = scratch / "project"
        self._folder.mkdir()
        for entry in ROOT.iterdir():
            (self._folder / entry.name).symlink_to(entry)
        tools = scratch / "tools"
        tools.mkdir()
        aws = tools / "aws"
        aws.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("aws_cli.py")}" "$@"\n')
        aws.chmod(0o755)
        self._environment = {**cloud.environment, "PATH": f"{tools}:{os.environ['PATH']}"}
        self._functions = "".join(sections()[""].blocks)

    def run(self, commands: str, replacing: Mapping[str, str] | None = None) -> str:
        """Run the commands until one fails, with placeholders of the page replaced. Returns what they print.

        Raises RehearsalError if one fails.
        """
        for placeholder, value in (replacing or {}).items():
            if placeholder not in commands:
                raise RehearsalError(f"{placeholder} is not in {commands}", "Correct tests/rehearsal/__main__.py.")
            commands = commands.replace(placeholder, value)
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", f"{self._functions}\n{commands}"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RehearsalError(f"{commands}\nfailed:\n{done.stdout}{done.stderr}", "Correct docs/runbooks.md.")
        return done.stdout.strip()
