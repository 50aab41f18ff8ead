"""DynamoDB and Secrets Manager for the benchmark: canned answers, at once. Keeps what it was asked.

Run as `stub.py <world.json>`: prints its port, then serves until its input ends. `GET /calls` gives the calls since the
last such question, as `[["Query", "PublicKeysTable"], …]`.
"""

import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any

_TARGET = b"x-amz-target:"
_LENGTH = b"content-length:"


def main() -> None:
    """Serve until the input ends."""
    world = json.loads(Path(sys.argv[1]).read_text())
    # Encoded once: what the stub does is not to be seen in the wall-clock time.
    answers = {target: json.dumps(answer).encode() for target, answer in world["answers"].items()}
    calls: list[Any] = []
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(server, answers, calls), daemon=True).start()
    sys.stdin.read()


def accept(server: socket.socket, answers: dict[str, bytes], calls: list[Any]) -> None:
    """Take connections."""
    while True:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, answers, calls), daemon=True).start()


def serve(connection: socket.socket, answers: dict[str, bytes], calls: list[Any]) -> None:
    """Answer the requests of one connection."""
    received = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                received += chunk
            head, _, body = received.partition(b"\r\n\r\n")
            if head.startswith(b"GET /calls "):
                content = json.dumps(calls).encode()
                calls.clear()
            else:
                fields = [line.lower() for line in head.split(b"\r\n")]
                length = next(int(line[len(_LENGTH) :]) for line in fields if line.startswith(_LENGTH))
                while len(body) < length:
                    body += connection.recv(65536)
                target = next(line for line in head.split(b"\r\n") if line.lower().startswith(_TARGET))
                key, call = asked(target[len(_TARGET) :].strip().decode(), json.loads(body[:length]))
                calls.append(call)
                content = answers[key]
                body = body[length:]
            received = body
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%b"
                % (len(content), content)
            )


def asked(target: str, request: dict[str, Any]) -> tuple[str, list[str]]:
    """Give the key of the answer, and the call: its name, what it is about, and whether it reads consistently."""
    operation = target.rpartition(".")[2]
    match operation:
        case "TransactWriteItems":
            tables = [change["TableName"] for item in request["TransactItems"] for change in item.values()]
            return operation, [operation, *sorted(tables)]
        case "GetSecretValue":
            return operation, [operation]
        case _:
            table = request["TableName"]
            consistent = ["consistent"] if request.get("ConsistentRead") else []
            shard = next((value.get("S", "") for value in request.get("ExpressionAttributeValues", {}).values()), "")
            key = f"{operation} {table} {shard}" if "IndexName" in request else f"{operation} {table}"
            return key, [operation, table, *consistent]


if __name__ == "__main__":
    main()
