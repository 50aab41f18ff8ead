"""Metrics: numbers for CloudWatch, each written as a line of the log, in the embedded metric format.

CloudWatch takes them from the log, so they cost a request no call and a function no permission. They are written
whatever the log level, since alarms rest on them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from typing import Literal, TypeAlias

from shared.core.config import settings

Count: TypeAlias = Literal[
    "SignIns",
    "SignInFailures",
    # Tries that were refused unseen, since the account was locked.
    "LockedSignIns",
    "EmailsSent",
    "EmailsFailed",
    "EmailsWaiting",
    "EmailsDead",
    "ServerErrors",
]
Seconds: TypeAlias = Literal["OldestUnsentEmail"]


def count(name: Count, value: int = 1) -> None:
    """Count so many more."""
    _write(name, value, "Count")


def seconds(name: Seconds, value: int) -> None:
    """Note a length of time."""
    _write(name, value, "Seconds")


def _write(name: str, value: int, unit: str) -> None:
    # One for each stack and no dimensions: each further one is a metric to pay for, and no alarm needs it.
    directive = {
        "Namespace": settings().metrics_namespace,
        "Dimensions": [[]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, name: value}
    print(json.dumps(line, separators=(",", ":")))  # the format is a line of standard output
