"""Ids of records: UUIDs that sort by the time when they were created (version 7 of RFC 9562)."""

import re
import secrets
import time
import uuid

_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new() -> str:
    """Create an id: 48 bits of milliseconds since 1970, and 74 random ones."""
    moment = int(time.time() * 1000) << 80
    return str(uuid.UUID(int=moment | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def is_id(text: str) -> bool:
    """Return whether a text has the form of an id. Others are not looked up: they could be too long for a key."""
    return _ID.fullmatch(text) is not None
