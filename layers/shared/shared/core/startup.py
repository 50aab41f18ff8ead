"""The start of an execution environment, up to its first event.

Lambda gives a whole processor while a function's file is imported, and from the first event on the share that goes with
the function's memory. So what every event needs is made here, once.
https://serverlessland.com/content/service/lambda/guides/effectively-running-java-on-serverless/init-heavy-lifting
"""

import gc
import os
from collections.abc import Callable

from shared.core import aws, logs
from shared.core.config import settings


def finish() -> None:
    """Finish the start: every function does so once it has imported what it uses.

    Raises:
        ConfigurationError: the environment lacks a variable.

    """
    logs.configure(settings().log_level)
    aws.dynamodb()
    _settle()


def prepare(make: Callable[[], object]) -> None:
    """Make something else that events have in common."""
    gc.disable()
    make()
    _settle()


def prepare_ahead(make: Callable[[], object]) -> None:
    """Make something that not every event needs, if Lambda starts this environment before anybody waits for it.

    It does for a snapshot (SnapStart), which then holds what was made, and for provisioned concurrency.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    match os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE"):
        case "snap-start":
            # A part of Lambda's runtime, which is nowhere else.
            from snapshot_restore_py import register_before_snapshot  # type: ignore[import-not-found]  # noqa: PLC0415

            register_before_snapshot(prepare, make)
        case "provisioned-concurrency":
            prepare(make)


def _settle() -> None:
    # What is there by now stays for good, so no collection need look at it again.
    gc.freeze()
    gc.enable()
