"""A minimal AWS client for the test project."""

import json
import os
import urllib.request
from typing import Any


def call(service: str, target: str, request: dict[str, Any], path: str = "/") -> Any:
    """Send one request with a JSON body; `target` is empty for a REST service."""
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20200101/{os.environ['AWS_REGION']}/{service}/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.0" if target else "application/json",
        "X-Amz-Target": target,
    }
    address = os.environ["AWS_ENDPOINT_URL"] + path
    http = urllib.request.Request(  # noqa: S310 - always MiniStack
        address, json.dumps(request).encode(), {name: value for name, value in headers.items() if value}
    )
    with urllib.request.urlopen(http, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read() or b"{}")
