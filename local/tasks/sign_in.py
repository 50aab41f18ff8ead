"""Sign in a user of the local data without a proof. Runs in a worker, with the environment of the functions."""

from typing import Any

from shared.accounts import sign_in
from shared.core.errors import Outdated
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, sessions, users
from shared.records.credentials import Credential
from shared.values.choices import Method
from shared.values.client import Client


def handler(event: dict[str, str], _context: object) -> Any:
    """Start a session for the user. The event is {email, ip, userAgent}.

    Returns the tokens of a sign-in, or {problem}.
    """
    try:
        return _start_session(event["email"], Client(event["ip"], event["userAgent"]))
    except Outdated:
        return {"problem": "The account is changing. Try again."}


@optimistic
def _start_session(email: str, client: Client) -> Any:
    credential = credentials.find(email)
    if credential is None or credential.is_reserved:
        return {"problem": "No account has this address."}
    user = users.of_credential(credential)
    if user.status != "active":
        return {"problem": "The account is disabled, so it cannot sign in."}
    if credential.invited:
        return {"problem": "The invitation is not accepted yet: use the link in its email."}
    proved, factor = _proofs(credential)
    signed_in = sign_in.prepare(credential, user, client, proved=proved, factor=factor)
    write(
        credentials.signing_in(credential),
        sessions.starting(signed_in.session),
        activity.recording("login", credential.user_id, client),
    )
    return signed_in.public()


def _proofs(credential: Credential) -> tuple[tuple[Method, ...], str]:
    """Return what a sign-in of the account proves, and the id of the factor. With one, the session has `aal` 2."""
    first: Method = "email" if credential.password_hash is None else "password"
    for factor, kind in credential.factors.items():
        return (first, kind), factor
    return (first,), ""
