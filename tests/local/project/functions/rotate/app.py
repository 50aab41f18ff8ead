"""Rotates a secret, in the steps of Secrets Manager."""

from typing import Any

from common import aws  # type: ignore[import-not-found]


def handler(event: dict[str, Any], _context: object) -> None:
    secret, token = event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        versions = aws.call("secretsmanager", "secretsmanager.DescribeSecret", {"SecretId": secret})[
            "VersionIdsToStages"
        ]
        if token not in versions:
            value = {"SecretString": f"key {token}", "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
            aws.call("secretsmanager", "secretsmanager.PutSecretValue", {"SecretId": secret, **value})
    if event["Step"] == "finishSecret":
        versions = aws.call("secretsmanager", "secretsmanager.DescribeSecret", {"SecretId": secret})[
            "VersionIdsToStages"
        ]
        current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
        move = {"VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": current}
        aws.call("secretsmanager", "secretsmanager.UpdateSecretVersionStage", {"SecretId": secret, **move})
