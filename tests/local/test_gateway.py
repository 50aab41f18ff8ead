"""The gateway as callers and handlers see it, compared with an HTTP API on AWS."""

import base64
import http.client
import json
import re
import socket
import time
from contextlib import closing

import pytest

from tests.local.harness import TIMEOUT, RunnerProcess, rest

CHUNKED = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"


def connect(runner: RunnerProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", runner.port), timeout=TIMEOUT)


def raw(runner: RunnerProcess, request: bytes) -> bytes:
    """Send bytes as they are, and read until the connection ends."""
    with closing(connect(runner)) as connection:
        connection.sendall(request)
        return rest(connection)


def test_event_has_the_fields_of_api_gateways_event(runner: RunnerProcess) -> None:
    before = time.time()
    headers = {"X-Custom": "1", "Cookie": "a=1; b=2", "User-Agent": "test/1", "X-Forwarded-For": "9.9.9.9"}
    answer = runner.request("GET", "/items/7?q=a%20b&q=c&empty=", headers=headers)
    about = answer.json
    event = about["event"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /items/{id}"
    assert (event["rawPath"], event["rawQueryString"]) == ("/items/7", "q=a%20b&q=c&empty=")
    assert event["queryStringParameters"] == {"q": "a b,c", "empty": ""}
    assert event["pathParameters"] == {"id": "7"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["isBase64Encoded"] is False
    assert event["headers"]["x-custom"] == "1"
    assert not {"cookie", "X-Custom"} & event["headers"].keys()
    assert not {"body", "stageVariables"} & event.keys()
    context = event["requestContext"]
    assert context["http"] == {
        "method": "GET",
        "path": "/items/7",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test/1",
    }
    assert before - 1 <= context["timeEpoch"] / 1000 <= time.time() + 1
    assert context["requestId"] == about["requestId"]


def test_address_of_the_caller_is_never_taken_from_a_header(runner: RunnerProcess) -> None:
    event = runner.get("/echo", **{"X-Forwarded-For": "9.9.9.9"}).json["event"]
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-for"] == "9.9.9.9, 127.0.0.1"


def test_each_request_has_its_own_id(runner: RunnerProcess) -> None:
    ids = {runner.get("/echo").json["event"]["requestContext"]["requestId"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        ("application/json", b'{"a": "\xc3\xa9"}', False),
        ("application/problem+json; charset=utf-8", b"{}", False),
        ("text/plain", b"hello", False),
        ("", b"hello", False),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("multipart/form-data; boundary=x", b"--x--", True),
        ("application/octet-stream", b"\x00\xff", True),
        ("application/json", b"\xff\xfe", True),
    ],
)
def test_bodies_reach_the_function_as_text_or_as_base64(
    runner: RunnerProcess, kind: str, body: bytes, *, encoded: bool
) -> None:
    event = runner.request("POST", "/echo", body, {"Content-Type": kind} if kind else {}).json["event"]
    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == body


@pytest.mark.parametrize(
    "chunks",
    [
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"5\r\nabcde\r\n0\r\n\r\n",
        b"0005;name=value\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_chunked_body_arrives_whole(runner: RunnerProcess, chunks: bytes) -> None:
    body = raw(runner, CHUNKED + b"Connection: close\r\n\r\n" + chunks).partition(b"\r\n\r\n")[2]
    assert json.loads(body)["event"]["body"] == "abcde"


def test_empty_chunked_body_is_no_body(runner: RunnerProcess) -> None:
    body = raw(runner, CHUNKED + b"Connection: close\r\n\r\n0\r\n\r\n").partition(b"\r\n\r\n")[2]
    assert "body" not in json.loads(body)["event"]


@pytest.mark.parametrize(
    "start",
    [
        CHUNKED + b"\r\nFFFFFF\r\n{}",
        CHUNKED + b"\r\n7FFFFFFFFFFFFFFF\r\n{}",
        CHUNKED + b"\r\n2\r\n{}\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-",
    ],
)
def test_incomplete_request_invokes_no_function(runner: RunnerProcess, start: bytes) -> None:
    before = runner.line_count
    with closing(connect(runner)) as connection:
        connection.sendall(start)
    assert runner.get("/echo").status == 200
    runner.wait_for_line(r"GET /echo 200", after=before)
    assert "POST /echo" not in "\n".join(runner.output.splitlines()[before:])
    assert runner.process.poll() is None


def test_closing_the_connection_before_the_response_does_no_harm(runner: RunnerProcess) -> None:
    before = runner.line_count
    with closing(connect(runner)) as connection:
        connection.sendall(b"GET /trouble/hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
        runner.wait_for_line("hanging in", after=before)
    runner.wait_for_line("GET /trouble/hang 504", after=before)
    assert runner.get("/echo").status == 200
    assert "Traceback" not in "\n".join(runner.output.splitlines()[before:])


def test_expect_100_continue_is_answered_before_the_body(runner: RunnerProcess) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n"
    head += b"Expect: 100-continue\r\n\r\n"
    with closing(connect(runner)) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abcde")
        answer, _, body = rest(connection).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body)["event"]["body"] == "abcde"


def test_response_to_head_has_a_length_and_no_body(runner: RunnerProcess) -> None:
    answer = raw(runner, b"HEAD /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length
    assert int(length[1]) > 0
    assert body == b""


def test_pipelined_requests_are_answered_in_order(runner: RunnerProcess) -> None:
    request = b"POST /items/%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
    echo = b"GET /items/%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /items/3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = raw(runner, echo % 1 + request % 2 + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"404", b"200"]
    assert re.findall(rb'"rawPath": "/items/(\d)"', answers) == [b"1", b"3"]


def test_slow_function_does_not_block_another(runner: RunnerProcess) -> None:
    before = runner.line_count
    with closing(connect(runner)) as connection:
        connection.sendall(b"GET /trouble/hang HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        runner.wait_for_line("hanging in", after=before)
        assert runner.get("/echo").status == 200
        assert "/trouble/hang 504" not in "\n".join(runner.output.splitlines()[before:])
        assert rest(connection).startswith(b"HTTP/1.1 504 ")


def test_repeated_headers_are_joined(runner: RunnerProcess) -> None:
    request = b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: 1\r\nX-A: 2\r\n\r\n"
    event = json.loads(raw(runner, request).partition(b"\r\n\r\n")[2])["event"]
    assert event["headers"]["x-a"] == "1,2"


def test_connection_is_kept_open(runner: RunnerProcess) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", runner.port, timeout=TIMEOUT)) as connection:
        for method in ("GET", "HEAD", "POST", "GET"):
            connection.request(method, "/echo", b"{}" if method == "POST" else None)
            kept = connection.sock
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            assert connection.sock is kept is not None


def test_cookies_and_headers_of_the_function_reach_the_caller(runner: RunnerProcess) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", runner.port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/echo")
        answer = connection.getresponse()
        assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers["X-Echo"] == "yes"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("GET", "/echo/"),
        ("GET", "//echo"),
        ("GET", "http://localhost//echo"),
        ("GET", "///items/7"),
        ("GET", "/items//7"),
        ("GET", "/items/a%2Fb"),
        ("GET", "/items/%2E%2E/echo"),
        ("POST", "/items/7"),
        ("TRACE", "/echo"),
        ("BREW", "/echo"),
    ],
)
def test_request_without_a_route_is_not_found(runner: RunnerProcess, method: str, path: str) -> None:
    answer = runner.request(method, path)
    assert answer.status == 404
    request_id = answer.json["requestId"]
    assert answer.json == {"success": False, "message": "Not Found", "code": "not_found", "requestId": request_id}


@pytest.mark.parametrize("path", ["/items/%", "/items/%ff", "/items/%00", "/echo?%ff=%zz", "/echo?a=%"])
def test_invalid_escapes_cause_no_server_error(runner: RunnerProcess, path: str) -> None:
    assert runner.get(path).status in {200, 400, 404}


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /echo HTTP/9.9\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nno colon\r\nHost: localhost\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2, 3\r\n\r\n{}",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /echo HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_invalid_http_is_rejected_and_ends_the_connection(runner: RunnerProcess, request_: bytes) -> None:
    answer = raw(runner, request_)
    assert re.match(rb"HTTP/1.1 (4\d\d|505) .*\{\"message\": ?", answer, re.DOTALL)
    assert b"content-type: application/json\r\n" in answer.lower()
    assert runner.get("/echo").status == 200


def test_request_without_a_host_is_served(runner: RunnerProcess) -> None:
    assert raw(runner, b"GET /echo HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_body_over_ten_megabytes_is_rejected(runner: RunnerProcess) -> None:
    headers = {"Origin": "http://app.test"}
    answer = runner.request("POST", "/echo", b"x" * (10 * 1024 * 1024 + 1), headers)
    assert answer.status == 413
    assert answer.json == {"message": "Request Entity Too Large"}
    assert answer.headers["access-control-allow-origin"] == "http://app.test"


def test_body_over_the_limit_is_rejected_before_it_ends(runner: RunnerProcess) -> None:
    chunk = b"%x\r\n" % (1 << 20) + b"x" * (1 << 20) + b"\r\n"
    with closing(connect(runner)) as connection:
        connection.sendall(CHUNKED + b"\r\n" + 11 * chunk)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        # What follows is read and dropped: the connection is not reset while the client is sending.
        connection.sendall(11 * chunk + b"0\r\n\r\nGET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200 " in rest(connection)


def test_torn_chunk_after_the_response_ends_the_connection(runner: RunnerProcess) -> None:
    before = runner.line_count
    chunk = b"%x\r\n" % (1 << 20) + b"x" * (1 << 20) + b"\r\n"
    with closing(connect(runner)) as connection:
        connection.sendall(CHUNKED + b"\r\n" + 11 * chunk)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        connection.sendall(b"no chunk\r\n")
        assert b"HTTP/1.1 " not in rest(connection)
    assert runner.get("/echo").status == 200
    runner.wait_for_line("GET /echo 200", after=before)
    assert "Traceback" not in "\n".join(runner.output.splitlines()[before:])


@pytest.mark.parametrize("target", ["http://app.localhost:8080/items/7?a=1", "HTTP://app.localhost:8080/items/7?a=1"])
def test_target_in_absolute_form_is_served(runner: RunnerProcess, target: str) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    event = json.loads(raw(runner, request.encode()).partition(b"\r\n\r\n")[2])["event"]
    assert (event["rawPath"], event["rawQueryString"]) == ("/items/7", "a=1")
    assert event["headers"]["host"] == "app.localhost:8080"


def test_header_with_an_underscore_is_not_taken_for_another(runner: RunnerProcess) -> None:
    headers = runner.get("/echo", If_Match="forged", X_Forwarded_For="9.9.9.9").json["event"]["headers"]
    assert "if-match" not in headers
    assert headers["x-forwarded-for"] == "127.0.0.1"


def test_preflight_response_comes_from_the_template(runner: RunnerProcess) -> None:
    preflight = {"Origin": "http://app.test", "Access-Control-Request-Method": "POST"}
    answer = runner.request("OPTIONS", "/echo", headers=preflight)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "http://app.test"
    assert answer.headers["access-control-allow-methods"] == "GET,POST"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:8080", "http://localhost"])
def test_pages_of_this_machine_may_call_the_api(runner: RunnerProcess, origin: str) -> None:
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = runner.request("OPTIONS", "/echo", headers=preflight)
    assert answer.headers["access-control-allow-origin"] == origin
    assert (
        "Pages that may call it    any of http://localhost:… and http://127.0.0.1:…, http://app.test" in runner.output
    )


@pytest.mark.parametrize(
    "origin", ["http://localhost.evil.test", "http://localhost:1@evil.test", "null", "http://127.0.0.2"]
)
def test_origins_that_look_like_this_machine_get_no_permission(runner: RunnerProcess, origin: str) -> None:
    assert "access-control-allow-origin" not in runner.get("/echo", Origin=origin).headers


def test_preflight_from_another_origin_gets_no_permission(runner: RunnerProcess) -> None:
    preflight = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
    answer = runner.request("OPTIONS", "/echo", headers=preflight)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("path", "status"), [("/echo", 200), ("/nowhere", 404), ("/trouble/raise", 502)])
def test_every_response_has_cors_headers(runner: RunnerProcess, path: str, status: int) -> None:
    answer = runner.get(path, Origin="http://app.test")
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "http://app.test"
    assert answer.headers["access-control-expose-headers"] == "x-request-id"


def test_returned_object_without_a_status_code_becomes_the_json_body(runner: RunnerProcess) -> None:
    answer = runner.get("/trouble/plain")
    assert (answer.status, answer.json) == (200, {"hello": "world"})


@pytest.mark.parametrize("status", [-1, 1, 99, 100, 101, 199, 600, 1000, 10**30])
def test_status_outside_200_to_599_answers_502(runner: RunnerProcess, status: int) -> None:
    answer = runner.post("/trouble/given", {"statusCode": status, "body": ""})
    assert (answer.status, answer.json) == (502, {"message": "Internal Server Error"})
    runner.wait_for_line(r"POST /trouble/given 502 .*it did not return a response: statusCode")


@pytest.mark.parametrize("status", [200, 204, 205, 299, 304, 418, 599])
def test_status_from_200_to_599_is_answered(runner: RunnerProcess, status: int) -> None:
    assert runner.post("/trouble/given", {"statusCode": status, "body": "x"}).status == status


@pytest.mark.parametrize(
    "headers",
    [
        {"x-nul": "a\0b"},
        {"x-euro": "€"},
        {"x-vertical-tab": "a\vb"},
        {"x space": "a"},
        {"": "a"},
        {"x-ü": "a"},
        {"x:colon": "a"},
    ],
)
def test_invalid_header_of_a_function_answers_502(runner: RunnerProcess, headers: dict[str, str]) -> None:
    answer = runner.post("/trouble/given", {"statusCode": 200, "headers": headers, "body": ""})
    assert (answer.status, answer.json) == (502, {"message": "Internal Server Error"})


def test_invalid_cookie_of_a_function_answers_502(runner: RunnerProcess) -> None:
    assert runner.post("/trouble/given", {"statusCode": 200, "cookies": ["a=€"], "body": ""}).status == 502


def test_length_and_encoding_declared_by_a_function_are_dropped(runner: RunnerProcess) -> None:
    answer = runner.get("/trouble/lengths")
    assert (answer.status, answer.body) == (200, b"whole body")
    assert answer.headers["content-length"] == "10"
    assert answer.headers["x-kept"] == "yes"
    assert "transfer-encoding" not in answer.headers


def test_base64_body_is_decoded(runner: RunnerProcess) -> None:
    answer = runner.get("/trouble/base64")
    assert (answer.headers["content-type"], answer.body) == ("image/png", b"\x00\x01\x02")


def test_localhost_is_served_on_ipv6_too(runner: RunnerProcess) -> None:
    """For `localhost`, browsers and Node.js try ::1 first, where another program may answer."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with closing(http.client.HTTPConnection("::1", runner.port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/echo")
        response = connection.getresponse()
        event = json.loads(response.read())["event"]
    assert response.status == 200
    assert event["requestContext"]["http"]["sourceIp"] == "::1"


def test_request_to_upgrade_is_answered_as_without(runner: RunnerProcess) -> None:
    assert runner.get("/echo", Connection="Upgrade", Upgrade="websocket").status == 200
