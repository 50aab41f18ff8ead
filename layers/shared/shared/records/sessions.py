"""Sessions: one for each sign-in, read by every authenticated call.

A session is what makes an access token count: end it, and the token is refused at the next call although its signature
is good. It also holds the key that makes this session's refresh tokens and page cursors, so that neither can be forged
nor used with another session, and no key has to be shared. And it carries the user's name, address and role, so that a
refresh reads nothing else; `shared.accounts` changes them in the same transaction as the profile.
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
from shared.core.tables import Change, Check, Delete, Item, Put, Table, Update, update, write
from shared.records.users import Role, User
from shared.values.client import Client

SESSIONS = Table("sessions_table")
IDLE_LIFETIME = 30 * clock.DAY
LONGEST_LIFETIME = 90 * clock.DAY
# One transaction ends all sessions of a user together with its cause; there must be room for the cause.
_MOST_TOGETHER = 80
_LONGEST_USER_AGENT = 256
_ID = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device. Times are seconds since 1970; `counter` counts its refreshes."""

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
    def expires_at(self) -> int:
        """Give the time from which it no longer counts, unless refreshed before."""
        return min(self.refreshed_at + IDLE_LIFETIME, self.created_at + LONGEST_LIFETIME)

    @property
    def is_expired(self) -> bool:
        """Whether its time is over. DynamoDB deletes late, so this is asked on every read."""
        return self.expires_at <= clock.now()

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Give 32 bytes that nobody else can give for this content and purpose (HMAC-SHA-256 with the key)."""
        return hmac.digest(self.key, purpose.encode() + b"\x00" + content, hashlib.sha256)

    def public(self, *, current: bool) -> dict[str, Any]:
        """Give what its user may see; `current` says that the call was made with it."""
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
        """Give what the table holds."""
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
        """Read what the table holds."""
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
    """Make a session that is not stored yet."""
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
        user_agent=client.user_agent[:_LONGEST_USER_AGENT],
    )


def find(user_id: str, session_id: str) -> Session | None:
    """Give a session that was not ended. It may have run out: DynamoDB deletes late."""
    item = SESSIONS.get({"userId": user_id, "sessionId": session_id})
    return Session.from_item(item) if item is not None else None


def get(user_id: str, session_id: str) -> Session:
    """Give a session that counts.

    Raises:
        SessionEnded: it was ended or has run out.

    """
    session = find(user_id, session_id)
    if session is None or session.is_expired:
        raise SessionEnded
    return session


def of_user(user_id: str) -> list[Session]:
    """Give the sessions of a user that count, the most recently used first."""
    counting = [session for session in _stored(user_id) if not session.is_expired]
    return sorted(counting, key=lambda session: session.refreshed_at, reverse=True)


def refresh(before: Session, client: Client) -> Session:
    """Count one more refresh; give the session as it is then, which somebody else's refresh may have made it.

    Raises:
        SessionEnded: it was ended meanwhile.

    """
    after = replace(
        before,
        counter=before.counter + 1,
        refreshed_at=clock.now(),
        ip=client.ip,
        user_agent=client.user_agent[:_LONGEST_USER_AGENT],
    )
    stored = before.item()
    _, item = update(
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


# Changes, for others to combine --------------------------------------------------------------------


def starting(session: Session) -> list[Change]:
    """Give the change that stores a new session."""
    return [Put(table=SESSIONS, item=session.item(), when=Attr("sessionId").not_exists())]


def checking(session: Session) -> list[Change]:
    """Give the change that changes nothing, but insists that the session was not ended."""
    there = Attr("sessionId").exists()
    return [Check(table=SESSIONS, key=_key(session), when=there, otherwise=SessionEnded)]


def ending(session: Session) -> list[Change]:
    """Give the change that ends one session; one that has ended is no error."""
    return [Delete(table=SESSIONS, key=_key(session))]


def ending_one(user_id: str, session_id: str) -> list[Change]:
    """Give the change that ends a session by its id, any text; it fails with `SessionNotFound` if there is none."""
    if not _ID.fullmatch(session_id):
        raise SessionNotFound
    there = Attr("sessionId").exists()
    key = {"userId": user_id, "sessionId": session_id}
    return [Delete(table=SESSIONS, key=key, when=there, otherwise=SessionNotFound)]


def ending_all(user_id: str, *, besides: Session | None = None) -> list[Change]:
    """Give the changes that end every session of a user, or every other one."""
    return [deletion for session in _few(user_id, besides) for deletion in ending(session)]


def updating_all(user: User) -> list[Change]:
    """Give the changes that make every session of a user carry this profile's name, address and role."""
    carried = {"name": user.name, "email": user.email, "role": user.role}
    still_there = Attr("sessionId").exists()
    return [Update(table=SESSIONS, key=_key(session), set=carried, when=still_there) for session in _few(user.id)]


def _stored(user_id: str, besides: Session | None = None) -> list[Session]:
    """Give everything the table holds of a user's sessions, those that have run out included."""
    found = map(Session.from_item, SESSIONS.query(Key("userId").eq(user_id)))
    return [session for session in found if besides is None or session.id != besides.id]


def _few(user_id: str, besides: Session | None = None) -> list[Session]:
    """Give a user's sessions, no more than one transaction has room for; the least recently used beyond are ended."""
    sessions = sorted(_stored(user_id, besides), key=lambda session: session.refreshed_at, reverse=True)
    for session in sessions[_MOST_TOGETHER:]:
        write(ending(session))
    return sessions[:_MOST_TOGETHER]


def _key(session: Session) -> Item:
    return {"userId": session.user_id, "sessionId": session.id}
