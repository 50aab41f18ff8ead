"""`make resource`: the files, the table and the two functions of records that one's own front end stores."""

import builtins
import keyword
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scaffold import fields as declared
from scaffold import template
from scaffold.endpoint import TEMPLATE, move_folders, render
from scaffold.fields import KINDS, Field
from scaffold.names import ScaffoldError, camel_case, folder_of
from scaffold.plan import Plan
from scaffold.routes import ROOT

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_READERS = ("owner", "caller", "anyone")
_WRITERS = ("owner", "admin")
_TEMPLATES = Path(__file__).parent / "templates/resource"
# What the modules of a resource call modules, functions and variables, so that its own module needs another name.
_NAMES = re.compile("api|body|caller|admin|found|handler|ids|key|logs|once|page|position|record|search|versions")
PERSONAL_DATA = "docs/personal-data.md"
REGISTRY = "layers/shared/shared/accounts/resources.py"
_CLOSING = "RemoveClosedAccountsFunction"
_EXPORT = "ExportFunction"


@dataclass(frozen=True)
class Names:
    """A name for records, such as `meeting_note`, its plural, and what follows from them."""

    name: str
    plural: str

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def plural_words(self) -> str:
        return self.plural.replace("_", " ")

    @property
    def title(self) -> str:
        return self.plural_words.capitalize()

    @property
    def article(self) -> str:
        return "an" if self.name[0] in "aeiou" else "a"

    @property
    def camel(self) -> str:
        return _capitalized(self.name)

    @property
    def entity(self) -> str:
        """The name of its class, such as `Note`; `TableRecord` where `Table` is another class."""
        is_taken = self.camel in _classes() or hasattr(builtins, self.camel)
        return f"{self.camel}Record" if is_taken else self.camel

    @property
    def id(self) -> str:
        return f"{self.name}_id"

    @property
    def json_plural(self) -> str:
        return camel_case(self.plural)

    @property
    def constant(self) -> str:
        return self.plural.upper()

    @property
    def table(self) -> str:
        """The logical id of its table in template.yaml."""
        return f"{_capitalized(self.plural)}Table"

    @property
    def functions(self) -> dict[str, str]:
        """The logical ids of its functions, by their paths."""
        return {self.url: f"{_capitalized(self.plural)}Function", self.item_url: f"{self.camel}Function"}

    @property
    def environment_variable(self) -> str:
        """The variable with the table's name."""
        return f"{self.plural.upper()}_TABLE"

    @property
    def url(self) -> str:
        return f"/api/{self.plural.replace('_', '-')}"

    @property
    def item_url(self) -> str:
        return f"{self.url}/{{{camel_case(self.id)}}}"

    @property
    def types(self) -> str:
        """The module of its own types, if there are any."""
        return f"layers/shared/shared/values/{self.plural}.py"

    @property
    def files(self) -> dict[str, str]:
        """The template of each file that it always has."""
        return {
            f"layers/shared/shared/records/{self.plural}.py": "records.py",
            f"layers/shared/shared/shapes/{self.plural}.py": "shapes.py",
            f"functions/{self.plural}/index/app.py": "index.py",
            f"functions/{self.plural}/by_id/app.py": "by_id.py",
            f"tests/functions/test_{self.plural}.py": "test.py",
            f"tests/shared/records/test_{self.plural}_races.py": "test_races.py",
        }


@dataclass(frozen=True)
class Resource(Names):
    """Records of one kind: their fields, who may read and write them, and the fields that have an index (`by`)."""

    owned: bool
    reader: str
    fields: Sequence[Field]
    by: Sequence[Field]

    @property
    def private(self) -> bool:
        """Whether nobody but the owner sees a record. Its owner is then the table's partition key."""
        return self.reader == "owner"

    @property
    def key_parameters(self) -> str:
        return f"owner_id: str, {self.id}: str" if self.private else f"{self.id}: str"

    @property
    def key_arguments(self) -> str:
        return f"owner_id, {self.id}" if self.private else self.id

    @property
    def change_parameters(self) -> str:
        return f"owner_id: str, {self.id}: str" if self.owned else f"{self.id}: str"

    @property
    def read_expression(self) -> str:
        """The expression for the record to change."""
        if self.private:
            return f"get(owner_id, {self.id})"
        return f"_owned(owner_id, {self.id})" if self.owned else f"get({self.id})"

    @property
    def type_imports(self) -> str:
        """The imports of the types of its fields."""
        shared = sorted({field.annotation for field in self.fields if not field.definition} - {"bool"})
        own = sorted(field.annotation for field in self.fields if field.definition)
        return "\n".join(
            [f"from shared.values.{self.plural} import {', '.join(own)}"] * bool(own)
            + [f"from shared.values.types import {', '.join(shared)}"] * bool(shared)
        )

    def attribute(self, field: Field) -> str:
        """The attribute that the index of a field sorts by."""
        return f"by{field.json[:1].upper()}{field.json[1:]}"

    def index(self, field: Field) -> str:
        """The name of the index of a field."""
        return f"By{field.json[:1].upper()}{field.json[1:]}"


@cache
def _classes() -> frozenset[str]:
    """Return the names that the modules of a resource may have for classes of others: all capitalized words in them."""
    modules = (path.read_text(encoding="utf-8") for path in _TEMPLATES.glob("*.py.jinja"))
    return frozenset(re.findall(r"\b[A-Z][A-Za-z]+\b", "".join(modules))) | {kind.annotation for kind in KINDS.values()}


class Rights(NamedTuple):
    """Whether records belong to users, and who may read them: `owner`, `caller` or `anyone`."""

    owned: bool
    reader: str


def parse_rights(owner: str, reader: str, writer: str) -> Rights:
    """Return who may do what. Empty texts stand for the usual: an owner reads and writes, or else callers and admins.

    Raises:
        ScaffoldError: a word is unknown, or two contradict each other.

    """
    owner = owner or "user"
    if owner not in {"user", "none"}:
        raise ScaffoldError(f"OWNER={owner}: records belong to a user, or to none.")
    owned = owner == "user"
    reader, writer = reader or ("owner" if owned else "caller"), writer or ("owner" if owned else "admin")
    if reader not in _READERS or writer not in _WRITERS:
        raise ScaffoldError(f"READ is one of {', '.join(_READERS)}; WRITE is one of {', '.join(_WRITERS)}.")
    if not owned and "owner" in {reader, writer}:
        raise ScaffoldError("OWNER=none: without an owner, READ is caller or anyone, and WRITE is admin.")
    if owned and writer == "admin":
        raise ScaffoldError("WRITE=admin: administrators write what belongs to nobody. Add OWNER=none.")
    return Rights(owned, reader)


def parse(name: str, plural: str, fields: str, by: str, rights: Rights) -> Resource:
    """Return the resource that the command line declares.

    Raises:
        ScaffoldError: a name or a field is none, or cannot be used.

    """
    names = parse_names(name, plural)
    parsed = declared.parse(fields, names.camel)
    return Resource(names.name, names.plural, rights.owned, rights.reader, parsed, declared.indexed(by, parsed))


def parse_names(name: str, plural: str) -> Names:
    """Return the names. An empty `plural` is derived from the name.

    Raises:
        ScaffoldError: one is no name, or cannot be a module's.

    """
    for text in (name, plural or name):
        if not _NAME.fullmatch(text):
            raise ScaffoldError(f"{text!r} is not a name: lower-case words with hyphens, such as note or meeting-note.")
    name = name.replace("-", "_")
    plural = plural.replace("-", "_") or _plural(name)
    if name == "owner":
        raise ScaffoldError("owner cannot be the name: each record has an owner. Choose another NAME.")
    if plural == "jobs":
        raise ScaffoldError("functions/jobs has what runs on a schedule or a queue. Choose another NAME or PLURAL.")
    if plural == name or keyword.iskeyword(plural) or hasattr(builtins, plural) or _NAMES.fullmatch(plural):
        raise ScaffoldError(f"{plural} cannot be the plural of {name}. Name another: PLURAL=…")
    return Names(name, plural)


def add_resource(plan: Plan, resource: Resource) -> None:
    """Plan everything that a resource consists of.

    Raises:
        ScaffoldError: something of that name exists.

    """
    _verify_free(plan, resource)
    text = plan.read(TEMPLATE)
    exports = _EXPORT in _of_owners(text)
    files = resource.files | (
        {resource.types: "types.py"} if any(field.definition for field in resource.fields) else {}
    )
    for file, name in files.items():
        plan.create(file, _tidy(render(f"resource/{name}.jinja", r=resource, exports=exports), file))
    for path, function in resource.functions.items():
        folder = folder_of(path, set(resource.functions))
        block = render("resource/function.yaml.jinja", r=resource, function=function, folder=folder, path=path)
        text = template.with_block(text, path, block)
    text = template.with_table(text, render("resource/table.yaml.jinja", r=resource))
    if resource.owned:
        for function in _of_owners(text):
            statements = _statements(resource, deletes=function == _CLOSING)
            text = template.with_access(text, function, resource.environment_variable, resource.table, statements)
        registry = plan.read(REGISTRY)
        plan.change(REGISTRY, _registry(registry, {*_entries(registry), resource.plural}))
    plan.change(TEMPLATE, text)
    move_folders(plan, {block.path for block in template.blocks(text)})
    plan.change(PERSONAL_DATA, _with_row(plan.read(PERSONAL_DATA), resource))


def remove_resource(plan: Plan, names: Names) -> None:
    """Plan the removal of everything that `add_resource` wrote.

    Raises:
        ScaffoldError: there is no such resource, or it is one of the bundle's own, such as users.

    """
    text = plan.read(TEMPLATE)
    if not re.search(rf"^  {names.table}:$", text, re.MULTILINE):
        raise ScaffoldError(f"template.yaml has no {names.table}, the table of {names.name}. Is PLURAL=… missing?")
    if missing := next((file for file in names.files if not plan.exists(file)), None):
        raise ScaffoldError(
            f"{missing} is missing. Remove the endpoints below {names.item_url} first. What `make resource` has not "
            "written, remove by hand."
        )
    for path in names.functions:
        text = template.without_block(text, path)
    for function in _of_owners(text):
        text = template.without_access(text, function, names.table)
    text = template.without_table(text, names.table)
    plan.change(TEMPLATE, text)
    for file in filter(plan.exists, (*names.files, names.types)):
        plan.delete(file)
    registry = plan.read(REGISTRY)
    plan.change(REGISTRY, _registry(registry, set(_entries(registry)) - {names.plural}))
    row = re.compile(rf"^\| `{names.table.removesuffix('Table')}` \|.*\n", re.MULTILINE)
    plan.change(PERSONAL_DATA, row.sub("", plan.read(PERSONAL_DATA)))
    move_folders(plan, {block.path for block in template.blocks(text)})


def _of_owners(text: str) -> list[str]:
    """Return the functions that need the tables of all owned records. The export may have been removed."""
    return [function for function in (_CLOSING, _EXPORT) if f"\n  {function}:\n" in text]


def _statements(resource: Resource, *, deletes: bool) -> list[str]:
    """Return the statements that allow a function to read the records of an owner, or to delete them too."""
    table = f"!GetAtt {resource.table}.Arn"
    index = f'!Sub "${{{resource.table}.Arn}}/index/ByOwner"'
    if resource.private:
        actions = "[dynamodb:Query, dynamodb:BatchWriteItem]" if deletes else "dynamodb:Query"
        return [f"{{Effect: Allow, Action: {actions}, Resource: {table}}}"]
    query = f"{{Effect: Allow, Action: dynamodb:Query, Resource: {index}}}"
    delete = f"{{Effect: Allow, Action: dynamodb:BatchWriteItem, Resource: {table}}}"
    return [query, delete] if deletes else [query]


def _verify_free(plan: Plan, resource: Resource) -> None:
    text = plan.read(TEMPLATE)
    for name in (resource.table, *resource.functions.values()):
        if re.search(rf"^  {name}:$", text, re.MULTILINE):
            raise ScaffoldError(f"template.yaml has a resource {name} already. Choose another NAME or PLURAL.")
    for file in (*resource.files, resource.types):
        if plan.exists(file):
            raise ScaffoldError(f"{file} exists already. Choose another NAME or PLURAL.")


def _capitalized(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _plural(name: str) -> str:
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"


def _tidy(text: str, file: str) -> str:
    """Return Python text without imports that it does not need, and formatted."""
    for command in (["check", "--select", "I,F401", "--fix", "--quiet"], ["format", "--quiet"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", file, "-"],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text


# The registry of what users own, and the page about personal data -----------------------------------


def _entries(text: str) -> list[str]:
    """Return the modules whose records are registered."""
    return re.findall(r"^    (\w+)\.OWNED,$", text, re.MULTILINE)


def _registry(text: str, modules: set[str]) -> str:
    """Return the registry with these modules."""
    text = re.sub(r"^    \w+\.OWNED,\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^from shared\.records import (\([^)]*\)|.*)\n", "", text, flags=re.MULTILINE)
    if not modules:
        return text
    before = "from shared.records.owned import Owned\n"
    text = text.replace(before, f"from shared.records import {', '.join(sorted(modules))}\n{before}")
    entries = "".join(f"    {module}.OWNED,\n" for module in sorted(modules))
    return _tidy(re.sub(r"^\)$", f"{entries})", text, flags=re.MULTILINE), REGISTRY)


def _with_row(text: str, resource: Resource) -> str:
    last = re.search(r"^\| `PublicKeys` \|.*\n", text, re.MULTILINE)
    if last is None:
        raise ScaffoldError(f"{PERSONAL_DATA} has no row of `PublicKeys`, after which the new one belongs.")
    names = ", ".join(field.json for field in resource.fields)
    holds, fate = (f"what the user stored: {names}", "by the job") if resource.owned else ("nothing", "stays")
    return f"{text[: last.end()]}| `{resource.table.removesuffix('Table')}` | {holds} | {fate} |\n{text[last.end() :]}"
