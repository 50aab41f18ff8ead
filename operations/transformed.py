"""The template as CloudFormation sees it: after the SAM transform, done offline by SAM's own translator.

`python -m operations.transformed template.yaml operations/template.yaml --to FOLDER` writes FOLDER/template.json and
FOLDER/operations/template.json, for checkers that know CloudFormation's resources better than SAM's. They get the
template of a gradual deployment, which has all resources of a deployment at once, and CodeDeploy's.
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
from samtranslator.intrinsics.resolver import IntrinsicsResolver

from operations.stack import ROOT

Template: TypeAlias = dict[str, Any]

TEMPLATE = ROOT / "template.yaml"
REGION = "eu-west-1"
GRADUAL = "Canary10Percent5Minutes"
_NO_VALUE = {"Ref": "AWS::NoValue"}


def transform(path: Path = TEMPLATE, **parameters: str) -> Template:
    """Transform a template with these parameter values; the other parameters have their defaults.

    References and conditions stay unresolved, except where the translator needs a value, as in the API's `Body`.
    S3 locations are placeholders.
    """
    return translate(yaml_parse(path.read_text(encoding="utf-8")), parameters)


def translate(source: Template, parameters: Mapping[str, str], *, resolve: bool = False) -> Template:
    """Transform a parsed template; with `resolve`, after AWS::LanguageExtensions has put values into `Resources`."""
    values = {name: _value(declared, parameters.get(name)) for name, declared in source["Parameters"].items()}
    if resolve:
        source = {**source, "Resources": IntrinsicsResolver(values).resolve_parameter_refs(source["Resources"])}
    # No function names a policy managed by AWS, so the translator has none to look up.
    no_policies = SimpleNamespace(load=dict)
    validator = SamTemplateValidator(source, no_policies, region=REGION, parameter_overrides=values)
    return dict(yaml_parse(validator.get_translated_template_if_valid()))


def resolve_conditions(template: Template, **parameters: str) -> Template:
    """Return the template for these parameter values: no resource whose condition is false, and no `Fn::If`."""
    declared = template["Parameters"]
    values = {name: parameters.get(name, str(parameter.get("Default"))) for name, parameter in declared.items()}
    conditions = _Conditions(template.get("Conditions", {}), values)
    resources = {
        name: conditions.resolve(resource)
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or conditions.holds(resource["Condition"])
    }
    return {**template, "Resources": resources}


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return a template's resources of one type, by logical id."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def references(value: Any) -> Iterator[str]:  # any part of a template
    """Yield the names a part of a template refers to."""
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
    """Return a parameter's value as CloudFormation passes it to a transform: a list, for list types."""
    # The parameters of a nested template have no default; no check depends on their values.
    text = str(declared.get("Default", "given")) if given is None else given
    kind = declared["Type"]
    return text.split(",") if kind == "CommaDelimitedList" or kind.startswith("List<") else text


class _Conditions:
    """The template's conditions for given parameter values."""

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
        raise ValueError(f"unsupported condition: {condition}")

    def resolve(self, value: Any) -> Any:  # any part of a template
        match value:
            case {"Fn::If": [condition, then, otherwise]}:
                return self.resolve(then if self.holds(condition) else otherwise)
            case dict():
                resolved = {name: self.resolve(inner) for name, inner in value.items()}
                return {name: inner for name, inner in resolved.items() if inner != _NO_VALUE}
            case list():
                return [inner for inner in map(self.resolve, value) if inner != _NO_VALUE]
        return value

    def _value(self, value: Any) -> str:  # a parameter's value, or a constant
        return str(self._values[value["Ref"]] if isinstance(value, dict) else value)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m operations.transformed", description="Transform SAM templates.")
    parser.add_argument("templates", nargs="+", type=Path, help="templates to transform")
    parser.add_argument("--to", required=True, type=Path, help="folder to write to")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    for file in arguments.templates:
        target = arguments.to / file.with_suffix(".json")
        target.parent.mkdir(parents=True, exist_ok=True)
        template = transform(file, Deployment=GRADUAL)
        for stack in of_type(template, "AWS::CloudFormation::Stack").values():
            nested = stack["Properties"]
            nested["TemplateURL"] = str(Path(nested["TemplateURL"]).with_suffix(".json"))
        target.write_text(json.dumps(template, indent=2))


if __name__ == "__main__":
    main()
