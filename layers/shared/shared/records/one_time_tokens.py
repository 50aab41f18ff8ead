"""One-time tokens: the emailed links that prove that a user reads an address.

Threats. An attacker reads the table: it holds only hashes. An attacker guesses: a token has 256 random bits. An
attacker requests emails to void the owner's link: no email voids an earlier one. Instead, a token is valid only for the
version of the credentials that it was issued for, and using one changes the version, which voids the others. An
attacker uses a token for another purpose: it is stored with its purpose. An email scanner opens every link: only a POST
consumes a token, and the front end sends it when a button is pressed.

A link to sign in changes nothing, so it does not change the version either: a counter of its own voids the other ones
(`Credential.email_sign_ins`), and a link to reset the password stays valid.

The link that undoes a change of address is an exception. It must survive whatever an attacker who changed the address
does next, so it is valid for any version (`Credential.former`).

A used token stays until it expires. If the same request arrives again within a minute, because its response was lost or
the front end sent it twice, it is a repeat: it gets the same response and changes nothing.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import Error, InvalidOneTimeToken, Outdated
from shared.core.tables import Change, Put, Table, Update, write
from shared.records import credentials
from shared.records.credentials import Credential
from shared.values import emails

ONE_TIME_TOKENS = Table("one_time_tokens_table")

Purpose: TypeAlias = Literal[
    "open-account",
    "prove-address",
    "accept-invitation",
    "reset-password",
    "change-email",
    "undo-email-change",
    "sign-in",
    "sign-up",
]
LIFETIMES: dict[Purpose, int] = {
    "open-account": 24 * clock.HOUR,
    "prove-address": 24 * clock.HOUR,
    "accept-invitation": 72 * clock.HOUR,
    "reset-password": clock.HOUR,
    "change-email": 24 * clock.HOUR,
    "undo-email-change": credentials.UNDO_PERIOD,
    "sign-in": 10 * clock.MINUTE,
    "sign-up": 10 * clock.MINUTE,
}
REPEAT_PERIOD = clock.MINUTE
FORMAT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(kw_only=True, eq=False, repr=False)
class OneTimeToken:
    """A stored token.

    `email` is the key of the credentials that it was issued for, and `version` their version: 0 if there were none.
    `target` is the address that it concerns, as typed. `request` identifies the request to change the address, or to
    sign in, that it belongs to. To sign in, it is valid for these `email_sign_ins` of the credentials and, if
    `is_bound`, only together with the secret of the request. If `is_repeat`, the token was just used by the same
    request, and `session` refers to the session that started.
    """

    digest: str
    purpose: Purpose
    user_id: str
    email: str
    version: int
    target: str
    request: str
    email_sign_ins: int = 0
    is_bound: bool = False
    session: str = ""
    is_repeat: bool = False
    fingerprint: str = ""


def issue(
    credential: Credential, purpose: Purpose, *, target: str = "", version: int | None = None, request: str = ""
) -> str:
    """Create and store a token for a user's address, and return it.

    The token is valid for this `version` of the credentials, by default the current one.

    Raises:
        Outdated: the credentials have changed since they were read.

    """
    token, storing = _storing(
        purpose,
        userId=credential.user_id,
        email=credential.email,
        version=credential.version if version is None else version,
        target=target or credential.address,
        request=request,
    )
    write(storing, credentials.checking(credential))
    return token


def issue_for_sign_in(credential: Credential, request: str, *, is_bound: bool) -> str:
    """Create and store a token that signs an account in, for the request with this digest, and return the token.

    Raises:
        Outdated: the credentials have changed since they were read, or another link or code for signing in was used.

    """
    token, storing = _storing(
        "sign-in",
        userId=credential.user_id,
        email=credential.email,
        version=credential.version,
        target=credential.address,
        request=request,
        emailSignIns=credential.email_sign_ins,
        bound=is_bound,
    )
    write(storing, credentials.checking(credential, by_email=True))
    return token


def issue_for_mailbox(address: str, purpose: Purpose = "open-account") -> str:
    """Create and store a token that proves an address without an account, as typed, and return it."""
    token, storing = _storing(purpose, userId="", email=emails.key(address), version=0, target=address, request="")
    write(storing)
    return token


def _storing(purpose: Purpose, **values: str | int) -> tuple[str, list[Change]]:
    token = secrets.token_urlsafe(32)
    item = {"token": digest(token), "purpose": purpose, **values, "expiresAt": clock.now() + LIFETIMES[purpose]}
    return token, [Put(table=ONE_TIME_TOKENS, item=item, when=Attr("token").not_exists())]


def present(token: str, *purposes: Purpose, proof: str = "") -> OneTimeToken:
    """Look up the token of a link, which must be for one of these purposes. Does not consume it.

    `proof` is the secret that the request contains besides the token, if any. A used token is accepted only from a
    repeat, which has the same proof.

    Raises:
        InvalidOneTimeToken: for any reason.

    """
    item = ONE_TIME_TOKENS.get({"token": digest(token)}) if FORMAT.fullmatch(token) else None
    # DynamoDB deletes expired items late, so the time is checked here.
    if item is None or item["expiresAt"] <= clock.now() or item["purpose"] not in purposes:
        raise InvalidOneTimeToken
    # The fingerprint's key is the token, which is not stored, so it does not help to guess the proof.
    fingerprint = hmac.digest(token.encode(), proof.encode(), hashlib.sha256).hex()
    is_repeat = "usedAt" in item
    if is_repeat and not (
        item["usedAt"] + REPEAT_PERIOD > clock.now() and hmac.compare_digest(item["usedBy"], fingerprint)
    ):
        raise InvalidOneTimeToken
    return OneTimeToken(
        digest=item["token"],
        purpose=item["purpose"],
        user_id=item["userId"],
        email=item["email"],
        version=item["version"],
        target=item["target"],
        request=item["request"],
        email_sign_ins=item.get("emailSignIns", 0),
        is_bound=item.get("bound", False),
        session=item.get("session", ""),
        is_repeat=is_repeat,
        fingerprint=fingerprint,
    )


def rejection(token: OneTimeToken) -> Error:
    """Return the error for a presented token that does not fit its account.

    It is `Outdated` if the token has been used since it was presented: that may have been the same request, so this one
    may be a repeat.
    """
    return rejection_of(token.digest)


def rejection_of(digest: str) -> Error:
    """Return the same for the digest of a token, or of a request to sign in."""
    item = ONE_TIME_TOKENS.get({"token": digest})
    return Outdated() if item is not None and "usedAt" in item else InvalidOneTimeToken()


def consuming(token: OneTimeToken, *, session: str = "") -> list[Change]:
    """Return the changes that consume the token, and record the session that it starts.

    They fail with `Outdated` if another request has just used the token, which may have been the same request.
    """
    return marking(token.digest, token.fingerprint, session)


def marking(digest: str, used_by: str, session: str) -> list[Change]:
    """Return the changes that mark a token, or a request to sign in, as used. They fail like those of `consuming`."""
    return [
        Update(
            table=ONE_TIME_TOKENS,
            key={"token": digest},
            set={"usedAt": clock.now(), "usedBy": used_by, "session": session},
            when=Attr("token").exists() & Attr("usedAt").not_exists(),
        )
    ]


def was_used(digest: str) -> bool:
    """Return whether the use of something that is computed was recorded. One read."""
    return ONE_TIME_TOKENS.get({"token": digest}) is not None


def using_once(digest: str, expires_at: int, *, otherwise: type[Error]) -> list[Change]:
    """Return the changes that record the use of something that is computed, not stored, until it expires.

    They fail with `otherwise` if it was used before. `expires_at` is in seconds since 1970.
    """
    item = {"token": digest, "purpose": "once", "expiresAt": expires_at}
    return [Put(table=ONE_TIME_TOKENS, item=item, when=Attr("token").not_exists(), otherwise=otherwise)]


def digest(token: str) -> str:
    """Return the hash by which a token, or the secret of a request to sign in, is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
