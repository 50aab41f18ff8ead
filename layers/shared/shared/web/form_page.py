"""The page for a browser whose form has errors: what to correct, and the form as it was filled in.

Threats. Another site may post a form with text of its own, which then appears here: all of it is escaped, it appears
only as values of fields, and the policy allows no scripts and no other sources. The policy also names where the form
may lead, because browsers check the redirect that follows a form.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from html import escape
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from shared.core.config import settings
from shared.core.errors import FieldError
from shared.values.types import Rule
from shared.web.inputs import Body, body_name

_STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 34rem; padding: 2rem 1rem }
h1 { font-size: 1.5rem; line-height: 1.25 }
label { display: block; font-weight: 600; margin-top: 1.25rem }
input, textarea { box-sizing: border-box; font: inherit; margin-top: .25rem; padding: .5rem; width: 100% }
textarea { min-height: 10rem }
[aria-invalid] { outline: 2px solid #c62828 }
.fault { color: #c62828; margin: .25rem 0 0 }
button { font: inherit; font-weight: 600; margin-top: 1.5rem; padding: .5rem 1.5rem }
.honeypot { left: -100vw; position: absolute }
@media (prefers-color-scheme: dark) { .fault { color: #ff8a80 } [aria-invalid] { outline-color: #ff8a80 } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def policy() -> str:
    """Return the Content-Security-Policy of the page."""
    front_end = urlsplit(settings().frontend_url)
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' "
        f"{front_end.scheme}://{front_end.netloc}; frame-ancestors 'none'; base-uri 'none'"
    )


def html(  # noqa: PLR0913  # the parts of a page
    message: str,
    kind: type[Body],
    *,
    values: Mapping[str, str] | None,
    faults: Sequence[FieldError],
    honeypot: str,
    hidden: Sequence[str],
) -> str:
    """Return the page. Without `values` it has no form, because the body could not be read.

    `honeypot` is the name of the field that people do not see, and `hidden` are all that are not theirs to fill in.
    """
    heading = "Please correct what is marked." if faults else f"{message}."
    parts = [f"<h1>{escape(heading)}</h1>"]
    if values is None:
        parts.append("<p>Go back to the form: your browser may still have what you typed.</p>")
    else:
        found = {fault.field: fault.message for fault in faults}
        hints = get_type_hints(kind, include_extras=True)
        shown = [field for field in fields(kind) if body_name(field.name) not in hidden]
        names = {body_name(field.name) for field in shown}
        parts += [_fault(f"{name} {text}") for name, text in found.items() if name not in names]
        parts.append('<form method="post" accept-charset="utf-8">')
        parts += [_field(field, hints[field.name], values, found) for field in shown]
        parts.append(
            f'<p class="honeypot" aria-hidden="true"><input name="{honeypot}" tabindex="-1" autocomplete="off"></p>'
        )
        parts.append('<button type="submit">Send</button>\n</form>')
    title = escape(f"{heading} {settings().app_name}")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n"
        "</body>\n</html>\n"
    )


def _field(field: "Field[Any]", hint: Any, values: Mapping[str, str], faults: Mapping[str, str]) -> str:
    """Return a field with its label, its value, and what is wrong with it."""
    name = body_name(field.name)
    rules = [part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Rule)]
    attributes = f'id="{name}" name="{name}"'
    if field.default is MISSING:
        attributes += " required"
    fault = ""
    label = escape(field.name.replace("_", " ").capitalize())
    if name in faults:
        attributes += f' aria-invalid="true" aria-describedby="{name}-fault"'
        fault = "\n" + _fault(f"{label} {faults[name]}", f' id="{name}-fault"')
    value = escape(values.get(name, ""))
    if any(rule.is_multiline for rule in rules):
        control = f"<textarea {attributes}>\n{value}</textarea>"
    else:
        form = "email" if any(rule.format == "email" for rule in rules) else "text"
        control = f'<input type="{form}" {attributes} value="{value}">'
    return f'<label for="{name}">{label}</label>\n{control}{fault}'


def _fault(text: str, attribute: str = "") -> str:
    return f'<p class="fault"{attribute}>{escape(text[:1].upper() + text[1:])}.</p>'
