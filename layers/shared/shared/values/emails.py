"""E-mail addresses: what is one, and when two are the same.

People type one address in many ways. It is shown and written to as typed, but compared by its key: the local part in
Unicode's NFC and case-folded, the domain as IDNA. Without that, `Ada@Example.com` could be registered twice.

Most addresses are in every one of these forms already, which a pattern tells. Only others need the library, whose
import takes a twentieth of a cold start.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

# Lower-case ASCII, within the lengths of RFC 5321. A domain with two hyphens in a row may be IDNA's, and `=?` is
# `_ENCODED`: both are left to the slow path.
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)(?=.{6,254}\Z)(?!.*--)(?!.*=\?)"
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
# How an encoded word begins (RFC 2047), which has no business in an address. Whoever decodes it all the same reads
# another one: `=?utf-8?q?eve=40evil.example=3E?=@example.com`.
_ENCODED = "=?"


def parse(text: str) -> str:
    """Check an address and give it as it is shown and written to: trimmed, NFC, the domain in lower case.

    Follows RFC 5321 and 6531 for the length (254) and the syntax; asks no server whether the mailbox exists.

    Raises:
        ValueError: it is not an address; the message says why, without repeating it.

    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return text
    if _ENCODED in text:
        raise ValueError("is not a valid e-mail address")
    try:
        address = _validated(text)
    except ValueError:
        raise ValueError("is not a valid e-mail address") from None
    if "." not in address.domain:
        raise ValueError("needs a domain with a dot, as in ada@example.com")
    return address.normalized


def key(address: str) -> str:
    """Give the form in which addresses are compared and stored as a key. Takes what `parse` gave."""
    local, _, domain = ascii_address(address).rpartition("@")
    # Folded last, `ß` with an accent would be two letters of which the second waits for it (Unicode, D145).
    return f"{unicodedata.normalize('NFC', unicodedata.normalize('NFD', local).casefold())}@{domain}"


def ascii_address(address: str) -> str:
    """Give the address with its domain as the DNS knows it (IDNA 2008), as mail is sent to it."""
    if _PLAIN.fullmatch(address):
        return address
    checked = _validated(address)
    return f"{checked.local_part}@{checked.ascii_domain}"


def _validated(text: str) -> "ValidatedEmail":
    """Have the library read an address. Raises its kind of ValueError."""
    from email_validator import validate_email  # noqa: PLC0415  # see above

    return validate_email(text, check_deliverability=False, globally_deliverable=False)
