"""What is kept of requests and responses: no secrets, and not more than the limits."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from local.gateway.app import RequestRecord
from local.gateway.recording import Exchange, Message
from local.page import history, masking
from local.page.history import History

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=b"
# Every secret in these tests contains it.
SECRET = "s3cr3t"


def message(body: bytes | None, kind: str = JSON, size: int | None = None, **headers: str) -> Message:
    pairs = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return Message(tuple(pairs), body, len(body) if body is not None and size is None else size)


def kept(
    asked: Message = message(b""),  # noqa: B008 - immutable
    answered: Message = message(b""),  # noqa: B008
    query: str = "",
    names: Iterable[str] = (),
) -> dict[str, Any]:
    found = masking.masked(Exchange(query, asked, answered), names)
    assert SECRET not in json.dumps(found)
    return found


def body(content: Any, kind: str = JSON) -> str | None:
    """Return what is kept of a request's body."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    text: str | None = kept(message(data, kind))["request"]["body"]
    return text


@pytest.mark.parametrize(
    "name",
    [
        *("password", "currentPassword", "newPassword", "new_password", "PASSWORD", "token", "refreshToken", "idToken"),
        *("registration", "code", "mailCode", "device", "secret", "credential", "recoveryCode", "recoveryCodes"),
        *("codeVerifier", "oauthCode", "user[password]", "user.token", "confirmPassword", "passwd", "mfaToken"),
        *("AWSAccessKeyId", "Signature", "X-Amz-Credential"),
    ],
)
def test_secret_field_is_masked_in_every_kind_of_body(name: str) -> None:
    for nested in ({name: SECRET}, {name: [SECRET]}, {name: {"a": SECRET}}, [{"a": [{name: SECRET}]}]):
        assert "•••" in (body(nested) or "")
    assert body(f"a=1&{name}={SECRET}".encode(), FORM) == f"a=1\n{name}=•••"
    part = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{SECRET}\r\n--b--\r\n'
    assert body(part.encode(), BOUNDARY) == f"{name}=•••"
    assert kept(query=f"{name}={SECRET}&a=b%20c")["query"] == f"{name}=•••&a=b c"


def test_other_fields_are_kept_as_sent() -> None:
    value = {"name": "Ada é", "email": "a@b.c", "count": 2, "on": True, "none": None, "codes": 1, "token": ""}
    assert json.loads(body(value) or "") == value
    assert list(json.loads(body(value) or "")) == list(value)
    assert body(b"name=Ada+L&empty=", FORM) == "name=Ada L\nempty="


def test_json_in_a_text_is_masked_too() -> None:
    assert json.loads(body({"body": json.dumps({"password": SECRET, "a": 1})}) or "") == {
        "body": '{"password": "•••", "a": 1}'
    }
    assert json.loads(body({"body": "[half"}) or "") == {"body": "[half"}


def test_tokens_are_masked_wherever_they_are() -> None:
    jwt = f"eyJhbGciOiJFUzI1NiJ9.{SECRET}payload.{SECRET}"
    assert json.loads(body({"note": f"It is {jwt}!", "link": f"https://a.example/x?token={SECRET}&a=1"}) or "") == {
        "note": "It is •••!",
        "link": "https://a.example/x?token=•••&a=1",
    }


def test_code_of_an_error_is_kept() -> None:
    error = {"success": False, "message": "No", "code": "validation_failed", "errors": [{"field": "code"}]}
    answered = kept(answered=message(json.dumps(error).encode()))["response"]["body"]
    assert json.loads(answered) == error
    assert json.loads(body(error) or "")["code"] == "•••", "in a request it may be a code from an email"


def test_names_of_the_document_are_masked_too() -> None:
    asked = message(json.dumps({"pinCode": SECRET}).encode())
    assert json.loads(kept(asked, names=["pinCode"])["request"]["body"]) == {"pinCode": "•••"}


def test_secret_headers_are_masked() -> None:
    asked = message(
        b"",
        authorization=f"Bearer {SECRET}",
        cookie=f"a={SECRET}",
        X_Proxy_Key=SECRET,
        Referer=f"http://localhost:5173/reset?token={SECRET}",
        X_Note=f"Bearer {SECRET}",
        Accept="a/b;q=1",
    )
    answered = message(
        b"",
        Set_Cookie=f"a={SECRET}",
        Location=f"https://u:{SECRET}@a.example/?code={SECRET}&x=1",
        WWW_Authenticate='Bearer error="invalid_token"',
    )
    found = kept(asked, answered)
    assert dict(found["request"]["headers"]) == {
        "Content-Type": JSON,
        "authorization": "Bearer •••",
        "cookie": "•••",
        "X-Proxy-Key": "•••",
        "Referer": "http://localhost:5173/reset?token=•••",
        "X-Note": "Bearer •••",
        "Accept": "a/b;q=1",
    }
    assert dict(found["response"]["headers"]) == {
        "Content-Type": JSON,
        "Set-Cookie": "•••",
        "Location": "https://•••@a.example/?code=•••&x=1",
        "WWW-Authenticate": 'Bearer error="invalid_token"',
    }


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (f'{{"password": "{SECRET}'.encode(), JSON),
        (f'"{SECRET}"'.encode(), JSON),
        (SECRET.encode(), "text/plain"),
        (f"<p>{SECRET}".encode(), "text/html; charset=utf-8"),
        (b"\xff\xfe" + SECRET.encode(), JSON),
        (SECRET.encode(), ""),
        (SECRET.encode(), FORM),
        (f"a=\xff&b={SECRET}".encode("latin-1"), FORM),
        (SECRET.encode(), BOUNDARY),
        (SECRET.encode(), "multipart/form-data"),
        (f"--b\r\n\r\n{SECRET}\r\n--b--".encode(), BOUNDARY),
        (f"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n{SECRET}".encode(), BOUNDARY),
        (b"[" * 100_000, JSON),
        (b"1" * 5000, JSON),
        (json.dumps([SECRET]).encode(), JSON),
        (json.dumps({"email": "a@b.c", "password": f"{SECRET}=1"}).encode(), FORM),
        (f"user:password={SECRET}".encode(), FORM),
        (b'--b\r\nContent-Disposition: form-data; name="' + b";" * 200_000 + b'"\r\n\r\n1\r\n--b--\r\n', BOUNDARY),
    ],
)
def test_body_that_cannot_be_read_is_only_size_and_type(content: bytes, kind: str) -> None:
    shown = kept(message(content, kind))["request"]
    assert shown["body"] is None
    about = f"{len(content):,} bytes{f' of {kind}' if kind else ''}"
    assert shown["note"] == f"The body is not shown: {about}."


def test_token_without_a_name_in_a_query_is_masked() -> None:
    assert kept(query=f"eyJhbGciOi.{SECRET}.x&a=1")["query"] == "•••=&a=1"


def test_file_is_only_size_and_type() -> None:
    head = 'Content-Disposition: form-data; name="photo"; filename="me.png"\r\nContent-Type: image/png'
    assert body(f"--b\r\n{head}\r\n\r\n{SECRET}\r\n--b--\r\n".encode(), BOUNDARY) == (
        "photo: a file, 6 bytes of image/png"
    )


def test_large_messages_are_cut() -> None:
    text = json.dumps({"a": "x" * 100_000}).encode()
    shown = kept(message(text, More="y" * 100_000), message(None, size=10_000_000))
    assert len(shown["request"]["body"]) == masking.MAX_SHOWN
    assert shown["request"]["note"] == f"Only the beginning of the body is shown: {len(text):,} bytes of {JSON}."
    assert sum(len(name) + len(value) for name, value in shown["request"]["headers"]) <= masking.MAX_HEADERS
    assert shown["response"]["note"] == f"The body is not shown: 10,000,000 bytes of {JSON}."
    assert kept(message(None))["request"]["note"] == "The body was not read."


def record(asked: Message) -> RequestRecord:
    return RequestRecord(
        at=0, method="POST", path="/", status=200, milliseconds=1, function="", cold=False, problem="", request_id="",
        cors="", exchange=Exchange("", asked, message(b"")),
    )  # fmt: skip


def test_oldest_exchanges_are_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MAX_EXCHANGES", 50_000)
    requests = History()
    for _ in range(10):
        requests.add_request(record(message(json.dumps({"a": "x" * 20_000}).encode())))
    assert [number for number in range(1, 11) if requests.exchange(number)] == [8, 9, 10]
    assert [request["number"] for request in requests.since(0)] == list(range(1, 11))
    assert "exchange" not in requests.since(0)[0]


def test_nothing_in_memory_has_a_secret() -> None:
    requests = History(lambda: ["pin"])
    requests.add_request(record(message(json.dumps({"pin": SECRET, "password": SECRET}).encode(), cookie=SECRET)))
    assert SECRET not in repr(vars(requests))
