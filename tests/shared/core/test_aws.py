"""The AWS clients."""

from typing import Any

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError

from shared.core import aws
from shared.core.errors import Unavailable


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


def test_cause_has_the_address_without_the_path_which_may_hold_a_key() -> None:
    with pytest.raises(Unavailable) as raised, aws.translated_errors():
        raise EndpointConnectionError(endpoint_url="http://172.17.0.1:4566/KEY")
    assert raised.value.cause == 'Could not connect to the endpoint URL: "http://172.17.0.1:4566"'
