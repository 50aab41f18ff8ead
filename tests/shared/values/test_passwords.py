"""Passwords: which are rejected, and hashes compatible with other tools."""

import time

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passlib.hash import bcrypt_sha256

from shared.core import config
from shared.core.errors import InvalidInput
from shared.values import passwords
from shared.values.passwords import check, hashed, verify

pytestmark = pytest.mark.usefixtures("environment")

# As deployed: the fixture `environment` sets the lowest one.
COST = passwords.COST
LOW_COST = 4
UNUSUAL = [
    "correct horse battery",
    "a" * 256,
    "\x00abc\x00",
    "pässwörd 👩🏽\u200d💻",
    " " * 8,
    "x" * 72 + "y",
    "\x80" * 60,
]


@pytest.fixture
def low_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", LOW_COST)
    passwords._dummy_hash.cache_clear()


def test_hash_has_a_cost_of_12(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", COST)
    stored = hashed("correct horse battery")
    assert stored.startswith("$bcrypt-sha256$v=2,t=2b,r=12$")
    assert bcrypt_sha256.verify("correct horse battery", stored)
    passwords._dummy_hash.cache_clear()
    assert ",r=12$" in passwords._dummy_hash()
    passwords._dummy_hash.cache_clear()


@pytest.mark.usefixtures("low_cost")
@pytest.mark.parametrize("password", UNUSUAL)
def test_hashes_are_compatible_with_passlib(password: str) -> None:
    # Passlib rejects a NUL, which its other hashes do not support.
    ours = hashed(password)
    assert verify(password, ours)
    assert not verify(password + "x", ours)
    if "\x00" not in password:
        assert bcrypt_sha256.verify(password, ours)
        assert verify(password, bcrypt_sha256.using(rounds=LOW_COST).hash(password))
        assert not verify(password[:-1], bcrypt_sha256.using(rounds=LOW_COST).hash(password))


@pytest.mark.usefixtures("low_cost")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text(max_size=5))
def test_only_the_password_itself_matches(password: str, other: str) -> None:
    stored = hashed(password)
    assert verify(password, stored)
    assert verify(password + other, stored) == (
        passwords._normalized(password + other) == passwords._normalized(password)
    )


@pytest.mark.usefixtures("low_cost")
def test_password_is_not_truncated_at_72_bytes_or_a_nul() -> None:
    assert not verify("x" * 72 + "b", hashed("x" * 72 + "a"))
    assert not verify("é" * 200 + "b", hashed("é" * 200 + "a"))
    assert not verify("abc\x00b", hashed("abc\x00a"))
    assert not verify("", hashed("\x00"))


@pytest.mark.usefixtures("low_cost")
def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert verify("passw\u00f6rd \u1f82", hashed("passwo\u0308rd \u03b1\u0313\u0300\u0345"))


@pytest.mark.usefixtures("low_cost")
def test_two_hashes_of_one_password_differ() -> None:
    assert hashed("correct horse battery") != hashed("correct horse battery")


@pytest.mark.usefixtures("low_cost")
@pytest.mark.parametrize("password", ["", "nothing", "x" * 5000])
def test_missing_hash_matches_nothing_and_takes_the_same_work(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", LOW_COST + 1)
    passwords._dummy_hash.cache_clear()
    salts: list[bytes] = []
    hashpw = bcrypt.hashpw

    def recorded(word: bytes, salt: bytes) -> bytes:
        salts.append(salt)
        return hashpw(word, salt)

    monkeypatch.setattr(bcrypt, "hashpw", recorded)
    assert not verify(password, None)
    assert not verify(password, hashed("something else"))
    assert [salt[:7] for salt in salts] == [b"$2b$05$"] * 3


@pytest.mark.parametrize(
    "stored", ["plain", "$2b$04$" + "." * 53, "$bcrypt-sha256$v=1,t=2b,r=4$" + "." * 22 + "$" + "." * 31, " "]
)
def test_hash_in_another_format_raises(stored: str) -> None:
    with pytest.raises(ValueError, match="not in the bcrypt-sha256 format"):
        verify("plain", stored)


@pytest.mark.usefixtures("low_cost")
def test_hash_with_another_cost_is_verified_at_that_cost() -> None:
    assert verify("correct horse battery", bcrypt_sha256.using(rounds=5).hash("correct horse battery"))


# Rejected passwords --------------------------------------------------------------------------------


def is_rejected(password: str, email: str = "grace@example.com", name: str = "Ada Lovelace") -> bool:
    try:
        check(password, email=email, name=name)
    except InvalidInput as raised:
        error = raised
    else:
        return False
    assert not password or password not in error.message
    return [fault.field for fault in error.fields] == ["password"]


@pytest.mark.parametrize(
    "password", ["a" * 8, "a" * 256, "é" * 256, "e\u0301" * 256, "\u03b1\u0313\u0300\u0345" * 256, " x" * 4, "👍" * 8]
)
def test_8_to_256_characters_are_accepted(password: str) -> None:
    assert not is_rejected(password)


@pytest.mark.parametrize("password", ["", "a" * 7, "e\u0301" * 7, "👍" * 7, "a" * 257, "e\u0301" * 257, "a" * 10**6])
def test_fewer_or_more_characters_are_rejected(password: str) -> None:
    assert is_rejected(password)


@pytest.mark.parametrize("password", ["xxgracexx", "GRACE1234", "lovelace99", "Ada LoveLace", "my.LOVELACE!"])
def test_users_own_name_or_address_is_rejected(password: str) -> None:
    assert is_rejected(password)


@pytest.mark.parametrize("password", ["ada12345", "example.com", "gracious me", "love lace"])
def test_words_similar_to_name_or_address_are_accepted(password: str) -> None:
    assert not is_rejected(password)


def test_name_is_found_in_any_unicode_form_and_case() -> None:
    assert is_rejected("xx JOSE\u0301 xx", name="Jos\u00e9 Li")
    assert is_rejected("STRASSE 12", name="Stra\u00dfe")


def test_long_run_of_combining_marks_is_rejected_quickly() -> None:
    started = time.process_time()
    assert is_rejected("a" + "\u0345\u0334" * 200_000)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("char", [" ", "\u200b", "\u3164", "\u00a0", "\U000e0041"])
def test_invisible_password_is_rejected(char: str) -> None:
    with pytest.raises(InvalidInput, match="visible"):
        check(char * 12, email="ada@example.com", name="Ada")


@pytest.mark.parametrize(
    "password", ["Lambda-API-Routes!", "my lambda password", "ROUTES and roads", "acmebooks 2026", "I like AcmeBooks"]
)
def test_name_of_the_product_is_rejected(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_NAME", "The AcmeBooks")
    config.settings.cache_clear()
    with pytest.raises(InvalidInput, match="name of this service"):
        check(password, email="ada@example.com", name="Ada")
    check("the api of my choice", email="ada@example.com", name="Ada")


@pytest.mark.parametrize("password", ["password1", "PassWord1", "iloveyou1", "qwertyuiop", "12345678"])
def test_common_password_is_rejected_in_any_case(password: str) -> None:
    with pytest.raises(InvalidInput, match="too common"):
        check(password, email="ada@example.com", name="Ada")


def test_list_of_common_passwords_has_3000_that_are_long_enough() -> None:
    assert len([each for each in passwords._common_passwords() if len(each) >= passwords.MIN_LENGTH]) >= 3000
