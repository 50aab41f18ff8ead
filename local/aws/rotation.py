"""The first rotation of a secret, which Secrets Manager starts when the stack is deployed.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from local.aws.client import Aws
from local.aws.resources import placeholder_version
from local.errors import RunnerError
from local.functions.pool import FunctionError, Result

# All local data has the same proxy key, which a front end can have in its development settings. Stacks create keys of
# their own, and accept no other.
PROXY_KEY_SECRET = "ProxyKeySecret"  # noqa: S105  # a name
PROXY_KEY = "local-development-proxy-key"
_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def rotate_if_new(secret: str, invoke: Callable[[str], Result], aws: Aws) -> bool:
    """Rotate a secret that has never been rotated, or finish an interrupted rotation. Returns whether it did.

    `invoke` takes the event (JSON). Raises RunnerError.
    """
    described = aws.call("secretsmanager", "DescribeSecret", {"SecretId": secret})
    stages: dict[str, list[str]] = described["VersionIdsToStages"]
    current, pending = _version(stages, "AWSCURRENT"), _version(stages, "AWSPENDING")
    interrupted = pending if pending != current else None
    if interrupted is None and current != placeholder_version(secret):
        return False
    token = interrupted or str(uuid.uuid4())
    if secret == PROXY_KEY_SECRET and interrupted is None:
        # The function keeps a value that is there already.
        value = {"SecretId": secret, "ClientRequestToken": token, "SecretString": PROXY_KEY}
        aws.call("secretsmanager", "PutSecretValue", {**value, "VersionStages": ["AWSPENDING"]})
    for step in _STEPS:
        event: dict[str, Any] = {"Step": step, "SecretId": described["ARN"], "ClientRequestToken": token}
        try:
            invoke(json.dumps(event))
        except FunctionError as problem:
            raise RunnerError(
                f"{secret} could not be rotated: {step} failed, {problem}. Correct the function and restart."
            ) from problem
    return True


def _version(stages: dict[str, list[str]], stage: str) -> str | None:
    return next((version for version, labels in stages.items() if stage in labels), None)
