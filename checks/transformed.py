"""The template as CloudFormation gets it: SAM's functions as roles, permissions, routes and stages.

`python -m checks.transformed template.yaml operations/template.yaml --to FOLDER` writes FOLDER/template.json and
FOLDER/operations/template.json, for checkers that know SAM's own resources less well.
"""

import argparse
import json
import logging
import os
from pathlib import Path
from typing import Any, cast

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# Where the code will be lies open until it is deployed; SAM wants an address on S3.
CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::Application": "Location",
}


class _NoManagedPolicies:
    """Policies by name alone, which the template does not use; SAM would ask AWS for the list."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(file: Path) -> dict[str, Any]:
    """Transform a template as CloudFormation does; the region matters only to SAM's own checks."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    template = cast("dict[str, Any]", yaml_parse(file.read_text()))
    for resource in template["Resources"].values():
        if resource["Type"] in CODE:
            is_template = resource["Type"] == "AWS::Serverless::Application"
            place = "https://bucket.s3.amazonaws.com/key" if is_template else "s3://bucket/key"
            resource["Properties"][CODE[resource["Type"]]] = place
    return cast("dict[str, Any]", transform(template, {}, _NoManagedPolicies()))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("templates", nargs="+", type=Path)
    arguments.add_argument("--to", required=True, type=Path)
    given = arguments.parse_args()
    logging.disable(logging.WARNING)
    for file in given.templates:
        target = given.to / file.with_suffix(".json")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(transformed(file), indent=2))


if __name__ == "__main__":
    main()
