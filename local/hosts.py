"""Which hosts a request may name: only this machine's, which stops DNS rebinding.

A page of a stranger can make the developer's browser send requests to localhost, but not read the responses. If the
page's own host name points to 127.0.0.1 (DNS rebinding), the browser lets it read them, as if they came from the page's
own server. Such a request names that host in `Host`, and is refused.
"""

from collections.abc import Collection
from ipaddress import ip_address


def is_local(host: str, also: Collection[str] = ()) -> bool:
    """Return whether the value of a `Host` header is loopback, with or without a port, or one of `also`."""
    name = _without_port(host).removesuffix(".").lower()
    if name in {"localhost", *also} or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0]
