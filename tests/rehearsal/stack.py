"""The stack: SAM CLI builds, deploys and plans it; what CloudFormation then says of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError
from samcli.yamlhelper import yaml_dump, yaml_parse

from operations import release
from tests.rehearsal.cloud import REGION, Cloud, Lambda
from tests.rehearsal.steps import RehearsalError
from tests.support import ROOT

NAME = "rehearsal"
_SAM = str(Path(sys.executable).with_name("sam"))
LAYER, FUNCTION, TABLE = "AWS::Lambda::LayerVersion", "AWS::Lambda::Function", "AWS::DynamoDB::Table"


def build(folder: Path, functions: Lambda) -> "Build":
    """Build as `make build` does, for this machine's processor, into this folder."""
    options = [
        "--build-dir",
        str(folder),
        "--no-cached",
        "--parameter-overrides",
        f"Architecture={functions.architecture}",
    ]
    _sam("build", *options, environment=None, todo="`make build` shows all that it says.")
    built = Build(folder)
    if not functions.runs_layer:
        for package in (built.layer / "python").iterdir():
            if package.name != "shared":
                shutil.rmtree(package) if package.is_dir() else package.unlink()
    return built


@dataclass(frozen=True)
class Build:
    """What `sam build` has made."""

    folder: Path

    @property
    def template(self) -> Path:
        return self.folder / "template.yaml"

    @property
    def layer(self) -> Path:
        return self.folder / "SharedLayer"

    def change_layer(self, old: str, new: str) -> None:
        """Replace a text in the layer's `shared/__init__.py`, whose compiled form would be run instead."""
        module = self.layer / "python" / "shared" / "__init__.py"
        text = module.read_text()
        if old not in text:
            raise RehearsalError(f"{old} is not in the layer's {module.name}.", "Correct tests/rehearsal/__main__.py.")
        module.write_text(text.replace(old, new))
        for compiled in module.parent.glob("__pycache__/__init__.*"):
            compiled.unlink()

    def parsed(self) -> dict[str, Any]:
        """Give the template."""
        template: dict[str, Any] = yaml_parse(self.template.read_text())
        return template

    def change_template(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Hand the template to a function that changes it."""
        template = self.parsed()
        change(template)
        self.template.write_text(yaml_dump(template))


@dataclass(frozen=True)
class Stack:
    """The stack on this AWS, deployed with these parameters."""

    cloud: Cloud
    build: Build
    parameters: Mapping[str, str]

    def deploy(self) -> None:
        """Deploy what is built."""
        self._deploy("--no-confirm-changeset", **self.parameters)

    def plan(self, **parameters: str) -> "Plan":
        """Have SAM CLI make the change set of what is built and these parameters, and not execute it."""
        told = self._deploy("--no-execute-changeset", **{**self.parameters, **parameters})
        arn = re.search(r"arn:aws:cloudformation:\S+:changeSet/\S+", told)
        if arn is None:
            raise RehearsalError(f"sam deploy names no change set:\n{_end(told)}", "Has SAM CLI's output changed?")
        return self._described(arn[0])

    def plan_of(self, template: Mapping[str, Any]) -> "Plan":
        """Make the change set of a template that is on S3 already, without SAM CLI."""
        given = [{"ParameterKey": name, "UsePreviousValue": True} for name in template["Parameters"]]
        made = self.cloudformation.create_change_set(
            StackName=NAME,
            ChangeSetName="control",
            # As short as can be: more than 51,200 bytes would have to be on S3.
            TemplateBody=json.dumps(template, separators=(",", ":")),
            Parameters=given,
            Capabilities=["CAPABILITY_IAM"],
        )
        return self._described(made["Id"])

    def execute(self, plan: "Plan") -> None:
        """Carry the plan out. Raises RehearsalError."""
        self.cloudformation.execute_change_set(ChangeSetName=plan.arn, StackName=NAME)
        try:
            self.cloudformation.get_waiter("stack_update_complete").wait(
                StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except WaiterError as problem:
            raise RehearsalError(f"The plan was not carried out: {problem}", "The reasons stand above.") from problem

    def delete(self) -> None:
        """Delete the stack. Not by `sam delete`, which cannot read a nested stack's address on this AWS.

        Raises RehearsalError.
        """
        self.cloudformation.delete_stack(StackName=NAME)
        try:
            self.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except WaiterError as problem:
            raise RehearsalError(f"The stack was not deleted: {problem}", "The reasons stand above.") from problem

    @property
    def cloudformation(self) -> Any:
        return self.cloud.client("cloudformation")

    @property
    def api_id(self) -> str:
        """The id of the HTTP API, as the stack's address has it."""
        stack = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
        url = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "ApiUrl")
        return str(url).removeprefix("https://").partition(".")[0]

    def template(self) -> Any:
        """Give the template as SAM CLI has sent it."""
        body = self.cloudformation.get_template(StackName=NAME, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, dict) else yaml_parse(body)

    def resources(self, kind: str | None = None) -> dict[str, str]:
        """Give the physical ids of the stack's resources, by logical id: all, or those of a type."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if kind in {None, resource["ResourceType"]}
        }

    def configurations(self) -> dict[str, dict[str, Any]]:
        """Give the configuration that each function runs with, by logical id: that of its alias, if it has one."""
        functions = self.cloud.client("lambda")

        def of(name: str) -> dict[str, Any]:
            aliases = [alias["Name"] for alias in functions.list_aliases(FunctionName=name)["Aliases"]]
            qualifier = aliases[0] if aliases else "$LATEST"
            configuration: dict[str, Any] = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
            return configuration

        return {name: of(function) for name, function in self.resources(FUNCTION).items()}

    def _deploy(self, how: str, **parameters: str) -> str:
        options = ["--template-file", str(self.build.template), "--config-file", str(ROOT / "samconfig.toml")]
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        # As `make deploy` does.
        release.stamp(self.build.folder, parameters)
        return _sam(
            "deploy",
            *options,
            *("--stack-name", NAME, "--region", REGION, "--resolve-s3", how, "--parameter-overrides"),
            *overrides,
            environment=self.cloud.environment,
            todo="Correct the template, or have tests/rehearsal/aws.py do what MiniStack cannot.",
        )

    def _described(self, arn: str) -> "Plan":
        self.cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=arn, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        changes = self.cloudformation.describe_change_set(ChangeSetName=arn)["Changes"]
        return Plan(arn, [change["ResourceChange"] for change in changes])


@dataclass(frozen=True)
class Plan:
    """A change set."""

    arn: str
    changes: list[dict[str, Any]]

    def changed(self, kind: str) -> set[str]:
        """Name the resources of a type that it changes in place."""
        return {
            change["LogicalResourceId"]
            for change in self.changes
            if change["ResourceType"] == kind and change["Action"] == "Modify"
        } - self.lost(kind)

    def lost(self, kind: str) -> set[str]:
        """Name the resources of a type that it removes, replaces or might replace."""
        return {
            change["LogicalResourceId"]
            for change in self.changes
            if change["ResourceType"] == kind
            and (change["Action"] == "Remove" or change.get("Replacement") in {"True", "Conditional"})
        }


def _sam(command: str, *options: str, environment: Mapping[str, str] | None, todo: str) -> str:
    """Run SAM CLI in the project's folder; give what it says."""
    process = subprocess.Popen(
        [_SAM, command, *options],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        told, _ = process.communicate()
    except BaseException:
        # With what it has started: the layer is built by make and pip.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise RehearsalError(f"sam {command} ended with status {process.returncode}:\n{_end(told)}", todo)
    return told


def _end(text: str) -> str:
    return "\n".join(text.splitlines()[-25:])
