"""The cold start of an execution environment, up to its first event.

Lambda provides a full CPU while a function's file is imported, but from the first event on only the share that belongs
to the function's memory. So what every event needs is created during the import, once.
https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting
"""

import gc
import os
from collections.abc import Callable

from shared.core import aws, logs
from shared.core.config import settings


def finish(*loads: Callable[[], object]) -> None:
    """Finish the cold start: configure logging, create the DynamoDB client, and call each of `loads`.

    Every function calls it after its imports, and may call it again with more `loads`. Garbage collection is off on
    Lambda until then (`shared/__init__.py`), and never scans what was imported (`gc.freeze`).

    Raises:
        ConfigurationError: an environment variable is missing or invalid.

    """
    gc.disable()
    logs.configure(settings().log_level)
    aws.dynamodb()
    for load in loads:
        load()
    gc.freeze()
    gc.enable()


def starts_before_requests() -> bool:
    """Return whether this environment starts before any request, so that no caller waits for its cold start.

    Lambda does so for SnapStart, whose snapshot includes everything that was loaded, and for provisioned concurrency.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in {"snap-start", "provisioned-concurrency"}
