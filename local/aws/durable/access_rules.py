"""Who may call MiniStack: no web page, and nobody without the key of this start.

MiniStack itself accepts requests from any origin, and its CORS headers let the page read the response.

A request names the key in its credentials or, in the containers of `sam local`, as the first part of the path:
`AWS_ENDPOINT_URL` ends with it. SAM CLI passes its own credentials and region, or the user's, to the containers, and
offers no way to replace them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from secrets import compare_digest

from local.asgi import Scope
from local.aws import REGION
from local.aws.credentials import FILE_NAME, names_key
from local.hosts import is_local

# The key, the date and the region in an `Authorization` header.
_CREDENTIAL = re.compile(rb"Credential=[^/]*/([^/]*)/[^/]*/")


@dataclass(frozen=True)
class AccessRules:
    """The key that requests must name, and the hosts that they may name besides loopback."""

    key_id: str
    hosts: Collection[str] = ()

    def refusal(self, scope: Scope) -> str:
        """Return why a request is refused, with what to do about it; empty if it is not."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        if any(name == b"origin" for name, _ in headers):
            return "Web pages may not call the local AWS: call the API instead."
        if not hosts or not all(is_local(host, self.hosts) for host in hosts):
            return "The local AWS answers to localhost only: use the address that the runner prints."
        if not any(name == b"authorization" and names_key(value, self.key_id) for name, value in headers):
            return f"Sign with the credentials of this start: the runner prints where their file {FILE_NAME} is."
        return ""

    def with_credentials(self, scope: Scope) -> Scope:
        """Return the request with this key and this region as its credentials, if its path begins with the key."""
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
