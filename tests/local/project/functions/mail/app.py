"""Sends the mail in the body."""

import json
from typing import Any

from common import aws  # type: ignore[import-not-found]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    mail = json.loads(event["body"])
    content = {
        "Subject": {"Data": mail["subject"]},
        "Body": {"Text": {"Data": mail["text"]}, "Html": {"Data": mail["html"]}},
        "Headers": mail.get("headers", []),
    }
    request = {
        "FromEmailAddress": "no-reply@example.com",
        "ReplyToAddresses": mail.get("replyTo", []),
        "Destination": {"ToAddresses": [mail["to"]]},
        "Content": {"Simple": content},
    }
    answer = aws.call("ses", "", request, "/v2/email/outbound-emails")
    return {"statusCode": 200, "body": json.dumps({"id": answer["MessageId"]})}
