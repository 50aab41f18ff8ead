"""The export of an account: everything that its owner may see, as one JSON text.

Threats. A thief with a copy of an access token wants all data of its owner at once: an export needs a fresh session,
and is an event of the account, which its owner sees. A link to a file is found
later, in a log or a history: it is valid for a minute. A user exports again and again, to cause cost: an account has
one export an hour, and one at a time.

The text is written while rows are read, and beyond 5 MB to a file, so that an account may own more than fits in memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

from shared.accounts import resources
from shared.core.errors import SessionEnded
from shared.core.tables import write
from shared.records import activity, exports, factors, identities, limits, sessions, users
from shared.records.sessions import Session
from shared.records.users import User
from shared.values.client import Client

# Lambda's responses have at most 6 MB.
_MAX_INLINE = 5 * 1024 * 1024


class Export(NamedTuple):
    """An export: the text of the response or, if that is over 5 MB, the URL of a file with it, valid for 60 seconds."""

    text: str = ""
    url: str = ""


def of_account(session: Session, client: Client) -> Export:
    """Export the account of a session. Its owner finds the event in their activity.

    Raises:
        TooManyRequests: there was an export in the last hour, or an attempt in the last ten minutes.
        SessionEnded: the account was closed a moment ago.

    """
    limits.begin_export(session.user_id)
    user = users.find(session.user_id)
    if user is None:
        raise SessionEnded
    with SpooledTemporaryFile(_MAX_INLINE) as file:
        size = 0
        for part in _parts(user, session):
            content = part.encode()
            file.write(content)
            # Lambda returns the text as a JSON string, where each of these takes one more byte.
            size += len(content) + content.count(b'"') + content.count(b"\\")
        file.seek(0)
        is_small = size <= _MAX_INLINE
        found = Export(text=file.read().decode()) if is_small else Export(url=exports.publish(user.id, file))
    write(activity.recording("data_exported", user.id, client), limits.completing_export(user.id))
    return found


def _parts(user: User, session: Session) -> Iterator[str]:
    """Yield the text of the response in parts, each of at most one row."""
    yield f'{{"success":true,"data":{{"user":{_json(user.public())},'
    yield from _list("sessions", (each.public(current=each.id == session.id) for each in sessions.of_user(user.id)))
    yield ","
    yield from _list("factors", (factor.public() for factor in factors.of_user(user.id).confirmed))
    yield ","
    yield from _list("identities", (each.public() for each in identities.of_credential(users.credential_of(user))))
    yield ","
    yield from _list("activity", (entry.public() for entry in activity.of_user(user.id)))
    yield ',"resources":{'
    for number, owned in enumerate(resources.ALL):
        yield "," if number else ""
        yield from _list(owned.name, owned.of_user(user.id))
    yield "}}}"


def _list(name: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the text of a member that is a list."""
    yield f"{_json(name)}:["
    for number, row in enumerate(rows):
        yield f",{_json(row)}" if number else _json(row)
    yield "]"


def _json(value: Any) -> str:  # any JSON
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
