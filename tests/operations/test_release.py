"""The name of a release: another one for every change, the same where nothing has changed."""

from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from operations.release import stamp

TEMPLATE = "Globals: {Function: {Timeout: 15}}\nParameters: {LogLevel: {Type: String}}\n"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "SharedLayer").mkdir()
    (tmp_path / "SharedLayer" / "module.py").write_text("version = 1\n")
    return tmp_path


def test_it_is_in_the_description_of_every_function(build: Path) -> None:
    name = stamp(build, {})
    assert yaml_parse((build / "template.yaml").read_text())["Globals"]["Function"] == {
        "Timeout": 15,
        "Description": f"Release {name}",
    }


def test_it_is_the_same_as_long_as_nothing_changes(build: Path) -> None:
    assert stamp(build, {"LogLevel": "INFO"}) == stamp(build, {"LogLevel": "INFO"})


def test_code_parameters_and_template_change_it(build: Path) -> None:
    names = {stamp(build, {"LogLevel": "INFO"}), stamp(build, {"LogLevel": "DEBUG"})}
    (build / "SharedLayer" / "module.py").write_text("version = 2\n")
    names.add(stamp(build, {"LogLevel": "INFO"}))
    (build / "template.yaml").write_text(TEMPLATE.replace("15", "16"))
    names.add(stamp(build, {"LogLevel": "INFO"}))
    assert len(names) == 4
