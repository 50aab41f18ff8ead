"""The clients for AWS: made once for each execution environment, and their failures told as ours.

Where AWS answers, in which region and with which credentials comes from the environment, by botocore's own variables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's

from shared.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# Worth another try later, by the services' own error references; everything else is a defect of ours.
_PASSING = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)

_CONFIG = Config(
    # An API call ends at 30 s whatever we do, so a hanging connection must end long before, with time for another try.
    connect_timeout=1,
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 3},
    # botocore would put a longer one together twice for each call: a seventh of the CPU that a call takes.
    user_agent=f"Botocore/{botocore.__version__}",
)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def dynamodb() -> "DynamoDBClient":
    """Give the client for DynamoDB."""
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=_CONFIG))


@cache
def secretsmanager() -> "SecretsManagerClient":
    """Give the client for Secrets Manager."""
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_CONFIG))


@cache
def sesv2() -> "SESV2Client":
    """Give the client for SES, which asks once: a mail whose answer was lost may have been sent."""
    once = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
    return cast("SESV2Client", _session().create_client("sesv2", config=once))


@cache
def sqs() -> "SQSClient":
    """Give the client for SQS."""
    return cast("SQSClient", _session().create_client("sqs", config=_CONFIG))


def error_code(error: ClientError) -> str:
    """Give the service's name for what went wrong."""
    return error.response["Error"]["Code"]


def is_passing(error: ClientError) -> bool:
    """Say whether another try later may go better."""
    # An error that AWS's own front has no code for has at least its status.
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(error) in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


@contextmanager
def translated_errors() -> Iterator[None]:
    """Tell passing failures of AWS, and of the way to it, as `Unavailable`.

    Raises:
        Unavailable: throttled, out of reach, or failing inside.

    """
    try:
        yield
    except ClientError as error:
        if is_passing(error):
            raise Unavailable from error
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable from error
