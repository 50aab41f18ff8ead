"""The rotation of the signing key: the four steps that Secrets Manager asks for, each possibly more than once.

AWS Secrets Manager, "Lambda rotation functions": createSecret, setSecret, testSecret, finishSecret.
"""

from typing import Any

from shared.core import logs, startup
from shared.records import keys

startup.finish()

STEPS = {
    "createSecret": keys.create,
    "setSecret": keys.publish,
    "testSecret": keys.test,
    "finishSecret": keys.finish,
}


def handler(event: dict[str, Any], _context: object) -> None:
    """Do one step for the version of the secret that is to come."""
    step, version = event["Step"], event["ClientRequestToken"]
    STEPS[step](version)
    logs.logger.info("rotation", extra={"fields": {"step": step, "version": version}})
