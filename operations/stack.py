"""The stack as samconfig.toml configures it and as CloudFormation reports it."""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).parent.parent
# The states of a stack that was never deployed successfully. It can only be deleted.
FIRST_DEPLOYMENT_FAILED = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})


class OperationError(Exception):
    """A problem the operator can fix. The message names the problem and the next step."""


def is_missing(problem: Exception) -> bool:
    """Return whether CloudFormation says, without a code of its own, that a stack or a resource does not exist."""
    return isinstance(problem, ClientError) and "does not exist" in problem.response["Error"].get("Message", "")


def override(parameter: tuple[str, str]) -> str:
    """Return a parameter's name and value as SAM CLI reads them: it needs quotation marks around spaces or nothing."""
    name, value = parameter
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f"{name}={value}" if re.fullmatch(r'[^\s"\\]+', value) else f'{name}="{escaped}"'


def is_attended() -> bool:
    """Return whether somebody is there to answer a question."""
    return "CI" not in os.environ and sys.stdin.isatty()


@dataclass(frozen=True)
class Stack:
    """The stack of a stage, which is a section of samconfig.toml."""

    stage: str
    name: str
    parameters: Mapping[str, str]
    build: Path

    @classmethod
    def of_stage(cls, stage: str) -> "Stack":
        """Read the stage from samconfig.toml. Raises OperationError if it does not exist."""
        sections = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
        stages = [name for name, section in sections.items() if isinstance(section, dict)]
        if stage not in stages:
            raise OperationError(f"samconfig.toml has no stage {stage}, only {' and '.join(stages)}: make … STAGE=prod")
        common = sections[stage]["global"]["parameters"]
        pairs = (pair.split("=", 1) for pair in common["parameter_overrides"])
        parameters = {name: value.strip('"') for name, value in pairs}
        template = ROOT / sections[stage]["deploy"]["parameters"]["template_file"]
        return cls(stage, common["stack_name"], parameters, template.parent)

    @property
    def option(self) -> str:
        """What a `make` command needs for this stage, with a space before it."""
        return "" if self.stage == "default" else f" STAGE={self.stage}"

    def status(self) -> str | None:
        """Return the stack's state, or None if it does not exist. Raises OperationError if AWS cannot be asked."""
        try:
            (found,) = boto3.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except (BotoCoreError, ClientError) as problem:
            if is_missing(problem):
                return None
            raise OperationError(f"The stack {self.name} cannot be read: {problem}.") from problem
        # A change set that creates a stack was not executed.
        return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found["StackStatus"]

    def delete(self) -> None:
        """Delete the stack and wait until it is gone, except for what is retained."""
        cloudformation = boto3.client("cloudformation")
        cloudformation.delete_stack(StackName=self.name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.name, WaiterConfig={"Delay": 5})

    def outputs(self) -> Mapping[str, str]:
        """Return the stack's outputs. Raises OperationError if the stack cannot be read."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._described().get("Outputs", ())}

    def _described(self) -> Mapping[str, Any]:
        try:
            answer = boto3.client("cloudformation").describe_stacks(StackName=self.name)
        except (BotoCoreError, ClientError) as problem:
            raise OperationError(
                f"The stack {self.name} cannot be read: {problem}. Is it deployed (make deploy)?"
            ) from problem
        return answer["Stacks"][0]

    def deployed_parameters(self) -> Mapping[str, str]:
        """Return the parameters of the deployed stack. Raises OperationError if it cannot be read."""
        return {own["ParameterKey"]: own.get("ParameterValue", "") for own in self._described().get("Parameters", ())}

    def physical_name(self, resource: str) -> str:
        """Return the physical id of a resource of the template."""
        answer = boto3.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=resource)
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def load_environment(self, function: str) -> None:
        """Copy a function's environment variables into this process, so that it can run the function's code."""
        try:
            name = self.physical_name(function)
            configuration = boto3.client("lambda").get_function_configuration(FunctionName=name)
        except (BotoCoreError, ClientError) as problem:
            raise OperationError(
                f"{function} of {self.name} cannot be read: {problem}. Is it deployed (make deploy)?"
            ) from problem
        os.environ.update(configuration["Environment"]["Variables"])
