"""Requests and responses without their secrets: what `History` keeps of an exchange.

Threats. Whoever sees the page, a screenshot of it or the runner's memory must not find a password or a token there. So
secrets are masked before anything is kept, by the names of headers, parameters and fields, wherever they are nested,
and tokens by their form. A body that cannot be read, or that has no names, is not kept: only its size and type are.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from multipart import PushMultipartParser, parse_options_header

from local.gateway.recording import Exchange, HeaderPairs, Message

MASK = "•••"
# The most characters that are kept of a body, and of all headers of a message.
MAX_SHOWN, MAX_HEADERS = 16_000, 8_000
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-proxy-key", "x-api-key", "x-amz-security-token"}
)
# Headers whose URLs may have secrets as parameters, such as the token of an emailed link.
_URL_HEADERS = frozenset({"referer", "location", "content-location", "link", "origin"})
# Names are compared in lower case, without separators: `refresh_token` is `refreshtoken`. Secret are these names, and
# all that contain one of the words below. An authenticator app has `uri` and `secret`.
_SECRET_NAMES = frozenset(
    {
        *("registration", "code", "mailcode", "oauthcode", "codeverifier", "recoverycode", "recoverycodes", "otp"),
        *("device", "pwd", "privatekey", "request", "nonce", "uri", "authorization", "xproxykey", "proxykey", "apikey"),
    }
)
_SECRET_WORDS = (
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "cookie",
    "credential",
    "signature",
    "totp",
    "keyid",
)
_HARMLESS_NAMES = frozenset({"tokentype"})
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_PARTS = re.compile(r"[^\[\].]+")
# What can be the name of a field, and not a secret.
_NAME = re.compile(r"(?!eyJ)[\w.\[\]-]{1,100}")
_MAX_FIELDS, _MAX_DEPTH = 100, 20
# A JSON Web Token, and a bearer token.
_TOKENS = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=Bearer )[\w.~+/-]+=*(?![\w=\"])")
# A name with a value in a text, such as the parameter of a link.
_PARAMETER = re.compile(r"(?<![\w.\[\]-])([\w.\[\]-]+)=([^&\s\"'<>#]+)")


def masked(exchange: Exchange, more_names: Iterable[str] = ()) -> dict[str, Any]:
    """Return {query, request, response} without secrets; each message is {headers, body, note}.

    `more_names` are further names of secret fields. `note` says why there is no body, or what it lacks.
    """
    mask = _Mask(more_names)
    return {
        "query": mask.query(exchange.query),
        "request": mask.message(exchange.request, is_response=False),
        "response": mask.message(exchange.response, is_response=True),
    }


def size_of(kept: Mapping[str, Any]) -> int:
    """Return the number of characters in a masked exchange."""
    return len(kept["query"]) + sum(
        len(message["body"] or "") + sum(len(name) + len(value) for name, value in message["headers"])
        for message in (kept["request"], kept["response"])
    )


class _Mask:
    """Masks the values of secret names. `more_names` as in `masked`."""

    def __init__(self, more_names: Iterable[str]) -> None:
        self._names = _SECRET_NAMES | {_normalized(name) for name in more_names}

    def is_secret(self, name: str) -> bool:
        """Return whether a field with this name is secret: `token`, `user[password]`, `recovery_codes`."""
        return any(self._is_secret(_normalized(part)) for part in [name, *_PARTS.findall(name)])

    def _is_secret(self, name: str) -> bool:
        return name in self._names or (name not in _HARMLESS_NAMES and any(word in name for word in _SECRET_WORDS))

    def query(self, query: str) -> str:
        """Return a query, decoded, with its secret parameters masked."""
        pairs = parse_qsl(query, keep_blank_values=True)
        shown = ((name if _NAME.fullmatch(name) else MASK, self._text(name, value)) for name, value in pairs)
        return _shorten("&".join(f"{name}={value}" for name, value in shown), MAX_HEADERS)

    def message(self, message: Message, *, is_response: bool) -> dict[str, Any]:
        """Return {headers, body, note}."""
        kind = next((value for name, value in message.headers if name.lower() == "content-type"), "")
        body, note = None, ""
        if message.size is None:
            note = "The body was not read."
        elif message.size:
            body = None if message.body is None else self._body(message.body, kind, is_response=is_response)
            about = f"{message.size:,} bytes{f' of {_shorten(self._in_text(kind), 100)}' if kind else ''}"
            if body is None:
                note = f"The body is not shown: {about}."
            elif len(body) > MAX_SHOWN:
                body, note = body[:MAX_SHOWN], f"Only the beginning of the body is shown: {about}."
        return {"headers": self._headers(message.headers), "body": body, "note": note}

    def _headers(self, headers: HeaderPairs) -> list[tuple[str, str]]:
        kept, room = [], MAX_HEADERS
        for name, value in headers:
            shown = _shorten(self._header(name.lower(), value), room)
            room -= len(name) + len(shown)
            if room < 0:
                break
            kept.append((name, shown))
        return kept

    def _header(self, name: str, value: str) -> str:
        if name in {"authorization", "proxy-authorization"}:
            scheme, space, _ = value.partition(" ")
            return f"{scheme} {MASK}" if space else MASK
        if name in _SECRET_HEADERS or self.is_secret(name):
            return MASK
        return self._in_text(self._url(value) if name in _URL_HEADERS else value)

    def _url(self, text: str) -> str:
        try:
            url = urlsplit(text)
        except ValueError:
            return MASK
        # A password in the authority of the URL.
        authority = f"{MASK}@{url.netloc.rpartition('@')[2]}" if "@" in url.netloc else url.netloc
        return urlunsplit(url._replace(netloc=authority))

    def _in_text(self, text: str) -> str:
        """Mask the tokens and the secret parameters of links in a text."""
        text = _TOKENS.sub(MASK, text)
        if "=" not in text:
            return text
        return _PARAMETER.sub(lambda found: f"{found[1]}={MASK}" if self.is_secret(found[1]) else found[0], text)

    def _text(self, name: str, value: str) -> str:
        return MASK if value and self.is_secret(name) else self._in_text(value)

    def _body(self, body: bytes, kind: str, *, is_response: bool) -> str | None:
        media_type = kind.partition(";")[0].strip().lower()
        readers: dict[str, Callable[[], str]] = {
            "application/x-www-form-urlencoded": lambda: self._form(body),
            "multipart/form-data": lambda: self._multipart(body, kind),
        }
        try:
            return readers.get(media_type, lambda: self._json(body, is_response=is_response))()
        # The body does not match its type, or is nested too deeply. Parsers raise undocumented errors, and no request
        # may fail here.
        except Exception:  # noqa: BLE001
            return None

    def _json(self, body: bytes, *, is_response: bool) -> str:
        value = json.loads(body)
        if not isinstance(value, dict | list) or (
            isinstance(value, list) and any(isinstance(each, str) for each in value)
        ):
            # A text or number without a name may be a secret.
            raise ValueError
        shown = self._value(value)
        # In an error, `code` is not a secret but says what is wrong.
        if is_response and isinstance(value, dict) and value.get("success") is False:
            shown |= {"code": value["code"]} if isinstance(value.get("code"), str) else {}
        return json.dumps(shown, indent=2, ensure_ascii=False)

    def _value(self, value: Any, depth: int = 0) -> Any:
        if depth > _MAX_DEPTH:
            # Indented, it would be many times as large.
            raise ValueError
        if isinstance(value, dict):
            return {
                name: MASK if self._hides(name, each) else self._value(each, depth + 1) for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._value(each, depth + 1) for each in value]
        if isinstance(value, str):
            return self._nested(value)
        return value

    def _hides(self, name: str, value: Any) -> bool:
        is_empty = value is None or value == "" or isinstance(value, bool)
        return not is_empty and self.is_secret(name)

    def _nested(self, text: str) -> str:
        """Mask what is inside a text, which may be JSON itself."""
        if text.lstrip()[:1] in {"{", "["}:
            try:
                return json.dumps(self._value(json.loads(text)), ensure_ascii=False)
            except ValueError:
                pass
        return self._in_text(text)

    def _form(self, body: bytes) -> str:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        return "\n".join(f"{_verified(name)}={self._text(name, value)}" for name, value in pairs)

    def _multipart(self, body: bytes, kind: str) -> str:
        _, options = parse_options_header(kind)
        shown, part, content = [], None, b""
        # It limits the number and the headers of parts, so no body takes long.
        with PushMultipartParser(options["boundary"], strict=True, max_segment_count=_MAX_FIELDS) as parser:
            for event in parser.parse(body):
                if event is None:
                    shown.append(self._part(part, content))
                elif isinstance(event, bytearray | bytes):
                    content += event
                else:
                    part, content = event, b""
        return "\n".join(shown)

    def _part(self, part: Any, content: bytes) -> str:
        if part.filename is not None:
            return f"{_verified(part.name)}: a file, {len(content):,} bytes of {_shorten(part.content_type or '', 100)}"
        return f"{_verified(part.name)}={self._text(part.name, content.decode())}"


def _verified(name: str) -> str:
    """Return the name of a field. Raises ValueError for what may be something else, such as JSON sent as a form."""
    if not _NAME.fullmatch(name):
        raise ValueError
    return name


def _normalized(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: max(0, length - 1)]}…"
