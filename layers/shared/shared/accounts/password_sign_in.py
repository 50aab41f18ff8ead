"""Signing in with a password. `shared.accounts.password_proof` has the threats."""

from shared.accounts import first_step, password_proof, sign_in
from shared.accounts.sign_in import SignedIn
from shared.core.tables import optimistic, write
from shared.records import credentials
from shared.records.credentials import Credential
from shared.values import passwords
from shared.values.client import Client


@optimistic
def with_password(*, email: str, password: str, device_token: str, client: Client) -> SignedIn:
    """Verify a password and start a session. `device_token` is that of an earlier sign-in with this client, or empty.

    Raises:
        InvalidCredentials: the address is unknown, the password is wrong, or the account is disabled or locked.
        MfaRequired: the password is correct, and the account has a factor.
        Unavailable: there is no signing key yet.

    """
    credential, user, device_id = password_proof.at_sign_in(
        email=email, password=password, device_token=device_token, client=client
    )
    new_hash = _new_hash(credential, password)
    if credential.factors and new_hash is not None:
        write(credentials.signing_in(credential, passwordHash=new_hash))
    first_step.require_second_step(credential, "password", device_id=device_id)
    return sign_in.start(credential, user, client, proved=["password"], new_hash=new_hash)


def _new_hash(credential: Credential, password: str) -> str | None:
    """Return the hash that replaces an outdated one, or None."""
    is_outdated = credential.password_hash is not None and passwords.is_outdated(credential.password_hash)
    return passwords.hashed(password) if is_outdated else None
