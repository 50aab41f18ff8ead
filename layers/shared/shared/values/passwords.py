"""Passwords: which are acceptable, how they are stored, and how they are verified.

Threats. An attacker with a copy of the table guesses offline: with bcrypt at cost 12, each guess takes about
a third of a second. An attacker guesses online: see `shared.records.tries`. An attacker measures the time of a
sign-in to learn which addresses exist: for an unknown address, the password is verified against a dummy hash, at the
same cost.

bcrypt accepts at most 72 bytes, so the password is first hashed with HMAC-SHA-256. The format is passlib's
bcrypt-sha256 version 2, which other tools can verify.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from functools import cache

import bcrypt

from shared.core.config import settings
from shared.core.errors import FieldError, InvalidInput
from shared.values import breaches
from shared.values.visibility import is_visible

COST = 12
MIN_LENGTH = 8
MAX_LENGTH = 256
_SALT_LENGTH = 22
_FORMAT = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})")
_PRODUCT = "lambda-api-routes"
_BETWEEN_WORDS = re.compile(r"[\W_]+")
# Shorter parts of a name or an address would rule out too many passwords that merely contain them.
_MIN_CONTEXT_WORD_LENGTH = 4


def check(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Reject a password that is too short, too long, invisible, common or breached, or contains a name.

    The names are those of the user, of the mailbox and of the product.

    NIST SP 800-63B 5.1.1.2: check the length, impose no composition rules.

    Raises:
        InvalidInput: the password is rejected. The message says why, without repeating the password.

    """
    password = _normalized(password)
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _rejection(field, f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
    if not is_visible(password):
        raise _rejection(field, "needs a visible character")
    folded = password.casefold()
    if folded in _common_passwords():
        raise _rejection(field, "is too common")
    if _contains_any(folded, email.rpartition("@")[0], name, *name.split()):
        raise _rejection(field, "must not contain your name or email address")
    products = (settings().app_name, _PRODUCT)
    if _contains_any(folded, *products, *(word for product in products for word in _BETWEEN_WORDS.split(product))):
        raise _rejection(field, "must not contain the name of this service")
    if breaches.is_known(password):
        raise _rejection(field, "has appeared in a data breach")


def _contains_any(folded: str, *words: str) -> bool:
    return any(len(word) >= _MIN_CONTEXT_WORD_LENGTH and word.casefold() in folded for word in words)


@cache
def _common_passwords() -> frozenset[str]:
    # Imported on first use: only functions that set passwords need the list, which has 30,000 entries.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])


def _rejection(field: str, message: str) -> InvalidInput:
    return InvalidInput(f"The password {message}", [FieldError(field, message)])


def hashed(password: str) -> str:
    """Hash a password with a new salt, at the current cost."""
    salt = bcrypt.gensalt(COST)[-_SALT_LENGTH:].decode()
    return _hashed(password, salt, COST)


def verify(password: str, stored: str | None) -> bool:
    """Return whether the password is correct. Without a stored hash the result is False, after the same time."""
    match = _FORMAT.fullmatch(stored or _dummy_hash())
    if match is None:
        raise ValueError("A stored password hash is not in the bcrypt-sha256 format")
    cost, salt, _ = match.groups()
    correct = hmac.compare_digest(_hashed(password, salt, int(cost)), match[0])
    return correct and stored is not None


def is_outdated(stored: str) -> bool:
    """Return whether a hash has a lower cost than the current one."""
    match = _FORMAT.fullmatch(stored)
    return match is not None and int(match[1]) < COST


def _hashed(password: str, salt: str, cost: int) -> str:
    # As in passlib's bcrypt_sha256 version 2, the salt is the HMAC's key: a digest is useless with any other salt.
    digest = hmac.digest(salt.encode(), _normalized(password).encode(), hashlib.sha256)
    whole = bcrypt.hashpw(base64.b64encode(digest), f"$2b${cost:02}${salt}".encode()).decode()
    checksum = whole.rpartition("$")[2][_SALT_LENGTH:]
    return f"$bcrypt-sha256$v=2,t=2b,r={cost}${salt}${checksum}"


def _normalized(password: str) -> str:
    # NFC shortens a text to a quarter at most, so a longer password than this is too long in any form. It is not
    # normalized, because that takes quadratic time for a run of combining marks: minutes for a body full of them.
    return password if len(password) > 4 * MAX_LENGTH else unicodedata.normalize("NFC", password)


@cache
def _dummy_hash() -> str:
    """Return a hash at the current cost that no password matches. It is not computed, which would be slow."""
    return f"$bcrypt-sha256$v=2,t=2b,r={COST}${'.' * _SALT_LENGTH}${'.' * 31}"
