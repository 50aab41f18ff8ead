"""The second step of a sign-in: a factor, after the first step of `shared.accounts.first_step`."""

from shared.accounts import devices, factor_proof, first_step, sign_in
from shared.accounts.factor_proof import Proof
from shared.accounts.sign_in import SignedIn
from shared.core.errors import InvalidMfaToken
from shared.core.tables import optimistic
from shared.records import one_time_tokens
from shared.values.client import Client


@optimistic
def complete(token: str, proof: Proof, device_token: str, client: Client) -> SignedIn:
    """Verify a factor, and start the session.

    `device_token` is that of an earlier sign-in with this client, or empty.

    Raises:
        InvalidMfaToken: the token of the first step is not valid, used, void or expired.
        InvalidCredentials: the proof is wrong, or the account is locked for this client.
        CodeAlreadyUsed: the code was accepted before.
        Unavailable: there is no signing key yet, or Secrets Manager is unreachable.

    """
    first = first_step.from_token(token)
    device_id = first.device_id or devices.identify(first.credential, device_token) or ""
    proved = factor_proof.at_sign_in(proof, first.credential, client, device_id=device_id)
    once = one_time_tokens.using_once(first.token_digest, first.expires_at, otherwise=InvalidMfaToken)
    return sign_in.start(
        first.credential,
        first.user,
        client,
        # The code first: sent twice, it is a used code, whether or not the token is another one.
        proved.changes,
        once,
        proved=[first.method, proved.method],
        factor=proved.factor,
    )
