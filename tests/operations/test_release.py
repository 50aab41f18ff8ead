"""The name of a release changes with every change, and only then."""

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


def test_release_name_is_in_the_description_of_functions(build: Path) -> None:
    name = stamp(build, {})
    assert yaml_parse((build / "template.yaml").read_text())["Globals"]["Function"] == {
        "Timeout": 15,
        "Description": f"Release {name}",
    }


def test_release_name_is_stable_without_a_change(build: Path) -> None:
    assert stamp(build, {"LogLevel": "INFO"}) == stamp(build, {"LogLevel": "INFO"})


def test_code_parameters_and_template_change_the_release_name(build: Path) -> None:
    names = {stamp(build, {"LogLevel": "INFO"}), stamp(build, {"LogLevel": "DEBUG"})}
    (build / "SharedLayer" / "module.py").write_text("version = 2\n")
    names.add(stamp(build, {"LogLevel": "INFO"}))
    (build / "template.yaml").write_text(TEMPLATE.replace("15", "16"))
    names.add(stamp(build, {"LogLevel": "INFO"}))
    assert len(names) == 4
