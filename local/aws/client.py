"""A client for the few AWS requests of the runner itself: JSON over HTTP, unsigned.

boto3 would take longer to load than the rest of the runner, and MiniStack does not check signatures.
"""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.aws import REGION
from local.aws.credentials import Credentials

_SERVICES = {
    "dynamodb": ("dynamodb", "DynamoDB_20120810", "1.0"),
    "streams": ("dynamodb", "DynamoDBStreams_20120810", "1.0"),
    "secretsmanager": ("secretsmanager", "secretsmanager", "1.1"),
    "sqs": ("sqs", "AmazonSQS", "1.0"),
    # REST services, without targets.
    "s3": ("s3", "", ""),
    "ses": ("ses", "", ""),
}
# How long a request may wait for MiniStack to restart, in seconds.
RETRY_SECONDS = 20.0


class AwsError(Exception):
    """AWS returned an error. `code` is its error code, such as ResourceNotFoundException; `message` is its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class MiniStackGoneError(Exception):
    """MiniStack does not respond."""


class Aws:
    """A client for MiniStack on `port`. Safe to use from several threads: each has its own connection."""

    def __init__(self, port: int, credentials: Credentials) -> None:
        self._port, self._credentials = port, credentials
        self._local = threading.local()
        # Set when MiniStack will not be restarted: requests fail at once.
        self.given_up = False

    def authorization(self, service: str = "dynamodb") -> str:
        """Return an Authorization header that names key, region and service. Its signature is not checked."""
        scope = f"{self._credentials.key_id}/20200101/{REGION}/{_SERVICES[service][0]}/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"

    def close(self) -> None:
        """Close the connection of this thread. The next request opens another."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a request. Raises AwsError, MiniStackGoneError.

        It is retried while MiniStack restarts, so it may take effect twice.
        """
        _, target, version = _SERVICES[service]
        headers = {
            "Authorization": self.authorization(service),
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": f"{target}.{operation}",
        }
        status, body = self.http("POST", "/", json.dumps(request), headers)
        response: dict[str, Any] = json.loads(body or b"{}")
        if status != HTTPStatus.OK:
            raise AwsError(
                str(response.get("__type", status)).rpartition("#")[2],
                str(response.get("message") or response.get("Message")),
            )
        return response

    def http(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and body of one HTTP request. Raises MiniStackGoneError after `RETRY_SECONDS`."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                return self._request_once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as problem:
                self.close()
                if self.given_up or time.monotonic() > deadline:
                    raise MiniStackGoneError(f"MiniStack does not respond: {problem}") from problem
                # The socket stays open while MiniStack restarts (`ministack.py`): the next attempt waits there.
                time.sleep(0.01)

    def _request_once(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=RETRY_SECONDS)
            self._local.connection = connection
        connection.request(method, path, body.encode(), {"Authorization": self.authorization(), **headers})
        response = connection.getresponse()
        return response.status, response.read()
