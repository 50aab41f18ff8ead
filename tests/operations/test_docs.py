"""The guides name only what exists: files, links, `make` targets, tests, and the stack's functions and tables."""

import re

import pytest

from operations.stack import ROOT

PAGES = [
    *("CONTRIBUTING.md", "docs/add-endpoint.md", "docs/add-field.md", "docs/add-resource.md"),
    *("docs/pipelines.md", "docs/rehearsal.md", "docs/runbooks.md"),
]
# Files that the examples in the guides create.
EXAMPLES = re.compile(
    r"functions/(greetings|notes|support|weather)/|tests/.*/test_(greetings|weather|company|language|notes(_races)?)\.py|.*/(greetings|notes|weather)\.py"
    r"|.*/templates/de/"
)


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_named_files_exist(page: str) -> None:
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", read(page))
    roots = {path.name for path in ROOT.iterdir()} | {"shared"}
    missing = [
        path
        for path in named
        if path.partition("/")[0] in roots
        and not EXAMPLES.match(path)
        and not (ROOT / path).exists()
        and not (ROOT / "layers/shared" / path).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = read(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (ROOT / page).parent.joinpath(target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_named_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", read("Makefile"), re.MULTILINE))
    commands = re.findall(r"(?:`|^|&& )make ([a-z][a-z -]*)", read(page), re.MULTILINE)
    assert {target for command in commands for target in command.split()} - targets == set()


def test_named_tests_exist() -> None:
    named = {name for page in ROOT.glob("docs/*.md") for name in re.findall(r"`(test_\w+)`", page.read_text("utf-8"))}
    assert named
    tests = "\n".join(file.read_text("utf-8") for file in ROOT.glob("tests/**/test_*.py"))
    assert named - set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE)) == set()
