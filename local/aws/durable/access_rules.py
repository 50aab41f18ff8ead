"""Who may call MiniStack: no web page, and nobody without the key of this start.

MiniStack itself accepts requests from any origin, and its CORS headers let the page read the response.

A request names the key in its credentials or, in the containers of `sam local`, as the first part of the path:
`AWS_ENDPOINT_URL` ends with it. SAM CLI passes its own credentials and region, or the user's, to the containers, and
offers no way to replace them.

A link to a file in S3 (a presigned URL) has the credentials in its query. It works in a browser, and in web pages that
follow a redirect to it, as on AWS, until it expires. Its signature is not checked either.
"""

import re
import time
from calendar import timegm
from collections.abc import Collection
from dataclasses import dataclass
from secrets import compare_digest
from urllib.parse import parse_qsl, urlencode

from local.asgi import Scope
from local.aws import REGION
from local.aws.credentials import FILE_NAME, names_key
from local.hosts import is_local

# The key, the date and the region in an `Authorization` header.
_CREDENTIAL = re.compile(rb"Credential=[^/]*/([^/]*)/[^/]*/")
# In a link: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_SIGNATURE = "X-Amz-"
_OF_S3 = "/s3/aws4_request"
# In the scope of a request that was a link: when it expires, in seconds since 1970.
_EXPIRES = "local.expires"


def is_link(scope: Scope) -> bool:
    """Return whether a request, after `with_credentials`, was a link to a file."""
    return _EXPIRES in scope


@dataclass(frozen=True)
class AccessRules:
    """The key that requests must name, and the hosts that they may name besides loopback."""

    key_id: str
    hosts: Collection[str] = ()

    def refusal(self, scope: Scope) -> str:
        """Return why a request is refused, with what to do about it; empty if it is not."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        if is_link(scope) and scope[_EXPIRES] < time.time():
            return "The link has expired."
        if any(name == b"origin" for name, _ in headers) and not is_link(scope):
            return "Web pages may not call the local AWS: call the API instead."
        if not hosts or not all(is_local(host, self.hosts) for host in hosts):
            return "The local AWS answers to localhost only: use the address that the runner prints."
        if not any(name == b"authorization" and names_key(value, self.key_id) for name, value in headers):
            return f"Sign with the credentials of this start: the runner prints where their file {FILE_NAME} is."
        return ""

    def with_credentials(self, scope: Scope) -> Scope:
        """Return the request with its credentials in the header `Authorization`, whether they were there or not.

        If the path begins with the key, they become this key and this region.
        """
        scope = _without_link(scope)
        key, _, path = scope["path"].removeprefix("/").partition("/")
        if not compare_digest(key.encode(errors="replace"), self.key_id.encode()):
            return scope
        credential = f"Credential={self.key_id}/\\1/{REGION}/".encode()
        headers = [
            (name, _CREDENTIAL.sub(credential, value) if name.lower() == b"authorization" else value)
            for name, value in scope["headers"]
        ]
        raw_path = scope["raw_path"].partition(key.encode())[2] or b"/"
        return {**scope, "path": f"/{path}", "raw_path": raw_path, "headers": headers}


def _without_link(scope: Scope) -> Scope:
    """Return the request of a link as one that has the same credentials in a header. Others stay as they are."""
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
    credential = query.get(f"{_SIGNATURE}Credential", "")
    try:
        signed_at = timegm(time.strptime(query.get(f"{_SIGNATURE}Date", ""), "%Y%m%dT%H%M%SZ"))
        expires = signed_at + int(query.get(f"{_SIGNATURE}Expires", ""))
    except ValueError:
        return scope
    is_of_file = credential.endswith(_OF_S3) and not scope["path"].startswith("/_")
    if scope["method"] not in {"GET", "HEAD"} or not is_of_file:
        return scope
    others = {name: value for name, value in query.items() if not name.startswith(_SIGNATURE)}
    header = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    headers = [each for each in scope["headers"] if each[0].lower() != b"authorization"]
    return {
        **scope,
        "headers": [*headers, (b"authorization", header.encode("latin-1", errors="replace"))],
        "query_string": urlencode(others).encode(),
        _EXPIRES: expires,
    }
