"""Writes the item in the request body to a table."""

import json
from typing import Any

from common import aws  # type: ignore[import-not-found]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    item = {name: {"S": value} for name, value in json.loads(event["body"]).items()}
    request = {"TableName": event["pathParameters"]["table"], "Item": item}
    aws.call("dynamodb", "DynamoDB_20120810.PutItem", request)
    return {"statusCode": 201, "body": "{}"}
