"""The template as CloudFormation gets it: transformed by SAM's own translator, offline, as `sam validate` does it.

`python -m operations.transformed template.yaml operations/template.yaml --to FOLDER` writes FOLDER/template.json and
FOLDER/operations/template.json, for checkers that know CloudFormation's resources better than SAM's.
"""

import argparse
import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

from operations.stack import ROOT

Template: TypeAlias = dict[str, Any]

TEMPLATE = ROOT / "template.yaml"
REGION = "eu-west-1"
_NOTHING = {"Ref": "AWS::NoValue"}


def transform(path: Path = TEMPLATE, **parameters: str) -> Template:
    """Transform a template whose parameters have these values, and their defaults otherwise.

    References and conditions are left as they are, but where the translator needs a value, as in the API's `Body`.
    Places in S3 are invented.
    """
    source = yaml_parse(path.read_text(encoding="utf-8"))
    values = {name: _value(declared, parameters.get(name)) for name, declared in source["Parameters"].items()}
    # No function names a policy of AWS's own, so none has to be looked up.
    nothing = SimpleNamespace(load=dict)
    validator = SamTemplateValidator(source, nothing, region=REGION, parameter_overrides=values)
    return dict(yaml_parse(validator.get_translated_template_if_valid()))


def decided(template: Template, **parameters: str) -> Template:
    """Decide a template's conditions: only the resources that will be there, and what applies for every `Fn::If`."""
    declared = template["Parameters"]
    values = {name: parameters.get(name, str(parameter.get("Default"))) for name, parameter in declared.items()}
    conditions = _Conditions(template.get("Conditions", {}), values)
    resources = {
        name: conditions.decide(resource)
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or conditions.holds(resource["Condition"])
    }
    return {**template, "Resources": resources}


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Give a template's resources of a type, by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def references(value: Any) -> Iterator[str]:  # any part of a template
    """Give the names that a part of a template refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from re.findall(r"\$\{([A-Za-z0-9]+)", text)
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)


def _value(declared: Mapping[str, Any], given: str | None) -> Any:
    """Give a parameter's value as CloudFormation hands it to a transform: a list, if it is one."""
    # A nested template's parameters are given by the one above; anything will do for what is looked at here.
    text = str(declared.get("Default", "given")) if given is None else given
    kind = declared["Type"]
    return text.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else text


class _Conditions:
    """The template's conditions, as the values of parameters decide them."""

    def __init__(self, declared: Mapping[str, Any], values: Mapping[str, str]) -> None:
        self._declared, self._values = declared, values

    def holds(self, condition: Any) -> bool:  # a name, or an intrinsic function
        match condition:
            case str(name) | {"Condition": str(name)}:
                return self.holds(self._declared[name])
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": list(parts)}:
                return all(map(self.holds, parts))
            case {"Fn::Or": list(parts)}:
                return any(map(self.holds, parts))
            case {"Fn::Equals": [one, other]}:
                return self._value(one) == self._value(other)
        raise ValueError(f"an unknown condition: {condition}")

    def decide(self, value: Any) -> Any:  # any part of a template
        match value:
            case {"Fn::If": [condition, then, otherwise]}:
                return self.decide(then if self.holds(condition) else otherwise)
            case dict():
                decided = {name: self.decide(inner) for name, inner in value.items()}
                return {name: inner for name, inner in decided.items() if inner != _NOTHING}
            case list():
                return [inner for inner in map(self.decide, value) if inner != _NOTHING]
        return value

    def _value(self, value: Any) -> str:  # a parameter's value, or a constant
        return str(self._values[value["Ref"]] if isinstance(value, dict) else value)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("templates", nargs="+", type=Path)
    arguments.add_argument("--to", required=True, type=Path)
    given = arguments.parse_args()
    logging.disable(logging.WARNING)
    for file in given.templates:
        target = given.to / file.with_suffix(".json")
        target.parent.mkdir(parents=True, exist_ok=True)
        template = transform(file)
        for stack in of_type(template, "AWS::CloudFormation::Stack").values():
            nested = stack["Properties"]
            nested["TemplateURL"] = str(Path(nested["TemplateURL"]).with_suffix(".json"))
        target.write_text(json.dumps(template, indent=2))


if __name__ == "__main__":
    main()
