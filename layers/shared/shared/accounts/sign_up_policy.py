"""The sign-up policy: who may open an account, and with which addresses.

The parameter `SignUp` closes registration to everyone who is not invited; `AllowedDomains` and `RefusedDomains`
restrict addresses. `shared.accounts.hooks` adds a project's own rules.

Threats. An attacker registers to learn which addresses have an account: the decision depends on the address alone,
never on what is stored. A pending registration from before the policy changed would still open: opening an account
decides again. A user registers with an allowed address to move to a refused one: a change of address has to obey the
same rules. The domain is spelled in another way: it is compared as IDNA, in ASCII and lower case.

An administrator's invitation is an exception to every rule. Existing accounts sign in, whatever the policy is now.
"""

from functools import cache

from shared.accounts import hooks
from shared.core import config
from shared.core.errors import DomainNotAllowed, ErrorTypes, SignUpClosed
from shared.values import emails

# The errors of an address that may not be used, and of a registration.
ADDRESS_ERRORS: ErrorTypes = (DomainNotAllowed, *hooks.REGISTRATION_ERRORS)
ERRORS: ErrorTypes = (SignUpClosed, *ADDRESS_ERRORS)


def require_open(address: str) -> None:
    """Require that the owner of an address may open an account. Called to register, and again to open the account.

    Raises:
        SignUpClosed: sign-up is by invitation only.
        DomainNotAllowed: the address has a refused domain, or none of the allowed ones.
        Error: `hooks.before_registration` refuses it.

    """
    if config.variable("SIGN_UP") == "invitation":
        raise SignUpClosed
    _require_domain(address)
    hooks.before_registration(address, is_change=False)


def require_address(address: str) -> None:
    """Require that an account may change its address to this one. Called for the request, and again to confirm it.

    Raises:
        DomainNotAllowed: the address has a refused domain, or none of the allowed ones.
        Error: `hooks.before_registration` refuses it.

    """
    _require_domain(address)
    hooks.before_registration(address, is_change=True)


def _require_domain(address: str) -> None:
    domain = emails.domain(address)
    labels = domain.split(".")
    # The entries that a list may have for it: its own name, and `*.` with each domain above it.
    entries = {domain, *("*." + ".".join(labels[start:]) for start in range(1, len(labels)))}
    refused, allowed = config.optional("REFUSED_DOMAINS"), config.optional("ALLOWED_DOMAINS")
    if refused is not None and entries & _listed(refused):
        raise DomainNotAllowed
    if allowed is not None and not entries & _listed(allowed):
        raise DomainNotAllowed


@cache
def _listed(text: str) -> frozenset[str]:
    """Return the entries of a list, each in the form in which domains are compared."""
    return frozenset(_entry(each.strip()) for each in text.split(","))


def _entry(text: str) -> str:
    wildcard = "*." if text.startswith("*.") else ""
    try:
        return wildcard + emails.domain(emails.parse(f"x@{text.removeprefix(wildcard)}"))
    except ValueError:
        message = f"AllowedDomains and RefusedDomains are domains such as example.com or *.example.com, not {text}"
        raise config.ConfigurationError(message) from None
