"""The errors that callers can act on.

Error
├── Invalid                 the request can never succeed unchanged
│   ├── InvalidInput            names the invalid fields
│   ├── InvalidCursor
│   ├── InvalidOneTimeToken     wrong, used, void or expired: does not reveal which
│   ├── InvalidPasskey
│   ├── InvalidFlow
│   └── RegistrationRequired
├── Unauthenticated         the caller is not authenticated
│   ├── NoToken
│   ├── InvalidToken
│   ├── TokenExpired
│   ├── SessionEnded
│   ├── InvalidCredentials
│   ├── CodeAlreadyUsed
│   ├── InvalidMfaToken
│   ├── InvalidIdToken
│   └── InvalidRefreshToken
│       ├── SessionExpired
│       └── RefreshTokenReused
├── Forbidden               the caller is not allowed to do this
│   ├── NotAllowed
│   ├── SignUpClosed
│   ├── DomainNotAllowed
│   ├── AccessDenied
│   ├── ProviderRefused
│   ├── AccountDisabled
│   ├── EmailUnverified
│   ├── MfaRequired
│   └── ReauthenticationRequired
├── NotFound
│   ├── NoIssuer
│   ├── UserNotFound
│   ├── SessionNotFound
│   ├── FactorNotFound
│   ├── ProviderNotFound
│   └── IdentityNotFound
├── Conflict                the request contradicts stored data
│   ├── EmailTaken
│   ├── EmailChangeUndoable
│   ├── FactorConfirmed
│   ├── IdentityTaken
│   ├── InvitationPending
│   ├── AddressReserved
│   ├── LinkRequired
│   ├── TooManyIdentities
│   ├── LastWayIn
│   ├── NoFactors
│   ├── PasskeyTaken
│   ├── TooManyFactors
│   ├── IdempotencyKeyReused
│   └── LastAdmin
├── Stale                   the caller's copy is out of date
├── TooManyRequests
└── Unavailable             a temporary failure: retry later
    └── Outdated                stored data has changed since it was read

`shared.web.request` adds the errors that only HTTP has: MethodNotAllowed, BodyTooLarge and UnsupportedMediaType.

Each error has a stable `code` and a public `message`. Its private cause is its `__cause__` (`raise … from …`), which
appears only in the log; of `Unavailable`, the log has the text `cause` instead. HTTP statuses are not defined here:
`shared.web.responses` maps the direct subclasses of `Error` to them.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, TypeAlias


class Error(Exception):
    """Base class of all errors that are reported to callers. Subclasses set `code` and `message`."""

    code: ClassVar[str]
    message: str

    def __str__(self) -> str:
        return self.message


ErrorTypes: TypeAlias = tuple[type[Error], ...]


# Invalid requests ----------------------------------------------------------------------------------


class Invalid(Error):
    """The request can never succeed unchanged."""

    code = "invalid_request"
    message = "The request is invalid"


class FieldError(NamedTuple):
    """The error of one field. `field` is its path in the request, such as `address.city`."""

    field: str
    message: str


class InvalidInput(Invalid):
    """One or more fields are invalid."""

    code = "validation_failed"

    def __init__(self, message: str, fields: Sequence[FieldError] = ()) -> None:
        self.message = message
        self.fields = tuple(fields)


class InvalidCursor(Invalid):
    """The cursor was not issued by us, or not for this caller's session."""

    code = "invalid_cursor"
    message = "The cursor is invalid: start again from the first page"


class InvalidOneTimeToken(Invalid):
    """The link or code is wrong, used, void or expired. Revealing which would help an attacker."""

    code = "invalid_link"
    message = "This link or code is invalid or expired: request a new one"


class InvalidPasskey(Invalid):
    """The authenticator's response is invalid, or its challenge is used, expired or of another session."""

    code = "invalid_passkey"
    message = "The passkey could not be registered: start again"


class InvalidFlow(Invalid):
    """The flow of a sign-in with a provider was not begun by this browser, or is used or expired."""

    code = "invalid_flow"
    message = "This sign-in was not started here, or is over: start again"


class RegistrationRequired(Invalid):
    """The mailbox was proved, but not who registered."""

    code = "registration_required"
    message = "Send the registration's secret, or the password that you registered with"


# Authentication ------------------------------------------------------------------------------------


class Unauthenticated(Error):
    """The caller is not authenticated."""

    code = "unauthenticated"
    message = "Sign in first"


class NoToken(Unauthenticated):
    """The request has no bearer token."""

    code = "no_token"
    message = "A bearer token is required"


class InvalidToken(Unauthenticated):
    """The token was not issued by us, or not as an access token for this API."""

    code = "invalid_token"
    message = "The access token is invalid"


class TokenExpired(Unauthenticated):
    """The token is genuine but has expired."""

    code = "token_expired"
    message = "The access token has expired"


class SessionEnded(Unauthenticated):
    """The token is valid, but its session was signed out, was revoked, or has expired."""

    code = "session_ended"
    message = "The session has ended: sign in again"


class InvalidCredentials(Unauthenticated):
    """Unknown address, wrong password, or locked or disabled account. Callers never learn which."""

    code = "invalid_credentials"
    message = "Invalid credentials"


class CodeAlreadyUsed(Unauthenticated):
    """The code is correct, but was accepted before. It is not counted as a failure."""

    code = "code_already_used"
    message = "This code was already used: wait for the next one"


class InvalidMfaToken(Unauthenticated):
    """The token of the first step was not issued by us, or is used, void or expired."""

    code = "invalid_mfa_token"
    message = "This sign-in is no longer valid: start again"


class InvalidIdToken(Unauthenticated):
    """The provider's id token is invalid, expired or not for us, or its nonce is used, expired or not ours."""

    code = "invalid_id_token"
    message = "The provider's answer is invalid: start again"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token was not issued by us, or its session has ended."""

    code = "invalid_refresh_token"
    message = "The refresh token is invalid: sign in again"


class SessionExpired(InvalidRefreshToken):
    """The session was not refreshed in time, or has reached its maximum lifetime."""

    code = "session_expired"
    message = "The session has expired: sign in again"


class RefreshTokenReused(InvalidRefreshToken):
    """The token was replaced by one that was used. One of the two is a copy, so the session has been ended."""

    code = "refresh_token_reused"
    message = "The refresh token was already used: sign in again"


# Permissions ---------------------------------------------------------------------------------------


class Forbidden(Error):
    """The caller is not allowed to do this."""

    code = "forbidden"
    message = "You are not allowed to do this"


class NotAllowed(Forbidden):
    """The caller's role does not permit this."""


class SignUpClosed(Forbidden):
    """Accounts are opened by invitation only."""

    code = "sign_up_closed"
    message = "You can sign up by invitation only"


class DomainNotAllowed(Forbidden):
    """No account may have an address of this domain, unless an administrator invites it."""

    code = "domain_not_allowed"
    message = "You cannot use an email address of this domain"


class AccessDenied(Forbidden):
    """The user has cancelled the sign-in at the provider."""

    code = "access_denied"
    message = "The sign-in was cancelled"


class ProviderRefused(Forbidden):
    """The provider has answered with an error that is not the user's choice, or the browser says so."""

    code = "provider_refused"
    message = "The provider has refused the sign-in: try again, or sign in another way"


class AccountDisabled(Forbidden):
    """An administrator has disabled the account. Only whoever has proved an identity of it learns that."""

    code = "account_disabled"
    message = "This account is disabled"


class EmailUnverified(Forbidden):
    """The provider does not say that the user has proved to own an address, so no account is opened or linked."""

    code = "email_unverified"
    message = "The provider has not verified your email address: sign in another way"


class MfaRequired(Forbidden):
    """The first step of a sign-in is done, and the account has a factor: one of `methods` has to be proved.

    `token` stands for the first step, for `expires_in` seconds.
    """

    code = "mfa_required"
    message = "Confirm the sign-in with your second factor"

    def __init__(self, token: str, methods: Sequence[str], expires_in: int) -> None:
        self.token = token
        self.methods = tuple(methods)
        self.expires_in = expires_in


class ReauthenticationRequired(Forbidden):
    """The session has not proved recently enough who its user is. `methods` are the proofs that are accepted."""

    code = "reauthentication_required"
    message = "Confirm that it is you: reauthenticate, then try again"

    def __init__(self, methods: Sequence[str]) -> None:
        self.methods = tuple(methods)


# Stored data ---------------------------------------------------------------------------------------


class NotFound(Error):
    """The requested resource does not exist."""

    code = "not_found"
    message = "Not found"


class NoIssuer(NotFound):
    """The parameter TokenIssuer is not a URL, so this API does not know its own address."""

    code = "no_issuer"
    message = "Set the parameter TokenIssuer to the URL of this API"


class UserNotFound(NotFound):
    """No user has this id."""

    code = "user_not_found"
    message = "User not found"


class SessionNotFound(NotFound):
    """The caller has no session with this id."""

    code = "session_not_found"
    message = "Session not found"


class FactorNotFound(NotFound):
    """The caller has no factor with this id, or it was not confirmed in time."""

    code = "factor_not_found"
    message = "Factor not found"


class ProviderNotFound(NotFound):
    """No provider of this name is configured."""

    code = "provider_not_found"
    message = "This provider is not available"


class IdentityNotFound(NotFound):
    """The caller's account is not linked to this identity."""

    code = "identity_not_found"
    message = "Linked account not found"


class Conflict(Error):
    """The request contradicts stored data."""

    code = "conflict"
    message = "Conflict"


class EmailTaken(Conflict):
    """Another account has this address."""

    code = "email_taken"
    message = "This email address is already in use"


class IdempotencyKeyReused(Conflict):
    """The idempotency key was used before, with a different request."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for a different request"


class EmailChangeUndoable(Conflict):
    """The account's address has changed lately, which the owner of the former one may still undo."""

    code = "email_change_undoable"
    message = "Your email address changed less than 72 hours ago: close your account once that cannot be undone"


class FactorConfirmed(Conflict):
    """The factor was confirmed before."""

    code = "factor_confirmed"
    message = "This factor is already confirmed"


class IdentityTaken(Conflict):
    """Another account is linked to this identity."""

    code = "identity_taken"
    message = "Another account is linked to this identity"


class InvitationPending(Conflict):
    """The address was invited, and the invitation is not accepted yet. It has been mailed again."""

    code = "invitation_pending"
    message = "You were invited: follow the link in the email that we have sent again"


class AddressReserved(Conflict):
    """The address was that of an account until lately, and its owner may still undo the change: the link was mailed."""

    code = "address_reserved"
    message = "This address belonged to an account until lately: follow the link in the email that we have sent again"


class LinkRequired(Conflict):
    """The address has an account, which the identity is not linked to yet. Its owner has been mailed a link."""

    code = "link_required"
    message = "You have an account already: follow the link in the email that we have sent to link it"


class TooManyIdentities(Conflict):
    """The account is linked to as many identities as it may be."""

    code = "too_many_identities"
    message = "Your account is linked to too many others: unlink one first"


class NoFactors(Conflict):
    """Recovery codes stand in for a factor, and the account has none."""

    code = "no_factors"
    message = "Add a second factor first"


class LastWayIn(Conflict):
    """Without this passkey or identity, the account could be reached by email only."""

    code = "last_way_in"
    message = "This is your last way to sign in: add another one first"


class PasskeyTaken(Conflict):
    """An account has this passkey already."""

    code = "passkey_taken"
    message = "This passkey is registered already"


class TooManyFactors(Conflict):
    """The account has as many factors of this type as it may have."""

    code = "too_many_factors"
    message = "You have too many of these: remove one first"


class LastAdmin(Conflict):
    """The change would leave no administrator who can sign in."""

    code = "last_admin"
    message = "The last administrator cannot be removed, disabled or demoted"


class Stale(Error):
    """The stored version is not one that the caller is willing to replace: the caller has to read it again.

    `Outdated` is the same for data that we read ourselves, so we retry.
    """

    code = "stale"
    message = "The data has changed since you read it: read it again"


# Temporary failures --------------------------------------------------------------------------------


class TooManyRequests(Error):
    """A rate limit is exceeded. Requests are accepted again in `retry_after` seconds."""

    code = "too_many_requests"
    message = "Too many requests: try again later"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after


class Unavailable(Error):
    """A temporary failure, such as AWS throttling or being unreachable. Retry in `retry_after` seconds.

    `cause` is for the log only: what failed, such as the address that could not be reached.
    """

    code = "unavailable"
    message = "The service is busy: try again shortly"
    retry_after = 2

    def __init__(self, cause: str = "") -> None:
        self.cause = cause


class Outdated(Unavailable):
    """Stored data has changed since it was read. `tables.optimistic` retries; callers see it only if that fails too."""
