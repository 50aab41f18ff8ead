"""Templates as CloudFormation gets them, for checkers that know SAM's own resources less well.

`python -m checks.transformed template.yaml operations/template.yaml --to FOLDER` writes FOLDER/template.json and
FOLDER/operations/template.json.
"""

import argparse
import json
import logging
from pathlib import Path

from operations.transformed import of_type, transform


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
