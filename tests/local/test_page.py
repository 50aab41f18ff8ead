"""/_local/: emails, requests, routes and tables, only for browsers on this machine, changed only by the page itself."""

import base64
import json
import logging
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local.aws.mail_file import MailFile
from local.page import calls, tables
from local.page.document import Document
from local.page.inbox import Inbox, safe_html
from shared.core import logs
from shared.core.errors import Unavailable
from shared.core.outbound import Service
from shared.records import users
from tests.local.harness import Answer, RunnerProcess, eventually
from tests.support.hostile import answers, serving

DATA = (
    *("inbox.json", "offers.json", "news.json", "routes.json", "document.json", "users.json", "requests/1.json"),
    *("tables.json", "tables/NotesTable.json", "tables/NotesTable/export.json", "codes.json"),
)
CHANGES = (("PUT", "tables/NotesTable/item.json"), ("DELETE", "tables/NotesTable/item.json"), ("POST", "sign-in.json"))
FILES = ("", "main.js", "style.css", "icon.svg")


def send(runner: RunnerProcess, subject: str, **more: Any) -> str:
    """Send an email by the test project's function. Returns its id."""
    email = {"to": "ada@example.com", "subject": subject, "text": "Hello <b>", "html": "<script>alert(1)</script>"}
    return str(runner.post("/mail", email | more).json["id"])


def news(runner: RunnerProcess, **known: Any) -> Any:
    return runner.get("/_local/news.json?" + "&".join(f"{name}={value}" for name, value in known.items())).json


def test_inbox_lists_emails_newest_first(runner: RunnerProcess) -> None:
    first, second = send(runner, "First"), send(runner, "Second")
    assert first != second
    newest, older = runner.get("/_local/inbox.json").json[:2]
    assert (newest["id"], older["id"]) == (second, first)
    assert {name: newest[name] for name in ("to", "subject", "text", "html", "from")} == {
        "to": "ada@example.com",
        "subject": "Second",
        "text": "Hello <b>",
        "html": "<script>alert(1)</script>",
        "from": "no-reply@example.com",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", newest["sentAt"])


def test_email_source_includes_its_headers(runner: RunnerProcess) -> None:
    headers = [{"Name": "X-Outbox-Id", "Value": "7"}]
    email_id = send(runner, "Grüße", replyTo=["answers@example.com"], headers=headers)
    email = runner.get(f"/_local/emails/{email_id}.json").json
    assert (email["replyTo"], email["headers"]) == ("answers@example.com", {"X-Outbox-Id": "7"})
    head, text, html = email["source"].split("--=_part\n")
    assert head.startswith("From: no-reply@example.com\nTo: ada@example.com\nReply-To: answers@example.com\n")
    assert "\nSubject: Grüße\n" in head
    assert "\nX-Outbox-Id: 7\n" in head
    assert "text/plain" in text
    assert "<script>" in html
    assert runner.get("/_local/emails/unknown.json").status == 404


def test_email_html_is_sandboxed_by_its_own_policy(runner: RunnerProcess) -> None:
    answer = runner.get(f"/_local/emails/{send(runner, 'Hostile')}.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    directives = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert directives["sandbox"].split() == ["allow-popups", "allow-popups-to-escape-sandbox"]
    assert (directives["default-src"], directives["form-action"]) == ("'none'", "'none'")
    assert "script-src" not in directives


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ('<p>1 &lt; 2 <a href="x">y</a>', '<p>1 &lt; 2 <a target="_blank" rel="noopener noreferrer" href="x">y</a>'),
        (
            '<A\n REL="opener"\nhref=x>y</A><b>z',
            '<a target="_blank" rel="noopener noreferrer"\n REL="opener"\nhref=x>y</A><b>z',
        ),
        ('<map><area href="x"/></map>', '<map><area target="_blank" rel="noopener noreferrer" href="x"/></map>'),
        ('<base href="http://x/" target=_top>é<br>', "é<br>"),
        ("<style>a > b { content: '<a>' }</style>", "<style>a > b { content: '<a>' }</style>"),
        ("<abbr>a</abbr>", "<abbr>a</abbr>"),
        ("<a", "<a"),
    ],
)
def test_email_links_open_tabs_without_opener_or_referrer(html: str, safe: str) -> None:
    assert safe_html(html) == "<!doctype html>" + safe


def test_news_contains_only_what_is_new(runner: RunnerProcess) -> None:
    send(runner, "Old")
    seen = news(runner)
    assert seen["run"]
    send(runner, "New")
    known = {"run": seen["run"], "emails": len(seen["emails"]), "requests": seen["requests"][-1]["number"]}
    new = news(runner, **known)
    assert [email["subject"] for email in new["emails"]] == ["New"]
    assert [request["path"] for request in new["requests"]] == ["/mail"]
    assert "text" not in new["emails"][0], "summaries have no body"
    assert len(news(runner, **known | {"run": "another"})["emails"]) == known["emails"] + 1


@pytest.mark.parametrize("invalid", [{"emails": -1}, {"emails": "many"}, {"requests": 10**30}])
def test_news_accepts_impossible_counts(runner: RunnerProcess, invalid: dict[str, Any]) -> None:
    run = news(runner)["run"]
    assert news(runner, run=run, **invalid)["run"] == run


def test_requests_name_their_function(runner: RunnerProcess) -> None:
    runner.get("/echo")
    runner.get("/trouble/raise")
    echo, failed = news(runner)["requests"][-2:]
    assert (echo["method"], echo["path"], echo["status"], echo["function"]) == ("GET", "/echo", 200, "EchoFunction")
    assert (failed["status"], failed["problem"]) == (502, "RuntimeError: as asked")
    assert echo["milliseconds"] > 0
    assert not [request for request in news(runner)["requests"] if request["path"].startswith("/_local/")]


def test_request_has_the_lines_printed_for_it(runner: RunnerProcess) -> None:
    for path, line in (("/trouble/raise", "RuntimeError: as asked"), ("/broken", "ImportError: no such thing")):
        runner.get(path)
        request_id = news(runner)["requests"][-1]["request_id"]

        def is_printed(request_id: str = request_id, line: str = line) -> bool:
            return line in runner.get(f"/_local/requests/{request_id}.json").json["lines"]

        eventually(is_printed, what=line)


def test_request_has_the_calls_to_other_services(runner: RunnerProcess) -> None:
    runner.get("/trouble/call")
    url = f"/_local/requests/{news(runner)['requests'][-1]['request_id']}.json"
    (call,) = eventually(lambda: runner.get(url).json["calls"], what="the call")
    assert (call["service"], call["method"], call["outcome"]) == ("weather", "GET", 200)


@pytest.mark.usefixtures("environment", "services_on_loopback")
def test_calls_to_other_services_are_those_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(answers(status=404)) as server:
        Service("weather", server.url).get("/now?city=London")
    with pytest.raises(Unavailable):
        Service("mail", "ftp://127.0.0.1").post(body="", headers={})
    lines = [logs._JsonFormatter().format(record) for record in caplog.records]
    found, failed = calls.outgoing(["", "[1]", "7", "{", "[" * 100_000, '{"message": "request"}', *lines])
    assert found.pop("milliseconds") > 0
    assert found == {"service": "weather", "method": "GET", "outcome": 404, "attempts": 1}
    assert (failed["service"], failed["method"], failed["outcome"]) == ("mail", "POST", "invalid address")


def test_routes_are_listed(runner: RunnerProcess) -> None:
    routes = runner.get("/_local/routes.json").json
    rows = [{name: route[name] for name in ("path", "methods", "function")} for route in routes]
    assert {"path": "/echo", "methods": ["ANY"], "function": "EchoFunction"} in rows
    assert {"path": "/items/{id}", "methods": ["GET"], "function": "EchoFunction"} in rows


@pytest.mark.thorough
def test_examples_of_routes_come_from_the_events(project_copy: Path, start: Callable[..., RunnerProcess]) -> None:
    def event(verb: str, path: str, **more: Any) -> None:
        folder = project_copy / "events" / "echo"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"routeKey": f"ANY {path}", "rawQueryString": "a=1", "headers": {}, **more})
        (folder / f"{verb}.json").write_text(text)

    headers = {"content-type": "application/json", "idempotency-key": "k", "authorization": "Bearer x", "host": "h"}
    event("post", "/echo", headers=headers, body='{"name": "Ada", "email": "a@b.c"}')
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    event("put", "/echo", headers=form, body="YT0xJmI9", isBase64Encoded=True)
    event("get", "/items/{id}")
    (project_copy / "events" / "echo" / "delete.json").write_text("{half")
    routes = {route["path"]: route["examples"] for route in start().ready().get("/_local/routes.json").json}
    assert routes["/echo"] == {
        "POST": {
            "query": "a=1",
            "headers": {"idempotency-key": "k"},
            "contentType": "application/json",
            "body": {"name": "Ada", "email": "a@b.c"},
        },
        "PUT": {
            "query": "a=1",
            "headers": {},
            "contentType": "application/x-www-form-urlencoded",
            "body": {"a": "1", "b": ""},
        },
    }
    assert list(routes["/echo"]["POST"]["body"]) == ["name", "email"], "in the order of the file"
    assert routes["/items/{id}"] == {"GET": {"query": "a=1", "headers": {}, "contentType": None, "body": None}}
    assert routes["/mail"] == {}


@pytest.mark.thorough
def test_table_items_are_paged_plain_values(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    values = {
        "text": {"S": "x" * 5000},
        "number": {"N": "12"},
        "large": {"N": "123456789012345678901234567890"},
        "part": {"N": "1.5"},
        "bytes": {"B": "AAEC"},
        "list": {"L": [{"BOOL": True}, {"NULL": True}]},
        "set": {"NS": ["1"]},
        "map": {"M": {"a": {"S": "b"}}},
    }
    for number in range(60):
        item = {"id": {"S": f"note-{number}"}, **values}
        runner.aws.call("dynamodb", "PutItem", {"TableName": "NotesTable", "Item": item})
    key = [{"name": "id", "type": "S"}]
    overview = runner.get("/_local/tables.json").json
    assert {"name": "NotesTable", "items": 60, "bookkeeping": 0, "key": key} in overview
    first = runner.get("/_local/tables/NotesTable.json").json
    second = runner.get(f"/_local/tables/NotesTable.json?cursor={first['next']}").json
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 10, None)
    assert len({item["id"] for item in first["items"] + second["items"]}) == 60
    assert [key["id"]["S"] for key in first["keys"]] == [item["id"] for item in first["items"]]
    item = first["items"][0]
    assert item.pop("text") == "x" * 4000 + "… (5,000 characters)"
    assert item.pop("id").startswith("note-")
    assert item == {
        "number": 12,
        "large": "123456789012345678901234567890",
        "part": 1.5,
        "bytes": "(3 bytes) AAEC",
        "list": [True, None],
        "set": [1],
        "map": {"a": "b"},
    }


@pytest.mark.parametrize(
    "cursor",
    ["x", "%F0%9F%92%A9"]
    + [
        base64.urlsafe_b64encode(key).decode()
        for key in (b"[]", b"{}", b'{"not": {"S": "a key"}}', b'{"id": {"S": 1}}', b'{"id": {}}', b"[" * 20_000)
    ],
    ids=["no base64", "no ASCII", "list", "empty", "other attribute", "number as text", "no value", "deep"],
)
def test_invalid_cursor_answers_400(runner: RunnerProcess, cursor: str) -> None:
    assert runner.get(f"/_local/tables/NotesTable.json?cursor={cursor}").status == 400


@pytest.mark.parametrize(
    "path", ["tables/Unknown.json", "nothing", "..%2Fpage.py", "%2e%2e/page.py", "web/main.js", "emails/x.html"]
)
def test_unknown_page_url_answers_404(runner: RunnerProcess, path: str) -> None:
    assert runner.get(f"/_local/{path}").status == 404


@pytest.mark.parametrize("path", FILES)
def test_page_may_load_only_its_own_files(runner: RunnerProcess, path: str) -> None:
    page = runner.get(f"/_local/{path}")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-type"].split(";")[0] in {"text/html", "text/javascript", "text/css", "image/svg+xml"}


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:3000"])
def test_loopback_host_is_accepted(runner: RunnerProcess, host: str) -> None:
    assert runner.get("/_local/", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_other_host_answers_403(runner: RunnerProcess, host: str) -> None:
    for path in ("", *(f"/{path}" for path in (*FILES, *DATA))):
        assert runner.get(f"/_local{path}", Host=host).status == 403
    assert runner.get(f"http://{host}/_local/", Host="localhost").status == 403


def test_url_without_the_last_slash_redirects_to_the_page(runner: RunnerProcess) -> None:
    answer = runner.get("/_local", Origin="http://app.test")
    assert (answer.status, answer.headers["location"]) == (308, f"http://127.0.0.1:{runner.port}/_local/")
    assert "access-control-allow-origin" not in answer.headers
    assert not [request for request in news(runner)["requests"] if request["path"].startswith("/_local")]


@pytest.mark.parametrize("path", DATA)
def test_other_origins_can_neither_read_nor_embed_the_page(runner: RunnerProcess, path: str) -> None:
    # The API itself allows this origin.
    answer = runner.get(f"/_local/{path}", Origin="http://app.test")
    preflight = {"Origin": "http://app.test", "Access-Control-Request-Method": "GET"}
    for each in (answer, runner.request("OPTIONS", f"/_local/{path}", headers=preflight)):
        assert not [name for name in each.headers if name.startswith("access-control-")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def own(runner: RunnerProcess, **headers: str | None) -> dict[str, str]:
    """Return the headers with which the page itself sends a change, with other values for some; None leaves one out."""
    usual = {
        "Origin": f"http://127.0.0.1:{runner.port}",
        "X-Local-Page": "1",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
    }
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return {name: value for name, value in (usual | given).items() if value is not None}


def put(runner: RunnerProcess, table: str, **item: Any) -> dict[str, Any]:
    """Store an item, directly in DynamoDB."""
    runner.aws.call("dynamodb", "PutItem", {"TableName": table, "Item": item})
    return item


def stored(runner: RunnerProcess, item_id: str) -> Any:
    key = {"id": {"S": item_id}}
    return runner.aws.call("dynamodb", "GetItem", {"TableName": "NotesTable", "Key": key}).get("Item")


def send_change(
    runner: RunnerProcess, method: str, path: str, body: Any, headers: dict[str, str] | None = None
) -> Answer:
    return runner.request(method, f"/_local/{path}", json.dumps(body), headers or own(runner))


@pytest.mark.parametrize(
    "foreign",
    [
        {"X_Local_Page": None},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:5173"},
        {"Origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Host": "evil.example"},
    ],
    ids=lambda foreign: " ".join(f"{name}={value}" for name, value in foreign.items()),
)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_only_the_page_itself_changes_anything(
    runner: RunnerProcess, method: str, path: str, foreign: dict[str, str | None]
) -> None:
    item = put(runner, "NotesTable", id={"S": "guarded"})
    body = {"before": item, "after": item | {"title": {"S": "taken"}}, "email": "admin@example.com"}
    assert send_change(runner, method, path, body, own(runner, **foreign)).status == 403
    assert stored(runner, "guarded") == item


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_preflight_for_a_change_grants_nothing(runner: RunnerProcess, method: str, path: str) -> None:
    headers = {
        "Origin": "http://app.test",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-local-page,content-type",
    }
    answer = runner.request("OPTIONS", f"/_local/{path}", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_everything_else_can_only_be_read(runner: RunnerProcess, method: str) -> None:
    paths = (*FILES, *DATA, "tables/NotesTable", "sign-in")
    assert {send_change(runner, method, path, {}).status for path in paths} == {404}


@pytest.mark.parametrize("body", [[], {}, {"before": {}}, "x"])
def test_change_without_its_fields_answers_400(runner: RunnerProcess, body: Any) -> None:
    for method, path in CHANGES:
        assert send_change(runner, method, path, body).status == 400


def test_sign_in_needs_a_project_with_accounts(runner: RunnerProcess) -> None:
    assert runner.get("/_local/users.json").json == {"admin": None, "users": [], "more": False}
    assert runner.get("/_local/codes.json").json == {"endsAt": 0, "apps": []}
    answer = send_change(runner, "POST", "sign-in.json", {"email": "admin@example.com"})
    assert (answer.status, answer.json) == (409, {"message": "The project has no accounts."})


def exchange(runner: RunnerProcess) -> Any:
    """Return what was recorded of the newest request."""
    return runner.get(f"/_local/exchanges/{news(runner)['requests'][-1]['number']}.json").json


def test_request_is_recorded_without_its_secrets(runner: RunnerProcess) -> None:
    headers = {
        "Authorization": "Bearer top-secret-1",
        "Cookie": "session=top-secret-2",
        "X-Proxy-Key": "top-secret-3",
        "Content-Type": "application/json",
        "X-Shown": "shown",
    }
    body = {"name": "Ada", "password": "top-secret-4", "deep": [{"refreshToken": "top-secret-5"}]}
    runner.request("POST", "/echo?token=top-secret-6&limit=5", json.dumps(body), headers)
    found = exchange(runner)
    assert found["query"] == "token=•••&limit=5"
    assert ["X-Shown", "shown"] in found["request"]["headers"]
    assert ["Authorization", "Bearer •••"] in found["request"]["headers"]
    assert json.loads(found["request"]["body"]) == {"name": "Ada", "password": "•••", "deep": [{"refreshToken": "•••"}]}
    # The function answers with the event, so with each secret once more.
    assert json.loads(found["response"]["body"])["event"]["headers"]["x-shown"] == "shown"
    assert "top-secret" not in json.dumps(found)
    assert runner.get("/_local/exchanges/999999.json").status == 404


def test_request_of_the_page_is_not_recorded(runner: RunnerProcess) -> None:
    before = news(runner)["requests"]
    send_change(runner, "POST", "sign-in.json", {"email": "admin@example.com"})
    assert news(runner)["requests"] == before


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Sec-Fetch-Mode": "cors"}
ALLOWED = {"Origin": "http://app.test"}
NOT_ALLOWED = "is not in CorsOrigins; set it in .env.local, with the localhost origins that you need"
REFUSED = {"Origin": "https://preview.example"}


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        (
            "GET",
            REFUSED,
            f"https://preview.example {NOT_ALLOWED}",
        ),
        (
            "OPTIONS",
            REFUSED | PREFLIGHT,
            f"https://preview.example {NOT_ALLOWED}",
        ),
        (
            "GET",
            {"Origin": "null"},
            f"null {NOT_ALLOWED}",
        ),
        ("GET", ALLOWED, ""),
        ("GET", {}, ""),
        # A form of another page needs no permission.
        ("POST", REFUSED | {"Sec-Fetch-Mode": "navigate"}, ""),
        ("OPTIONS", ALLOWED | PREFLIGHT, ""),
        (
            "OPTIONS",
            ALLOWED | PREFLIGHT | {"Access-Control-Request-Headers": "authorization,x-foo"},
            "header x-foo is not in AllowHeaders of template.yaml",
        ),
        (
            "OPTIONS",
            ALLOWED | PREFLIGHT | {"Access-Control-Request-Headers": "x-foo, X-Bar"},
            "headers x-foo, x-bar are not in AllowHeaders of template.yaml",
        ),
        (
            "OPTIONS",
            ALLOWED | {"Access-Control-Request-Method": "PATCH"},
            "method PATCH is not in AllowMethods of template.yaml",
        ),
    ],
)
def test_request_says_why_a_browser_refuses_its_response(
    runner: RunnerProcess, method: str, headers: dict[str, str], why: str
) -> None:
    runner.request(method, "/echo", headers=headers)
    assert news(runner)["requests"][-1]["cors"] == why


def test_request_from_the_api_itself_needs_no_permission(runner: RunnerProcess) -> None:
    runner.get("/echo", Origin=f"http://127.0.0.1:{runner.port}")
    assert news(runner)["requests"][-1]["cors"] == ""


def test_refused_origin_is_printed_once(runner: RunnerProcess) -> None:
    for origin in ("http://once.test", "http://once.test", "http://last.test\x9b31m"):
        runner.get("/echo", Origin=origin)
    runner.wait_for_line(r"CORS: http://last\.test\?31m is not in CorsOrigins")
    assert runner.output.count("CORS: http://once.test is not in CorsOrigins; set it in .env.local") == 1


TYPED = {
    "id": {"S": "typed"},
    "exact": {"N": "12345678901234567890.123456789"},
    "bytes": {"B": "AAEC"},
    "texts": {"SS": ["a", "b"]},
    "map": {"M": {"on": {"BOOL": True}, "off": {"NULL": True}}},
}


def item_url(key: Any) -> str:
    return f"/_local/tables/NotesTable/item.json?{urlencode({'key': json.dumps(key)})}"


def test_item_is_changed_with_its_types(runner: RunnerProcess) -> None:
    before = put(runner, "NotesTable", **TYPED, gone={"S": "x"})
    assert runner.get(item_url({"id": {"S": "typed"}})).json == before
    after = {**TYPED, "exact": {"N": "0.10000000000000000000000000000000000001"}, "new": {"BS": ["AAEC"]}}
    answer = send_change(runner, "PUT", "tables/NotesTable/item.json", {"before": before, "after": after})
    assert answer.status == 200
    assert stored(runner, "typed") == after
    assert send_change(runner, "DELETE", "tables/NotesTable/item.json", {"before": after}).status == 200
    assert stored(runner, "typed") is None
    assert runner.get(item_url({"id": {"S": "typed"}})).status == 404


@pytest.mark.parametrize("other", [{"title": {"S": "B"}}, {"title": {"S": "A"}, "added": {"S": "x"}}, {}])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_item_that_has_changed_meanwhile_is_left_alone(
    runner: RunnerProcess, method: str, other: dict[str, Any]
) -> None:
    before = {"id": {"S": "raced"}, "title": {"S": "A"}}
    meanwhile = put(runner, "NotesTable", id={"S": "raced"}, **other)
    body = {"before": before, "after": before | {"title": {"S": "C"}}}
    answer = send_change(runner, method, "tables/NotesTable/item.json", body)
    assert (answer.status, answer.json["message"]) == (
        409,
        "The item has changed since it was shown, or is gone. Nothing was written.",
    )
    assert stored(runner, "raced") == meanwhile


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
def test_item_that_changes_in_the_last_moment_is_left_alone(runner: RunnerProcess, operation: str) -> None:
    before = put(runner, "NotesTable", id={"S": "late"}, title={"S": "A"})
    other = {**before, "title": {"S": "B"}}

    class Racing:
        def call(self, service: str, name: str, request: Any) -> Any:
            if name == operation:
                put(runner, "NotesTable", **other)
            return runner.aws.call(service, name, request)

    write = (
        partial(tables.delete, "NotesTable", before)
        if operation == "DeleteItem"
        else partial(tables.change, "NotesTable", before, {**before, "title": {"S": "C"}})
    )
    racing: Any = Racing()
    with pytest.raises(tables.ChangedError):
        write(racing)
    assert stored(runner, "late") == other


@pytest.mark.parametrize(
    "after",
    [
        "text",
        {},
        {"id": {"S": "valid"}, "n": 7},
        {"id": {"S": "valid"}, "n": {}},
        {"id": {"S": "valid"}, "n": {"S": "a", "N": "1"}},
        {"id": {"S": "valid"}, "n": {"N": 7}},
        {"id": {"S": "valid"}, "n": {"N": "seven"}},
        {"id": {"S": "valid"}, "n": {"Q": "x"}},
        {"id": {"S": "valid"}, "n": {"B": "no base64"}},
        {"id": {"S": "valid"}, "n": {"SS": []}},
        {"id": {"S": "valid"}, "n": {"M": {"a": 7}}},
        {"id": {"S": "other"}},
        {"n": {"N": "1"}},
    ],
    ids=json.dumps,
)
def test_invalid_item_is_refused_with_a_reason(runner: RunnerProcess, after: Any) -> None:
    before = put(runner, "NotesTable", id={"S": "valid"})
    answer = send_change(runner, "PUT", "tables/NotesTable/item.json", {"before": before, "after": after})
    assert answer.status == 400
    assert answer.json["message"]
    assert stored(runner, "valid") == before


@pytest.mark.parametrize("key", ["", "x", "[]", "{}", '{"id": 7}', '{"id": {"N": "7"}}', '{"other": {"S": "7"}}'])
def test_invalid_key_of_an_item_answers_400(runner: RunnerProcess, key: str) -> None:
    assert runner.get(f"/_local/tables/NotesTable/item.json?{urlencode({'key': key})}").status == 400


def page(runner: RunnerProcess, table: str = "NotesTable", **query: str) -> Any:
    return runner.get(f"/_local/tables/{table}.json?{urlencode(query)}")


def test_items_are_found_by_their_key(runner: RunnerProcess) -> None:
    put(runner, "NotesTable", id={"S": "note #1"})
    put(runner, "NotesTable", id={"S": "note #10"})
    assert page(runner, partition="note #1").json["items"] == [{"id": "note #1"}]
    assert page(runner, partition="note").json["items"] == []
    refused = page(runner, partition="note #1", sort="x")
    assert (refused.status, refused.json["message"]) == (400, "The table has no sort key, only id.")


def test_items_are_found_by_the_beginning_of_their_sort_key() -> None:
    calls: list[tuple[str, Any]] = []
    key = [{"AttributeName": "at", "KeyType": "RANGE"}, {"AttributeName": "owner", "KeyType": "HASH"}]

    class Fake:
        def __init__(self, sort_type: str) -> None:
            self.types = [("owner", "S"), ("at", sort_type)]

        def call(self, _service: str, operation: str, request: Any) -> Any:
            calls.append((operation, request))
            definitions = [{"AttributeName": name, "AttributeType": kind} for name, kind in self.types]
            return {"Table": {"KeySchema": key, "AttributeDefinitions": definitions}, "Items": []}

    for sort_type, condition in (("S", "#p = :p AND begins_with(#s, :s)"), ("N", "#p = :p AND #s = :s")):
        tables.page("T", "", Fake(sort_type), partition="ada", sort="20")  # type: ignore[arg-type]
        operation, request = calls[-1]
        assert (operation, request["KeyConditionExpression"]) == ("Query", condition)
        assert request["ExpressionAttributeNames"] == {"#p": "owner", "#s": "at"}
        assert request["ExpressionAttributeValues"] == {":p": {"S": "ada"}, ":s": {sort_type: "20"}}


def test_table_is_exported_with_all_items(runner: RunnerProcess) -> None:
    assert runner.get("/_local/tables/EventsTable/export.json").json == []
    for number in range(3):
        put(runner, "NotesTable", id={"S": f"export-{number}"}, large={"N": "12345678901234567890"})
    answer = runner.get("/_local/tables/NotesTable/export.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="NotesTable.json"'
    exported = [item for item in answer.json if item["id"]["S"].startswith("export-")]
    assert len(exported) == 3
    assert {item["large"]["N"] for item in exported} == {"12345678901234567890"}
    assert runner.get("/_local/tables/Unknown/export.json").status == 404


def test_export_reads_page_by_page() -> None:
    class Fake:
        def call(self, _service: str, _operation: str, request: Any) -> Any:
            number = int(request.get("ExclusiveStartKey", {"N": "0"})["N"])
            rest = {"LastEvaluatedKey": {"N": str(number + 1)}} if number < 2 else {}
            return {"Items": [{"id": {"S": f"é{number}"}}], **rest}

    parts = list(tables.export("T", Fake()))  # type: ignore[arg-type]
    assert json.loads("".join(parts)) == [{"id": {"S": f"é{number}"}} for number in range(3)]
    assert len(parts) == 4


def test_bookkeeping_items_are_those_of_the_layer() -> None:
    """Counted apart from the profiles."""
    assert {"UsersTable": ({"id": {"S": users._ADMINS["id"]}},)} == tables.BOOKKEEPING


def test_document_is_sent_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "openapi.json"
    document = Document(path)
    missing = document.news("")
    assert missing["document"] is None
    assert "There is no docs/openapi.json" in missing["problem"]
    assert document.secret_names == frozenset()
    path.parent.mkdir()
    text = {"anyOf": [{"type": "string", "format": "password"}, {"type": "null"}]}
    fields = {"pin": text, "name": {"type": "string"}, "seed": {"writeOnly": True}, "x": {"description": "password"}}
    content = {"paths": {}, "components": {"schemas": {"Form": {"properties": fields}}}}
    path.write_text(json.dumps(content))
    read = document.news(missing["version"])
    assert (read["document"], read["problem"]) == (content, "")
    assert document.secret_names == {"pin", "seed"}
    assert document.news(read["version"]) == {"version": read["version"], "problem": ""}
    for broken in ("{half", "[]", '{"paths": 7}', "[" * 100_000):
        path.write_text(broken)
        assert document.news(read["version"])["document"] is None
        assert document.news("")["problem"].startswith("docs/openapi.json ")


def test_newest_links_and_codes_are_found(runner: RunnerProcess) -> None:
    send(runner, "Older", to="proof@example.com", text="Use this code:\n\n111111\n")
    send(
        runner,
        "Newer",
        to="Proof@example.com",
        text="Open\nhttps://a.example/x?token=abc.D-e_f\n\n222222\n\nBye 333333",
    )
    send(runner, "Neither", to="proof@example.com", text="Your order 444444 is on its way.")
    found = runner.get("/_local/offers.json?to=proof@EXAMPLE.com").json
    assert [(email["subject"], email["token"], email["code"]) for email in found] == [
        ("Newer", "abc.D-e_f", "222222"),
        ("Older", "", "111111"),
    ]
    assert found[0]["link"] == "https://a.example/x?token=abc.D-e_f"
    assert [email["id"] for email in runner.get("/_local/offers.json").json][:2] == [email["id"] for email in found]


def test_checking_a_large_inbox_for_news_is_cheap(tmp_path: Path) -> None:
    def line(number: int) -> str:
        email = {"MessageId": f"id-{number}", "Source": "s", "To": ["t"], "Subject": "é", "Timestamp": number}
        return json.dumps(email | {"BodyText": "x" * 5000, "BodyHtml": ""}, ensure_ascii=False) + "\n"

    path = tmp_path / "mail.jsonl"
    inbox = Inbox(MailFile(path, pytest.fail))
    assert (inbox.since(0), inbox.newest_first(), inbox.find("id-1")) == ([], [], None)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(line, range(5000)))
        # A line that is still being written.
        file.write(line(5000)[:100])
    assert len(inbox.since(0)) == 5000
    begin = time.process_time()
    for _ in range(100):
        assert inbox.since(5000) == []
    assert time.process_time() - begin < 0.5
    with path.open("a", encoding="utf-8") as file:
        file.write(line(5000)[100:])
    assert [email["id"] for email in inbox.since(5000)] == ["id-5000"]
    assert inbox.find("id-5000") == inbox.newest_first()[0] | {"source": (inbox.find("id-5000") or {})["source"]}


def test_unreadable_emails_are_skipped_and_reported_once(tmp_path: Path) -> None:
    good = {"MessageId": "good", "Source": "s", "To": ["t"], "Subject": "Hi", "Timestamp": 1}
    template = {"MessageId": "template", "To": ["t"], "RenderedSubject": "Rendered", "Timestamp": 2}
    broken = ['{"MessageId": "lost', "[]", "null", "{}", json.dumps(good | {"Timestamp": 1e300}), "\x00\x00"]
    path, warnings = tmp_path / "mail.jsonl", list[str]()
    path.write_text("\n".join([*broken, json.dumps(good), *broken, json.dumps(template), *broken, ""]))
    inbox = Inbox(MailFile(path, warnings.append))
    for _ in range(2):
        assert [email["subject"] for email in inbox.since(0)] == ["Hi", "Rendered"]
        assert [email["id"] for email in inbox.newest_first()] == ["template", "good"]
        assert (inbox.find("template") or {})["subject"] == "Rendered"
    assert len(warnings) == 3 * len(broken)
    with path.open("a") as file:
        file.write(json.dumps(good | {"MessageId": "new"}) + "\n")
    assert [email["id"] for email in inbox.since(2)] == ["new"]
