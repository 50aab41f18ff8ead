"""The runner's own tasks, run in a worker like a function."""

from collections.abc import Iterable
from pathlib import Path

from local.template import Function


def function_of(task: str, functions: Iterable[Function]) -> Function:
    """Return one of the modules in this folder as a function, with the environment variables of all functions."""
    environment = {name: value for function in functions for name, value in function.environment.items()}
    name = "".join(word.capitalize() for word in task.split("_"))
    return Function(name, Path(__file__).parent, f"{task}.handler", timeout=60, memory=512, environment=environment)
