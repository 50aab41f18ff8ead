"""One-time tokens: the emailed links and codes that prove that a user reads an address.

Threats. An attacker reads the table: it holds only hashes. An attacker guesses: a link has 176 random bits; a code has
six digits, ten minutes and five attempts, and an attempt is counted before the code is compared. An attacker finds an
old email: each user has one slot per purpose, so a new link replaces the earlier one, and a token is valid only for the
version of the credentials that it was issued for. An attacker uses a token for another purpose: the purpose is in its
key. An email scanner opens every link: only a POST consumes a token, and the front end sends it when a button is
pressed.

The link that undoes a change of address is an exception. It must survive whatever an attacker who changed the address
does next, so each such link has its own slot and is valid for any version.
"""

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.errors import InvalidOneTimeToken
from shared.core.tables import Change, Delete, Item, Put, Table, Update, try_update, write
from shared.records import credentials
from shared.records.credentials import Credential

ONE_TIME_TOKENS = Table("one_time_tokens_table")

Purpose: TypeAlias = Literal["verify-email", "accept-invitation", "reset-password", "change-email", "undo-email-change"]
LIFETIMES: dict[Purpose, int] = {
    "verify-email": 24 * clock.HOUR,
    "accept-invitation": 72 * clock.HOUR,
    "reset-password": clock.HOUR,
    "change-email": 24 * clock.HOUR,
    "undo-email-change": credentials.UNDO_PERIOD,
}
CODE_LIFETIME = 10 * clock.MINUTE
_MAX_CODE_ATTEMPTS = 5
# A transaction has room for 100 changes: this many tokens, 80 sessions and the other changes that belong to them.
_MAX_PER_TRANSACTION = 8
# A token is the user's id, the purpose's index in `LIFETIMES`, and the secret: 39 bytes, so base64 needs no padding.
_ID_LENGTH = 16
_SECRET_LENGTH = 22
_PURPOSES = tuple(LIFETIMES)


@dataclass(eq=False, repr=False)
class Issued:
    """A link's token and a six-digit code, for an email. Neither is stored."""

    token: str
    code: str


class OneTimeToken(NamedTuple):
    """A stored token that has not been consumed.

    `email` is the key of the credentials that it was issued for. `target` is the address that it concerns, if that is a
    different one.
    """

    user_id: str
    slot: str
    purpose: Purpose
    digest: bytes
    email: str
    version: int
    target: str


def issue(credential: Credential, purpose: Purpose, *, target: str = "", version: int | None = None) -> Issued:
    """Create and store a token for a user's address. It replaces an earlier one for the same purpose.

    The token is valid for this `version` of the credentials, by default the current one.

    Raises:
        Outdated: the credentials have changed since they were read.

    """
    secret = secrets.token_bytes(_SECRET_LENGTH)
    code = f"{secrets.randbelow(10**6):06}"
    item = {
        "userId": credential.user_id,
        "purpose": _slot(purpose, secret),
        "tokenHash": _digest(secret),
        "codeHash": _code_digest(credential.user_id, code),
        "codeExpiresAt": clock.now() + CODE_LIFETIME,
        "codeTries": 0,
        "email": credential.email,
        "version": credential.version if version is None else version,
        "target": target,
        "expiresAt": clock.now() + LIFETIMES[purpose],
    }
    write(Put(table=ONE_TIME_TOKENS, item=item), credentials.checking(credential))
    content = uuid.UUID(credential.user_id).bytes + bytes([_PURPOSES.index(purpose)]) + secret
    return Issued(base64.urlsafe_b64encode(content).decode(), code)


def present(token: str, *purposes: Purpose) -> OneTimeToken:
    """Look up the token of a link, which must be for one of these purposes. Does not consume it.

    Raises:
        InvalidOneTimeToken: for any reason.

    """
    try:
        content = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidOneTimeToken from error
    if len(content) != _ID_LENGTH + 1 + _SECRET_LENGTH or content[_ID_LENGTH] >= len(_PURPOSES):
        raise InvalidOneTimeToken
    purpose, secret = _PURPOSES[content[_ID_LENGTH]], content[_ID_LENGTH + 1 :]
    if purpose not in purposes:
        raise InvalidOneTimeToken
    item = ONE_TIME_TOKENS.get(_key(str(uuid.UUID(bytes=content[:_ID_LENGTH])), _slot(purpose, secret)))
    if item is None or not hmac.compare_digest(_digest(secret), item["tokenHash"]):
        raise InvalidOneTimeToken
    return _unless_expired(item)


def present_code(user_id: str, code: str, purpose: Purpose) -> OneTimeToken:
    """Look up the token that was emailed together with a code. This is an attempt, whether or not the code is correct.

    Raises:
        InvalidOneTimeToken: for any reason, including too many attempts.

    """
    usable = Attr("codeExpiresAt").gt(clock.now()) & Attr("codeTries").lt(_MAX_CODE_ATTEMPTS)
    key = _key(user_id, purpose)
    allowed, item = try_update(Update(table=ONE_TIME_TOKENS, key=key, add={"codeTries": 1}, when=usable))
    if not allowed or not hmac.compare_digest(_code_digest(user_id, code), item["codeHash"]):
        raise InvalidOneTimeToken
    return _unless_expired(item)


def consuming(token: OneTimeToken) -> list[Change]:
    """Return the changes that consume the token. They fail with `InvalidOneTimeToken` if it was consumed already."""
    return [
        Delete(
            table=ONE_TIME_TOKENS,
            key=_key(token.user_id, token.slot),
            when=Attr("tokenHash").eq(token.digest),
            otherwise=InvalidOneTimeToken,
        )
    ]


def of_user(user_id: str) -> list[OneTimeToken]:
    """Return all tokens of a user, including expired ones."""
    return [_token(item) for item in ONE_TIME_TOKENS.query(Key("userId").eq(user_id))]


def removing_all(tokens: Sequence[OneTimeToken]) -> list[Change]:
    """Return the changes that delete tokens, as many as fit in one transaction; delete the others now.

    Each change of address creates a link that undoes it, and an attacker may change the address any number of times.
    The owner's own link must still work.
    """
    deletions: list[Change] = [Delete(table=ONE_TIME_TOKENS, key=_key(token.user_id, token.slot)) for token in tokens]
    for deletion in deletions[_MAX_PER_TRANSACTION:]:
        write(deletion)
    return deletions[:_MAX_PER_TRANSACTION]


def _unless_expired(item: Item) -> OneTimeToken:
    # DynamoDB deletes expired items late, so the time is checked here.
    if item["expiresAt"] <= clock.now():
        raise InvalidOneTimeToken
    return _token(item)


def _token(item: Item) -> OneTimeToken:
    slot: str = item["purpose"]
    return OneTimeToken(
        user_id=item["userId"],
        slot=slot,
        purpose=_PURPOSES[_PURPOSES.index(slot.partition("#")[0])],
        digest=item["tokenHash"],
        email=item["email"],
        version=item["version"],
        target=item["target"],
    )


def _slot(purpose: Purpose, secret: bytes) -> str:
    return f"{purpose}#{secret[:4].hex()}" if purpose == "undo-email-change" else purpose


def _key(user_id: str, slot: str) -> Item:
    return {"userId": user_id, "purpose": slot}


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _code_digest(user_id: str, code: str) -> bytes:
    return hashlib.sha256(f"{user_id}:{code}".encode()).digest()
