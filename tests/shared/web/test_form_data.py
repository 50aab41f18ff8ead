"""Bodies of HTML forms in both encodings: valid ones are read, malformed ones rejected."""

import pytest

from shared.core.errors import Error, InvalidInput
from shared.web import form_data
from shared.web.form_data import FilesNotAccepted
from shared.web.request import BodyTooLarge, Request
from tests.support.form_bodies import (
    EMAIL,
    FILLED_IN,
    FILLED_IN_LATIN,
    MESSAGE,
    NAME,
    URLENCODED,
    multipart,
    parts,
    sent,
)

MULTIPART = "multipart/form-data; boundary=x"
DISPOSITION = b'Content-Disposition: form-data; name="a"'


def read(content_type: str, body: bytes, *, as_base64: bool = True) -> form_data.Pairs:
    return form_data.read(Request(sent(content_type, body, as_base64=as_base64)))


def rejection(content_type: str, body: bytes) -> Error:
    with pytest.raises(Error) as raised:
        read(content_type, body)
    return raised.value


# Valid bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_base64", [True, False])
@pytest.mark.parametrize("content_type", FILLED_IN, ids=["urlencoded", "multipart"])
def test_browser_forms_are_read(content_type: str, as_base64: bool) -> None:  # noqa: FBT001
    pairs = dict(read(content_type, FILLED_IN[content_type], as_base64=as_base64))
    assert pairs.pop("attachment", "") == ""
    lines = MESSAGE.replace("\n", "\r\n")
    form = {"name": NAME, "email": EMAIL, "message": lines, "website": "", "_charset_": "UTF-8", "terms": "on"}
    assert pairs == form


def test_form_from_a_latin_1_page_is_rejected() -> None:
    error = rejection(URLENCODED, FILLED_IN_LATIN)
    assert isinstance(error, InvalidInput)
    assert error.message == "The form must be encoded in UTF-8"


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=x",
        "multipart/form-data;boundary=x",
        'multipart/form-data; boundary="x"',
        "Multipart/Form-Data; Boundary=x",
        "multipart/form-data; charset=utf-8; boundary=x",
        'multipart/form-data; charset="UTF-8"; boundary="x"',
    ],
)
def test_boundary_is_read_in_any_notation(content_type: str) -> None:
    assert read(content_type, multipart({"a": "1"})) == [("a", "1")]


@pytest.mark.parametrize("boundary", ["a b:c=d?", "--", "x" * 70, "'()+_,-./:=?"])
def test_quoted_boundary_may_contain_special_characters(boundary: str) -> None:
    body = multipart({"a": f"1 -- {boundary}", "b": "--"}, boundary)
    assert read(f'multipart/form-data; boundary="{boundary}"', body) == [("a", f"1 -- {boundary}"), ("b", "--")]


def test_names_are_unescaped_the_way_browsers_escape_them() -> None:
    assert read(MULTIPART, parts(b'Content-Disposition: form-data; name="a%22b%0D%0Ac"\r\n\r\n1')) == [
        ('a"b\r\nc', "1")
    ]


def test_preamble_and_epilogue_are_ignored() -> None:
    body = b"Preamble\r\n" + multipart({"a": "1"}) + b"Epilogue\r\n--x\r\n" + DISPOSITION + b"\r\n\r\n2\r\n--x--"
    assert read(MULTIPART, body) == [("a", "1")]


def test_value_is_read_unchanged() -> None:
    text = "\r\n\r\n--y\r\nContent-Disposition: form-data; name=b\r\n\r\n \t--x-- "
    assert read(MULTIPART, multipart({"a": text})) == [("a", text)]


def test_file_field_without_a_file_is_ignored() -> None:
    unchosen = DISPOSITION + b'; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'
    assert read(MULTIPART, parts(unchosen, DISPOSITION + b"\r\n\r\n1")) == [("a", "1")]


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_empty_body_has_no_fields(content_type: str) -> None:
    assert read(content_type, b"") == []


@pytest.mark.parametrize("body", [b"a", b"a=", b"&a=&", b"=1"])
def test_names_without_values_and_values_without_names_are_read(body: bytes) -> None:
    assert read(URLENCODED, body) in ([("a", "")], [("", "1")])


def test_invalid_percent_escapes_are_kept() -> None:
    assert read(URLENCODED, b"a=100%&b=%zz&c=%") == [("a", "100%"), ("b", "%zz"), ("c", "%")]


def test_semicolon_is_not_a_separator() -> None:
    assert read(URLENCODED, b"a=1;b=2") == [("a", "1;b=2")]


# Files ---------------------------------------------------------------------------------------------

FILES = {
    "file": DISPOSITION + b'; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello',
    "empty file": DISPOSITION + b'; filename="a.txt"\r\n\r\n',
    "unnamed file": DISPOSITION + b'; filename=""\r\n\r\nhello',
    "binary content type": DISPOSITION + b"\r\nContent-Type: application/octet-stream\r\n\r\nhello",
    "nested multipart body": DISPOSITION
    + b"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"
    + parts(b"\r\nhello", boundary="y"),
    "very long file name": DISPOSITION + b'; filename="' + b"n" * 4000 + b'"\r\n\r\n1',
}


@pytest.mark.parametrize("part", FILES.values(), ids=FILES.keys())
def test_file_is_rejected(part: bytes) -> None:
    assert isinstance(rejection(MULTIPART, parts(part)), FilesNotAccepted)


def test_body_nested_1000_levels_deep_is_rejected_as_a_file() -> None:
    body = DISPOSITION + b"\r\n\r\n1"
    for depth in range(1000):
        boundary = f"b{depth}"
        body = (
            DISPOSITION
            + f"\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode()
            + parts(body, boundary=boundary)
        )
    assert isinstance(rejection(MULTIPART, parts(body)), FilesNotAccepted)


# Malformed multipart bodies ------------------------------------------------------------------------

MALFORMED = {
    "no boundary": ("multipart/form-data", multipart({"a": "1"})),
    "empty boundary": ('multipart/form-data; boundary=""', multipart({"a": "1"})),
    "wrong boundary": ("multipart/form-data; boundary=y", multipart({"a": "1"})),
    "boundary of 2,000 characters": (
        f"multipart/form-data; boundary={'y' * 2000}",
        multipart({"a": "1"}, "y" * 2000),
    ),
    "no final boundary": (MULTIPART, multipart({"a": "1"})[:-4]),
    "cut off in a header": (MULTIPART, b"--x\r\nContent-Dispo"),
    "plain text": (MULTIPART, b"a=1"),
    "JSON": (MULTIPART, b'{"a": "1"}'),
    "bare line feeds": (MULTIPART, multipart({"a": "1"}).replace(b"\r\n", b"\n")),
    "no headers": (MULTIPART, parts(b"\r\n1")),
    "no Content-Disposition": (MULTIPART, parts(b"Content-Type: text/plain\r\n\r\n1")),
    "Content-Disposition: attachment": (MULTIPART, parts(b'Content-Disposition: attachment; name="a"\r\n\r\n1')),
    "no name": (MULTIPART, parts(b"Content-Disposition: form-data\r\n\r\n1")),
    "header without a colon": (MULTIPART, parts(DISPOSITION + b"\r\nnonsense\r\n\r\n1")),
    "header folded over two lines": (MULTIPART, parts(b'Content-Disposition: form-data;\r\n name="a"\r\n\r\n1')),
    "header in Latin-1": (MULTIPART, parts(b'Content-Disposition: form-data; name="\xe9"\r\n\r\n1')),
    "wrong Content-Length": (MULTIPART, parts(DISPOSITION + b"\r\nContent-Length: 7\r\n\r\n1")),
    "boundary with a suffix": (MULTIPART, b"--xx\r\n" + DISPOSITION + b"\r\n\r\n1\r\n--x--"),
}


@pytest.mark.parametrize(("content_type", "body"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_multipart_body_is_rejected(content_type: str, body: bytes) -> None:
    error = rejection(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The body is not valid multipart/form-data"


# Other character sets ------------------------------------------------------------------------------

NOT_UTF_8 = {
    "invalid bytes": (URLENCODED, b"a=\xff\xfe"),
    "invalid escaped byte": (URLENCODED, b"a=%FF"),
    "invalid escaped name": (URLENCODED, b"%C3=1"),
    "overlong slash": (URLENCODED, b"a=%C0%AF"),
    "lone surrogate": (URLENCODED, b"a=%ED%A0%80"),
    "UTF-16": (URLENCODED, "a=1".encode("utf-16")),
    "charset=utf-16": (f"{URLENCODED}; charset=utf-16", b"a=1"),
    "charset=utf-7": (f"{URLENCODED}; charset=utf-7", b"a=+ADw-"),
    "charset=rot13": (f"{URLENCODED}; charset=rot13", b"a=1"),
    "_charset_=utf-7": (URLENCODED, b"a=1&_charset_=utf-7"),
    "_charset_=utf-8 and utf-16": (URLENCODED, b"_charset_=utf-8&_charset_=utf-16"),
    "invalid byte in a part": (MULTIPART, multipart({"a": b"\xff"})),
    "charset=utf-7 of a part": (
        MULTIPART,
        parts(DISPOSITION + b"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n1"),
    ),
    "charset=latin1 of all parts": ("multipart/form-data; boundary=x; charset=latin1", multipart({"a": "1"})),
    "_charset_=iso-8859-1 as a part": (MULTIPART, multipart({"_charset_": "iso-8859-1"})),
}


@pytest.mark.parametrize(("content_type", "body"), NOT_UTF_8.values(), ids=NOT_UTF_8.keys())
def test_form_in_another_character_set_is_rejected(content_type: str, body: bytes) -> None:
    error = rejection(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The form must be encoded in UTF-8"


# Limits --------------------------------------------------------------------------------------------

OVER_LIMIT = {
    "101 fields": (URLENCODED, b"&".join([b"a=1"] * 101)),
    "500,000 fields": (URLENCODED, b"&a" * 500_000),
    "101 parts": (MULTIPART, multipart({f"a{number}": "1" for number in range(101)})),
    "10,000 parts": (MULTIPART, multipart({f"a{number}": "1" for number in range(10_000)})),
    "header of 100,000 bytes": (MULTIPART, parts(DISPOSITION + b"\r\nX: " + b"y" * 100_000 + b"\r\n\r\n1")),
    "header without an end": (MULTIPART, b"--x\r\n" + b"y" * 1_000_000),
    "10,000 headers": (MULTIPART, parts(b"X: y\r\n" * 10_000 + DISPOSITION + b"\r\n\r\n1")),
}


@pytest.mark.parametrize(("content_type", "body"), OVER_LIMIT.values(), ids=OVER_LIMIT.keys())
def test_too_many_fields_or_too_long_headers_are_rejected(content_type: str, body: bytes) -> None:
    error = rejection(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The form has more than 100 fields, or its headers are too long"


def test_100_fields_are_read() -> None:
    assert len(read(URLENCODED, b"&".join([b"a=1"] * 100))) == 100
    assert len(read(MULTIPART, multipart({f"a{number}": "1" for number in range(100)}))) == 100


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_body_over_a_megabyte_is_rejected_before_it_is_read(content_type: str) -> None:
    assert isinstance(rejection(content_type, b"a" * 5 * 1024 * 1024), BodyTooLarge)


def test_megabyte_of_near_boundaries_is_read() -> None:
    """The parser has to examine each of them more closely than other bytes."""
    text = "\r\n-" * 300_000
    assert read(MULTIPART, multipart({"a": text})) == [("a", text)]
