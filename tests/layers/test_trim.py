"""What the layer's build changes in libraries, tried on the installed versions, which are the layer's."""

import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.loaders import Loader

import trim
from aws_services import SERVICES

DEFERRED = [(name, statement) for name, statements in trim.DEFERRED.items() for statement in statements]
PACKAGES = Path(sysconfig.get_path("purelib"))


@pytest.mark.parametrize(("file", "statement"), DEFERRED)
def test_import_is_deferred_to_where_it_is_used(file: str, statement: str) -> None:
    source = (PACKAGES / file).read_text()
    rewritten = trim.defer(source, statement)
    compile(rewritten, file, "exec")
    assert [line for line in rewritten.splitlines() if line.strip() == statement and line.startswith(("f", "i"))] == []
    assert rewritten.count(statement) >= source.count(statement)


def test_deferred_import_happens_on_use() -> None:
    source = "import os.path\n\ndef name(file):\n    if file:\n        return os.path.basename(file)\n"
    module: dict[str, Any] = {}
    exec(trim.defer(source, "import os.path"), module)  # noqa: S102  # what the build writes
    assert "os" not in module
    assert module["name"]("/a/b") == "b"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import b\n", "`import a` occurs 0 times"),
        ("import a\n", "`a` is not used"),
        ("import a\nvalue = a.b\n", "`a` is used at module level"),
        ("import a\nclass X:\n    value = a.b\n", "`a` is used at module level"),
        ("import a\ndef f(value=a.b): pass\n", "`a` is used at module level"),
        ("import a\n@a.b\ndef f(): pass\n", "`a` is used at module level"),
        ("import a\ndef f(): return a\n", "no import can be inserted above line 2"),
        ("import a\ndef f():\n    if f: pass\n    elif a: pass\n", "no import can be inserted above line 4"),
    ],
)
def test_import_that_cannot_be_deferred_fails_the_build(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trim.defer(source, "import a")


@pytest.mark.parametrize("file", trim.REPLACED)
def test_text_to_replace_occurs_once(file: str) -> None:
    source = (PACKAGES / file).read_text()
    for old, new in trim.REPLACED[file]:
        source = trim.replace(source, old, new)
    compile(source, file, "exec")


def test_missing_or_repeated_text_fails_the_build() -> None:
    with pytest.raises(ValueError, match="`a` occurs 0 times"):
        trim.replace("b", "a", "c")
    with pytest.raises(ValueError, match="`a` occurs 2 times"):
        trim.replace("a, a", "a", "c")


def test_typed_dictionary_of_pydantic_is_still_a_dictionary() -> None:
    source = (PACKAGES / "pydantic_core/core_schema.py").read_text()
    for old, new in trim.REPLACED["pydantic_core/core_schema.py"]:
        source = trim.replace(source, old, new)
    module = ModuleType("core_schema")
    exec(source, vars(module))  # noqa: S102  # what the build writes
    config = module.CoreConfig(title="Form", strict=True)
    assert (type(config), config) == (dict, {"title": "Form", "strict": True})
    assert module.str_schema(max_length=3) == {"type": "str", "max_length": 3}


def test_documentation_is_removed_but_a_member_of_that_name_stays() -> None:
    shape = {"documentation": "Words.", "members": {"documentation": {"shape": "Text", "documentation": "Words."}}}
    assert trim.without_documentation(shape) == {"members": {"documentation": {"shape": "Text"}}}


def test_service_unknown_to_botocore_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dynamodb", "s3"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(trim, "SERVICES", frozenset({"dynamodb", "dynamodbb"}))
    with pytest.raises(SystemExit, match=r"layers/shared/aws_services.py: botocore has no dynamodbb"):
        trim.keep_services(tmp_path)
    assert (tmp_path / "s3").exists()


def test_botocore_describes_every_service_in_the_list() -> None:
    assert set(Loader().list_available_services("service-2")) > SERVICES
