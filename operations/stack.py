"""The deployed stack, as samconfig.toml names it and CloudFormation knows it."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).parent.parent


class OperationError(Exception):
    """Something that whoever operates the stack can put right; the message says what, and the next step."""


@dataclass(frozen=True)
class Stack:
    """A stage's stack: a section of samconfig.toml."""

    stage: str
    name: str
    parameters: Mapping[str, str]
    build: Path

    @classmethod
    def of_stage(cls, stage: str) -> "Stack":
        """Read it from samconfig.toml. Raises OperationError when there is no such stage."""
        sections = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
        stages = [name for name, section in sections.items() if isinstance(section, dict)]
        if stage not in stages:
            raise OperationError(f"samconfig.toml has no stage {stage}, only {' and '.join(stages)}: make … STAGE=prod")
        common = sections[stage]["global"]["parameters"]
        parameters = dict(pair.split("=", 1) for pair in common["parameter_overrides"])
        template = ROOT / sections[stage]["deploy"]["parameters"]["template_file"]
        return cls(stage, common["stack_name"], parameters, template.parent)

    def outputs(self) -> Mapping[str, str]:
        """Give what the template's Outputs name. Raises OperationError when the stack cannot be read."""
        try:
            answer = boto3.client("cloudformation").describe_stacks(StackName=self.name)
        except (BotoCoreError, ClientError) as problem:
            raise OperationError(
                f"The stack {self.name} cannot be read: {problem}. Is it deployed (make deploy)?"
            ) from problem
        return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", ())}

    def physical_name(self, resource: str) -> str:
        """Give what AWS calls a resource of the template."""
        answer = boto3.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=resource)
        return answer["StackResourceDetail"]["PhysicalResourceId"]

    def take_environment(self, function: str) -> None:
        """Give this process a function's environment, so that it can do what the function does."""
        try:
            name = self.physical_name(function)
            configuration = boto3.client("lambda").get_function_configuration(FunctionName=name)
        except (BotoCoreError, ClientError) as problem:
            raise OperationError(
                f"{function} of {self.name} cannot be read: {problem}. Is it deployed (make deploy)?"
            ) from problem
        os.environ.update(configuration["Environment"]["Variables"])
