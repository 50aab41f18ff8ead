"""Email addresses: which are valid, and when two are the same.

People spell one address in several ways. It is displayed and emailed as typed, but compared by its key: the local part
case-folded and in Unicode NFC, the domain as IDNA. Without the key, `Ada@Example.com` could be registered twice.

Most addresses are typed in exactly this form, which a pattern recognizes. Only the others need the email-validator
library, whose import takes a twentieth of a cold start.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

from shared.values.visibility import is_visible

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

# Lowercase ASCII, within the lengths of RFC 5321. Two hyphens in a row may be part of an IDNA domain, and `=?` starts
# an encoded word: both are left to the slow path.
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)(?=.{6,254}\Z)(?!.*--)(?!.*=\?)"
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
# The start of an encoded word (RFC 2047), which is not allowed in an address. A mail server that decodes it anyway sees
# a different address: `=?utf-8?q?eve=40evil.example=3E?=@example.com`.
_ENCODED_WORD = "=?"
_MAX_LOCAL_PART = 64
_MAX_NAME_LENGTH = 100


def parse(text: str) -> str:
    """Validate an address and return it as it is displayed and emailed: trimmed, NFC, the domain in lowercase.

    The length (254) and the syntax follow RFC 5321 and 6531. Whether the mailbox exists is not checked.

    Raises:
        ValueError: the address is invalid. The message says why, without repeating the address.

    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return text
    if _ENCODED_WORD in text:
        raise ValueError("is not a valid email address")
    try:
        address = _validated(text)
    except ValueError:
        raise ValueError("is not a valid email address") from None
    # The library allows longer ones, which no mail server has to accept (RFC 5321, 4.5.3.1.1).
    if len(address.local_part.encode()) > _MAX_LOCAL_PART:
        raise ValueError("has more than 64 bytes before the @")
    if "." not in address.domain:
        raise ValueError("needs a domain with a dot, as in ada@example.com")
    return address.normalized


def key(address: str) -> str:
    """Return the form in which an address from `parse` is compared and used as a key."""
    local, _, domain = ascii_address(address).rpartition("@")
    # NFC comes last: `ß` with an accent folds to `ss` and the accent, which then has to be composed (Unicode, D145).
    return f"{unicodedata.normalize('NFC', unicodedata.normalize('NFD', local).casefold())}@{domain}"


def domain(address: str) -> str:
    """Return the domain of an address from `parse`, in the form in which domains are compared: ASCII, lower case."""
    return ascii_address(address).rpartition("@")[2]


def name_in(address: str) -> str:
    """Return the name of someone of whom only the address is known: what is before the @, if it is visible."""
    local, _, domain = address.rpartition("@")
    return local if is_visible(local) else domain[:_MAX_NAME_LENGTH]


def ascii_address(address: str) -> str:
    """Return the address with its domain in ASCII (IDNA 2008), as used for sending email."""
    if _PLAIN.fullmatch(address):
        return address
    checked = _validated(address)
    return f"{checked.local_part}@{checked.ascii_domain}"


def _validated(text: str) -> "ValidatedEmail":
    """Validate an address with the library, which raises its own subclass of ValueError."""
    from email_validator import validate_email  # noqa: PLC0415  # see above

    return validate_email(text, check_deliverability=False, globally_deliverable=False)
