"""Sessions: one per sign-in, read by every authenticated call.

An access token is valid only as long as its session: once the session has ended, the next call with the token is
rejected. The session holds the key that authenticates its own refresh tokens and page cursors, so that they can be
neither forged nor used with another session, and no key has to be shared. It also holds a copy of the user's name,
address and role, so that a refresh reads nothing else; `shared.accounts` updates the copy in the same transaction as
the profile.

A refresh token is used once and replaced; each refresh is a generation with a number. To notice a stolen copy, the
session records which generations were used and which are void (RFC 9700, 4.14.2). The first call with an access token
of the newest generation marks it as used, with one conditional write of `used` alone: functions that only verify
callers may write that attribute and no other.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.errors import Outdated, SessionEnded, SessionNotFound, TokenExpired
from shared.core.tables import Change, Delete, Item, Put, Table, Update, optimistic, write
from shared.records.users import User
from shared.values.choices import Method, Role
from shared.values.client import Client

if TYPE_CHECKING:
    from shared.shapes.sessions import PublicSession

SESSIONS = Table("sessions_table")
IDLE_LIFETIME = 30 * clock.DAY
MAX_LIFETIME = 90 * clock.DAY
# A transaction has room for 100 changes. It ends all sessions of a user together with the change that requires it.
_MAX_PER_TRANSACTION = 40
_MAX_USER_AGENT_LENGTH = 256
# For this many seconds the previous refresh token gets the same response again, and access tokens of the previous key
# stay valid.
GRACE_PERIOD = 10
# Proofs of a second factor, and of both factors at once (a passkey that has verified its user).
_OF_FACTORS: frozenset[Method] = frozenset({"totp", "recovery_code", "passkey"})
# RFC 8176, 2. It has no name for a link in an email, which is a one-time password too. Nothing attests that hardware
# protects the key of a passkey.
_AMR: Mapping[Method, tuple[str, ...]] = {
    "password": ("pwd",),
    "totp": ("otp",),
    "recovery_code": ("otp",),
    "passkey": ("swk", "user"),
    "email": ("otp",),
    "provider": (),
}
# The void generations that a session remembers. Each takes a lost response and more than ten seconds.
_MAX_VOID = 20
# The value of `used` when an access token of a void generation was used.
_COPIED = -1
_ID = re.compile(r"[0-9a-f-]{36}")


@dataclass(kw_only=True, eq=False, repr=False)
class Session:
    """A signed-in device. Times are seconds since 1970.

    `counter` is the newest generation: the number of times that tokens were issued, except repeats. `previous` is the
    generation that it replaced, and `key_since` the first one with the current key; after a sign-in both equal
    `counter`. `used` equals `counter` once something that the newest generation brought was used, and is one less until
    then. `void` are the latest generations that nobody received or used before they were replaced.

    `device` is the token by which the account knows the client. `proofs` are the times at which the user proved who
    they are, by method, and `authenticated_at` is the latest of all, even if that factor has been removed since.
    `factors` are the ids of the factors that were proved, by method. If `is_superseded`, the call has an access token
    from before the latest proof: it is valid for ten seconds more, and proves nothing.
    """

    user_id: str
    id: str
    name: str
    email: str
    role: Role
    key: bytes
    key_since: int
    counter: int
    previous: int
    used: int
    void: tuple[int, ...]
    authenticated_at: int
    proofs: Mapping[Method, int]
    factors: Mapping[Method, str]
    device: str
    created_at: int
    refreshed_at: int
    ip: str
    user_agent: str
    is_superseded: bool = False

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

    @property
    def is_copied(self) -> bool:
        """Whether two parties were seen to use the session. It is then no longer valid."""
        return self.used == _COPIED

    @property
    def aal(self) -> Literal[1, 2]:
        """The assurance level (NIST SP 800-63B): 2 if a factor was proved, otherwise 1."""
        return 2 if _OF_FACTORS & self.proofs.keys() else 1

    @property
    def amr(self) -> list[str]:
        """How the user proved who they are (RFC 8176)."""
        names = [name for method in self.proofs for name in _AMR[method]]
        return list(dict.fromkeys([*names, "mfa"] if self.aal > 1 else names))

    def verdict(self, generation: int) -> "Verdict":
        """Return what a genuine refresh token of this generation gets.

        The newest one brings the next generation. The one before returns the same for ten seconds: another tab was
        faster, or the response was lost. Later it brings a new generation if nothing of the newest was ever used, which
        is then void. Anything else is a copy.
        """
        if self.is_copied:
            return "reuse"
        if generation == self.counter:
            return "next"
        if generation != self.previous:
            return "reuse"
        if clock.now() <= self.refreshed_at + GRACE_PERIOD:
            return "repeat"
        return "reuse" if self.used == self.counter else "replace"

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return 32 bytes that authenticate the content for this purpose: an HMAC-SHA-256 with the session's key."""
        return hmac.digest(self.key, purpose.encode() + b"\x00" + content, hashlib.sha256)

    def public(self, *, current: bool) -> "PublicSession":
        """Return the fields that the user may see. `current` marks the session of the current call."""
        return {
            "id": self.id,
            "createdAt": clock.rfc3339(self.created_at),
            "lastUsedAt": clock.rfc3339(self.refreshed_at),
            "expiresAt": clock.rfc3339(self.expires_at),
            "ip": self.ip,
            "userAgent": self.user_agent,
            "amr": self.amr,
            "aal": self.aal,
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
            "keySince": self.key_since,
            "counter": self.counter,
            "previous": self.previous,
            "used": self.used,
            "void": list(self.void),
            "authenticatedAt": self.authenticated_at,
            "proofs": dict(self.proofs),
            "factors": dict(self.factors),
            "device": self.device,
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
            key_since=item["keySince"],
            counter=item["counter"],
            previous=item["previous"],
            used=item["used"],
            void=tuple(item["void"]),
            authenticated_at=item["authenticatedAt"],
            proofs=item["proofs"],
            factors=item["factors"],
            device=item["device"],
            created_at=item["createdAt"],
            refreshed_at=item["refreshedAt"],
            ip=item["ip"],
            user_agent=item["userAgent"],
        )


Verdict: TypeAlias = Literal["next", "repeat", "replace", "reuse"]


def new(
    user: User, client: Client, *, device: str = "", proved: Sequence[Method] = ("password",), factor: str = ""
) -> Session:
    """Create a session of a user who has just proved who they are, without storing it."""
    moment = clock.now()
    return Session(
        user_id=user.id,
        id=str(uuid.uuid4()),
        name=user.name,
        email=user.email,
        role=user.role,
        key=secrets.token_bytes(32),
        key_since=1,
        counter=1,
        previous=1,
        used=1,
        void=(),
        authenticated_at=moment,
        proofs=dict.fromkeys(proved, moment),
        factors={proved[-1]: factor} if factor else {},
        device=device,
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
    return None if session is None or not _is_valid(session) else session


def get(user_id: str, session_id: str) -> Session:
    """Return a valid session.

    Raises:
        SessionEnded: it was ended or has expired.

    """
    session = find(user_id, session_id)
    if session is None or not _is_valid(session):
        raise SessionEnded
    return session


@optimistic
def authenticate(user_id: str, session_id: str, generation: int) -> Session:
    """Return the session of a genuine access token, whose generation is now marked as used if it is the newest.

    One read, and one write for the first call after a refresh.

    Raises:
        SessionEnded: it was ended or has expired; or the token is of a void generation, so there is a copy.
        TokenExpired: the session has got a new key more than ten seconds ago.

    """
    session = get(user_id, session_id)
    if generation in session.void:
        # Whoever may only verify callers cannot end a session. It is void now; the next refresh tells its owner.
        _mark(session, _COPIED)
        raise SessionEnded
    if generation < session.key_since and clock.now() > session.authenticated_at + GRACE_PERIOD:
        raise TokenExpired
    if generation == session.counter != session.used:
        _mark(session, session.counter)
    return replace(session, is_superseded=generation < session.key_since)


def _mark(session: Session, used: int) -> None:
    # The condition is on the attribute itself: a refresh in the meantime has set it too, and to another value.
    same = Attr("used").eq(session.used)
    write(Update(table=SESSIONS, key=_key(session), set={"used": used}, when=same, otherwise=Outdated))


def of_user(user_id: str) -> list[Session]:
    """Return a user's valid sessions, most recently used first."""
    valid = [session for session in _stored_sessions(user_id) if _is_valid(session)]
    return sorted(valid, key=lambda session: session.refreshed_at, reverse=True)


def refreshed(session: Session, client: Client, *, verdict: Verdict) -> Session:
    """Return the session with its next generation, without storing it. "replace" makes the newest one void."""
    is_next = verdict == "next"
    return replace(
        session,
        counter=session.counter + 1,
        previous=session.counter if is_next else session.previous,
        used=session.counter,
        void=session.void if is_next else (session.counter, *session.void)[:_MAX_VOID],
        refreshed_at=clock.now(),
        ip=client.ip,
        user_agent=client.user_agent[:_MAX_USER_AGENT_LENGTH],
    )


def renewed(session: Session, client: Client, *, proved: Method, factor: str = "") -> Session:
    """Return the session after another proof, without storing it: its earlier tokens are void."""
    after = refreshed(session, client, verdict="next")
    generation = after.counter
    return replace(
        after,
        key=secrets.token_bytes(32),
        key_since=generation,
        previous=generation,
        used=generation,
        authenticated_at=after.refreshed_at,
        proofs={**session.proofs, proved: after.refreshed_at},
        factors={**session.factors, proved: factor} if factor else session.factors,
    )


def _is_valid(session: Session) -> bool:
    return not session.is_expired and not session.is_copied


# Changes -------------------------------------------------------------------------------------------


def starting(session: Session) -> list[Change]:
    """Return the changes that store a new session."""
    return [Put(table=SESSIONS, item=session.item(), when=Attr("sessionId").not_exists())]


def replacing(before: Session, after: Session) -> list[Change]:
    """Return the changes that store what a refresh or a proof has changed. They fail if another one came first."""
    stored = before.item()
    return [
        Update(
            table=SESSIONS,
            key=_key(before),
            set={name: value for name, value in after.item().items() if stored[name] != value},
            when=Attr("counter").eq(before.counter) & Attr("used").eq(before.used),
        )
    ]


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

    If there are more than 40, those used least recently are ended immediately.
    """
    return [deletion for session in _end_beyond_limit(user_id, keep) for deletion in ending(session)]


def updating_all(user: User) -> list[Change]:
    """Return the changes that copy the profile's name, address and role to all sessions of the user.

    If there are more than 40, those used least recently are ended immediately.
    """
    copied = {"name": user.name, "email": user.email, "role": user.role}
    exists = Attr("sessionId").exists()
    sessions = _end_beyond_limit(user.id)
    return [Update(table=SESSIONS, key=_key(session), set=copied, when=exists) for session in sessions]


def lowering(user_id: str, factor: str | None = None) -> list[Change]:
    """Return the changes that take the proof of a factor, or of any, from the sessions that have it.

    The `aal` of a session that has proved no other is 1. If there are more than 40, those used least recently are ended
    immediately.
    """
    return [
        Update(
            table=SESSIONS,
            key=_key(session),
            set={
                "proofs": {method: at for method, at in session.proofs.items() if method not in removed},
                "factors": {method: own for method, own in session.factors.items() if method not in removed},
            },
            when=Attr("factors").eq(dict(session.factors)),
        )
        for session in _end_beyond_limit(user_id)
        if (removed := {method for method, own in session.factors.items() if factor in {None, own}})
    ]


def _stored_sessions(user_id: str, without: Session | None = None) -> list[Session]:
    """Return all stored sessions of a user, including expired ones."""
    found = map(Session.from_item, SESSIONS.query(Key("userId").eq(user_id)))
    return [session for session in found if without is None or session.id != without.id]


def _end_beyond_limit(user_id: str, without: Session | None = None) -> list[Session]:
    """End the sessions of a user that exceed one transaction, least recently used first, and return the others."""
    sessions = sorted(_stored_sessions(user_id, without), key=lambda session: session.refreshed_at, reverse=True)
    for session in sessions[_MAX_PER_TRANSACTION:]:
        write(ending(session))
    return sessions[:_MAX_PER_TRANSACTION]


def _key(session: Session) -> Item:
    return {"userId": session.user_id, "sessionId": session.id}
