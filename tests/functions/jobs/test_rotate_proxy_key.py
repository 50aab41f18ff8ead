"""The function that rotates the proxy key. tests/functions/test_proxies.py has the rest."""

import pytest

from tests.support import stored
from tests.support.aws import rotate_proxy_key

VERSIONS = [f"00000000-0000-4000-8000-0000000000b{number}" for number in range(4)]


@pytest.mark.usefixtures("fake_aws")
def test_only_the_last_two_keys_stay_published() -> None:
    for number, version in enumerate(VERSIONS):
        rotate_proxy_key(version)
        published = {item["kid"] for item in stored.items("PublicKeysTable") if item["use"] == "proxy"}
        assert published == set(VERSIONS[: number + 1][-2:])
