"""One-time tokens: the links and codes that prove that somebody reads an address.

Threats. Somebody reads the table: it holds hashes only. Somebody guesses: a link has 176 random bits; a code has six
digits, ten minutes and five tries, and a try is counted before it is compared. Somebody keeps an old mail: there is one
place for each user and purpose, so that asking again makes the earlier link useless, and a token counts only for the
version of the credentials it was made for. Somebody uses a token for something else: the purpose is in its key. A mail
scanner opens every link: only a POST consumes one, and that is up to the front end's button.

The one exception to both rules: the link that undoes a change of address. It must survive whatever a thief who changed
the address does next, so each has a place of its own and counts whatever the version.
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
from shared.core.tables import Change, Delete, Item, Put, Table, Update, update, write
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
_CODE_TRIES = 5
# With the sessions of a user (80) and what else goes with them, one transaction (100) has room for so many.
_MOST_TOGETHER = 8
# A token is the user's id, the purpose's place in `LIFETIMES`, and the secret: 39 bytes, so base64 needs no padding.
_ID_LENGTH = 16
_SECRET_LENGTH = 22
_PURPOSES = tuple(LIFETIMES)


@dataclass(frozen=True, slots=True)
class Issued:
    """What goes into the mail, and is nowhere kept: the link's token and a code of six digits."""

    token: str
    code: str


class OneTimeToken(NamedTuple):
    """A stored token that was presented rightly and not consumed yet.

    `email` is the key of the credentials it was made for; `target` the address that it is about, where it is another.
    """

    user_id: str
    slot: str
    purpose: Purpose
    digest: bytes
    email: str
    version: int
    target: str


def issue(credential: Credential, purpose: Purpose, *, target: str = "", version: int | None = None) -> Issued:
    """Make a token for a user's address, in place of any earlier one for this purpose.

    It counts for the version of the credentials that is given; for the present one, if none is.

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
    """Look up the token of a link that may be for any of these purposes.

    Raises:
        InvalidOneTimeToken: for whatever reason.

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
    """Look up the token that a code was mailed with. This is a try, whether or not the code is right.

    Raises:
        InvalidOneTimeToken: for whatever reason, too many tries included.

    """
    in_time = Attr("codeExpiresAt").gt(clock.now()) & Attr("codeTries").lt(_CODE_TRIES)
    key = _key(user_id, purpose)
    counted, item = update(Update(table=ONE_TIME_TOKENS, key=key, add={"codeTries": 1}, when=in_time))
    if not counted or not hmac.compare_digest(_code_digest(user_id, code), item["codeHash"]):
        raise InvalidOneTimeToken
    return _unless_expired(item)


def consuming(token: OneTimeToken) -> list[Change]:
    """Give the change that uses the token up; it fails with `InvalidOneTimeToken` if somebody was faster."""
    return [
        Delete(
            table=ONE_TIME_TOKENS,
            key=_key(token.user_id, token.slot),
            when=Attr("tokenHash").eq(token.digest),
            otherwise=InvalidOneTimeToken,
        )
    ]


def of_user(user_id: str) -> list[OneTimeToken]:
    """Give every token of a user, expired ones included."""
    return [_token(item) for item in ONE_TIME_TOKENS.query(Key("userId").eq(user_id))]


def removing_all(tokens: Sequence[OneTimeToken]) -> list[Change]:
    """Give the changes that make tokens useless, as many as one transaction has room for; those beyond are removed.

    Each change of address leaves a link that undoes it, and a thief may make any number of changes: the owner's own
    link must work in spite of them.
    """
    deletions: list[Change] = [Delete(table=ONE_TIME_TOKENS, key=_key(token.user_id, token.slot)) for token in tokens]
    for deletion in deletions[_MOST_TOGETHER:]:
        write(deletion)
    return deletions[:_MOST_TOGETHER]


def _unless_expired(item: Item) -> OneTimeToken:
    # DynamoDB deletes late, so the time is checked here.
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
