"""Rendering: one template for each email, in two forms.

`templates/<name>.jinja` has the subject, the text that an inbox shows next to it (`Preview`), then paragraphs and parts
(`button`, `link`, `code`, `field`). It is rendered once, unescaped. Both forms are then built from the same paragraphs
and parts: the text uses them unchanged, and for the HTML `templates/layout.html` escapes them.

A folder such as `templates/de` has the templates of another language. What it lacks is in English.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Literal, NamedTuple, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.core.config import settings, variable

Fields: TypeAlias = Sequence[tuple[str, str]]

_FOLDER = Path(__file__).with_name("templates")

# Control characters except the line feed, and invisible characters that end a line (U+2028, U+2029) or change the
# direction of writing (UAX #9).
_INVISIBLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
# Up to this value an sRGB channel is linear (WCAG 2.2, "relative luminance").
_LINEAR_UP_TO = 0.04045
# Marks the place of a part among the paragraphs. Values cannot contain this character.
_MARK = "\x00"
_PARAGRAPH_OR_MARK = re.compile(f"{_MARK}|[^\n{_MARK}]+(?:\n[^\n{_MARK}]+)*")


# The language of the email that is being composed.
_language: ContextVar[str] = ContextVar("language", default="en")


class Part(NamedTuple):
    """A part of an email. Its `value` is the URL of a button or link, or the untrusted text of a field."""

    kind: Literal["paragraph", "button", "link", "code", "field"]
    text: str
    value: str = ""


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Render emails in this language, such as `de`, if there are templates in it."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def render(template: str, **values: str | Fields) -> tuple[str, str, str]:
    """Render an email, and return its subject, text and HTML.

    Control characters are removed. Each value becomes a single line; only the values of `fields` may have several.
    """
    app_name, brand_color = _single_line(settings().app_name), variable("BRAND_COLOR")
    clean = {name: _clean(value) for name, value in values.items()}
    parts: list[Part] = []
    functions = _part_functions(parts)
    language = _language.get()
    chosen = _templates().select_template([f"{language}/{template}.jinja", f"{template}.jinja"])
    content = chosen.render(**clean, **functions, app_name=app_name)
    head, _, body = content.partition("\n\n")
    subject, preview = (line.partition(": ")[2] for line in head.splitlines())
    marked = iter(parts)
    all_parts = [
        next(marked) if match == _MARK else Part("paragraph", match.replace("\n", " "))
        for match in _PARAGRAPH_OR_MARK.findall(body)
    ]
    design = {"app_name": app_name, "brand_color": brand_color, "ink": ink(brand_color)}
    design["language"] = language if str(chosen.name).startswith(f"{language}/") else "en"
    html = _templates().get_template("layout.html").render(design, subject=subject, preview=preview, parts=all_parts)
    return subject, "\n\n".join(map(_text, all_parts)) + "\n", html


def ink(background: str) -> Literal["#000000", "#ffffff"]:
    """Return the more legible text color for a background, black or white. The contrast is always at least 4.5."""
    return "#ffffff" if contrast("#ffffff", background) >= contrast("#000000", background) else "#000000"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors (`#rrggbb`), 1 to 21, as defined by WCAG 2.2."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in bytes.fromhex(color.removeprefix("#")))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _LINEAR_UP_TO else ((channel + 0.055) / 1.055) ** 2.4


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _part_functions(parts: list[Part]) -> dict[str, Callable[..., str]]:
    """Return the functions that templates call; each appends a part to `parts` and leaves a mark in the text."""

    def function_for(kind: Literal["button", "link", "code", "field"]) -> Callable[..., str]:
        def add(text: str, value: str = "") -> str:
            parts.append(Part(kind, text, value))
            return _MARK

        return add

    return {kind: function_for(kind) for kind in ("button", "link", "code", "field")}


def _text(part: Part) -> str:
    match part.kind:
        case "paragraph" | "code":
            return part.text
        case "link":
            return f"{part.text}\n{part.value}"
        case "button":
            return f"{part.text}:\n{part.value}"
        case "field":
            # Indented, so that no line of untrusted text looks like one of ours.
            return f"{part.text}:\n{indent(part.value, '    ')}"


def _clean(value: str | Fields) -> str | Fields:
    if isinstance(value, str):
        return _single_line(value)
    return [(_single_line(label), _INVISIBLE.sub(" ", text.replace("\r\n", "\n"))) for label, text in value]


def _single_line(text: str) -> str:
    return " ".join(_INVISIBLE.sub(" ", text).split())
