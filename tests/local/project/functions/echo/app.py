"""Returns the event that it received, and facts about its own process."""

import json
import os
from typing import Any

from common import VERSION  # type: ignore[import-not-found]

MESSAGE = "first"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    about = {
        "event": event,
        "environment": dict(os.environ),
        "pid": os.getpid(),
        "folder": str(os.getcwd()),  # noqa: PTH109
        "layer": VERSION,
        "message": MESSAGE,
        "requestId": context.aws_request_id,
        "function": context.function_name,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
    }
    return {"statusCode": 200, "headers": {"x-echo": "yes"}, "cookies": ["a=1", "b=2"], "body": json.dumps(about)}
