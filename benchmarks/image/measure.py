"""The measurements inside Lambda's image: all contenders alternate, round after round.

Reads its order as JSON from standard input (see `benchmarks.speed`), writes progress to standard error and the figures
to standard output. Times are milliseconds, in pairs of CPU and wall clock.
"""

import json
import os
import platform
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

REAL_HASH_COST = 12
# These differ between any two responses.
VOLATILE = {"id", "token", "refreshToken"}


class Stub(socketserver.ThreadingTCPServer):
    """DynamoDB and Secrets Manager: canned responses, without delay. Keeps the calls."""

    daemon_threads = True

    def __init__(self, responses: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        # Encoded once, so that the stub adds little to the wall clock.
        self.responses = {call: json.dumps(response).encode() for call, response in responses.items()}
        self.calls: list[list[str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def respond(self, operation: str, request: dict[str, Any]) -> bytes:
        """Return the response to a call: by operation, table and, for an index, its partition key."""
        if operation == "TransactWriteItems":
            tables = [change["TableName"] for item in request["TransactItems"] for change in item.values()]
            self.calls.append([operation, *sorted(tables)])
            return self.responses[operation]
        consistent = ["consistent"] if request.get("ConsistentRead") else []
        call = [operation, request["TableName"]] if "TableName" in request else [operation]
        self.calls.append([*call, *consistent])
        if "IndexName" in request:
            call.append(next(value["S"] for value in request["ExpressionAttributeValues"].values()))
        return self.responses[" ".join(call)]


class _Connection(socketserver.StreamRequestHandler):
    server: Stub
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer the requests of one connection."""
        while self.rfile.readline():
            headers = {}
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                headers[name.lower()] = value.strip()
            request = json.loads(self.rfile.read(int(headers[b"content-length"])))
            content = self.server.respond(headers[b"x-amz-target"].decode().rpartition(".")[2], request)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
            self.wfile.write(head % len(content) + content)


class Benchmark:
    """The contenders of one run, and the stub they call."""

    def __init__(self, order: dict[str, Any], folder: Path) -> None:
        self.order, self.folder, self.stub = order, folder, Stub(order["responses"])
        self.endpoints: list[str] = list(order["events"])
        for endpoint, event in order["events"].items():
            (folder / f"{endpoint}.json").write_text(json.dumps(event))

    def run(self) -> dict[str, Any]:
        """Return all figures."""
        calls, notes = self.compare()
        return {"calls": calls, "notes": notes, "parts": self.parts(), **self.rounds(), "hash": hash_time()}

    def turns(self, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return the contenders of a round; each round starts with another one."""
        contenders = list(self.order["contenders"].items())
        first = number % len(contenders)
        return iter(contenders[first:] + contenders[:first])

    def start(self, contender: dict[str, Any], endpoint: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
        """Start an execution environment; return it and the figures of its first response."""
        environment = {
            **os.environ,
            **self.order["environment"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.stub.server_address[1]}",
            "PYTHONPATH": os.pathsep.join(contender["path"]).format(endpoint=endpoint),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        module = contender["module"].format(endpoint=endpoint)
        command = [str(Path(__file__).with_name("invoke.py")), module, str(self.folder / f"{endpoint}.json")]
        pipe = subprocess.PIPE
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        line = process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            sys.exit(f"{module}, {endpoint}:\n{process.communicate()[1]}")
        first = json.loads(line)
        first["wall"] = (first["at"] - started) * 1000
        return process, first

    def compare(self) -> tuple[dict[str, Any], list[str]]:
        """Compare the responses and calls of all contenders; return the floor's calls, and any differences."""
        calls: dict[str, Any] = {}
        notes: list[str] = []
        for endpoint in self.endpoints:
            progress(f"comparing responses: {endpoint}")
            seen = {}
            for name, contender in self.order["contenders"].items():
                self.stub.calls.clear()
                process, first = self.start(contender, endpoint)
                process.communicate()
                response = first["response"]
                if response["statusCode"] >= 400:  # noqa: PLR2004
                    sys.exit(f"{name}, {endpoint}: {response}")
                seen[name] = (response["statusCode"], stable(json.loads(response["body"]))), sorted(self.stub.calls)
            expected, calls[endpoint] = seen["floor"]
            notes += [
                f"{name} answers {endpoint} with {answered} instead of {expected}"
                for name, (answered, _) in seen.items()
                if answered != expected
            ]
            notes += [
                f"{name} makes other calls than the floor for {endpoint}: {', '.join(map(' '.join, made))}"
                for name, (_, made) in seen.items()
                if made != calls[endpoint]
            ]
        return calls, notes

    def parts(self) -> dict[str, list[float]]:
        """Measure the parts of a cold start: the CPU time up to the end of each, with the layer's libraries."""
        figures: dict[str, list[float]] = {name: [] for name in self.order["parts"]}
        environment = {**os.environ, "PYTHONPATH": "/opt/python", "PYTHONDONTWRITEBYTECODE": "1"}
        for number in range(self.order["rounds"]):
            progress(f"parts of a cold start: round {number + 1} of {self.order['rounds']}")
            # Without garbage collection, like this project's start.
            program = ["import gc, time", "gc.disable()"]
            for name, statement in self.order["parts"].items():
                program.append(statement)
                command = [sys.executable, "-c", "\n".join([*program, "print(time.process_time() * 1000)"])]
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
                figures[name].append(float(done.stdout))
        return figures

    def rounds(self) -> dict[str, Any]:
        """Start every contender once per round and endpoint: measure its first response, then warm requests.

        A round's warm figures are medians, since requests of one process are alike, and processes differ.
        """
        figures: dict[str, Any] = {
            kind: {endpoint: {name: [] for name in self.order["contenders"]} for endpoint in self.endpoints}
            for kind in ("cold", "warm")
        }
        for number in range(self.order["rounds"]):
            progress(f"round {number + 1} of {self.order['rounds']}")
            for endpoint in self.endpoints:
                for name, contender in self.turns(number):
                    process, first = self.start(contender, endpoint)
                    ask(process, self.order["warm_up"])
                    warm = ask(process, self.order["requests"])
                    process.communicate()
                    figures["cold"][endpoint][name].append((first["cpu"], first["wall"]))
                    figures["warm"][endpoint][name].append([median(times) for times in zip(*warm, strict=True)])
        return figures


def ask(process: "subprocess.Popen[str]", number: int) -> Any:
    """Make a number of requests; return their times."""
    process.stdin.write(f"{number}\n")  # type: ignore[union-attr]
    process.stdin.flush()  # type: ignore[union-attr]
    return json.loads(process.stdout.readline())  # type: ignore[union-attr]


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stable(value: Any) -> Any:
    """Return what is the same in every response."""
    if isinstance(value, dict):
        return {name: "…" if name in VOLATILE else stable(inner) for name, inner in value.items()}
    return [stable(inner) for inner in value] if isinstance(value, list) else value


def hash_time() -> dict[str, Any]:
    """Return the CPU milliseconds of one hash at its real cost: the median of three."""
    sys.path.insert(0, "/opt/python")
    import bcrypt  # noqa: PLC0415  # from the layer

    salt = bcrypt.gensalt(REAL_HASH_COST)
    times = []
    for _ in range(3):
        started = time.process_time()
        bcrypt.hashpw(b"a rather long sentence", salt)
        times.append((time.process_time() - started) * 1000)
    return {"cost": REAL_HASH_COST, "cpu": median(times)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        result = Benchmark(json.load(sys.stdin), Path(name)).run()
    json.dump({**result, "python": platform.python_version()}, sys.stdout)
