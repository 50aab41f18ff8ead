"""Time to live: deletes expired items by ordinary requests, which `local.aws.durable` keeps like all others."""

import time
from collections.abc import Mapping

from local.aws.client import Aws, AwsError


def delete_expired(tables: Mapping[str, str], aws: Aws) -> int:
    """Delete expired items and return their number. `tables` maps a table to its TTL attribute.

    The condition is DynamoDB's own: an item whose time has been extended in the meantime stays.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
    """
    deleted = 0
    for table, attribute in tables.items():
        keys = [
            part["AttributeName"]
            for part in aws.call("dynamodb", "DescribeTable", {"TableName": table})["Table"]["KeySchema"]
        ]
        expression = {
            "ExpressionAttributeNames": {"#ttl": attribute},
            "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
        }
        scan = {"TableName": table, "FilterExpression": "#ttl <= :now", **expression}
        page = aws.call("dynamodb", "Scan", scan)
        items = page["Items"]
        while "LastEvaluatedKey" in page:
            page = aws.call("dynamodb", "Scan", {**scan, "ExclusiveStartKey": page["LastEvaluatedKey"]})
            items += page["Items"]
        for item in items:
            key = {name: item[name] for name in keys}
            try:
                aws.call(
                    "dynamodb",
                    "DeleteItem",
                    {"TableName": table, "Key": key, "ConditionExpression": "#ttl <= :now", **expression},
                )
            except AwsError as problem:
                if problem.code != "ConditionalCheckFailedException":
                    raise
            else:
                deleted += 1
    return deleted
