"""The part of the AWS CLI that the runbooks use, on botocore: `aws_cli.py SERVICE OPERATION --option value …`.

So the rehearsal needs no AWS CLI. An operation or option that the service does not have is an error, as with the AWS
CLI, which derives both from the same description of the service.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.model import OperationModel, Shape
from botocore.session import get_session

# Options of the AWS CLI itself, before or after the service.
_GLOBAL = {"query", "output", "region"}


# The stubs list the services by name.
_client: Any = boto3.client


class Command(NamedTuple):
    """A command as a call of botocore: an operation with parameters, or a waiter."""

    service: str
    operation: str
    waits: bool
    parameters: dict[str, Any]
    query: str | None


def parse(words: Sequence[str]) -> Command:
    """Parse the words after `aws`. Raises ValueError for what the service does not have."""
    service, *rest = words
    waits = rest[0] == "wait"
    name, *options = rest[1:] if waits else rest
    if service not in get_session().get_available_services():
        raise ValueError(f"AWS has no service {service}")
    client = _client(service, region_name="eu-west-1")
    operation = client.get_waiter(name.replace("-", "_")).config.operation if waits else _method(client, name)
    given = _options(options)
    model = client.meta.service_model.operation_model(operation)
    parameters = dict(_parameter(model, option, values) for option, values in given.items() if option not in _GLOBAL)
    missing = set(model.input_shape.required_members if model.input_shape else ()) - parameters.keys()
    if missing:
        raise ValueError(f"aws {service} {name} lacks {', '.join(sorted(missing))}")
    query = given.get("query", [None])[0]
    return Command(service, name.replace("-", "_") if waits else operation, waits, parameters, query)


def _method(client: Any, name: str) -> str:
    operations: dict[str, str] = client.meta.method_to_api_mapping
    method = name.replace("-", "_")
    if method not in operations:
        raise ValueError(f"aws has no operation {name}")
    return operations[method]


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values that follow each option."""
    given: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            values = given.setdefault(word.removeprefix("--"), [])
        else:
            values.append(word)
    return given


def _parameter(model: OperationModel, option: str, values: Sequence[str]) -> tuple[str, Any]:
    members: dict[str, Shape] = dict(model.input_shape.members) if model.input_shape else {}
    for name, shape in members.items():
        named = xform_name(name, "-")
        if option == named:
            return name, _value(shape, values)
        if shape.type_name == "boolean" and option == f"no-{named}":
            return name, False
    raise ValueError(f"{model.name} has no option --{option}")


def _value(shape: Shape, values: Sequence[str]) -> Any:
    match shape.type_name:
        case "boolean":
            return True
        case "integer" | "long" | "double":
            return int(values[0])
        case "list":
            return list(values)
        case "structure" | "map":
            return json.loads(values[0])
    return values[0]


def main() -> None:
    """Call AWS, and print the result: what `--query` selects as text, everything as JSON."""
    command = parse(sys.argv[1:])
    client = _client(command.service)
    if command.waits:
        client.get_waiter(command.operation).wait(**command.parameters)
        return
    result = getattr(client, xform_name(command.operation))(**command.parameters)
    result.pop("ResponseMetadata")
    if command.query:
        selected = jmespath.search(command.query, result)
        print("\t".join(selected) if isinstance(selected, list) else selected)
    elif result:
        print(json.dumps(result, default=str))


if __name__ == "__main__":
    main()
