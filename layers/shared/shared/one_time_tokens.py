"""One-time tokens: the links and codes that prove that somebody reads an address.

Threats. Somebody reads the table: it holds hashes only. Somebody guesses: a link has 160 random bits; a code has six
digits, ten minutes and five tries, and a try is counted before it is compared. Somebody keeps an old mail: there is one
place for each user and purpose, so that asking again makes the earlier link useless, and a token counts only for the
version of the credentials it was made for. Somebody uses a token for something else: the purpose is in its key. A mail
scanner opens every link: only a POST consumes one, and that is up to the front end's button.
"""

import base64
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import Literal, TypeAlias

from boto3.dynamodb.conditions import Attr

from shared import clock, credentials
from shared.credentials import Credential
from shared.errors import InvalidOneTimeToken
from shared.tables import Change, Delete, Item, Put, Table, Update, write

ONE_TIME_TOKENS = Table("one_time_tokens_table")

Purpose: TypeAlias = Literal["verify-email", "accept-invitation"]
LIFETIMES: dict[Purpose, int] = {"verify-email": 24 * clock.HOUR, "accept-invitation": 72 * clock.HOUR}
CODE_LIFETIME = 10 * clock.MINUTE
_CODE_TRIES = 5
_ID_LENGTH = 16
_SECRET_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """What goes into the mail, and is nowhere kept: the link's token and a code of six digits."""

    token: str
    code: str


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """A stored token that was presented rightly and not consumed yet. `email` is the key of the credentials."""

    user_id: str
    purpose: Purpose
    digest: bytes
    email: str
    version: int


def issue(credential: Credential, purpose: Purpose) -> Issued:
    """Make a token for a user's address, in place of any earlier one for this purpose.

    Raises:
        Outdated: the credentials have changed since they were read.

    """
    secret = secrets.token_bytes(_SECRET_LENGTH)
    code = f"{secrets.randbelow(10**6):06}"
    item = {
        **_key(credential.user_id, purpose),
        "tokenHash": _digest(secret),
        "codeHash": _code_digest(credential.user_id, code),
        "codeExpiresAt": clock.now() + CODE_LIFETIME,
        "codeTries": 0,
        "email": credential.email,
        "version": credential.version,
        "expiresAt": clock.now() + LIFETIMES[purpose],
    }
    write(Put(table=ONE_TIME_TOKENS, item=item), credentials.checking(credential))
    token = base64.urlsafe_b64encode(uuid.UUID(credential.user_id).bytes + secret).decode()
    return Issued(token, code)


def present(token: str, purpose: Purpose) -> OneTimeToken:
    """Look up the token of a link.

    Raises:
        InvalidOneTimeToken: for whatever reason.

    """
    try:
        content = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError as error:
        raise InvalidOneTimeToken from error
    if len(content) != _ID_LENGTH + _SECRET_LENGTH:
        raise InvalidOneTimeToken
    user_id = str(uuid.UUID(bytes=content[:_ID_LENGTH]))
    item = ONE_TIME_TOKENS.get(_key(user_id, purpose))
    if item is None or not hmac.compare_digest(_digest(content[_ID_LENGTH:]), item["tokenHash"]):
        raise InvalidOneTimeToken
    return _counting(item, purpose)


def present_code(credential: Credential, code: str, purpose: Purpose) -> OneTimeToken:
    """Look up the token that a code was mailed with. This is a try, whether or not the code is right.

    Raises:
        InvalidOneTimeToken: for whatever reason, too many tries included.

    """
    key = _key(credential.user_id, purpose)
    in_time = Attr("codeExpiresAt").gt(clock.now())
    write(
        Update(
            table=ONE_TIME_TOKENS,
            key=key,
            add={"codeTries": 1},
            when=in_time & Attr("codeTries").lt(_CODE_TRIES),
            otherwise=InvalidOneTimeToken,
        )
    )
    item = ONE_TIME_TOKENS.get(key)
    if item is None or not hmac.compare_digest(_code_digest(credential.user_id, code), item["codeHash"]):
        raise InvalidOneTimeToken
    return _counting(item, purpose)


def consuming(token: OneTimeToken) -> Change:
    """Give the change that uses the token up; it fails with `InvalidOneTimeToken` if somebody was faster."""
    return Delete(
        table=ONE_TIME_TOKENS,
        key=_key(token.user_id, token.purpose),
        when=Attr("tokenHash").eq(token.digest),
        otherwise=InvalidOneTimeToken,
    )


def removing_all(user_id: str) -> list[Change]:
    """Give the changes that make every token of a user useless."""
    return [Delete(table=ONE_TIME_TOKENS, key=_key(user_id, purpose)) for purpose in LIFETIMES]


def _counting(item: Item, purpose: Purpose) -> OneTimeToken:
    # DynamoDB deletes late, so the time is checked here.
    if item["expiresAt"] <= clock.now():
        raise InvalidOneTimeToken
    return OneTimeToken(
        user_id=item["userId"],
        purpose=purpose,
        digest=item["tokenHash"],
        email=item["email"],
        version=item["version"],
    )


def _key(user_id: str, purpose: Purpose) -> Item:
    return {"userId": user_id, "purpose": purpose}


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _code_digest(user_id: str, code: str) -> bytes:
    return hashlib.sha256(f"{user_id}:{code}".encode()).digest()
