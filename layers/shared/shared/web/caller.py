"""The caller: verified by an access token that we signed and a session that has not ended.

Every request reads the session, consistently, so signing out, a new password or a disabled account takes effect on the
next request. The caller's role also comes from the session, never from the token, which is valid for an hour.
"""

from dataclasses import dataclass
from typing import ClassVar

from shared.core.errors import (
    ErrorTypes,
    InvalidToken,
    NotAllowed,
    NoToken,
    ReauthenticationRequired,
    SessionEnded,
    TokenExpired,
)
from shared.records import sessions
from shared.records.sessions import Session
from shared.web.request import Request

_SCHEME = "bearer "


@dataclass(eq=False, repr=False)
class Caller:
    """A signed-in user."""

    session: Session
    identifies_caller: ClassVar[bool] = True
    input_errors: ClassVar[ErrorTypes] = (NoToken, InvalidToken, TokenExpired, SessionEnded)

    @property
    def id(self) -> str:
        """The user's id."""
        return self.session.user_id

    @property
    def is_admin(self) -> bool:
        """Whether the user is currently an administrator."""
        return self.session.role == "admin"

    def must_be(self, user_id: str) -> None:
        """Verify that the caller is this user, or an administrator.

        Raises:
            NotAllowed: the caller is neither, whether or not such a user exists.

        """
        if not self.is_admin and self.id != user_id:
            raise NotAllowed

    def must_be_fresh(self) -> None:
        """Require that the session proved, within the last ten minutes, a method that `assurance.sufficient` accepts.

        Raises:
            ReauthenticationRequired: it has not; /api/auth/reauthenticate does.
            SessionEnded: the account has just been closed.

        """
        from shared.accounts import assurance  # noqa: PLC0415  # most endpoints need none of it

        assurance.require_fresh(self.session)

    @classmethod
    def load(cls) -> None:
        """Import the verification of tokens."""
        from shared.accounts import tokens  # noqa: F401, PLC0415  # anonymous requests need none of it

    @classmethod
    def from_request(cls, request: Request) -> "Caller":
        """Authenticate the caller.

        Raises:
            NoToken: the request has no `Authorization: Bearer …` (RFC 6750, 2.1).
            InvalidToken, TokenExpired: raised by `shared.accounts.tokens.verify`.
            SessionEnded, TokenExpired: raised by `sessions.authenticate`.

        """
        authorization = request.headers.get("authorization", "")
        if not authorization.lower().startswith(_SCHEME):
            raise NoToken
        from shared.accounts import tokens  # noqa: PLC0415  # see `load`

        claims = tokens.verify(authorization[len(_SCHEME) :].strip(" "))
        session = sessions.authenticate(*claims)
        request.caller_id = session.user_id
        return cls(session)


class Visitor:
    """A signed-in user, or someone who does not say who they are: then `session` is None."""

    identifies_caller: ClassVar[bool] = True
    input_errors: ClassVar[ErrorTypes] = (InvalidToken, TokenExpired, SessionEnded)

    def __init__(self, session: Session | None) -> None:
        self.session = session

    @classmethod
    def from_request(cls, request: Request) -> "Visitor":
        """Authenticate the caller, if the request has an access token.

        Raises:
            InvalidToken, TokenExpired, SessionEnded: it has one that is not valid. See `Caller.from_request`.

        """
        is_given = request.headers.get("authorization", "").lower().startswith(_SCHEME)
        return cls(Caller.from_request(request).session if is_given else None)


class Admin(Caller):
    """A signed-in administrator."""

    input_errors: ClassVar[ErrorTypes] = (*Caller.input_errors, NotAllowed)

    @classmethod
    def from_request(cls, request: Request) -> "Admin":
        """Authenticate the caller, who must be an administrator.

        Raises:
            NotAllowed: the caller is not an administrator.

        """
        caller = super().from_request(request)
        if not caller.is_admin:
            raise NotAllowed
        return cls(caller.session)


class Fresh(Caller):
    """A user whose session proved, within the last ten minutes, a method that `assurance.sufficient` accepts."""

    input_errors: ClassVar[ErrorTypes] = (*Caller.input_errors, ReauthenticationRequired)

    @classmethod
    def load(cls) -> None:
        """Import the verification of tokens, and the rule."""
        super().load()
        from shared.accounts import assurance  # noqa: F401, PLC0415  # see `Caller.load`

    @classmethod
    def from_request(cls, request: Request) -> "Fresh":
        """Authenticate the caller, whose session must be fresh.

        Raises:
            ReauthenticationRequired: it is not; /api/auth/reauthenticate makes it fresh.
            SessionEnded: the account has just been closed.

        """
        caller = super().from_request(request)
        caller.must_be_fresh()
        return cls(caller.session)
