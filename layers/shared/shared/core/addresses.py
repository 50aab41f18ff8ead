"""The addresses of the Internet that functions may call (`shared.core.outbound`).

Threats. A URL may come from elsewhere: from another service's description, a redirect, or the record of a name in the
DNS. It must not lead into this machine or network (server-side request forgery): to Lambda's runtime API
(127.0.0.1, 169.254.100.1), to a metadata service (169.254.169.254, fd00:ec2::254), or to what the VPC holds. So a name
is resolved once, and the connection is made to an address that was checked here: the name may resolve to another one
a moment later. An IPv6 address that embeds an IPv4 address is never called, since a translator decides where it leads.

The ranges are those of IANA's registries of special addresses, written out: `ipaddress` has other ones in each version
of Python. https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple, TypeAlias

from shared.core import config

_Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]


def _networks(*ranges: str) -> _Networks:
    return tuple(ip_network(each) for each in ranges)


# Link-local addresses, multicast, AWS's own IPv6 addresses, and all IPv6 addresses that embed an IPv4 address: mapped
# and compatible ones, those of NAT64, Teredo and 6to4. They have no use on a developer's machine either.
_NEVER = _networks(
    *("169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8", "fd00:ec2::/32"),
    *("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
)
_COMPATIBLE, _LOOPBACK = IPv6Network("::/96"), IPv6Address("::1")
_NOT_GLOBAL = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"),
    *("192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
    *("2001::/23", "2001:db8::/32", "3fff::/20"),
)
# Of IPv6, all other addresses are unicast within a network, or not assigned.
_GLOBAL_IPV6 = IPv6Network("2000::/3")


class Address(NamedTuple):
    """A resolved address, as `socket.socket` and its method `connect` take them."""

    family: int
    target: tuple[Any, ...]


def resolve(host: str, port: int) -> Sequence[Address]:
    """Resolve a host, and return those of its addresses that may be called, in the resolver's order.

    Raises:
        OSError: the host cannot be resolved.

    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # The same as for botocore and urllib3: if there is no IPv6 route, connecting fails at once, and the next is tried.
    return [Address(family, target) for family, _, _, _, target in found if may_be_called(str(target[0]))]


def may_be_called(text: str) -> bool:
    """Return whether an address may be called: on AWS only global unicast, locally also loopback and private ones."""
    address = ip_address(text)
    if _is_in(address, _NEVER) or (address in _COMPATIBLE and address != _LOOPBACK):
        return False
    return config.runs_locally() or _is_global(address)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return not _is_in(address, _NOT_GLOBAL) and (isinstance(address, IPv4Address) or address in _GLOBAL_IPV6)


def _is_in(address: IPv4Address | IPv6Address, networks: _Networks) -> bool:
    return any(address in network for network in networks)
