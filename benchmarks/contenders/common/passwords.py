"""Passwords, in the format that passlib calls bcrypt-sha256, version 2."""

import base64
import hashlib
import hmac
import re
import unicodedata

import bcrypt

_FORMAT = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})")
_NOTHING = f"$bcrypt-sha256$v=2,t=2b,r=12${'.' * 22}${'.' * 31}"


def is_right(password: str, stored: str | None) -> bool:
    """Return whether a password matches the stored hash; takes as long where there is none."""
    match = _FORMAT.fullmatch(stored or _NOTHING)
    if match is None:
        return False
    cost, salt, checksum = match.groups()
    digest = hmac.digest(salt.encode(), unicodedata.normalize("NFC", password).encode(), hashlib.sha256)
    whole = bcrypt.hashpw(base64.b64encode(digest), f"$2b${int(cost):02}${salt}".encode()).decode()
    return hmac.compare_digest(whole[-31:], checksum) and stored is not None
