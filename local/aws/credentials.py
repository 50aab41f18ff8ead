"""The credentials of MiniStack: new at each start, so that only what the runner starts, or its user, can call it.

MiniStack checks no signatures. So the id of the key is the secret: 128 random bits, and every request has to name it.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws import REGION

# The file in the runner's data folder to which the variables are written.
FILE_NAME = "variables.json"
# How the process of MiniStack gets the id. Other users cannot read the environment of a process.
VARIABLE = "LOCAL_ACCESS_KEY_ID"


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key."""

    key_id: str
    secret: str

    @classmethod
    def new(cls) -> "Credentials":
        """Create a key."""
        return cls("LOCAL" + secrets.token_hex(16).upper(), secrets.token_urlsafe(32))

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Read the key from a file that `write` has written."""
        variables = json.loads(path.read_text(encoding="utf-8"))["Parameters"]
        return cls(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables with which AWS SDKs use the key."""
        return {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }

    def write(self, path: Path, endpoint: str, variables: Mapping[str, str]) -> None:
        """Write the variables in the format of `sam local --env-vars`, for this user's eyes only.

        Its functions read the endpoint and `variables`; other programs need the rest.
        """
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"Parameters": {"AWS_ENDPOINT_URL": endpoint, **variables, **self.variables}}, file, indent=2)


def names_key(authorization: str, key_id: str) -> bool:
    """Return whether an `Authorization` header (Signature Version 4) names this key."""
    named = authorization.partition("Credential=")[2].partition("/")[0]
    return secrets.compare_digest(named.encode(errors="replace"), key_id.encode())
