"""`make build`: print how many resources the stack has, and how many more endpoints fit.

CloudFormation allows a template to declare 500 resources, counted after the transform. Those whose condition is false
count too: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

import argparse
import logging
import statistics
import sys
from dataclasses import dataclass

from operations.stack import OperationError, Stack
from operations.transformed import TEMPLATE, Template, of_type, transform

LIMIT = 500


@dataclass(frozen=True)
class Room:
    """The resources of a template, and those that a further endpoint adds."""

    declared: int
    per_endpoint: int

    @property
    def endpoints(self) -> int:
        """How many more endpoints fit."""
        return max(0, LIMIT - self.declared) // self.per_endpoint


def count(template: Template) -> Room:
    """Count the resources of a transformed template. A further endpoint costs what most of its endpoints cost."""
    permissions = of_type(template, "AWS::Lambda::Permission")
    called = [name for name, each in permissions.items() if each["Properties"]["Principal"].startswith("apigateway.")]

    def generated(function: str) -> int:
        # What SAM generates for a function, and the function, have names that start with the function's.
        return sum(name.startswith(function) for name in template["Resources"])

    functions = of_type(template, "AWS::Lambda::Function")
    costs = [generated(name) for name in functions if any(each.startswith(name) for each in called)]
    return Room(len(template["Resources"]), statistics.mode(costs))


def report(stack: Stack) -> str:
    """Return the line that `make build` prints. Raises OperationError if the stack has too many resources."""
    template = transform(TEMPLATE, **stack.parameters)
    room = count(template)
    if room.declared > LIMIT:
        raise OperationError(
            f"CloudFormation accepts at most {LIMIT} resources in a stack, conditional ones included, and this one has "
            f"{room.declared}. Move some to a nested stack, such as operations/template.yaml."
        )
    deployment = stack.parameters.get("Deployment", template["Parameters"]["Deployment"]["Default"])
    return (
        f"Resources: {room.declared} of {LIMIT} with {deployment}; "
        f"about {room.endpoints} more endpoints fit ({room.per_endpoint} each)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m operations.resources", description="Count the stack's resources.")
    parser.add_argument("--stage", default="default")
    print(f"\n{report(Stack.of_stage(parser.parse_args().stage))}")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    try:
        main()
    except OperationError as problem:
        sys.exit(str(problem))
