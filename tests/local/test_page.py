"""/_local/: mails, requests, routes and tables, for this machine's browser only."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.page.inbox import Inbox, safe_html
from tests.local.harness import Answer, Running, eventually

DATA = ("inbox.json", "news.json", "routes.json", "tables.json", "tables/NotesTable.json", "requests/1.json")
FILES = ("", "main.js", "style.css", "icon.svg")


def send(running: Running, subject: str, **more: Any) -> str:
    mail = {"to": "ada@example.com", "subject": subject, "text": "Hello <b>", "html": "<script>alert(1)</script>"}
    return str(running.post("/mail", mail | more).json["id"])


def news(running: Running, **known: Any) -> Any:
    return running.get("/_local/news.json?" + "&".join(f"{name}={value}" for name, value in known.items())).json


def test_mails_are_in_the_inbox_newest_first(running: Running) -> None:
    first, second = send(running, "First"), send(running, "Second")
    assert first != second
    newest, older = running.get("/_local/inbox.json").json[:2]
    assert (newest["id"], older["id"]) == (second, first)
    assert {name: newest[name] for name in ("to", "subject", "text", "html", "from")} == {
        "to": "ada@example.com",
        "subject": "Second",
        "text": "Hello <b>",
        "html": "<script>alert(1)</script>",
        "from": "no-reply@example.com",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", newest["sentAt"])


def test_a_mail_has_a_source_with_its_headers(running: Running) -> None:
    headers = [{"Name": "X-Outbox-Id", "Value": "7"}]
    mail_id = send(running, "Grüße", replyTo=["answers@example.com"], headers=headers)
    mail = running.get(f"/_local/mails/{mail_id}.json").json
    assert (mail["replyTo"], mail["headers"]) == ("answers@example.com", {"X-Outbox-Id": "7"})
    head, text, html = mail["source"].split("--=_part\n")
    assert head.startswith("From: no-reply@example.com\nTo: ada@example.com\nReply-To: answers@example.com\n")
    assert "\nSubject: Grüße\n" in head
    assert "\nX-Outbox-Id: 7\n" in head
    assert "text/plain" in text
    assert "<script>" in html
    assert running.get("/_local/mails/unknown.json").status == 404


def test_the_html_of_a_mail_may_do_nothing_wherever_it_is_opened(running: Running) -> None:
    answer = running.get(f"/_local/mails/{send(running, 'Hostile')}.html")
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
def test_links_of_a_mail_open_tabs_that_know_nothing_of_it(html: str, safe: str) -> None:
    assert safe_html(html) == "<!doctype html>" + safe


def test_only_what_is_new_is_told(running: Running) -> None:
    seen = news(running)
    assert seen["run"]
    send(running, "New")
    known = {"run": seen["run"], "mails": len(seen["mails"]), "requests": max(r["number"] for r in seen["requests"])}
    new = news(running, **known)
    assert [mail["subject"] for mail in new["mails"]] == ["New"]
    assert [request["path"] for request in new["requests"]] == ["/mail"]
    assert "text" not in new["mails"][0], "the list needs no bodies"
    assert len(news(running, **known | {"run": "another"})["mails"]) == known["mails"] + 1
    for odd in ({"mails": -1}, {"mails": "many"}, {"requests": 10**30}):
        assert news(running, run=seen["run"], **odd)["run"] == seen["run"]


def test_requests_are_told_with_their_function(running: Running) -> None:
    running.get("/echo")
    running.get("/trouble/raise")
    echo, failed = news(running)["requests"][-2:]
    assert (echo["method"], echo["path"], echo["status"], echo["function"]) == ("GET", "/echo", 200, "EchoFunction")
    assert (failed["status"], failed["problem"]) == (502, "RuntimeError: as asked")
    assert echo["milliseconds"] > 0
    assert not [request for request in news(running)["requests"] if request["path"].startswith("/_local/")]


def test_a_request_has_the_lines_that_its_function_printed_for_it(running: Running) -> None:
    running.get("/trouble/raise")
    (failed,) = news(running)["requests"][-1:]

    def lines() -> list[str]:
        found: list[str] = running.get(f"/_local/requests/{failed['request_id']}.json").json["lines"]
        return found

    eventually(lambda: "RuntimeError: as asked" in lines(), what="the traceback")
    running.get("/broken")
    (broken,) = news(running)["requests"][-1:]
    failed = broken
    eventually(lambda: any("Error" in line for line in lines()), what="why it could not be imported")


def test_routes_are_listed(running: Running) -> None:
    routes = running.get("/_local/routes.json").json
    rows = [{name: route[name] for name in ("path", "methods", "function")} for route in routes]
    assert {"path": "/echo", "methods": ["ANY"], "function": "EchoFunction"} in rows
    assert {"path": "/items/{id}", "methods": ["GET"], "function": "EchoFunction"} in rows


@pytest.mark.thorough
def test_the_events_of_a_project_are_the_examples_of_its_routes(project: Path, start: Callable[..., Running]) -> None:
    def event(verb: str, path: str, **more: Any) -> None:
        folder = project / "events" / "echo"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"routeKey": f"ANY {path}", "rawQueryString": "a=1", "headers": {}, **more})
        (folder / f"{verb}.json").write_text(text)

    headers = {"content-type": "application/json", "idempotency-key": "k", "authorization": "Bearer x", "host": "h"}
    event("post", "/echo", headers=headers, body='{"name": "Ada", "email": "a@b.c"}')
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    event("put", "/echo", headers=form, body="YT0xJmI9", isBase64Encoded=True)
    event("get", "/items/{id}")
    (project / "events" / "echo" / "delete.json").write_text("{half")
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
    assert list(routes["/echo"]["POST"]["body"]) == ["name", "email"], "in the order in which they are written"
    assert routes["/items/{id}"] == {"GET": {"query": "a=1", "headers": {}, "contentType": None, "body": None}}
    assert routes["/mail"] == {}


@pytest.mark.thorough
def test_a_table_is_shown_a_page_at_a_time_as_plain_values(start: Callable[..., Running]) -> None:
    running = start().ready()
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
        running.aws.call("dynamodb", "PutItem", {"TableName": "NotesTable", "Item": item})
    assert {"name": "NotesTable", "items": 60, "key": ["id"]} in running.get("/_local/tables.json").json
    first = running.get("/_local/tables/NotesTable.json").json
    second = running.get(f"/_local/tables/NotesTable.json?cursor={first['next']}").json
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


@pytest.mark.parametrize("cursor", ["x", "W10=", "%F0%9F%92%A9", "eyJub3QiOiB7IlMiOiAiYSBrZXkifX0="])
def test_a_cursor_that_is_none_is_refused(running: Running, cursor: str) -> None:
    assert running.get(f"/_local/tables/NotesTable.json?cursor={cursor}").status in {400, 503}


@pytest.mark.parametrize(
    "path", ["tables/Unknown.json", "nothing", "..%2Fpage.py", "%2e%2e/page.py", "web/main.js", "mails/x.html"]
)
def test_what_the_page_does_not_have_is_not_found(running: Running, path: str) -> None:
    assert running.get(f"/_local/{path}").status == 404


@pytest.mark.parametrize("path", FILES)
def test_the_page_may_load_only_what_is_its_own(running: Running, path: str) -> None:
    page = running.get(f"/_local/{path}")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-type"].split(";")[0] in {"text/html", "text/javascript", "text/css", "image/svg+xml"}


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1", "[::1]:3000"])
def test_this_machine_may_look(running: Running, host: str) -> None:
    assert running.get("/_local/", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_foreign_name_for_this_address_may_not(running: Running, host: str) -> None:
    for path in (*FILES, *DATA):
        assert running.get(f"/_local/{path}", Host=host).status == 403


@pytest.mark.parametrize("path", DATA)
def test_no_page_of_another_origin_may_read_or_embed_it(running: Running, path: str) -> None:
    # The origin that the API itself allows.
    answer = running.get(f"/_local/{path}", Origin="http://app.test")
    preflight = {"Origin": "http://app.test", "Access-Control-Request-Method": "GET"}
    for each in (answer, running.request("OPTIONS", f"/_local/{path}", headers=preflight)):
        assert not [name for name in each.headers if name.startswith("access-control-")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_page_only_looks(running: Running, method: str) -> None:
    def ask(path: str) -> Answer:
        return running.request(method, f"/_local/{path}", "{}", {"Content-Type": "application/json"})

    assert {ask(path).status for path in (*FILES, *DATA)} == {404}


def test_thousands_of_mails_cost_a_look_nothing(tmp_path: Path) -> None:
    def line(number: int) -> str:
        mail = {"MessageId": f"id-{number}", "Source": "s", "To": ["t"], "Subject": "é", "Timestamp": number}
        return json.dumps(mail | {"BodyText": "x" * 5000, "BodyHtml": ""}, ensure_ascii=False) + "\n"

    path = tmp_path / "mail.jsonl"
    inbox = Inbox(path)
    assert (inbox.since(0), inbox.newest_first(), inbox.mail("id-1")) == ([], [], None)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(line, range(5000)))
        # A line that is just being written.
        file.write(line(5000)[:100])
    assert len(inbox.since(0)) == 5000
    begin = time.process_time()
    for _ in range(100):
        assert inbox.since(5000) == []
    assert time.process_time() - begin < 0.5
    with path.open("a", encoding="utf-8") as file:
        file.write(line(5000)[100:])
    assert [mail["id"] for mail in inbox.since(5000)] == ["id-5000"]
    assert inbox.mail("id-5000") == inbox.newest_first()[0] | {"source": (inbox.mail("id-5000") or {})["source"]}
