"""An API Gateway event for each operation, made from the document's examples: for `sam local invoke`, and for tests."""

import json
from typing import Any
from urllib.parse import urlencode

from scaffold.document import Json
from shared.web.inputs import JSON

_HOST = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_ADDRESS = "203.0.113.10"


def event(path: str, verb: str, operation: Json) -> Json:
    """Return the event of a request with the operation's examples (HTTP API, payload format 2.0).

    It has no `content-length`, so that the body can be edited. Replace ACCESS_TOKEN with a token.
    """
    parameters: list[Json] = operation.get("parameters", [])
    in_path = {own["name"]: own["schema"]["examples"][0] for own in parameters if own["in"] == "path"}
    query = {
        own["name"]: str(own["schema"]["examples"][0] if own["required"] else own["schema"]["default"])
        for own in parameters
        if own["in"] == "query" and (own["required"] or "default" in own["schema"])
    }
    raw_path = path.format(**in_path)
    headers = {
        "accept": JSON,
        "accept-encoding": "gzip, deflate, br",
        **({"authorization": "Bearer ACCESS_TOKEN"} if "security" in operation else {}),
        **({"content-type": JSON} if "requestBody" in operation else {}),
        **{own["name"].lower(): own["schema"]["examples"][0] for own in parameters if own["name"] == "Idempotency-Key"},
        "host": _HOST,
        "user-agent": _BROWSER,
        "x-amzn-trace-id": "Root=1-6890a1b2-3c4d5e6f708192a3b4c5d6e7",
        "x-forwarded-for": _ADDRESS,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    made: Json = {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": raw_path,
        "rawQueryString": urlencode(query),
        "headers": headers,
        "requestContext": _context(path, raw_path, verb),
    }
    if in_path:
        made["pathParameters"] = in_path
    if query:
        made["queryStringParameters"] = query
    if "requestBody" in operation:
        made["body"] = _body(operation["requestBody"]["content"], headers)
    return {**made, "isBase64Encoded": False}


def _body(content: Json, headers: dict[str, str]) -> str:
    """Return the example of a body as JSON or, if that is not accepted, as a form, and set its type."""
    if JSON in content:
        return json.dumps(content[JSON]["example"], ensure_ascii=False)
    [media_type] = content
    headers["content-type"] = media_type
    return urlencode(content[media_type]["example"])


def _context(path: str, raw_path: str, verb: str) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": _HOST.partition(".")[0],
        "domainName": _HOST,
        "domainPrefix": _HOST.partition(".")[0],
        "http": {
            "method": verb.upper(),
            "path": raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": _ADDRESS,
            "userAgent": _BROWSER,
        },
        "requestId": "MkR13hYRjoEEPwA=",
        "routeKey": f"ANY {path}",
        "stage": "$default",
        "time": "04/Aug/2026:12:00:00 +0000",
        "timeEpoch": 1785844800000,
    }
