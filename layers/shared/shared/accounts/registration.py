"""Registration: storing a pending registration and emailing a link to prove its address.

No account exists until then: `shared.accounts.confirmation` opens it. A registration is stored for every address, and
only the email to the address tells whether it has an account.
"""

from shared.accounts import sign_up_policy
from shared.core.tables import Change, write
from shared.records import activity, limits, outbox, registrations
from shared.values import passwords
from shared.values.client import Client
from shared.values.details import Details


def register(*, name: str, email: str, password: str, details: Details, client: Client) -> str:
    """Store a pending registration, request an email to its address, and return its secret.

    Every address costs the same: one count, one hash, one transaction of two items.

    Raises:
        SignUpClosed, DomainNotAllowed: see `sign_up_policy.require_open`.
        InvalidInput: the password is rejected.

    """
    sign_up_policy.require_open(email)
    passwords.check(password, email=email, name=name)
    registration, secret = registrations.new(
        name=name, email=email, password_hash=passwords.hashed(password), details=details
    )
    write(registrations.adding(registration), _emailing(email, registration.position, client))
    activity.log("user_confirmation_requested", client, address=activity.digest(email))
    return secret


def resend(email: str, secret: str, client: Client) -> None:
    """Request another email for a registration: the one with this secret or, without it, the newest of the address."""
    write(_emailing(email, registrations.position_of(secret), client))
    activity.log("user_confirmation_requested", client, address=activity.digest(email))


def _emailing(email: str, position: str, client: Client) -> list[Change]:
    number = limits.allow_email("registration", email)
    details = {"registration": position, "number": str(number)}
    return outbox.sending_if(number, "registration", email, network=client.network, **details)
