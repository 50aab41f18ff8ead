"""The start of an execution environment, up to its first event.

Lambda gives a whole processor while a function's file is imported, and from the first event on the share that goes with
the function's memory. So what every event needs is made here, once.
"""

import gc
import os
from collections.abc import Callable

from shared import aws, logs
from shared.config import settings


def finish() -> None:
    """Finish the start: every function does so once it has imported what it uses.

    Raises:
        ConfigurationError: the environment lacks a variable.

    """
    logs.configure(settings().log_level)
    aws.dynamodb()
    # What was imported stays for good, so no collection need look at it again.
    gc.freeze()
    gc.enable()


def before_snapshot(prepare: Callable[[], object]) -> None:
    """Have something done before Lambda takes a snapshot (SnapStart), which then holds it; otherwise never.

    It is for what is put off, since not every event needs it.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        # A part of Lambda's runtime, which is nowhere else.
        from snapshot_restore_py import register_before_snapshot  # type: ignore[import-not-found]  # noqa: PLC0415

        register_before_snapshot(prepare)
