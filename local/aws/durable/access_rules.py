"""Who may call MiniStack: no web page, and nobody without the key of this start.

MiniStack itself answers any origin, and lets its pages read what it answers.
"""

from collections.abc import Collection
from dataclasses import dataclass

from local.asgi import Scope
from local.aws.credentials import FILE_NAME, names_key
from local.hosts import is_local


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
