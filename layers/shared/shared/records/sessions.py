"""Sessions: one per sign-in, read by every authenticated call.

An access token is valid only as long as its session: once the session has ended, the next call with the token is
rejected. The session holds the key that authenticates its own refresh tokens and page cursors, so that they can be
neither forged nor used with another session, and no key has to be shared. It also holds a copy of the user's name,
address and role, so that a refresh reads nothing else; `shared.accounts` updates the copy in the same transaction as
the profile.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass, replace
from typing import Any

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.errors import SessionEnded, SessionNotFound
from shared.core.tables import Change, Check, Delete, Item, Put, Table, Update, try_update, write
from shared.records.users import Role, User
from shared.values.client import Client

SESSIONS = Table("sessions_table")
IDLE_LIFETIME = 30 * clock.DAY
MAX_LIFETIME = 90 * clock.DAY
# A transaction has room for 100 changes. It ends all sessions of a user together with the change that requires it.
_MAX_PER_TRANSACTION = 80
_MAX_USER_AGENT_LENGTH = 256
_ID = re.compile(r"[0-9a-f-]{36}")


@dataclass(kw_only=True, eq=False, repr=False)
class Session:
    """A signed-in device. Times are seconds since 1970. `counter` is the number of refreshes."""

    user_id: str
    id: str
    name: str
    email: str
    role: Role
    key: bytes
    counter: int
    created_at: int
    refreshed_at: int
    ip: str
    user_agent: str

    @property
    def reference(self) -> str:
        """What refers to the session in other tables: the user's id and its own."""
        return f"{self.user_id}#{self.id}"

    @property
    def expires_at(self) -> int:
        """The time when the session expires, unless it is refreshed before."""
        return min(self.refreshed_at + IDLE_LIFETIME, self.created_at + MAX_LIFETIME)

    @property
    def is_expired(self) -> bool:
        """Whether the session has expired. DynamoDB deletes expired items late, so every read checks this."""
        return self.expires_at <= clock.now()

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return 32 bytes that authenticate the content for this purpose: an HMAC-SHA-256 with the session's key."""
        return hmac.digest(self.key, purpose.encode() + b"\x00" + content, hashlib.sha256)

    def public(self, *, current: bool) -> dict[str, Any]:
        """Return the fields that the user may see. `current` marks the session of the current call."""
        return {
            "id": self.id,
            "createdAt": clock.rfc3339(self.created_at),
            "lastUsedAt": clock.rfc3339(self.refreshed_at),
            "expiresAt": clock.rfc3339(self.expires_at),
            "ip": self.ip,
            "userAgent": self.user_agent,
            "current": current,
        }

    def item(self) -> Item:
        """Return the item to store."""
        return {
            "userId": self.user_id,
            "sessionId": self.id,
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "key": self.key,
            "counter": self.counter,
            "createdAt": self.created_at,
            "refreshedAt": self.refreshed_at,
            "expiresAt": self.expires_at,
            "ip": self.ip,
            "userAgent": self.user_agent,
        }

    @classmethod
    def from_item(cls, item: Item) -> "Session":
        """Create a session from a stored item."""
        return cls(
            user_id=item["userId"],
            id=item["sessionId"],
            name=item["name"],
            email=item["email"],
            role=item["role"],
            key=item["key"],
            counter=item["counter"],
            created_at=item["createdAt"],
            refreshed_at=item["refreshedAt"],
            ip=item["ip"],
            user_agent=item["userAgent"],
        )


def new(user: User, client: Client) -> Session:
    """Create a session without storing it."""
    moment = clock.now()
    return Session(
        user_id=user.id,
        id=str(uuid.uuid4()),
        name=user.name,
        email=user.email,
        role=user.role,
        key=secrets.token_bytes(32),
        counter=0,
        created_at=moment,
        refreshed_at=moment,
        ip=client.ip,
        user_agent=client.user_agent[:_MAX_USER_AGENT_LENGTH],
    )


def find(user_id: str, session_id: str) -> Session | None:
    """Return the stored session, or None if it was ended. It may have expired, since DynamoDB deletes late."""
    item = SESSIONS.get({"userId": user_id, "sessionId": session_id})
    return Session.from_item(item) if item is not None else None


def referred_to(reference: str) -> Session | None:
    """Return the valid session that a reference refers to, or None."""
    session = find(*reference.split("#"))
    return None if session is None or session.is_expired else session


def get(user_id: str, session_id: str) -> Session:
    """Return a valid session.

    Raises:
        SessionEnded: it was ended or has expired.

    """
    session = find(user_id, session_id)
    if session is None or session.is_expired:
        raise SessionEnded
    return session


def of_user(user_id: str) -> list[Session]:
    """Return a user's valid sessions, most recently used first."""
    valid = [session for session in _stored_sessions(user_id) if not session.is_expired]
    return sorted(valid, key=lambda session: session.refreshed_at, reverse=True)


def refresh(before: Session, client: Client) -> Session:
    """Record a refresh and return the stored session, which is that of a concurrent refresh if that was faster.

    Raises:
        SessionEnded: it has been ended in the meantime.

    """
    after = replace(
        before,
        counter=before.counter + 1,
        refreshed_at=clock.now(),
        ip=client.ip,
        user_agent=client.user_agent[:_MAX_USER_AGENT_LENGTH],
    )
    stored = before.item()
    _, item = try_update(
        Update(
            table=SESSIONS,
            key=_key(before),
            set={name: value for name, value in after.item().items() if stored[name] != value},
            when=Attr("counter").eq(before.counter),
        )
    )
    if not item:
        raise SessionEnded
    return Session.from_item(item)


# Changes -------------------------------------------------------------------------------------------


def starting(session: Session) -> list[Change]:
    """Return the changes that store a new session."""
    return [Put(table=SESSIONS, item=session.item(), when=Attr("sessionId").not_exists())]


def checking(session: Session) -> list[Change]:
    """Return the changes that write nothing, but require that the session was not ended."""
    exists = Attr("sessionId").exists()
    return [Check(table=SESSIONS, key=_key(session), when=exists, otherwise=SessionEnded)]


def ending(session: Session) -> list[Change]:
    """Return the changes that end one session. A session that has already ended is not an error."""
    return [Delete(table=SESSIONS, key=_key(session))]


def ending_one(user_id: str, session_id: str) -> list[Change]:
    """Return the changes that end the session with this id. They fail with `SessionNotFound` if there is none.

    Raises:
        SessionNotFound: the text is not an id.

    """
    if not _ID.fullmatch(session_id):
        raise SessionNotFound
    exists = Attr("sessionId").exists()
    key = {"userId": user_id, "sessionId": session_id}
    return [Delete(table=SESSIONS, key=key, when=exists, otherwise=SessionNotFound)]


def ending_all(user_id: str, *, keep: Session | None = None) -> list[Change]:
    """Return the changes that end all sessions of a user, except the one to keep.

    If there are more than 80, those used least recently are ended immediately.
    """
    return [deletion for session in _sessions_to_change(user_id, keep) for deletion in ending(session)]


def updating_all(user: User) -> list[Change]:
    """Return the changes that copy the profile's name, address and role to all sessions of the user.

    If there are more than 80, those used least recently are ended immediately.
    """
    copied = {"name": user.name, "email": user.email, "role": user.role}
    exists = Attr("sessionId").exists()
    sessions = _sessions_to_change(user.id)
    return [Update(table=SESSIONS, key=_key(session), set=copied, when=exists) for session in sessions]


def _stored_sessions(user_id: str, without: Session | None = None) -> list[Session]:
    """Return all stored sessions of a user, including expired ones."""
    found = map(Session.from_item, SESSIONS.query(Key("userId").eq(user_id)))
    return [session for session in found if without is None or session.id != without.id]


def _sessions_to_change(user_id: str, without: Session | None = None) -> list[Session]:
    """Return a user's most recently used sessions, as many as fit in one transaction; end the others now."""
    sessions = sorted(_stored_sessions(user_id, without), key=lambda session: session.refreshed_at, reverse=True)
    for session in sessions[_MAX_PER_TRANSACTION:]:
        write(ending(session))
    return sessions[:_MAX_PER_TRANSACTION]


def _key(session: Session) -> Item:
    return {"userId": session.user_id, "sessionId": session.id}
