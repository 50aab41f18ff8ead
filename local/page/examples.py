"""Example requests for the routes, taken from the events in `events/<function's folder>/<verb>.json`."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from local.template import Function

_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# The headers that change what a request does, apart from Authorization.
_HEADERS = ("idempotency-key", "if-match")


def examples(function: Function, path: str) -> dict[str, dict[str, Any]]:
    """Return {query, headers, contentType, body} for each verb that has an event for this path; body may be None."""
    found: dict[str, dict[str, Any]] = {}
    folder = _folder(function)
    if folder is None:
        return found
    for verb in _VERBS:
        try:
            event = json.loads((folder / f"{verb.lower()}.json").read_text(encoding="utf-8"))
            if event["routeKey"].partition(" ")[2] == path:
                found[verb] = _example(event)
        except FileNotFoundError:
            continue
        # The file is incomplete (still being written), or not an event of an HTTP API.
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _folder(function: Function) -> Path | None:
    """Return the folder of the function's events: `events/auth/logout` for `functions/auth/logout`."""
    for parent in function.folder.parents:
        if parent.name == "functions":
            return parent.parent / "events" / function.folder.relative_to(parent)
    return None


def _example(event: dict[str, Any]) -> dict[str, Any]:
    headers = event.get("headers") or {}
    kind = headers.get("content-type", "").partition(";")[0]
    return {
        "query": event.get("rawQueryString", ""),
        "headers": {name: headers[name] for name in _HEADERS if name in headers},
        "contentType": kind or None,
        "body": _fields(event, kind) if "body" in event else None,
    }


def _fields(event: dict[str, Any], kind: str) -> Any:
    """Return the fields of the body, a JSON document or an HTML form."""
    body = base64.b64decode(event["body"]).decode() if event.get("isBase64Encoded") else event["body"]
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body, keep_blank_values=True))
    return json.loads(body)
