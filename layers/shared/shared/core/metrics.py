"""Metrics for CloudWatch, each written as a log line in the embedded metric format.

CloudWatch extracts them from the log, so a metric needs no API call and no permission. They are written at every log
level, because alarms depend on them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
import time
from typing import Literal, TypeAlias

from shared.core.config import settings

Count: TypeAlias = Literal[
    "SignIns",
    "SignInFailures",
    # Attempts that were rejected without checking the password, because the account was locked.
    "LockedSignIns",
    # Requests with the header of a trusted proxy and a key that is not valid.
    "WrongProxyKeys",
    # Requests that cause an email and passed without the check of a project's `hooks.before_mail_to_stranger`, because
    # its service was unreachable.
    "RequestsUnchecked",
    "EmailsSent",
    "EmailsFailed",
    "EmailsWaiting",
    # Emails beyond a budget, which wait for it to be renewed.
    "EmailsHeld",
    "EmailsDead",
    "ServerErrors",
    # Calls to other services (`shared.core.outbound`): each is one of the two.
    "OutgoingCalls",
    "OutgoingFailures",
]
Seconds: TypeAlias = Literal["OldestUnsentEmail"]


def count(name: Count, value: int = 1) -> None:
    """Record `value` more occurrences."""
    _write(name, value, "Count")


def seconds(name: Seconds, value: int) -> None:
    """Record a duration in seconds."""
    _write(name, value, "Seconds")


def _write(name: str, value: int, unit: str) -> None:
    # One metric per stack, without dimensions: each dimension value adds a metric to pay for, and no alarm needs it.
    directive = {
        "Namespace": settings().metrics_namespace,
        "Dimensions": [[]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    line = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}, name: value}
    # One call, so that the lines of several threads cannot mix.
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
