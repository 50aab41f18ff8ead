"""Sessions: one for each sign-in, read by every authenticated call.

A session is what makes an access token count: end it, and the token is refused at the next call although its signature
is good. It also holds the key that makes this session's refresh tokens and page cursors, so that neither can be forged
nor used with another session, and no key has to be shared.
"""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from shared import clock
from shared.errors import SessionEnded
from shared.tables import Change, Delete, Item, Put, Table, Update, write
from shared.users import Role, User

SESSIONS = Table("sessions_table")
IDLE_LIFETIME = 30 * clock.DAY
LONGEST_LIFETIME = 90 * clock.DAY
# One transaction ends all sessions of a user together with its cause; there must be room for the cause.
_MOST_TOGETHER = 80
_LONGEST_USER_AGENT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device. Times are seconds since 1970; `counter` counts its refreshes."""

    user_id: str
    id: str
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
            role=item["role"],
            key=item["key"],
            counter=item["counter"],
            created_at=item["createdAt"],
            refreshed_at=item["refreshedAt"],
            ip=item["ip"],
            user_agent=item["userAgent"],
        )


def new(user: User, *, ip: str, user_agent: str) -> Session:
    """Make a session that is not stored yet."""
    moment = clock.now()
    return Session(
        user_id=user.id,
        id=str(uuid.uuid4()),
        role=user.role,
        key=secrets.token_bytes(32),
        counter=0,
        created_at=moment,
        refreshed_at=moment,
        ip=ip,
        user_agent=user_agent[:_LONGEST_USER_AGENT],
    )


def get(user_id: str, session_id: str) -> Session:
    """Give a session that counts.

    Raises:
        SessionEnded: it was ended or has run out. DynamoDB deletes late, so the time is checked here.

    """
    item = SESSIONS.get({"userId": user_id, "sessionId": session_id})
    if item is None:
        raise SessionEnded
    session = Session.from_item(item)
    if session.expires_at <= clock.now():
        raise SessionEnded
    return session


def end(session: Session) -> None:
    """End one session; one that has ended is no error."""
    write(Delete(table=SESSIONS, key=_key(session)))


def end_others(session: Session) -> None:
    """End the user's other sessions."""
    for other in _of(session.user_id):
        if other.id != session.id:
            end(other)


def end_all(user_id: str) -> None:
    """End every session of a user."""
    for session in _of(user_id):
        end(session)


# Changes, for others to combine --------------------------------------------------------------------


def starting(session: Session) -> Change:
    """Give the change that stores a new session."""
    return Put(table=SESSIONS, item=session.item(), when=Attr("sessionId").not_exists())


def ending_all(user_id: str) -> list[Change]:
    """Give the changes that end every session of a user."""
    return [Delete(table=SESSIONS, key=_key(session)) for session in _few(user_id)]


def setting_role(user_id: str, role: Role) -> list[Change]:
    """Give the changes that make every session of a user count for another role from the next call on."""
    still_there = Attr("sessionId").exists()
    return [
        Update(table=SESSIONS, key=_key(session), set={"role": role}, when=still_there) for session in _few(user_id)
    ]


def _of(user_id: str) -> list[Session]:
    return [Session.from_item(item) for item in SESSIONS.query(Key("userId").eq(user_id))]


def _few(user_id: str) -> list[Session]:
    """Give a user's sessions, no more than one transaction has room for; the least recently used beyond are ended."""
    sessions = sorted(_of(user_id), key=lambda session: session.refreshed_at, reverse=True)
    for session in sessions[_MOST_TOGETHER:]:
        end(session)
    return sessions[:_MOST_TOGETHER]


def _key(session: Session) -> Item:
    return {"userId": session.user_id, "sessionId": session.id}
