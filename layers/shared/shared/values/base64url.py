"""Base64url without padding (RFC 4648, 5; RFC 7515, 2), in which each value has exactly one spelling."""

import base64


def encode(value: bytes) -> str:
    """Return the bytes as text."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes.

    Raises:
        ValueError: the text is not base64url, or not in its canonical form.

    """
    decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(decoded) != text:
        raise ValueError("not canonical base64url")
    return decoded
