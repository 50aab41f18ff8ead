"""Creates the tables, secrets, queues and buckets of the template in MiniStack."""

import json
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parseaddr
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from local.aws import ACCOUNT, REGION
from local.aws.client import Aws, AwsError
from local.errors import RunnerError
from local.template import Project

# The properties with the same name in CreateTable and in CloudFormation.
_TABLE_PROPERTIES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
# The environment variable with a function's sender.
_SENDER = "MAIL_FROM"
_LOCATION = f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
_PLACEHOLDER = uuid.UUID("6f0d2b0e-7c6a-4a55-9d53-5a0c1d1f7d10")


def create_missing(project: Project, aws: Aws) -> list[str]:
    """Create what is missing, and return its names. Raises RunnerError when a table differs from the template."""
    _senders(project, aws)
    return [
        *_tables(project.tables, aws),
        *_secrets(project.secrets, aws),
        *_queues(project.queues, aws),
        *_buckets(project.buckets, aws),
    ]


def set_secrets(values: Mapping[str, str], aws: Aws) -> None:
    """Set the values of these secrets. Skip a secret that the template does not create."""
    for name, value in values.items():
        try:
            current = aws.call("secretsmanager", "GetSecretValue", {"SecretId": name})["SecretString"]
        except AwsError as problem:
            if problem.code != "ResourceNotFoundException":
                raise
            continue
        if current != value:
            token = str(uuid.uuid4())
            aws.call(
                "secretsmanager",
                "PutSecretValue",
                {"SecretId": name, "SecretString": value, "ClientRequestToken": token},
            )


def queue_url(name: str, endpoint: str) -> str:
    """Return the URL of a queue, which is what `!Ref` returns on AWS."""
    return f"{endpoint}/{ACCOUNT}/{name}"


def placeholder_version(secret: str) -> str:
    """Return the version id of a secret's first value. It is fixed, which distinguishes it from a rotated one."""
    return str(uuid.uuid5(_PLACEHOLDER, secret))


def time_to_live(project: Project) -> dict[str, str]:
    """Return the TTL attribute of each table that has one."""
    return {
        name: table["TimeToLiveSpecification"]["AttributeName"]
        for name, table in project.tables.items()
        if (table.get("TimeToLiveSpecification") or {}).get("Enabled")
    }


def _tables(tables: Mapping[str, Mapping[str, Any]], aws: Aws) -> Iterator[str]:
    existing = set(aws.call("dynamodb", "ListTables", {})["TableNames"])
    for name, declared in tables.items():
        if name in existing:
            _check_table(name, declared, aws)
            continue
        stream = declared.get("StreamSpecification")
        request = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            **{key: declared[key] for key in _TABLE_PROPERTIES if key in declared},
            **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
        }
        try:
            aws.call("dynamodb", "CreateTable", request)
        except AwsError as problem:
            raise RunnerError(
                f"{name} cannot be created from the template: {problem}. Correct it and save."
            ) from problem
        yield name


def _check_table(name: str, declared: Mapping[str, Any], aws: Aws) -> None:
    existing = aws.call("dynamodb", "DescribeTable", {"TableName": name})["Table"]
    try:
        differs = _shape(existing) != _shape(declared)
    # The template's keys or indexes are incomplete.
    except (AttributeError, KeyError, TypeError):
        differs = True
    if differs:
        raise RunnerError(
            f"{name} exists with different keys, indexes or stream than in the template, and the runner does not "
            "change a table with data. Restore the template, or start with empty data: `make reset`."
        )


def _shape(table: Mapping[str, Any]) -> Any:
    """Return what must not change on an existing table: its keys, its indexes' keys, and its stream's view type."""

    def keys(schema: Any) -> Any:
        return sorted((part["AttributeName"], part["KeyType"]) for part in schema)

    indexes = [*(table.get("GlobalSecondaryIndexes") or ()), *(table.get("LocalSecondaryIndexes") or ())]
    stream = table.get("StreamSpecification") or {}
    return (
        keys(table["KeySchema"]),
        sorted((index["IndexName"], keys(index["KeySchema"])) for index in indexes),
        stream.get("StreamViewType") if stream.get("StreamEnabled", True) else None,
    )


def _secrets(declarations: Mapping[str, Mapping[str, Any]], aws: Aws) -> Iterator[str]:
    for name, declared in declarations.items():
        try:
            described = aws.call("secretsmanager", "DescribeSecret", {"SecretId": name})
        except AwsError as problem:
            if problem.code != "ResourceNotFoundException":
                raise
            aws.call("secretsmanager", "CreateSecret", {"Name": name})
            described = {"VersionIdsToStages": {}}
            yield name
        if not described.get("VersionIdsToStages"):
            # MiniStack's CreateSecret ignores a version id; PutSecretValue takes one.
            value = declared.get("SecretString") or generated(declared.get("GenerateSecretString") or {})
            request = {"SecretId": name, "SecretString": value, "ClientRequestToken": placeholder_version(name)}
            aws.call("secretsmanager", "PutSecretValue", request)


def generated(declared: Mapping[str, Any]) -> str:
    """Return a random value as CloudFormation generates one: a text, or a JSON object that has it under a key."""
    text = secrets.token_hex(int(declared.get("PasswordLength", 32)) // 2)
    key = declared.get("GenerateStringKey")
    return text if key is None else json.dumps({**json.loads(declared["SecretStringTemplate"]), key: text})


def _senders(project: Project, aws: Aws) -> None:
    """Verify the senders of the functions, which is a manual step on AWS: SES rejects an unverified sender."""
    senders = {
        function.environment[_SENDER] for function in project.functions.values() if _SENDER in function.environment
    }
    headers = {"Authorization": aws.authorization("ses"), "Content-Type": "application/json"}
    for sender in senders:
        address = parseaddr(sender)[1]
        status, _ = aws.http("GET", f"/v2/email/identities/{quote(address)}", headers=headers)
        if status == HTTPStatus.NOT_FOUND:
            aws.http("POST", "/v2/email/identities", json.dumps({"EmailIdentity": address}), headers)


def _queues(queues: Mapping[str, Mapping[str, Any]], aws: Aws) -> Iterator[str]:
    for name in queues:
        try:
            aws.call("sqs", "GetQueueUrl", {"QueueName": name})
        except AwsError as problem:
            if "NonExistentQueue" not in problem.code and "QueueDoesNotExist" not in problem.code:
                raise
            aws.call("sqs", "CreateQueue", {"QueueName": name})
            yield name


def _buckets(buckets: Iterable[str], aws: Aws) -> Iterator[str]:
    headers = {"Authorization": aws.authorization("s3")}
    for name in buckets:
        status, _ = aws.http("HEAD", f"/{name}", headers=headers)
        if status == HTTPStatus.NOT_FOUND:
            status, body = aws.http("PUT", f"/{name}", _LOCATION, headers)
            if status != HTTPStatus.OK:
                raise RunnerError(f"{name} cannot be created: {body.decode(errors='replace')}")
            yield name
