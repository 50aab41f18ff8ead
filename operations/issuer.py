"""The issuer of access tokens: which one a deployment sets, and whether it changes.

Other services find the keys of an issuer at its URL. That of the API is known once the stack exists: a function's
environment cannot refer to the API that refers to the function. So the first deployment has no URL as its issuer, and
`make deploy` sets the parameter TokenIssuer at the second one, unless the stack has a domain.
"""

from collections.abc import Mapping

from operations.stack import Stack

# That of template.yaml, as long as nothing sets one.
_NONE = "lambda-api-routes"


def is_set(stack: Stack) -> bool:
    """Return whether the deployed stack's issuer is a URL."""
    return _of(stack.deployed_parameters()) != _NONE


def parameters(stack: Stack) -> dict[str, str]:
    """Return the parameters that a deployment needs for its issuer, and announce a new one.

    While calls shifted gradually, old and new functions would reject each other's tokens, so a deployment that changes
    the issuer shifts all calls at once.
    """
    deployed = stack.deployed_parameters()
    # `sam deploy` keeps the deployed values of parameters that samconfig.toml does not have.
    after = {**deployed, **stack.parameters}
    own = _own(stack, deployed, after)
    before, then = _of(deployed), _of({**after, **own})
    if before == then:
        return own
    print(
        f"The issuer of access tokens becomes {then}; other services verify tokens by it (docs/front-end.md). Tokens "
        "issued before are rejected, and clients refresh theirs. All calls shift at once."
    )
    return {**own, "Deployment": "AllAtOnce"}


def _own(stack: Stack, deployed: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the value of TokenIssuer that replaces the deployed one, if samconfig.toml does not set it."""
    if stack.parameters.get("TokenIssuer"):
        return {}
    if after.get("DomainName"):
        # An earlier deployment without the domain may have set the API's own URL.
        return {"TokenIssuer": ""} if after.get("TokenIssuer") else {}
    if "://" in after.get("TokenIssuer", ""):
        return {}
    # The URL of a stack whose domain is being removed is still the domain's. The next deployment sets the API's own.
    return {"TokenIssuer": "" if deployed.get("DomainName") else stack.outputs().get("ApiUrl", "")}


def _of(values: Mapping[str, str]) -> str:
    """Return the issuer that template.yaml makes of these parameters."""
    domain = values.get("DomainName")
    return values.get("TokenIssuer") or (f"https://{domain}" if domain else _NONE)
