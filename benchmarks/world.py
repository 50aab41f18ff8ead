"""What `make bench` asks for, and what the tables answer: the event of each endpoint, and the stub's responses."""

import hashlib
import json
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from benchmarks.cloud import typed_json
from shared.accounts import tokens
from shared.core.config import settings
from shared.core.tables import Item, Table
from shared.records import credentials, keys, sessions, users
from shared.values import passwords
from shared.values.client import Client
from tests.support.api import event

# Hashing at its real cost would hide everything else of a sign-in.
HASH_COST = 4
USERS = 84
_EMAIL, _PASSWORD = "ada@example.com", "a rather long sentence"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_IP = "203.0.113.10"
_HEADERS = {
    "accept": "application/json",
    "content-type": "application/json",
    "host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
    "idempotency-key": "6f1f4a5c-1c61-4a4b-8d2b-0f6f5f0d3a11",
    "user-agent": _AGENT,
    "x-forwarded-for": _IP,
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
}


def make() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the stub's response to each call, and the event of each endpoint."""
    passwords.COST = HASH_COST
    kid, private_key, now = str(uuid.uuid4()), ec.generate_private_key(ec.SECP256R1()), int(time.time())
    keys.memory.signing_key, keys.memory.signing_key_read_at = keys.SigningKey(kid, private_key), now
    jwk = ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    published = {"use": "access-token", "kid": kid, "jwk": {**jwk, "kid": kid, "use": "sig", "alg": "ES256"}}

    profiles = [_profile(number) for number in range(USERS)]
    ada = profiles[0]._replace(name="Ada", email=_EMAIL, role="admin")
    client = Client(ip=_IP, user_agent=_AGENT)
    session = sessions.new(ada, client)
    credential = credentials.new(email=_EMAIL, user_id=ada.id, password_hash=passwords.hashed(_PASSWORD)).item()
    credential["devices"] = [hashlib.sha256(_AGENT.encode()).hexdigest()[:16]]
    counted = dict.fromkeys(("tries", "total", "count"), 1) | dict.fromkeys(("failed", "lockedAt", "lockedUntil"), 0)

    names = settings()
    responses: dict[str, Any] = {
        f"GetItem {names.users_table}": {"Item": _typed(users.USERS, ada.item())},
        f"GetItem {names.sessions_table}": {"Item": _typed(sessions.SESSIONS, session.item())},
        f"GetItem {names.credentials_table}": {"Item": _typed(credentials.CREDENTIALS, credential)},
        f"GetItem {names.idempotency_table}": {},
        f"Query {names.public_keys_table}": _page(keys.PUBLIC_KEYS, [{**published, "createdAt": now - 86400}]),
        f"UpdateItem {names.limits_table}": {"Attributes": _typed(users.USERS, {**counted, "expiresAt": now + 60})},
        f"DeleteItem {names.limits_table}": {},
        f"UpdateItem {names.sessions_table}": {
            "Attributes": _typed(sessions.SESSIONS, {**session.item(), "counter": 1})
        },
        "TransactWriteItems": {},
        "GetSecretValue": {
            "ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key",
            "Name": names.signing_key_secret,
            "VersionId": kid,
            "SecretString": ECAlgorithm.to_jwk(private_key),
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": now,
        },
    }
    for shard in "0123":
        items = [profile.item() for profile in reversed(profiles) if profile.shard == shard]
        responses[f"Query {names.users_table} {shard}"] = _page(users.USERS, items)

    token = tokens.access_token(session)
    message = {"name": "Grace Hopper", "email": "grace@example.com", "message": "Do you take on apprentices? " * 10}
    user = _event("GET", f"/api/users/{ada.id}", token=token)
    return responses, {
        "user": {**user, "routeKey": "ANY /api/users/{userId}", "pathParameters": {"userId": ada.id}},
        "users": _event("GET", "/api/users", token=token),
        "login": _event("POST", "/api/auth/login", {"email": _EMAIL, "password": _PASSWORD}),
        "refresh": _event("POST", "/api/auth/refresh", {"refreshToken": tokens.refresh_token(session)}),
        "contact": _event("POST", "/api/contact", message),
    }


def _profile(number: int) -> users.User:
    created = f"2026-01-{1 + number // 4:02}T12:00:{number % 60:02}.000Z"
    user = users.new(name=f"User {number}", email=f"user{number}@example.com", role="user", email_verified=True)
    return user._replace(created_at=created, updated_at=created, shard=str(number % 4))


def _event(method: str, path: str, body: Any = None, token: str = "") -> dict[str, Any]:
    headers = {**_HEADERS, **({"authorization": f"Bearer {token}"} if token else {})}
    return event(method, path, None if body is None else json.dumps(body), headers, _IP)


def _typed(table: Table, item: Item) -> dict[str, Any]:
    typed: dict[str, Any] = json.loads(typed_json(table, item))
    return typed


def _page(table: Table, items: list[Item]) -> dict[str, Any]:
    return {"Items": [_typed(table, item) for item in items], "Count": len(items), "ScannedCount": len(items)}
