"""The description of the runner's parts in `local/__init__.py`."""

import re

import local
from tests.support import ROOT


def test_every_part_of_the_runner_is_described() -> None:
    folder = ROOT / "local"
    parts = {path.name for path in folder.iterdir() if path.is_file()}
    parts |= {f"{package.parent.name}/" for package in folder.glob("*/__init__.py")}
    described = re.findall(r"(?m)^ *(\S+) {2,}\S", local.__doc__ or "")
    assert sorted(described) == sorted(parts - {"__init__.py"})
