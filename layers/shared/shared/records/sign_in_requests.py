"""Requests to sign in by email: what the client that asked for a link and a code keeps until one of them is used.

Threats. A stranger asks in order to guess the code of another person's email: the code belongs to the request, so a try
at it needs the secret that only whoever asked has. There are three tries, each counted before it is compared, and only
the first five emails a day to an address have a code. A stranger asks to learn whether an address has an account: a
request is stored for every address, and what it opens is decided when the email is composed. Until then, and for an
address that gets no email, a try costs the same and fails.

They are stored with the one-time tokens, by the hash of their secret. An email is composed within ten minutes of the
request, and its link and code are valid for ten more.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import Outdated
from shared.core.tables import Change, Item, Put, Update, try_update
from shared.records import one_time_tokens
from shared.records.credentials import Credential
from shared.records.one_time_tokens import FORMAT, ONE_TIME_TOKENS, REPEAT_PERIOD
from shared.values import emailed_codes, emails

LIFETIME = 10 * clock.MINUTE + emailed_codes.LIFETIME
_PURPOSE = "sign-in-request"

# What a request opens: nothing until its email is composed.
Opens: TypeAlias = Literal["", "session", "account"]
# What a request was used with.
Use: TypeAlias = Literal["link", "code", "reauthentication"]


@dataclass(kw_only=True, eq=False, repr=False)
class SignInRequest:
    """A request. `email` is the key of the address, `address` the address as typed. `name` is for a new account.

    If `is_bound`, the link is valid only together with the request. What it `opens` was decided when the email was
    composed; `user_id`, `version` and `email_sign_ins` are those of the account's credentials at that time. `session`
    refers to the session that it started, or is empty.
    """

    digest: str
    email: str
    address: str
    name: str
    is_bound: bool
    attempts: int
    opens: Opens = ""
    user_id: str = ""
    version: int = 0
    email_sign_ins: int = 0
    code_digest: bytes = b""
    code_expires_at: int = 0
    used_by: Use | None = None
    used_at: int = 0
    session: str = ""

    @property
    def key(self) -> Item:
        """The key of the item."""
        return {"token": self.digest}

    @classmethod
    def from_item(cls, item: Item) -> "SignInRequest":
        """Create a request from a stored item."""
        return cls(
            digest=item["token"],
            email=item["email"],
            address=item["address"],
            name=item["name"],
            is_bound=item["bound"],
            attempts=item["attempts"],
            opens=item.get("opens", ""),
            user_id=item.get("userId", ""),
            version=item.get("version", 0),
            email_sign_ins=item.get("emailSignIns", 0),
            code_digest=item.get("code", b""),
            code_expires_at=item.get("codeExpiresAt", 0),
            used_by=item.get("usedBy"),
            used_at=item.get("usedAt", 0),
            session=item.get("session", ""),
        )

    def has_code(self, code: str) -> bool:
        """Return whether this code was emailed for the request. Not a try."""
        return hmac.compare_digest(emailed_codes.digest(self.digest, code), self.code_digest)

    def is_repeat(self, code: str, use: Use) -> bool:
        """Return whether the same code was accepted for the same use within the last minute."""
        return self.used_by == use and self.used_at + REPEAT_PERIOD > clock.now() and self.has_code(code)


def find(secret: str) -> SignInRequest | None:
    """Return the request with this secret, or None."""
    item = ONE_TIME_TOKENS.get({"token": one_time_tokens.digest(secret)}) if FORMAT.fullmatch(secret) else None
    # DynamoDB deletes expired items late, so the time is checked here.
    if item is None or item["purpose"] != _PURPOSE or item["expiresAt"] <= clock.now():
        return None
    return SignInRequest.from_item(item)


def answer(request_digest: str, credential: Credential | None, code: str) -> SignInRequest | None:
    """Record what a request opens, a session of this account or else a new one, and the code of its email, if any.

    Return the request, or None if it is used or older than ten minutes: then its email is not needed any more.
    """
    decided: Item = {"opens": "account"}
    if credential is not None:
        decided = {
            "opens": "session",
            "userId": credential.user_id,
            "version": credential.version,
            "emailSignIns": credential.email_sign_ins,
        }
    if code:
        decided |= {
            "code": emailed_codes.digest(request_digest, code),
            "codeExpiresAt": clock.now() + emailed_codes.LIFETIME,
        }
    is_open = Attr("usedAt").not_exists() & Attr("expiresAt").gt(clock.now() + emailed_codes.LIFETIME)
    answered, item = try_update(Update(table=ONE_TIME_TOKENS, key={"token": request_digest}, set=decided, when=is_open))
    return SignInRequest.from_item(item) if answered else None


def try_code(request: SignInRequest, code: str) -> bool:
    """Count a try at the code of a request, whether or not it has one. Return whether the code is correct and valid.

    Raises:
        Outdated: another try came first.

    """
    unchanged = Attr("attempts").eq(request.attempts)
    counted, _ = try_update(Update(table=ONE_TIME_TOKENS, key=request.key, add={"attempts": 1}, when=unchanged))
    if not counted:
        raise Outdated
    is_valid = request.attempts < emailed_codes.MAX_ATTEMPTS and request.code_expires_at > clock.now()
    return request.has_code(code) and is_valid


# Changes -------------------------------------------------------------------------------------------


def new(*, email: str, name: str, is_bound: bool) -> tuple[SignInRequest, str]:
    """Create a request without storing it. Return it and its secret."""
    secret = secrets.token_urlsafe(32)
    request = SignInRequest(
        digest=one_time_tokens.digest(secret),
        email=emails.key(email),
        address=email,
        name=name,
        is_bound=is_bound,
        attempts=0,
    )
    return request, secret


def adding(request: SignInRequest) -> list[Change]:
    """Return the changes that store a new request."""
    item = {
        **request.key,
        "purpose": _PURPOSE,
        "email": request.email,
        "address": request.address,
        "name": request.name,
        "bound": request.is_bound,
        "attempts": request.attempts,
        "expiresAt": clock.now() + LIFETIME,
    }
    return [Put(table=ONE_TIME_TOKENS, item=item, when=Attr("token").not_exists())]


def using(request: SignInRequest, use: Use, session: str) -> list[Change]:
    """Return the changes that record the use of a request, and the session that it starts, or "".

    They fail with `Outdated` if another call has just used it, which may have been the same call.
    """
    return one_time_tokens.marking(request.digest, use, session)
