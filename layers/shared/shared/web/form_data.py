"""What browsers make of an HTML form: names and texts, in either of the two encodings that carry them.

`application/x-www-form-urlencoded` (WHATWG URL, 5.1) and `multipart/form-data` (RFC 7578), in UTF-8 and without files.

Threats. A second reading of the same bytes is a way around every check, so a form that names another character set is
refused, and so is what either standard calls broken. Thousands of parts or headers cost time: they are counted while
reading. A multipart body inside a part is a file like any other.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from multipart import ParserError, PushMultipartParser, parse_options_header

from shared.core.errors import InvalidInput
from shared.web.request import Request, UnsupportedMediaType

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_MOST_FIELDS = 100
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_NOT_UTF_8 = "The form must be sent in UTF-8"
# What `<input type="hidden" name="_charset_">` makes a browser send (HTML, 4.10.22.4).
_CHARSET_FIELD = "_charset_"

Pairs: TypeAlias = list[tuple[str, str]]


class FilesNotAccepted(UnsupportedMediaType):
    """A file came with a form."""

    def __init__(self) -> None:
        self.message = "This form takes no files"


def read(request: Request) -> Pairs:
    """Read names and texts in the order in which they were sent; none of an empty body.

    Raises:
        BodyTooLarge: the body has more than 1 MB.
        FilesNotAccepted: a part is a file. One that was not chosen, without a name or content, is left out.
        InvalidInput: the body is broken, not in UTF-8, or has more than 100 fields.

    """
    if not request.body:
        return []
    _, options = parse_options_header(request.headers["content-type"])
    _must_be_utf_8(options.get("charset"))
    try:
        if request.content_type == MULTIPART:
            pairs = list(_parts(request.body, options.get("boundary", "")))
        else:
            pairs = parse_qsl(
                request.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
    except UnicodeError as error:
        raise InvalidInput(_NOT_UTF_8) from error
    except ParserError as error:
        raise InvalidInput("The body is not valid multipart/form-data") from error
    except ValueError as error:  # what both parsers have left to say
        raise InvalidInput(f"The form has more than {_MOST_FIELDS} fields, or too long headers") from error
    for name, text in pairs:
        if name == _CHARSET_FIELD:
            _must_be_utf_8(text)
    return pairs


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, str]]:
    part: Any = None
    content = b""
    with PushMultipartParser(boundary, strict=True, max_segment_count=_MOST_FIELDS) as parser:
        # Of each part there come its headers, its content in chunks, and None.
        for event in parser.parse(body):
            if event is None:
                yield from _field(part, content)
            elif isinstance(event, bytes):
                content += event
            else:
                part, content = event, b""


def _field(part: Any, content: bytes) -> Iterator[tuple[str, str]]:
    if part.filename is None and part.content_type in {None, "text/plain"}:
        _must_be_utf_8(part.charset)
        yield part.name, content.decode()
    elif part.filename or content:
        raise FilesNotAccepted


def _must_be_utf_8(charset: str | None) -> None:
    if charset is not None and charset.lower() not in _UTF_8:
        raise InvalidInput(_NOT_UTF_8)
