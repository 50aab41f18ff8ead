"""The stored response to a request that may be repeated."""

from typing import Any

import pytest

from shared.core.tables import write
from shared.records.idempotency import Once


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize(
    "response", [{"number": 3.0, "whole": 3}, {"text": "\U0001f600" * 95_000}, {"text": '"\n' * 90_000, "none": None}]
)
def test_response_comes_back_as_it_was(response: Any) -> None:
    once = Once(operation="create", scope="user", key="key", request={})
    assert once.replay() is None
    # An item has at most 400 KB, as a record that is the response has.
    write(once.storing(response))
    assert repr(once.replay()) == repr(response)
