"""AWS clients, created once per execution environment, and the translation of their errors.

botocore reads the endpoint, the region and the credentials from its own environment variables.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  # botocore's

from shared.core import deadlines
from shared.core.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

# Errors that a later retry may resolve, according to the services' error references. Any other error is a bug of ours.
_TRANSIENT = frozenset(
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

_PATH_OF_URL = re.compile(r"(https?://[^/\s\"]+)[^\s\"]*")

# Two attempts, and botocore's pause of up to 1 s between them: a call that hangs once it is connected ends after 4 s.
CONNECT_TIMEOUT = 1
READ_TIMEOUT = 1.5
_CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
    retries={"mode": "standard", "total_max_attempts": 2},
    # botocore builds its longer default twice per call, which is a seventh of the CPU time of a call.
    user_agent=f"Botocore/{botocore.__version__}",
)


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.get_session()
    session.register("before-send", _check_deadline)
    # First, because botocore's own handler decides how long to wait for the next attempt.
    session.get_component("event_emitter").register_first("needs-retry", _check_deadline_of_retry)
    return session


def _check_deadline(**_: Any) -> None:
    deadlines.check()


def _check_deadline_of_retry(caught_exception: Exception | None, **_: Any) -> None:
    if caught_exception is not None:
        # The failure says more than that there is no time for another attempt.
        deadlines.check(_cause(caught_exception))


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=_CONFIG))


@cache
def secretsmanager() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_CONFIG))


@cache
def sesv2() -> "SESV2Client":
    """Return the SES client. It never retries, because an email may have been sent even if the response was lost."""
    once = _CONFIG.merge(Config(read_timeout=4, retries={"mode": "standard", "total_max_attempts": 1}))
    return cast("SESV2Client", _session().create_client("sesv2", config=once))


@cache
def sqs() -> "SQSClient":
    """Return the SQS client."""
    return cast("SQSClient", _session().create_client("sqs", config=_CONFIG))


@cache
def s3() -> "S3Client":
    """Return the S3 client. Creating it takes several times as long as the others, so it is not for cold starts."""
    # S3 responds to a PutObject once the whole file is stored. A link to a file encrypted with KMS needs version 4 of
    # signatures, and the virtual style names the bucket's region: without it, S3 redirects for hours after the bucket
    # was created, to where the signature is invalid.
    own = Config(read_timeout=5, signature_version="s3v4", s3={"addressing_style": "virtual"})
    return cast("S3Client", _session().create_client("s3", config=_CONFIG.merge(own)))


def error_code(error: ClientError) -> str:
    """Return the service's error code."""
    return error.response["Error"]["Code"]


def is_transient(error: ClientError) -> bool:
    """Return whether a later retry may succeed."""
    # An error from AWS's front end may lack a known code, but it always has a status.
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(error) in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate transient AWS and network failures into `Unavailable`.

    Raises:
        Unavailable: AWS is throttling, unreachable, or failing internally.

    """
    try:
        yield
    except ClientError as error:
        if is_transient(error):
            raise Unavailable(str(error)) from error
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable(_cause(error)) from error


def _cause(error: Exception) -> str:
    """Return the error's text; of a URL only the address, since the path may hold a key, locally."""
    return _PATH_OF_URL.sub(r"\1", str(error))
