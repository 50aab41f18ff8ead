"""/_local/: emails, requests, routes and tables, only for browsers on this machine."""

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.aws.mail_file import MailFile
from local.page.inbox import Inbox, safe_html
from tests.local.harness import Answer, RunnerProcess, eventually

DATA = ("inbox.json", "news.json", "routes.json", "tables.json", "tables/NotesTable.json", "requests/1.json")
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
    assert {"name": "NotesTable", "items": 60, "key": ["id"]} in runner.get("/_local/tables.json").json
    first = runner.get("/_local/tables/NotesTable.json").json
    second = runner.get(f"/_local/tables/NotesTable.json?cursor={first['next']}").json
    assert (len(first["items"]), len(second["items"]), second["next"]) == (50, 10, None)
    assert len({item["id"] for item in first["items"] + second["items"]}) == 60
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


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_page_is_read_only(runner: RunnerProcess, method: str) -> None:
    def request(path: str) -> Answer:
        return runner.request(method, f"/_local/{path}", "{}", {"Content-Type": "application/json"})

    assert {request(path).status for path in (*FILES, *DATA)} == {404}


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
