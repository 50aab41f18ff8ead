"""The stack: built, deployed and planned by SAM CLI, read and deleted through CloudFormation."""

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

import operations.stack
from tests.rehearsal.cloud import REGION, Cloud, Lambda
from tests.rehearsal.steps import RehearsalError
from tests.support import ROOT

# Named as the runbooks name it.
NAME = operations.stack.Stack.of_stage("default").name
_SAM = str(Path(sys.executable).with_name("sam"))
LAYER, FUNCTION, TABLE = "AWS::Lambda::LayerVersion", "AWS::Lambda::Function", "AWS::DynamoDB::Table"
DEPLOYMENT_GROUP = "AWS::CodeDeploy::DeploymentGroup"


def build(folder: Path, functions: Lambda) -> "Build":
    """Build into this folder as `make build` does, for this machine's processor."""
    options = [
        "--build-dir",
        str(folder),
        "--no-cached",
        "--parameter-overrides",
        f"Architecture={functions.architecture}",
    ]
    _sam("build", *options, environment=None, next_step="Run `make build` to see the whole output.")
    built = Build(folder)
    if not functions.runs_layer:
        for package in (built.layer / "python").iterdir():
            if package.name != "shared":
                shutil.rmtree(package) if package.is_dir() else package.unlink()
    return built


@dataclass(frozen=True)
class Build:
    """The output of `sam build`."""

    folder: Path

    @property
    def template(self) -> Path:
        return self.folder / "template.yaml"

    @property
    def layer(self) -> Path:
        return self.folder / "SharedLayer"

    def change_layer(self, old: str, new: str) -> None:
        """Replace a text in the layer's `shared/__init__.py`, and delete its compiled form, which would run instead."""
        module = self.layer / "python" / "shared" / "__init__.py"
        text = module.read_text()
        if old not in text:
            raise RehearsalError(f"{old} is not in the layer's {module.name}.", "Correct tests/rehearsal/__main__.py.")
        module.write_text(text.replace(old, new))
        for compiled in module.parent.glob("__pycache__/__init__.*"):
            compiled.unlink()

    def parsed(self) -> dict[str, Any]:
        """Return the template."""
        template: dict[str, Any] = yaml_parse(self.template.read_text())
        return template

    def change_template(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the template with a function."""
        template = self.parsed()
        change(template)
        self.template.write_text(yaml_dump(template))


@dataclass(frozen=True)
class Stack:
    """The stack on the rehearsal's AWS, and its parameters."""

    cloud: Cloud
    build: Build
    parameters: Mapping[str, str]

    def deploy(self) -> None:
        """Deploy the build with `sam deploy`."""
        self._deploy("--no-confirm-changeset", **self.parameters)

    def plan(self, **parameters: str) -> "Plan":
        """Return SAM CLI's change set for the build and these parameters, without executing it."""
        output = self._deploy("--no-execute-changeset", **{**self.parameters, **parameters})
        arn = re.search(r"arn:aws:cloudformation:\S+:changeSet/\S+", output)
        if arn is None:
            raise RehearsalError(
                f"sam deploy printed no change set:\n{_tail(output)}", "Check whether SAM CLI's output has changed."
            )
        return self._described(arn[0])

    def plan_of(self, template: Mapping[str, Any]) -> "Plan":
        """Return the change set for a template whose artifacts are already in S3, without SAM CLI."""
        parameters = [{"ParameterKey": name, "UsePreviousValue": True} for name in template["Parameters"]]
        # In the bucket of SAM CLI's artifacts, because a request has room for 51,200 bytes only.
        s3 = self.cloud.client("s3")
        bucket = s3.list_buckets()["Buckets"][0]["Name"]
        s3.put_object(Bucket=bucket, Key="control.template", Body=json.dumps(template).encode())
        created = self.cloudformation.create_change_set(
            StackName=NAME,
            ChangeSetName="control",
            TemplateURL=f"{self.cloud.endpoint}/{bucket}/control.template",
            Parameters=parameters,
            Capabilities=["CAPABILITY_IAM"],
        )
        return self._described(created["Id"])

    def execute(self, plan: "Plan") -> None:
        """Execute the change set. Raises RehearsalError if it fails."""
        self.cloudformation.execute_change_set(ChangeSetName=plan.arn, StackName=NAME)
        try:
            self.cloudformation.get_waiter("stack_update_complete").wait(
                StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except WaiterError as problem:
            raise RehearsalError(f"The change set failed: {problem}", "The reasons are listed above.") from problem

    def delete(self) -> None:
        """Delete the stack. Raises RehearsalError if it fails.

        `sam delete` cannot be used, because it cannot read the URL of a nested stack on MiniStack.
        """
        self.cloudformation.delete_stack(StackName=NAME)
        try:
            self.cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
        except WaiterError as problem:
            raise RehearsalError(f"The stack was not deleted: {problem}", "The reasons are listed above.") from problem

    @property
    def cloudformation(self) -> Any:
        return self.cloud.client("cloudformation")

    @property
    def api_id(self) -> str:
        """The id of the HTTP API, taken from the stack's output."""
        stack = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
        url = next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "ApiUrl")
        return str(url).removeprefix("https://").partition(".")[0]

    def template(self) -> Any:
        """Return the template that SAM CLI uploaded."""
        body = self.cloudformation.get_template(StackName=NAME, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, dict) else yaml_parse(body)

    def resources(self, kind: str | None = None) -> dict[str, str]:
        """Return the physical ids of the stack's resources, by logical id: all, or those of one type."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=NAME)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if kind in {None, resource["ResourceType"]}
        }

    @property
    def operated(self) -> operations.stack.Stack:
        """The stack as the programs in `operations` see it."""
        return operations.stack.Stack("default", NAME, self.parameters, self.build.folder)

    def configurations(self) -> dict[str, dict[str, Any]]:
        """Return each function's configuration by logical id: that of its alias, if it has one."""
        functions = self.cloud.client("lambda")

        def of(name: str) -> dict[str, Any]:
            aliases = [alias["Name"] for alias in functions.list_aliases(FunctionName=name)["Aliases"]]
            qualifier = aliases[0] if aliases else "$LATEST"
            configuration: dict[str, Any] = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
            return configuration

        return {name: of(function) for name, function in self.resources(FUNCTION).items()}

    def _deploy(self, mode: str, **parameters: str) -> str:
        options = ["--template-file", str(self.build.template), "--config-file", str(ROOT / "samconfig.toml")]
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        return _sam(
            "deploy",
            *options,
            *("--stack-name", NAME, "--region", REGION, "--resolve-s3", mode, "--parameter-overrides"),
            *overrides,
            environment=self.cloud.environment,
            next_step="Correct the template, or add what MiniStack lacks to tests/rehearsal/aws.py.",
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
        """Return the resources of a type that are changed in place."""
        return {
            change["LogicalResourceId"]
            for change in self.changes
            if change["ResourceType"] == kind and change["Action"] == "Modify"
        } - self.lost(kind)

    def lost(self, kind: str) -> set[str]:
        """Return the resources of a type that are removed, replaced or possibly replaced."""
        return {
            change["LogicalResourceId"]
            for change in self.changes
            if change["ResourceType"] == kind
            and (change["Action"] == "Remove" or change.get("Replacement") in {"True", "Conditional"})
        }


def _sam(command: str, *options: str, environment: Mapping[str, str] | None, next_step: str) -> str:
    """Run SAM CLI in the project's folder and return its output."""
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
        output, _ = process.communicate()
    except BaseException:
        # Kill its children too: make and pip, which build the layer.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise RehearsalError(f"sam {command} exited with status {process.returncode}:\n{_tail(output)}", next_step)
    return output


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-25:])
