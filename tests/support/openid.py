"""A provider of sign-ins on this machine: an OpenID provider, and GitHub, that say what a test tells them to say.

It is a real server with real keys. A test changes its answers: `provider.claims`, `provider.answers` and the rest.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "our-client", "our-secret"
_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())


def public_keys() -> list[dict[str, Any]]:
    """The published keys, as JWKs."""
    return [
        {**json.loads(RSAAlgorithm.to_jwk(_RSA.public_key())), "kid": "rsa", "use": "sig", "alg": "RS256"},
        {**json.loads(ECAlgorithm.to_jwk(_EC.public_key())), "kid": "ec", "use": "sig", "alg": "ES256"},
    ]


@dataclass
class Provider:
    """The provider's state. `claims` are those of the user who signs in; a value of None leaves one out."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=public_keys)
    userinfo: dict[str, Any] = field(default_factory=dict)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    # Replaces the answer of a path: a function that writes to the connection.
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    algorithm: str = "RS256"
    key_id: str | None = "rsa"
    # Makes the id token from the claims; the default signs them.
    sign: Callable[[dict[str, Any]], str] | None = None
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """Be an honest provider of Ada again."""
        self.__init__(self.issuer, {"sub": "ada-1", "email": "ada@example.com", "email_verified": True, "name": "Ada"})  # type: ignore[misc]

    def paths(self) -> list[str]:
        """The paths that were called, in order."""
        return [path for path, _, _ in self.requests]

    def authorize(self, url: str) -> dict[str, str]:
        """Sign the user in, as a browser would at this address. Return what comes back with the browser."""
        sent = dict(parse_qsl(urlsplit(url).query))
        code = base64.urlsafe_b64encode(hashlib.sha256(url.encode()).digest()).decode()
        self._codes[code] = sent
        return {"state": sent["state"], "code": code}

    def id_token(self, nonce: str, **changes: Any) -> str:
        """An id token for the user, with these claims changed."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.claims,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return self.sign(claims)
        key: Any = _EC if self.algorithm == "ES256" else _RSA
        headers = {} if self.key_id is None else {"kid": self.key_id}
        return jwt.encode(claims, key, self.algorithm, headers)

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer at the token endpoint. Like every good provider, check the code verifier."""
        sent = self._codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if sent is None or challenge.rstrip(b"=").decode() != sent["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        token = {"access_token": "access", "token_type": "Bearer"}
        return 200, {**token, "id_token": self.id_token(sent.get("nonce", ""))}

    def exchange_at_github(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer like GitHub, which has no id tokens, and a 200 for errors too."""
        status, answer = self.exchange(form)
        if status != 200:
            return 200, {"error": "bad_verification_code"}
        return 200, {"access_token": answer["access_token"], "token_type": "bearer", "scope": "read:user,user:email"}

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """Answer a request."""
        if path == "/token":
            return self.exchange(form)
        if path == "/login/oauth/access_token":
            return self.exchange_at_github(form)
        answers = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                **self.metadata,
            },
            "/jwks": {"keys": self.keys},
            "/userinfo": self.userinfo,
            "/user": self.userinfo,
            "/user/emails": self.addresses,
        }
        return (200, answers[path]) if path in answers else (404, {})


def returned(url: str) -> dict[str, str]:
    """What an address has in its query."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def query(**values: str) -> str:
    """A query string."""
    return "?" + urlencode(values)


@contextmanager
def running() -> Iterator[Provider]:
    """Run the provider."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
            self._respond(dict(parse_qsl(body)))

        def _respond(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            provider.requests.append((path, dict(self.headers), form))
            if path in provider.answers:
                provider.answers[path](self)
                return
            status, answer = provider.answer(path, form)
            send_json(self, answer, status)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    provider.reset()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send_json(handler: BaseHTTPRequestHandler, answer: Any, status: int = 200) -> None:
    """Send an answer as JSON."""
    content = json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
