"""E-mail addresses: what `parse` gives can always be compared and written to."""

import contextlib
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.values import emails

LETTERS = st.characters(exclude_categories=["Cs"])
LOCALS = st.text(
    st.one_of(st.sampled_from("abcABC.+-_'\u00df\u017f\u212a\u0130\u0131\u03a3\u03c2\u0301"), LETTERS),
    min_size=1,
    max_size=70,
)
DOMAINS = st.text(
    st.one_of(st.sampled_from("abcXN-.\u00df\u00fc\u0130\u0308\u3002\uff0e"), LETTERS), min_size=1, max_size=70
)


@settings(max_examples=400, deadline=None)
@given(LOCALS, DOMAINS)
@example("\u00df\u0301", "a")
def test_whatever_is_taken_has_a_key_that_is_its_own_key(local: str, domain: str) -> None:
    with contextlib.suppress(ValueError):
        address = emails.parse(f"{local}@{domain}.example.com")
        assert emails.parse(address) == address
        key = emails.key(address)
        assert emails.key(emails.parse(key)) == key
        assert key.partition("@")[2].isascii()
        assert emails.ascii_address(address).partition("@")[2] == key.partition("@")[2]


@settings(max_examples=100, deadline=None)
@given(LOCALS)
def test_addresses_that_differ_in_case_or_form_have_one_key(local: str) -> None:
    with contextlib.suppress(ValueError):
        address = emails.parse(f"{local}@example.com")
        decomposed = emails.parse(unicodedata.normalize("NFD", f"{local}@example.com"))
        assert emails.key(address) == emails.key(decomposed)


@pytest.mark.parametrize("local", ["=?utf-8?q?eve=40evil.example=3e?=", "=?x?q?=41=42=43b?=", "\u00e9=?utf-8?b?YQ==?="])
def test_an_encoded_word_which_others_read_as_another_address_is_none(local: str) -> None:
    with pytest.raises(ValueError, match="is not a valid email address"):
        emails.parse(f"{local}@example.com")
    assert emails.parse("bounce=ada=example.org@example.com")


@pytest.mark.parametrize(
    ("typed", "shown", "key"),
    [
        (" Ada@Example.COM ", "Ada@example.com", "ada@example.com"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("stra\u00dfe@example.com", "stra\u00dfe@example.com", "strasse@example.com"),
        ("ada@stra\u00dfe.example", "ada@stra\u00dfe.example", "ada@xn--strae-oqa.example"),
        ("ada+tag@example.com", "ada+tag@example.com", "ada+tag@example.com"),
    ],
)
def test_an_address_is_shown_as_typed_and_compared_by_its_key(typed: str, shown: str, key: str) -> None:
    assert emails.parse(typed) == shown
    assert emails.key(shown) == key


def test_an_error_does_not_repeat_the_input() -> None:
    with pytest.raises(ValueError, match=r"^is not a valid email address$") as raised:
        emails.parse("secret-input")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


# What looks ahead in the pattern cannot be generated, only be checked.
LOOKAHEADS = re.compile(r"\(\?[=!].*?\)(?=\(|\[)")
CANDIDATES = re.compile(LOOKAHEADS.sub("", emails._PLAIN.pattern))


@settings(max_examples=100, deadline=None)
@given(st.from_regex(CANDIDATES, fullmatch=True).filter(emails._PLAIN.fullmatch))
def test_an_address_taken_by_its_pattern_is_what_the_library_makes_of_it(address: str) -> None:
    checked = emails._validated(address)
    assert (checked.normalized, f"{checked.local_part}@{checked.ascii_domain}") == (address, address)
    assert emails.parse(address) == emails.key(address) == address


@pytest.mark.parametrize("address", ["ada@example.com", "o'brien+news@mail.example.co.uk", "a@b.io"])
def test_a_plain_address_needs_no_library(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(emails, "_validated")
    assert emails.parse(address) == emails.key(address) == emails.ascii_address(address) == address
