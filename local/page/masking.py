"""Requests and responses without their secrets: what `History` keeps of an exchange.

Threats. Whoever sees the page, a screenshot of it or the runner's memory must not find a password or a token there. So
secrets are masked before anything is kept, by the names of headers, parameters and fields, wherever they are nested,
and tokens by their form. A body that cannot be read, or that has no names, is not kept: only its size and type are.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from email import message_from_bytes
from email.message import Message as MimePart
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from local.gateway.recording import Exchange, HeaderPairs, Message

MASK = "•••"
# The most characters that are kept of a body, and of all headers of a message.
MAX_SHOWN, MAX_HEADERS = 16_000, 8_000
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-proxy-key", "x-api-key", "x-amz-security-token"}
)
# Headers whose URLs may have secrets as parameters, such as the token of an emailed link.
_URL_HEADERS = frozenset({"referer", "location", "content-location", "link", "origin"})
# In lower case, without separators: `refresh_token` is `refreshtoken`. An authenticator app has `uri` and `secret`.
_SECRET_NAMES = frozenset(
    {
        *("password", "currentpassword", "newpassword", "passwordhash", "passphrase"),
        *("token", "accesstoken", "refreshtoken", "idtoken", "sessiontoken", "csrftoken", "apikey"),
        *("registration", "code", "mailcode", "oauthcode", "codeverifier", "recoverycode", "recoverycodes", "otp"),
        *("device", "secret", "clientsecret", "credential", "privatekey", "request", "nonce", "uri", "authorization"),
        *("cookie", "cookies", "xproxykey", "proxykey"),
    }
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_PARTS = re.compile(r"[^\[\].]+")
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
        return any(_normalized(part) in self._names for part in [name, *_PARTS.findall(name)])

    def query(self, query: str) -> str:
        """Return a query, decoded, with its secret parameters masked."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return _shorten("&".join(f"{name}={self._text(name, value)}" for name, value in pairs), MAX_HEADERS)

    def message(self, message: Message, *, is_response: bool) -> dict[str, Any]:
        """Return {headers, body, note}."""
        kind = next((value for name, value in message.headers if name.lower() == "content-type"), "")
        body, note = None, ""
        if message.size is None:
            note = "The body was not read."
        elif message.size:
            body = None if message.body is None else self._body(message.body, kind, is_response=is_response)
            about = f"{message.size:,} bytes{f' of {kind}' if kind else ''}"
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
        if not isinstance(value, dict | list):
            # A text or number without a name may be a secret.
            raise ValueError  # noqa: TRY004 - one kind of error for all that cannot be read
        shown = self._value(value)
        # In an error, `code` is not a secret but says what is wrong.
        if is_response and isinstance(value, dict) and value.get("success") is False:
            shown |= {"code": value["code"]} if isinstance(value.get("code"), str) else {}
        return json.dumps(shown, indent=2, ensure_ascii=False)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: MASK if self._hides(name, each) else self._value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, str):
            return self._nested(value)
        return value

    def _hides(self, name: str, value: Any) -> bool:
        is_empty = value is None or value == "" or isinstance(value, bool)
        return not is_empty and self.is_secret(name)

    def _nested(self, text: str) -> str:
        """Mask what is inside a text, which may be JSON itself."""
        if text[:1] in {"{", "["}:
            try:
                return json.dumps(self._value(json.loads(text)), ensure_ascii=False)
            except ValueError:
                pass
        return self._in_text(text)

    def _form(self, body: bytes) -> str:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        return "\n".join(f"{name}={self._text(name, value)}" for name, value in pairs)

    def _multipart(self, body: bytes, kind: str) -> str:
        whole = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
        if not whole.is_multipart() or whole.defects:
            raise ValueError
        return "\n".join(self._part(part) for part in whole.get_payload() if isinstance(part, MimePart))

    def _part(self, part: MimePart) -> str:
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise ValueError  # noqa: TRY004 - one kind of error for all that cannot be read
        if part.get_filename() is not None:
            return f"{name}: a file, {len(content):,} bytes of {part.get_content_type()}"
        return f"{name}={self._text(name, content.decode())}"


def _normalized(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: max(0, length - 1)]}…"
