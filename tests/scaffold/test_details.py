"""The fields that docs/add-field.md adds to users, in a copy of the project: the code of the page, and its effects."""

import json
from pathlib import Path

import pytest

from tests.support.copies import errors_of, files_of_page, git, run
from tests.support.slow import in_make_thorough

pytestmark = [pytest.mark.thorough, in_make_thorough]

DETAILS = "layers/shared/shared/values/details.py"
TEST = "tests/functions/test_company.py"


@pytest.fixture
def changed(copy: Path) -> Path:
    """A copy of the project with the files of the page."""
    files = files_of_page("docs/add-field.md")
    assert list(files) == [DETAILS, TEST]
    for name, text in files.items():
        (copy / name).write_text(text)
    run(copy, "-m", "scaffold.sync")
    return copy


def test_field_is_declared_in_one_place(changed: Path) -> None:
    # The budgets of imports are unchanged.
    status = git(changed, "status", "--porcelain").splitlines()
    assert status == [" M README.md", " M docs/openapi.json", f" M {DETAILS}", f"?? {TEST}"]
    run(changed, "-m", "ruff", "check")
    run(changed, "-m", "ruff", "format", "--check")
    run(changed, "-m", "mypy")
    tests = [TEST, "tests/scaffold/added_fields.py", "tests/scaffold/test_document.py", "tests/scaffold/test_sync.py"]
    tests += [
        "tests/shared/values",
        "--ignore-glob=*webauthn*",
        "tests/shared/records/test_users.py",
        "tests/shared/web/test_inputs.py",
    ]
    tests += ["tests/functions/users", "tests/functions/auth/test_register.py", "tests/functions/auth/test_login.py"]
    tests += ["tests/functions/test_imports.py", "tests/functions/test_errors_of_inputs.py"]
    assert " passed" in run(changed, "-m", "pytest", "-q", *tests, "-k", errors_of("users", "register"))


def test_field_is_documented_with_its_rules_where_it_is_accepted_and_shown(changed: Path) -> None:
    schemas = json.loads((changed / "docs/openapi.json").read_text())["components"]["schemas"]
    name = {"examples": ["Ada Lovelace"], "maxLength": 100, "type": "string"}
    company = {"anyOf": [name, {"type": "null"}], "examples": ["Engines Ltd"]}
    date = {"examples": ["2026-08-04"], "format": "date", "maxLength": 10, "type": "string"}
    birthday = {"anyOf": [date, {"type": "null"}]}
    plan = {"anyOf": [{"enum": ["free", "paid"], "type": "string"}, {"type": "null"}]}
    everything = {"company": company, "birthday": birthday, "plan": plan}
    for schema, expected in (
        ("PublicUser", everything),
        ("Registration", {"company": company}),
        ("Invitation", {"company": company}),
        ("Replacement", everything),
        ("Changes", everything),
    ):
        properties, required = schemas[schema]["properties"], schemas[schema].get("required", [])
        assert {field: properties[field] for field in everything if field in properties} == expected, schema
        assert everything.keys() & set(required) == (everything.keys() if schema == "PublicUser" else set()), schema
