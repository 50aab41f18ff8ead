"""Passwords: what is a good one, how it is kept, and whether one is right.

Threats. Somebody with a copy of the table tries guesses offline: bcrypt at cost 12 makes each cost a quarter of a
second. Somebody guesses online: `shared.records.limits`. Somebody times sign-in to learn which addresses exist: an
unknown one is checked against a hash of nothing, at the same cost. bcrypt alone reads only 72 bytes and stops at a NUL,
so the password goes through HMAC-SHA-256 first, in the format that passlib calls bcrypt-sha256 version 2, which other
tools can verify.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from functools import cache

import bcrypt

from shared.core.errors import FieldError, InvalidInput
from shared.values import breaches

COST = 12
SHORTEST = 8
LONGEST = 256
_SALT_LENGTH = 22
_FORMAT = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})")
# A shorter word of the user's own would refuse too many passwords that merely contain it.
_SHORTEST_CONTEXT_WORD = 4


def check(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Refuse a password that is too short, too long, common, built from the user's name or address, or breached.

    NIST SP 800-63B 5.1.1.2: length counts, composition rules do not.

    Raises:
        InvalidInput: it is refused; says why, without repeating it.

    """
    password = _normalized(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise _refusal(field, f"must have {SHORTEST} to {LONGEST} characters")
    folded = password.casefold()
    if folded in _common():
        raise _refusal(field, "is one of the most common ones")
    words = [email.rpartition("@")[0], name, *name.split()]
    if any(len(word) >= _SHORTEST_CONTEXT_WORD and word.casefold() in folded for word in words):
        raise _refusal(field, "must not contain your name or e-mail address")
    if breaches.is_known(password):
        raise _refusal(field, "has become known in a data breach")


@cache
def _common() -> frozenset[str]:
    # Read on first use: only functions that take new passwords need the list, which has 30,000 entries.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])


def _refusal(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"The password {message}", [FieldError(field, message)])


def hashed(password: str) -> str:
    """Hash a password with a new salt, at today's cost."""
    salt = bcrypt.gensalt(COST)[-_SALT_LENGTH:].decode()
    return _hashed(password, salt, COST)


def verify(password: str, stored: str | None) -> bool:
    """Say whether the password is right. Without a stored hash it never is, and that takes just as long."""
    match = _FORMAT.fullmatch(stored or _hash_of_nothing())
    if match is None:
        raise ValueError("A stored password hash is not in the bcrypt-sha256 format")
    cost, salt, _ = match.groups()
    right = hmac.compare_digest(_hashed(password, salt, int(cost)), match[0])
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Say whether a hash was made at a lower cost than today's."""
    match = _FORMAT.fullmatch(stored)
    return match is not None and int(match[1]) < COST


def _hashed(password: str, salt: str, cost: int) -> str:
    # passlib, bcrypt_sha256 version 2: the salt is the HMAC's key, so that one digest is of no use with another salt.
    digest = hmac.digest(salt.encode(), _normalized(password).encode(), hashlib.sha256)
    whole = bcrypt.hashpw(base64.b64encode(digest), f"$2b${cost:02}${salt}".encode()).decode()
    checksum = whole.rpartition("$")[2][_SALT_LENGTH:]
    return f"$bcrypt-sha256$v=2,t=2b,r={cost}${salt}${checksum}"


def _normalized(password: str) -> str:
    # NFC turns four characters at most into one, so what is longer than this is too long in any form. Left as it is, as
    # putting a long run of combining marks in order takes quadratic time: minutes for a body full of them.
    return password if len(password) > 4 * LONGEST else unicodedata.normalize("NFC", password)


@cache
def _hash_of_nothing() -> str:
    """Give a hash that no password has, at today's cost, without the price of making one."""
    return f"$bcrypt-sha256$v=2,t=2b,r={COST}${'.' * _SALT_LENGTH}${'.' * 31}"
