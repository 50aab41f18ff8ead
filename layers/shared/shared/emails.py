"""E-mail addresses: what is one, and when two are the same.

People type one address in many ways. It is shown and written to as typed, but compared by its key: the local part in
Unicode's NFC and case-folded, the domain as IDNA. Without that, `Ada@Example.com` could be registered twice.
"""

import unicodedata

from email_validator import EmailNotValidError, validate_email


def parse(text: str) -> str:
    """Check an address and give it as it is shown and written to: trimmed, NFC, the domain in lower case.

    Follows RFC 5321 and 6531 for the length (254) and the syntax; asks no server whether the mailbox exists.

    Raises:
        ValueError: it is not an address; the message says why, without repeating it.

    """
    try:
        address = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ValueError("is not a valid e-mail address") from None
    if "." not in address.domain:
        raise ValueError("needs a domain with a dot, as in ada@example.com")
    return address.normalized


def key(address: str) -> str:
    """Give the form in which addresses are compared and stored as a key. Takes what `parse` gave."""
    local, _, domain = ascii_address(address).rpartition("@")
    return f"{unicodedata.normalize('NFC', local).casefold()}@{domain}"


def ascii_address(address: str) -> str:
    """Give the address with its domain as the DNS knows it (IDNA 2008), as mail is sent to it."""
    checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    return f"{checked.local_part}@{checked.ascii_domain}"
