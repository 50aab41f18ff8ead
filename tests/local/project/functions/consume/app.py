"""Counts the deliveries of each stream record; fails for ids that begin with `raise` or `poison`."""

from typing import Any

from common import aws  # type: ignore[import-not-found]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    failures = []
    for record in event["Records"]:
        item_id = record["dynamodb"]["Keys"]["id"]["S"]
        if item_id.startswith("raise"):
            raise RuntimeError(item_id)
        if item_id.startswith("poison"):
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
            break
        request = {
            "TableName": "NotesTable",
            "Key": {"id": {"S": item_id}},
            "UpdateExpression": "ADD deliveries :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", request)
    return {"batchItemFailures": failures}
