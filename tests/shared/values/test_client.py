"""The network that a client belongs to."""

import pytest

from shared.values.client import Client


@pytest.mark.parametrize(
    ("ip", "network", "site"),
    [
        ("192.0.2.1", "192.0.2.1", ""),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:192.0.2.1", "192.0.2.1", ""),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "", ""),
    ],
)
def test_ipv6_client_is_its_network(ip: str, network: str, site: str) -> None:
    assert (Client(ip).network, Client(ip).site) == (network, site)
