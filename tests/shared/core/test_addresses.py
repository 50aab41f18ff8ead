"""The addresses that functions may call."""

import pytest

from shared.core import addresses, config

# Of each forbidden range the first and the last address, and their neighbors outside, if those may be called.
LINK_LOCAL_OR_EMBEDDED = [
    *("169.254.0.0", "169.254.169.254", "169.254.100.1", "169.254.255.255", "224.0.0.1", "239.255.255.255"),
    *("fe80::1", "fe80::1%1", "febf:ffff::1", "ff02::1", "fd00:ec2::254", "fd00:ec2::23"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8", "::"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1", "2001:0:1::1"),
]
PRIVATE = [
    *("127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("100.127.255.255", "::1", "fc00::1", "fdff::1"),
]
RESERVED = [
    *("0.0.0.0", "0.255.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1"),  # noqa: S104  # no binding
    *("198.19.255.255", "198.51.100.1", "203.0.113.1", "240.0.0.1", "255.255.255.255"),
    *("2001:db8::1", "2001:2::1", "2001:10::1", "2001:1ff::1", "3fff::1", "100::1", "fec0::1", "4000::1", "5f00::1"),
]
GLOBAL = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255"),
    *("192.169.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a05:d018::1", "2001:200::1", "2001:4860:4860::8888"),
]


@pytest.fixture
def on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def locally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")


@pytest.mark.usefixtures("on_aws")
@pytest.mark.parametrize("address", [*LINK_LOCAL_OR_EMBEDDED, *PRIVATE, *RESERVED])
def test_only_global_addresses_may_be_called_on_aws(address: str) -> None:
    assert not addresses.may_be_called(address)


@pytest.mark.parametrize("address", GLOBAL)
def test_global_addresses_may_be_called_on_aws_and_locally(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for local in (False, True):
        monkeypatch.setattr(config, "runs_locally", lambda local=local: local)
        assert addresses.may_be_called(address)


@pytest.mark.usefixtures("locally")
@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_may_be_called_locally(address: str) -> None:
    assert addresses.may_be_called(address)


@pytest.mark.usefixtures("locally")
@pytest.mark.parametrize("address", LINK_LOCAL_OR_EMBEDDED)
def test_link_local_and_embedded_addresses_may_never_be_called(address: str) -> None:
    assert not addresses.may_be_called(address)


def test_template_sets_no_endpoint_on_aws(variables: dict[str, str]) -> None:
    assert "AWS_ENDPOINT_URL" not in variables
