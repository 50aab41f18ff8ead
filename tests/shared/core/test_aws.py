"""The AWS clients."""

from typing import Any

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest

from shared.core import aws


@pytest.mark.usefixtures("fake_aws")
def test_calls_have_a_short_constant_user_agent() -> None:
    """By default, botocore builds a user agent with the system, the interpreter and more, twice for each call."""
    sent: list[str] = []

    def record(request: AWSPreparedRequest, **_: object) -> None:
        user_agent: Any = request.headers["User-Agent"]
        sent.append(user_agent.decode())

    client = aws.dynamodb()
    client.meta.events.register_first("before-send.dynamodb", record)
    try:
        client.list_tables()
    finally:
        client.meta.events.unregister("before-send.dynamodb", record)
    # Powertools, if it has been imported, appends its own name.
    assert [user_agent.partition(" PT/")[0] for user_agent in sent] == [f"Botocore/{botocore.__version__}"]
