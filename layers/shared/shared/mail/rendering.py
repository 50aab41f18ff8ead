"""Mails in both forms, from one template each.

`mails/<name>.jinja` has the words: the subject, what an inbox shows beside it (`Preview`), and then paragraphs and
parts (`button`, `link`, `code`, `field`). It is filled in once, unescaped; both forms of the mail are then made of the
same paragraphs and parts: the text as they are, the HTML by `mails/layout.html`, which escapes them.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Literal, NamedTuple, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.core.config import settings

Fields: TypeAlias = Sequence[tuple[str, str]]

_FOLDER = Path(__file__).with_name("templates")

# Control characters but the line feed, and what ends a line (U+2028, U+2029) or turns the direction of writing (UAX #9)
# without showing.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
# sRGB, below which a channel is linear (WCAG 2.2, "relative luminance").
_DARKEST_CURVED = 0.04045
# Where a part stands among the paragraphs. No value has this character.
_MARK = "\x00"
_PARAGRAPH_OR_MARK = re.compile(f"{_MARK}|[^\n{_MARK}]+(?:\n[^\n{_MARK}]+)*")


class Part(NamedTuple):
    """A paragraph or a code; a button or a link, with a URL as its value; or a field, with a stranger's text."""

    kind: Literal["paragraph", "button", "link", "code", "field"]
    text: str
    value: str = ""


def render(name: str, **values: str | Fields) -> tuple[str, str, str]:
    """Give a mail's subject, text and HTML.

    Values become one line each, without control characters; those of fields (label and value) may have several lines.
    """
    app_name, brand_color = _line(settings().app_name), settings().brand_color
    cleaned = {key: _line(value) if isinstance(value, str) else _fields(value) for key, value in values.items()}
    parts: list[Part] = []
    words = _templates().get_template(f"{name}.jinja").render(**cleaned, app_name=app_name, **_recording(parts))
    head, _, body = words.partition("\n\n")
    subject, preview = (line.partition(": ")[2] for line in head.splitlines())
    recorded = iter(parts)
    content = [
        next(recorded) if found == _MARK else Part("paragraph", found.replace("\n", " "))
        for found in _PARAGRAPH_OR_MARK.findall(body)
    ]
    look = {"app_name": app_name, "brand_color": brand_color, "ink": ink(brand_color)}
    html = _templates().get_template("layout.html").render(look, subject=subject, preview=preview, parts=content)
    return subject, "\n\n".join(map(_text, content)) + "\n", html


def ink(background: str) -> Literal["#000000", "#ffffff"]:
    """Choose what is read better on a colour, black or white: its contrast is 4.5 or more on every colour."""
    return "#ffffff" if contrast("#ffffff", background) >= contrast("#000000", background) else "#000000"


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours (`#rrggbb`), 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in bytes.fromhex(color.removeprefix("#")))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _DARKEST_CURVED else ((channel + 0.055) / 1.055) ** 2.4


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _recording(parts: list[Part]) -> dict[str, Callable[..., str]]:
    def recorder(kind: Literal["button", "link", "code", "field"]) -> Callable[..., str]:
        def record(text: str, value: str = "") -> str:
            parts.append(Part(kind, text, value))
            return _MARK

        return record

    return {kind: recorder(kind) for kind in ("button", "link", "code", "field")}


def _text(part: Part) -> str:
    match part.kind:
        case "paragraph" | "code":
            return part.text
        case "link":
            return f"{part.text}\n{part.value}"
        case "button":
            return f"{part.text}:\n{part.value}"
        case "field":
            # Indented, so that no line of a stranger's text passes for one of ours.
            return f"{part.text}:\n{indent(part.value, '    ')}"


def _line(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())


def _fields(fields: Fields) -> Fields:
    return [(_line(label), _UNSEEN.sub(" ", value.replace("\r\n", "\n"))) for label, value in fields]
