"""Passwords: what is refused, and hashes that other tools understand."""

import time

import bcrypt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from passlib.hash import bcrypt_sha256

from shared.core.errors import InvalidInput
from shared.values import passwords
from shared.values.passwords import check, hashed, verify

CHEAP = 4
ODD = ["correct horse battery", "a" * 256, "\x00abc\x00", "pässwörd 👩🏽\u200d💻", " " * 8, "x" * 72 + "y", "\x80" * 60]


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", CHEAP)
    passwords._dummy_hash.cache_clear()


def test_a_hash_costs_two_to_the_twelfth() -> None:
    stored = hashed("correct horse battery")
    assert stored.startswith("$bcrypt-sha256$v=2,t=2b,r=12$")
    assert bcrypt_sha256.verify("correct horse battery", stored)
    passwords._dummy_hash.cache_clear()
    assert ",r=12$" in passwords._dummy_hash()
    passwords._dummy_hash.cache_clear()


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("password", ODD)
def test_passlib_verifies_our_hashes_and_we_verify_passlibs(password: str) -> None:
    # Passlib refuses a NUL for the sake of its other hashes, and takes bytes as they are.
    ours = hashed(password)
    assert verify(password, ours)
    assert not verify(password + "x", ours)
    if "\x00" not in password:
        assert bcrypt_sha256.verify(password, ours)
        assert verify(password, bcrypt_sha256.using(rounds=CHEAP).hash(password))
        assert not verify(password[:-1], bcrypt_sha256.using(rounds=CHEAP).hash(password))


@pytest.mark.usefixtures("cheap")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.text(max_size=5))
def test_only_the_password_itself_is_right(password: str, other: str) -> None:
    stored = hashed(password)
    assert verify(password, stored)
    assert verify(password + other, stored) == (
        passwords._normalized(password + other) == passwords._normalized(password)
    )


@pytest.mark.usefixtures("cheap")
def test_no_byte_is_cut_off_at_72_nor_at_a_nul() -> None:
    assert not verify("x" * 72 + "b", hashed("x" * 72 + "a"))
    assert not verify("é" * 200 + "b", hashed("é" * 200 + "a"))
    assert not verify("abc\x00b", hashed("abc\x00a"))
    assert not verify("", hashed("\x00"))


@pytest.mark.usefixtures("cheap")
def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    assert verify("passw\u00f6rd \u1f82", hashed("passwo\u0308rd \u03b1\u0313\u0300\u0345"))


@pytest.mark.usefixtures("cheap")
def test_two_hashes_of_one_password_differ() -> None:
    assert hashed("correct horse battery") != hashed("correct horse battery")


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("password", ["", "nothing", "x" * 5000])
def test_without_a_stored_hash_no_password_is_right_and_the_work_is_the_same(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "COST", CHEAP + 1)
    passwords._dummy_hash.cache_clear()
    salts: list[bytes] = []
    hashpw = bcrypt.hashpw

    def counted(word: bytes, salt: bytes) -> bytes:
        salts.append(salt)
        return hashpw(word, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    assert not verify(password, None)
    assert not verify(password, hashed("something else"))
    assert [salt[:7] for salt in salts] == [b"$2b$05$"] * 3


@pytest.mark.parametrize(
    "stored", ["plain", "$2b$04$" + "." * 53, "$bcrypt-sha256$v=1,t=2b,r=4$" + "." * 22 + "$" + "." * 31, " "]
)
def test_a_hash_of_another_format_is_a_defect_and_no_sign_in(stored: str) -> None:
    with pytest.raises(ValueError, match="not in the bcrypt-sha256 format"):
        verify("plain", stored)


@pytest.mark.usefixtures("cheap")
def test_a_hash_of_an_earlier_cost_is_verified_at_that_cost() -> None:
    assert verify("correct horse battery", bcrypt_sha256.using(rounds=5).hash("correct horse battery"))


# What is refused ---------------------------------------------------------------------------------------


def is_refused(password: str, email: str = "grace@example.com", name: str = "Ada Lovelace") -> bool:
    try:
        check(password, email=email, name=name)
    except InvalidInput as raised:
        refusal = raised
    else:
        return False
    assert not password or password not in refusal.message
    return [fault.field for fault in refusal.fields] == ["password"]


@pytest.mark.parametrize(
    "password", ["a" * 8, "a" * 256, "é" * 256, "e\u0301" * 256, "\u03b1\u0313\u0300\u0345" * 256, " " * 8, "👍" * 8]
)
def test_8_to_256_characters_are_taken(password: str) -> None:
    assert not is_refused(password)


@pytest.mark.parametrize("password", ["", "a" * 7, "e\u0301" * 7, "👍" * 7, "a" * 257, "e\u0301" * 257, "a" * 10**6])
def test_fewer_or_more_characters_are_not(password: str) -> None:
    assert is_refused(password)


@pytest.mark.parametrize("password", ["xxgracexx", "GRACE1234", "lovelace99", "Ada LoveLace", "my.LOVELACE!"])
def test_words_of_the_users_own_are_refused(password: str) -> None:
    assert is_refused(password)


@pytest.mark.parametrize("password", ["ada12345", "example.com", "gracious me", "love lace"])
def test_words_that_only_resemble_them_are_taken(password: str) -> None:
    assert not is_refused(password)


def test_a_word_is_found_in_any_form_and_case() -> None:
    assert is_refused("xx JOSE\u0301 xx", name="Jos\u00e9 Li")
    assert is_refused("STRASSE 12", name="Stra\u00dfe")


def test_a_long_run_of_combining_marks_is_refused_at_once() -> None:
    started = time.process_time()
    assert is_refused("a" + "\u0345\u0334" * 200_000)
    assert time.process_time() - started < 1
