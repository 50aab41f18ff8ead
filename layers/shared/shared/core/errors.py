"""What can go wrong, as facts a caller can act on.

Error
├── Invalid                 the request can never succeed as it is
│   ├── InvalidInput            fields are at fault; they are named
│   ├── InvalidCursor
│   └── InvalidOneTimeToken     wrong, used, replaced or expired: never said which
├── Unauthenticated         we do not know who is calling
│   ├── NoToken
│   ├── InvalidToken
│   ├── TokenExpired
│   ├── SessionEnded
│   ├── InvalidCredentials
│   └── InvalidRefreshToken
│       ├── SessionExpired
│       └── RefreshTokenReused
├── Forbidden               we know who is calling, and it is not theirs to do
│   ├── NotAllowed
│   └── EmailNotVerified
├── NotFound
│   ├── UserNotFound
│   └── SessionNotFound
├── Conflict                it would contradict what is stored
│   ├── EmailTaken
│   ├── IdempotencyKeyReused
│   └── LastAdmin
├── Stale                   the caller's copy is out of date
├── TooManyRequests
└── Unavailable             AWS is throttling or out of reach: worth another try
    └── Outdated                somebody else changed what we had read

Each has a stable `code` and a public `message`. The private cause travels as `__cause__` (`raise … from …`) and
ends in the log. Statuses are not known here: `shared.web.responses` maps the seven kinds to them.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class Error(Exception):
    """Anything a caller is told about. Subclasses set `code` and `message`."""

    code: ClassVar[str]
    message: str

    def __str__(self) -> str:
        return self.message


# The request can never succeed as it is ------------------------------------------------------------


class Invalid(Error):
    """The request can never succeed as it is."""

    code = "invalid_request"
    message = "The request is not valid"


class FieldError(NamedTuple):
    """What is wrong with one field; `field` is its path in the request, as `address.city`."""

    field: str
    message: str


class InvalidInput(Invalid):
    """Fields are at fault."""

    code = "validation_failed"

    def __init__(self, message: str, fields: Sequence[FieldError] = ()) -> None:
        self.message = message
        self.fields = tuple(fields)


class InvalidCursor(Invalid):
    """The cursor was not made by us, or not for this caller's session."""

    code = "invalid_cursor"
    message = "The cursor is not valid: start again from the first page"


class InvalidOneTimeToken(Invalid):
    """The link or code is wrong, used, replaced by a later one, or expired. Telling which would help a guesser."""

    code = "invalid_link"
    message = "This link or code is not valid any more: ask for a new one"


# We do not know who is calling ---------------------------------------------------------------------


class Unauthenticated(Error):
    """We do not know who is calling."""

    code = "unauthenticated"
    message = "Sign in first"


class NoToken(Unauthenticated):
    """No bearer token came with the request."""

    code = "no_token"
    message = "A bearer token is required"


class InvalidToken(Unauthenticated):
    """The token was not issued by us, or not for this."""

    code = "invalid_token"
    message = "The access token is not valid"


class TokenExpired(Unauthenticated):
    """The token was good once."""

    code = "token_expired"
    message = "The access token has expired"


class SessionEnded(Unauthenticated):
    """The token is good but its session was signed out, revoked or has run out."""

    code = "session_ended"
    message = "The session has ended: sign in again"


class InvalidCredentials(Unauthenticated):
    """Unknown address, wrong password, locked or disabled: never said which."""

    code = "invalid_credentials"
    message = "Invalid credentials"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token was not issued by us, or its session has ended."""

    code = "invalid_refresh_token"
    message = "The refresh token is not valid: sign in again"


class SessionExpired(InvalidRefreshToken):
    """The session was not refreshed in time, or has reached its longest life."""

    code = "session_expired"
    message = "The session has expired: sign in again"


class RefreshTokenReused(InvalidRefreshToken):
    """A token came that is older than the last two; somebody may have a copy, so the session has been ended."""

    code = "refresh_token_reused"
    message = "The refresh token was used before: sign in again"


# We know who is calling, and it is not theirs to do ------------------------------------------------


class Forbidden(Error):
    """We know who is calling, and it is not theirs to do."""

    code = "forbidden"
    message = "You may not do this"


class NotAllowed(Forbidden):
    """The caller's role does not reach this far."""


class EmailNotVerified(Forbidden):
    """The password is right, but the address was never confirmed."""

    code = "email_not_verified"
    message = "Confirm your e-mail address first"


# What is stored says no ----------------------------------------------------------------------------


class NotFound(Error):
    """There is no such thing."""

    code = "not_found"
    message = "Not found"


class UserNotFound(NotFound):
    """No user has this id."""

    code = "user_not_found"
    message = "User not found"


class SessionNotFound(NotFound):
    """The caller has no session with this id."""

    code = "session_not_found"
    message = "Session not found"


class Conflict(Error):
    """It would contradict what is stored."""

    code = "conflict"
    message = "Conflict"


class EmailTaken(Conflict):
    """Another account has this address."""

    code = "email_taken"
    message = "This e-mail address is already in use"


class IdempotencyKeyReused(Conflict):
    """The key came before, with another request."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for a different request"


class LastAdmin(Conflict):
    """Without this one nobody could administer the accounts any more."""

    code = "last_admin"
    message = "The last administrator cannot be removed, disabled or demoted"


class Stale(Error):
    """What the caller wants to replace is not what is stored any more."""

    code = "stale"
    message = "It has changed since you read it: read it again"


# Not now -------------------------------------------------------------------------------------------


class TooManyRequests(Error):
    """A limit is reached; `retry_after` seconds from now there is room again."""

    code = "too_many_requests"
    message = "Too many requests: try again later"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after


class Unavailable(Error):
    """AWS is throttling or out of reach; worth another try in `retry_after` seconds."""

    code = "unavailable"
    message = "The service is busy: try again shortly"
    retry_after = 2


class Outdated(Unavailable):
    """Somebody else changed what we had read. `tables.optimistic` tries again; a caller sees it if that never ends."""
