"""Sends the email in the request body."""

import json
from typing import Any

from common import aws  # type: ignore[import-not-found]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    email = json.loads(event["body"])
    content = {
        "Subject": {"Data": email["subject"]},
        "Body": {"Text": {"Data": email["text"]}, "Html": {"Data": email["html"]}},
        "Headers": email.get("headers", []),
    }
    request = {
        "FromEmailAddress": "no-reply@example.com",
        "ReplyToAddresses": email.get("replyTo", []),
        "Destination": {"ToAddresses": [email["to"]]},
        "Content": {"Simple": content},
    }
    answer = aws.call("ses", "", request, "/v2/email/outbound-emails")
    return {"statusCode": 200, "body": json.dumps({"id": answer["MessageId"]})}
