"""The handlers in functions/ that template.yaml has no function for, and the block that each lacks.

Their code is read and never imported, because it may be unfinished.
"""

import ast
import itertools
import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from local.template import Project

# The calls that declare a handler's path, in their first argument: Api("/api/users"), Form("/api/contact", …).
_CALLS = frozenset({"Api", "Form"})
# A path that API Gateway accepts: texts and parameters, the last of which may be greedy ({path+}).
_PATH = re.compile(r"(/([\w.~!$&'()*,;=:@%-]+|\{[a-z_]\w*\}))+(/\{[a-z_]\w*\+\})?", re.ASCII | re.IGNORECASE)
_BANNER_WIDTH = 99


@dataclass(frozen=True)
class Handler:
    """An app.py: its folder, such as functions/users/by_id, and the path that it declares."""

    folder: str
    path: str

    @property
    def problem(self) -> str:
        """Why its path is not found."""
        return f"{self.folder}/app.py has no block in template.yaml"

    @property
    def command(self) -> str:
        """The command that writes its block, for a shell."""
        return f"make endpoint URL={shlex.quote(self.path)}"


def undeclared(functions: Path, project: Project) -> tuple[Handler, ...]:
    """Return the handlers below this folder whose path the template does not route to any function."""
    declared = {function.folder for function in project.functions.values()}
    served = {_without_names(str(route.path)) for route in project.api.routes}
    folders = sorted(file.parent.resolve() for file in functions.rglob("app.py"))
    found = [(folder, _path(folder / "app.py")) for folder in folders if folder not in declared]
    root = functions.resolve().parent
    return tuple(
        Handler(folder.relative_to(root).as_posix(), path)
        for folder, path in found
        if path and _without_names(path) not in served
    )


def block(handler: Handler, taken: Collection[str]) -> str:
    """Return the handler's block for template.yaml. `taken` are the names of the template's functions."""
    path = f'"{handler.path}"' if "{" in handler.path else handler.path
    return f"""\
{f"  # {handler.path} ".ljust(_BANNER_WIDTH, "-")}
  {_name(handler.folder, taken)}:
    Type: AWS::Serverless::Function
    Metadata: {{SkipBuild: true}}
    Properties:
      CodeUri: {handler.folder}
      <<: *settings
      Policies:
        - !Ref CallerPolicy
      Events:
        Any: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Path: {path}, Method: ANY}}}}
"""


def _path(file: Path) -> str | None:
    """Return the path that the code declares, or None if there is none yet, or an invalid one."""
    try:
        tree = ast.parse(file.read_bytes())
    # The file is gone, unfinished or no text.
    except (OSError, SyntaxError, ValueError):
        return None
    # Breadth first: a call of the module comes before those in its functions.
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(path)), *_]
            ) if name in _CALLS and _is_valid(path):
                return path
    return None


def _is_valid(path: str) -> bool:
    parameters = re.findall(r"\{(\w+)", path)
    return bool(_PATH.fullmatch(path)) and len(parameters) == len(set(parameters))


def _without_names(path: str) -> str:
    """Return the path with its parameters unnamed: API Gateway does not accept two that differ only in them."""
    return re.sub(r"\{\w+", "{", path)


def _name(folder: str, taken: Collection[str]) -> str:
    """Return a name for the function: UsersFunction for functions/users/index, UserFunction for …/users/by_id."""
    return next(name for name in _names(folder) if name not in taken)


def _names(folder: str) -> Iterator[str]:
    """Yield names for the function, the shortest first: longer ones begin with parent folders, or end with a number."""
    parts = folder.split("/")[1:]
    words = [part for part in parts if part not in {"index", "by_id"}] or ["items"]
    if parts[-1] == "by_id":
        words[-1] = _singular(words[-1])
    name = ""
    for word in reversed(words):
        name = _camel_case(word) + name
        yield f"{name}Function"
    for number in itertools.count(2):
        yield f"{name}{number}Function"


def _singular(word: str) -> str:
    for plural, singular in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + singular
    return word


def _camel_case(words: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[^0-9A-Za-z]+", words))
