"""The measurements, inside Lambda's image: everybody in turn, round after round.

Reads what is to be done from its input, as `benchmarks.speed` says it, writes progress to standard error and the
figures to standard output. Times are milliseconds, each a pair of CPU and wall.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import platform
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

HASH_COST = 4
REAL_HASH_COST = 12
WARM_UP = 50
CHUNK = 10
HERE = Path(__file__).parent
EMAIL, PASSWORD = "ada@example.com", "a rather long sentence"
# What differs from one answer to the next, whoever gives it.
VOLATILE = {"id", "token", "refreshToken"}


def main() -> None:
    """Measure everything."""
    order = json.load(sys.stdin)
    sys.path.insert(0, "/opt/python")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world, events = make_world(order["environment"])
        (folder / "world.json").write_text(json.dumps(world))
        for endpoint, event in events.items():
            (folder / f"{endpoint}.json").write_text(json.dumps(event))
        with subprocess.Popen(
            [sys.executable, str(HERE / "stub.py"), str(folder / "world.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as stub:
            port = int(stub.stdout.readline())  # type: ignore[union-attr]
            result = Benchmark(order, folder, port).run()
            stub.communicate()
    result["machine"] = {"python": platform.python_version(), "processor": processor(), "cores": os.cpu_count()}
    result["hash"] = {"cost": REAL_HASH_COST, "cpu": hash_time()}
    json.dump(result, sys.stdout)


class Benchmark:
    """Who is measured, and how often."""

    def __init__(self, order: dict[str, Any], folder: Path, port: int) -> None:
        self.order, self.folder, self.port = order, folder, port
        self.contenders: dict[str, Any] = order["contenders"]
        self.endpoints: list[str] = order["endpoints"]

    def run(self) -> dict[str, Any]:
        """Give all figures."""
        calls, notes = self.compare()
        return {"calls": calls, "notes": notes, "cold": self.cold(), "warm": self.warm()}

    def start(self, name: str, endpoint: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        """Start an execution environment; give it and what its first answer took."""
        contender = self.contenders[name]
        path = os.pathsep.join(folder.format(endpoint=endpoint) for folder in contender["path"])
        environment = {
            **os.environ,
            **self.order["environment"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "HASH_COST": str(HASH_COST),
        }
        command = [sys.executable, str(HERE / "invoke.py"), contender["module"].format(endpoint=endpoint)]
        started = time.monotonic()
        process = subprocess.Popen(
            [*command, str(self.folder / f"{endpoint}.json")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = process.stdout.readline()  # type: ignore[union-attr]
        if not told:
            sys.exit(f"{name}, {endpoint}:\n{process.communicate()[1]}")
        first = json.loads(told)
        first["wall"] = (first["at"] - started) * 1000
        return process, first

    def compare(self) -> tuple[dict[str, Any], list[str]]:
        """See that everybody answers the same, by the same calls; give the floor's calls and what differs."""
        asked: dict[str, Any] = {}
        notes: list[str] = []
        for endpoint in self.endpoints:
            answers = {}
            for name in self.contenders:
                progress(f"comparing answers: {endpoint}, {name}")
                self.calls()
                process, first = self.start(name, endpoint)
                process.communicate()
                answers[name] = (first["answer"]["statusCode"], stable(json.loads(first["answer"]["body"])))
                if answers[name][0] >= 400:  # noqa: PLR2004
                    sys.exit(f"{name}, {endpoint}: {first['answer']}")
                asked[f"{endpoint} {name}"] = sorted(self.calls())
            for name in self.contenders:
                if answers[name] != answers["floor"]:
                    notes.append(f"{name} answers {endpoint} otherwise: {answers[name]} not {answers['floor']}")
                if asked[f"{endpoint} {name}"] != asked[f"{endpoint} floor"]:
                    calls = ", ".join(" ".join(call) for call in asked[f"{endpoint} {name}"])
                    notes.append(f"{name} makes other calls than the floor for {endpoint}: {calls}")
        return {endpoint: asked[f"{endpoint} floor"] for endpoint in self.endpoints}, notes

    def calls(self) -> list[list[str]]:
        """Give what the stub was asked since the last time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/calls")
        calls: list[list[str]] = json.loads(connection.getresponse().read())
        connection.close()
        return calls

    def cold(self) -> dict[str, Any]:
        """Start everybody anew in each round."""
        figures: dict[str, Any] = {endpoint: {name: [] for name in self.contenders} for endpoint in self.endpoints}
        for number in range(self.order["rounds"]):
            progress(f"cold starts: round {number + 1} of {self.order['rounds']}")
            for endpoint in self.endpoints:
                for name in self.contenders:
                    process, first = self.start(name, endpoint)
                    process.communicate()
                    figures[endpoint][name].append((first["cpu"], first["wall"]))
        return figures

    def warm(self) -> dict[str, Any]:
        """Keep everybody running, and have each answer a few requests in turn."""
        figures: dict[str, Any] = {}
        for endpoint in self.endpoints:
            progress(f"warm requests: {endpoint}")
            running = {name: self.start(name, endpoint)[0] for name in self.contenders}
            figures[endpoint] = {name: [] for name in running}
            for process in running.values():
                ask(process, WARM_UP)
            for _ in range(self.order["requests"] // CHUNK):
                for name, process in running.items():
                    figures[endpoint][name] += ask(process, CHUNK)
            for process in running.values():
                process.communicate()
        return figures


def ask(process: "subprocess.Popen[str]", number: int) -> Any:
    """Have so many requests answered."""
    process.stdin.write(f"{number}\n")  # type: ignore[union-attr]
    process.stdin.flush()  # type: ignore[union-attr]
    return json.loads(process.stdout.readline())  # type: ignore[union-attr]


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stable(value: Any) -> Any:
    """Give what is the same in every answer."""
    if isinstance(value, dict):
        return {name: "…" if name in VOLATILE else stable(inner) for name, inner in value.items()}
    return [stable(inner) for inner in value] if isinstance(value, list) else value


def processor() -> str:
    """Give the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def hash_time() -> float:
    """Give the CPU milliseconds of one hash at its real cost: the median of three."""
    import bcrypt  # noqa: PLC0415  # of the layer, whose folder is known by now

    salt = bcrypt.gensalt(REAL_HASH_COST)
    times = []
    for _ in range(3):
        started = time.process_time()
        bcrypt.hashpw(b"a rather long sentence", salt)
        times.append((time.process_time() - started) * 1000)
    return sorted(times)[1]


# What is in the tables, and what is asked for ------------------------------------------------------


def make_world(environment: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what the stub answers, by operation and table, and the event of each endpoint."""
    import jwt  # noqa: PLC0415  # of the layer, whose folder is known by now
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from jwt.algorithms import ECAlgorithm  # noqa: PLC0415

    def table(name: str) -> str:
        return environment[f"{name}_TABLE"]

    now, kid = int(time.time()), str(uuid.uuid4())
    private_key = ec.generate_private_key(ec.SECP256R1())
    secret = ECAlgorithm.to_jwk(private_key)
    public = ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    users = [user(number) for number in range(84)]
    ada = {**users[0], "name": "Ada", "email": EMAIL, "role": "admin"}
    session = {
        "userId": ada["id"],
        "sessionId": str(uuid.uuid4()),
        **{name: ada[name] for name in ("name", "email", "role")},
        "key": os.urandom(32),
        "counter": 0,
        "createdAt": now - 600,
        "refreshedAt": now - 600,
        "expiresAt": now + 86400,
        "ip": "203.0.113.10",
        "userAgent": "curl/8",
    }
    refreshed = {**session, "counter": 1, "refreshedAt": now}
    published = {
        "use": "access-token",
        "kid": kid,
        "jwk": {**public, "kid": kid, "use": "sig", "alg": "ES256"},
        "createdAt": now - 86400,
    }
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    credential = {
        "email": EMAIL,
        "address": EMAIL,
        "userId": ada["id"],
        "passwordHash": hashed(PASSWORD),
        "verified": True,
        "version": 1,
        "signIns": 3,
        "devices": [hashlib.sha256(agent.encode()).hexdigest()[:16]],
        "former": [],
    }
    limits = {
        "key": "a limit",
        "count": 1,
        "tries": 1,
        "failed": 0,
        "lockedAt": 0,
        "lockedUntil": 0,
        "expiresAt": now + 60,
    }
    answers = {
        f"GetItem {table('USERS')}": {"Item": typed(ada)},
        f"GetItem {table('SESSIONS')}": {"Item": typed(session)},
        f"GetItem {table('CREDENTIALS')}": {"Item": typed(credential)},
        f"GetItem {table('IDEMPOTENCY')}": {},
        f"Query {table('PUBLIC_KEYS')}": {"Items": [typed(published)], "Count": 1, "ScannedCount": 1},
        f"UpdateItem {table('LIMITS')}": {"Attributes": typed(limits)},
        f"UpdateItem {table('SESSIONS')}": {"Attributes": typed(refreshed)},
        "TransactWriteItems": {},
        "GetSecretValue": {
            "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key",
            "Name": environment["SIGNING_KEY_SECRET"],
            "VersionId": kid,
            "SecretString": secret,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": now,
        },
    }
    for shard in range(4):
        items = [typed(item) for item in reversed(users) if item["shard"] == str(shard)]
        answers[f"Query {table('USERS')} {shard}"] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    claims = {
        "iss": environment["TOKEN_ISSUER"],
        "aud": environment["TOKEN_AUDIENCE"],
        "sub": ada["id"],
        "userId": ada["id"],
        "email": EMAIL,
        "role": "admin",
        "sid": session["sessionId"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + 3600,
    }
    token = jwt.encode(claims, private_key, "ES256", headers={"typ": "at+jwt", "kid": kid})
    packed = struct.pack(">c16s16sI", b"\x01", uuid.UUID(ada["id"]).bytes, uuid.UUID(session["sessionId"]).bytes, 0)
    seal = hmac.digest(session["key"], b"refresh\x00" + packed, hashlib.sha256)
    refresh_token = base64.urlsafe_b64encode(packed + seal).rstrip(b"=").decode()

    def post(path: str, body: Any) -> dict[str, Any]:
        return event(path, path, agent, body=json.dumps(body))

    signed_in = f"Bearer {token}"
    message = {"name": "Grace Hopper", "email": "grace@example.com", "message": "Do you take on apprentices? " * 10}
    return {"answers": answers}, {
        "user": event("/api/users/{userId}", f"/api/users/{ada['id']}", agent, token=signed_in, userId=ada["id"]),
        "users": event("/api/users", "/api/users", agent, token=signed_in),
        "login": post("/api/auth/login", {"email": EMAIL, "password": PASSWORD}),
        "refresh": post("/api/auth/refresh", {"refreshToken": refresh_token}),
        "contact": post("/api/contact", message),
    }


def user(number: int) -> dict[str, Any]:
    """Make up the so-manieth user."""
    created = f"2026-01-{1 + number // 4:02}T12:00:{number % 60:02}.000Z"
    id_ = str(uuid.UUID(int=number + 2**100, version=4))
    return {
        "id": id_,
        "name": f"User {number}",
        "email": f"user{number}@example.com",
        "role": "user",
        "status": "active",
        "emailVerified": True,
        "emailStatus": "ok",
        "createdAt": created,
        "updatedAt": created,
        "version": 1,
        "shard": str(number % 4),
        "position": f"{created}#{id_}",
    }


def event(
    route: str, path: str, agent: str, *, body: str | None = None, token: str = "", **parameters: str
) -> dict[str, Any]:
    """Make an event as API Gateway does (payload format 2.0)."""
    method = "GET" if body is None else "POST"
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
        "idempotency-key": "6f1f4a5c-1c61-4a4b-8d2b-0f6f5f0d3a11",
        "user-agent": agent,
        "x-forwarded-for": "203.0.113.10",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
        **({"authorization": token} if token else {}),
    }
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.10", "userAgent": agent}
    return {
        "version": "2.0",
        "routeKey": f"ANY {route}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": http,
            "requestId": "MkR11hYRjoEEPwA=",
            "routeKey": f"ANY {route}",
            "stage": "$default",
            "time": "04/Aug/2026:12:00:00 +0000",
            "timeEpoch": 1785844800000,
        },
        **({"pathParameters": parameters} if parameters else {}),
        **({"body": body} if body is not None else {}),
        "isBase64Encoded": False,
    }


def hashed(password: str) -> str:
    """Hash a password in the format that passlib calls bcrypt-sha256, at the benchmark's cost."""
    import bcrypt  # noqa: PLC0415

    salt = bcrypt.gensalt(HASH_COST)[-22:].decode()
    digest = hmac.digest(salt.encode(), password.encode(), hashlib.sha256)
    whole = bcrypt.hashpw(base64.b64encode(digest), f"$2b${HASH_COST:02}${salt}".encode()).decode()
    return f"$bcrypt-sha256$v=2,t=2b,r={HASH_COST}${salt}${whole[-31:]}"


def typed(item: dict[str, Any]) -> dict[str, Any]:
    """Write DynamoDB's form of an item, as JSON carries it."""
    return {name: _typed(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": base64.b64encode(value).decode()}
        case list():
            return {"L": [_typed(inner) for inner in value]}
        case _:
            return {"M": typed(value)}


if __name__ == "__main__":
    main()
