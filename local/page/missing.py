"""The response for the URL of a handler that has no block in template.yaml: an error, or a page for browsers."""

import functools
from collections.abc import Iterable
from html import escape
from http import HTTPStatus

from flask import Flask, Response, g, request
from samcli.local.apigw.path_converter import PathConverter

from local.gateway.app import not_found
from local.handlers import Handler, block

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{problem}</title>
  <link rel="stylesheet" href="/_local/style.css">
</head>
<body>
  <main class="missing">
    <h1>{problem}</h1>
    <p>So no function serves <code>{path}</code>. This command writes the block:</p>
    <pre>{command}</pre>
    <p>Or paste this block into template.yaml, in the order of the URLs. The runner reloads when you save.</p>
    <pre>{block}</pre>
    <p>Keep <code>CallerPolicy</code> if the handler reads its caller, and add a <code>Statement</code> for the tables
      that it uses, as the other blocks do.</p>
  </main>
</body>
</html>
"""


def add_to(app: Flask, handlers: Iterable[Handler]) -> None:
    """Add a route for each of these handlers, which belong to no function."""
    for handler in handlers:
        app.add_url_rule(
            PathConverter.convert_path_to_flask(handler.path),
            endpoint=f"missing {handler.folder}",
            view_func=functools.partial(_respond, handler),
            methods=_METHODS,
            provide_automatic_options=False,
        )


def _respond(handler: Handler, **_parameters: str) -> Response:
    g.problem = handler.problem
    # A client that accepts anything, such as curl, gets JSON.
    if request.accept_mimetypes.best_match(("application/json", "text/html")) != "text/html":
        return not_found(f"{handler.problem}: `{handler.command}` writes it.")
    values = {
        "problem": handler.problem,
        "path": handler.path,
        "command": handler.command,
        "block": block(handler),
    }
    page = _PAGE.format_map({name: escape(text) for name, text in values.items()})
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(page, HTTPStatus.NOT_FOUND, headers, mimetype="text/html")
