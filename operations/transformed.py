"""template.yaml as CloudFormation gets it: after SAM's transform, done here by SAM's own translator, without AWS."""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template: TypeAlias = dict[str, Any]
Values: TypeAlias = Mapping[str, str]

# SAM would ask IAM for their ARNs.
_AWS_POLICIES = {
    name: f"arn:aws:iam::aws:policy/{path}{name}"
    for name, path in {"AWSLambdaBasicExecutionRole": "service-role/", "AWSXrayWriteOnlyAccess": ""}.items()
}
_REGION = "eu-west-1"
# What `sam deploy` uploads, and puts the address of in its place.
_UPLOADED = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::Application": "Location",
}


def transformed(path: Path, values: Values | None = None) -> Template:
    """Transform a template, with these values of its parameters and its defaults; `Fn::If` is decided by them."""
    template = yaml_parse(path.read_text(encoding="utf-8"))
    for name, resource in template["Resources"].items():
        if resource["Type"] in _UPLOADED:
            scheme = "https://s3.amazonaws.com" if resource["Type"].endswith("Application") else "s3:/"
            resource["Properties"][_UPLOADED[resource["Type"]]] = f"{scheme}/uploaded/{name}"
    parameters = {**_defaults(template), **(values or {})}
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    translator = Translator(_AWS_POLICIES, Parser(), boto_session=_Session())
    out = translator.translate(template, {**parameters, "AWS::Region": _REGION})
    conditions = _Conditions(out.get("Conditions", {}), parameters)
    resources = {
        name: conditions.decide(resource)
        for name, resource in out["Resources"].items()
        if "Condition" not in resource or conditions.holds(resource["Condition"])
    }
    return {**out, "Resources": resources}


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


class _Session:
    """The part of a session that the translator asks: where it is."""

    region_name = _REGION


def _defaults(template: Template) -> dict[str, str]:
    return {
        name: str(declared["Default"])
        for name, declared in template.get("Parameters", {}).items()
        if "Default" in declared
    }


class _Conditions:
    """The template's conditions, as the values of parameters decide them."""

    _NOTHING = {"Ref": "AWS::NoValue"}  # noqa: RUF012  # compared with, never changed

    def __init__(self, declared: Mapping[str, Any], values: Values) -> None:
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
        """Put what applies in the place of every `Fn::If`."""
        match value:
            case {"Fn::If": [condition, then, otherwise]}:
                return self.decide(then if self.holds(condition) else otherwise)
            case dict():
                decided = {name: self.decide(inner) for name, inner in value.items()}
                return {name: inner for name, inner in decided.items() if inner != self._NOTHING}
            case list():
                return [inner for inner in map(self.decide, value) if inner != self._NOTHING]
        return value

    def _value(self, value: Any) -> str:  # a parameter's value, or a constant
        return str(self._values[value["Ref"]] if isinstance(value, dict) else value)
