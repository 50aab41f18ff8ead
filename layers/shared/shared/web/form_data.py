"""HTML forms as browsers send them, in UTF-8 and without files.

Encodings: `application/x-www-form-urlencoded` (WHATWG URL, 5.1) and `multipart/form-data` (RFC 7578).

Threats. If the same bytes can be read in two ways, checks can be bypassed: a form in another character set is rejected,
and so is anything that either standard calls malformed. Thousands of parts or headers cost time: they are counted while
parsing. A multipart body nested inside a part is treated as a file.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from multipart import ParserError, PushMultipartParser, parse_options_header

from shared.core.errors import InvalidInput
from shared.web.request import Request, UnsupportedMediaType

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_MAX_FIELDS = 100
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_NOT_UTF_8 = "The form must be encoded in UTF-8"
# A browser fills this hidden field with the form's character set (HTML, 4.10.22.4).
_CHARSET_FIELD = "_charset_"

Pairs: TypeAlias = list[tuple[str, str]]


class FilesNotAccepted(UnsupportedMediaType):
    """The form contains a file."""

    def __init__(self) -> None:
        self.message = "This form does not accept files"


def read(request: Request) -> Pairs:
    """Return the names and values in the order in which they were sent; an empty list for an empty body.

    Raises:
        BodyTooLarge: the body is larger than 1 MB.
        FilesNotAccepted: a part is a file. An empty file field, without a name and content, is ignored instead.
        InvalidInput: the body is malformed, not in UTF-8, or has more than 100 fields.

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
                request.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
            )
    except UnicodeError as error:
        raise InvalidInput(_NOT_UTF_8) from error
    except ParserError as error:
        raise InvalidInput("The body is not valid multipart/form-data") from error
    except ValueError as error:  # the limits of either parser
        raise InvalidInput(f"The form has more than {_MAX_FIELDS} fields, or its headers are too long") from error
    for name, value in pairs:
        if name == _CHARSET_FIELD:
            _must_be_utf_8(value)
    return pairs


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, str]]:
    part: Any = None
    content = b""
    with PushMultipartParser(boundary, strict=True, max_segment_count=_MAX_FIELDS) as parser:
        # The parser yields each part as its headers, its content in chunks, and None.
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
