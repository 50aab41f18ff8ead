"""Signs a user of the local data in, without a password. Runs in a worker, with the environment of the functions."""

from typing import Any

from shared.accounts import sign_in
from shared.accounts.sign_in import SignedIn
from shared.core.errors import Outdated
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, sessions, users
from shared.records.credentials import Credential
from shared.values.client import Client


def handler(event: dict[str, str], _context: object) -> Any:
    """Start a session of the user with {"email"}, for the client with {"ip", "userAgent"}.

    Returns the tokens as a sign-in does, or {"problem"}.
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
    signed_in = sign_in.prepare(credential, user, client)
    _store(credential, signed_in, client)
    return signed_in.public()


def _store(credential: Credential, signed_in: SignedIn, client: Client) -> None:
    write(
        credentials.signing_in(credential),
        sessions.starting(signed_in.session),
        activity.recording("login", credential.user_id, client),
    )
