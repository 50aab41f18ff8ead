"""Fails, or responds with something odd, as named by the path."""

import json
import os
import signal
import sys
import time
from typing import Any

ANSWERS: dict[str, Any] = {
    "status": {"statusCode": "soon", "body": ""},
    "headers": {"statusCode": 200, "headers": {"x-split": "a\r\nb: c"}, "body": ""},
    "set": {1, 2},
    "lengths": {
        "statusCode": 200,
        "headers": {"Content-Length": "3", "transfer-encoding": "gzip", "x-kept": "yes"},
        "body": "whole body",
    },
    "plain": {"hello": "world"},
    "base64": {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "AAEC", "isBase64Encoded": True},
}


def handler(event: dict[str, Any], _context: object) -> Any:
    kind = event["pathParameters"]["kind"]
    if kind == "raise":
        raise RuntimeError("as asked")
    if kind == "exit":
        sys.exit(3)
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "hang":
        sys.stdout.write(f"hanging in {os.getpid()}\n")
        time.sleep(60)
    if kind == "print":
        sys.stdout.write("printed by the handler\n")
        os.write(1, b"written past Python\n")
    if kind == "call":
        line = {"message": "outgoing call", "service": "weather", "method": "GET", "status": 200}
        sys.stdout.write(f"{json.dumps(line)}\n")
    if kind == "given":
        return json.loads(event["body"])
    return ANSWERS.get(kind, {"statusCode": 200, "body": str(os.getpid())})
