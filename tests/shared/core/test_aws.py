"""The clients for AWS."""

from typing import Any

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest

from shared.core import aws


@pytest.mark.usefixtures("fake_aws")
def test_no_user_agent_is_put_together_for_a_call() -> None:
    """Left to itself, botocore names the system, the interpreter and more, and does so twice for each call."""
    said: list[str] = []

    def listen(request: AWSPreparedRequest, **_: object) -> None:
        name: Any = request.headers["User-Agent"]
        said.append(name.decode())

    client = aws.dynamodb()
    client.meta.events.register_first("before-send.dynamodb", listen)
    try:
        client.list_tables()
    finally:
        client.meta.events.unregister("before-send.dynamodb", listen)
    # Powertools, where it has been imported, adds its name to what is sent.
    assert [name.partition(" PT/")[0] for name in said] == [f"Botocore/{botocore.__version__}"]
