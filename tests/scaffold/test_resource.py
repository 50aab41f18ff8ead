"""`make resource` and `make remove NAME=`: fields, names and rights, and both commands in a copy of the project."""

import os
import re
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from scaffold import fields
from scaffold.fields import KINDS, indexed
from scaffold.names import ScaffoldError
from scaffold.plan import Plan
from scaffold.resource import (
    PERSONAL_DATA,
    REGISTRY,
    Names,
    Resource,
    add_resource,
    parse,
    parse_rights,
    remove_resource,
)
from tests.support import ROOT
from tests.support.copies import COMMIT, errors_of, git, run

CHANGED = ("template.yaml", REGISTRY, PERSONAL_DATA)


def resource(name: str = "gadget", text: str = "title:Name", by: str = "", **rights: str) -> Resource:
    granted = parse_rights(rights.get("owner", ""), rights.get("reader", ""), rights.get("writer", ""))
    return parse(name, rights.get("plural", ""), text, by, granted)


# Fields --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type_", "definition"),
    [
        ("title:Name", "Name", ""),
        ("title:Text?", "Text | None", ""),
        ("title:Text(500)", "GadgetTitle", 'Annotated[str, Rule(several_lines, max_length=500, example="Hello")]'),
        (
            "title:str(120)?",
            "GadgetTitle | None",
            'Annotated[str, Rule(one_line, max_length=120, example="A line of text")]',
        ),
        ("stars:int(1,5)", "GadgetStars", "Annotated[int, Rule(ge=1, le=5, example=5)]"),
        ("size:float(0, 1.5)", "GadgetSize", "Annotated[float, Rule(real, ge=0.0, le=1.5, example=1.5)]"),
        ("tags:list(3)", "GadgetTags", "Annotated[list[Line], Rule(max_length=3)]"),
        ("state:open|in-work|done?", "GadgetState | None", 'Literal["open", "in-work", "done"]'),
        ("dueAt:datetime", "DateTime", ""),
    ],
)
def test_field_has_a_type_of_all_or_of_its_own(text: str, type_: str, definition: str) -> None:
    (field,) = fields.parse(text, "Gadget")
    assert (field.type, field.definition) == (type_, definition)


def test_names_are_in_camel_case_in_json_and_in_snake_case_in_python() -> None:
    assert [(field.name, field.json) for field in fields.parse("dueAt:date due_by:date line2:str", "G")] == [
        ("due_at", "dueAt"),
        ("due_by", "dueBy"),
        ("line2", "line2"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "FIELDS names no field. An example: FIELDS="),
        ("title", "'title' is not a field: name:type"),
        ("1st:Name", "'1st:Name' is not a field"),
        ("title:Title", "title: Title is not a type. The types are Name, Text, Email,"),
        ("title:Name title:Text", "There are two fields title"),
        ("class:Name", "class cannot be the name of a field"),
        ("id:uuid", "id cannot be the name of a field: .* every record has it"),
        ("createdAt:date", "createdAt cannot be the name"),
        ("by_due:date", "by_due cannot be the name"),
        ("Title:Name", "Title cannot be the name of a field: .* not in camelCase"),
        ("state:open|open", "state: its values are two or more lower-case words, all different"),
        ("state:open|", "state: its values"),
        ("owner:Name", "owner cannot be the name"),
        ("changes:str(5)", "changes cannot be the name"),
        ("size:float(nan,nan)", r"size: the limits of float\(nan,nan\) are wrong"),
        ("size:float(0,1e300)", "size: the limits of"),
        ("size:float(0)", "size: the limits of"),
        ("stars:int(5,5)", "stars: the limits of"),
        ("title:str(0)", r"title: the limits of str\(0\) are wrong\. .* from 1 to 2000"),
        ("title:str(x)", r"title: the limits of str\(x\) are wrong"),
        ("stars:int(5,1)", r"stars: the limits of int\(5,1\) are wrong"),
        ("stars:int(0,1e300)", "stars: the limits of"),
        ("due:date(1)", r"due: date\(1\) has no limits"),
        (" ".join(f"text{number}:Text" for number in range(20)), r"could have 400,000 bytes, .* Text\(1000\)"),
    ],
)
def test_wrong_field_is_refused_with_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        fields.parse(text, "Gadget")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("color", "BY: there is no field color"),
        ("body", "BY: body cannot have an index"),
        ("tags", "BY: tags cannot have an index"),
        ("long", "BY: long cannot have an index"),
        ("due_from", "BY: due_from cannot have an index: .* its name is a range's"),
    ],
)
def test_wrong_index_is_refused(by: str, message: str) -> None:
    found = fields.parse("title:Name body:Text tags:list long:str(500) due_from:date", "Gadget")
    assert [field.name for field in indexed("title", found)] == ["title"]
    with pytest.raises(ScaffoldError, match=message):
        indexed(by, found)


def test_table_has_room_for_19_indexes() -> None:
    names = [f"n{number}" for number in range(20)]
    found = fields.parse(" ".join(f"{name}:int" for name in names), "Gadget")
    assert len(indexed(" ".join(names[1:]), found)) == 19
    with pytest.raises(ScaffoldError, match="BY: a table has at most 19"):
        indexed(" ".join(names), found)


# Names and rights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plural", "url", "entity"),
    [
        ("gadget", "gadgets", "/api/gadgets/{gadgetId}", "Gadget"),
        ("meeting-note", "meeting_notes", "/api/meeting-notes/{meetingNoteId}", "MeetingNote"),
        ("category", "categories", "/api/categories/{categoryId}", "Category"),
        ("class", "classes", "/api/classes/{classId}", "Class"),
        ("order", "orders", "/api/orders/{orderId}", "OrderRecord"),
        ("line", "lines", "/api/lines/{lineId}", "LineRecord"),
        ("warning", "warnings", "/api/warnings/{warningId}", "WarningRecord"),
    ],
)
def test_names_follow_from_the_name(name: str, plural: str, url: str, entity: str) -> None:
    found = resource(name)
    assert (found.plural, found.item_url, found.entity) == (plural, url, entity)


@pytest.mark.parametrize(
    ("name", "plural", "message"),
    [
        ("Note", "", "'Note' is not a name: lower-case words with hyphens"),
        ("../note", "", "is not a name"),
        ("news", "news", "news cannot be the plural of news. Name another: PLURAL="),
        ("typ", "type", "type cannot be the plural of typ"),
        ("job", "", "functions/jobs has what runs on a schedule or a queue"),
        ("owner", "", "owner cannot be the name: each record has an owner"),
        ("user", "", "exists already|template.yaml has a resource UsersTable already"),
        ("session", "", "has a resource SessionsTable already"),
        ("error", "", "layers/shared/shared/shapes/errors.py exists already. Choose another NAME or PLURAL"),
    ],
)
def test_name_that_clashes_is_refused(name: str, plural: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        add_resource(Plan(), resource(name, plural=plural))


@pytest.mark.parametrize(
    ("rights", "message"),
    [
        ({"owner": "team"}, "OWNER=team: records belong to a user, or to none"),
        ({"reader": "all"}, "READ is one of owner, caller, anyone; WRITE is one of owner, admin"),
        ({"owner": "none", "reader": "owner"}, "OWNER=none: without an owner"),
        ({"owner": "none", "writer": "owner"}, "OWNER=none: without an owner"),
        ({"writer": "admin"}, "WRITE=admin: administrators write what belongs to nobody. Add OWNER=none"),
    ],
)
def test_rights_that_contradict_each_other_are_refused(rights: dict[str, str], message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        resource(**rights)


# The plan ------------------------------------------------------------------------------------------

VARIANTS: list[dict[str, Any]] = [
    {"by": "title"},
    {"reader": "caller"},
    {"reader": "anyone", "by": "title"},
    {"owner": "none"},
    {"owner": "none", "reader": "anyone"},
]


@pytest.mark.parametrize("options", VARIANTS)
def test_resource_is_removed_without_a_trace(options: dict[str, str]) -> None:
    plan = Plan()
    add_resource(plan, resource(**options))
    created = [path for path in plan.paths() if path not in CHANGED]
    assert all(plan.exists(path) for path in created)
    remove_resource(plan, Names("gadget", "gadgets"))
    assert not any(plan.exists(path) for path in created)
    assert {path: plan.read(path) for path in CHANGED} == {path: (ROOT / path).read_text() for path in CHANGED}


def test_two_resources_do_not_disturb_each_other() -> None:
    plan = Plan()
    add_resource(plan, resource("widget"))
    before = {path: plan.read(path) for path in CHANGED}
    add_resource(plan, resource("gadget", reader="anyone"))
    remove_resource(plan, Names("gadget", "gadgets"))
    assert {path: plan.read(path) for path in CHANGED} == before


def test_resource_that_does_not_exist_cannot_be_removed() -> None:
    with pytest.raises(ScaffoldError, match=r"template\.yaml has no GadgetsTable, the table of gadget"):
        remove_resource(Plan(), Names("gadget", "gadgets"))


@pytest.mark.parametrize("name", ["user", "session"])
def test_part_of_the_bundle_cannot_be_removed(name: str) -> None:
    with pytest.raises(ScaffoldError, match="What `make resource` has not written, remove by hand"):
        remove_resource(Plan(), Names(name, f"{name}s"))


@pytest.mark.parametrize("kind", KINDS)
def test_examples_keep_the_limits(kind: str) -> None:
    limits = {"Text": "(1)", "str": "(1)", "list": "(1)", "int": "(1,2)", "float": "(1,2)"}.get(kind, "")
    (field,) = fields.parse(f"x:{kind}{limits}", "Gadget")
    assert field.values[0] != field.values[1]
    assert field.wrong not in field.values
    if kind in {"Text", "str", "list"}:
        assert all(len(value) <= 3 for value in field.values)
    if kind in {"int", "float"}:
        assert all(1 <= value <= 2 for value in field.values)


# In a copy of the project --------------------------------------------------------------------------


def of_the_page() -> list[str]:
    """Return the options of the command in docs/add-resource.md."""
    page = (ROOT / "docs/add-resource.md").read_text(encoding="utf-8")
    _, _, *words = shlex.split(re.findall(r"^make resource .*", page, re.MULTILINE)[0])
    name, *options = (word.split("=", 1) for word in words)
    return [name[1], *(part for option, value in options for part in (f"--{option.lower()}", value))]


# Small, large, and with names that Python and AWS have too.
OTHERS = [
    ["class", "--fields", "on:bool?", "--owner", "none"],
    ["table", "--fields", "state:a|b key:str(1)?", "--owner", "none", "--read", "anyone", "--by", "state key"],
    ["meeting-note", "--read", "caller", "--by", "field1", "--fields", " ".join(f"field{n}:int?" for n in range(20))],
    ["post", "--fields", "tags:list? at:datetime stars:int(1,5)? by:uuid? text:Text(300)", "--read", "anyone"],
]
CHOSEN = [of_the_page(), *(OTHERS if os.environ.get("RESOURCES") == "all" else [])]


@pytest.mark.thorough
@pytest.mark.parametrize("options", CHOSEN, ids=lambda options: options[0])
def test_resource_works_and_is_removed(copy: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "+class " in run(copy, "-m", "scaffold", "resource", *options, "--dry")
    assert git(copy, "status", "--porcelain") == ""
    started = time.monotonic()
    run(copy, "-m", "scaffold", "resource", *options)
    with capsys.disabled():
        print(f"\nmake resource NAME={options[0]} took {time.monotonic() - started:.0f} s")  # noqa: T201  # for the reader
    run(copy, "-m", "ruff", "check")
    run(copy, "-m", "ruff", "format", "--check")
    run(copy, "-m", "mypy")
    changed = git(copy, "status", "--porcelain", "-uall", "tests").splitlines()
    own = [line.split()[-1] for line in changed if line.endswith(".py")]
    assert len(own) == 2
    tests = ["tests/functions/test_errors_of_inputs.py", "tests/functions/test_imports.py", "tests/test_consistency.py"]
    chosen = errors_of(options[0])
    assert " passed" in run(copy, "-m", "pytest", "-q", own[0], *tests, "tests/scaffold/test_sync.py", "-k", chosen)
    assert "3 passed" in run(copy, "-m", "pytest", "-q", "-m", "thorough", own[1])
    assert "There are changes that are not committed" in run(
        copy, "-m", "scaffold", "remove", "--name", options[0], status=1
    )
    git(copy, "add", "--all")
    subprocess.run([*COMMIT, "a resource"], cwd=copy, check=True)
    run(copy, "-m", "scaffold", "remove", "--name", options[0])
    assert git(copy, "diff", "HEAD~1", "--stat") == ""
    assert git(copy, "ls-files", "--others", "--exclude-standard") == ""
