"""Both encodings of HTML forms: what browsers send is read, and what only looks like it is refused."""

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


def refusal(content_type: str, body: bytes) -> Error:
    with pytest.raises(Error) as refused:
        read(content_type, body)
    return refused.value


# What browsers send ----------------------------------------------------------------------------------


@pytest.mark.parametrize("as_base64", [True, False])
@pytest.mark.parametrize("content_type", FILLED_IN, ids=["urlencoded", "multipart"])
def test_what_a_browser_sends_is_read(content_type: str, as_base64: bool) -> None:  # noqa: FBT001
    pairs = dict(read(content_type, FILLED_IN[content_type], as_base64=as_base64))
    assert pairs.pop("attachment", "") == ""
    lines = MESSAGE.replace("\n", "\r\n")
    form = {"name": NAME, "email": EMAIL, "message": lines, "website": "", "_charset_": "UTF-8", "terms": "on"}
    assert pairs == form


def test_a_form_of_a_page_in_another_character_set_is_refused() -> None:
    error = refusal(URLENCODED, FILLED_IN_LATIN)
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
def test_the_boundary_is_found_however_it_is_written(content_type: str) -> None:
    assert read(content_type, multipart({"a": "1"})) == [("a", "1")]


@pytest.mark.parametrize("boundary", ["a b:c=d?", "--", "x" * 70, "'()+_,-./:=?"])
def test_a_quoted_boundary_may_hold_what_a_token_may_not(boundary: str) -> None:
    body = multipart({"a": f"1 -- {boundary}", "b": "--"}, boundary)
    assert read(f'multipart/form-data; boundary="{boundary}"', body) == [("a", f"1 -- {boundary}"), ("b", "--")]


def test_names_are_unquoted_as_browsers_quote_them() -> None:
    assert read(MULTIPART, parts(b'Content-Disposition: form-data; name="a%22b%0D%0Ac"\r\n\r\n1')) == [
        ('a"b\r\nc', "1")
    ]


def test_what_stands_before_and_after_the_parts_is_left_out() -> None:
    body = b"For readers of mail\r\n" + multipart({"a": "1"}) + b"more\r\n--x\r\n" + DISPOSITION + b"\r\n\r\n2\r\n--x--"
    assert read(MULTIPART, body) == [("a", "1")]


def test_a_value_is_taken_as_it_is() -> None:
    text = "\r\n\r\n--y\r\nContent-Disposition: form-data; name=b\r\n\r\n \t--x-- "
    assert read(MULTIPART, multipart({"a": text})) == [("a", text)]


def test_a_file_that_was_not_chosen_is_left_out() -> None:
    unchosen = DISPOSITION + b'; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'
    assert read(MULTIPART, parts(unchosen, DISPOSITION + b"\r\n\r\n1")) == [("a", "1")]


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_a_body_that_is_not_there_has_no_fields(content_type: str) -> None:
    assert read(content_type, b"") == []


@pytest.mark.parametrize("body", [b"a", b"a=", b"&a=&", b"=1"])
def test_names_without_values_and_values_without_names_are_read(body: bytes) -> None:
    assert read(URLENCODED, body) in ([("a", "")], [("", "1")])


def test_percent_signs_that_mean_nothing_stay() -> None:
    assert read(URLENCODED, b"a=100%&b=%zz&c=%") == [("a", "100%"), ("b", "%zz"), ("c", "%")]


def test_a_semicolon_separates_nothing() -> None:
    assert read(URLENCODED, b"a=1;b=2") == [("a", "1;b=2")]


# Files ---------------------------------------------------------------------------------------------

FILES = {
    "a file": DISPOSITION + b'; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello',
    "an empty file": DISPOSITION + b'; filename="a.txt"\r\n\r\n',
    "a file without a name": DISPOSITION + b'; filename=""\r\n\r\nhello',
    "bytes": DISPOSITION + b"\r\nContent-Type: application/octet-stream\r\n\r\nhello",
    "a multipart body": DISPOSITION
    + b"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"
    + parts(b"\r\nhello", boundary="y"),
    "a very long file name": DISPOSITION + b'; filename="' + b"n" * 4000 + b'"\r\n\r\n1',
}


@pytest.mark.parametrize("part", FILES.values(), ids=FILES.keys())
def test_a_file_is_refused(part: bytes) -> None:
    assert isinstance(refusal(MULTIPART, parts(part)), FilesNotAccepted)


def test_a_body_nested_a_thousand_deep_is_a_file() -> None:
    body = DISPOSITION + b"\r\n\r\n1"
    for depth in range(1000):
        boundary = f"b{depth}"
        body = (
            DISPOSITION
            + f"\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode()
            + parts(body, boundary=boundary)
        )
    assert isinstance(refusal(MULTIPART, parts(body)), FilesNotAccepted)


# What is broken ------------------------------------------------------------------------------------

BROKEN = {
    "no boundary": ("multipart/form-data", multipart({"a": "1"})),
    "an empty boundary": ('multipart/form-data; boundary=""', multipart({"a": "1"})),
    "another boundary": ("multipart/form-data; boundary=y", multipart({"a": "1"})),
    "a boundary of 2,000 characters": (
        f"multipart/form-data; boundary={'y' * 2000}",
        multipart({"a": "1"}, "y" * 2000),
    ),
    "no end": (MULTIPART, multipart({"a": "1"})[:-4]),
    "an end in the middle of a header": (MULTIPART, b"--x\r\nContent-Dispo"),
    "text": (MULTIPART, b"a=1"),
    "JSON": (MULTIPART, b'{"a": "1"}'),
    "bare line feeds": (MULTIPART, multipart({"a": "1"}).replace(b"\r\n", b"\n")),
    "no headers": (MULTIPART, parts(b"\r\n1")),
    "no disposition": (MULTIPART, parts(b"Content-Type: text/plain\r\n\r\n1")),
    "an attachment": (MULTIPART, parts(b'Content-Disposition: attachment; name="a"\r\n\r\n1')),
    "no name": (MULTIPART, parts(b"Content-Disposition: form-data\r\n\r\n1")),
    "a header without a colon": (MULTIPART, parts(DISPOSITION + b"\r\nnonsense\r\n\r\n1")),
    "a header over two lines": (MULTIPART, parts(b'Content-Disposition: form-data;\r\n name="a"\r\n\r\n1')),
    "a header in another character set": (MULTIPART, parts(b'Content-Disposition: form-data; name="\xe9"\r\n\r\n1')),
    "a wrong length": (MULTIPART, parts(DISPOSITION + b"\r\nContent-Length: 7\r\n\r\n1")),
    "a boundary that goes on": (MULTIPART, b"--xx\r\n" + DISPOSITION + b"\r\n\r\n1\r\n--x--"),
}


@pytest.mark.parametrize(("content_type", "body"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_multipart_body_is_told_so(content_type: str, body: bytes) -> None:
    error = refusal(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The body is not valid multipart/form-data"


NOT_UTF_8 = {
    "bytes that are none": (URLENCODED, b"a=\xff\xfe"),
    "escaped bytes that are none": (URLENCODED, b"a=%FF"),
    "an escaped name that is none": (URLENCODED, b"%C3=1"),
    "a slash in two bytes": (URLENCODED, b"a=%C0%AF"),
    "half a surrogate pair": (URLENCODED, b"a=%ED%A0%80"),
    "UTF-16": (URLENCODED, "a=1".encode("utf-16")),
    "another character set by name": (f"{URLENCODED}; charset=utf-16", b"a=1"),
    "UTF-7 by name": (f"{URLENCODED}; charset=utf-7", b"a=+ADw-"),
    "a character set that is none": (f"{URLENCODED}; charset=rot13", b"a=1"),
    "another character set in the form": (URLENCODED, b"a=1&_charset_=utf-7"),
    "one good and one bad character set in the form": (URLENCODED, b"_charset_=utf-8&_charset_=utf-16"),
    "bytes that are none in a part": (MULTIPART, multipart({"a": b"\xff"})),
    "another character set of a part": (
        MULTIPART,
        parts(DISPOSITION + b"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n1"),
    ),
    "another character set of all parts": ("multipart/form-data; boundary=x; charset=latin1", multipart({"a": "1"})),
    "another character set by the form's field": (MULTIPART, multipart({"_charset_": "iso-8859-1"})),
}


@pytest.mark.parametrize(("content_type", "body"), NOT_UTF_8.values(), ids=NOT_UTF_8.keys())
def test_a_form_that_is_not_utf_8_is_told_so(content_type: str, body: bytes) -> None:
    error = refusal(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The form must be encoded in UTF-8"


# What is too much -----------------------------------------------------------------------------------

TOO_MUCH = {
    "101 fields": (URLENCODED, b"&".join([b"a=1"] * 101)),
    "500,000 fields": (URLENCODED, b"&a" * 500_000),
    "101 parts": (MULTIPART, multipart({f"a{number}": "1" for number in range(101)})),
    "10,000 parts": (MULTIPART, multipart({f"a{number}": "1" for number in range(10_000)})),
    "a header of 100,000 bytes": (MULTIPART, parts(DISPOSITION + b"\r\nX: " + b"y" * 100_000 + b"\r\n\r\n1")),
    "a header without an end": (MULTIPART, b"--x\r\n" + b"y" * 1_000_000),
    "10,000 headers": (MULTIPART, parts(b"X: y\r\n" * 10_000 + DISPOSITION + b"\r\n\r\n1")),
}


@pytest.mark.parametrize(("content_type", "body"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_has_too_many_fields_or_headers_is_told_so(content_type: str, body: bytes) -> None:
    error = refusal(content_type, body)
    assert isinstance(error, InvalidInput)
    assert error.message == "The form has more than 100 fields, or its headers are too long"


def test_100_fields_are_read() -> None:
    assert len(read(URLENCODED, b"&".join([b"a=1"] * 100))) == 100
    assert len(read(MULTIPART, multipart({f"a{number}": "1" for number in range(100)}))) == 100


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_more_than_a_megabyte_is_refused_before_it_is_read(content_type: str) -> None:
    assert isinstance(refusal(content_type, b"a" * 5 * 1024 * 1024), BodyTooLarge)


def test_lines_that_all_but_end_a_part_cost_no_more_than_others() -> None:
    """Each is where the parser has to look closer; a megabyte of them is read in one go."""
    text = "\r\n-" * 300_000
    assert read(MULTIPART, multipart({"a": text})) == [("a", text)]
