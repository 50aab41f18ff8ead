"""The response for a URL whose handler has no block in template.yaml, and for every other unknown URL."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest

from local.functions.pool import Result
from local.gateway.app import RequestRecord, make_app
from local.gateway.server import Server
from local.handlers import Handler
from local.page import missing
from local.template import read_project
from tests.local.harness import PROJECT, TIMEOUT, Answer, serving

UNDECLARED = (
    Handler("functions/greetings", "/api/greetings"),
    Handler("functions/items/mine", "/items/mine"),
    Handler("functions/greetings/by_id", "/api/greetings/{greetingId}"),
    Handler("functions/files", "/files/{path+}"),
    Handler("functions/<b>", "/api/bold"),
)
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def records() -> list[RequestRecord]:
    return []


@pytest.fixture(scope="module")
def server(records: list[RequestRecord]) -> Iterator[Server]:
    def invoke(_name: str, _event: str, _request_id: str) -> Result:
        return Result('{"statusCode": 200, "body": "invoked"}', cold=False)

    project = read_project(PROJECT / "template.yaml", {})
    app = make_app(project, invoke, records.append, 0)
    missing.add_to(app, UNDECLARED)
    with serving(app) as running:
        yield running


def request(server: Server, path: str, method: str = "GET", **headers: str) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/api/greetings", "greetings"),
        ("/api/greetings?limit=1", "greetings"),
        ("/api/greetings/7", "greetings/by_id"),
        ("/files/a/b", "files"),
        # As on AWS, once the block is there.
        ("/items/mine", "items/mine"),
    ],
)
def test_response_names_the_handler_without_a_block(server: Server, path: str, folder: str) -> None:
    answer = request(server, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
    error = answer.json
    assert error.keys() == {"success", "message", "code", "requestId"}
    assert (error["success"], error["code"]) == (False, "not_found")
    assert error["message"].startswith(f"functions/{folder}/app.py has no block in template.yaml: `make endpoint URL=")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_verb_gets_it(server: Server, method: str) -> None:
    answer = request(server, "/api/greetings", method)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert "functions/greetings/app.py" in answer.json["message"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.9", "image/png", ""])
def test_only_browsers_get_the_page(server: Server, accept: str) -> None:
    assert request(server, "/api/greetings", Accept=accept).json["code"] == "not_found"


def test_browsers_get_the_block_and_the_command_that_writes_it(server: Server) -> None:
    answer = request(server, "/api/greetings/7", **HTML)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    page = unescape(answer.body.decode())
    assert "functions/greetings/by_id/app.py has no block in template.yaml" in page
    assert "\n  GreetingsByIdFunction:\n    Type: AWS::Serverless::Function\n" in page
    assert 'Path: "/api/greetings/{greetingId}", Method: ANY}}' in page
    assert "make endpoint URL='/api/greetings/{greetingId}'" in page


def test_names_are_text_in_the_page(server: Server) -> None:
    page = request(server, "/api/bold", **HTML).body.decode()
    assert "functions/&lt;b&gt;/app.py" in page
    assert "<b>" not in page


def test_the_page_runs_nothing_and_cannot_be_embedded(server: Server) -> None:
    answer = request(server, "/api/greetings", **HTML)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_head_gets_the_status_without_a_body(server: Server) -> None:
    answer = request(server, "/api/greetings", "HEAD")
    assert (answer.status, answer.body) == (404, b"")


def test_request_is_in_the_log_with_the_reason(server: Server, records: list[RequestRecord]) -> None:
    answer = request(server, "/api/greetings")
    assert records[-1].request_id == answer.json["requestId"]
    assert str(records[-1]).endswith(" ms - functions/greetings/app.py has no block in template.yaml")


def test_other_urls_are_served_as_before(server: Server) -> None:
    assert request(server, "/echo").body == b"invoked"
    assert request(server, "/items/7").body == b"invoked"


@pytest.mark.parametrize("path", ["/api/greetings/", "/api/greetings/7/more", "/api", "//api/greetings"])
@pytest.mark.parametrize("headers", [{}, HTML])
def test_other_unknown_urls_get_an_error_of_the_api(server: Server, path: str, headers: dict[str, str]) -> None:
    answer = request(server, path, **headers)
    request_id = answer.json["requestId"]
    assert (answer.status, answer.json) == (
        404,
        {"success": False, "message": "Not Found", "code": "not_found", "requestId": request_id},
    )
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)
