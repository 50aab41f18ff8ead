"""Run by Secrets Manager: the four steps of rotating the signing key. Each step may run more than once.

AWS Secrets Manager, "Lambda rotation functions": createSecret, setSecret, testSecret, finishSecret.
"""

from typing import Any

from shared.core import logs, startup
from shared.records import keys, secret_versions

startup.finish()

STEPS = {
    "createSecret": keys.create,
    "setSecret": keys.publish,
    "testSecret": keys.test,
    "finishSecret": keys.finish,
}


def handler(event: dict[str, Any], _context: object) -> None:
    """Run one step for the new version of the secret."""
    step, version = event["Step"], event["ClientRequestToken"]
    secret_versions.run(lambda: STEPS[step](version))
    logs.logger.info("rotation", extra={"fields": {"step": step, "version": version}})
