"""The client: the origin of a request."""

from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple


class Client(NamedTuple):
    """The origin of a request. `ip` comes from the gateway, or from a trusted proxy: see `shared.web.proxies`.

    `caller_id` is the id of the signed-in user, if any. An administrator may act on another user's account.
    """

    ip: str = ""
    user_agent: str = ""
    caller_id: str = ""
    request_id: str = ""

    @property
    def network(self) -> str:
        """What one customer of a provider has: an IPv4 address, or the first 64 bits of an IPv6 address (RFC 6177)."""
        return _network(self.ip, 64)

    @property
    def site(self) -> str:
        """The first 48 bits of an IPv6 address, which one company may have; empty for IPv4."""
        return site_of(self.network)


def site_of(network: str) -> str:
    """Return the site that a client's network belongs to; empty for IPv4."""
    return str(IPv6Network(network).supernet(new_prefix=48)) if ":" in network else ""


def _network(ip: str, bits: int) -> str:
    if ":" not in ip:
        return ip
    address = IPv6Address(ip.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, bits), strict=False))
