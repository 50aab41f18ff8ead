"""The few AWS requests that the runner makes itself, as plain JSON over HTTP.

boto3 would take longer to load than the rest of the runner; MiniStack does not check signatures.
"""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from local.aws import REGION

_SERVICES = {
    "dynamodb": ("dynamodb", "DynamoDB_20120810", "1.0"),
    "streams": ("dynamodb", "DynamoDBStreams_20120810", "1.0"),
    "secretsmanager": ("secretsmanager", "secretsmanager", "1.1"),
    "sqs": ("sqs", "AmazonSQS", "1.0"),
    # A REST service: it has no targets.
    "ses": ("ses", "", ""),
}
_OK = 200
# How long a request may wait for MiniStack to come back after it died, in seconds.
PATIENCE = 20.0


class AwsError(Exception):
    """AWS said no. `code` is its error code, such as ResourceNotFoundException."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class CloudGoneError(Exception):
    """Nobody answers at the emulator's address."""


class Aws:
    """A client for the emulator on `port`. Safe to use from several threads: each has a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._local = threading.local()
        # Set when nobody will ever answer: requests fail at once.
        self.given_up = False

    @staticmethod
    def authorization(service: str) -> str:
        """The Authorization header that names the service and the region; the signature is never looked at."""
        scope = f"local/20200101/{REGION}/{_SERVICES[service][0]}/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a request, again while the emulator is away: only for what may be done twice. Raises AwsError."""
        _, target, version = _SERVICES[service]
        headers = {
            "Authorization": self.authorization(service),
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": f"{target}.{operation}",
        }
        status, body = self.http("POST", "/", json.dumps(request), headers)
        answer: dict[str, Any] = json.loads(body or b"{}")
        if status != _OK:
            raise AwsError(
                str(answer.get("__type", status)).rpartition("#")[2],
                str(answer.get("message") or answer.get("Message")),
            )
        return answer

    def http(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Make one HTTP request: status and body. Raises CloudGoneError after `PATIENCE` seconds without an answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._request_once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as problem:
                self.close()
                if self.given_up or time.monotonic() > deadline:
                    raise CloudGoneError(f"MiniStack does not answer: {problem}") from problem
                # Its socket stays open while it is started again (see `cloud.py`), so the next attempt waits there.
                time.sleep(0.01)

    def _request_once(self, method: str, path: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._local.connection = connection
        connection.request(method, path, body.encode(), dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
