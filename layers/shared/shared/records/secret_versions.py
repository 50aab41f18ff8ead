"""The versions of a secret in Secrets Manager, and how a rotation replaces the current one.

A secret has a current, a previous and, during a rotation, a pending version. The version's id is the rotation's token.
AWS Secrets Manager, "Rotation by Lambda function".
"""

import time
from collections.abc import Callable, Mapping, Sequence

from botocore.exceptions import ClientError

from shared.core import logs
from shared.core.aws import error_code, secretsmanager, translated_errors

# Together less than the timeout of a rotation's function, in seconds.
_RETRY_TIME, _RETRY_PAUSE = 40, 2


class RotationError(Exception):
    """A step cannot be done in the current state. Secrets Manager reports it and retries later."""


def run(step: Callable[[], None]) -> None:
    """Run a step of a rotation, and retry it for 40 seconds while AWS denies access.

    The first rotation starts right after its role is created, and a new role's permissions take seconds to reach all of
    AWS. Nobody can sign in before that rotation has succeeded.
    """
    deadline = time.monotonic() + _RETRY_TIME
    while True:
        try:
            return step()
        except ClientError as error:
            if error_code(error) != "AccessDeniedException" or time.monotonic() + _RETRY_PAUSE > deadline:
                raise
        logs.logger.warning("rotation is denied access")
        time.sleep(_RETRY_PAUSE)


def read(secret_id: str, **which: str) -> tuple[str, str] | None:
    """Return the id and the text of one version, or None if it does not exist or has no text yet."""
    with translated_errors():
        try:
            response = secretsmanager().get_secret_value(SecretId=secret_id, **which)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return None
            raise
    return response["VersionId"], response["SecretString"]


def put_pending(secret_id: str, version: str, text: str) -> None:
    """Store the pending version. Storing the same text again changes nothing."""
    with translated_errors():
        secretsmanager().put_secret_value(
            SecretId=secret_id, ClientRequestToken=version, SecretString=text, VersionStages=["AWSPENDING"]
        )


def stages(secret_id: str) -> Mapping[str, Sequence[str]]:
    """Return the stages of each version: AWSCURRENT, AWSPREVIOUS or AWSPENDING."""
    with translated_errors():
        return secretsmanager().describe_secret(SecretId=secret_id)["VersionIdsToStages"]


def make_current(secret_id: str, version: str) -> None:
    """Make the pending version the current one, and the current one the previous one.

    Raises:
        RotationError: a later rotation has already replaced this version. That must not be undone.

    """
    stages_of = stages(secret_id)
    if not {"AWSPENDING", "AWSCURRENT"} & set(stages_of.get(version, ())):
        raise RotationError(f"Version {version} of the secret is no longer pending or current")
    current = next((other for other in stages_of if "AWSCURRENT" in stages_of[other]), None)
    if current == version:
        return
    with translated_errors():
        secretsmanager().update_secret_version_stage(
            SecretId=secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            **({"RemoveFromVersionId": current} if current else {}),
        )
