"""What the layer's build does to libraries, on the versions that are installed here, which are the layer's."""

import runpy
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support import ROOT

TRIM = runpy.run_path(str(ROOT / "layers/shared/trim.py"))
PUT_OFF = [(name, text) for name, texts in TRIM["PUT_OFF"].items() for text in texts]
PACKAGES = Path(sysconfig.get_path("purelib"))


@pytest.mark.parametrize(("file", "statement"), PUT_OFF)
def test_an_import_is_put_off_to_where_it_is_used(file: str, statement: str) -> None:
    source = (PACKAGES / file).read_text()
    rewritten = TRIM["put_off"](source, statement)
    compile(rewritten, file, "exec")
    assert [line for line in rewritten.splitlines() if line.strip() == statement and line.startswith(("f", "i"))] == []
    assert rewritten.count(statement) >= source.count(statement)


def test_what_was_put_off_is_imported_when_it_is_used() -> None:
    source = "import os.path\n\ndef name(file):\n    if file:\n        return os.path.basename(file)\n"
    module: dict[str, Any] = {}
    exec(TRIM["put_off"](source, "import os.path"), module)  # noqa: S102  # what the build writes
    assert "os" not in module
    assert module["name"]("/a/b") == "b"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import b\n", "`import a` is there 0 times"),
        ("import a\n", "`a` is not used"),
        ("import a\nvalue = a.b\n", "`a` is used outside functions"),
        ("import a\nclass X:\n    value = a.b\n", "`a` is used outside functions"),
        ("import a\ndef f(value=a.b): pass\n", "`a` is used outside functions"),
        ("import a\n@a.b\ndef f(): pass\n", "`a` is used outside functions"),
        ("import a\ndef f(): return a\n", "no import can be put above line 2"),
        ("import a\ndef f():\n    if f: pass\n    elif a: pass\n", "no import can be put above line 4"),
    ],
)
def test_an_import_that_cannot_be_put_off_fails_the_build(source: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TRIM["put_off"](source, "import a")


def test_a_typed_dictionary_of_schemas_is_a_dictionary_as_before() -> None:
    source = (PACKAGES / "pydantic_core/core_schema.py").read_text()
    module = ModuleType("core_schema")
    exec(TRIM["without_typed_dicts"](source), vars(module))  # noqa: S102  # what the build writes
    config = module.CoreConfig(title="Form", strict=True)
    assert (type(config), config) == (dict, {"title": "Form", "strict": True})
    assert module.str_schema(max_length=3) == {"type": "str", "max_length": 3}


def test_typed_dictionaries_from_elsewhere_fail_the_build() -> None:
    with pytest.raises(ValueError, match="is there 0 times"):
        TRIM["without_typed_dicts"]("from typing_extensions import TypedDict\n")
