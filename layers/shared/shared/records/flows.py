"""Flows: sign-ins at a provider that are in progress, and the codes that they end with.

A flow is found by its `state`, which travels through the provider; it has what must not travel with it. A code stands
for the result. Both are stored by their digest, among the one-time tokens, and are deleted by their use.

Threats. An attacker starts a flow, stops at the callback and lets the victim's browser finish it, to sign the victim in
as the attacker: a flow belongs to the browser that began it, by a cookie. An attacker gets hold of a code, from a log
or a history: it is worthless without the code verifier of the front end that began the flow (RFC 7636) or, if it links
an account, without the session that asked for that. A code is void when the account changes.
"""

import hashlib
import hmac
import secrets
from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import InvalidFlow, InvalidOneTimeToken
from shared.core.tables import Change, Delete, Item, Put, write
from shared.records import credentials
from shared.records.credentials import Credential
from shared.records.one_time_tokens import FORMAT, ONE_TIME_TOKENS, digest
from shared.values import base64url

FLOW_LIFETIME = 10 * clock.MINUTE
CODE_LIFETIME = clock.MINUTE
LINK_LIFETIME = 10 * clock.MINUTE
_FLOW, _CODE = "provider-flow", "provider-code"


# Flows ---------------------------------------------------------------------------------------------


class Flow(NamedTuple):
    """A flow. `browser` is the digest of the cookie of the browser that began it.

    `provider_verifier` is ours, and `code_challenge` the front end's, for the code that we issue. `next` is a
    path of the front end. If the flow links an identity, `session` refers to the session that asked for it, `version`
    is that of the account's credentials, and there is no `browser`: nobody else can use the code.
    """

    digest: str
    provider: str
    nonce: str
    provider_verifier: str
    code_challenge: str
    next: str
    session: str
    version: int
    browser: str
    expires_at: int

    @property
    def provider_challenge(self) -> str:
        """The code challenge for the provider."""
        return challenge_of(self.provider_verifier)


def new(  # noqa: PLR0913  # most have a default
    provider_id: str, *, code_challenge: str, next_path: str, session: str = "", version: int = 0, browser: str = ""
) -> tuple[Flow, str]:
    """Create a flow without storing it. Return it and its state."""
    state = secrets.token_urlsafe(32)
    flow = Flow(
        digest=digest(state),
        provider=provider_id,
        nonce=secrets.token_urlsafe(32),
        provider_verifier=secrets.token_urlsafe(32),
        code_challenge=code_challenge,
        next=next_path,
        session=session,
        version=version,
        browser=digest(browser) if browser else "",
        expires_at=clock.now() + FLOW_LIFETIME,
    )
    return flow, state


def find(state: str, provider_id: str) -> Flow:
    """Return the flow with this state, which must be at this provider.

    Raises:
        InvalidFlow: there is none, or it has expired.

    """
    item = ONE_TIME_TOKENS.get({"token": digest(state)}) if FORMAT.fullmatch(state) else None
    if item is None or item["purpose"] != _FLOW or item["provider"] != provider_id:
        raise InvalidFlow
    # DynamoDB deletes expired items late, so the time is checked here.
    if item["expiresAt"] <= clock.now():
        raise InvalidFlow
    return Flow(
        digest=item["token"],
        provider=item["provider"],
        nonce=item["nonce"],
        provider_verifier=item["verifier"],
        code_challenge=item["codeChallenge"],
        next=item["next"],
        session=item["session"],
        version=item["version"],
        browser=item["browser"],
        expires_at=item["expiresAt"],
    )


def is_of_browser(flow: Flow, browser: str) -> bool:
    """Return whether the browser with this secret may go through the flow."""
    return bool(flow.session) or hmac.compare_digest(flow.browser, digest(browser))


def storing(flow: Flow) -> list[Change]:
    """Return the changes that store a flow."""
    item = {
        "token": flow.digest,
        "purpose": _FLOW,
        "provider": flow.provider,
        "nonce": flow.nonce,
        "verifier": flow.provider_verifier,
        "codeChallenge": flow.code_challenge,
        "next": flow.next,
        "session": flow.session,
        "version": flow.version,
        "browser": flow.browser,
        "expiresAt": flow.expires_at,
    }
    return [Put(table=ONE_TIME_TOKENS, item=item, when=Attr("token").not_exists())]


def consuming(flow: Flow) -> list[Change]:
    """Return the changes that use a flow. They fail with `InvalidFlow` if another request has just used it."""
    stored = Attr("token").exists()
    return [Delete(table=ONE_TIME_TOKENS, key={"token": flow.digest}, when=stored, otherwise=InvalidFlow)]


# Codes ---------------------------------------------------------------------------------------------

# What a code does: sign in with a linked identity, or link one first. Then either the session that has asked for it, or
# the owner of the mailbox that it was sent to, uses the code.
Action: TypeAlias = Literal["sign-in", "link-session", "link-mailbox"]


class Subject(NamedTuple):
    """Who someone is at a provider. `email` is an address that the provider has verified."""

    provider: str
    issuer: str
    subject: str
    email: str


class Code(NamedTuple):
    """A stored code, for an account with this version of its credentials."""

    digest: str
    action: Action
    user_id: str
    email: str
    version: int
    subject: Subject
    code_challenge: str
    session: str

    def is_verified_by(self, code_verifier: str) -> bool:
        """Return whether this is the verifier of the front end that began the flow."""
        return bool(self.code_challenge) and hmac.compare_digest(self.code_challenge, challenge_of(code_verifier))


def issue(
    action: Action, credential: Credential, subject: Subject, *, code_challenge: str, session: str = ""
) -> tuple[str, list[Change]]:
    """Create a code for an account. Return it, and the changes that store it."""
    code = secrets.token_urlsafe(32)
    lifetime = LINK_LIFETIME if action == "link-mailbox" else CODE_LIFETIME
    item: Item = {
        "token": digest(code),
        "purpose": _CODE,
        "action": action,
        "userId": credential.user_id,
        "email": credential.email,
        "version": credential.version,
        "provider": subject.provider,
        "issuer": subject.issuer,
        "subject": subject.subject,
        "identityEmail": subject.email,
        "codeChallenge": code_challenge,
        "session": session,
        "expiresAt": clock.now() + lifetime,
    }
    return code, [Put(table=ONE_TIME_TOKENS, item=item, when=Attr("token").not_exists())]


def issue_for_mailbox(credential: Credential, subject: Subject, code_challenge: str) -> str:
    """Create and store a code that links an identity, for an email, and return it.

    Raises:
        Outdated: the credentials have changed since they were read.

    """
    code, storing = issue("link-mailbox", credential, subject, code_challenge=code_challenge)
    write(storing, credentials.checking(credential))
    return code


def find_code(code: str) -> Code:
    """Return the code, without using it.

    Raises:
        InvalidOneTimeToken: it is wrong, used or expired.

    """
    item = ONE_TIME_TOKENS.get({"token": digest(code)}) if FORMAT.fullmatch(code) else None
    if item is None or item["purpose"] != _CODE or item["expiresAt"] <= clock.now():
        raise InvalidOneTimeToken
    return Code(
        digest=item["token"],
        action=item["action"],
        user_id=item["userId"],
        email=item["email"],
        version=item["version"],
        subject=Subject(item["provider"], item["issuer"], item["subject"], item["identityEmail"]),
        code_challenge=item["codeChallenge"],
        session=item["session"],
    )


def credential_of(code: Code) -> Credential:
    """Return the credentials that a code was issued for.

    Raises:
        InvalidOneTimeToken: they have changed since.

    """
    credential = credentials.by_key(code.email)
    if credential is None or credential.is_reserved:
        raise InvalidOneTimeToken
    if (credential.user_id, credential.version) != (code.user_id, code.version):
        raise InvalidOneTimeToken
    return credential


def consuming_code(code: Code) -> list[Change]:
    """Return the changes that use a code. They fail with `InvalidOneTimeToken` if another request has just used it."""
    stored = Attr("token").exists()
    return [Delete(table=ONE_TIME_TOKENS, key={"token": code.digest}, when=stored, otherwise=InvalidOneTimeToken)]


def challenge_of(verifier: str) -> str:
    """Return the code challenge of a verifier (RFC 7636, 4.2: S256)."""
    return base64url.encode(hashlib.sha256(verifier.encode()).digest())
