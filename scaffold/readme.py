"""The table of routes in the README."""

from collections.abc import Sequence

from scaffold.document import Json
from scaffold.routes import ROOT, Route
from shared.core.errors import NotAllowed, ReauthenticationRequired
from shared.web.api import Operation
from shared.web.caller import Admin, Caller, Fresh
from shared.web.forms import NOT_SUBMITTED

FILE = ROOT / "README.md"
_START, _END = "<!-- routes: written by `make sync` -->\n", "<!-- end of routes -->\n"


def updated(readme: str, routes: Sequence[Route], document: Json) -> str:
    """Return the README with the table of these routes between its two marks."""
    before, start, rest = readme.partition(_START)
    _, end, after = rest.partition(_END)
    if not (start and end):
        raise ValueError(f"README.md has no {(_START if not start else _END).strip()}")
    return f"{before}{start}{_table(routes, document)}{end}{after}"


def _table(routes: Sequence[Route], document: Json) -> str:
    rows = ["| path | verb | who | what |", "|---|---|---|---|"]
    for route in routes:
        for method, operation in route.api.operations.items():
            described = document["paths"][route.path][method.lower()]
            rows.append(f"| `{route.path}` | {method} | {_who(operation)} | {_what(described, document)} |")
    return "\n".join(rows) + "\n"


def _who(operation: Operation) -> str:
    kinds = [kind for kind in operation.inputs.values() if isinstance(kind, type)]
    if any(issubclass(kind, Fresh) for kind in kinds):
        who = "caller; must be fresh"
    elif any(issubclass(kind, Admin) for kind in kinds):
        who = "admin"
    elif any(issubclass(kind, Caller) for kind in kinds):
        who = "caller, if allowed" if NotAllowed in operation.errors else "caller"
    else:
        return "anyone"
    return f"{who}; may have to be fresh" if ReauthenticationRequired in operation.errors else who


def _what(described: Json, document: Json) -> str:
    takes = []
    if "requestBody" in described:
        schema = next(iter(described["requestBody"]["content"].values()))["schema"]
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        required = schema.get("required", ())
        shown = [name for name in schema["properties"] if name not in NOT_SUBMITTED]
        fields = [name if name in required else f"{name}?" for name in shown]
        takes.append(f"`{{{', '.join(fields)}}}`")
    takes += [f"`{own['name']}`" for own in described.get("parameters", ()) if own["in"] != "path"]
    status = next(iter(described["responses"]))
    return f"{', '.join(takes)} → {status}. {described['summary']}" if takes else described["summary"]
