"""Set up the fake AWS, and reset what a function's process keeps between calls."""

from collections.abc import Mapping
from typing import Any

import boto3
import time_machine
from aws_lambda_powertools.utilities.circuit_breaker import base as circuit_breaker

from shared.core import aws, clock
from shared.mail import providers
from shared.records import keys
from tests.support.api import deliver, entries, load, retry

REGION = "eu-west-1"
KEY_VERSION = "00000000-0000-4000-8000-00000000000a"
_NOT_IN_CREATE_TABLE = ("PointInTimeRecoverySpecification", "TimeToLiveSpecification")


def forget_clients() -> None:
    """Forget the AWS clients and what depends on them, so that the next call uses the current environment.

    The session is kept, since it takes long to load its data.
    """
    for client in (aws.dynamodb, aws.s3, aws.secretsmanager, aws.sesv2, aws.sqs):
        client.cache_clear()
    forget_circuits()


def forget_circuits() -> None:
    """Close the email providers' circuit breakers, as if they had never failed, and recreate the SendGrid client.

    The SendGrid client keeps its API key and its connection, which belong to the previous test.
    """
    providers.circuits.cache_clear()
    providers.pace_of.cache_clear()
    for counts in (circuit_breaker._LOCAL_FAILURES, circuit_breaker._LOCAL_SUCCESSES):
        counts.clear()
    circuit_breaker._LAST_OBSERVED_STATE.clear()
    providers._PROVIDERS["sendgrid"] = providers.SendGrid()


def create_table(name: str, properties: Mapping[str, Any]) -> None:
    """Create a table with the properties from the template."""
    stream = properties.get("StreamSpecification")
    table = {key: value for key, value in properties.items() if key not in (*_NOT_IN_CREATE_TABLE, "Metadata")}
    if stream is not None:
        table["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if "SSESpecification" in table:
        table["SSESpecification"] = {"Enabled": True}
    boto3.client("dynamodb").create_table(TableName=name, **table)


def create_bucket(name: str) -> None:
    """Create a private bucket."""
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def rotate(version: str = KEY_VERSION) -> str:
    """Rotate the signing key in its four steps. Return the key's id."""
    for step in (keys.create, keys.publish, keys.test, keys.finish):
        step(version)
    return version


def rotate_proxy_key(version: str = KEY_VERSION) -> str:
    """Rotate the proxy key in its four steps. Return the key."""
    secret = "ProxyKeySecret"
    rotation = load("jobs/rotate_proxy_key")
    for step in rotation.STEPS:
        rotation.handler({"Step": step, "ClientRequestToken": version, "SecretId": secret}, None)
    return str(aws.secretsmanager().get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"])


def deliver_by(job: str) -> None:
    """Deliver the waiting emails with one of the two jobs, after a cold start."""
    forget_circuits()
    if job == "deliver_email":
        deliver(*entries())
    else:
        with time_machine.travel(clock.now() + 2 * clock.MINUTE):
            retry()
