"""The package's docstring lists exactly the files of the package."""

import inspect
import re
from pathlib import Path

import operations

FOLDER = Path(operations.__file__).parent


def test_docstring_lists_every_file_of_the_package() -> None:
    listed = re.findall(r"^ +([\w.]+)  ", inspect.getdoc(operations) or "", re.MULTILINE)
    modules = {file.stem for file in FOLDER.glob("*.py")} - {"__init__"}
    assert listed == sorted(modules | {file.name for file in FOLDER.glob("*.yaml")})
