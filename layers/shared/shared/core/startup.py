"""The cold start of an execution environment, up to its first event.

Lambda gives a full processor while a function's file is imported, and from the first event on only the share that goes
with the function's memory. So what every event needs is made here, once.
https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting
"""

import gc
import os
from collections.abc import Callable

from shared.core import aws, logs
from shared.core.config import settings


def finish(*loads: Callable[[], object]) -> None:
    """Finish the cold start: configure logging, create the DynamoDB client, and call each of `loads`.

    Every function calls it once it has imported what it uses. Another call is for more `loads`. Garbage collection is
    off on Lambda until then (`shared/__init__.py`), and never scans what was imported (`gc.freeze`).

    Raises:
        ConfigurationError: the environment lacks a variable.

    """
    gc.disable()
    logs.configure(settings().log_level)
    aws.dynamodb()
    for load in loads:
        load()
    gc.freeze()
    gc.enable()


def is_ahead_of_requests() -> bool:
    """Return whether Lambda starts this environment before a request waits for it.

    It does for a snapshot (SnapStart), which then holds whatever was loaded, and for provisioned concurrency.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in {"snap-start", "provisioned-concurrency"}
