"""The template as CloudFormation gets it: transformed by SAM's own translator, offline, as `sam validate` does it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
REGION = "eu-west-1"


def transform(template: Path = TEMPLATE, **parameters: str) -> dict[str, Any]:
    """Transform a template whose parameters have these values, and their defaults otherwise.

    References are left as they are, but where the translator needs a value, as in the API's `Body`. Places in S3 are
    invented.
    """
    source = yaml_parse(template.read_text())
    values = {name: _value(declared, parameters.get(name)) for name, declared in source["Parameters"].items()}
    # No function names a policy of AWS' own, so none has to be looked up.
    nothing = SimpleNamespace(load=dict)
    validator = SamTemplateValidator(source, nothing, region=REGION, parameter_overrides=values)
    transformed: dict[str, Any] = yaml_parse(validator.get_translated_template_if_valid())
    return transformed


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Give a template's resources of a type, by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def _value(declared: Mapping[str, Any], given: str | None) -> Any:
    """Give a parameter's value as CloudFormation hands it to a transform: a list, if it is one."""
    text = str(declared["Default"]) if given is None else given
    kind = declared["Type"]
    return text.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else text
