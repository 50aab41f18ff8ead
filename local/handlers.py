"""The handlers in functions/ that template.yaml has no function for, and the block that each lacks.

Their code is read and never imported, because it may be unfinished.
"""

import ast
import re
import shlex
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
    """An app.py: its folder, such as functions/users/index, and the path that it declares."""

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
    found = [(folder, declared_path(_read(folder / "app.py"))) for folder in folders if folder not in declared]
    root = functions.resolve().parent
    return tuple(
        Handler(folder.relative_to(root).as_posix(), path)
        for folder, path in found
        if path and _without_names(path) not in served
    )


def block(handler: Handler) -> str:
    """Return the handler's block for template.yaml, as `make endpoint` writes it for an endpoint with a caller."""
    path = f'"{handler.path}"' if "{" in handler.path else handler.path
    return f"""\
{f"  # {handler.path} ".ljust(_BANNER_WIDTH, "-")}
  {_function(handler.path)}:
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


def declared_path(source: bytes) -> str | None:
    """Return the path that a handler's code declares, or None if there is none yet, or an invalid one."""
    try:
        tree = ast.parse(source)
    # It is unfinished, or no text.
    except (SyntaxError, ValueError):
        return None
    # Breadth first: a call of the module comes before those in its functions.
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(path)), *_]
            ) if name in _CALLS and _is_valid(path):
                return path
    return None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        # It was deleted meanwhile.
        return b""


def _is_valid(path: str) -> bool:
    parameters = re.findall(r"\{(\w+)", path)
    return bool(_PATH.fullmatch(path)) and len(parameters) == len(set(parameters))


def _without_names(path: str) -> str:
    """Return the path with its parameters unnamed: API Gateway does not accept two that differ only in them."""
    return re.sub(r"\{\w+", "{", path)


def _function(path: str) -> str:
    """Return the function's name: UsersByIdFunction for /api/users/{userId}."""
    parts = ["by_id" if part.startswith("{") else part for part in path.removeprefix("/api/").split("/")]
    words = re.split(r"[^0-9A-Za-z]+", "/".join(parts))
    return "".join(word.capitalize() for word in words) + "Function"
